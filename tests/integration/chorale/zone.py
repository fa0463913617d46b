"""The zone owner's side: contents of realistic shape, and what the rest must make of them."""

import dns.name

from . import wire

_FIELDS = "{name} {ttl} IN {type} {rdata}"


def msigner(identity, state=1):
    """RDATA of TYPE65281 (MSIGNER) in the form of RFC 3597."""
    octets = bytes([state]) + dns.name.from_text(identity).to_wire()
    return "\\# %d %s" % (len(octets), octets.hex())


class OwnerZone:
    """The content of an unsigned zone. Change it, bump(), and give it to the owner's server."""

    def __init__(self, name="zone.example.", serial=1000, refresh=3600, retry=600, expire=86400,
                 minimum=300, hosts=12, plain=False):
        self.name = name if name.endswith(".") else name + "."
        self.serial = serial
        self.timers = [refresh, retry, expire, minimum]
        self.lines = []
        n = self.name
        self.add(n, "NS", "ns1." + n)
        self.add(n, "NS", "Ns2." + n)
        self.add("ns1." + n, "A", "192.0.2.1")
        self.add("Ns2." + n, "A", "192.0.2.2")
        self.add("Ns2." + n, "AAAA", "2001:db8::2")
        for number in range(hosts):
            self.add("host%d.%s" % (number, n), "A", "198.51.100.%d" % (number + 1))
        if not plain:
            self._furnish()

    def _furnish(self):
        n = self.name
        self.add(n, "MX", "10 Mail." + n)
        self.add(n, "TXT", '"v=spf1 -all" "second string"')
        self.add(n, "CAA", '0 issue "ca.example"')
        self.add(n, "TYPE65281", msigner("msa.provider-a.example."))
        self.add(n, "TYPE65281", msigner("MSA.Provider-B.example.", 2))
        self.add("Mail." + n, "A", "192.0.2.25")
        self.add("WwW.CaSe." + n, "CNAME", "HoSt1." + n)
        self.add("*.wild." + n, "TXT", '"a wildcard"')
        self.add("_sip._tcp." + n, "SRV", "10 20 5060 host2." + n)
        self.add("_25._tcp.mail." + n, "TLSA", "3 1 1 " + "ab" * 32)
        self.add("host3." + n, "SSHFP", "4 2 " + "cd" * 32)
        self.add("host4." + n, "HTTPS", "1 . alpn=h2 ipv4hint=198.51.100.5")
        self.add("host5." + n, "TYPE65280", "\\# 4 0a000001")
        self.add("host6." + n, "TYPE62347", "\\# 5 00ff10c00c")
        self.add("sub." + n, "NS", "ns.sub." + n)
        self.add("sub." + n, "DS", "4711 13 2 " + "ef" * 32)
        self.add("ns.sub." + n, "A", "203.0.113.53")
        self.add("insecure." + n, "NS", "ns.elsewhere.example.")

    def add(self, name, rdtype, rdata, ttl=300):
        self.lines.append((name, ttl, rdtype, rdata))

    def remove(self, name, rdtype, rdata=None):
        kept = [line for line in self.lines
                if not (line[0] == name and line[2] == rdtype and rdata in (None, line[3]))]
        assert len(kept) < len(self.lines), "nothing to remove"
        self.lines = kept

    def bump(self, serial=None):
        self.serial = serial if serial is not None else (self.serial + 1) % 2**32
        return self.serial

    @property
    def text(self):
        lines = ["{0} 300 IN SOA ns1.{0} hostmaster.{0} {1} {2}".format(
            self.name, self.serial, " ".join(str(t) for t in self.timers))]
        for name, ttl, rdtype, rdata in self.lines:
            lines.append(_FIELDS.format(name=name, ttl=ttl, type=rdtype, rdata=rdata))
        return "\n".join(lines) + "\n"


# What the combiner drops from the owner's zone, wherever it stands, and at the apex.
DROPPED_ANYWHERE = ("RRSIG", "NSEC", "NSEC3", "NSEC3PARAM")
DROPPED_AT_APEX = ("DNSKEY", "CDS", "CDNSKEY", "CSYNC", "ZONEMD")


def combined(owner_records, apex, overlay=()):
    """The combined zone without its SOA, from the owner's transfer and the overlay's Records."""
    replaced = {r.type for r in overlay}
    kept = set()
    for r in owner_records:
        at_apex = r.name.lower() == apex.lower()
        if r.type == "SOA" or r.type in DROPPED_ANYWHERE:
            continue
        if at_apex and (r.type in DROPPED_AT_APEX or r.type in replaced):
            continue
        kept.add(r)
    return kept | set(overlay)


def compare(seen, expected, fold=False):
    """Fails with the RRs that are missing or too many. `fold`: names in any case."""
    if fold:
        seen, expected = ({wire.folded(r): r for r in s} for s in (seen, expected))
        missing = [expected[k] for k in expected.keys() - seen.keys()]
        extra = [seen[k] for k in seen.keys() - expected.keys()]
    else:
        missing, extra = set(expected) - set(seen), set(seen) - set(expected)
    show = lambda rs: "".join("\n    %s %d %s %s" % (r.name, r.ttl, r.type, r.text)
                              for r in sorted(rs, key=lambda r: (r.name, r.type, r.text)))
    assert not missing and not extra, "missing:%s\n  too many:%s" % (show(missing), show(extra))
