"""Attacks that take more than one message: replay, floods, slow and cut TCP, last NS, delete all."""

import datetime
import socket
import struct
import threading
import time

import pytest

import combiner_process as process
import kit
import wire
import world as attacked


LIVENESS_SECONDS = 1.0
IDLE_SECONDS = 10.0   # threats.md, TCP idle; the test waits no longer than a little more
FLOOD = 2000
WAVE = 100   # of a flood that shall arrive whole: fewer than a socket buffer and [limits] hold
APEX = wire.name(kit.APEX)
CROWD = "127.77.0.1"   # floods come from a prefix of their own


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with attacked.World(tmp_path_factory.mktemp("sequences")) as one:
        yield one


@pytest.fixture(autouse=True)
def unharmed(world):
    """Each attack leaves the zone, the process and the service as they were."""
    yield
    assert world.is_unharmed()
    begin = time.monotonic()
    assert world.serial() is not None
    assert time.monotonic() - begin < LIVENESS_SECONDS
    content = world.look()[1]
    if content != world.content:
        # Put back, so that one failure does not fail the attacks after it.
        world.update(*(wire.record(APEX, kind, wire.NONE, 0, rdata)
                       for owner, kind, _, rdata in content - world.content
                       if owner == APEX and kind in kit.CONTROLLED))
    assert content == world.content


def spare_key(number):
    return kit.A_KEY + b"\xaa" + bytes([number]) * 255


def add(number):
    return wire.record(APEX, wire.DNSKEY, wire.IN, kit.OVERLAY_TTL, spare_key(number))


def remove(number):
    return wire.record(APEX, wire.DNSKEY, wire.NONE, 0, spare_key(number))


def holds(world, number):
    return any(row[1] == wire.DNSKEY and row[3] == spare_key(number) for row in world.look()[1])


def signed_update(*changes, key, when=None):
    plain = wire.message(opcode=wire.UPDATE, zone=[wire.question(APEX, wire.SOA)],
                         second=list(changes))
    return wire.sign(plain, key, when=when)


# Replay, RFC 8945 5.2.3 ---------------------------------------------------------------------------


@pytest.mark.parametrize("carrier", ["udp", "tcp"])
def test_replay_after_a_later_time_is_badtime(world, carrier):
    key = kit.REPLAY_KEYS[0 if carrier == "udp" else 1]
    exchange = process.exchange_udp if carrier == "udp" else process.exchange_tcp
    now = int(time.time())
    recorded, mac = signed_update(add(1), key=key, when=now - 3)
    assert world.outcome_of(exchange(world.target, recorded), key, mac) == "NOERROR"
    undo, mac = signed_update(remove(1), key=key, when=now - 2)
    assert world.outcome_of(exchange(world.target, undo), key, mac) == "NOERROR"
    serial = world.serial()
    for _ in range(3):
        assert world.outcome_of(exchange(world.target, recorded), key) == "NOTAUTH/BADTIME"
    assert world.serial() == serial and not holds(world, 1)


def test_replay_survives_a_restart(world):
    """The last Time Signed of a key is durable: kill -9 does not open the window again."""
    key = kit.REPLAY_KEYS[2]
    now = int(time.time())
    recorded, mac = signed_update(add(2), key=key, when=now - 3)
    assert world.outcome_of(process.exchange_udp(world.target, recorded), key, mac) == "NOERROR"
    undo, mac = signed_update(remove(2), key=key, when=now - 2)
    assert world.outcome_of(process.exchange_udp(world.target, undo), key, mac) == "NOERROR"
    serial = world.serial()
    world.combiner.kill()
    world.combiner.start()
    world.pid = world.combiner.process.pid
    process.wait_until(lambda: world.serial() is not None, 20, "zone served after a restart")
    assert world.serial() == serial
    assert world.outcome_of(process.exchange_udp(world.target, recorded), key) == "NOTAUTH/BADTIME"
    assert world.serial() == serial and not holds(world, 2)


def test_replay_within_the_same_second_brings_nothing_back(world):
    """Same Time Signed, the same octets: refused, or at least without effect."""
    key = kit.REPLAY_KEYS[3]
    now = int(time.time())
    recorded, mac = signed_update(add(3), key=key, when=now)
    assert world.outcome_of(process.exchange_udp(world.target, recorded), key, mac) == "NOERROR"
    undo, mac = signed_update(remove(3), key=key, when=now)
    assert world.outcome_of(process.exchange_udp(world.target, undo), key, mac) == "NOERROR"
    serial = world.serial()
    outcome = world.outcome_of(process.exchange_udp(world.target, recorded))
    returned = holds(world, 3)
    if returned:
        assert world.update(remove(3)) == "NOERROR"
    assert not returned, f"a replayed UPDATE was applied again ({outcome})"
    assert world.serial() == serial


def test_a_retry_of_the_last_update_changes_nothing(world):
    key = kit.SETUP_KEY
    once, mac = signed_update(add(4), key=key)
    assert world.outcome_of(process.exchange_udp(world.target, once), key, mac) == "NOERROR"
    serial = world.serial()
    outcome = world.outcome_of(process.exchange_udp(world.target, once))
    assert outcome in ("NOERROR", "NOTAUTH/BADTIME")
    assert world.serial() == serial and holds(world, 4)
    assert world.update(remove(4)) == "NOERROR"


# What RFC 2136 protects -----------------------------------------------------------------------------


def test_the_last_ns_stays(world):
    """RFC 2136 3.4.2.4: however NS is deleted, at least one is left."""
    def names():
        return sorted(row[3] for row in world.look()[1] if row[1] == wire.NS and row[0] == APEX)

    before = names()
    gone = [wire.record(APEX, wire.NS, wire.NONE, 0, name) for name in before]
    assert world.update(*gone) == "NOERROR"
    assert len(names()) == 1
    assert world.update(*gone) == "NOERROR"
    assert len(names()) == 1
    assert world.update(wire.record(APEX, wire.NS, wire.CLASS_ANY)) == "NOERROR"
    assert len(names()) == 1
    back = [wire.record(APEX, wire.NS, wire.IN, 300, name) for name in before]
    assert world.update(*back) == "NOERROR"
    assert names() == before


def test_delete_all_at_the_apex_spares_what_is_not_controlled(world):
    """Class ANY, type ANY at the apex: refused, or only the controlled RRsets but NS go."""
    before = world.look()
    outcome = world.update(wire.record(APEX, wire.ANY, wire.CLASS_ANY))
    after = world.look()
    if outcome == "REFUSED":
        assert after == before
        return
    assert outcome == "NOERROR"
    gone = before[1] - after[1]
    assert {row[1] for row in gone} == {wire.DNSKEY, wire.CDS, wire.CDNSKEY, wire.CSYNC}
    assert not after[1] - before[1]
    restored = [wire.record(APEX, kind, wire.IN, kit.OVERLAY_TTL, rdata)
                for kind, rdata in kit.OVERLAY]
    assert world.update(*restored) == "NOERROR"


def test_operations_in_order_and_serial_only_on_change(world):
    serial = world.serial()
    assert world.update(add(5), remove(5)) == "NOERROR"
    assert not holds(world, 5)
    assert world.serial() == serial, "no change, no new serial"
    assert world.update(remove(5), add(5)) == "NOERROR"
    assert holds(world, 5) and wire.serial_less(serial, world.serial())
    assert world.update(remove(5)) == "NOERROR"


# Floods ---------------------------------------------------------------------------------------------


def test_notify_flood_from_the_primary_is_coalesced(world):
    """RFC 1996 4.4: one refresh running, one pending; the primary is not stormed."""
    process.wait_until(lambda: next_refresh(world), 10, "primary still being asked")
    world.zone.requests.clear()
    may_answer = threading.Semaphore(0)

    def when_told(zone, request):
        may_answer.acquire(timeout=5.0)
        return zone.honest("SOA", request)

    world.zone.lies["SOA"] = when_told
    plain = wire.message(flags=wire.AA, opcode=wire.NOTIFY, zone=[wire.question(APEX, wire.SOA)])
    waves = [range(first, first + WAVE) for first in range(1, FLOOD + 1, WAVE)]
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.bind((kit.PRIMARY, 0))
            link.connect(world.target)
            link.settimeout(3.0)
            for wave in waves:
                for number in wave:
                    link.send(struct.pack("!H", number) + plain[2:])
                answers = [link.recv(4096) for _ in wave]
                assert {struct.unpack("!H", answer[:2])[0] for answer in answers} == set(wave)
                assert {world.outcome_of(answer) for answer in answers} == {"NOERROR"}
                may_answer.release()
    finally:
        del world.zone.lies["SOA"]
        may_answer.release(FLOOD)
    process.wait_until(lambda: next_refresh(world), 10, "primary still being asked")
    kinds = [kind for kind, *_ in world.zone.requests]
    # Each answer ends one refresh and lets the pending one begin; a question may be sent twice.
    assert 2 <= len(kinds) <= 2 * (len(waves) + 2), f"{len(kinds)} questions to the primary"
    assert set(kinds) == {"SOA"}, "same serial: nothing to do"


def test_notify_flood_from_strangers_asks_nobody(world):
    before = process.wait_until(lambda: next_refresh(world), 10, "primary still being asked")
    world.zone.requests.clear()
    plain = wire.message(flags=wire.AA, opcode=wire.NOTIFY, zone=[wire.question(APEX, wire.SOA)])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind((CROWD, 0))
        link.connect(world.target)
        for number in range(FLOOD):
            link.send(struct.pack("!H", number + 1) + plain[2:])
    process.wait_until(lambda: world.serial() is not None, 5, "no SOA after a NOTIFY flood")
    assert not world.zone.requests
    assert next_refresh(world) == before, "a refresh has begun"


def next_refresh(world):
    """When the primary is asked next; None while it is being asked, or is about to be."""
    timers = world.combiner.zone(kit.APEX)["timers"]
    # A refresh that was wanted during another one is due before it runs.
    if timers["refreshing"] or timers["refresh_at"] is None:
        return None
    at = datetime.datetime.fromisoformat(timers["refresh_at"])
    return at if at > datetime.datetime.now(datetime.timezone.utc) else None


def test_update_flood_is_answered_to_the_last(world):
    """A pipeline of signed UPDATEs: each gets NOERROR or SERVFAIL, none silence."""
    count = 400
    key = kit.SETUP_KEY
    with process.connect(world.target, seconds=30.0) as link:
        macs = {}
        for number in range(count):
            octets, mac = wire.sign(struct.pack("!H", number + 1) + wire.message(
                opcode=wire.UPDATE, zone=[wire.question(APEX, wire.SOA)],
                second=[remove(200)])[2:], key)
            macs[number + 1] = mac
            link.sendall(wire.frame(octets))
        seen = {}
        while len(seen) < count:
            answer = process.receive_message(link)
            assert answer is not None, f"closed after {len(seen)} of {count}"
            ident = struct.unpack("!H", answer[:2])[0]
            seen[ident] = world.outcome_of(answer, key, macs[ident])
    assert set(seen.values()) <= {"NOERROR", "SERVFAIL"}, set(seen.values())
    assert "NOERROR" in seen.values()


def test_unsigned_update_flood_costs_nothing(world):
    plain = wire.message(opcode=wire.UPDATE, zone=[wire.question(APEX, wire.SOA)],
                         second=[add(number) for number in range(1, 60)])
    with process.connect(world.target, CROWD, 30.0) as link:
        for _ in range(300):
            link.sendall(wire.frame(plain))
        for _ in range(300):
            assert world.outcome_of(process.receive_message(link)) == "REFUSED"


# TCP, RFC 7766 --------------------------------------------------------------------------------------


def soa_query(ident):
    return wire.message(ident=ident, zone=[wire.question(APEX, wire.SOA)])


def test_one_octet_a_segment(world):
    with process.connect(world.target) as link:
        for octet in wire.frame(soa_query(5)):
            link.send(bytes([octet]))
        assert world.outcome_of(process.receive_message(link)) == "NOERROR"


def test_pipelining_and_half_close_are_answered(world):
    with process.connect(world.target) as link:
        link.sendall(b"".join(wire.frame(soa_query(ident)) for ident in range(1, 101)))
        link.shutdown(socket.SHUT_WR)
        got = set()
        for _ in range(100):
            answer = process.receive_message(link)
            assert answer is not None and world.outcome_of(answer) == "NOERROR"
            got.add(struct.unpack("!H", answer[:2])[0])
        assert got == set(range(1, 101))


def test_several_transfers_on_one_connection(world):
    query = wire.message(ident=77, zone=[wire.question(APEX, wire.AXFR)])
    with process.connect(world.target) as link:
        link.sendall(b"".join(wire.frame(struct.pack("!H", n) + query[2:]) for n in (1, 2, 3)))
        soas = {1: 0, 2: 0, 3: 0}
        while any(count < 2 for count in soas.values()):
            parsed = wire.parse(process.receive_message(link))
            soas[parsed.ident] += sum(row.kind == wire.SOA for row in parsed.sections[0])
        link.sendall(wire.frame(soa_query(9)))
        assert world.outcome_of(process.receive_message(link)) == "NOERROR"


@pytest.mark.parametrize("octets", [b"", b"\0", b"\0\0", b"\0\0" * 500, b"\0\x0c", b"\xff\xff",
                                    b"\xff\xff" + b"\xff" * 3000, b"\0\x0c" + b"\xff" * 5,
                                    b"\0\3abc" * 50],
                         ids=["nothing", "half a length", "empty message", "500 empty messages",
                              "length only", "longest length only", "garbage begun",
                              "header begun", "50 short messages"])
def test_cut_frames_then_gone(world, octets):
    for _ in range(20):
        with process.connect(world.target, CROWD) as link:
            if octets:
                link.sendall(octets)


def test_longest_message_of_garbage(world):
    with process.connect(world.target, CROWD, 5.0) as link:
        link.sendall(b"\xff\xff" + soa_query(3)[:2] + b"\0" * 2 + b"\xff" * 65531)
        answer = process.receive_message(link)
    assert answer is None or world.outcome_of(answer) == "FORMERR"


def test_a_started_message_that_never_ends_is_closed(world):
    with process.connect(world.target, CROWD, IDLE_SECONDS + 5) as link:
        link.sendall(b"\0\x40\x12")
        begin = time.monotonic()
        assert link.recv(1) == b""
        assert time.monotonic() - begin <= IDLE_SECONDS + 3


def test_slowloris_does_not_starve_others(world):
    """400 idle connections, and 40 that send an octet now and then."""
    links = []
    stop = threading.Event()
    try:
        for number in range(440):
            try:
                link = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                link.settimeout(1.0)
                link.bind((f"127.77.{number // 100}.{number % 100 + 1}", 0))
                link.connect(world.target)
                links.append(link)
            except OSError:
                link.close()
        slow = links[:40]

        def drip():
            while not stop.wait(0.2):
                for link in slow:
                    try:
                        link.send(b"\1")
                    except OSError:
                        pass

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        worst = 0.0
        for number in range(30):
            begin = time.monotonic()
            parsed = process.ask(world.target, kit.APEX, wire.SOA, tcp=number % 2 == 0)
            worst = max(worst, time.monotonic() - begin)
            assert parsed is not None and parsed.rcode == 0, "starved by idle connections"
        assert worst < LIVENESS_SECONDS
        assert world.look()[1] == world.content
    finally:
        stop.set()
        for link in links:
            link.close()


def test_readers_that_do_not_read(world):
    """CVE-2024-0760: many pipelined questions, no answer is taken; the rest goes on."""
    query = wire.message(zone=[wire.question(APEX, wire.AXFR)])
    links = []
    try:
        for number in range(20):
            link = process.connect(world.target, kit.FRIEND)
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            link.settimeout(0.2)
            links.append(link)
            try:
                for _ in range(400):
                    link.sendall(wire.frame(query))
            except (TimeoutError, ConnectionError):
                pass
        for _ in range(20):
            begin = time.monotonic()
            parsed = process.ask(world.target, kit.APEX, wire.SOA)
            assert parsed is not None and parsed.rcode == 0
            assert time.monotonic() - begin < LIVENESS_SECONDS
    finally:
        for link in links:
            link.close()


def test_resets_in_the_middle_of_a_transfer(world):
    query = wire.frame(wire.message(zone=[wire.question(APEX, wire.AXFR)]))
    for _ in range(100):
        with process.connect(world.target, kit.FRIEND) as link:
            link.sendall(query)
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
