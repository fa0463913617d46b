"""Every message of kit.py against a running combiner.

After each: a SOA query is answered soon, the zone is octet for octet the one before, and the
process is the same. What an answer must be in any case is in `judge`.
"""

import os
import socket
import struct
import time

import dns.message
import pytest

import combiner_process as process
import kit
import wire
import world as attacked

LIVENESS_SECONDS = 1.0   # bound that fails a test; the worst one is reported, and 50 ms is the aim
ANSWER_SECONDS = 5.0
SILENCE_SECONDS = 0.06   # after the liveness answer: what has not come by then was dropped
UDP_LIMIT = 1232



@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with attacked.World(tmp_path_factory.mktemp("hostile")) as one:
        yield one
        report(f"worst SOA latency after a case: {one.worst[0] * 1000:.1f} ms, after {one.worst[1]}")


def report(text):
    """Printed, and kept in the file that CHORALE_HOSTILE_REPORT names."""
    print(text)
    path = os.environ.get("CHORALE_HOSTILE_REPORT")
    if path:
        with open(path, "a", encoding="utf-8") as out:
            out.write(text + "\n")


def runs():
    for case in kit.CASES:
        for transport in (("udp", "tcp") if case.transport == "both" else (case.transport,)):
            yield pytest.param(case, transport, id=f"{case.full_name} [{transport}]")


@pytest.mark.parametrize("case,transport", list(runs()))
def test_message(world, case, transport):
    attack(world, case, transport)


def attack(world, case, transport):
    context = kit.Context(world.serial())
    built = case.build(context)
    octets, mac = built if isinstance(built, tuple) else (built, None)
    answers = send(world, case, transport, octets)
    measure_liveness(world, case)
    # The case first: an answer that is wrong says more than a zone that changed because of it.
    try:
        outcome = judge(case, context, transport, octets, mac, answers)
    finally:
        serial, content = world.look()
        changed = (serial, content) != (context.serial, world.content)
        if changed:
            difference = sorted(content ^ world.content)[:3]
            restore(world)
        assert not changed, f"{case.full_name} changed the zone: {difference}, serial {serial}"
    assert world.is_unharmed()
    return outcome


def restore(world):
    """Puts the overlay back so that one failure does not fail all cases after it."""
    apex = wire.name(kit.APEX)
    changes = [wire.record(apex, kind, wire.CLASS_ANY) for kind in kit.CONTROLLED if kind != wire.NS]
    changes += [wire.record(apex, kind, wire.IN, kit.OVERLAY_TTL, rdata)
                for kind, rdata in kit.OVERLAY]
    world.update(*changes)
    _, world.content = world.look()


def measure_liveness(world, case):
    begin = time.monotonic()
    answer = process.ask(world.target, kit.APEX, wire.SOA, seconds=LIVENESS_SECONDS)
    took = time.monotonic() - begin
    assert answer is not None and answer.rcode == 0, f"no SOA after {case.full_name}"
    world.worst = max(world.worst, (took, case.full_name))


# Sending ----------------------------------------------------------------------------------------


def send(world, case, transport, octets):
    """Answers to the message, most often one; [] for none."""
    if transport == "udp":
        return send_udp(world, case, octets)
    return send_tcp(world, case, octets)


def probe():
    return wire.message(zone=[wire.question(kit.APEX, wire.SOA)])


def send_udp(world, case, octets):

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind((case.source, 0))
        link.connect(world.target)
        link.send(octets)
        if "drop" not in case.expect:
            link.settimeout(ANSWER_SECONDS)
            try:
                return [link.recv(65535)]
            except (TimeoutError, ConnectionError):
                return []
        beat = probe()
        while beat[:2] == octets[:2]:
            beat = probe()
        link.send(beat)
        answers, beaten = [], False
        link.settimeout(ANSWER_SECONDS)
        while True:
            try:
                answer = link.recv(65535)
            except (TimeoutError, ConnectionError):
                assert beaten, "the query after it was not answered"
                return answers
            if answer[:2] == beat[:2] and not beaten:
                beaten = True
                link.settimeout(SILENCE_SECONDS)
            else:
                answers.append(answer)


def send_tcp(world, case, octets):
    """All answers until the stream is over; a query behind the message shows silence."""
    try:
        with process.connect(world.target, case.source, ANSWER_SECONDS) as link:
            link.sendall(wire.frame(octets))
            if "drop" not in case.expect:
                answer = process.receive_message(link)
                return [] if answer is None else [answer]
            beat = probe()
            while beat[:2] == octets[:2]:
                beat = probe()
            link.sendall(wire.frame(beat))
            answers = []
            while True:
                answer = process.receive_message(link)
                if answer is None or answer[:2] == beat[:2]:
                    return answers
                answers.append(answer)
    except (TimeoutError, ConnectionError):
        return []


# Judging ----------------------------------------------------------------------------------------


def outcome_of(parsed):
    name = wire.RCODE_NAMES.get(parsed.rcode, str(parsed.rcode))
    fields = parsed.tsig
    if fields is not None and fields.error:
        name += "/" + wire.TSIG_ERROR_NAMES.get(fields.error, str(fields.error))
    return name


def judge(case, context, transport, request, mac, answers):
    if not answers:
        assert "drop" in case.expect, f"no answer; expected {sorted(case.expect)}"
        return "drop"
    assert len(answers) == 1, "one answer a message"
    answer = answers[0]
    parsed = wire.parse(answer)  # strict: counts, pointers, nothing after the end
    accepted_by_dnspython(answer)
    outcome = outcome_of(parsed)
    assert outcome in case.expect, f"answered {outcome}; expected {sorted(case.expect)}"

    assert parsed.flags & wire.QR and not parsed.flags & wire.Z
    assert answer[:2] == request[:2], "ID"
    if len(request) >= 4:
        assert parsed.opcode == (request[2] >> 3) & 15, "opcode is echoed"
    judge_question(parsed, request)
    judge_edns(parsed, request)
    judge_size(case, parsed, transport, answer, request)
    if parsed.rcode != 0:
        assert not parsed.sections[0], "an error carries no data"
    judge_tsig(case, parsed, outcome, mac)
    if case.check is not None:
        case.check(context, parsed)
    return outcome


def accepted_by_dnspython(answer):
    """A parser of other people reads it as well. It knows the opcodes with a name only, and of
    UPDATE only a sound zone section, which an error echoes as it came."""
    opcode = (answer[2] >> 3) & 15
    if opcode not in (wire.QUERY, wire.STATUS, wire.NOTIFY, wire.UPDATE) or (
            opcode == wire.UPDATE and answer[3] & 15 != 0):
        return
    try:
        dns.message.from_wire(answer, keyring=None)
    except dns.message.UnknownTSIGKey:
        pass


def understood(request):
    try:
        return wire.parse(request)
    except wire.Malformed:
        return None


def first_question(request):
    """The first question, also of a message whose rest is broken; None if it is broken too."""
    try:
        owner, offset = wire.read_name(request, 12)
        return (owner, *struct.unpack("!HH", request[offset:offset + 4]))
    except (wire.Malformed, struct.error):
        return None


def judge_question(parsed, request):
    asked = understood(request)
    if parsed.questions:
        assert len(parsed.questions) == 1, "QDCOUNT above 1 in an answer (RFC 9619)"
        assert parsed.questions[0] == first_question(request), "question comes back with its case"
    elif asked is not None and len(asked.questions) == 1:
        assert parsed.rcode in (wire.FORMERR, wire.NOTIMP), "question is echoed"


def judge_edns(parsed, request):
    asked = understood(request)
    if asked is None:
        return
    count = sum(1 for row in asked.sections[2] if row.kind == wire.OPT)
    if count == 0:
        assert parsed.opt is None, "no OPT in, none out"
    elif count == 1 and asked.opt.owner == b"\0":
        assert parsed.opt is not None, "OPT in, OPT out"
    if parsed.opt is not None:
        assert sum(1 for row in parsed.sections[2] if row.kind == wire.OPT) == 1
        assert (parsed.opt.ttl >> 16) & 0xFF == 0 and parsed.opt.owner == b"\0"


def judge_size(case, parsed, transport, answer, request):
    if transport != "udp":
        return
    asked = understood(request)
    offered = 512
    if asked is not None and asked.opt is not None:
        offered = max(512, asked.opt.group)
    assert len(answer) <= min(offered, UDP_LIMIT), "UDP answer of the offered size at most"
    if case.source == kit.STRANGER and case.key is None and len(request) >= 12:
        assert len(answer) <= 2 * len(request), "no amplification for strangers"


def judge_tsig(case, parsed, outcome, mac):
    fields = parsed.tsig
    if case.key is None:
        assert fields is None, "an unsigned request gets an unsigned answer"
        return
    if fields is not None and fields.error in (wire.BADKEY, wire.BADSIG):
        assert fields.mac == b"", "BADKEY and BADSIG are not signed (RFC 8945 5.2)"
        return
    if fields is None and (case.answer_signed == "any" or outcome == "FORMERR"):
        return  # parsing comes before TSIG, so what cannot be parsed is answered unsigned
    assert fields is not None, "a well-signed request gets a signed answer"
    assert wire.verifies(parsed, case.key, mac), "TSIG of the answer"


# The table itself -------------------------------------------------------------------------------


def test_trailing_octets_are_treated_alike_everywhere(world):
    """RFC checklist: FORMERR or ignored, but the same everywhere."""
    rows = [case for case in kit.CASES if "octets after the end" in case.name]
    assert len(rows) >= 6
    seen = {}
    for case in rows:
        for transport in (("udp", "tcp") if case.transport == "both" else (case.transport,)):
            outcome = attack(world, case, transport)
            seen.setdefault(outcome == "FORMERR", []).append(f"{case.full_name} [{transport}]")
    assert len(seen) == 1, seen


def test_same_zone_same_process_at_the_end(world):
    _, content = world.look()
    assert content == world.content
    assert world.is_unharmed()
    assert len(kit.CASES) >= 450
