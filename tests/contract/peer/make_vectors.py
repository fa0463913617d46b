#!/usr/bin/python3
"""Writes proto/vectors/*.json: examples, good and bad, of proto/README.md.

    make_vectors.py            writes the files
    make_vectors.py --check    exit 1 if one is not what would be written

Octets are put together by hand here, with no codec in between: neither ours nor
that of the peer that the vectors are a test of.
"""
import base64
import hashlib
import json
import math
import pathlib
import struct
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

TARGET = pathlib.Path(__file__).resolve().parents[3] / "proto/vectors"

NOERROR, FORMERR, NOTIMP = "NOERROR", "FORMERR", "NOTIMP"
MIRRORED, BASELINE, RESERVED = "mirrored bits", "missing baseline", "reserved octet"
UNKNOWN_FACT, UNKNOWN_VALUE = "unknown fact", "unknown value"


def name(text):
    labels = [label.encode("latin-1") for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def u16(value):
    return struct.pack("!H", value)


def u32(value):
    return struct.pack("!I", value)


def u64(value):
    return struct.pack("!Q", value)


def tlv(kind, value):
    return bytes([kind]) + u16(len(value)) + value


def base64_of(octets):
    return base64.b64encode(octets).decode()


ZONE, A, B = "zone.example.", "msa.a.example.", "msa.b.example."
LONG = ".".join(["x" * 63, "y" * 63, "z" * 63, "w" * 61]) + "."  # 255 octets
ROSTER, CONTRIBUTION = bytes(range(32)), bytes(range(100, 132))

# Each fact once: its TLV and its member.
FACTS = {
    1: (u64(0x0123456789ABCDEF) + u64(7), "sequence", {"boot": "0123456789ABCDEF", "counter": "7"}),
    2: (name(A), "identity", A),
    3: (u32(30), "interval", 30),
    4: (ROSTER, "roster", ROSTER.hex().upper()),
    5: (u64(5), "epoch", "5"),
    6: (b"\1" + name(B) + b"\1\2", "rungs",
        [{"process": "join", "subject": B, "rung": "KEYS", "status": "done"}]),
    7: (u32(3600) + u32(7200) + u32(86400) + u32(2026010101) + u64(1800000000), "evidence",
        {"dnskey_ttl": 3600, "ns_ttl": 7200, "max_ttl": 86400, "signed_serial": 2026010101,
         "hold_end": "1800000000"}),
    8: (u64(3) + name(A), "term", {"number": "3", "identity": A}),
    9: ("waiting for the parent: \u00e4\u4e2d\U0001f511".encode(), "reason",
        "waiting for the parent: \u00e4\u4e2d\U0001f511"),
    10: (b"\1" + u64(3), "vote", {"granted": True, "term": "3"}),
    11: (CONTRIBUTION, "contribution", CONTRIBUTION.hex().upper()),
    12: (b"\1", "recovery", True),
    13: (u64(4) + b"\3", "echo", {"epoch": "4", "steps": 3}),
}


def fact(kind):
    return tlv(kind, FACTS[kind][0])


def members(*kinds, **more):
    return {FACTS[kind][1]: FACTS[kind][2] for kind in kinds} | more


def form(transport=3, synchronization=3, **facts):
    return {"transport": transport, "synchronization": synchronization, "zone": ZONE} | facts


def rung(process, subject, step, status):
    return tlv(6, bytes([process]) + name(subject) + bytes([step, status]))


OPERATIONS = {1: "HELLO", 2: "HEARTBEAT", 128: "STATE", 129: "ELECT"}


def good(title, rule, option, document, canonical=None, notes=(), purpose="request"):
    return {"name": title, "rule": rule, "purpose": purpose, "option": option.hex(),
            "verdict": NOERROR, "operation": OPERATIONS[option[0]], "notes": list(notes),
            "json": document, "canonical": (option if canonical is None else canonical).hex()}


def bad(title, rule, option, verdict=FORMERR, purpose="request"):
    return {"name": title, "rule": rule, "purpose": purpose, "option": option.hex(), "verdict": verdict}


def option_vectors():
    hello, state = b"\1\3\3", b"\x80\3\3"
    every = b"".join(fact(kind) for kind in FACTS)
    yield good("HELLO with an empty body", "2.4", hello, form())
    yield good("HEARTBEAT with an empty body", "2.4", b"\2\3\3", form())
    yield good("STATE with an empty body", "2.8", state, form())
    yield good("baseline only", "2.2", b"\1\1\1", form(1, 1))
    yield good("every fact", "2.4", state + every, form(**members(*FACTS)))
    yield good("facts in another order", "2.4",
               state + b"".join(fact(kind) for kind in reversed(FACTS)), form(**members(*FACTS)), state + every)
    for kind, (_, member, _) in FACTS.items():
        yield good(f"{member} alone", "2.4", state + fact(kind), form(**members(kind)))

    yield good("both octets mirrored", "2.2", b"\1\xc0\x80", form(3, 1), b"\1\3\1", [MIRRORED])
    yield good("one octet mirrored", "2.2", b"\1\3\xc0", form(3, 3), hello, [MIRRORED])
    yield good("mirrored with unknown bits", "2.2", b"\1\xf0\xb8", form(3, 1), b"\1\3\1", [MIRRORED])
    yield good("bit 0x80 beside the baseline is only unknown", "2.2", b"\1\x81\xc3", form(1, 3), b"\1\1\3")
    yield good("unknown bits", "2.2", b"\1\x7f\x7d", form(3, 1), b"\1\3\1")
    yield good("no bit at all", "2.2", b"\1\0\0", form(1, 1), b"\1\1\1", [BASELINE])
    yield good("the baseline is missing", "2.2", b"\1\2\2", form(3, 3), hello, [BASELINE])
    yield good("one mirrored, one without baseline", "2.2", b"\1\x80\2", form(1, 3), b"\1\1\3", [MIRRORED, BASELINE])

    yield good("reserved octet, empty body", "2.3", hello + b"\0", form(), hello, [RESERVED])
    yield good("reserved octet before a fact", "2.3", hello + b"\0" + fact(3), form(**members(3)), hello + fact(3), [RESERVED])
    yield bad("two reserved octets: the second is TLV 0", "2.4", hello + b"\0\0")
    yield bad("TLV 0 later", "2.4", hello + fact(3) + b"\0\0\0")

    yield good("unknown facts are skipped", "2.4", hello + tlv(14, b"") + fact(3) + tlv(255, b"\0" * 300),
               form(**members(3)), hello + fact(3), [UNKNOWN_FACT])
    yield good("the same unknown fact twice", "2.4", hello + tlv(14, b"a") * 2, form(), hello, [UNKNOWN_FACT])
    for title, one in (("process 0", rung(0, B, 1, 1)), ("process 9", rung(9, B, 1, 1)), ("rung 7", rung(1, B, 7, 1)),
                       ("status 0", rung(1, B, 1, 0)), ("status 6", rung(1, B, 1, 6))):
        yield good(f"a rung with {title} is skipped", "2.6", state + one + fact(6), form(**members(6)), state + fact(6), [UNKNOWN_VALUE])
    processes = ["join", "leave", "zsk-roll", "ksk-roll", "csk-roll", "algorithm-roll", "name-servers", "setup"]
    rungs = ["OUT", "KEYS", "DS", "NS", "IN", "NS_GONE", "STOPPED"]
    statuses = ["working", "done", "holding", "blocked", "meeting"]
    many = [(i % 8, f"p{i}.example.", i % 7, i % 5) for i in range(16)]
    sixteen = b"".join(rung(p + 1, s, r, t + 1) for p, s, r, t in many)
    yield good("sixteen rungs, every process, rung and status, order kept", "2.4", state + sixteen, form(rungs=[
        {"process": processes[p], "subject": s, "rung": rungs[r], "status": statuses[t]} for p, s, r, t in many]))
    yield bad("seventeen rungs", "2.4", state + sixteen + rung(1, B, 1, 1))
    yield bad("seventeen rungs, one of them unknown", "2.6", state + rung(9, B, 1, 1) + sixteen)
    yield good("a rung of the root", "2.4", state + rung(8, ".", 1, 1),
               form(rungs=[{"process": "setup", "subject": ".", "rung": "KEYS", "status": "working"}]))

    yield good("a name of 255 octets", "2.5", hello + tlv(2, name(LONG)), form(identity=LONG))
    yield good("the case of a name is kept", "2.5", hello + tlv(2, name("MSA.Example.")), form(identity="MSA.Example."))
    yield good("a name with octets that text escapes", "2.5", hello + tlv(2, b"\5a.b\\\xff\1*\0"), form(identity="a\\.b\\\\\\255.*."))
    yield bad("a name of 256 octets", "2.5", hello + tlv(2, name(LONG.replace("w." , "ww."))))
    yield bad("a compressed name", "2.5", hello + tlv(2, b"\3msa\xc0\x00"))
    yield bad("a name with an unknown label type", "2.5", hello + tlv(2, b"\x41a\0"))
    yield bad("a name that is cut", "2.5", hello + tlv(2, name(A)[:-1]))
    yield bad("octets after a name", "2.5", hello + tlv(2, name(A) + b"\0"))
    yield bad("no name", "2.5", hello + tlv(2, b""))
    yield bad("a rung without status", "2.5", state + tlv(6, b"\1" + name(B) + b"\1"))
    yield bad("a rung with an octet too many", "2.5", state + tlv(6, b"\1" + name(B) + b"\1\1\1"))
    yield bad("an unknown rung with an octet too many", "2.5", state + tlv(6, b"\x09" + name(B) + b"\1\1\1"))
    yield bad("an unknown rung whose subject is no name", "2.6", state + tlv(6, b"\x09\x41a\0\1\1"))
    yield good("the root", "2.5", hello + tlv(2, b"\0"), form(identity="."))
    special = b"\x0ba\"b c(;)@$\x7f"
    yield good("a name with octets that are special in zone files", "7.4", hello + tlv(2, special + b"\0"), form(identity="a\\\"b\\032c\\(\\;\\)\\@\\$\\127."))
    yield bad("a term without identity", "2.5", state + tlv(8, u64(3)))

    yield good("interval 1", "2.4", hello + tlv(3, u32(1)), form(interval=1))
    yield good("interval of a day", "2.4", hello + tlv(3, u32(86400)), form(interval=86400))
    yield bad("interval 0", "2.4", hello + tlv(3, u32(0)))
    yield bad("interval above a day", "2.4", hello + tlv(3, u32(86401)))
    yield good("the largest numbers", "2.4", state + tlv(1, b"\xff" * 16) + tlv(5, b"\xff" * 8),
               form(sequence={"boot": "F" * 16, "counter": str(2**64 - 1)}, epoch=str(2**64 - 1)))
    none = {"dnskey_ttl": 0, "ns_ttl": 0, "max_ttl": 2**32 - 1, "signed_serial": 2**32 - 1}
    yield good("no hold", "2.4", state + tlv(7, bytes(8) + b"\xff" * 8 + bytes(8)), form(evidence=none))
    yield good("the latest hold end", "2.4", state + tlv(7, bytes(8) + b"\xff" * 8 + u64(253402300799)), form(evidence=none | {"hold_end": "253402300799"}))
    yield bad("a hold end beyond the year 9999", "2.4", state + tlv(7, bytes(16) + u64(253402300800)))
    yield bad("a hold end beyond any clock", "2.4", state + tlv(7, bytes(16) + b"\xff" * 8))
    yield good("an empty reason", "2.4", hello + tlv(9, b""), form(reason=""))
    yield good("a reason of 255 octets", "2.4", hello + tlv(9, b"x" * 255), form(reason="x" * 255))
    odd = "\ufeffa\u2028\u00a0\u202e"
    yield good("a reason with characters that are odd, and no controls", "2.4", hello + tlv(9, odd.encode()), form(reason=odd))
    for title, reason in (("of 256 octets", b"x" * 256), ("that is not UTF-8", b"\xff"), ("with an overlong form", b"\xc0\xaf"),
                          ("with an overlong form of three octets", b"\xe0\x80\xaf"), ("with a surrogate", b"\xed\xa0\x80"),
                          ("beyond Unicode", b"\xf4\x90\x80\x80"), ("that is cut in a character", b"\xe4\xb8"),
                          ("with a line feed", b"a\nb"), ("with NUL", b"a\0"), ("with an escape sequence", b"\x1b[31m"),
                          ("with DEL", b"\x7f"), ("with a C1 control", b"\xc2\x85")):
        yield bad(f"a reason {title}", "2.4", hello + tlv(9, reason))
    yield good("a vote that is not granted", "2.4", b"\x81\3\3" + tlv(10, b"\0" + u64(9)), form(vote={"granted": False, "term": "9"}), purpose="answer")
    yield bad("a vote that is neither", "2.4", b"\x81\3\3" + tlv(10, b"\2" + u64(9)), purpose="answer")
    yield good("the largest echo", "2.4", state + tlv(13, b"\xff" * 9), form(echo={"epoch": str(2**64 - 1), "steps": 255}))
    yield good("a term without a leader that is known", "2.4", state + tlv(8, u64(3) + b"\0"), form(term={"number": "3", "identity": "."}))
    yield good("recovery 0 is as absence", "2.4", hello + tlv(12, b"\0"), form(), hello)
    yield bad("recovery 2", "2.4", hello + tlv(12, b"\2"))
    for kind, (value, member, _) in FACTS.items():
        if kind != 6:
            yield bad(f"{member} twice", "2.4", state + fact(kind) * 2)
        if kind not in (2, 6, 8, 9):
            yield bad(f"{member} an octet too short", "2.5", state + tlv(kind, value[:-1]))
            yield bad(f"{member} an octet too long", "2.5", state + tlv(kind, value + b"\0"))
    yield bad("recovery twice, both 0", "2.4", hello + tlv(12, b"\0") * 2)

    for size in range(3):
        yield bad(f"{size} octets", "2.1", hello[:size])
    yield bad("an unknown operation in 1 octet", "2.1", b"\3")
    yield bad("an unknown operation in 2 octets", "2.1", b"\3\3")
    yield bad("operation 0", "1", b"\0\3\3")
    for operation in (3, 127, 130, 255):
        yield bad(f"operation {operation}", "1", bytes([operation]) + b"\3\3", NOTIMP)
    yield bad("an unknown operation with a malformed body", "2.1", b"\3\3\3\1", NOTIMP)
    yield bad("a TLV without length", "2.4", hello + b"\3")
    yield bad("a TLV with half a length", "2.4", hello + b"\3\0")
    yield bad("a TLV that overruns", "2.4", hello + fact(3)[:-1])
    yield bad("an unknown TLV that overruns", "2.4", hello + b"\x64\xff\xff\0")
    yield bad("a fault after good facts", "2.4", state + every + b"\x0e")

    yield good("ELECT", "4.10", b"\x81\3\1" + fact(8), form(3, 1, **members(8)))
    yield bad("ELECT without a term", "2.8", b"\x81\3\1")
    yield good("ELECT whose candidate is the root", "2.8", b"\x81\3\1" + tlv(8, u64(3) + b"\0"), form(3, 1, term={"number": "3", "identity": "."}))
    yield good("the vote", "4.10", b"\x81\3\1" + fact(10), form(3, 1, **members(10)), purpose="answer")
    yield good("a refusal says why", "3.7", b"\1\3\3" + tlv(9, b"not ready"), form(reason="not ready"), purpose="answer")


def json_vectors():
    def ok(title, rule, body, option, notes=(), operation="STATE", purpose="request"):
        text = body if isinstance(body, str) else json.dumps(body)
        return {"name": title, "rule": rule, "operation": operation, "purpose": purpose, "text": text,
                "verdict": 200, "notes": list(notes), "option": option.hex()}

    def no(title, rule, body, operation="STATE", purpose="request"):
        text = body if isinstance(body, str) else json.dumps(body)
        return {"name": title, "rule": rule, "operation": operation, "purpose": purpose, "text": text, "verdict": 400}

    state, hello = b"\x80\3\3", b"\1\3\3"
    yield ok("numbers", "7.4", form(), hello, operation="HELLO")
    yield ok("arrays of names", "7.4", form(["dns", "api"], ["leader-follower", "peer"]), hello, operation="HELLO")
    yield ok("names in any case, unknown ones ignored", "7.4", form(["DNS", "doq"], ["Leader-Follower", "anarchy"]), b"\1\1\1", operation="HELLO")
    yield ok("no names at all", "2.2", form([], []), b"\1\1\1", [BASELINE], operation="HELLO")
    yield ok("mirrored numbers", "2.2", form(192, 128), b"\1\3\1", [MIRRORED], operation="HELLO")
    yield ok("every fact", "7.4", form(**members(*FACTS)), state + b"".join(fact(kind) for kind in FACTS))
    yield ok("numbers for u64", "7.4", form(epoch=2**64 - 1, sequence={"boot": "00" * 8, "counter": 0}), state + tlv(1, bytes(16)) + tlv(5, b"\xff" * 8))
    yield ok("hexadecimal digits in lower case", "7.4", form(contribution=CONTRIBUTION.hex(), roster=ROSTER.hex()), state + fact(4) + fact(11))
    yield ok("a name without final dot", "7.4", form(identity="msa.a.example"), state + fact(2))
    yield ok("unknown members, nested ones too", "7.3", form(x={"y": [None, 1.5, -1]}, term={"number": "3", "identity": A, "z": []}), state + fact(8))
    yield ok("an unknown process", "2.6", form(rungs=[{"process": "nap", "subject": B, "rung": "KEYS", "status": "done"}] + FACTS[6][2]), state + fact(6), [UNKNOWN_VALUE])
    yield ok("texts in any case", "7.4", form(rungs=[{"process": "JOIN", "subject": B, "rung": "keys", "status": "Done"}]), state + fact(6))
    yield ok("no rungs", "7.4", form(rungs=[]), state)
    yield ok("recovery false", "7.4", form(recovery=False), state)
    yield ok("hold end 0", "7.4", form(evidence=FACTS[7][2] | {"hold_end": "0"}), state + tlv(7, FACTS[7][0][:16] + bytes(8)))
    yield ok("nested eight deep", "7.3", '{"transport":3,"synchronization":3,"zone":"zone.example.","x":' + "[" * 7 + "]" * 7 + "}", state)
    yield ok("white space and escapes", "7.3", ' {"transport" : 3,\r\n\t"synchronization":3, "\\u007aone":"zone.example."} ', state)

    yield no("nested nine deep", "7.3", '{"transport":3,"synchronization":3,"zone":"zone.example.","x":' + "[" * 8 + "]" * 8 + "}")
    for title, text in (("nothing", ""), ("no object", "[]"), ("a number", "3"), ("an open object", "{"), ("two documents", json.dumps(form()) * 2),
                        ("a name twice", '{"transport":3,"transport":3,"synchronization":3,"zone":"zone.example."}'),
                        ("a name twice in an unknown member", '{"transport":3,"synchronization":3,"zone":"zone.example.","x":{"a":1,"a":1}}'),
                        ("a comma too many", '{"transport":3,"synchronization":3,"zone":"zone.example.",}'),
                        ("a comment", '{"transport":3,/**/"synchronization":3,"zone":"zone.example."}'),
                        ("a byte order mark", "\ufeff" + json.dumps(form())),
                        ("an integer beyond 64 bits", '{"transport":3,"synchronization":3,"zone":"zone.example.","x":18446744073709551616}')):
        yield no(title, "7.3", text)
    for member in ("transport", "synchronization", "zone"):
        yield no(f"{member} is missing", "7.4", {k: v for k, v in form().items() if k != member})
    for value in (256, -1, 1.5, "3", None, True, {}, ["dns", 1]):
        yield no(f"transport {json.dumps(value)}", "7.4", form(transport=value))
    for zone in ("", "@", "a..b", "z\u00f6ne.example.", "x" * 64, LONG.replace("w.", "ww."), 1, "a\\999."):
        yield no(f"zone {json.dumps(zone)[:8]}, {len(str(zone))} characters", "7.4", form() | {"zone": zone})
    for member, value in (("interval", 0), ("interval", 86401), ("interval", "30"), ("interval", 1.5), ("epoch", -1), ("epoch", "-1"), ("epoch", "18446744073709551616"),
                          ("epoch", 1.0), ("epoch", ""), ("epoch", "1e3"), ("epoch", " 1"), ("epoch", "0x1"), ("epoch", None), ("roster", ""), ("roster", "00" * 31),
                          ("roster", "00" * 33), ("roster", "zz" * 32), ("roster", "0" * 63), ("contribution", "00"), ("recovery", 1), ("echo", {"epoch": "1"}), ("echo", {"steps": 1}), ("echo", {"epoch": "1", "steps": 256}), ("echo", {"epoch": "1", "steps": "1"}), ("echo", "1"), ("reason", "x" * 256),
                          ("reason", "\n"), ("reason", "\u0000"), ("reason", "\u0085"), ("identity", "a..b"), ("identity", None), ("rungs", {}), ("rungs", [1]),
                          ("rungs", FACTS[6][2] * 17), ("rungs", [{"process": "join", "subject": B, "rung": "KEYS"}]), ("rungs", [{"process": 1, "subject": B, "rung": "KEYS", "status": "done"}]),
                          ("sequence", "1"), ("sequence", {"boot": "00" * 8}), ("sequence", {"counter": "1"}), ("sequence", {"boot": "00" * 7, "counter": "1"}),
                          ("evidence", {}), ("evidence", FACTS[7][2] | {"ns_ttl": 2**32}), ("evidence", FACTS[7][2] | {"hold_end": "253402300800"}),
                          ("term", {"number": "1"}), ("term", {"identity": A}), ("vote", {"granted": 1, "term": "1"}), ("vote", {"granted": True}), ("changed", "A"), ("changed", "CSYNC"), ("changed", 48)):
        yield no(f"{member} {json.dumps(value)[:40]}, {len(json.dumps(value))} characters", "7.4", form(**{member: value}))
    yield no("a change told by HELLO", "4.1", form(changed="DNSKEY"), operation="HELLO")
    yield no("election without a term", "2.8", form(), operation="ELECT")
    yield ok("election", "2.8", form(**members(8)), b"\x81\3\3" + fact(8), operation="ELECT")
    yield ok("a vote", "4.10", form(**members(10)), b"\x81\3\3" + fact(10), operation="ELECT", purpose="answer")

    def with_x(value):
        return '{"transport":3,"synchronization":3,"zone":"zone.example.","x":' + value + "}"

    yield ok("u64 with leading zeros", "7.4", form(epoch="0" * 40 + "5"), state + fact(5))
    yield ok("minus zero", "7.4", '{"transport":-0,"synchronization":1,"zone":"zone.example.","epoch":-0}', b"\x80\1\1" + tlv(5, bytes(8)), [BASELINE])
    for value in ("+1", "-0", "1_0", "\uff11", "1\n", "1.0"):
        yield no(f"epoch as text {json.dumps(value)}", "7.4", form(epoch=value))
    for value in ("30.0", "3e1"):
        yield no(f"interval {value}, a whole number in another form", "7.4", '{"transport":3,"synchronization":3,"zone":"zone.example.","interval":' + value + "}")
    for value in ("0.0", "-0.0", "0e0"):
        yield no(f"epoch {value}", "7.4", '{"transport":3,"synchronization":3,"zone":"zone.example.","epoch":' + value + "}")
    yield no("hexadecimal digits and a line feed", "7.4", form(roster="00" * 32 + "\n"))
    for member in ("reason", "rungs", "recovery", "sequence", "evidence", "changed"):
        yield no(f"{member} null", "7.4", form(**{member: None}))
    yield ok("a change in another case", "7.4", form(changed="dnskey"), state)
    for value in ("SOA", "TYPE48", "", "DNSKEY "):
        yield no(f"changed {json.dumps(value)}", "7.4", form(changed=value))
    yield ok("a capability twice", "7.4", form(["dns", "DNS"], ["peer", "leader-follower", "peer"]), b"\x80\1\3")
    yield ok("64 names of capabilities", "7.4", form(["dns"] + ["x"] * 63), b"\x80\1\3")
    yield no("65 names of capabilities", "7.4", form(["dns"] + ["x"] * 64))
    one = FACTS[6][2][0]
    yield ok("sixteen rungs, one of them unknown", "2.6", form(rungs=[one | {"rung": "MARS"}] + [one] * 15), state + fact(6) * 15, [UNKNOWN_VALUE])
    yield no("seventeen rungs, one of them unknown", "2.6", form(rungs=[one | {"rung": "MARS"}] + [one] * 16))
    yield no("an unknown rung whose subject is no name", "2.6", form(rungs=[one | {"process": "nap", "subject": "a..b"}]))
    yield no("an unknown rung without subject", "2.6", form(rungs=[{k: v for k, v in one.items() if k != "subject"} | {"process": "nap"}]))
    yield ok("letters whose other case is in ASCII", "7.4", form(rungs=[one | {"rung": "\u212aEYS"}, one | {"rung": "KEY\u017f"}]), state, [UNKNOWN_VALUE])
    for title, text, wire in (("specials that are not escaped", "a(b);@$.", b"\7a(b);@$\0"), ("escapes that are not needed", "\\a\\098\\ c.", b"\4ab c\0"),
                              ("an escaped dot at the end", "a\\.", b"\2a.\0"), ("the root", ".", b"\0"), ("an escaped @", "\\@", b"\1@\0")):
        yield ok(f"a name: {title}", "7.4", form(identity=text), state + tlv(2, wire))
    for text in ("a b.", "a\"b.", "a\tb.", "a\\", "a\\1.", "a\\25b.", "a\\256.", ".a.", "..", " "):
        yield no(f"a name: {json.dumps(text)}", "7.4", form(identity=text))

    yield no("a name twice, once with an escape", "7.3", '{"zone":"zone.example.","transport":3,"synchronization":3,"\\u007aone":"zone.example."}')
    for title, value in (("half a surrogate pair", '"\\ud800"'), ("half a surrogate pair in a name", '{"\\udc00":1}'), ("a number beyond binary64", "1e999"),
                         ("a number below binary64", "-1e999"), ("33 digits", "1." + "0" * 32), ("33 digits with those of the exponent", "1." + "0" * 30 + "e-10"),
                         ("an integer below 64 bits", "-9223372036854775809"), ("a leading zero", "01"), ("a plus", "+1"), ("no digit before the point", ".5"),
                         ("no digit after the point", "1."), ("NaN", "NaN"), ("another case of true", "True"), ("a tab in a text", '"\t"'), ("a NUL in a text", '"\0"'),
                         ("an escape that is none", '"\\x"'), ("a form feed as white space", "\f1"), ("single quotes", "'a'")):
        yield no(title, "7.3", with_x(value))
    for title, value in (("the least integer", "-9223372036854775808"), ("32 digits", "1." + "0" * 31), ("a number that is nearly 0", "1e-999"),
                         ("DEL and U+2028 in a text", '"\x7f\u2028"'), ("every escape", '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000"'), ("an empty name", '{"":1}'),
                         ("5000 values with the outermost", "[" + ",".join("0" * 4995) + "]")):
        yield ok(title, "7.3", with_x(value), state)
    yield no("5001 values", "7.3", with_x("[" + ",".join("0" * 4996) + "]"))


NOTIFY, UPDATE, QUERY = 4, 5, 0
IN, CH, ANY = 1, 3, 255
TYPES = {"A": 1, "NS": 2, "SOA": 6, "DNSKEY": 48, "CDS": 59, "CDNSKEY": 60, "CSYNC": 62}


def question(owner, kind, klass=IN):
    return name(owner) + u16(TYPES[kind]) + u16(klass)


def record(owner, kind, klass, ttl, rdata):
    return name(owner) + u16(kind if isinstance(kind, int) else TYPES[kind]) + u16(klass) + u32(ttl) + u16(len(rdata)) + rdata


def opt(*options):
    return b"\0" + u16(41) + u16(1232) + u32(0) + u16(sum(len(o) + 4 for _, o in options)) + b"".join(u16(c) + u16(len(o)) + o for c, o in options)


def message(opcode, questions, answers=(), authority=(), additional=(), response=False, rcode=0, aa=False, tc=False, ident=0x1234):
    flags = response << 15 | opcode << 11 | aa << 10 | tc << 9 | rcode
    return u16(ident) + u16(flags) + b"".join(u16(len(s)) for s in (questions, answers, authority, additional)) + b"".join(
        b"".join(s) for s in (questions, answers, authority, additional))


def message_vectors():
    hello, state = b"\1\3\3", b"\x80\3\3"

    def notify(option=hello, kind="SOA", klass=IN, questions=None, extra=(), additional=None, **header):
        additional = [opt((65010, option), *extra)] if additional is None else additional
        return message(NOTIFY, [question(ZONE, kind, klass)] if questions is None else questions, additional=additional, aa=True, **header)

    def ok(title, rule, octets, operation, **document):
        return {"name": title, "rule": rule, "message": octets.hex(), "verdict": NOERROR, "operation": operation, "json": form() | document}

    def no(title, rule, octets, verdict=FORMERR):
        return {"name": title, "rule": rule, "message": octets.hex(), "verdict": verdict}

    yield ok("HELLO", "4.1", notify(), "HELLO")
    yield ok("HEARTBEAT", "4.1", notify(b"\2\3\3" + fact(1) + fact(3)), "HEARTBEAT", **members(1, 3))
    for kind in ("NS", "DNSKEY", "CDS", "CDNSKEY"):
        yield ok(f"{kind} has changed", "4.1", notify(state + fact(11), kind), "STATE", changed=kind, **members(11))
    yield ok("the answer to HELLO", "4.1", notify(response=True), "HELLO")
    yield ok("a refusal", "3.7", notify(hello + tlv(9, b"not ready"), response=True, rcode=5), "HELLO", reason="not ready")
    yield ok("other EDNS options beside it", "2.7", notify(extra=[(10, bytes(8)), (65001, b"x")]), "HELLO")
    yield ok("an answer to UPDATE", "6.3", message(UPDATE, [question(ZONE, "SOA")], additional=[opt((65010, state + fact(8)))], response=True), "STATE", **members(8))
    yield no("two Multi-Signer options", "2.7", notify(extra=[(65010, hello)]))
    yield no("no Multi-Signer option", "2.7", notify(additional=[opt((65001, hello))]))
    yield no("no EDNS", "2.7", notify(additional=[]))
    yield no("a malformed option", "2.1", notify(b"\1\3"))
    yield no("operation 3", "1", notify(b"\3\3\3"), NOTIMP)
    yield no("HELLO with QTYPE DNSKEY", "4.1", notify(kind="DNSKEY"))
    yield no("STATE with QTYPE A", "4.1", notify(state, "A"))
    yield no("STATE with QTYPE CSYNC", "4.1", notify(state, "CSYNC"))
    yield no("class CH", "4.1", notify(klass=CH))
    yield no("no question", "4.1", notify(questions=[]))
    yield no("two questions", "4.1", notify(questions=[question(ZONE, "SOA")] * 2))
    yield no("ELECT without a term", "2.8", notify(b"\x81\3\3"))

    plain, own = notify(), opt((65010, hello))
    soa = name("ns." + ZONE) + name("mail." + ZONE) + bytes(20)
    yield ok("the SOA beside the question (RFC 1996 3.7)", "4.1", message(NOTIFY, [question(ZONE, "SOA")], [record(ZONE, "SOA", IN, 60, soa)], additional=[own], aa=True), "HELLO")
    address = record("ns." + ZONE, "A", IN, 60, bytes(4))
    yield ok("records in the other sections", "4.1", message(NOTIFY, [question(ZONE, "SOA")], authority=[address], additional=[address, own, address], aa=True), "HELLO")
    yield ok("a request without AA", "4.1", message(NOTIFY, [question(ZONE, "SOA")], additional=[own]), "HELLO")
    yield ok("a request with TC", "4.1", message(NOTIFY, [question(ZONE, "SOA")], additional=[own], aa=True, tc=True), "HELLO")
    yield ok("the name of the zone in another case", "4.1", notify(questions=[question("Zone.EXAMPLE.", "SOA")]), "HELLO", zone="Zone.EXAMPLE.")
    yield no("an unknown operation with a QTYPE that is none of ours", "3.7", notify(b"\3\3\3", "A"), NOTIMP)
    yield no("octets after the message", "3.6", plain + b"\0")
    yield no("a message that is cut", "3.6", plain[:-1])
    yield no("fewer records than are counted", "3.6", plain[:11] + b"\2" + plain[12:])
    yield no("two OPT", "3.6", notify(additional=[own, opt()]))
    yield no("OPT below another name than the root", "3.6", notify(additional=[b"\1a" + own]))
    yield no("OPT in another section", "3.6", message(NOTIFY, [question(ZONE, "SOA")], authority=[own], aa=True))
    yield no("an EDNS option that overruns", "3.6", notify(additional=[record(".", 41, 1232, 0, u16(65010) + u16(4) + hello)]))
    yield no("octets after the last EDNS option", "3.6", notify(additional=[record(".", 41, 1232, 0, u16(65010) + u16(3) + hello + b"\0")]))
    yield no("a pointer to itself", "3.6", notify(questions=[b"\xc0\x0c" + u16(6) + u16(IN)]))
    yield no("a pointer forward", "3.6", notify(questions=[b"\xc0\x12" + u16(6) + u16(IN)]))


SEED_A, SEED_B, SCALAR = bytes(range(32)), bytes(range(32, 64)), bytes(range(1, 33))
P = 0xda5f63914e3cca93b84a3140d1659854d858b993d979bafb26ec6ec9367a98dfb1fe0f5579995fd98b1e03680a6350bee55d85611e2f12772daad8ef03026ce6a3d0ca8a669e5e3127f368415694b548a3131832147b564dd859042bce42156ab3e037cb5801603a6e7e0d33ac8426e56bc21a739c46039f50a4c36694c9fa4f
Q = 0xbcb8ca897813ff9319ef77a5110fcea5d629e78859dddede5f26ee5f09e193a8d6f2acbd6f287d6aff070932cda33a7cc78272a97b2af780a430301d656588edcdb6f09f7b99cfa04dc6cc957891d29607f5a86e3647ea58f54101fa474ae4b5152b9c65a27faacb0fb0e8fda305460f5e22376186b456b05fb485f6e7f5f1c3
ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551


def ed25519_public(seed):
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def p256_point(scalar):
    numbers = ec.derive_private_key(scalar, ec.SECP256R1()).public_key().public_numbers()
    return numbers.x, numbers.y


def p256_public(scalar):
    return b"".join(n.to_bytes(32, "big") for n in p256_point(int.from_bytes(scalar, "big")))


SMALL_P = 0xe99b4986c7cf121bbb3092250f8e3410c18fd4edc453b831fd8add539556fd6b
MIDDLE_P = 0xc0c695fe3a7f92a56989b8aacca28ccebf2efb1a37da43f9a24eae9fec440a2787a4d072e69955457794be319da4e3bf76581661d1daaf0d15c1554b77f8f89b
MIDDLE_Q = 0xc140e81229e56fb29ecb63dd3963f3978124e7cb4896be52161c427092c214a0cdadce0e405f96300e46949d4b02e58e4266a52aebbabf1d4caf6692ddb5044d
LESSER_Q = 0x8e95a625829ee0a8d0604c4c84183a9a9fa54d94a51e463f04ffefae0b2040e1d7c3c16c25cc0db01393e3b8a18621066684d569379dc28f54dae2cf7fc406ad
SMALL_Q = 0xdd6e15546e31ae8548e342dd8439a15152927211772515a9f4e4df59079ff837


def rsa_key(p=P, q=Q, e=65537):
    d = pow(e, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(e, p * q)).private_key()


class Mersenne:
    """A large RSA key of primes that need not be written down: 2^n - 1. It signs as RFC 8017 8.2 says."""

    def __init__(self, exponents):
        primes = [2**n - 1 for n in exponents]
        self.modulus = math.prod(primes)
        self.private = pow(65537, -1, math.prod(prime - 1 for prime in primes))

    def sign(self, octets, *_):
        size = (self.modulus.bit_length() + 7) // 8
        digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(octets).digest()
        padded = b"\0\1" + b"\xff" * (size - 3 - len(digest)) + b"\0" + digest
        return pow(int.from_bytes(padded, "big"), self.private, self.modulus).to_bytes(size, "big")


def sign(algorithm, private, octets):
    if algorithm == 15:
        return ed25519.Ed25519PrivateKey.from_private_bytes(private).sign(octets)
    if algorithm == 8:
        return private.sign(octets, padding.PKCS1v15(), hashes.SHA256())
    # ECDSA with a nonce from the octets, so that the vectors are the same each time.
    z = int.from_bytes(hashlib.sha256(octets).digest(), "big")
    d, k = int.from_bytes(private, "big"), int.from_bytes(hashlib.sha256(b"nonce" + octets).digest(), "big") % ORDER
    r = p256_point(k)[0] % ORDER
    s = pow(k, -1, ORDER) * (z + r * d) % ORDER
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def key_tag(rdata):
    total = sum(octet << (0 if at & 1 else 8) for at, octet in enumerate(rdata))
    return (total + (total >> 16)) & 0xffff


def key_rdata(algorithm, public, flags=512, protocol=3):
    return u16(flags) + bytes([protocol, algorithm]) + public


ED_KEY = key_rdata(15, ed25519_public(SEED_A))
ED_OTHER = key_rdata(15, ed25519_public(SEED_B))
P256_KEY = key_rdata(13, p256_public(SCALAR))
RSA_KEY = key_rdata(8, b"\3\1\0\1" + (P * Q).to_bytes(256, "big"))
NOW = 1800000000
SIGNER = "dns.msa.a.example."


def sig0(octets, private=SEED_A, algorithm=15, key=ED_KEY, request=b"", inception=NOW - 300, expiration=NOW + 300, signer=SIGNER, covered=0, labels=0,
         original_ttl=0, owner=".", klass=ANY, ttl=0, tag=None):
    fields = u16(covered) + bytes([algorithm, labels]) + u32(original_ttl) + u32(expiration % 2**32) + u32(inception % 2**32) + u16(key_tag(key) if tag is None else tag) + name(signer)
    signature = sign(algorithm if algorithm in (8, 13) else 15, private, fields + request + octets)
    count = struct.unpack("!H", octets[10:12])[0] + 1
    return octets[:10] + u16(count) + octets[12:] + record(owner, 24, klass, ttl, fields + signature)


def sig0_vectors():
    def case(title, rule, octets, verdict, keys=(ED_KEY,), now=NOW, request=b"", **more):
        return {"name": title, "rule": rule, "message": octets.hex(), "request": request.hex(), "keys": [base64_of(key) for key in keys], "now": now, "verdict": verdict} | more

    hello = message(NOTIFY, [question(ZONE, "SOA")], additional=[opt((65010, b"\1\3\3" + fact(1)))], aa=True)
    answer = message(NOTIFY, [question(ZONE, "SOA")], additional=[opt((65010, b"\1\3\3" + tlv(1, u64(1) + u64(1))))], aa=True, response=True)
    bare = message(QUERY, [question(ZONE[:-1] + "." + A, "DNSKEY")])
    made = {"private": SEED_A.hex(), "signer": SIGNER}
    signed = sig0(hello)
    yield case("a request, Ed25519", "3.4", signed, "verified", **made)
    yield case("a request without EDNS", "3.4", sig0(bare), "verified", **made)
    yield case("an answer: over the request with its SIG(0), too", "3.4", sig0(answer, request=signed), "verified", request=signed, **made)
    yield case("a request, P-256", "3.2", sig0(hello, SCALAR, 13, P256_KEY), "verified", [P256_KEY])
    yield case("an answer, P-256", "3.4", sig0(answer, SCALAR, 13, P256_KEY, signed), "verified", [P256_KEY], request=signed)
    yield case("a request, RSA", "3.2", sig0(hello, rsa_key(), 8, RSA_KEY), "verified", [RSA_KEY])
    yield case("several keys", "3.6", signed, "verified", [ED_OTHER, RSA_KEY, P256_KEY, ED_KEY])
    yield case("the signer in capitals, as signed", "3.4", sig0(hello, signer="DNS.MSA.A.Example."), "verified")

    yield case("unsigned", "3.3", hello, "missing")
    yield case("type covered SOA", "3.3", sig0(hello, covered=6), "missing")
    yield case("labels 1", "3.3", sig0(hello, labels=1), "missing")
    yield case("original TTL 1", "3.3", sig0(hello, original_ttl=1), "missing")
    yield case("another owner than the root", "3.3", sig0(hello, owner="a."), "missing")
    yield case("class IN", "3.3", sig0(hello, klass=IN), "missing")
    yield case("TTL 1", "3.3", sig0(hello, ttl=1), "missing")
    two = message(NOTIFY, [question(ZONE, "SOA")], aa=True)
    two = sig0(two) + opt((65010, b"\1\3\3"))
    yield case("not the last record", "3.3", two[:10] + u16(2) + two[12:], "missing")

    yield case("algorithm 5", "3.2", sig0(hello, algorithm=5), "algorithm")
    yield case("algorithm 16", "3.2", sig0(hello, algorithm=16), "algorithm")

    yield case("the last moment", "3.6", signed, "verified", now=NOW + 300)
    yield case("a moment later", "3.6", signed, "window", now=NOW + 301)
    yield case("a clock that is slow by 600 s", "3.6", signed, "verified", now=NOW - 600)
    yield case("a clock that is slow by 601 s", "3.6", signed, "window", now=NOW - 601)
    yield case("valid for too long", "3.6", sig0(hello, expiration=NOW + 301), "window")
    yield case("expires before it begins", "3.6", sig0(hello, inception=NOW + 100, expiration=NOW + 99), "window")
    yield case("over the end of 32 bits", "3.6", sig0(hello, inception=2**32 - 300, expiration=2**32 + 300), "verified", now=2**32 + 10)
    yield case("a time 2^32 s ago", "3.6", signed, "verified", now=NOW + 2**32)

    yield case("no key at all", "3.6", signed, "no_key", [])
    yield case("keys of others", "3.6", signed, "no_key", [ED_OTHER, P256_KEY])
    yield case("another key tag", "3.6", sig0(hello, tag=key_tag(ED_KEY) ^ 1), "no_key")
    yield case("the key for another protocol", "3.1", sig0(hello, key=key_rdata(15, ed25519_public(SEED_A), protocol=255)), "no_key", [key_rdata(15, ed25519_public(SEED_A), protocol=255)])
    yield case("a key that says that there is none", "3.1", sig0(hello, key=key_rdata(15, ed25519_public(SEED_A), flags=0xC200)), "no_key", [key_rdata(15, ed25519_public(SEED_A), flags=0xC200)])
    short = key_rdata(15, ed25519_public(SEED_A)[:31])
    yield case("a key of the wrong size", "3.1", sig0(hello, key=short), "no_key", [short])

    def flipped(octets, at):
        return octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1:]

    start = len(hello)
    for title, at in (("the ID", 1), ("a flag", 3), ("the question", 14), ("the option", start - 1), ("the signature", len(signed) - 1),
                      ("the signer", start + 11 + 18 + 1)):
        yield case(f"{title} was changed", "3.4", flipped(signed, at), "bad_signature")
    swapped = message(NOTIFY, [question(ZONE, "SOA")], additional=[], aa=True)
    yield case("the option was taken away", "3.4", swapped[:10] + u16(1) + swapped[12:] + signed[start:], "bad_signature")
    yield case("an answer to another request", "3.4", sig0(answer, request=signed), "bad_signature", request=flipped(signed, 1))
    yield case("an answer over the request without its SIG(0)", "3.4", sig0(answer, request=hello), "bad_signature", request=signed)
    yield case("an answer as if it were a request", "3.4", sig0(answer), "bad_signature", request=signed)
    p256 = sig0(hello, SCALAR, 13, P256_KEY)
    yield case("P-256: the signature was changed", "3.4", flipped(p256, len(p256) - 1), "bad_signature", [P256_KEY])
    rsa_signed = sig0(hello, rsa_key(), 8, RSA_KEY)
    yield case("RSA: the signature was changed", "3.4", flipped(rsa_signed, len(rsa_signed) - 1), "bad_signature", [RSA_KEY])
    small = key_rdata(8, b"\3\1\0\1" + (SMALL_P * SMALL_Q).to_bytes(64, "big"))
    yield case("RSA: a key of 512 bits", "3.2", sig0(hello, rsa_key(SMALL_P, SMALL_Q), 8, small), "bad_signature", [small])
    largest, beyond = 4294967291, 4294967311  # primes around 2^32
    for exponent, verdict in ((largest, "verified"), (beyond, "bad_signature")):
        octets = exponent.to_bytes((exponent.bit_length() + 7) // 8, "big")
        key = key_rdata(8, bytes([len(octets)]) + octets + (P * Q).to_bytes(256, "big"))
        yield case(f"RSA: an exponent of {exponent.bit_length()} bits", "3.2", sig0(hello, rsa_key(e=exponent), 8, key), verdict, [key])
    point = key_rdata(13, b"\x01" * 64)
    yield case("P-256: a key that is no point of the curve", "3.2", sig0(hello, SCALAR, 13, point), "bad_signature", [point])

    tsig = name("hmac-sha256.") + bytes(6) + u16(300) + u16(32) + bytes(32) + bytes(6)

    def with_last(octets, last):
        return octets[:10] + u16(struct.unpack("!H", octets[10:12])[0] + 1) + octets[12:] + last

    with_tsig = with_last(hello, record("key.", 250, ANY, 0, tsig))
    yield case("TSIG instead", "3.6", with_tsig, "missing")
    yield case("TSIG before it", "3.6", sig0(with_tsig), "malformed")
    yield case("TSIG after it", "3.6", with_last(signed, record("key.", 250, ANY, 0, tsig)), "malformed")
    fields = u16(0) + b"\x0f\0" + u32(0) + u32(NOW + 300) + u32(NOW - 300) + u16(key_tag(ED_KEY)) + name(SIGNER)
    yield case("TSIG of another class", "3.6", with_last(hello, record("key.", 250, IN, 0, tsig)), "malformed")
    yield case("no signature in it", "3.3", with_last(hello, record(".", 24, ANY, 0, fields)), "malformed")
    yield case("no signer in it", "3.3", with_last(hello, record(".", 24, ANY, 0, fields[:18])), "malformed")
    whole, pointed = fields[:18] + b"\3dns" + name(ZONE), fields[:18] + b"\3dns\xc0\x0c"
    for title, over, verdict in (("as it is", pointed, "bad_signature"), ("uncompressed", whole, "verified")):
        yield case(f"a compressed signer, signed {title}", "3.4", with_last(hello, record(".", 24, ANY, 0, pointed + sign(15, SEED_A, over + hello))), verdict)
    yield case("octets after the message", "3.6", signed + b"\0", "malformed")
    yield case("signed twice, the last one of ours", "3.3", sig0(sig0(hello, SEED_B, key=ED_OTHER)), "missing", [ED_KEY])
    yield case("signed twice, the first one of ours", "3.3", sig0(signed, SEED_B, key=ED_OTHER), "missing", [ED_KEY])
    yield case("signed twice, both ours", "3.3", sig0(signed), "missing")
    first = signed[start:]
    for section in ("answers", "authority"):
        yield case(f"another one in {section}", "3.3", sig0(message(NOTIFY, [question(ZONE, "SOA")], additional=[opt((65010, b"\1\3\3"))], aa=True, **{section: [first]})), "missing")
    for title, other, verdict in (("of another form", record("a.", 24, IN, 1, fields + bytes(64)), "missing"),
                                  ("that covers a type", record(".", 24, ANY, 0, u16(6) + fields[2:] + bytes(64)), "verified")):
        yield case(f"before it a SIG {title}", "3.3", sig0(with_last(hello, other)), verdict)
    yield case("algorithm before times", "3.6", sig0(hello, algorithm=5), "algorithm", now=NOW + 9999)
    yield case("times before keys", "3.6", signed, "window", [], now=NOW + 301)
    for title, flags, verdict in (("with a user's flags", 0, "verified"), ("with a zone's flags", 256, "no_key"), ("of a reserved name type", 768, "no_key"),
                                  ("not for authentication", 0x8200, "no_key"), ("not for confidentiality", 0x4200, "no_key"), ("with a reserved flag", 0x0201, "no_key")):
        other = key_rdata(15, ed25519_public(SEED_A), flags)
        yield case(f"a key {title}", "3.1", sig0(hello, key=other), verdict, [other])

    def twin(key, first, second):
        """Another key with the same tag: two octets that count alike are exchanged."""
        at, to = 4 + first, 4 + second
        assert (to - at) % 2 == 0 and key[at] != key[to]
        return key[:at] + key[to:to + 1] + key[at + 1:to] + key[at:at + 1] + key[to + 1:]

    second, third = twin(ED_KEY, 0, 2), twin(ED_KEY, 1, 3)
    yield case("two keys of one tag", "3.6", signed, "verified", [second, ED_KEY])
    yield case("three keys of one tag: the third is not tried", "3.6", signed, "bad_signature", [second, third, ED_KEY])
    others = [key_rdata(15, ed25519_public(bytes([i]) * 32)) for i in range(1, 17)]
    assert key_tag(ED_KEY) not in map(key_tag, others)
    yield case("the sixteenth key", "3.6", signed, "verified", others[:15] + [ED_KEY])
    yield case("the seventeenth key", "3.6", signed, "no_key", others + [ED_KEY])

    def resized(octets, signature):
        """The same record with another signature."""
        return octets[:start + 9] + u16(len(fields) + len(signature)) + fields[:2] + octets[start + 13:start + 11 + len(fields)] + signature

    for title, octets, keys in (("Ed25519", signed, [ED_KEY]), ("P-256", p256, [P256_KEY])):
        yield case(f"{title}: a signature of 63 octets", "3.3", resized(octets, octets[-64:-1]), "bad_signature", keys)
        yield case(f"{title}: a signature of 65 octets", "3.3", resized(octets, octets[-64:] + b"\0"), "bad_signature", keys)
    for title, public in (("whose exponent is cut", b"\3\1\0"), ("without modulus", b"\3\1\0\1"), ("without exponent", b"\0\0\0\1")):
        broken = key_rdata(8, public)
        yield case(f"RSA: a key {title}", "3.6", sig0(hello, rsa_key(), 8, broken), "no_key", [broken])
    for bits, other in ((1024, MIDDLE_Q), (1023, LESSER_Q)):
        key = key_rdata(8, b"\3\1\0\1" + (MIDDLE_P * other).to_bytes(128, "big"))
        assert (MIDDLE_P * other).bit_length() == bits
        yield case(f"RSA: a key of {bits} bits", "3.2", sig0(hello, rsa_key(MIDDLE_P, other), 8, key), "verified" if bits == 1024 else "bad_signature", [key])
    for bits, exponents in ((4096, (2203, 1279, 607, 7)), (4097, (2203, 1279, 607, 5, 3))):
        private = Mersenne(exponents)
        key = key_rdata(8, b"\3\1\0\1" + private.modulus.to_bytes((bits + 7) // 8, "big"))
        assert private.modulus.bit_length() == bits
        yield case(f"RSA: a key of {bits} bits", "3.2", sig0(hello, private, 8, key), "verified" if bits == 4096 else "bad_signature", [key])


DNSKEYS = [b"\1\1\3\x0d" + bytes(range(64)), b"\1\0\3\x0d" + bytes(range(64, 128)), b"\1\1\3\x0f" + bytes(range(32))]
CDS_RDATA = u16(12345) + b"\x0d\2" + bytes(range(32))
NS_RDATA = [name("ns1.a.example."), name("NS2.a.example.")]
CSYNC_RDATA = u32(0) + u16(1) + b"\0\4\x60\0\0\x08"  # A NS AAAA


def payload(ttl, rdatas):
    return {"ttl": ttl, "rdata": [base64_of(r) for r in rdatas]}


def contribution_vectors():
    owner = ZONE[:-1] + "." + A

    def answer(kind, records, asked=None, **header):
        header = {"response": True, "aa": True} | header
        return message(QUERY, [question(owner, asked or kind)], answers=records, additional=[opt()], **header)

    def ok(title, octets, kind, ttl, rdatas):
        return {"name": title, "rule": "5.2", "answer": octets.hex(), "zone": ZONE, "identity": A, "type": kind, "verdict": NOERROR} | payload(ttl, rdatas)

    def no(title, rule, octets, kind, verdict=FORMERR):
        return {"name": title, "rule": rule, "answer": octets.hex(), "zone": ZONE, "identity": A, "type": kind, "verdict": verdict}

    def records(kind, rdatas, ttl=3600, at=owner, klass=IN):
        return [record(at, kind, klass, ttl, r) for r in rdatas]

    yield ok("DNSKEY, in canonical order", answer("DNSKEY", records("DNSKEY", DNSKEYS)), "DNSKEY", 3600, sorted(DNSKEYS))
    yield ok("NS, names with their case", answer("NS", records("NS", NS_RDATA)), "NS", 3600, NS_RDATA)
    yield ok("CDS", answer("CDS", records("CDS", [CDS_RDATA])), "CDS", 3600, [CDS_RDATA])
    yield ok("CDNSKEY", answer("CDNSKEY", records("CDNSKEY", DNSKEYS[:1])), "CDNSKEY", 3600, DNSKEYS[:1])
    yield ok("the delete sentinels", answer("CDNSKEY", records("CDNSKEY", [b"\0\0\3\0\0"])), "CDNSKEY", 3600, [b"\0\0\3\0\0"])
    yield ok("nothing", answer("CDS", []), "CDS", 0, [])
    yield ok("two TTLs: the lowest", answer("NS", records("NS", NS_RDATA[:1], 60) + records("NS", NS_RDATA[1:], 30)), "NS", 30, NS_RDATA)
    yield ok("the name in capitals", answer("NS", records("NS", NS_RDATA[:1], at=owner.upper())), "NS", 3600, NS_RDATA[:1])
    yield no("REFUSED", "5.2", answer("NS", [], rcode=5), "NS", "REFUSED")
    yield no("not authoritative", "5.2", answer("NS", records("NS", NS_RDATA), aa=False), "NS")
    yield no("another owner", "5.2", answer("NS", records("NS", NS_RDATA, at=ZONE)), "NS")
    yield no("another type", "5.2", answer("NS", records("NS", NS_RDATA) + records("CDS", [CDS_RDATA])), "NS")
    yield no("another class", "5.2", answer("NS", records("NS", NS_RDATA, klass=CH)), "NS")
    yield no("an answer to another question", "5.2", answer("NS", [], "CDS"), "NS")
    yield no("no answer at all", "5.2", answer("NS", records("NS", NS_RDATA), response=False), "NS")
    yield no("a record twice", "5.3", answer("NS", records("NS", NS_RDATA[:1] * 2)), "NS")
    yield no("a record twice but for case", "5.3", answer("NS", records("NS", NS_RDATA + [NS_RDATA[1].lower()])), "NS")
    yield no("a key of the wrong size", "5.3", answer("DNSKEY", records("DNSKEY", [DNSKEYS[0][:-1]])), "DNSKEY")
    yield no("a record without RDATA", "5.3", answer("DNSKEY", records("DNSKEY", [b""])), "DNSKEY")
    yield ok("a TTL above 2^31 - 1 counts as 0", answer("NS", records("NS", NS_RDATA, 2**31)), "NS", 0, NS_RDATA)
    many = [name(f"ns{i:03}.a.example.") for i in range(101)]
    yield ok("a hundred records", answer("NS", records("NS", many[:100])), "NS", 3600, many[:100])
    yield no("a hundred and one records", "5.3", answer("NS", records("NS", many)), "NS")

    yield no("NXDOMAIN", "5.2", answer("NS", [], rcode=3), "NS", "REFUSED")
    yield no("truncated", "5.2", answer("NS", records("NS", NS_RDATA), tc=True), "NS")
    yield no("two questions", "5.2", message(QUERY, [question(owner, "NS")] * 2, additional=[opt()], response=True, aa=True), "NS")
    soa = record(A, "SOA", IN, 60, name("ns." + A) + name("mail." + A) + bytes(20))
    yield ok("nothing, with the SOA in the authority section", message(QUERY, [question(owner, "CDS")], authority=[soa], additional=[opt()], response=True, aa=True), "CDS", 0, [])
    yield ok("addresses in the additional section, and no EDNS", message(QUERY, [question(owner, "NS")], records("NS", NS_RDATA), additional=[record("ns1.a.example.", "A", IN, 60, bytes(4))], response=True, aa=True), "NS", 3600, NS_RDATA)
    yield ok("the lowest TTL is the one above 2^31 - 1", answer("NS", records("NS", NS_RDATA[:1], 60) + records("NS", NS_RDATA[1:], 2**31)), "NS", 0, NS_RDATA)
    yield ok("a name server that is compressed", answer("NS", [b"\xc0\x0c" + record(".", "NS", IN, 3600, b"\3ns1\xc0\x0c")[1:]]), "NS", 3600, [name("ns1." + owner)])
    yield ok("an RSA key of any size", answer("DNSKEY", records("DNSKEY", [b"\1\0\3\x08\1\3\x07", b"\1\0\3\x08\0\0\1\3\x07"])), "DNSKEY", 3600, [b"\1\0\3\x08\0\0\1\3\x07", b"\1\0\3\x08\1\3\x07"])
    yield ok("a key of algorithm 0", answer("DNSKEY", records("DNSKEY", [b"\1\0\3\0x"])), "DNSKEY", 3600, [b"\1\0\3\0x"])
    yield ok("a key of an algorithm without a known size", answer("DNSKEY", records("DNSKEY", [b"\1\0\3\xfax"])), "DNSKEY", 3600, [b"\1\0\3\xfax"])
    for title, key in (("an Ed448 key of the wrong size", b"\1\0\3\x10" + bytes(56)), ("a P-384 key of the wrong size", b"\1\0\3\x0e" + bytes(95)),
                       ("an RSA key whose exponent is cut", b"\1\0\3\x08\5\1\0\1"), ("an RSA key without modulus", b"\1\0\3\x0a\3\1\0\1"),
                       ("an RSA key without exponent", b"\1\0\3\x05\0\0\0\1"), ("an RSA key whose exponent has half a length", b"\1\0\3\x07\0\1"),
                       ("a key for another protocol", b"\1\0\2\xfax"), ("no key", b"\1\0\3\xfa")):
        yield no(title, "5.3", answer("DNSKEY", records("DNSKEY", [key])), "DNSKEY")
    yield no("CDNSKEY of algorithm 0 that does not delete", "5.3", answer("CDNSKEY", records("CDNSKEY", [b"\1\0\3\0\0"])), "CDNSKEY")
    yield ok("the delete sentinel of CDS", answer("CDS", records("CDS", [bytes(5)])), "CDS", 3600, [bytes(5)])
    yield ok("a digest of a type without a known length", answer("CDS", records("CDS", [u16(1) + b"\x0d\xfax"])), "CDS", 3600, [u16(1) + b"\x0d\xfax"])
    for title, rdata in (("of algorithm 0 with a digest", u16(0) + b"\0\2" + bytes(32)), ("that deletes, but for its key tag", u16(1) + b"\0\0\0"), ("of digest type 0", u16(1) + b"\x0d\0\0"), ("without digest", u16(1) + b"\x0d\xfa"),
                         ("with a SHA-1 digest of 21 octets", u16(1) + b"\x0d\1" + bytes(21)), ("with a SHA-256 digest of 31 octets", CDS_RDATA[:-1]), ("with a SHA-384 digest of 32 octets", u16(1) + b"\x0d\4" + bytes(32))):
        yield no(f"CDS {title}", "5.3", answer("CDS", records("CDS", [rdata])), "CDS")

    four = {"NS": payload(3600, NS_RDATA), "DNSKEY": payload(3600, sorted(DNSKEYS)), "CDS": payload(0, []), "CDNSKEY": payload(300, DNSKEYS[:1])}

    def body(title, verdict, rrsets=None, **more):
        document = {"zone": ZONE, "identity": A, "epoch": "7", "rrsets": four if rrsets is None else rrsets} | more
        return {"name": "body: " + title, "rule": "7.5", "text": json.dumps({k: v for k, v in document.items() if v is not None}), "verdict": verdict}

    yield body("the body of a contribution", 200)
    yield body("without epoch", 200, epoch=None)
    yield body("records in another order", 200, four | {"DNSKEY": payload(3600, DNSKEYS)})
    yield body("without zone", 400, zone=None)
    yield body("without identity", 400, identity=None)
    yield body("a type is missing", 400, {k: v for k, v in four.items() if k != "CDS"})
    yield body("a type too many", 400, four | {"CSYNC": payload(0, [])})
    yield body("an unknown type", 400, four | {"TYPE65280": payload(0, [])})
    yield body("without TTL", 400, four | {"NS": {"rdata": []}})
    yield body("a TTL above 2^31 - 1", 400, four | {"NS": payload(2**31, NS_RDATA)})
    yield body("without RDATA", 400, four | {"NS": {"ttl": 1}})
    yield body("Base64 without padding", 400, four | {"CDS": {"ttl": 1, "rdata": [base64_of(CDS_RDATA[:-1] + b"xx").rstrip("=")]}})
    yield body("RDATA that is none", 400, four | {"NS": payload(1, [b"\3ns"])})
    yield body("a key of the wrong size", 400, four | {"DNSKEY": payload(1, [DNSKEYS[0] + b"x"])})
    yield body("a record twice", 400, four | {"NS": payload(1, NS_RDATA[:1] * 2)})
    yield body("a hundred and one records", 400, four | {"NS": payload(1, many)})
    ns = base64_of(NS_RDATA[0])
    yield body("members that nobody knows", 200, four | {"NS": payload(1, NS_RDATA) | {"x": [{}]}}, x=1)
    yield body("an epoch that is none", 400, epoch="x")
    for title, text in (("white space", ns[:4] + "\n" + ns[4:]), ("another alphabet", "_" + ns[1:]), ("stray bits at the end", base64_of(b"\2ab\0")[:-3] + "B=="),
                        ("padding within", "AA==" + ns), ("padding alone", "===="), ("nothing in it", "")):
        yield body(f"Base64 with {title}" if title != "nothing in it" else "a record without RDATA", 400, four | {"NS": {"ttl": 1, "rdata": [text]}})
    yield body("RDATA that is no text", 400, four | {"NS": {"ttl": 1, "rdata": [1]}})
    yield body("RDATA that is no array", 400, four | {"NS": {"ttl": 1, "rdata": ns}})
    yield body("a TTL that is a text", 400, four | {"NS": {"ttl": "1", "rdata": [ns]}})
    yield body("a name server that is compressed", 400, four | {"NS": payload(1, [b"\3ns1\xc0\x0c"])})
    yield body("a type in another case", 400, {k.lower(): v for k, v in four.items()})


def instruction_vectors():
    # NS, then DNSKEY, CDS, CDNSKEY and CSYNC: the order of section 1.
    five = {"NS": (7200, NS_RDATA), "DNSKEY": (3600, sorted(DNSKEYS)), "CDS": (300, [CDS_RDATA]), "CDNSKEY": (300, DNSKEYS[:1]), "CSYNC": (60, [CSYNC_RDATA])}
    needed = (4, 5, 6, 8)
    facts = b"".join(fact(kind) for kind in needed)

    def rrset(kind, ttl, rdatas):
        return [record(ZONE, kind, ANY, 0, b"")] + [record(ZONE, kind, IN, ttl, r) for r in rdatas]

    def update(rrsets=None, option=b"\x80\3\1" + facts, updates=None, prerequisites=(), questions=None):
        rrsets = five if rrsets is None else rrsets
        updates = sum((rrset(kind, *value) for kind, value in rrsets.items()), []) if updates is None else updates
        return message(UPDATE, [question(ZONE, "SOA")] if questions is None else questions, list(prerequisites), updates, [opt((65010, option))], ident=0)

    def text(rrsets=None, kinds=needed, **more):
        rrsets = five if rrsets is None else rrsets
        return json.dumps(form(3, 1, **members(*kinds)) | {"rrsets": {kind: payload(*value) for kind, value in rrsets.items()}} | more)

    def both(title, rule, octets, body, good_one=True):
        return {"name": title, "rule": rule, "update": octets.hex(), "text": body} | ({"verdict": NOERROR, "status": 200} if good_one else {"verdict": FORMERR, "status": 400})

    def dns(title, rule, octets, verdict=FORMERR):
        return {"name": title, "rule": rule, "update": octets.hex(), "verdict": verdict}

    def rest(title, rule, body):
        return {"name": title, "rule": rule, "text": body, "status": 400}

    def less(kind):
        return {k: v for k, v in five.items() if k != kind}

    yield both("five RRsets", "6.1", update(), text())
    yield both("every fact", "6.2", update(option=b"\x80\3\1" + b"".join(fact(k) for k in FACTS)), text(kinds=tuple(FACTS)))
    empty = {kind: (0, []) for kind in five}
    yield both("all of them empty", "6.1", update(empty), text(empty))
    yield both("in another order", "6.1", update(dict(reversed(five.items()))), text(dict(reversed(five.items()))))
    yield both("records in another order", "7.5", update(five | {"DNSKEY": (3600, DNSKEYS)}), text(five | {"DNSKEY": (3600, DNSKEYS)}))
    for kind in five:
        yield both(f"{kind} is missing", "6.1", update(less(kind)), text(less(kind)), False)
    for kind in needed:
        rest_of = [k for k in needed if k != kind]
        yield both(f"{FACTS[kind][1]} is missing", "6.2", update(option=b"\x80\3\1" + b"".join(fact(k) for k in rest_of)), text(kinds=rest_of), False)
    yield both("a record twice", "5.3", update(five | {"NS": (1, NS_RDATA[:1] * 2)}), text(five | {"NS": (1, NS_RDATA[:1] * 2)}), False)
    yield both("a key of the wrong size", "5.3", update(five | {"CDNSKEY": (1, [DNSKEYS[0] + b"x"])}), text(five | {"CDNSKEY": (1, [DNSKEYS[0] + b"x"])}), False)
    yield both("a TTL above 2^31 - 1 counts as 0", "5.3", update(five | {"NS": (2**31, NS_RDATA)}), text(five | {"NS": (0, NS_RDATA)}))
    everything = sum((rrset(kind, *value) for kind, value in five.items()), [])
    yield dns("another operation", "6.2", update(option=b"\1\3\1" + facts))
    yield dns("an unknown operation", "1", update(option=b"\3\3\1" + facts), NOTIMP)
    yield dns("a prerequisite", "6.1", update(prerequisites=[record(ZONE, "NS", ANY, 0, b"")]))
    yield dns("another type", "6.1", update(updates=everything + rrset("A", 60, [bytes(4)])))
    yield dns("another owner", "6.1", update(updates=everything + [record("www." + ZONE, "NS", IN, 7200, NS_RDATA[0])]))
    yield dns("a deletion at another owner", "6.1", update(updates=everything + [record("www." + ZONE, "NS", ANY, 0, b"")]))
    yield dns("an RRset deleted twice", "6.1", update(updates=everything + [record(ZONE, "NS", ANY, 0, b"")]))
    yield dns("records before the deletion", "6.1", update(updates=[record(ZONE, "NS", IN, 7200, NS_RDATA[0])] + everything))
    yield dns("a single record deleted", "6.1", update(updates=everything + [record(ZONE, "NS", 254, 0, NS_RDATA[0])]))
    yield dns("all RRsets deleted", "6.1", update(updates=everything + [record(ZONE, 255, ANY, 0, b"")]))
    yield dns("two TTLs", "6.1", update(updates=everything + [record(ZONE, "NS", IN, 1, name("ns3.a.example."))]))
    yield dns("no zone", "6.1", update(questions=[]))
    yield dns("a zone section without SOA", "6.1", update(questions=[question(ZONE, "NS")]))
    yield rest("a TTL above 2^31 - 1", "5.3", text(five | {"NS": (2**31, NS_RDATA)}))
    yield rest("a type too many", "7.5", text(five | {"A": (60, [bytes(4)])}))
    yield rest("no RRsets", "7.6", json.dumps(form(3, 1, **members(*needed))))
    yield rest("a change told beside", "7.6", text(changed="NS"))

    def option_of(**changed):
        values = {kind: FACTS[kind][0] for kind in needed} | {int(k[1:]): v for k, v in changed.items()}
        return b"\x80\3\1" + b"".join(tlv(kind, values[kind]) for kind in needed)

    nap = {"process": "nap", "subject": B, "rung": "KEYS", "status": "done"}
    yield both("no rung that is known", "6.2", update(option=option_of(_6=b"\x09" + name(B) + b"\1\2")), text(rungs=[nap]), False)
    yield both("a leader who is the root", "6.2", update(option=option_of(_8=u64(3) + b"\0")), text(term={"number": "3", "identity": "."}))
    yield both("a TTL of an RRset that is empty", "5.3", update(empty), text({kind: (60, []) for kind in five}))
    deletions = [record(ZONE, kind, ANY, 0, b"") for kind in five]
    additions = [record(ZONE, kind, IN, ttl, r) for kind, (ttl, rdatas) in five.items() for r in rdatas]
    yield both("all deletions before all records", "6.1", update(updates=deletions + additions[::-1]), text())
    yield both("owners in another case", "6.1", update(updates=[record(ZONE.upper(), kind, ANY, 0, b"") for kind in five] + additions), text())
    yield both("a name server that is compressed", "6.1", update(five | {"NS": (7200, [b"\3ns1\xc0\x0c"])}), text(five | {"NS": (7200, [name("ns1." + ZONE)])}))
    yield both("two TTLs that count as 0", "5.3", update(updates=deletions + additions[2:] + [record(ZONE, "NS", IN, ttl, rdata) for ttl, rdata in zip((0, 2**31), NS_RDATA)]), text(five | {"NS": (0, NS_RDATA)}))
    yield both("no type in CSYNC", "5.3", update(five | {"CSYNC": (60, [CSYNC_RDATA[:6]])}), text(five | {"CSYNC": (60, [CSYNC_RDATA[:6]])}))
    for title, tail in (("a window that ends with 0", b"\0\2\x60\0"), ("windows in another order", b"\1\1\x40\0\1\x40"), ("a window twice", b"\0\1\x40\0\1\x20"), ("a window without octets", b"\0\0"),
                        ("a window of 33 octets", b"\0\x21" + b"\1" * 33), ("a window that is cut", b"\0\4\x60"), ("half a window", b"\0")):
        wrong = five | {"CSYNC": (60, [CSYNC_RDATA[:6] + tail])}
        yield both(f"CSYNC with {title}", "5.3", update(wrong), text(wrong), False)
    short = five | {"CSYNC": (60, [CSYNC_RDATA[:5]])}
    yield both("CSYNC that is cut", "5.3", update(short), text(short), False)
    yield both("records in the additional section", "6.1", message(UPDATE, [question(ZONE, "SOA")], [], everything, [record("ns." + ZONE, "A", IN, 60, bytes(4)), opt((65010, b"\x80\3\1" + facts))], ident=0), text())
    yield dns("a deletion with a TTL", "6.1", update(updates=[record(ZONE, "NS", ANY, 1, b"")] + everything[1:]))
    yield dns("a deletion with RDATA", "6.1", update(updates=[record(ZONE, "NS", ANY, 0, NS_RDATA[0])] + everything[1:]))
    yield dns("a record without RDATA", "6.1", update(updates=everything + [record(ZONE, "CDS", IN, 300, b"")]))
    yield dns("an answer", "6.1", message(UPDATE, [question(ZONE, "SOA")], [], everything, [opt((65010, b"\x80\3\1" + facts))], response=True))
    yield dns("another class of the zone", "6.1", update(questions=[question(ZONE, "SOA", CH)]))
    yield dns("two zones", "6.1", update(questions=[question(ZONE, "SOA")] * 2))
    yield dns("no option", "2.7", message(UPDATE, [question(ZONE, "SOA")], [], everything, [opt()], ident=0))
    yield dns("two options", "2.7", message(UPDATE, [question(ZONE, "SOA")], [], everything, [opt(*[(65010, b"\x80\3\1" + facts)] * 2)], ident=0))


def roster_vectors():
    def case(title, records, encoded):
        return {"name": title, "rule": "8.1", "records": records, "digest": hashlib.sha256(encoded).hexdigest()}

    on, off = b"\1", b"\2"
    yield case("nobody", [], b"")
    yield case("one", [[1, A]], on + name(A))
    yield case("canonical order, not that of text", [[1, "b.a.example."], [2, "z.example."], [1, "a.z.example."], [1, "example."]],
               on + name("example.") + on + name("b.a.example.") + off + name("z.example.") + on + name("a.z.example."))
    yield case("case does not matter", [[1, "MSA.B.Example."], [1, A]], on + name(A) + on + name(B))
    yield case("states other than ON and OFF are left out", [[0, A], [3, A], [255, "c.example."], [2, B]], off + name(B))
    yield case("the same record twice", [[1, A], [1, A.upper()]], on + name(A))
    yield case("both states of one", [[2, A], [1, B], [1, A]], on + name(A) + off + name(A) + on + name(B))
    yield case("octets that are no letters of ASCII keep their case", [[1, "\\224.example."], [1, "\\192.example."]], on + b"\1\xc0" + name("example.") + on + b"\1\xe0" + name("example."))
    yield case("a dot within a label", [[1, "a\\.b.example."], [1, "b.example."]], on + b"\3a.b" + name("example.") + on + name("b.example."))


def contribution_digest_vectors():
    def encoded(strings):
        return hashlib.sha256(b"".join(u16(len(string)) + string for string in strings)).digest()

    def case(title, keys, entry_keys, name_servers, *parts):
        """`parts`: the three lists as they are hashed."""
        return {"name": title, "rule": "8.2", "keys": [base64_of(key) for key in keys], "entry_keys": [base64_of(key) for key in entry_keys],
                "name_servers": name_servers, "digest": hashlib.sha256(b"".join(encoded(part) for part in parts)).hexdigest()}

    one, two, three = sorted(DNSKEYS)
    yield case("nothing", [], [], [], [], [], [])
    yield case("one of each", [one], [one], ["ns1.a.example."], [one], [one], [name("ns1.a.example.")])
    yield case("three keys, sorted by octets and not by length", [three, one, two], [], [], [one, two, three], [], [])
    yield case("the same key twice", [two, one, two], [two, two], [], [one, two], [two], [])
    yield case("a prefix comes first", [one + b"x", one], [], [], [one, one + b"x"], [], [])
    yield case("names by their octets, not canonically; case does not matter", [], [], ["NS.z.example.", "ns10.a.example.", "ns.z.Example."],
               [], [], [name("ns.z.example."), name("ns10.a.example.")])
    yield case("a key that is an entry key is in both lists", [one, two], [], [], [one, two], [], [])
    yield case("another entry key is another contribution", [one, two], [two], [], [one, two], [two], [])


def election_vectors():
    def case(title, zone, epoch, candidates):
        order = sorted(candidates, key=lambda c: hashlib.sha256(name(zone.lower()) + u64(epoch) + name(c.lower())).digest())
        return {"name": title, "rule": "8.3", "zone": zone, "epoch": str(epoch), "candidates": candidates, "order": order}

    five = [f"msa.{c}.example." for c in "abcde"]
    for epoch in (0, 1, 2, 3, 2**64 - 1):
        yield case(f"epoch {epoch}", ZONE, epoch, five)
    yield case("another zone", "other.example.", 1, five)
    yield case("case does not matter", "ZONE.Example.", 1, [five[0], five[1].upper(), *five[2:]])
    yield case("the root", ".", 1, five[:2])


FILES = {
    "option": option_vectors, "json": json_vectors, "message": message_vectors, "contribution": contribution_vectors,
    "instruction": instruction_vectors, "sig0": sig0_vectors, "roster": roster_vectors, "contribution_digest": contribution_digest_vectors, "election": election_vectors,
}


def main():
    TARGET.mkdir(exist_ok=True)
    stale = []
    for file, vectors in FILES.items():
        listed = list(vectors())
        names = [vector["name"] for vector in listed]
        assert len(names) == len(set(names)), [n for n in names if names.count(n) > 1]
        text = "[\n" + ",\n".join(json.dumps(vector, ensure_ascii=True) for vector in listed) + "\n]\n"
        path = TARGET / f"{file}.json"
        if "--check" not in sys.argv:
            path.write_text(text)
            print(f"{len(listed):4} {path.name}")
        elif not path.exists() or path.read_text() != text:
            stale.append(path.name)
    if stale:
        print("not what make_vectors.py writes:", *stale)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
