"""What a lying primary does: one function a lie, and the table of all of them.

A lie gets the zone (its honest content, old and new) and the request, and yields the actions of
primary.py. `Lie.verdict` is what a combiner must make of it:
  kept      the old zone stays with its serial, the reason is in `last_errors`;
  accepted  the new version is taken in (the fault is harmless, or the fallback is honest);
  either    both are right, but the record in `forbidden` must never be served.
"""

import dataclasses
import random
import struct
from collections.abc import Callable

import wire
from primary import Close, Raw, Reset, Sleep, as_record

OLD, NEW, LATER = 1000, 1001, 1002  # serials: loaded, lied about, honest again
ENDLESS = 50_000_000                # octets after which even an endless lie gives up


@dataclasses.dataclass(frozen=True)
class Lie:
    name: str
    verdict: str
    lies: dict
    keyed: bool = False
    forbidden: tuple | None = None
    serial: int = NEW            # what the primary claims while it lies
    slow: bool = False           # bounded by the combiner's idle or total time only
    soa_only: bool = False       # nothing is transferred: the SOA query is the lie
    note: str = ""


# Building blocks --------------------------------------------------------------------------------


def filler(zone, number, kind=wire.TXT, tag=b"f"):
    label = tag + str(number).encode()
    return (bytes([len(label)]) + label + zone.owner, kind, 300, b"\1x")


def rows_lie(make, size=12_000):
    """A lie that is a list of rows, packed and signed honestly."""
    def lie(zone, request):
        yield from zone.signed(request, zone.pack(request, make(zone, request), size=size))
    return lie


def message_lie(**fields):
    """A lie that is one message with the honest rows but wrong fields."""
    def lie(zone, request):
        rows = zone.full() if request.kind != wire.SOA else [zone.soa()]
        fixed = {key: value(zone, request) if callable(value) else value
                 for key, value in fields.items()}
        records = fixed.pop("records", None)
        records = [as_record(row) for row in rows] if records is None else records
        yield zone.reply(request, records, **fixed)
    return lie


def refuse(zone, request):
    yield zone.reply(request, rcode=wire.REFUSED)


def silent(zone, request):
    return iter(())


# AXFR -------------------------------------------------------------------------------------------


def endless(zone, request):
    def stream():
        yield zone.reply(request, [as_record(zone.soa())])
        sent = number = 0
        while sent < ENDLESS:
            batch = [as_record(filler(zone, number + n)) for n in range(400)]
            number += 400
            one = zone.reply(request, batch, with_question=False)
            sent += len(one)
            yield one
    yield from stream() if zone.key is None else zone.signed(request, stream())


def huge_rrset(zone, request):
    def rows():
        yield from [zone.soa(), *zone.versions[NEW]]
        for number in range(60_000):
            yield (b"\3big" + zone.owner, wire.A, 300, struct.pack("!I", number))
        yield zone.soa()
    yield from zone.pack(request, rows(), size=30_000)


def many_messages(zone, request):
    rows = [zone.soa(), *zone.versions[NEW], *(filler(zone, n) for n in range(30_000)), zone.soa()]
    for number, row in enumerate(rows):
        yield zone.reply(request, [as_record(row)], with_question=number == 0)


def empty_messages(zone, request):
    yield zone.reply(request, [as_record(zone.soa())])
    for _ in range(300_000):
        yield Raw(b"\0\0" * 64)


def headers_only(zone, request):
    yield zone.reply(request, [as_record(zone.soa())])
    one = wire.frame(zone.reply(request, with_question=False))
    for _ in range(60_000):
        yield Raw(one * 32)


def big_records(zone, request):
    yield zone.reply(request, [as_record(zone.soa())])
    text = (b"\xff" + b"x" * 255) * 200
    for number in range(2000):
        label = str(number).encode()
        yield zone.reply(request, [wire.record(bytes([len(label)]) + label + zone.owner, wire.TXT,
                                               wire.IN, 300, text)], with_question=False)


def cut_stream(zone, request):
    yield zone.reply(request, [as_record(row) for row in zone.full()[:8]])
    yield Close


def cut_message(zone, request):
    yield zone.reply(request, [as_record(row) for row in zone.full()[:8]])
    rest = wire.frame(zone.reply(request, [as_record(row) for row in zone.full()[8:]]))
    yield Raw(rest[:len(rest) // 2])
    yield Close


def cut_at_length(zone, request):
    yield zone.reply(request, [as_record(row) for row in zone.full()[:8]])
    yield Raw(b"\1")
    yield Close


def reset_stream(zone, request):
    yield zone.reply(request, [as_record(row) for row in zone.full()[:8]])
    yield Reset


def reset_at_once(zone, request):
    yield Reset


def close_at_once(zone, request):
    yield Close


def never_ends(zone, request):
    yield zone.reply(request, [as_record(row) for row in zone.full()[:-1]])
    yield Sleep(30)


def hang_at_once(zone, request):
    yield Sleep(30)


def one_octet_a_second(zone, request):
    octets = wire.frame(zone.reply(request, [as_record(row) for row in zone.full()]))
    for number in range(len(octets)):
        yield Raw(octets[number:number + 1])
        yield Sleep(1.0)


def record_a_second(zone, request):
    rows = [*zone.full()[:-1], *(filler(zone, n) for n in range(60))]
    for number, row in enumerate(rows):
        yield zone.reply(request, [as_record(row)], with_question=number == 0)
        yield Sleep(0.7)


def second_message_rcode(zone, request):
    rows = [as_record(row) for row in zone.full()]
    yield zone.reply(request, rows[:8])
    yield zone.reply(request, rows[8:], with_question=False, rcode=wire.SERVFAIL)


def second_message_wrong_id(zone, request):
    rows = [as_record(row) for row in zone.full()]
    yield zone.reply(request, rows[:8])
    yield zone.reply(request, rows[8:], with_question=False, ident=request.parsed.ident ^ 0x5555)


def garbage_after_end(zone, request):
    rows = [*zone.full(), filler(zone, 1, tag=b"evil")]
    yield from zone.signed(request, zone.pack(request, rows))


def message_after_end(zone, request):
    yield zone.reply(request, [as_record(row) for row in zone.full()])
    yield zone.reply(request, [as_record(filler(zone, 1, tag=b"evil"))], with_question=False)


def random_octets(zone, request):
    source = random.Random(4)
    yield Raw(struct.pack("!H", 60_000) + source.randbytes(60_000))
    yield Close


def random_after_header(zone, request):
    source = random.Random(5)
    honest = zone.reply(request, [as_record(row) for row in zone.full()])
    yield honest[:60] + source.randbytes(400)


def pointer_loop(zone, request):
    at = 12 + len(request.parsed.question_octets)
    bad = wire.pointer(at) + struct.pack("!HHIH", wire.A, wire.IN, 300, 4) + b"\1\2\3\4"
    yield zone.reply(request, [bad])


def pointer_forward(zone, request):
    at = 12 + len(request.parsed.question_octets)
    bad = wire.pointer(at + 40) + struct.pack("!HHIH", wire.A, wire.IN, 300, 4) + b"\1\2\3\4"
    yield zone.reply(request, [as_record(zone.soa()), bad, as_record(zone.soa())])


def pointer_bomb(zone, request):
    """Names that are chains of thousands of pointers, each to the one before."""
    octets = bytearray(zone.reply(request, [as_record(zone.soa())]))
    count, at = 1, 12
    while len(octets) < 60_000:
        here = len(octets)
        if here >= 0x4000:
            at = at if at < 0x4000 else 12
        octets += wire.pointer(at) + struct.pack("!HHIH", wire.A, wire.IN, 300, 4) + b"\1\2\3\4"
        at = here if here < 0x4000 else at
        count += 1
    octets[6:8] = struct.pack("!H", count)
    yield bytes(octets)


def long_name_bomb(zone, request):
    """Each RR is a 2-octet pointer to a 250-octet name: 60 KiB on the wire, megabytes if copied."""
    label = b"\77" + b"a" * 63
    deep = label * 3 + zone.owner
    first = wire.record(deep, wire.A, wire.IN, 300, b"\0\0\0\0")
    yield zone.reply(request, [as_record(zone.soa()), first])
    for message in range(400):
        base = zone.reply(request, [first], with_question=False)
        rows = [wire.pointer(12) + struct.pack("!HHIHI", wire.A, wire.IN, 300, 4,
                                               message * 3000 + n) for n in range(3000)]
        yield base[:6] + struct.pack("!H", 3001) + base[8:] + b"".join(rows)


def past_the_end(zone, request):
    rows = [as_record(row) for row in zone.full()[:4]]
    bad = wire.record(b"\3bad" + zone.owner, wire.TXT, wire.IN, 300, b"\1x", rdlength=400)
    yield zone.reply(request, [*rows, bad])


def counts_lie(zone, request):
    rows = [as_record(row) for row in zone.full()]
    yield zone.reply(request, rows, counts=(None, len(rows) + 5, None, None))


def fewer_counted(zone, request):
    rows = [as_record(row) for row in zone.full()]
    yield zone.reply(request, rows, counts=(None, len(rows) - 3, None, None))


def with_extra(*extra):
    """Honest new content with rows from outside the rules put in the middle."""
    def make(zone, request):
        rows = zone.full()
        made = [one(zone) if callable(one) else one for one in extra]
        return [*rows[:6], *made, *rows[6:]]
    return rows_lie(make)


def as_class(group):
    def lie(zone, request):
        rows = [wire.record(owner, kind, group, ttl, rdata) for owner, kind, ttl, rdata
                in zone.full()]
        yield zone.reply(request, rows)
    return lie


def foreign(label, kind=wire.A, rdata=b"\n\0\0\1"):
    return (wire.name(label), kind, 300, rdata)


def at_zone(label, kind, rdata, ttl=300):
    return lambda zone: ((bytes([len(label)]) + label if label else b"") + zone.owner, kind, ttl,
                         rdata(zone) if callable(rdata) else rdata)


# TSIG -------------------------------------------------------------------------------------------


def stream_of(zone, request, count=6):
    """The new zone in at least `count` unsigned messages."""
    rows = zone.full()
    spread = [*rows[:-1], *(filler(zone, n) for n in range(count)), rows[-1]]
    size = max(1, len(spread) // count)
    for start in range(0, len(spread), size):
        yield zone.reply(request, [as_record(row) for row in spread[start:start + size]],
                         with_question=start == 0)


def tsig_lie(count=6, **how):
    def lie(zone, request):
        messages = list(stream_of(zone, request, count))
        fixed = {key: (value(len(messages)) if key in ("sign_at", "spoil_at") else value)
                 for key, value in how.items()}
        yield from zone.signed(request, messages, **fixed)
    return lie


def unsigned(zone, request):
    yield from stream_of(zone, request)


def chain_broken(zone, request):
    """Each message is signed on its own, as if it were the first."""
    for plain in stream_of(zone, request):
        yield wire.sign(plain, zone.key, prior=request.mac)[0]


def no_request_mac(zone, request):
    for plain in stream_of(zone, request):
        yield wire.sign(plain, zone.key)[0]


def reordered(zone, request):
    messages = list(zone.signed(request, list(stream_of(zone, request))))
    messages[2], messages[3] = messages[3], messages[2]
    yield from messages


def dropped(zone, request):
    messages = list(zone.signed(request, list(stream_of(zone, request))))
    yield from messages[:2] + messages[3:]


def altered(zone, request):
    messages = list(zone.signed(request, list(stream_of(zone, request))))
    at = messages[2].rindex(b"\1x") if b"\1x" in messages[2] else 14
    messages[2] = messages[2][:at + 1] + b"y" + messages[2][at + 2:]
    yield from messages


def tsig_error(error, rcode=wire.NOTAUTH):
    def lie(zone, request):
        plain = zone.reply(request, rcode=rcode)
        yield wire.sign(plain, zone.key, error=error, truncate=0, mac=b"")[0]
    return lie


def truncated_mac(size):
    def lie(zone, request):
        prior = request.mac
        for number, plain in enumerate(stream_of(zone, request)):
            out, prior = wire.sign(plain, zone.key, prior=prior, timers_only=number > 0,
                                   truncate=size)
            prior = prior[:size]
            yield out
    return lie


# SOA query --------------------------------------------------------------------------------------


def two_soas(zone, request):
    yield from zone.signed(request, [zone.reply(request, [as_record(zone.soa()),
                                                          as_record(zone.soa(NEW + 500))])])


def foreign_soa(zone, request):
    row = zone.soa(owner=wire.name("other.example."))
    yield from zone.signed(request, [zone.reply(request, [as_record(row)])])


def cut_soa(zone, request):
    row = zone.soa()
    yield zone.reply(request, [wire.record(row[0], wire.SOA, wire.IN, 300, row[3][:-8])])


def long_soa(zone, request):
    row = zone.soa()
    yield zone.reply(request, [wire.record(row[0], wire.SOA, wire.IN, 300, row[3] + b"\0\0\0\0")])


# IXFR -------------------------------------------------------------------------------------------


def ixfr_rows(make):
    return rows_lie(lambda zone, request: make(zone))


def ixfr_delete_absent(zone):
    return [zone.soa(NEW), zone.soa(OLD), filler(zone, 1, tag=b"absent"), zone.soa(NEW),
            filler(zone, 2, tag=b"evil"), zone.soa(NEW)]


def ixfr_delete_other_rdata(zone):
    owner, kind, ttl, rdata = [r for r in zone.versions[OLD] if r[1] == wire.A][0]
    return [zone.soa(NEW), zone.soa(OLD), (owner, kind, ttl, b"\1\1\1\1"), zone.soa(NEW),
            zone.soa(NEW)]


def ixfr_gap(zone):
    return [zone.soa(NEW), zone.soa(OLD), zone.soa(OLD + 300), zone.soa(OLD + 400),
            filler(zone, 2, tag=b"evil"), zone.soa(NEW), zone.soa(NEW)]


def ixfr_wrong_start(zone):
    return [zone.soa(NEW), zone.soa(OLD - 5), zone.soa(NEW), filler(zone, 2, tag=b"evil"),
            zone.soa(NEW)]


def ixfr_foreign_soa(zone):
    other = wire.name("other.example.")
    return [zone.soa(NEW), zone.soa(OLD), zone.soa(NEW, owner=other),
            filler(zone, 2, tag=b"evil"), zone.soa(NEW), zone.soa(NEW)]


def ixfr_foreign_old_soa(zone):
    other = wire.name("other.example.")
    return [zone.soa(NEW), zone.soa(OLD, owner=other), zone.soa(NEW),
            filler(zone, 2, tag=b"evil"), zone.soa(NEW)]


def ixfr_other_end(zone):
    return [zone.soa(NEW), *zone.delta(OLD, NEW), zone.soa(NEW + 7)]


def ixfr_backwards(zone):
    return [zone.soa(NEW), zone.soa(OLD), zone.soa(OLD - 10), filler(zone, 2, tag=b"evil"),
            zone.soa(OLD - 10), zone.soa(NEW), zone.soa(NEW)]


def ixfr_circle(zone):
    return [zone.soa(NEW), zone.soa(OLD), zone.soa(OLD), filler(zone, 2, tag=b"evil"),
            zone.soa(OLD), zone.soa(NEW), zone.soa(NEW)]


def ixfr_no_ns(zone):
    ns = [row for row in zone.versions[OLD] if row[1] == wire.NS and row[0] == zone.owner]
    return [zone.soa(NEW), zone.soa(OLD), *ns, zone.soa(NEW), zone.soa(NEW)]


def ixfr_cname_conflict(zone):
    return [zone.soa(NEW), zone.soa(OLD), zone.soa(NEW),
            (b"\3WwW" + zone.owner, wire.CNAME, 300, b"\3ns1" + zone.owner), zone.soa(NEW)]


def ixfr_second_soa_added(zone):
    second = zone.soa(NEW + 3)
    return [zone.soa(NEW), zone.soa(OLD), zone.soa(NEW), (b"\1x" + second[0], *second[1:]),
            zone.soa(NEW)]


def ixfr_delete_soa_twice(zone):
    return [zone.soa(NEW), zone.soa(OLD), zone.soa(OLD), zone.soa(NEW), zone.soa(NEW)]


def ixfr_out_of_zone(zone):
    rows = zone.incremental(OLD)
    return [*rows[:-1], foreign("evil.other.example."), rows[-1]]


def ixfr_other_serial(zone):
    """Announced NEW, delivers a consistent chain to another serial."""
    far = NEW + 40
    return [zone.soa(far), zone.soa(OLD), zone.soa(far), filler(zone, 2, tag=b"evil"),
            zone.soa(far)]


def ixfr_older(zone):
    return [zone.soa(OLD - 1), zone.soa(OLD), zone.soa(OLD - 1), filler(zone, 2, tag=b"evil"),
            zone.soa(OLD - 1)]


def ixfr_cut(zone, request):
    rows = zone.incremental(OLD)
    yield zone.reply(request, [as_record(row) for row in rows[:-2]])
    yield Close


def ixfr_cut_before_end(zone, request):
    """All deltas, but the closing SOA never comes (CVE-2022-27227 is this)."""
    yield zone.reply(request, [as_record(row) for row in zone.incremental(OLD)[:-1]])
    yield Close


def ixfr_endless(zone, request):
    yield zone.reply(request, [as_record(zone.soa(NEW)), as_record(zone.soa(OLD)),
                               as_record(zone.soa(NEW))])
    number = sent = 0
    while sent < ENDLESS:
        one = zone.reply(request, [as_record(filler(zone, number + n)) for n in range(400)],
                         with_question=False)
        number += 400
        sent += len(one)
        yield one


def ixfr_endless_chain(zone, request):
    """Deltas without end, each empty: a chain of serials that never arrives."""
    serial, sent = OLD, 0
    yield zone.reply(request, [as_record(zone.soa(NEW + 0x10000000))])
    while sent < ENDLESS:
        batch = []
        for _ in range(80):
            batch += [as_record(zone.soa(serial)), as_record(zone.soa(serial + 1))]
            serial += 1
        one = zone.reply(request, batch, with_question=False)
        sent += len(one)
        yield one


def ixfr_garbage_after_end(zone):
    return [*zone.incremental(OLD), filler(zone, 2, tag=b"evil")]


# Table ------------------------------------------------------------------------------------------


def evil(tag=b"evil", number=2):
    label = tag + str(number).encode()
    return bytes([len(label)]) + label


def transfer_lies():
    """AXFR: the same fault is met whether IXFR was tried first (it is refused) or not."""
    def row(name, verdict, lie, **more):
        return Lie("axfr " + name, verdict, {"AXFR": lie, "IXFR": refuse}, **more)

    refusals = [row("rcode " + wire.RCODE_NAMES[code], "kept",
                    message_lie(rcode=code, records=[]))
                for code in (wire.FORMERR, wire.SERVFAIL, wire.NXDOMAIN, wire.NOTIMP, wire.REFUSED,
                             wire.NOTAUTH)]
    return refusals + [
        row("endless", "kept", endless),
        row("huge RRset", "kept", huge_rrset),
        row("too many messages", "kept", many_messages),
        row("empty messages without end", "kept", empty_messages),
        row("headers without records, no end", "kept", headers_only),
        row("records of 50 KiB without end", "kept", big_records),
        row("cut between messages", "kept", cut_stream),
        row("cut inside a message", "kept", cut_message),
        row("cut inside a length", "kept", cut_at_length),
        row("reset in the middle", "kept", reset_stream),
        row("reset at once", "kept", reset_at_once),
        row("closed at once", "kept", close_at_once),
        row("final SOA missing, then closed", "kept",
            lambda zone, request: iter([zone.reply(
                request, [as_record(r) for r in zone.full()[:-1]]), Close])),
        row("final SOA missing, then silence", "kept", never_ends, slow=True),
        row("silence", "kept", hang_at_once, slow=True),
        row("one octet a second", "kept", one_octet_a_second, slow=True),
        row("one record in 0.7 s", "kept", record_a_second, slow=True),
        row("final SOA differs", "kept",
            rows_lie(lambda zone, _: [*zone.full()[:-1], zone.soa(NEW + 1)])),
        row("final SOA differs in RNAME only", "kept",
            rows_lie(lambda zone, _: [*zone.full()[:-1], (
                zone.owner, wire.SOA, 300,
                wire.soa_rdata(b"\3ns1" + zone.owner, b"\4evil" + zone.owner, NEW))])),
        row("SOA of another owner in the stream", "kept",
            with_extra(lambda zone: zone.soa(NEW, owner=wire.name("other.example.")))),
        row("SOA below the apex", "kept",
            with_extra(lambda zone: zone.soa(NEW, owner=b"\3www" + zone.owner))),
        row("SOA of another owner first", "kept",
            rows_lie(lambda zone, _: [zone.soa(owner=wire.name("other.example.")),
                                      *zone.full()[1:]])),
        row("does not begin with SOA", "kept", rows_lie(lambda zone, _: zone.full()[1:])),
        row("records after the final SOA", "either", garbage_after_end,
            forbidden=(evil(number=1),)),
        row("message after the final SOA", "either", message_after_end,
            forbidden=(evil(number=1),)),
        row("second SOA early, rest after it", "kept",
            rows_lie(lambda zone, _: [zone.soa(), zone.soa(), *zone.versions[NEW]])),
        row("SOA only, no NS", "kept", rows_lie(lambda zone, _: [zone.soa(), zone.soa()])),
        row("no NS at the apex", "kept",
            rows_lie(lambda zone, _: [r for r in zone.full()
                                      if not (r[1] == wire.NS and r[0] == zone.owner)])),
        row("no records at all", "kept", message_lie(records=[])),
        row("one SOA and no more, closed", "kept",
            lambda zone, request: iter([zone.reply(request, [as_record(zone.soa())]), Close])),
        row("CNAME and other data", "kept",
            with_extra(at_zone(b"WwW", wire.CNAME, lambda zone: b"\3ns1" + zone.owner))),
        row("two CNAMEs at one name", "kept",
            with_extra(at_zone(b"alias", wire.CNAME, lambda zone: b"\3ns1" + zone.owner))),
        row("CNAME at the apex", "kept",
            with_extra(at_zone(b"", wire.CNAME, lambda zone: b"\3ns1" + zone.owner))),
        row("data out of zone", "either", with_extra(foreign("evil2.other.example.")),
            forbidden=(evil(),)),
        row("data of the parent", "either", with_extra(foreign("evil2.example.")),
            forbidden=(evil(),)),
        row("data of the root", "either", with_extra((b"\0", wire.NS, 300, evil() + b"\0")),
            forbidden=(b"\0",)),
        row("metatype ANY", "either", with_extra(at_zone(b"evil2", wire.ANY, b"")),
            forbidden=(evil(),)),
        row("metatype AXFR", "either", with_extra(at_zone(b"evil2", wire.AXFR, b"")),
            forbidden=(evil(),)),
        row("metatype MAILB", "either", with_extra(at_zone(b"evil2", wire.MAILB, b"\1")),
            forbidden=(evil(),)),
        row("metatype TKEY", "either", with_extra(at_zone(b"evil2", wire.TKEY, b"\1")),
            forbidden=(evil(),)),
        row("metatype OPT", "either", with_extra(at_zone(b"evil2", wire.OPT, b"")),
            forbidden=(evil(),)),
        row("type 0", "either", with_extra(at_zone(b"evil2", 0, b"\1")),
            forbidden=(evil(),)),
        row("A of three octets", "kept", with_extra(at_zone(b"evil2", wire.A, b"\1\2\3"))),
        row("AAAA of 17 octets", "kept", with_extra(at_zone(b"evil2", wire.AAAA, b"\1" * 17))),
        row("NS without a name", "kept", with_extra(at_zone(b"evil2", wire.NS, b""))),
        row("NS with octets after the name", "kept",
            with_extra(at_zone(b"evil2", wire.NS, b"\1x\0zzz"))),
        row("MX whose name is cut", "kept", with_extra(at_zone(b"evil2", wire.MX, b"\0\1\5ab"))),
        row("SOA of nine octets", "kept",
            rows_lie(lambda zone, _: [(zone.owner, wire.SOA, 300, b"\0\0\0\0\0\0\0\0\1"),
                                      *zone.full()[1:]])),
        row("class CH", "kept", as_class(wire.CH)),
        row("class ANY", "kept", as_class(wire.CLASS_ANY)),
        row("wrong ID", "kept", message_lie(ident=lambda z, r: r.parsed.ident ^ 0x1234)),
        row("wrong ID in the second message", "kept", second_message_wrong_id),
        row("rcode in the second message", "kept", second_message_rcode),
        row("wrong question name", "kept",
            message_lie(question=wire.question("other.example.", wire.AXFR))),
        row("wrong question type", "kept",
            message_lie(question=lambda z, r: wire.question(z.owner, wire.A))),
        row("QR=0", "kept", message_lie(flags=wire.AA)),
        row("opcode NOTIFY", "kept", message_lie(opcode=wire.NOTIFY)),
        row("TC set", "kept", message_lie(flags=wire.QR | wire.AA | wire.TC)),
        row("octets after the last RR", "either", message_lie(tail=b"\0\0\0")),
        row("ANCOUNT too large", "kept", counts_lie),
        row("ANCOUNT too small", "kept", fewer_counted),
        row("RR past the end", "kept", past_the_end),
        row("pointer loop", "kept", pointer_loop),
        row("pointer forward", "kept", pointer_forward),
        row("chain of thousands of pointers", "kept", pointer_bomb),
        row("compression bomb", "kept", long_name_bomb),
        row("random octets", "kept", random_octets),
        row("random octets after a good start", "kept", random_after_header),
        row("older than announced", "kept",
            rows_lie(lambda zone, _: [zone.soa(OLD - 7), *zone.versions[NEW], zone.soa(OLD - 7)])),
        row("AA clear", "accepted", message_lie(flags=wire.QR)),
        row("RA set", "accepted", message_lie(flags=wire.QR | wire.AA | wire.RA)),
        row("one record a message", "accepted",
            rows_lie(lambda zone, _: zone.full(), size=1)),
        row("a record twice", "accepted",
            rows_lie(lambda zone, _: [*zone.full()[:-1], zone.full()[4], zone.full()[-1]])),
    ]


def tsig_lies():
    def row(name, verdict, lie, **more):
        return Lie("tsig " + name, verdict, {"AXFR": lie, "IXFR": refuse}, keyed=True, **more)

    return [
        row("unsigned stream", "kept", unsigned),
        row("first message unsigned", "kept", tsig_lie(sign_at=lambda n: lambda at: at > 0)),
        row("last message unsigned", "kept", tsig_lie(sign_at=lambda n: lambda at: at < n - 1)),
        row("only the first signed", "kept", tsig_lie(sign_at=lambda n: lambda at: at == 0)),
        row("gap of 99", "accepted",
            tsig_lie(count=101, sign_at=lambda n: lambda at: at % 100 == 0 or at == n - 1)),
        row("gap of 100", "kept",
            tsig_lie(count=130, sign_at=lambda n: lambda at: at in (0, 101) or at == n - 1)),
        row("gap without end", "kept",
            tsig_lie(count=400, sign_at=lambda n: lambda at: at in (0, n - 1))),
        row("bad MAC in the first message", "kept", tsig_lie(spoil_at=lambda n: 0)),
        row("bad MAC in the middle", "kept", tsig_lie(spoil_at=lambda n: n // 2)),
        row("bad MAC in the last message", "kept", tsig_lie(spoil_at=lambda n: n - 1)),
        row("wrong key", "kept", tsig_lie(key=wire.make_key("stranger-xfr."))),
        row("right key name, wrong secret", "kept",
            tsig_lie(key=wire.Key("owner-xfr.", "hmac-sha256.", b"not the secret at all" * 2))),
        row("right key, other algorithm", "kept",
            tsig_lie(key=wire.Key("owner-xfr.", "hmac-sha512.",
                                  wire.make_key("owner-xfr.").secret))),
        row("each message signed as the first", "kept", chain_broken),
        row("MAC without the request's MAC", "kept", no_request_mac),
        row("two messages swapped", "kept", reordered),
        row("a message left out", "kept", dropped),
        row("a record altered", "kept", altered),
        row("time an hour back", "kept", tsig_lie(when=1_000_000_000)),
        row("NOTAUTH BADKEY unsigned", "kept", tsig_error(wire.BADKEY)),
        row("NOTAUTH BADSIG unsigned", "kept", tsig_error(wire.BADSIG)),
        row("NOTAUTH BADTIME unsigned", "kept", tsig_error(wire.BADTIME)),
        row("MAC of 8 octets", "kept", truncated_mac(8)),
        row("MAC of no octets", "kept", truncated_mac(0)),
        Lie("tsig SOA answer unsigned", "kept", {"SOA": lambda zone, request: iter(
            [zone.reply(request, [as_record(zone.soa())])]), "AXFR": unsigned, "IXFR": unsigned},
            keyed=True),
        Lie("tsig NS from an unsigned IXFR", "kept", {
            "IXFR": lambda zone, request: zone.pack(request, ixfr_no_ns(zone)), "AXFR": refuse},
            keyed=True),
    ]


def soa_lies():
    def row(name, verdict, lie, **more):
        return Lie("soa " + name, verdict, {"SOA": lie, "AXFR": refuse, "IXFR": refuse}, **more)

    return [
        row("goes back by one", "kept", None, serial=OLD - 1),
        row("goes back far", "kept", None, serial=1),
        row("2^31 apart", "kept", None, serial=(OLD + 0x80000000) & 0xFFFFFFFF),
        row("of another owner", "kept", foreign_soa),
        row("cut", "kept", cut_soa),
        row("with octets after it", "kept", long_soa),
        row("two of them", "kept", two_soas),
        row("no answer", "kept", silent, slow=True),
        row("wrong ID", "kept", message_lie(ident=lambda z, r: r.parsed.ident ^ 1), slow=True),
        row("QR=0", "kept", message_lie(flags=wire.AA), slow=True),
        row("other question", "kept",
            message_lie(question=wire.question("other.example.", wire.SOA)), slow=True),
        row("empty answer", "kept", message_lie(records=[])),
        row("NXDOMAIN", "kept", message_lie(records=[], rcode=wire.NXDOMAIN)),
        row("REFUSED", "kept", refuse),
        row("CNAME instead", "kept", message_lie(records=lambda z, r: [wire.record(
            z.owner, wire.CNAME, wire.IN, 300, wire.name("other.example."))])),
        row("newer, but transfers are refused", "kept", None),
        Lie("soa says newer, AXFR has the old serial", "kept", {
            "AXFR": rows_lie(lambda zone, _: zone.full(OLD)), "IXFR": refuse}),
    ]


def incremental_lies():
    """IXFR: each fault twice, with AXFR refused (old zone kept) and honest (falls back, once)."""
    faults = {
        "deletes what is not there": ixfr_rows(ixfr_delete_absent),
        "deletes another RDATA": ixfr_rows(ixfr_delete_other_rdata),
        "gap in the chain of serials": ixfr_rows(ixfr_gap),
        "starts at another serial": ixfr_rows(ixfr_wrong_start),
        "SOA of another owner": ixfr_rows(ixfr_foreign_soa),
        "old SOA of another owner": ixfr_rows(ixfr_foreign_old_soa),
        "ends at another SOA": ixfr_rows(ixfr_other_end),
        "chain goes backwards": ixfr_rows(ixfr_backwards),
        "chain goes in a circle": ixfr_rows(ixfr_circle),
        "takes all NS away": ixfr_rows(ixfr_no_ns),
        "puts a CNAME beside data": ixfr_rows(ixfr_cname_conflict),
        "adds a SOA below the apex": ixfr_rows(ixfr_second_soa_added),
        "deletes the SOA twice": ixfr_rows(ixfr_delete_soa_twice),
        "goes to an older serial": ixfr_rows(ixfr_older),
        "cut in a delta": ixfr_cut,
        "closing SOA missing": ixfr_cut_before_end,
        "endless delta": ixfr_endless,
        "endless chain": ixfr_endless_chain,
        "reset": reset_at_once,
        "closed": close_at_once,
        "NOTIMP": message_lie(records=[], rcode=wire.NOTIMP),
        "FORMERR": message_lie(records=[], rcode=wire.FORMERR),
        "wrong ID": message_lie(ident=lambda z, r: r.parsed.ident ^ 0x1234),
        "pointer loop": pointer_loop,
        "random octets": random_octets,
        "empty answer": message_lie(records=[]),
        "only a newer SOA": rows_lie(lambda zone, _: [zone.soa(NEW)]),
        "only the old SOA": rows_lie(lambda zone, _: [zone.soa(OLD)]),
    }
    table = []
    for name, lie in faults.items():
        table.append(Lie(f"ixfr {name}, AXFR refused", "kept", {"IXFR": lie, "AXFR": refuse},
                         forbidden=(evil(),)))
        # An IXFR that says "you have the newest" may be believed or not; the rest is a fault.
        verdict = "either" if name == "only the old SOA" else "accepted"
        table.append(Lie(f"ixfr {name}, AXFR honest", verdict, {"IXFR": lie},
                         forbidden=(evil(),)))
    return table + [
        Lie("ixfr out-of-zone data", "either", {"IXFR": ixfr_rows(ixfr_out_of_zone),
                                                "AXFR": refuse}, forbidden=(b"\4evil",)),
        Lie("ixfr to another serial than announced", "either",
            {"IXFR": ixfr_rows(ixfr_other_serial), "AXFR": refuse}),
        Lie("ixfr records after the end", "either",
            {"IXFR": ixfr_rows(ixfr_garbage_after_end), "AXFR": refuse}, forbidden=(evil(),)),
        Lie("ixfr answered with a full zone", "accepted",
            {"IXFR": rows_lie(lambda zone, _: zone.full())}),
        Lie("ixfr honest, one record a message", "accepted",
            {"IXFR": rows_lie(lambda zone, _: zone.incremental(OLD), size=1)}),
    ]


LIES = [*transfer_lies(), *tsig_lies(), *soa_lies(), *incremental_lies()]
