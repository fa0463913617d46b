"""Four owners x four secondaries through the combiner: AXFR, IXFR, NOTIFY and TSIG.

Each algorithm, and no key, meets each program in both roles. The owner's zone is compared RR by RR
with what the combiner serves, and that with what the secondary serves.
"""

import pytest

from chorale import key, wire, zone as zones
from chorale.chain import Chain
from chorale.lab import OWNERS, SECONDARIES
from chorale.updater import Change

MATRIX = [(o, s) for o in range(4) for s in range(4)]
# Which programs answer IXFR with increments, and which ask for them.
INCREMENTAL_OWNERS = ("nsd", "knot", "bind")


def _ids(pair):
    return "%s-%s" % (OWNERS[pair[0]], SECONDARIES[pair[1]])


@pytest.mark.parametrize("pair", MATRIX, ids=_ids)
def test_axfr_then_ixfr(lab, pair):
    o, s = pair
    owner_key = key.spread(o + s, "owner-xfr")
    secondary_key = key.spread(s - o, "secondary-xfr")
    chain = Chain(lab, OWNERS[o], None, secondary=SECONDARIES[s], owner_key=owner_key,
                  signer_key=secondary_key).start()
    zone, copy = chain.zone, chain.signer

    copy.wait_serial(zone, chain.combiner.serial(zone))
    combined = chain.check_combined()
    zones.compare(copy.transfer(zone).without("SOA"), combined.without("SOA"), fold=True)
    first = chain.combiner.last_transfer(zone, "signer")
    assert first["kind"] == "axfr" and first["serial"] == combined.serial, first

    # A change of each kind at the owner: an RR added to a set, a set gone, a name new, a TTL.
    chain.content.add("host1." + zone, "A", "198.51.100.200")
    chain.content.remove("host3." + zone, "SSHFP")
    chain.content.add("New." + zone, "TXT", '"new"', ttl=60)
    chain.content.remove("host9." + zone, "A")
    chain.content.add("host9." + zone, "A", "198.51.100.10", ttl=77)
    chain.change_owner()
    after = chain.check_combined()
    assert after.serial != combined.serial
    copy.wait_serial(zone, after.serial)
    zones.compare(copy.transfer(zone).without("SOA"), after.without("SOA"), fold=True)

    # It went out as increments, by what the combiner says and, where they tell, the secondary.
    last = chain.combiner.last_transfer(zone, "signer")
    assert last["kind"] == "ixfr" and last["serial"] == after.serial, last
    if copy.received_ixfr(zone) is not None:
        assert copy.received_ixfr(zone) >= 1, "the secondary saw no increments"
    # And it came in as increments, where the owner can.
    if chain.owner.kind in INCREMENTAL_OWNERS:
        assert chain.owner.sent_ixfr(zone) >= 1, "the owner was not asked for increments"

    # A change of the overlay alone travels the same way.
    chain.update(Change().add(zone, "NS", "ns.other.example."))
    serial = chain.combiner.serial(zone)
    copy.wait_serial(zone, serial)
    zones.compare(copy.transfer(zone).without("SOA"),
                  chain.combiner.combined(zone).without("SOA"), fold=True)


def test_every_algorithm_meets_every_program_in_both_roles():
    """The spread above is what it says."""
    for index, side in ((0, lambda o, s: o + s), (1, lambda o, s: s - o)):
        for program in range(4):
            seen = set()
            for pair in MATRIX:
                if pair[index] == program:
                    k = key.spread(side(*pair), "x")
                    seen.add(k.algorithm if k else None)
            assert seen == {None, *key.ALGORITHMS}


def _apply(base, increments):
    """RFC 1995 4: `base` after the increments; each deletion there, each addition new."""
    records = {r for r in base if r.type != "SOA"}
    mode, serials = None, []
    for r in increments[1:-1]:
        if r.type == "SOA":
            mode = "delete" if mode != "delete" else "add"
            serials.append(int(r.text.split()[2]))
        elif mode == "delete":
            assert r in records, "deletes what is not there: %s" % (r,)
            records.remove(r)
        else:
            assert r not in records, "adds what is there: %s" % (r,)
            records.add(r)
    return records, serials


def test_ixfr_out_over_many_serials(lab):
    """Increments from every serial that was ever served lead to the same zone; the chain of
    serials is unbroken, oldest first; an unknown serial gets the whole zone."""
    chain = Chain(lab, "knot", None).start()
    zone = chain.zone
    versions = [chain.combiner.combined(zone)]
    for number in range(6):
        if number % 2:
            chain.update(Change().add(zone, "NS", "ns%d.other.example." % number))
        else:
            chain.content.add("step%d.%s" % (number, zone), "A", "192.0.2.%d" % (100 + number))
            chain.change_owner()
        versions.append(chain.combiner.combined(zone))
    newest = versions[-1]
    assert len({v.serial for v in versions}) == len(versions)
    for version in versions[:-1]:
        answer = chain.combiner.combined(zone, have=version.serial)
        assert answer.incremental, "the journal reaches back %d serials" % len(versions)
        seen, serials = _apply(version.contents, answer.records)
        assert serials[0] == version.serial and serials[-1] == newest.serial
        assert serials[1:-1:2] == serials[2::2], "a broken chain: %s" % serials
        zones.compare(seen, newest.without("SOA"))
    current = chain.combiner.combined(zone, have=newest.serial)
    assert [r.type for r in current.records] == ["SOA"], "RFC 1995 2: up to date is one SOA"
    unknown = chain.combiner.combined(zone, have=versions[0].serial - 7)
    assert not unknown.incremental
    zones.compare(unknown.without("SOA"), newest.without("SOA"))


def test_ixfr_over_udp(lab):
    """RFC 1995 2: fits -> increments; does not fit -> the SOA alone, for a retry over TCP."""
    import dns.message
    import dns.rrset
    from chorale.combiner import READER_ADDRESS
    chain = Chain(lab, "bind", None).start()
    zone, combiner = chain.zone, chain.combiner
    old = combiner.serial(zone)
    chain.content.add("small." + zone, "A", "192.0.2.1")
    chain.change_owner()

    def ixfr():
        query = dns.message.make_query(zone, "IXFR", use_edns=True, payload=1232)
        query.authority.append(dns.rrset.from_text(zone, 0, "IN", "SOA", ". . %d 0 0 0 0" % old))
        octets, mac = wire.sign(query.to_wire(), combiner.reader)
        answer = wire.exchange(combiner.endpoint, octets, tcp=False, source=READER_ADDRESS)
        assert len(answer) <= 1232
        return wire.parse(answer, combiner.reader, mac)
    small = [r[0] for r in ixfr().answer]
    assert small[0].serial == small[-1].serial == combiner.serial(zone)
    assert len(small) in (1, 5)
    for number in range(120):
        chain.content.add("large%d.%s" % (number, zone), "TXT", '"%s"' % ("x" * 40))
    chain.change_owner()
    large = [r[0] for r in ixfr().answer]
    assert len(large) == 1 and large[0].serial == combiner.serial(zone)


def test_several_primaries(lab):
    """A zone with two primaries: the second serves when the first is away."""
    content = zones.OwnerZone(refresh=1, retry=1)
    combiner = lab.combiner()
    one, two = lab.server("nsd", "one"), lab.server("knot", "two")
    for server in (one, two):
        server.primary(content, to=[(combiner, None)])
    combiner.add_primary("one", one)
    combiner.add_primary("two", two)
    combiner.add_template(secondaries=["reader"])
    combiner.add_zone(content.name)
    two.start()  # the first in the list is down from the beginning
    combiner.start()
    combiner.wait_serial(content.name, content.serial)
    one.configure()
    one.start()
    two.stop()
    content.add("from-one." + content.name, "A", "192.0.2.1")
    content.bump()
    one.load(content)
    combiner.wait_serial(content.name, content.serial)
    zones.compare(combiner.combined(content.name).without("SOA"),
                  one.transfer(content.name).without("SOA"))


def test_a_larger_zone(lab):
    """Many messages in each direction, signed; the same RRs, once each."""
    content = zones.OwnerZone(hosts=0)
    for number in range(8000):
        content.add("n%d.%s" % (number, content.name), "A",
                    "10.%d.%d.%d" % (number >> 16, number >> 8 & 255, number & 255))
    chain = Chain(lab, "knot", None, secondary="bind", content=content).start()
    seen = chain.check_combined()
    assert len(seen.contents) == len(set(seen.contents)) and seen.messages > 1
    chain.signer.wait_serial(content.name, seen.serial, deadline=60)
    document = chain.combiner.zone(content.name)
    assert document["records"] == len(seen.contents), document["records"]


class TestWhoMayTransfer:
    """Address and key per secondary; one refusal, nothing shown."""

    @pytest.fixture
    def chain(self, lab):
        return Chain(lab, "nsd", None).start()

    def test_right_key_right_address(self, chain):
        assert chain.combiner.combined(chain.zone).rcode == "NOERROR"

    def test_no_key(self, chain):
        from chorale.combiner import READER_ADDRESS
        seen = wire.transfer(chain.combiner.endpoint, chain.zone, source=READER_ADDRESS)
        assert seen.rcode == "REFUSED"

    def test_right_key_wrong_address(self, chain):
        from chorale.combiner import STRANGER_ADDRESS
        seen = wire.transfer(chain.combiner.endpoint, chain.zone, chain.combiner.reader,
                             source=STRANGER_ADDRESS)
        assert seen.rcode == "REFUSED"

    def test_key_of_another_role(self, chain):
        """An updater may ask, but not transfer."""
        seen = wire.transfer(chain.combiner.endpoint, chain.zone, chain.update_key)
        assert seen.rcode == "REFUSED"

    def test_zone_that_is_not_ours(self, chain):
        """RFC 5936 2.2.1: NOTAUTH."""
        seen = chain.combiner.combined("other.example.")
        assert seen.rcode == "NOTAUTH"

    def test_axfr_over_udp(self, chain):
        """RFC 5936 4.2: never."""
        from chorale.combiner import READER_ADDRESS
        assert wire.rcode(chain.combiner.endpoint, chain.zone, "AXFR", key=chain.combiner.reader,
                          source=READER_ADDRESS) in ("NOTIMP", "REFUSED", "FORMERR")

    def test_queries(self, chain):
        """SOA and the five apex RRsets for clients that may transfer; nothing else, nobody else."""
        from chorale.combiner import STRANGER_ADDRESS
        for rdtype in ("SOA", "NS", "DNSKEY", "CDS", "CDNSKEY", "CSYNC"):
            assert chain.combiner.rcode(chain.zone, rdtype) == "NOERROR", rdtype
            assert wire.rcode(chain.combiner.endpoint, chain.zone, rdtype,
                              source=STRANGER_ADDRESS) == "REFUSED", rdtype
        for rdtype in ("MX", "TXT", "ANY", "TYPE65281", "A"):
            assert chain.combiner.rcode(chain.zone, rdtype) == "REFUSED", rdtype
        assert chain.combiner.rcode("host1." + chain.zone, "A") == "REFUSED"
        assert wire.rcode(chain.combiner.endpoint, chain.zone, "SOA",
                          key=chain.update_key) == "NOERROR", "updaters may ask"

    def test_plain_secondary_in_an_allowed_prefix(self, lab):
        """`allow` widens who may transfer beyond the addresses that are notified."""
        combiner = lab.combiner()
        combiner.add_secondary_raw("wide", addresses=["127.0.0.77:9"], allow=["127.0.80.0/24"],
                                   notify=False)
        chain = Chain(lab, "nsd", None, combiner=combiner).start()
        inside = wire.transfer(combiner.endpoint, chain.zone, source="127.0.80.255")
        assert inside.rcode == "NOERROR"
        outside = wire.transfer(combiner.endpoint, chain.zone, source="127.0.81.0")
        assert outside.rcode == "REFUSED"
