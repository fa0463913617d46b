"""The table of hostile messages: each row a message and the answers that are right for it.

A row names its rule. Expected outcomes are rcode names, with the TSIG error after a slash
("NOTAUTH/BADSIG"), or "drop" for no answer (on TCP also: the connection is closed).
"""

import dataclasses
import struct
import time
from collections.abc import Callable

import wire
from wire import (ANY, AXFR, CDNSKEY, CDS, CH, CLASS_ANY, CSYNC, DNSKEY, HS, IN, IXFR, NONE, NS, OPT,
                  SOA, TSIG)

APEX = "hostile.example."
UNLOADED = "unloaded.example."
FRIEND, SIGNER, PRIMARY, STRANGER = "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.9.0.1"

UPDATE_KEY = wire.make_key("msa-update.")
KEY_384 = wire.make_key("msa-384.", "hmac-sha384.")
KEY_512 = wire.make_key("msa-512.", "hmac-sha512.")
SIGNER_KEY = wire.make_key("signer-xfr.")
IDLE_KEY = wire.make_key("no-rights.")          # configured, but nobody's
CLOCK_KEYS = [wire.make_key(f"clock-{number}.") for number in range(24)]
SETUP_KEY = wire.make_key("setup.")
REPLAY_KEYS = [wire.make_key(f"replay-{number}.") for number in range(4)]
UNKNOWN_KEY = wire.make_key("never-heard-of.")
ALL_KEYS = [UPDATE_KEY, KEY_384, KEY_512, SIGNER_KEY, IDLE_KEY, SETUP_KEY, *CLOCK_KEYS, *REPLAY_KEYS]
UPDATER_KEYS = [key for key in ALL_KEYS if key not in (SIGNER_KEY, IDLE_KEY)]

A_KEY = struct.pack("!HBB", 257, 3, 8) + b"\3\1\0\1"     # the RSA modulus follows
DNSKEYS = [A_KEY + bytes([number]) * 256 for number in range(1, 7)]
CDS_SET = [struct.pack("!HBB", 4660, 8, 2) + b"d" * 32, struct.pack("!HBB", 4661, 8, 4) + b"e" * 48]
CDNSKEY_SET = [DNSKEYS[0]]
CSYNC_SET = [struct.pack("!IH", 0, 1) + b"\0\4\x60\0\0\x08"]
OVERLAY = [(DNSKEY, rdata) for rdata in DNSKEYS] + [(CDS, rdata) for rdata in CDS_SET] + [
    (CDNSKEY, rdata) for rdata in CDNSKEY_SET] + [(CSYNC, rdata) for rdata in CSYNC_SET]
OVERLAY_TTL = 300
CONTROLLED = (NS, DNSKEY, CDS, CDNSKEY, CSYNC)

NO_DATA = ("REFUSED", "NOTIMP", "FORMERR")


@dataclasses.dataclass
class Context:
    """What a row may ask of the running test."""
    serial: int  # of the combined zone as served now


@dataclasses.dataclass(frozen=True)
class Case:
    group: str
    name: str
    build: Callable          # Context -> octets, or (octets, request MAC)
    expect: frozenset
    transport: str = "udp"   # udp, tcp, both
    source: str = FRIEND
    key: wire.Key | None = None
    answer_signed: str = "auto"  # auto: by the request and the error; any: both are right
    check: Callable | None = None

    @property
    def full_name(self):
        return f"{self.group}: {self.name}"


def case(group, name, build, expect, **more):
    expected = frozenset([expect] if isinstance(expect, str) else expect)
    return Case(group, name, build, expected, **more)


def fixed(**fields):
    """A message that needs nothing from the context."""
    return lambda context: wire.message(**fields)


def ask(owner=APEX, kind=SOA, group=IN, **fields):
    return fixed(zone=[wire.question(owner, kind, group)], **fields)


def signed(build, key=UPDATE_KEY, **defects):
    """`build` signed; `when` may be a shift in seconds as a string like "-200"."""
    def make(context):
        more = dict(defects)
        if isinstance(more.get("when"), str):
            more["when"] = int(time.time()) + int(more["when"])
        return wire.sign(build(context), key, **more)
    return make


def update(*changes, prerequisites=(), zone=APEX, kind=SOA, group=IN, **fields):
    return fixed(opcode=wire.UPDATE, zone=[wire.question(zone, kind, group)],
                 first=list(prerequisites), second=list(changes), **fields)


# Checks of an answer's content ------------------------------------------------------------------


def has_one_soa(context, parsed):
    assert [row.kind for row in parsed.sections[0]] == [SOA], "exactly one SOA is the answer"


def has_answer(count):
    def check(context, parsed):
        assert len(parsed.sections[0]) == count, f"{len(parsed.sections[0])} records, not {count}"
    return check


def only_if_noerror(check):
    def checked(context, parsed):
        if parsed.rcode == 0:
            check(context, parsed)
    return checked


def version_is_zero(context, parsed):
    assert parsed.opt is not None and (parsed.opt.ttl >> 16) & 0xFF == 0


def has_opt(context, parsed):
    assert parsed.opt is not None, "OPT in, OPT out"


def no_keepalive(context, parsed):
    rdata, offset = parsed.opt.rdata if parsed.opt else b"", 0
    while offset + 4 <= len(rdata):
        code, size = struct.unpack("!HH", rdata[offset:offset + 4])
        assert code != 11, "keepalive has no place on UDP"
        offset += 4 + size


def is_truncated(context, parsed):
    assert parsed.flags & wire.TC and not parsed.sections[0], "TC and no partial RRset"


def time_is_echoed(when):
    def check(context, parsed):
        fields = parsed.tsig
        sent = int(time.time()) + int(when) if isinstance(when, str) else when
        assert abs(fields.when - sent) <= 5, "the client's time comes back (RFC 8945 5.2.3)"
        assert len(fields.other) == 6, "server time as other data"
        server = int.from_bytes(fields.other, "big")
        assert abs(server - time.time()) <= 10, "server time is now"
    return check


# Header, RFC 1035, 8906, 9619 -------------------------------------------------------------------


def header_cases():
    rows = []
    good = wire.message(ident=0x4242, zone=[wire.question(APEX, SOA)])

    def add(name, build, expect, **more):
        rows.append(case("header", name, build, expect, **more))

    for size in range(12):
        add(f"{size} octets", lambda _, size=size: good[:size], "drop", transport="both")
    for opcode, name in ((0, "QUERY"), (4, "NOTIFY"), (5, "UPDATE"), (2, "STATUS"), (9, "9")):
        add(f"QR=1 opcode {name}", ask(flags=wire.QR, opcode=opcode), "drop", transport="both")
    for rcode in (1, 5, 9):
        add(f"QR=1 rcode {rcode}", ask(flags=wire.QR, rcode=rcode), "drop")
    add("QR=1 empty header", fixed(flags=wire.QR), "drop", transport="both")
    add("QR=1 signed", signed(ask(flags=wire.QR)), "drop")
    add("QR=1 UPDATE signed", signed(update(flags=wire.QR)), "drop", transport="both")
    add("QR=1 with garbage", lambda _: good[:2] + b"\x80\0" + b"\xff" * 60, "drop")
    for opcode in (1, 2, 3, *range(6, 16)):
        add(f"opcode {opcode}", ask(opcode=opcode), "NOTIMP", transport="both")
    for opcode in (1, 2, 6, 15):
        add(f"opcode {opcode} without question", fixed(opcode=opcode), ("NOTIMP", "FORMERR"))
        add(f"opcode {opcode} with garbage",
            lambda _, opcode=opcode: wire.header(7, opcode << 11, (9, 9, 9, 9)) + b"\xc0" * 40,
            ("NOTIMP", "FORMERR"))
        add(f"opcode {opcode} from a stranger", ask(opcode=opcode), ("NOTIMP", "REFUSED"),
            source=STRANGER)
    add("opcode 3 signed", signed(ask(opcode=3)), "NOTIMP", answer_signed="any", key=UPDATE_KEY)
    add("QDCOUNT 0", fixed(), "FORMERR", transport="both")
    add("QDCOUNT 0 with a question", fixed(zone=[wire.question(APEX, SOA)],
                                           counts=(0, None, None, None)), "FORMERR")
    add("QDCOUNT 0 with OPT", fixed(third=[wire.opt()]), "FORMERR", check=has_opt)
    two = [wire.question(APEX, SOA), wire.question(APEX, NS)]
    add("QDCOUNT 2", fixed(zone=two), "FORMERR", transport="both")
    add("QDCOUNT 2, the same twice", fixed(zone=[two[0], two[0]]), "FORMERR")
    add("QDCOUNT 2 signed", signed(fixed(zone=two)), "FORMERR", answer_signed="any",
        key=UPDATE_KEY)
    for count in (2, 3, 100, 65535):
        add(f"QDCOUNT {count} with one question",
            fixed(zone=two[:1], counts=(count, None, None, None)), "FORMERR")
    add("QDCOUNT 1 without question", fixed(counts=(1, None, None, None)), "FORMERR")
    for place, name in ((1, "ANCOUNT"), (2, "NSCOUNT"), (3, "ARCOUNT")):
        for count in (1, 65535):
            counts = [None] * 4
            counts[place] = count
            add(f"{name} {count} without records",
                fixed(zone=two[:1], counts=tuple(counts)), "FORMERR")
    add("all counts 65535", fixed(zone=two[:1], counts=(65535,) * 4), "FORMERR", transport="both")
    extra = wire.record(APEX, wire.A, IN, 1, b"\1\2\3\4")
    add("record in ANSWER", ask(first=[extra]), ("NOERROR", "FORMERR"))
    add("record in AUTHORITY", ask(second=[extra]), ("NOERROR", "FORMERR"))
    add("record in ADDITIONAL", ask(third=[extra]), "NOERROR", check=has_one_soa)
    for bit, name in ((wire.AA, "AA"), (wire.RD, "RD"), (wire.RA, "RA"), (wire.Z, "Z"),
                      (wire.AD, "AD"), (wire.CD, "CD")):
        add(f"{name} set", ask(flags=bit), "NOERROR", transport="both", check=has_one_soa)
    add("TC set", ask(flags=wire.TC), ("NOERROR", "FORMERR"))
    for rcode in (1, 2, 5, 9, 15):
        add(f"rcode {rcode} in a request", ask(rcode=rcode), ("NOERROR", "FORMERR"))
    for ident in (0, 65535):
        add(f"ID {ident}", ask(ident=ident), "NOERROR", check=has_one_soa)
    for size in (1, 4, 11, 400):
        add(f"{size} octets after the end", ask(tail=b"\0" * size), ("FORMERR", "NOERROR"),
            transport="both")
    add("octets after the end, OPT", ask(third=[wire.opt()], tail=b"\xff"), ("FORMERR", "NOERROR"))
    for group, name in ((CH, "CH"), (HS, "HS"), (NONE, "NONE"), (CLASS_ANY, "ANY"), (0, "0"),
                        (2, "2"), (65535, "65535")):
        add(f"class {name}", ask(group=group), NO_DATA, transport="both")
    add("CH TXT version.bind", ask("version.bind.", wire.TXT, CH), NO_DATA)
    add("CH TXT id.server", ask("id.server.", wire.TXT, CH), NO_DATA)
    add("CH TXT authors.bind", ask("authors.bind.", wire.TXT, CH), NO_DATA)
    add("header, then 500 octets of 0xff", lambda _: good[:12] + b"\xff" * 500, "FORMERR")
    add("header, then 500 zeros", lambda _: good[:12] + b"\0" * 500, ("FORMERR", "REFUSED"))
    for size in range(13, len(good)):
        add(f"SOA query cut at {size}", lambda _, size=size: good[:size], "FORMERR")
    return rows


# Questions --------------------------------------------------------------------------------------


def question_cases():
    rows = []

    def add(name, build, expect, **more):
        rows.append(case("question", name, build, expect, **more))

    for kind, count, name in ((SOA, 1, "SOA"), (NS, 2, "NS"), (CDS, 2, "CDS"),
                              (CDNSKEY, 1, "CDNSKEY"), (CSYNC, 1, "CSYNC")):
        add(f"{name} at the apex", ask(kind=kind, third=[wire.opt()]), "NOERROR", transport="both",
            check=has_answer(count))
        add(f"{name} at the apex, updater", signed(ask(kind=kind)), "NOERROR", key=UPDATE_KEY,
            source=STRANGER, check=has_answer(count))
        add(f"{name} at the apex, stranger", ask(kind=kind), "REFUSED", source=STRANGER,
            transport="both")
        add(f"{name} at the apex, signer without its key", ask(kind=kind), "REFUSED",
            source=SIGNER)
        add(f"{name} below the apex", ask("WwW." + APEX, kind), "REFUSED")
        add(f"{name} of another zone", ask("other.example.", kind), "REFUSED")
    add("DNSKEY on TCP", ask(kind=DNSKEY), "NOERROR", transport="tcp", check=has_answer(6))
    add("DNSKEY on UDP does not fit", ask(kind=DNSKEY), "NOERROR", check=is_truncated)
    add("DNSKEY on UDP, 4096 offered", ask(kind=DNSKEY, third=[wire.opt(4096)]), "NOERROR",
        check=is_truncated)
    add("DNSKEY on UDP, signed: TC, question and TSIG", signed(ask(kind=DNSKEY)), "NOERROR",
        key=UPDATE_KEY, check=is_truncated)
    add("DNSKEY, stranger with EDNS", ask(kind=DNSKEY, third=[wire.opt(65535)]), "REFUSED",
        source=STRANGER)
    for kind, name in ((wire.A, "A"), (wire.AAAA, "AAAA"), (wire.TXT, "TXT"), (wire.MX, "MX"),
                       (wire.CNAME, "CNAME"), (wire.DS, "DS"), (wire.RRSIG, "RRSIG"),
                       (wire.NSEC, "NSEC"), (wire.NSEC3PARAM, "NSEC3PARAM"), (wire.KEY, "KEY"),
                       (wire.ZONEMD, "ZONEMD"), (wire.HTTPS, "HTTPS"), (65281, "MSIGNER"),
                       (65280, "TYPE65280"), (65535, "TYPE65535"), (128, "TYPE128")):
        add(f"{name} at the apex", ask(kind=kind), "REFUSED")
    for kind, name in ((ANY, "ANY"), (0, "0"), (wire.MAILA, "MAILA"), (wire.MAILB, "MAILB"),
                       (OPT, "OPT"), (TSIG, "TSIG"), (wire.TKEY, "TKEY")):
        add(f"type {name}", ask(kind=kind), NO_DATA, transport="both")
        add(f"type {name}, stranger", ask(kind=kind), NO_DATA, source=STRANGER)
        add(f"type {name}, signed", signed(ask(kind=kind)), NO_DATA, key=UPDATE_KEY,
            answer_signed="any")
    for owner in (".", "example.", "com.", "WwW." + APEX, "sub." + APEX, "x.sub." + APEX,
                  "a.wild." + APEX, "empty." + APEX, "nothere." + APEX):
        add(f"SOA of {owner}", ask(owner), "REFUSED")
    for owner in ("hOsTiLe.ExAmPlE.", "HOSTILE.EXAMPLE."):
        add(f"0x20: {owner}", ask(owner), "NOERROR", transport="both", check=has_one_soa)
    for octet in (0, 1, 10, 13, 34, 39, 46, 92, 37, 127, 128, 255):
        label = bytes([2, octet, octet]) + wire.name(APEX)
        add(f"octets {octet} in a label", ask(label), "REFUSED")
    add("SOA of the zone not loaded", ask(UNLOADED), "SERVFAIL", transport="both")
    add("SOA of the zone not loaded, stranger", ask(UNLOADED), "REFUSED", source=STRANGER)
    return rows


# Names, RFC 1035 4.1.4, 2181 --------------------------------------------------------------------


def chain(hops):
    """A SOA query whose last additional RR has an owner of exactly `hops` pointers."""
    octets = bytearray(wire.message(ident=99, zone=[wire.question(APEX, SOA)]))
    at = 12
    for _ in range(hops):
        here = len(octets)
        octets += wire.pointer(at) + struct.pack("!HHIH", wire.A, IN, 0, 4) + b"\1\2\3\4"
        at = here
    octets[10:12] = struct.pack("!H", hops)
    return bytes(octets)


def rr_flood(count):
    return wire.message(ident=98, zone=[wire.question(APEX, SOA)],
                        third=[wire.record(b"\0", 65280, IN, 0, b"")] * count)


def name_cases():
    rows = []

    def add(name, build, expect, **more):
        rows.append(case("name", name, build, expect, **more))

    def raw(octets, tail=True):
        end = struct.pack("!HH", SOA, IN) if tail else b""
        return lambda _: wire.header(0x1111, 0, (1, 0, 0, 0)) + octets + end

    label = b"\7hostile"
    add("pointer to itself", raw(wire.pointer(12)), "FORMERR", transport="both")
    add("pointer to itself behind a label", raw(b"\1a" + wire.pointer(14)), "FORMERR")
    add("label, then pointer to the label", raw(label + wire.pointer(12)), "FORMERR",
        transport="both")
    add("two pointers in a loop", raw(wire.pointer(14) + wire.pointer(12)), "FORMERR")
    add("pointer forward", raw(wire.pointer(18) + struct.pack("!HH", SOA, IN) + wire.name(APEX)),
        "FORMERR")
    add("pointer to the octet after it", raw(wire.pointer(14) + b"\0"), "FORMERR")
    add("pointer past the end", raw(wire.pointer(0x3FFF)), "FORMERR")
    add("half a pointer", raw(b"\xc0", tail=False), "FORMERR")
    for offset in (0, 2, 4, 6, 11):
        add(f"pointer into the header at {offset}", raw(wire.pointer(offset)),
            ("FORMERR", "REFUSED"))
    for bits in (0x40, 0x41, 0x7F, 0x80, 0xBF):
        add(f"label type 0x{bits:02x}", raw(bytes([bits]) + b"a" * 200 + b"\0"), "FORMERR")
    add("bit label (RFC 2673)", raw(b"\x41\x08\xaa\0"), "FORMERR")
    add("label past the end", raw(b"\77abc", tail=False), "FORMERR")
    add("name without end", raw(label, tail=False), "FORMERR")
    add("no type after the name", raw(wire.name(APEX), tail=False), "FORMERR")
    add("half a type", raw(wire.name(APEX) + b"\0", tail=False), "FORMERR")
    add("no class", raw(wire.name(APEX) + b"\0\6", tail=False), "FORMERR")
    long = b"\77" + b"a" * 63
    add("255 octets", raw(long * 3 + b"\75" + b"b" * 61 + b"\0"), "REFUSED")
    add("256 octets", raw(long * 3 + b"\76" + b"b" * 62 + b"\0"), "FORMERR", transport="both")
    add("257 octets", raw(long * 4 + b"\0"), "FORMERR")
    add("127 labels", raw(b"\1a" * 127 + b"\0"), "REFUSED")
    add("128 labels", raw(b"\1a" * 128 + b"\0"), "FORMERR")
    add("10,000 labels", raw(b"\1a" * 10_000 + b"\0"), "FORMERR", transport="tcp")
    add("255 octets by a pointer",
        lambda _: wire.message(zone=[wire.question(APEX, SOA)], third=[wire.record(
            long * 3 + bytes([61 - len(wire.name(APEX))]) + b"b" * (61 - len(wire.name(APEX)))
            + wire.pointer(12), wire.A, IN, 0, b"\1\2\3\4")]), "NOERROR")
    add("256 octets or more by a pointer",
        lambda _: wire.message(zone=[wire.question(APEX, SOA)], third=[wire.record(
            long * 3 + b"\75" + b"b" * 61 + wire.pointer(12), wire.A, IN, 0, b"\1\2\3\4")]),
        "FORMERR", transport="both")
    for hops in (1, 2, 16, 125, 126):
        add(f"{hops} pointers in a row", lambda _, hops=hops: chain(hops), "NOERROR",
            transport="tcp", check=has_one_soa)
    for hops in (127, 128, 500, 1000):
        add(f"{hops} pointers in a row", lambda _, hops=hops: chain(hops), "FORMERR",
            transport="tcp")
    for count, expect in ((4999, "NOERROR"), (5000, "NOERROR"), (5001, ("FORMERR", "REFUSED")),
                          (5950, ("FORMERR", "REFUSED"))):
        add(f"{count} records", lambda _, count=count: rr_flood(count), expect, transport="tcp")
    bomb = long * 3 + wire.pointer(12)
    add("4,000 names of 200 octets by pointers", lambda _: wire.message(
        zone=[wire.question(APEX, SOA)], third=[wire.record(bomb, 65280, IN, 0, b"")] + [
            wire.record(wire.pointer(12 + len(wire.question(APEX, SOA))), 65280, IN, 0, b"")] * 4000),
        "NOERROR", transport="tcp")
    add("uncompressed name in RDATA past its end", ask(third=[wire.record(
        "x.", NS, IN, 0, b"\5ab")]), ("FORMERR", "NOERROR"))
    add("RDLENGTH past the end", ask(third=[wire.record("x.", wire.A, IN, 0, b"\1\2", 4)]),
        "FORMERR", transport="both")
    add("RDLENGTH 65535", ask(third=[wire.record("x.", wire.A, IN, 0, b"\1\2\3\4", 65535)]),
        "FORMERR")
    add("record header cut", ask(counts=(None, None, None, 1), tail=b"\0\0\1"), "FORMERR")
    return rows


# EDNS, RFC 6891, 7828, 7830, 7871, 7873 ---------------------------------------------------------


def edns_cases():
    rows = []

    def add(name, record, expect="NOERROR", **more):
        records = record if isinstance(record, list) else [record]
        more.setdefault("check", has_opt)
        rows.append(case("edns", name, ask(third=records), expect, **more))

    for size in (0, 1, 511, 512, 1231, 1232, 4096, 65535):
        add(f"size {size}", wire.opt(size), transport="both")
        rows.append(case("edns", f"DNSKEY, size {size}", ask(kind=DNSKEY, third=[wire.opt(size)]),
                         "NOERROR", check=is_truncated))
    for version in (1, 2, 100, 255):
        add(f"version {version}", wire.opt(version=version), "BADVERS", check=version_is_zero,
            transport="both")
    rows.append(case("edns", "version 1 signed", signed(ask(third=[wire.opt(version=1)])), "BADVERS",
                     key=UPDATE_KEY, answer_signed="any", check=version_is_zero))
    rows.append(case("edns", "version 1 in an UPDATE",
                     signed(update(third=[wire.opt(version=1)])), "BADVERS", key=UPDATE_KEY,
                     answer_signed="any", check=version_is_zero))
    add("version 1 with an option past RDLENGTH",
        wire.opt(version=1, options=[(10, b"", 80)]), ("BADVERS", "FORMERR"))
    for extended in (1, 255):
        add(f"extended rcode {extended}", wire.opt(extended=extended))
    add("DO set", wire.opt(flags=0x8000))
    add("Z bits set", wire.opt(flags=0x7FFF), transport="both")
    add("two OPTs", [wire.opt(), wire.opt()], "FORMERR", transport="both", check=None)
    add("two OPTs that differ", [wire.opt(512), wire.opt(4096, version=1)],
        ("FORMERR", "BADVERS"), check=None)
    add("three OPTs", [wire.opt()] * 3, "FORMERR", check=None)
    add("500 OPTs", [wire.opt()] * 500, "FORMERR", transport="tcp", check=None)
    add("owner not root", wire.opt(owner=wire.name("x.")), "FORMERR", transport="both",
        check=None)
    add("owner is the zone by a pointer", wire.opt(owner=wire.pointer(12)), "FORMERR", check=None)
    rows.append(case("edns", "OPT in ANSWER", ask(first=[wire.opt()]), ("FORMERR", "NOERROR")))
    rows.append(case("edns", "OPT in AUTHORITY", ask(second=[wire.opt()]), ("FORMERR", "NOERROR")))
    add("RDLENGTH past the end", wire.opt(rdlength=9), "FORMERR", check=None)
    for size in (1, 2, 3):
        add(f"option header of {size} octets", wire.opt(raw=b"\0\12\0"[:size]), "FORMERR",
            transport="both")
    add("option past RDLENGTH by one", wire.opt(options=[(65001, b"abc", 4)]), "FORMERR",
        transport="both")
    add("option of 65535", wire.opt(options=[(65001, b"abc", 65535)]), "FORMERR")
    add("second option past RDLENGTH", wire.opt(options=[(65001, b"a"), (12, b"", 1)]), "FORMERR")
    for code, data, name in ((65001, b"", "unknown, empty"), (65001, b"x" * 100, "unknown, 100"),
                             (0, b"", "code 0"), (65535, b"z", "code 65535"), (3, b"", "NSID"),
                             (12, b"\0" * 200, "padding"), (12, b"\1" * 7, "padding not zero"),
                             (9, b"", "EXPIRE"), (14, b"\1\2", "key tag"),
                             (15, b"\0\7text", "EDE"), (5, b"\5", "DAU"),
                             (8, b"\0\1\x18\0\xc0\0\2", "client subnet"),
                             (16, b"", "CLIENT-TAG"), (18, b"\0\0", "report channel")):
        add(f"option {name}", wire.opt(options=[(code, data)]), transport="both")
    add("200 options", wire.opt(options=[(65001, b"a")] * 200))
    add("10,000 options", wire.opt(options=[(65001, b"")] * 10_000), transport="tcp")
    for size in (0, 1, 4, 7, 9, 12, 15, 41, 42, 64, 255):
        add(f"cookie of {size}", wire.opt(options=[(10, b"c" * size)]), "FORMERR",
            transport="both")
    add("cookie of 8", wire.opt(options=[(10, b"c" * 8)]), transport="both")
    for size in (16, 17, 24, 32, 39, 40):
        add(f"cookie of {size}, unknown server part", wire.opt(options=[(10, b"c" * size)]),
            ("NOERROR", "BADCOOKIE"))
    add("two cookies", wire.opt(options=[(10, b"c" * 8), (10, b"d" * 8)]), ("NOERROR", "FORMERR"))
    add("bad cookie from a stranger", wire.opt(options=[(10, b"c" * 3)]), ("FORMERR", "REFUSED"),
        source=STRANGER)
    add("keepalive on UDP", wire.opt(options=[(11, b"")]), check=no_keepalive)
    add("keepalive of 2 on UDP", wire.opt(options=[(11, b"\0\1")]), ("NOERROR", "FORMERR"),
        check=no_keepalive)
    add("keepalive on TCP", wire.opt(options=[(11, b"")]), transport="tcp")
    add("keepalive of 2 on TCP", wire.opt(options=[(11, b"\0\1")]), ("NOERROR", "FORMERR"),
        transport="tcp")
    for size in (1, 3, 100):
        add(f"keepalive of {size} on TCP", wire.opt(options=[(11, b"k" * size)]), "FORMERR",
            transport="tcp")
    for data, name in ((b"", "empty"), (b"\0\1\1", "operation 0"), (b"\1\1", "two octets"),
                       (b"\1\3\3", "HELLO"), (b"\x7f\1\1", "unknown operation")):
        add(f"multi-signer option, {name}, in a query", wire.opt(options=[(65010, data)]))
    add("multi-signer option twice in a query",
        wire.opt(options=[(65010, b"\1\3\3"), (65010, b"\1\3\3")]))
    for expect, name, build in (
            ("REFUSED", "REFUSED", ask("other.example.", third=[wire.opt()])),
            ("NOTIMP", "NOTIMP", ask(opcode=2, third=[wire.opt()])),
            ("FORMERR", "FORMERR", fixed(third=[wire.opt()])),
            ("SERVFAIL", "SERVFAIL", ask(UNLOADED, third=[wire.opt()])),
            ("REFUSED", "UPDATE REFUSED", update(third=[wire.opt()])),
            ("NOTAUTH", "UPDATE NOTAUTH", update(zone="other.example.", third=[wire.opt()]))):
        rows.append(case("edns", f"OPT in the answer {name}", build, expect, check=has_opt,
                         transport="both"))
    rows.append(case("edns", "OPT in the answer BADKEY",
                     signed(ask(third=[wire.opt()]), UNKNOWN_KEY), "NOTAUTH/BADKEY",
                     key=UNKNOWN_KEY, check=has_opt))
    rows.append(case("edns", "OPT in a signed answer", signed(ask(third=[wire.opt()])), "NOERROR",
                     key=UPDATE_KEY, check=has_opt))
    return rows


# TSIG, RFC 8945 ---------------------------------------------------------------------------------


def tsig_cases():
    rows = []
    clock_keys = iter(CLOCK_KEYS)

    def add(name, build, expect, **more):
        more.setdefault("key", UPDATE_KEY)
        more.setdefault("source", STRANGER)
        rows.append(case("tsig", name, build, expect, **more))

    def both(name, expect, key=UPDATE_KEY, **defects):
        """The same defect on a SOA query and on an UPDATE that would change the zone."""
        add(name, signed(ask(), key, **defects), expect, key=key)
        add(name + ", UPDATE", signed(update(new_key(250)), key, **defects), expect, key=key,
            transport="both")

    def malformed(name, expect="FORMERR", **defects):
        add(name, signed(ask(), **defects), expect, answer_signed="any")
        add(name + ", UPDATE", signed(update(new_key(251)), **defects), expect,
            answer_signed="any", transport="both")

    # A MAC of impossible length is FORMERR; that the error field says BADSIG does no harm.
    impossible = ("FORMERR", "FORMERR/BADSIG")

    for key in (UPDATE_KEY, KEY_384, KEY_512):
        add(f"good {key.short_algorithm}", signed(ask(), key), "NOERROR", key=key,
            transport="both", check=has_one_soa)
        add(f"good {key.short_algorithm}, empty UPDATE", signed(update(), key), "NOERROR", key=key,
            transport="both")
    add("key name in capitals", signed(ask(), owner="MSA-Update."), "NOERROR")
    add("algorithm in capitals", signed(ask(), algorithm="HMAC-SHA256."), "NOERROR")
    add("original ID differs (forwarded)", signed(ask(), original=77, digest_id=77), "NOERROR")
    both("original ID not in the MAC", "NOTAUTH/BADSIG", original=77, digest_id=78)
    both("unknown key", "NOTAUTH/BADKEY", key=UNKNOWN_KEY)
    both("unknown key, root", "NOTAUTH/BADKEY", key=wire.Key("\0", "hmac-sha256.", b"x" * 32),
         owner=b"\0")
    both("unknown key, 255 octets", "NOTAUTH/BADKEY", key=UNKNOWN_KEY,
         owner=(b"\77" + b"k" * 63) * 3 + b"\75" + b"k" * 61 + b"\0")
    for algorithm in ("hmac-sha512.", "hmac-sha1.", "hmac-md5.sig-alg.reg.int.", "gss-tsig.",
                      "nonsense.", ".", "hmac-sha256.example."):
        both(f"algorithm {algorithm} for the key", "NOTAUTH/BADKEY", algorithm=algorithm)
    both("wrong secret", "NOTAUTH/BADSIG", secret=b"something else altogether")
    both("MAC all zero", "NOTAUTH/BADSIG", mac=bytes(32))
    both("first bit of the MAC", "NOTAUTH/BADSIG",
         mac=lambda good: bytes([good[0] ^ 128]) + good[1:])
    both("last bit of the MAC", "NOTAUTH/BADSIG",
         mac=lambda good: good[:-1] + bytes([good[-1] ^ 1]))
    both("MAC of another message", "NOTAUTH/BADSIG", covered=b"\0" * 30)
    both("MAC as of an answer", "NOTAUTH/BADSIG", prior=b"p" * 32)
    both("MAC with timers only", "NOTAUTH/BADSIG", timers_only=True)
    for size in (1, 8, 9, 10, 15, 33, 48, 64, 255):
        malformed(f"MAC of {size} octets", impossible, truncate=size)
    add("MAC of no octets", signed(ask(), truncate=0), (*impossible, "NOTAUTH/BADSIG"),
        answer_signed="any")
    add("MAC of no octets, UPDATE", signed(update(new_key(250)), truncate=0),
        (*impossible, "NOTAUTH/BADSIG"), answer_signed="any", transport="both")
    for size in (16, 20, 31):
        add(f"MAC truncated to {size}", signed(ask(), truncate=size),
            ("NOERROR", "NOTAUTH/BADTRUNC"))
        add(f"wrong MAC truncated to {size}", signed(ask(), truncate=size, mac=b"w" * 32),
            "NOTAUTH/BADSIG")
    add("unknown key, MAC too short", signed(ask(), UNKNOWN_KEY, truncate=3),
        ("NOTAUTH/BADKEY", "FORMERR"), key=UNKNOWN_KEY, answer_signed="any")
    for size, key in ((23, KEY_384), (31, KEY_512)):
        add(f"{key.short_algorithm} MAC of {size}", signed(ask(), key, truncate=size), impossible,
            key=key, answer_signed="any")

    # Time: each row has a key of its own, since a good time in the future ages all later ones.
    for shift in ("-301", "-310", "-3600", "-86400", "+310", "+3600", "+86400"):
        key = next(clock_keys)
        add(f"time {shift} s", signed(ask(), key, when=shift), "NOTAUTH/BADTIME", key=key,
            check=time_is_echoed(shift))
        add(f"time {shift} s, UPDATE", signed(update(new_key(252)), key, when=shift),
            "NOTAUTH/BADTIME", key=key, check=time_is_echoed(shift), transport="both")
    key = next(clock_keys)
    add("time 0", signed(ask(), key, when=0), "NOTAUTH/BADTIME", key=key,
        check=time_is_echoed(0))
    add("time 2^48-1", signed(ask(), key, when=2**48 - 1), "NOTAUTH/BADTIME", key=key)
    add("time 2^32", signed(ask(), key, when=2**32), "NOTAUTH/BADTIME", key=key)
    add("bad time and bad MAC: MAC first", signed(ask(), key, when="-9999", mac=bytes(32)),
        "NOTAUTH/BADSIG", key=key)
    add("fudge 0, time -5 s", signed(ask(), key, when="-5", fudge=0), "NOTAUTH/BADTIME", key=key)
    for shift, expect in (("-290", "NOERROR"), ("+290", "NOERROR")):
        key = next(clock_keys)
        add(f"time {shift} s is within fudge", signed(ask(), key, when=shift), expect, key=key)
    # A query changes nothing and may come late; signers ask in parallel.
    add("older than the last time of this key, query", signed(ask(), key), "NOERROR", key=key)
    add("UPDATE without changes, +290 s", signed(update(), key, when="+290"), "NOERROR", key=key)
    add("older than the last time, UPDATE (RFC 8945 5.2.3)", signed(update(new_key(253)), key),
        "NOTAUTH/BADTIME", key=key, transport="both", check=time_is_echoed("+0"))
    key = next(clock_keys)
    add("fudge 65535", signed(ask(), key, when="-60000", fudge=65535),
        ("NOERROR", "NOTAUTH/BADTIME"), key=key)

    malformed("class IN", group=IN)
    malformed("class NONE", group=NONE)
    malformed("class 0", group=0)
    malformed("TTL 1", ttl=1)
    malformed("TTL 2^31", ttl=0x80000000)
    malformed("MAC size past the end", mac_size=2000)
    malformed("other size past the end", other_size=50)
    malformed("RDLENGTH past the end", rdlength=200)
    for cut in (0, 1, 12, 13, 18, 21, 23, 25, 50, 57, 60):
        malformed(f"RDATA cut to {cut}", rdata=lambda full, cut=cut: full[:cut])
    malformed("octets after other data", rdata=lambda full: full + b"zz")
    add("error field set", signed(ask(), error=wire.BADTIME), ("NOERROR", "FORMERR"),
        answer_signed="any")
    add("other data of 6", signed(ask(), other=b"\0" * 6), ("NOERROR", "FORMERR"),
        answer_signed="any")
    add("other data of 1000", signed(ask(), other=b"o" * 1000), ("NOERROR", "FORMERR"),
        answer_signed="any", transport="tcp")

    def after(extra, key=UPDATE_KEY, build=ask()):
        def make(context):
            octets, mac = wire.sign(build(context), key)
            return wire.add_additional(octets, extra), mac
        return make

    add("OPT after TSIG", after(wire.opt()), "FORMERR", answer_signed="any", transport="both")
    add("A after TSIG", after(wire.record("x.", wire.A, IN, 0, b"\1\2\3\4")), "FORMERR",
        answer_signed="any")
    add("A after TSIG, UPDATE", after(wire.record("x.", wire.A, IN, 0, b"\1\2\3\4"),
                                      build=update(new_key(250))), "FORMERR", answer_signed="any")

    def twice(context):
        octets, _ = wire.sign(ask()(context), UPDATE_KEY)
        return wire.sign(octets, UPDATE_KEY)

    add("two TSIGs", twice, "FORMERR", answer_signed="any", transport="both")

    def in_section(place):
        row = wire.record(UPDATE_KEY.name, TSIG, CLASS_ANY, 0, wire.tsig_rdata(
            UPDATE_KEY.algorithm, int(time.time()), 300, b"m" * 32, 0))
        return ask(**{place: [row]})

    add("TSIG in ANSWER", in_section("first"), "FORMERR", answer_signed="any")
    add("TSIG in AUTHORITY", in_section("second"), "FORMERR", answer_signed="any")
    add("TSIG in the update section", update(wire.record(
        UPDATE_KEY.name, TSIG, CLASS_ANY, 0, b"")), ("FORMERR", "REFUSED"), answer_signed="any")
    add("TSIG with empty RDATA", ask(third=[wire.record(UPDATE_KEY.name, TSIG, CLASS_ANY)]),
        "FORMERR", answer_signed="any")
    add("algorithm name by a pointer", signed(ask(), rdata=lambda full: wire.pointer(12) + full[13:]),
        ("FORMERR", "NOTAUTH/BADKEY"), answer_signed="any")
    add("algorithm name by a pointer loop", signed(ask(), rdata=lambda full: b"\xc0\xff" + full[13:]),
        ("FORMERR", "NOTAUTH/BADKEY"), answer_signed="any")

    def compressed_owner(context):
        octets = wire.message(zone=[wire.question("x." + UPDATE_KEY.name, SOA)])
        return wire.sign(octets, UPDATE_KEY, owner=wire.pointer(14))

    add("key name compressed", compressed_owner, "REFUSED")
    add("key without rights", signed(ask(), IDLE_KEY), "REFUSED", key=IDLE_KEY, transport="both")
    add("key without rights, UPDATE", signed(update(new_key(250)), IDLE_KEY), "REFUSED",
        key=IDLE_KEY)
    add("signer's key from elsewhere", signed(ask(), SIGNER_KEY), "REFUSED", key=SIGNER_KEY)
    add("signer's key", signed(ask(), SIGNER_KEY), "NOERROR", key=SIGNER_KEY, source=SIGNER,
        check=has_one_soa, transport="both")
    add("signer's key, UPDATE", signed(update(new_key(250)), SIGNER_KEY), "REFUSED",
        key=SIGNER_KEY, source=SIGNER, transport="both")
    add("good key on a zone not ours", signed(ask("other.example.")), "REFUSED")
    add("good key, zone not loaded", signed(ask(UNLOADED)), "SERVFAIL")
    add("TKEY query (CVE-2015-5477)", ask("x.", wire.TKEY, CLASS_ANY, third=[wire.record(
        "x.", wire.TKEY, CLASS_ANY, 0, wire.name("gss-tsig.") + bytes(16))]), NO_DATA,
        answer_signed="any", transport="both")
    add("TKEY query signed", signed(ask("x.", wire.TKEY, third=[wire.record(
        "x.", wire.TXT, IN, 0, b"\1x")])), NO_DATA, answer_signed="any")
    return rows


# SIG(0), RFC 2931 -------------------------------------------------------------------------------


def sig0(covered=0, owner=b"\0", group=CLASS_ANY, ttl=0, signature=b"s" * 64, cut=None,
         signer="msa.provider.example."):
    now = int(time.time())
    rdata = struct.pack("!HBBIIIH", covered, 15, 0, 0, now + 300, now - 300, 4711) + wire.name(
        signer) + signature
    return wire.record(owner, wire.SIG, group, ttl, rdata[:cut])


def sig0_cases():
    refused = ("REFUSED", "NOTAUTH", "FORMERR", "NOTIMP")
    rows = []

    def add(name, records, **more):
        rows.append(case("sig0", name, lambda c: ask(third=records())(c), ("NOERROR", *refused),
                         **more))
        rows.append(case("sig0", name + ", UPDATE",
                         lambda c: update(new_key(250), third=records())(c), refused,
                         transport="both", **more))

    add("present", lambda: [sig0()])
    add("two", lambda: [sig0(), sig0()])
    add("not last", lambda: [sig0(), wire.opt()])
    add("covers a type", lambda: [sig0(covered=SOA)])
    add("owner not root", lambda: [sig0(owner=wire.name("x."))])
    add("class IN", lambda: [sig0(group=IN)])
    add("empty RDATA", lambda: [sig0(cut=0)])
    add("RDATA cut in the signer name", lambda: [sig0(cut=20)])
    add("empty signature", lambda: [sig0(signature=b"")])
    add("RRSIG instead", lambda: [wire.record(b"\0", wire.RRSIG, CLASS_ANY, 0, b"\0" * 40)])
    rows.append(case("sig0", "together with TSIG", signed(lambda c: ask(third=[sig0()])(c)),
                     "FORMERR", key=UPDATE_KEY, answer_signed="any"))
    rows.append(case("sig0", "together with TSIG, UPDATE",
                     signed(lambda c: update(new_key(250), third=[sig0()])(c)), "FORMERR",
                     key=UPDATE_KEY, answer_signed="any"))
    return rows


# UPDATE, RFC 2136 -------------------------------------------------------------------------------


def new_key(number):
    """An addition that would be seen: a DNSKEY that is not in the zone."""
    return wire.record(APEX, DNSKEY, IN, OVERLAY_TTL, A_KEY + bytes([number]) * 256)


def put(owner=APEX, kind=DNSKEY, rdata=b"", group=IN, ttl=OVERLAY_TTL, **more):
    return wire.record(owner, kind, group, ttl, rdata, **more)


def below(label):
    return f"{label}.{APEX}"


# RDATA that is right for its type, for types that are none of the combiner's business.
OTHER_TYPES = {
    "A": (1, b"\1\2\3\4"), "AAAA": (28, b"\1" * 16), "TXT": (16, b"\1x"), "MX": (15, b"\0\1\1m\0"),
    "SOA": (6, wire.soa_rdata("a.", "b.", 0xFFFFFF00)), "CNAME": (5, b"\1c\0"),
    "DNAME": (39, b"\1d\0"), "PTR": (12, b"\1p\0"), "SRV": (33, b"\0\1\0\1\0\1\1s\0"),
    "DS": (43, b"\0\1\x0d\2" + b"d" * 32), "KEY": (25, b"\2\0\3\x0f" + b"k" * 32),
    "RRSIG": (46, struct.pack("!HBBIIIH", 48, 13, 2, 300, 2**31, 1, 7) + b"\0" + b"s" * 64),
    "NSEC": (47, b"\1n\0\0\1\x40"), "NSEC3": (50, b"\1\0\0\0\0\x14" + b"h" * 20 + b"\0\1\x40"),
    "NSEC3PARAM": (51, b"\1\0\0\0\0"), "ZONEMD": (63, b"\0\0\0\1\1\1" + b"z" * 48),
    "TLSA": (52, b"\3\1\1" + b"t" * 32), "CAA": (257, b"\0\5issue;"), "URI": (256, b"\0\1\0\1http:"),
    "SVCB": (64, b"\0\1\0"), "HTTPS": (65, b"\0\1\0"), "MSIGNER": (65281, b"\1\1m\0"),
    "TYPE65280": (65280, b"x"), "TYPE65534": (65534, b""), "HINFO": (13, b"\1a\1b"),
    "NAPTR": (35, b"\0\1\0\1\0\0\0\0"),
}
METATYPES = {"OPT": OPT, "TKEY": wire.TKEY, "TSIG": TSIG, "IXFR": IXFR, "AXFR": AXFR,
             "MAILB": wire.MAILB, "MAILA": wire.MAILA, "ANY": ANY}


def zone_section_cases():
    rows = []

    def add(name, build, expect, **more):
        rows.append(case("update zone", name, signed(build), expect, key=UPDATE_KEY,
                         transport="both", **more))
        rows.append(case("update zone", name + ", unsigned", build, (
            {expect, "REFUSED"} if isinstance(expect, str) else {*expect, "REFUSED"}),
            source=STRANGER))

    one = wire.question(APEX, SOA)
    add("ZOCOUNT 0", fixed(opcode=5), "FORMERR", answer_signed="any")
    add("ZOCOUNT 0 with changes", fixed(opcode=5, second=[new_key(250)]), "FORMERR",
        answer_signed="any")
    add("ZOCOUNT 2", fixed(opcode=5, zone=[one, one]), "FORMERR", answer_signed="any")
    add("ZOCOUNT 65535", fixed(opcode=5, zone=[one], counts=(65535, None, None, None)), "FORMERR",
        answer_signed="any")
    for kind, name in ((wire.A, "A"), (NS, "NS"), (ANY, "ANY"), (AXFR, "AXFR"), (0, "0"),
                       (DNSKEY, "DNSKEY")):
        add(f"ZTYPE {name}", update(new_key(250), kind=kind), "FORMERR", answer_signed="any")
    for group, name in ((CH, "CH"), (NONE, "NONE"), (CLASS_ANY, "ANY"), (0, "0")):
        add(f"ZCLASS {name}", update(new_key(250), group=group), (*NO_DATA, "NOTAUTH"),
            answer_signed="any")
    for owner in ("other.example.", "example.", ".", below("WwW"), below("sub"),
                  "hostile.example.com."):
        add(f"zone {owner}", update(zone=owner), "NOTAUTH")
    add("zone not loaded", update(zone=UNLOADED), "SERVFAIL")
    rows.append(case("update zone", "name in capitals", signed(update(zone=APEX.upper())), "NOERROR",
                     key=UPDATE_KEY))
    return rows


def prerequisite_cases():
    rows = []

    def add(name, *prerequisites, expect, changes=None, **more):
        changes = [new_key(249)] if changes is None and expect != "NOERROR" else (changes or [])
        build = update(*changes, prerequisites=prerequisites)
        rows.append(case("prerequisite", name, signed(build), expect, key=UPDATE_KEY, **more))
        rows.append(case("prerequisite", name + ", unsigned: no oracle", build,
                         ("REFUSED", "FORMERR") if "FORMERR" in expect else "REFUSED",
                         source=STRANGER))

    def need(owner, kind, group, ttl=0, rdata=b""):
        return wire.record(owner, kind, group, ttl, rdata)

    for ttl in (1, 300, 0x80000000, 0xFFFFFFFF):
        add(f"TTL {ttl}, class ANY", need(APEX, SOA, CLASS_ANY, ttl), expect="FORMERR")
        add(f"TTL {ttl}, class NONE", need(APEX, wire.A, NONE, ttl), expect="FORMERR")
        # RFC 2181 8: a TTL with its highest bit set counts as zero, which is right here.
        if ttl < 0x80000000:
            add(f"TTL {ttl}, class IN", need(APEX, CDNSKEY, IN, ttl, CDNSKEY_SET[0]),
                expect="FORMERR")
    for group, name in ((CLASS_ANY, "ANY"), (NONE, "NONE"), (IN, "IN")):
        rdata = b"\1\2\3\4" if group == IN else b""
        for owner in ("other.example.", "example.", ".", "xhostile.example."):
            add(f"{owner} class {name}", need(owner, wire.A, group, 0, rdata), expect="NOTZONE")
    add("ANY with RDATA", need(APEX, wire.A, CLASS_ANY, 0, b"\1\2\3\4"), expect="FORMERR")
    add("NONE with RDATA", need(APEX, wire.A, NONE, 0, b"\1\2\3\4"), expect="FORMERR")
    add("ANY ANY with RDATA", need(APEX, ANY, CLASS_ANY, 0, b"\0"), expect="FORMERR")
    for group in (0, CH, HS, 2, 253, 65535):
        add(f"class {group}", need(APEX, wire.A, group, 0, b"\1\2\3\4"), expect="FORMERR")
    add("name in use", need(below("WwW"), ANY, CLASS_ANY), expect="NOERROR")
    add("name in use, other case", need(below("www").upper(), ANY, CLASS_ANY), expect="NOERROR")
    add("name not in use", need(below("nothere"), ANY, CLASS_ANY), expect="NXDOMAIN")
    add("empty non-terminal is not in use", need(below("empty"), ANY, CLASS_ANY),
        expect="NXDOMAIN")
    add("wildcard does not match", need(below("a.wild"), ANY, CLASS_ANY), expect="NXDOMAIN")
    add("the wildcard itself", need(below("*.wild"), ANY, CLASS_ANY), expect="NOERROR")
    add("RRset exists", need(APEX, DNSKEY, CLASS_ANY), expect="NOERROR")
    add("RRset exists not", need(APEX, wire.CAA, CLASS_ANY), expect="NXRRSET")
    add("RRset of an unknown type exists", need(below("opaque"), 65280, CLASS_ANY),
        expect="NOERROR")
    add("RRset at an absent name", need(below("nothere"), wire.A, CLASS_ANY), expect="NXRRSET")
    add("CNAME is not followed", need(below("alias"), wire.A, CLASS_ANY), expect="NXRRSET")
    add("name must not be in use", need(below("nothere"), ANY, NONE), expect="NOERROR")
    add("name must not be in use, but is", need(below("WwW"), ANY, NONE), expect="YXDOMAIN")
    add("apex must not be in use", need(APEX, ANY, NONE), expect="YXDOMAIN")
    add("RRset must not exist", need(APEX, wire.CAA, NONE), expect="NOERROR")
    add("RRset must not exist, but does", need(APEX, SOA, NONE), expect="YXRRSET")
    add("overlay RRset must not exist, but does", need(APEX, CDS, NONE), expect="YXRRSET")
    add("glue must not exist, but does", need("ns.sub." + APEX, wire.A, NONE), expect="YXRRSET")
    cds = [need(APEX, CDS, IN, 0, rdata) for rdata in CDS_SET]
    add("values are the set", *cds, expect="NOERROR")
    add("values are the set, other order", *reversed(cds), expect="NOERROR")
    add("values are the set, one twice", *cds, cds[0], expect=("NOERROR", "NXRRSET", "FORMERR"),
        changes=[])
    add("values are a part", cds[0], expect="NXRRSET")
    add("values are more", *cds, need(APEX, CDS, IN, 0, CDS_SET[0][:4] + b"z" * 32),
        expect="NXRRSET")
    add("values of an absent RRset", need(APEX, wire.TXT, IN, 0, b"\1y"), expect="NXRRSET")
    add("values at an absent name", need(below("nothere"), wire.A, IN, 0, b"\1\2\3\4"),
        expect="NXRRSET")
    ns = [need(APEX, NS, IN, 0, wire.name(f"{label}.{APEX}")) for label in ("NS1", "ns2")]
    add("values of NS, names in other case", *ns, expect="NOERROR")
    add("values of NS, compressed", *[need(APEX, NS, IN, 0, b"\3" + label + wire.pointer(12))
                                      for label in (b"ns1", b"ns2")], expect="NOERROR")
    add("values of NS with octets after the name", need(APEX, NS, IN, 0, b"\1x\0zz"),
        expect=("FORMERR", "NXRRSET"), answer_signed="any")
    add("values of A of three octets", need(below("WwW"), wire.A, IN, 0, b"\1\2\3"),
        expect=("FORMERR", "NXRRSET"), answer_signed="any")
    for name, kind in METATYPES.items():
        if kind == ANY:
            continue
        add(f"metatype {name}, class IN", need(APEX, kind, IN, 0, b""),
            expect=("FORMERR", "NXRRSET", "REFUSED"), answer_signed="any")
    add("first good, second not", need(APEX, SOA, CLASS_ANY), need(below("nothere"), ANY, CLASS_ANY),
        expect="NXDOMAIN")
    add("first fails, second malformed", need(below("nothere"), ANY, CLASS_ANY),
        need(APEX, wire.A, CH, 0, b""), expect=("NXDOMAIN", "FORMERR"))
    add("failed, and the change is forbidden: the refusal comes first",
        need(below("nothere"), ANY, CLASS_ANY), expect="REFUSED",
        changes=[put(below("WwW"), wire.A, b"\1\2\3\4")])
    add("met, and the change is forbidden", need(APEX, SOA, CLASS_ANY), expect="REFUSED",
        changes=[put(below("WwW"), wire.A, b"\1\2\3\4")])
    add("failed, and the change is malformed", need(below("nothere"), ANY, CLASS_ANY),
        expect=("FORMERR", "NXDOMAIN"), changes=[put(group=CH)])
    return rows


def prescan_cases():
    rows = []

    def add(name, *changes, expect, **more):
        build = update(*changes)
        rows.append(case("update", name, signed(build), expect, key=UPDATE_KEY, **more))
        if expect == "NOERROR":
            rows.append(case("update", name + ", unsigned", build, "REFUSED", source=STRANGER,
                             transport=more.get("transport", "udp")))
        else:
            rows.append(case("update", name + ", behind a good change",
                             signed(update(new_key(248), *changes)), expect, key=UPDATE_KEY,
                             **more))

    for group, name in ((IN, "IN"), (CLASS_ANY, "ANY"), (NONE, "NONE")):
        ttl = OVERLAY_TTL if group == IN else 0
        rdata = b"" if group == CLASS_ANY else DNSKEYS[0]
        for owner in ("other.example.", "example.", "."):
            add(f"{owner} class {name}", put(owner, DNSKEY, rdata, group, ttl), expect="NOTZONE")
    for group in (0, 2, CH, HS, 253, 65535):
        add(f"class {group}", put(rdata=DNSKEYS[0], group=group), expect="FORMERR")
    for name, kind in METATYPES.items():
        add(f"metatype {name}, class IN", put(kind=kind, rdata=b"x"), expect="FORMERR",
            answer_signed="any")
        if kind != ANY:
            add(f"metatype {name}, class NONE", put(kind=kind, rdata=b"x", group=NONE, ttl=0),
                expect="FORMERR", answer_signed="any")
            expect = "FORMERR" if kind in (AXFR, wire.MAILA, wire.MAILB) else ("FORMERR", "REFUSED")
            add(f"metatype {name}, class ANY", put(kind=kind, group=CLASS_ANY, ttl=0),
                expect=expect, answer_signed="any")
    add("metatype ANY, class NONE", put(kind=ANY, rdata=b"x", group=NONE, ttl=0), expect="FORMERR",
        answer_signed="any")
    for kind, name in ((DNSKEY, "DNSKEY"), (NS, "NS"), (CDS, "CDS")):
        add(f"{name} class ANY, TTL 1", put(kind=kind, group=CLASS_ANY, ttl=1), expect="FORMERR")
        add(f"{name} class ANY, RDATA", put(kind=kind, rdata=b"\0", group=CLASS_ANY, ttl=0),
            expect="FORMERR")
        add(f"{name} class NONE, TTL 1", put(kind=kind, rdata={
            DNSKEY: DNSKEYS[0], NS: wire.name(below("ns1")), CDS: CDS_SET[0]}[kind], group=NONE,
            ttl=1), expect="FORMERR")
    add("type 0, class IN", put(kind=0, rdata=b"x"), expect=("FORMERR", "REFUSED"))
    add("type 0, class ANY", put(kind=0, group=CLASS_ANY, ttl=0), expect=("FORMERR", "REFUSED"))
    add("type 0, class NONE", put(kind=0, rdata=b"x", group=NONE, ttl=0),
        expect=("FORMERR", "REFUSED"))
    add("delete what is not there", put(rdata=A_KEY + b"\x77" * 256, group=NONE, ttl=0),
        expect="NOERROR")
    add("add what is there", put(rdata=DNSKEYS[0]), expect="NOERROR")
    add("add all that is there", *[put(kind=kind, rdata=rdata) for kind, rdata in OVERLAY],
        expect="NOERROR", transport="tcp")
    add("apex NS RRset, class ANY: ignored (3.4.2.3)", put(kind=NS, group=CLASS_ANY, ttl=0),
        expect="NOERROR")
    add("empty", expect="NOERROR")
    add("1,000 deletions of absent keys",
        *[put(rdata=A_KEY + struct.pack("!H", n) * 8, group=NONE, ttl=0) for n in range(1000)],
        expect="NOERROR", transport="tcp")
    add("1,001 changes",
        *[put(rdata=A_KEY + struct.pack("!H", n) * 8, group=NONE, ttl=0) for n in range(1001)],
        expect=("REFUSED", "FORMERR", "SERVFAIL"), transport="tcp", answer_signed="any")
    add("1,001 additions",
        *[put(rdata=A_KEY + struct.pack("!H", n) * 8) for n in range(1001)],
        expect=("REFUSED", "FORMERR", "SERVFAIL"), transport="tcp", answer_signed="any")
    add("RDLENGTH past the end", put(rdata=DNSKEYS[0], rdlength=400), expect="FORMERR",
        answer_signed="any")
    rows.append(case("update", "a change in ADDITIONAL is ignored",
                     signed(update(third=[new_key(243)])), "NOERROR", key=UPDATE_KEY))
    return rows


def policy_cases():
    rows = []

    def add(name, *changes, **more):
        rows.append(case("policy", name, signed(update(*changes)), "REFUSED", key=UPDATE_KEY,
                         **more))

    for name, (kind, rdata) in OTHER_TYPES.items():
        add(f"{name} at the apex", put(kind=kind, rdata=rdata))
        add(f"{name} at the apex, delete RRset", put(kind=kind, group=CLASS_ANY, ttl=0))
        add(f"{name} at the apex, delete one", put(kind=kind, rdata=rdata, group=NONE, ttl=0))
        add(f"{name} below", put(below("WwW"), kind, rdata))
        add(f"{name} behind a good change", new_key(247), put(kind=kind, rdata=rdata))
    for kind, rdata in ((NS, wire.name("ns.other.example.")), (DNSKEY, DNSKEYS[0]),
                        (CDS, CDS_SET[0]), (CDNSKEY, CDNSKEY_SET[0]), (CSYNC, CSYNC_SET[0])):
        for label in ("WwW", "sub", "nothere", "*", "a.b.c"):
            add(f"type {kind} at {label}", put(below(label), kind, rdata))
        add(f"type {kind} below, delete RRset", put(below("sub"), kind, group=CLASS_ANY, ttl=0))
        add(f"type {kind} below, delete one", put(below("sub"), kind, rdata, NONE, 0))
        add(f"type {kind} below, before a good change", put(below("sub"), kind, rdata),
            new_key(246))
    for label in ("WwW", "sub", "nothere"):
        add(f"delete all at {label}", put(below(label), ANY, group=CLASS_ANY, ttl=0))
    return rows


def rdata_cases():
    """Malformed RDATA of each controlled type must never be stored."""
    rows = []

    def add(name, kind, rdata, expect="FORMERR", **more):
        rows.append(case("rdata", name, signed(update(put(kind=kind, rdata=rdata))), expect,
                         key=UPDATE_KEY, answer_signed="any", transport="tcp" if
                         len(rdata) > 1000 else "udp", **more))
        rows.append(case("rdata", name + ", behind a good change",
                         signed(update(new_key(245), put(kind=kind, rdata=rdata))), expect,
                         key=UPDATE_KEY, answer_signed="any", transport="tcp" if
                         len(rdata) > 600 else "udp", **more))
        rows.append(case("rdata", name + ", deleted",
                         signed(update(put(kind=kind, rdata=rdata, group=NONE, ttl=0))),
                         ("FORMERR", "REFUSED", "NOERROR"), key=UPDATE_KEY, answer_signed="any",
                         transport="tcp" if len(rdata) > 1000 else "udp", **more))

    long = b"\77" + b"n" * 63
    for name, rdata in (
            ("empty", b""), ("without end", b"\2ns"), ("label past the end", b"\5ns\0"),
            ("octet after the name", b"\2ns\0\0"), ("two names", b"\2ns\0\2ns\0"),
            ("label type 0x40", b"\x40" + b"a" * 64 + b"\0"), ("label type 0x80", b"\x80\0"),
            ("257 octets", long * 4 + b"\0"), ("128 labels", b"\1a" * 128 + b"\0"),
            ("half a pointer", b"\xc0"), ("pointer past the end", b"\xff\xff"),
            ("pointer to itself", b"\xc0\x30"), ("octet after a pointer", b"\2ns\xc0\x0c\0")):
        add(f"NS {name}", NS, rdata)
    short = (b"", b"\1", b"\1\1", b"\1\1\3", b"\1\1\3\x0d")
    for kind, label in ((DNSKEY, "DNSKEY"), (CDNSKEY, "CDNSKEY")):
        for rdata in short:
            add(f"{label} of {len(rdata)} octets", kind, rdata)
        semantic = ("FORMERR", "REFUSED")
        add(f"{label} protocol 0", kind, b"\1\1\0\x0d" + b"k" * 64, semantic)
        add(f"{label} protocol 2", kind, b"\1\1\2\x0d" + b"k" * 64, semantic)
        add(f"{label} P-256 of 63 octets", kind, b"\1\1\3\x0d" + b"k" * 63, semantic)
        add(f"{label} P-256 of 65 octets", kind, b"\1\1\3\x0d" + b"k" * 65, semantic)
        add(f"{label} P-384 of 64 octets", kind, b"\1\1\3\x0e" + b"k" * 64, semantic)
        add(f"{label} Ed25519 of one octet", kind, b"\1\1\3\x0f" + b"k", semantic)
        add(f"{label} Ed25519 of 64 octets", kind, b"\1\1\3\x0f" + b"k" * 64, semantic)
        add(f"{label} Ed448 of 32 octets", kind, b"\1\1\3\x10" + b"k" * 32, semantic)
        add(f"{label} RSA exponent past the end", kind, b"\1\1\3\x08" + b"\x80\1\0\1", semantic)
        add(f"{label} RSA long exponent length cut", kind, b"\1\1\3\x08" + b"\0\1", semantic)
        add(f"{label} RSA without modulus", kind, b"\1\1\3\x08" + b"\3\1\0\1", semantic)
        add(f"{label} RSA without exponent", kind, b"\1\1\3\x08" + b"\0\0\0" + b"m" * 128, semantic)
    for rdata in short[:-1]:
        add(f"CDS of {len(rdata)} octets", CDS, rdata)
    add("CDS without digest", CDS, b"\1\1\x0d\2")
    add("CDS delete with a digest of two", CDS, b"\0\0\0\0\0\0", ("FORMERR", "REFUSED"))
    for kind, size in ((1, 20), (2, 32), (4, 48)):
        for wrong in (1, size - 1, size + 1):
            add(f"CDS digest type {kind} of {wrong}", CDS, b"\1\1\x0d" + bytes([kind])
                + b"d" * wrong, ("FORMERR", "REFUSED"))
    for size in range(6):
        add(f"CSYNC of {size} octets", CSYNC, b"\0\0\0\0\0\1"[:size])
    for name, bitmap in (
            ("window without length", b"\0"), ("window of no octets", b"\0\0"),
            ("window of 33 octets", b"\0\x21" + b"\1" * 33), ("window cut", b"\0\4\x60"),
            ("windows out of order", b"\1\1\x40\0\1\x40"), ("a window twice", b"\0\1\x40\0\1\x40"),
            ("zeros at the end", b"\0\5\x60\0\0\x08\0"), ("window of zeros", b"\0\1\0")):
        add(f"CSYNC {name}", CSYNC, struct.pack("!IH", 0, 1) + bitmap)
    for name, kind, rdata in (("A of 3", 1, b"\1\2\3"), ("A of 5", 1, b"\1\2\3\4\5"),
                              ("AAAA of 15", 28, b"\1" * 15), ("MX without name", 15, b"\0\1"),
                              ("SOA cut", 6, b"\0\0\0\0"), ("TXT past the end", 16, b"\7x"),
                              ("SRV compressed past the end", 33, b"\0\0\0\0\0\0\xff\xff"),
                              ("RRSIG of 4", 46, b"\0\0\0\0"), ("NSEC3 of 2", 50, b"\1\0"),
                              ("SVCB cut", 64, b"\0"), ("URI without target", 256, b"\0\1\0\1")):
        add(f"other type: {name}", kind, rdata, ("FORMERR", "REFUSED"))
    return rows


def update_access_cases():
    rows = []

    def add(name, build, expect, **more):
        rows.append(case("update access", name, build, expect, transport="both", **more))

    good = update(new_key(244))
    add("unsigned, friend", good, "REFUSED")
    add("unsigned, stranger", good, "REFUSED", source=STRANGER)
    add("unsigned, primary", good, "REFUSED", source=PRIMARY)
    add("unsigned, empty", update(), "REFUSED")
    add("unsigned, not our zone", update(zone="other.example."), "NOTAUTH", source=STRANGER)
    add("unsigned, with EDNS", update(new_key(244), third=[wire.opt()]), "REFUSED")
    add("unsigned, forbidden change", update(put(below("WwW"), wire.A, b"\1\2\3\4")), "REFUSED")
    for number, key in enumerate((SIGNER_KEY, IDLE_KEY)):
        add(f"key without the right, {number}", signed(good, key), "REFUSED", key=key)
    add("RD and Z set", signed(update(flags=wire.RD | wire.Z)), "NOERROR", key=UPDATE_KEY)
    return rows


# Transfers, RFC 5936, 1995 ----------------------------------------------------------------------


def transfer_cases():
    rows = []

    def axfr(name, build, expect, **more):
        rows.append(case("axfr", name, build, expect, **more))

    def ixfr(name, build, expect, **more):
        rows.append(case("ixfr", name, build, expect, **more))

    def data_refused(context, parsed):
        assert not parsed.sections[0]

    axfr("on UDP", ask(kind=AXFR), NO_DATA, check=data_refused)
    axfr("on UDP, signed", signed(ask(kind=AXFR), SIGNER_KEY), NO_DATA, key=SIGNER_KEY,
         source=SIGNER, check=data_refused)
    axfr("on UDP, stranger", ask(kind=AXFR), NO_DATA, source=STRANGER)
    for group, name in ((CH, "CH"), (HS, "HS"), (NONE, "NONE"), (CLASS_ANY, "ANY"), (0, "0")):
        axfr(f"class {name}", ask(kind=AXFR, group=group), (*NO_DATA, "NOTAUTH"), transport="tcp",
             check=data_refused)
        axfr(f"class {name}, stranger", ask(kind=AXFR, group=group), (*NO_DATA, "NOTAUTH"),
             transport="tcp", source=STRANGER)
    for owner in ("other.example.", "example.", ".", below("WwW"), below("sub")):
        axfr(f"{owner} is not ours", ask(owner, AXFR), "NOTAUTH", transport="tcp")
        axfr(f"{owner} is not ours, stranger", ask(owner, AXFR), ("NOTAUTH", "REFUSED"),
             transport="tcp", source=STRANGER)
    axfr("stranger", ask(kind=AXFR), "REFUSED", transport="tcp", source=STRANGER)
    axfr("signer without its key", ask(kind=AXFR), "REFUSED", transport="tcp", source=SIGNER)
    axfr("signer with its key", signed(ask(kind=AXFR), SIGNER_KEY), "NOERROR", transport="tcp",
         source=SIGNER, key=SIGNER_KEY)
    axfr("signer with the updater's key", signed(ask(kind=AXFR)), "REFUSED", transport="tcp",
         source=SIGNER, key=UPDATE_KEY)
    axfr("stranger with the signer's key", signed(ask(kind=AXFR), SIGNER_KEY), "REFUSED",
         transport="tcp", source=STRANGER, key=SIGNER_KEY)
    axfr("stranger with an updater's key", signed(ask(kind=AXFR)), "REFUSED", transport="tcp",
         source=STRANGER, key=UPDATE_KEY)
    axfr("unknown key", signed(ask(kind=AXFR), UNKNOWN_KEY), "NOTAUTH/BADKEY", transport="tcp",
         source=SIGNER, key=UNKNOWN_KEY)
    axfr("bad MAC", signed(ask(kind=AXFR), SIGNER_KEY, mac=bytes(32)), "NOTAUTH/BADSIG",
         transport="tcp", source=SIGNER, key=SIGNER_KEY)
    axfr("bad MAC, friend by address", signed(ask(kind=AXFR), SIGNER_KEY, mac=bytes(32)),
         "NOTAUTH/BADSIG", transport="tcp", key=SIGNER_KEY)
    axfr("zone not loaded", ask(UNLOADED, AXFR), "SERVFAIL", transport="tcp")
    axfr("QDCOUNT 0", fixed(), "FORMERR", transport="tcp")
    axfr("two questions", fixed(zone=[wire.question(APEX, AXFR)] * 2), "FORMERR", transport="tcp")
    junk = wire.record(APEX, wire.A, IN, 0, b"\1\2\3\4")
    soa = wire.record(APEX, SOA, IN, 0, wire.soa_rdata(".", ".", 1))
    axfr("junk in ANSWER", ask(kind=AXFR, first=[junk]), ("NOERROR", "FORMERR"), transport="tcp")
    axfr("junk in AUTHORITY", ask(kind=AXFR, second=[junk]), ("NOERROR", "FORMERR"),
         transport="tcp")
    axfr("SOA in AUTHORITY", ask(kind=AXFR, second=[soa]), ("NOERROR", "FORMERR"),
         transport="tcp")
    axfr("junk in ADDITIONAL", ask(kind=AXFR, third=[junk]), "NOERROR", transport="tcp")
    axfr("with EDNS", ask(kind=AXFR, third=[wire.opt()]), "NOERROR", transport="tcp",
         check=has_opt)
    axfr("two OPTs", ask(kind=AXFR, third=[wire.opt()] * 2), "FORMERR", transport="tcp")
    axfr("RD, AA and Z set", ask(kind=AXFR, flags=wire.RD | wire.AA | wire.Z), "NOERROR",
         transport="tcp")
    axfr("QR=1", ask(kind=AXFR, flags=wire.QR), "drop", transport="tcp")
    axfr("octets after the end", ask(kind=AXFR, tail=b"\0\0"), ("NOERROR", "FORMERR"),
         transport="tcp")
    axfr("name in capitals", ask(APEX.upper(), AXFR), "NOERROR", transport="tcp")

    def old(serial=None, shift=0, owner=APEX, place="second", kind=SOA, group=IN, rdata=None,
            extra=(), zone=APEX, **fields):
        def make(context):
            number = (context.serial + shift) & 0xFFFFFFFF if serial is None else serial
            data = wire.soa_rdata(".", ".", number) if rdata is None else rdata
            record = wire.record(owner, kind, group, 0, data)
            return wire.message(zone=[wire.question(zone, IXFR)], **{place: [record, *extra]},
                                **fields)
        return make

    ixfr("no SOA", ask(kind=IXFR), "FORMERR", transport="both")
    ixfr("no SOA, stranger", ask(kind=IXFR), ("FORMERR", "REFUSED"), transport="both",
         source=STRANGER)
    ixfr("two SOAs", old(extra=[soa]), "FORMERR", transport="both")
    ixfr("SOA and junk", old(extra=[junk]), ("FORMERR", "NOERROR"), transport="tcp")
    for owner in ("other.example.", "example.", ".", below("WwW")):
        ixfr(f"SOA of {owner}", old(owner=owner), "FORMERR", transport="both")
    ixfr("SOA in ANSWER", old(place="first"), "FORMERR", transport="both")
    ixfr("SOA in ADDITIONAL", old(place="third"), "FORMERR", transport="both")
    ixfr("A instead of SOA", old(kind=wire.A, rdata=b"\1\2\3\4"), "FORMERR", transport="both")
    ixfr("SOA of class CH", old(group=CH), ("FORMERR", "NOERROR"), transport="tcp")
    for rdata, name in ((b"", "empty"), (b"\0\0", "without numbers"),
                        (wire.soa_rdata(".", ".", 1)[:-1], "one octet short"),
                        (wire.soa_rdata(".", ".", 1) + b"\0", "one octet long"),
                        (b"\xc0\xff" + b"\0" * 21, "with a pointer past it")):
        ixfr(f"SOA {name}", old(rdata=rdata), "FORMERR", transport="both")
    ixfr("same serial", old(), "NOERROR", transport="both", check=has_one_soa)
    for shift in (1, 2, 1000, 2**31 - 1):
        ixfr(f"serial ahead by {shift}", old(shift=shift), "NOERROR", transport="both",
             check=has_one_soa)
    ixfr("serial 2^31 apart", old(shift=2**31), "NOERROR", transport="both")
    ixfr("unknown serial, UDP", old(serial=1), "NOERROR")
    ixfr("unknown serial, TCP", old(serial=1), "NOERROR", transport="tcp")
    ixfr("unknown serial, UDP, stranger", old(serial=1), "REFUSED", source=STRANGER)
    ixfr("stranger", old(), "REFUSED", transport="both", source=STRANGER)
    ixfr("signer without its key", old(), "REFUSED", transport="both", source=SIGNER)
    ixfr("signer with its key", signed(old(), SIGNER_KEY), "NOERROR", transport="both",
         source=SIGNER, key=SIGNER_KEY, check=has_one_soa)
    ixfr("updater's key", signed(old()), "REFUSED", transport="both", source=STRANGER,
         key=UPDATE_KEY)
    ixfr("not ours", old(zone="other.example.", owner="other.example."), "NOTAUTH",
         transport="both")
    ixfr("zone not loaded", old(zone=UNLOADED, owner=UNLOADED), "SERVFAIL", transport="both")
    ixfr("SOA name in capitals", old(owner=APEX.upper()), "NOERROR", transport="both",
         check=has_one_soa)
    for group, name in ((CH, "CH"), (CLASS_ANY, "ANY"), (NONE, "NONE")):
        ixfr(f"class {name}", fixed(zone=[wire.question(APEX, IXFR, group)], second=[
            wire.record(APEX, SOA, group, 0, wire.soa_rdata(".", ".", 1))]),
            (*NO_DATA, "NOTAUTH"), transport="both")
    return rows


# NOTIFY, RFC 1996, 9859 -------------------------------------------------------------------------


def notify_cases():
    rows = []

    def add(name, expect, owner=APEX, kind=SOA, group=IN, **more):
        fields = {key: more.pop(key) for key in ("first", "second", "third", "flags", "tail",
                                                 "counts", "rcode") if key in more}
        fields.setdefault("flags", wire.AA)
        more.setdefault("source", PRIMARY)
        rows.append(case("notify", name, fixed(
            opcode=wire.NOTIFY, zone=[wire.question(owner, kind, group)], **fields), expect, **more))

    add("from the primary", "NOERROR", transport="both")
    add("AA clear", ("NOERROR", "FORMERR"), flags=0)
    add("RD, Z and CD set", "NOERROR", flags=wire.AA | wire.RD | wire.Z | wire.CD)
    for source, name in ((STRANGER, "a stranger"), (FRIEND, "a secondary"),
                         (SIGNER, "the signer")):
        add(f"from {name}", "REFUSED", source=source, transport="both")
        for kind in (CDS, CSYNC, DNSKEY, wire.A):
            add(f"type {kind} from {name}", ("REFUSED", "NOTIMP"), source=source, kind=kind)
        add(f"not our zone, from {name}", ("REFUSED", "NOTAUTH"), source=source,
            owner="other.example.")
    for kind, name in ((CDS, "CDS"), (CSYNC, "CSYNC"), (DNSKEY, "DNSKEY"), (NS, "NS"),
                       (wire.A, "A"), (ANY, "ANY"), (0, "0"), (65535, "65535")):
        add(f"QTYPE {name}", ("NOTIMP", "FORMERR") if kind in (0, ANY) else "NOTIMP", kind=kind)
    for kind, name in ((AXFR, "AXFR"), (IXFR, "IXFR"), (TSIG, "TSIG"), (OPT, "OPT")):
        add(f"QTYPE {name}", ("NOTIMP", "FORMERR", "REFUSED"), kind=kind)
    for owner in ("other.example.", "example.", ".", below("sub"), below("WwW")):
        add(f"zone {owner}", ("REFUSED", "NOTAUTH"), owner=owner)
    for group, name in ((CH, "CH"), (NONE, "NONE"), (CLASS_ANY, "ANY")):
        add(f"class {name}", (*NO_DATA, "NOTAUTH"), group=group)
    evil = wire.record(APEX, SOA, IN, 300, wire.soa_rdata("a.", "b.", 0xFFFFFFFF))
    add("hint with an evil serial", "NOERROR", first=[evil], transport="both")
    add("hint of serial 0", "NOERROR", first=[wire.record(APEX, SOA, IN, 300,
                                                          wire.soa_rdata("a.", "b.", 0))])
    add("two hints", ("NOERROR", "FORMERR"), first=[evil, evil])
    add("hint of another owner", ("NOERROR", "FORMERR"), first=[wire.record(
        "other.example.", SOA, IN, 300, wire.soa_rdata("a.", "b.", 9))])
    add("A as hint", ("NOERROR", "FORMERR"), first=[wire.record(APEX, wire.A, IN, 0, b"\1\2\3\4")])
    add("hint cut", ("NOERROR", "FORMERR"), first=[wire.record(APEX, SOA, IN, 0, b"\0\0\0")])
    add("1,000 records as hint", ("NOERROR", "FORMERR"), first=[evil] * 1000, transport="tcp")
    add("AUTHORITY is ignored", "NOERROR", second=[evil])
    add("ADDITIONAL is ignored", "NOERROR", third=[evil])
    add("with EDNS", "NOERROR", third=[wire.opt()], check=has_opt)
    add("two OPTs", "FORMERR", third=[wire.opt()] * 2)
    add("QR=1", "drop", flags=wire.QR | wire.AA, transport="both")
    add("rcode set", ("NOERROR", "FORMERR"), rcode=5)
    add("QDCOUNT 0", "FORMERR", counts=(0, None, None, None))
    add("QDCOUNT 2", "FORMERR", counts=(2, None, None, None))
    add("octets after the end", ("NOERROR", "FORMERR"), tail=b"zz")
    add("name in capitals", "NOERROR", owner=APEX.upper())
    add("zone not loaded", "NOERROR", owner=UNLOADED)
    plain = fixed(opcode=wire.NOTIFY, flags=wire.AA, zone=[wire.question(APEX, SOA)])
    rows.append(case("notify", "without question", fixed(opcode=wire.NOTIFY, flags=wire.AA),
                     "FORMERR", source=PRIMARY, transport="both"))
    for key, expect in ((UNKNOWN_KEY, "NOTAUTH/BADKEY"), ):
        rows.append(case("notify", "unknown key", signed(plain, key), expect, key=key,
                         source=PRIMARY, transport="both"))
    rows.append(case("notify", "bad MAC", signed(plain, SIGNER_KEY, mac=bytes(32)),
                     "NOTAUTH/BADSIG", key=SIGNER_KEY, source=PRIMARY))
    rows.append(case("notify", "stranger with the updater's key", signed(plain), "REFUSED",
                     key=UPDATE_KEY, source=STRANGER))
    # The combiner has no multi-signer role: the option is checked or ignored, and never acted on.
    for data, name in ((b"", "empty"), (b"\0\1\1", "operation 0"), (b"\1\1", "two octets"),
                       (b"\1\3\3", "HELLO"), (b"\x7f\1\1", "unknown operation")):
        add(f"multi-signer option, {name}", ("NOERROR", "FORMERR", "NOTIMP"),
            third=[wire.opt(options=[(65010, data)])])
        add(f"multi-signer option, {name}, stranger", ("REFUSED", "FORMERR", "NOTIMP"),
            third=[wire.opt(options=[(65010, data)])], source=STRANGER)
    add("multi-signer option twice", ("NOERROR", "FORMERR"),
        third=[wire.opt(options=[(65010, b"\1\3\3"), (65010, b"\1\3\3")])])
    return rows


# Cut and flipped --------------------------------------------------------------------------------


def sample_update():
    """A valid signed UPDATE that changes nothing: it adds what is there."""
    return update(put(kind=CDS, rdata=CDS_SET[0]),
                  prerequisites=[wire.record(APEX, SOA, CLASS_ANY)])


SAMPLE_OCTETS = len(wire.sign(sample_update()(None), UPDATE_KEY)[0])


def damaged_cases():
    rows = []
    for size in range(SAMPLE_OCTETS):
        def cut(context, size=size):
            octets, mac = wire.sign(sample_update()(context), UPDATE_KEY)
            return octets[:size], mac
        rows.append(case("cut", f"signed UPDATE at octet {size}", cut,
                         "drop" if size < 12 else "FORMERR", key=UPDATE_KEY, answer_signed="any",
                         transport="both" if size % 8 == 0 else "udp"))
    plain = sample_update()(None)
    harmless = set(range(2))  # the ID: the digest has the original one
    at = len(plain)
    harmless |= set(range(at + 1, at + 11))                       # letters of the key name
    algorithm_at = at + len(wire.name(UPDATE_KEY.name)) + 10
    harmless |= set(range(algorithm_at + 1, algorithm_at + 12))   # letters of the algorithm
    errors = ("FORMERR", "NOTAUTH/BADSIG", "NOTAUTH/BADKEY", "NOTAUTH/BADTIME", "NOTIMP", "REFUSED",
              "NOTAUTH", "drop")
    for position in range(SAMPLE_OCTETS):
        for bit in {(position * 5) % 8, (position * 3 + 5) % 8}:
            def flip(context, position=position, bit=bit):
                octets, mac = wire.sign(sample_update()(context), UPDATE_KEY)
                return (octets[:position] + bytes([octets[position] ^ (1 << bit)])
                        + octets[position + 1:]), mac
            same = position < 2 or (position in harmless and bit == 5)
            rows.append(case("flip", f"signed UPDATE octet {position} bit {bit}", flip,
                             (*errors, "NOERROR") if same else errors, key=UPDATE_KEY,
                             answer_signed="any"))
    return rows


def all_cases():
    rows = [*header_cases(), *question_cases(), *name_cases(), *edns_cases(), *tsig_cases(),
            *sig0_cases(), *zone_section_cases(), *prerequisite_cases(), *prescan_cases(),
            *policy_cases(), *rdata_cases(), *update_access_cases(), *transfer_cases(),
            *notify_cases(), *damaged_cases()]
    names = [row.full_name for row in rows]
    assert len(set(names)) == len(names), [name for name in names if names.count(name) > 1][:5]
    return rows


CASES = all_cases()
