"""The owner's unsigned zone: made up, but of the shape that large zones have."""

import base64
import collections
import random

NAME = "zone.example."
TTL = 3600
WORDS = ("amber birch cedar delta ember field grove haven inlet juniper kestrel lumen maple north "
         "ocean pine quartz river stone timber umbra valley willow yarrow zephyr").split()


def msigner(state, identity):
    """RDATA of an MSIGNER record for servers that do not know it (RFC 3597): state and name."""
    labels = identity.rstrip(".").split(".")
    wire = bytes([state]) + b"".join(bytes([len(l)]) + l.encode() for l in labels) + b"\0"
    return "\\# %d %s" % (len(wire), wire.hex())


class OwnerZone:
    """Lines of text, with a serial that the owner raises when he edits them."""

    def __init__(self, records):
        self.serial = 2024051701
        self.lines = []
        self.random = random.Random(5936)  # the same zone each time
        self._apex()
        self._fill(records - 1)  # and the SOA

    def add(self, name, kind, rdata):
        self.lines.append((name, kind, rdata))

    def remove(self, kind):
        """Takes out the last record of a type; says which it was."""
        place = max(i for i, line in enumerate(self.lines) if line[1] == kind)
        return self.lines.pop(place)

    def text(self):
        soa = "%s %d IN SOA ns1.%s hostmaster.%s %d 3600 600 1209600 300\n" % (
            NAME, TTL, NAME, NAME, self.serial)
        return soa + "".join("%s %d IN %s %s\n" % (name, TTL, kind, rdata)
                             for name, kind, rdata in self.lines)

    def __len__(self):
        return len(self.lines) + 1

    @property
    def types(self):
        return collections.Counter(kind for _, kind, _ in self.lines)

    def _apex(self):
        for server in ("ns1", "ns2"):
            self.add(NAME, "NS", "%s.%s" % (server, NAME))
            self.add("%s.%s" % (server, NAME), "A", self._ipv4())
            self.add("%s.%s" % (server, NAME), "AAAA", self._ipv6())
        self.add(NAME, "MX", "10 mail." + NAME)
        self.add("mail." + NAME, "A", self._ipv4())
        self.add(NAME, "TXT", '"v=spf1 mx -all"')
        self.add(NAME, "CAA", '0 issue "ca.example.net"')
        # Who signs this zone: the record that multi-signer agents are driven by.
        self.add(NAME, "TYPE65281", msigner(1, "msa.provider-a.example."))
        self.add(NAME, "TYPE65281", msigner(1, "msa.provider-b.example."))
        self.add("*.wild." + NAME, "TXT", '"any name below"')

    def _fill(self, wanted):
        kinds, weights = (self._delegation, self._host, self._mail, self._alias, self._service), (
            35, 40, 7, 13, 5)
        number = 0
        while len(self.lines) < wanted:
            number += 1
            name = "%s-%d.%s" % (self.random.choice(WORDS), number, NAME)
            make = self.random.choices(kinds, weights)[0]
            before = len(self.lines)
            make(name)
            if len(self.lines) > wanted:  # one too many for the round number
                del self.lines[before:]
                self.add(name, "A", self._ipv4())

    def _delegation(self, name):
        if self.random.random() < 0.4:  # with servers of its own, and glue
            for server in ("ns1.", "ns2."):
                self.add(name, "NS", server + name)
                self.add(server + name, "A", self._ipv4())
                if self.random.random() < 0.5:
                    self.add(server + name, "AAAA", self._ipv6())
        else:
            hoster = self.random.randrange(200)
            for server in ("ns1", "ns2"):
                self.add(name, "NS", "%s.hoster%d.example.net." % (server, hoster))
        if self.random.random() < 0.3:
            self.add(name, "DS", "%d 13 2 %s" % (self.random.randrange(65536), self._hex(32)))

    def _host(self, name):
        self.add(name, "A", self._ipv4())
        if self.random.random() < 0.4:
            self.add(name, "AAAA", self._ipv6())

    def _mail(self, name):
        self.add(name, "MX", "10 mail." + NAME)
        self.add(name, "MX", "20 backup.example.net.")
        self.add(name, "TXT", '"v=spf1 mx include:_spf.example.net -all"')
        self.add("_dmarc." + name, "TXT", '"v=DMARC1; p=reject; rua=mailto:dmarc@example.net"')
        if self.random.random() < 0.3:
            key = base64.b64encode(self.random.randbytes(294)).decode()
            self.add("s1._domainkey." + name, "TXT", '"v=DKIM1; k=rsa; p=%s" "%s"' % (key[:200], key[200:]))

    def _alias(self, name):
        self.add(name, "CNAME", "%s.cdn.example.net." % self.random.choice(WORDS))

    def _service(self, name):
        self.add("_sip._tcp." + name, "SRV", "10 20 5060 " + name)
        self.add("_443._tcp." + name, "TLSA", "3 1 1 " + self._hex(32))
        self.add(name, "A", self._ipv4())

    def _ipv4(self):
        return "198.18.%d.%d" % (self.random.randrange(256), self.random.randrange(256))

    def _ipv6(self):
        return "2001:db8:%x::%x" % (self.random.randrange(1, 65536), self.random.randrange(1, 65536))

    def _hex(self, octets):
        return self.random.randbytes(octets).hex()
