"""UPDATE by three programs: RFC 2136, RFC 8945, and the combiner's list of five apex RRsets."""

import struct
import time

import pytest

from chorale import wire, zone as zones
from chorale.chain import Chain
from chorale.foreign import ForeignProvider, dnskey
from chorale.key import ALGORITHMS, Key
from chorale.updater import Change, Dnspython, UPDATERS, rcode_of

ALL = sorted(UPDATERS)
EVERY = pytest.mark.parametrize("program", ALL)


class Bench:
    """One chain for all tests of this file: each test leaves the zone as it found it."""

    def __init__(self, chain):
        self.chain = chain
        self.zone = chain.zone
        self.combiner = chain.combiner
        self.foreign = ForeignProvider(chain.zone)

    def state(self):
        """What a refused UPDATE must not touch: serial and content."""
        seen = self.combiner.combined(self.zone)
        return seen.serial, frozenset(seen.contents)

    def send(self, program, change):
        return self.chain.updater(program).send(change)

    def refused(self, program, change, rcode):
        before = self.state()
        assert self.send(program, change) == rcode
        assert self.state() == before, "a refused UPDATE left a trace"

    def changed(self, program, change):
        """A change that is taken; returns serial before and after."""
        before = self.combiner.serial(self.zone)
        assert self.send(program, change) == "NOERROR"
        after = self.combiner.serial(self.zone)
        assert after != before and (after - before) % 2**32 < 2**31, (before, after)
        return before, after

    def idle(self, program, change):
        """A change that is taken and changes nothing: no new serial."""
        before = self.state()
        assert self.send(program, change) == "NOERROR"
        assert self.state() == before, "nothing changed, yet serial or content did"

    def rdata(self, rdtype):
        return self.combiner.rdata(self.zone, rdtype)

    def clean(self):
        for rdtype in wire.CONTROLLED:
            status, text = self.combiner.rest(
                "DELETE", "/admin/v1/zones/%s/overlay/%s" % (self.zone, rdtype))
            assert status in (200, 204, 404), (status, text)


@pytest.fixture(scope="module")
def module_bench(tmp_path_factory):
    import pathlib
    import shutil
    import tempfile
    from chorale.lab import Lab
    directory = pathlib.Path(tempfile.mkdtemp(prefix="chorale-"))
    lab = Lab(directory)
    bench = Bench(Chain(lab, "nsd", None))
    bench.lab = lab
    for algorithm in ALGORITHMS:
        key = Key("update-" + algorithm, algorithm)
        setattr(bench, algorithm.replace("-", "_"), key)
        bench.combiner.add_updater(algorithm, key)
    # Keys of their own for tests that choose the time that is signed.
    for name in ("replay", "sigterm", "kill-9", "same-second"):
        setattr(bench, "key_" + name.replace("-", "_"), Key(name, "hmac-sha512"))
        bench.combiner.add_updater(name, getattr(bench, "key_" + name.replace("-", "_")))
    bench.limited = Key("limited")
    bench.combiner.add_updater("limited", bench.limited, allow=["127.0.0.44/32"])
    bench.combiner.add_template()
    bench.chain.start()
    yield bench
    complaints = lab.close()
    shutil.rmtree(directory, ignore_errors=True)
    assert not complaints, complaints


@pytest.fixture
def bench(module_bench, request):
    request.node.lab = module_bench.lab
    yield module_bench
    if module_bench.combiner.running:
        module_bench.clean()


# Adds and deletes of each form (RFC 2136 2.5 and 3.4.2).

@EVERY
def test_add_each_controlled_type(bench, program):
    f, zone = bench.foreign, bench.zone
    for rdtype, rdatas in (("DNSKEY", f.dnskeys), ("CDS", [f.cds]), ("CDNSKEY", [f.cdnskey]),
                           ("CSYNC", [f.csync])):
        bench.changed(program, Change().add(zone, rdtype, *rdatas))
        assert bench.rdata(rdtype) == set(rdatas)
    owners = bench.rdata("NS")
    bench.changed(program, Change().add(zone, "NS", *f.ns))
    assert bench.rdata("NS") == owners | set(f.ns)


@EVERY
def test_delete_one_rr(bench, program):
    """2.5.4."""
    keys = bench.foreign.dnskeys
    bench.changed(program, Change().add(bench.zone, "DNSKEY", *keys))
    bench.changed(program, Change().delete(bench.zone, "DNSKEY", keys[0]))
    assert bench.rdata("DNSKEY") == {keys[1]}


@EVERY
def test_delete_an_rrset(bench, program):
    """2.5.2."""
    bench.changed(program, Change().add(bench.zone, "DNSKEY", *bench.foreign.dnskeys))
    bench.changed(program, Change().delete(bench.zone, "DNSKEY"))
    assert bench.rdata("DNSKEY") == set()


@EVERY
def test_replace_in_one_message(bench, program):
    """Operations in order: delete the RRset, then add (how an MSA sets an RRset)."""
    keys = [dnskey(True).to_text() for _ in range(3)]
    bench.changed(program, Change().add(bench.zone, "DNSKEY", *keys[:2]))
    bench.changed(program, Change().delete(bench.zone, "DNSKEY").add(bench.zone, "DNSKEY", keys[2]))
    assert bench.rdata("DNSKEY") == {keys[2]}


@EVERY
def test_order_matters(bench, program):
    """Add, then delete the RRset: nothing is left."""
    bench.changed(program, Change().add(bench.zone, "CSYNC", bench.foreign.csync))
    bench.changed(program, Change().add(bench.zone, "CSYNC", "0 2 A").delete(bench.zone, "CSYNC"))
    assert bench.rdata("CSYNC") == set()


@EVERY
def test_what_changes_nothing_bumps_nothing(bench, program):
    f, zone = bench.foreign, bench.zone
    bench.changed(program, Change().add(zone, "DNSKEY", *f.dnskeys))
    bench.idle(program, Change().add(zone, "DNSKEY", *f.dnskeys))            # a retry
    bench.idle(program, Change().delete(zone, "CDS"))                        # absent RRset
    bench.idle(program, Change().delete(zone, "DNSKEY", dnskey(True).to_text()))  # absent RR
    bench.idle(program, Change().delete(zone, "DNSKEY").add(zone, "DNSKEY", *f.dnskeys))
    bench.idle(program, Change().add(zone, "CDS", f.cds).delete(zone, "CDS", f.cds))


@EVERY
def test_one_ttl_for_an_rrset(bench, program):
    """RFC 2181 5.2: the RRset has the TTL of the last add."""
    keys = bench.foreign.dnskeys
    bench.changed(program, Change(ttl=300).add(bench.zone, "DNSKEY", keys[0]))
    bench.changed(program, Change(ttl=77).add(bench.zone, "DNSKEY", keys[1]))
    ttls = {r.ttl for r in bench.combiner.combined(bench.zone).of("DNSKEY")}
    assert ttls == {77}
    bench.changed(program, Change(ttl=88).add(bench.zone, "DNSKEY", keys[0]))
    assert {r.ttl for r in bench.combiner.combined(bench.zone).of("DNSKEY")} == {88}


# NS (3.4.2.4 and 3.4.2.3).

@EVERY
def test_last_ns_is_kept(bench, program):
    zone = bench.zone
    bench.changed(program, Change().add(zone, "NS", "a.other.example.", "b.other.example."))
    own = bench.rdata("NS") - {"a.other.example.", "b.other.example."}
    bench.changed(program, Change().delete(zone, "NS", "b.other.example.", *sorted(own)))
    assert bench.rdata("NS") == {"a.other.example."}
    bench.idle(program, Change().delete(zone, "NS", "a.other.example."))
    bench.idle(program, Change().delete(zone, "NS", "A.Other.Example."))
    assert bench.rdata("NS") == {"a.other.example."}


@EVERY
def test_apex_ns_rrset_is_not_deleted_whole(bench, program):
    bench.changed(program, Change().add(bench.zone, "NS", "a.other.example."))
    bench.idle(program, Change().delete(bench.zone, "NS"))


@EVERY
def test_ns_without_regard_to_case(bench, program):
    bench.changed(program, Change().add(bench.zone, "NS", "a.other.example."))
    before = len(bench.rdata("NS"))
    assert bench.send(program, Change().add(bench.zone, "NS", "A.OTHER.EXAMPLE.")) == "NOERROR"
    assert len(bench.rdata("NS")) == before, "one name in two cases is one RR"


def test_ns_overlay_hides_the_owners_change(bench):
    """The overlay's NS replaces the owner's as a whole."""
    chain, zone = bench.chain, bench.zone
    bench.changed("dnspython", Change().add(zone, "NS", "a.other.example."))
    served = bench.rdata("NS")
    chain.content.add(zone, "NS", "late.other.example.")
    chain.change_owner()
    assert bench.rdata("NS") == served
    bench.clean()
    assert "late.other.example." in bench.rdata("NS"), "without overlay the owner's stands"
    chain.content.remove(zone, "NS", "late.other.example.")
    chain.change_owner()


# Prerequisites (2.4, 3.2) on the combined zone.

@EVERY
@pytest.mark.parametrize("make,rcode", [
    (lambda b: Change().require_rrset(b.zone, "CDS"), "NXRRSET"),
    (lambda b: Change().require_no_rrset(b.zone, "DNSKEY"), "YXRRSET"),
    (lambda b: Change().require_rrset(b.zone, "DNSKEY", b.foreign.dnskeys[0]), "NXRRSET"),
    (lambda b: Change().require_rrset(b.zone, "DNSKEY", *b.foreign.dnskeys, dnskey(1).to_text()),
     "NXRRSET"),
    (lambda b: Change().require_no_name(b.zone), "YXDOMAIN"),
    (lambda b: Change().require_name("nowhere." + b.zone), "NXDOMAIN"),
    (lambda b: Change().require_no_rrset("host1." + b.zone, "A"), "YXRRSET"),
    (lambda b: Change().require_rrset(b.zone, "DNSKEY").require_no_rrset(b.zone, "MX"), "YXRRSET"),
], ids=["rrset-absent", "rrset-present", "set-smaller", "set-larger", "name-in-use",
        "name-not-used", "owner-data", "second-fails"])
def test_prerequisite_that_fails(bench, program, make, rcode):
    bench.changed("dnspython", Change().add(bench.zone, "DNSKEY", *bench.foreign.dnskeys))
    bench.refused(program, make(bench).add(bench.zone, "CDS", bench.foreign.cds), rcode)


@EVERY
@pytest.mark.parametrize("make", [
    lambda b: Change().require_rrset(b.zone, "DNSKEY"),
    lambda b: Change().require_no_rrset(b.zone, "CDS"),
    lambda b: Change().require_rrset(b.zone, "DNSKEY", *reversed(b.foreign.dnskeys)),
    lambda b: Change().require_name("HOST1." + b.zone),
    lambda b: Change().require_no_name("nowhere." + b.zone),
    lambda b: Change().require_rrset("host1." + b.zone, "A", "198.51.100.2"),
], ids=["rrset-present", "rrset-absent", "set-equal", "name-in-use", "name-not-used", "owner-data"])
def test_prerequisite_that_holds(bench, program, make):
    bench.changed("dnspython", Change().add(bench.zone, "DNSKEY", *bench.foreign.dnskeys))
    bench.changed(program, make(bench).add(bench.zone, "CDS", bench.foreign.cds))


# What is not the updater's business: refused as a whole, nothing applied.

@EVERY
@pytest.mark.parametrize("name,rdtype,rdata", [
    ("", "A", "192.0.2.1"), ("", "MX", "10 mail.example."), ("", "TXT", '"x"'),
    ("", "TYPE65281", "\\# 1 01"), ("", "DS", "1 13 2 " + "00" * 32),
    ("www.", "NS", "ns.example."), ("host1.", "A", "192.0.2.1"), ("sub.", "NS", "ns.example."),
    ("host1.", "CDS", "1 13 2 " + "00" * 32), ("a.b.c.", "CSYNC", "0 1 A"),
])
def test_other_names_and_types_are_refused(bench, program, name, rdtype, rdata):
    """A good operation before and after does not help, nor does it stay."""
    f = bench.foreign
    change = Change().add(bench.zone, "DNSKEY", f.dnskeys[0])
    change.add(name + bench.zone, rdtype, rdata).add(bench.zone, "DNSKEY", f.dnskeys[1])
    bench.refused(program, change, "REFUSED")


@EVERY
@pytest.mark.parametrize("make", [
    lambda b: Change().delete("host1." + b.zone, "A"),
    lambda b: Change().delete("host1." + b.zone, "A", "198.51.100.2"),
    lambda b: Change().delete_name("host1." + b.zone),
    lambda b: Change().delete(b.zone, "MX"),
    lambda b: Change().delete("nowhere." + b.zone, "A"),
], ids=["rrset", "rr", "name", "apex-type", "absent"])
def test_deletes_elsewhere_are_refused(bench, program, make):
    bench.refused(program, make(bench).add(bench.zone, "CDS", bench.foreign.cds), "REFUSED")


def test_refused_before_prerequisites_are_looked_at(bench):
    """No oracle: the content cannot be probed with an UPDATE that would be refused anyway."""
    for require in (Change().require_name("nowhere." + bench.zone),
                    Change().require_name("host1." + bench.zone)):
        bench.refused("dnspython", require.add("x." + bench.zone, "A", "192.0.2.1"), "REFUSED")


def test_dnssec_types_are_refused(bench):
    """RFC 3007: what a signer makes is not updated."""
    text = "MX 13 2 300 20300101000000 20200101000000 1 %s AAAA" % bench.zone
    bench.refused("dnspython", Change().add(bench.zone, "RRSIG", text), "REFUSED")
    bench.refused("dnspython", Change().add(bench.zone, "NSEC", bench.zone + " A"), "REFUSED")


def test_outside_of_the_zone(bench):
    """3.4.1.3: NOTZONE, from the pre-scan, before anything is applied."""
    f = bench.foreign
    change = Change().add(bench.zone, "DNSKEY", f.dnskeys[0])
    change.add("other.example.", "A", "192.0.2.1")
    bench.refused("dnspython", change, "NOTZONE")


@EVERY
def test_zone_that_is_not_served(bench, program):
    """3.1.2: NOTAUTH."""
    updater = UPDATERS[program](bench.combiner, "other.example.", bench.chain.update_key)
    assert updater.send(Change().add("other.example.", "NS", "ns.example.")) == "NOTAUTH"


def test_subzone_is_not_the_zone(bench):
    updater = Dnspython(bench.combiner, "sub." + bench.zone, bench.chain.update_key)
    assert updater.send(Change().add("sub." + bench.zone, "NS", "ns.example.")) == "NOTAUTH"


# RDATA is validated before it is stored.

@pytest.mark.parametrize("rdtype,octets", [
    ("DNSKEY", b""), ("DNSKEY", b"\x01\x01\x03"), ("DNSKEY", b"\x01\x01\x03\x0d"),
    ("CDS", b"\x00\x01\x0d"), ("CDS", b"\x00\x01\x0d\x02" + b"x" * 31),
    ("CDNSKEY", b"\x01\x01\x03\x0d"), ("CSYNC", b"\x00\x00\x00\x01\x00"),
    ("CSYNC", b"\x00\x00\x00\x01\x00\x01\x00\x00\x01\x40"),
    ("CSYNC", b"\x00\x00\x00\x01\x00\x01\x00\x01\x00\x21" + b"\x00" * 33),
    ("NS", b""), ("NS", b"\x03abc"), ("NS", b"\x01a\x00\x00"), ("NS", b"\x40a\x00"),
], ids=lambda v: v if isinstance(v, str) else v[:10].hex() or "empty")
def test_malformed_rdata_is_not_stored(bench, rdtype, octets):
    import dns.rdatatype
    before = bench.state()
    zone_wire = wire.dns.name.from_text(bench.zone).to_wire()
    message = struct.pack("!6H", 4711, 0x2800, 1, 0, 1, 0) + zone_wire + struct.pack("!HH", 6, 1)
    message += zone_wire + struct.pack("!HHIH", dns.rdatatype.from_text(rdtype), 1, 300,
                                       len(octets)) + octets
    signed, mac = wire.sign(message, bench.chain.update_key)
    answer = wire.exchange(bench.combiner.endpoint, signed)
    assert rcode_of(answer).split()[0] in ("FORMERR", "REFUSED")
    assert bench.state() == before


def test_metatypes_and_classes(bench):
    """3.4.1.2: the pre-scan answers FORMERR and nothing is applied."""
    zone_wire = wire.dns.name.from_text(bench.zone).to_wire()
    table = [
        (255, 1, 300, b"\x01"),         # ANY with class IN
        (252, 1, 300, b""),             # AXFR
        (48, 255, 1, b""),              # class ANY with a TTL
        (48, 255, 0, b"\x01"),          # class ANY with RDATA
        (48, 254, 1, b"\x01\x01\x03\x0dkey"),  # class NONE with a TTL
        (48, 3, 300, b"\x01\x01\x03\x0dkey"),  # class CH
        (251, 255, 0, b""),             # IXFR with class ANY
        (255, 254, 0, b""),             # ANY with class NONE
    ]
    for rdtype, rdclass, ttl, rdata in table:
        before = bench.state()
        message = struct.pack("!6H", 4712, 0x2800, 1, 0, 1, 0) + zone_wire
        message += struct.pack("!HH", 6, 1) + zone_wire
        message += struct.pack("!HHIH", rdtype, rdclass, ttl, len(rdata)) + rdata
        signed, mac = wire.sign(message, bench.chain.update_key)
        seen = rcode_of(wire.exchange(bench.combiner.endpoint, signed)).split()[0]
        assert seen == "FORMERR", (rdtype, rdclass, ttl, rdata, seen)
        assert bench.state() == before


# TSIG (RFC 8945).

@EVERY
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_every_algorithm(bench, program, algorithm, tcp):
    key = getattr(bench, algorithm.replace("-", "_"))
    updater = bench.chain.updater(program, key, tcp)
    assert updater.send(Change().add(bench.zone, "CDS", bench.foreign.cds)) == "NOERROR"
    assert bench.rdata("CDS") == {bench.foreign.cds}


def _post(bench, signed, **more):
    return wire.exchange(bench.combiner.endpoint, signed, **more)


def _message(bench, change=None):
    change = change or Change().add(bench.zone, "CDS", bench.foreign.cds)
    return change.message(bench.zone).to_wire()


def test_no_key_at_all(bench):
    before = bench.state()
    assert rcode_of(_post(bench, _message(bench))) == "REFUSED"
    assert bench.state() == before


@EVERY
def test_unknown_key(bench, program):
    before = bench.state()
    seen = bench.chain.updater(program, Key("nobody")).send(
        Change().add(bench.zone, "CDS", bench.foreign.cds))
    assert seen in ("NOTAUTH(BADKEY)", "NOTAUTH", "BADKEY"), seen
    assert bench.state() == before


@EVERY
def test_wrong_secret(bench, program):
    before = bench.state()
    seen = bench.chain.updater(program, Key("msa-update")).send(
        Change().add(bench.zone, "CDS", bench.foreign.cds))
    assert seen in ("NOTAUTH(BADSIG)", "NOTAUTH", "BADSIG"), seen
    assert bench.state() == before


def test_codes_on_the_wire(bench):
    """5.2: BADKEY and BADSIG come unsigned with an empty MAC, in this order of checks."""
    for key, error in ((Key("nobody"), 17), (Key("msa-update"), 16),
                       (Key("msa-update", "hmac-sha512"), 17)):
        signed, _ = wire.sign(_message(bench), key)
        message, tsig = wire.bare(_post(bench, signed))
        assert message.rcode() == 9 and tsig.error == error and tsig.mac == b"", (tsig, error)


@pytest.mark.parametrize("shift", [-301, 301, -86400, 2**31])
def test_outside_of_the_window(bench, shift):
    """5.2.3: BADTIME is signed, echoes the client's time, and gives the server's own."""
    key, before = bench.chain.update_key, bench.state()
    at = int(time.time()) + shift + (2 if shift > 0 else -2)
    signed, mac = wire.sign(_message(bench), key, at=at)
    message, tsig = wire.bare(_post(bench, signed))
    assert message.rcode() == 9 and tsig.error == 18 and tsig.mac, tsig
    assert tsig.time_signed == at
    assert abs(int.from_bytes(tsig.other, "big") - time.time()) < 5
    assert bench.state() == before


def test_mac_lengths(bench):
    """5.2.2.1: longer than the hash, or shorter than ten octets or half of it: FORMERR."""
    key, before = bench.chain.update_key, bench.state()
    full = wire.sign(_message(bench), key)[1]
    for mac in (full + b"x", full[:9], full[:15], b""):
        signed, _ = wire.sign(_message(bench), key, mac=mac)
        seen = rcode_of(_post(bench, signed))
        assert seen.startswith("FORMERR"), (len(mac), seen)
    assert bench.state() == before


def test_tsig_must_be_last_and_once(bench):
    """5.1: else FORMERR."""
    key, before = bench.chain.update_key, bench.state()
    once, _ = wire.sign(_message(bench), key)
    twice, _ = wire.sign(once, key)
    assert rcode_of(_post(bench, twice)).startswith("FORMERR")
    trailing = once[:10] + struct.pack("!H", 2) + once[12:] + b"\x00" + struct.pack(
        "!HHIH", 41, 1232, 0, 0)
    assert rcode_of(_post(bench, trailing)).startswith("FORMERR")
    assert bench.state() == before


def test_tampered_on_the_way(bench):
    key, before = bench.chain.update_key, bench.state()
    signed, _ = wire.sign(_message(bench), key)
    for place in (13, 30, 50, 60):
        broken = bytearray(signed)
        broken[place] ^= 1
        seen = rcode_of(_post(bench, bytes(broken)))
        assert seen.split("(")[0] in ("NOTAUTH", "FORMERR"), (place, seen)
        assert bench.state() == before


def test_key_name_in_any_case(bench):
    """4.2: key names are domain names, small in the digest."""
    key = bench.chain.update_key
    signed, mac = wire.sign(_message(bench), key, name="MSA-Update.")
    assert rcode_of(_post(bench, signed)).split()[0] == "NOERROR"


def test_key_that_may_not_update(bench):
    """A good signature without the right to update: REFUSED, and signed."""
    before = bench.state()
    seen = bench.chain.updater("dnspython", bench.combiner.reader).send(
        Change().add(bench.zone, "CDS", bench.foreign.cds))
    assert seen == "REFUSED", seen
    assert bench.state() == before


def test_updater_from_another_address(bench):
    """`allow` of an updater: the key alone is not enough."""
    signed, mac = wire.sign(_message(bench), bench.limited)
    assert rcode_of(_post(bench, signed), bench.limited, mac).split()[0] == "REFUSED"
    signed, mac = wire.sign(_message(bench), bench.limited)
    assert rcode_of(_post(bench, signed, source="127.0.0.44"), bench.limited, mac) == "NOERROR"


# Replay (the last Time Signed of a key is remembered, and durably).

def _capture(bench, key, at):
    """A signed UPDATE as an eavesdropper would have it."""
    change = Change().add(bench.zone, "CDS", bench.foreign.cds)
    return wire.sign(_message(bench, change), key, at=at)[0]


def test_replay_is_refused(bench):
    key, now = bench.key_replay, int(time.time())
    captured = _capture(bench, key, now - 3)
    assert rcode_of(_post(bench, captured)).split()[0] == "NOERROR"
    later, _ = wire.sign(_message(bench, Change().delete(bench.zone, "CDS")), key, at=now - 1)
    assert rcode_of(_post(bench, later)).split()[0] == "NOERROR"
    before = bench.state()
    seen = rcode_of(_post(bench, captured))
    assert seen.startswith("NOTAUTH"), seen
    assert bench.state() == before, "the replay undid the later change"
    assert bench.rdata("CDS") == set()


@pytest.mark.parametrize("hard", [False, True], ids=["sigterm", "kill-9"])
def test_replay_is_refused_after_a_restart(bench, hard):
    key, now = bench.key_kill_9 if hard else bench.key_sigterm, int(time.time())
    captured = _capture(bench, key, now - 2)
    assert rcode_of(_post(bench, captured)).split()[0] == "NOERROR"
    later, _ = wire.sign(_message(bench, Change().delete(bench.zone, "CDS")), key, at=now)
    assert rcode_of(_post(bench, later)).split()[0] == "NOERROR"
    bench.combiner.restart(hard=hard)
    bench.combiner.wait_serial(bench.zone, lambda seen: True)
    before = bench.state()
    seen = rcode_of(_post(bench, captured))
    assert seen.startswith("NOTAUTH"), seen
    assert bench.state() == before


def test_one_second_may_hold_many_updates(bench):
    """Time Signed counts seconds: different messages of one second are all good."""
    key, now = bench.key_same_second, int(time.time()) + 1
    for number in range(5):
        change = Change().add(bench.zone, "NS", "ns%d.other.example." % number)
        signed, mac = wire.sign(_message(bench, change), key, at=now)
        assert rcode_of(_post(bench, signed), key, mac) == "NOERROR"


# Limits and durability.

def test_many_updates_on_one_connection(bench):
    """RFC 7766 6.2.1: pipelined on one TCP connection, each answered with its ID."""
    import socket
    key, count = bench.chain.update_key, 50
    wanted = {}
    with socket.create_connection(bench.combiner.endpoint, timeout=10) as sock:
        octets = b""
        for number in range(count):
            text = dnskey(number % 2).to_text()
            message = Change().add(bench.zone, "DNSKEY", text).message(bench.zone)
            message.id = 1000 + number
            wanted[message.id] = text
            signed, _ = wire.sign(message.to_wire(), key)
            octets += struct.pack("!H", len(signed)) + signed
        sock.sendall(octets)
        good = set()
        for _ in range(count):
            answer = wire._read_message(sock)
            if rcode_of(answer).split()[0] == "NOERROR":
                good.add(struct.unpack("!H", answer[:2])[0])
    assert len(good) == count
    assert bench.rdata("DNSKEY") == set(wanted.values())


@pytest.mark.parametrize("hard", [False, True], ids=["sigterm", "kill-9"])
def test_noerror_means_on_disk(bench, hard):
    keys = [dnskey(True).to_text() for _ in range(5)]
    for text in keys:
        assert bench.send("dnspython", Change().add(bench.zone, "DNSKEY", text)) == "NOERROR"
    before = bench.combiner.combined(bench.zone)
    bench.combiner.restart(hard=hard)
    bench.combiner.wait_serial(bench.zone, lambda seen: True)
    assert bench.rdata("DNSKEY") == set(keys)
    after = bench.combiner.combined(bench.zone)
    assert after.serial == before.serial, "the same content needs no new serial"
    zones.compare(after.without("SOA"), before.without("SOA"))
