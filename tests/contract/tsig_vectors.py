#!/usr/bin/python3
"""TSIG vectors (RFC 8945) made by dnspython, an implementation that is not ours.

    tsig_vectors.py            writes tests/unit/crypto/tsig_vectors.hpp
    tsig_vectors.py --check    exit 1 if that file is not what would be written
"""

import pathlib
import struct
import sys

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig
from dns.rdtypes.ANY.TSIG import TSIG

TARGET = pathlib.Path(__file__).resolve().parents[1] / "unit/crypto/tsig_vectors.hpp"
TIME = 0x1_6543_21AB  # needs more than 32 bits
FUDGE = 300
ID = 0x5AA5
GAPS = [0, 1, 2, 7, 99, 0]
ALGORITHMS = [
    ("hmac_sha256", "hmac-sha256", bytes(range(32))),
    ("hmac_sha384", "hmac-sha384", bytes(range(100, 148))),
    # Longer than the block of the hash, so that HMAC hashes the key first.
    ("hmac_sha512", "hmac-sha512", bytes(i * 7 % 256 for i in range(150))),
]
KEY_NAME = "Owner-XFR.Example."


def with_record(wire, name, rdata):
    """The message with the TSIG record at its end and counted."""
    octets = rdata.to_wire()
    count = struct.unpack("!H", wire[10:12])[0] + 1
    record = name.to_wire() + struct.pack("!HHIH", 250, 255, 0, len(octets)) + octets
    return wire[:10] + struct.pack("!H", count) + wire[12:] + record


def blank(key, time, original_id=ID, error=0, other=b""):
    return TSIG(
        dns.rdataclass.ANY, dns.rdatatype.TSIG, key.algorithm, time, FUDGE, b"", original_id,
        error, other,
    )


def signed(wire, key, time, request_mac=b"", ctx=None, multi=False, **fields):
    rdata, ctx = dns.tsig.sign(
        wire, key, blank(key, time, **fields), time, request_mac, ctx, multi
    )
    return with_record(wire, key.name, rdata), rdata.mac, ctx


def request_wire(qtype):
    message = dns.message.make_query("Zone.Example.", qtype)
    message.id = ID
    message.flags = 0
    return message.to_wire()


def response_wire(number, with_question=True, rcode=0):
    message = dns.message.Message(id=ID)
    message.flags = dns.flags.QR | dns.flags.AA
    message.set_rcode(rcode)
    if with_question:
        message.question = [
            dns.rrset.RRset(
                dns.name.from_text("Zone.Example."), dns.rdataclass.IN, dns.rdatatype.AXFR
            )
        ]
    if rcode == 0:
        message.answer = [
            dns.rrset.from_text(f"h{number}.Example.", 60, "IN", "A", f"192.0.2.{number % 256}")
        ]
    return message.to_wire()


def stream(key, request_mac):
    """Signed messages with GAPS unsigned ones between them."""
    messages, number, ctx = [], 0, None
    wire, _, ctx = signed(response_wire(number), key, TIME, request_mac, multi=True)
    messages.append(wire)
    for gap in GAPS:
        for _ in range(gap):
            number += 1
            wire = response_wire(number, with_question=False)
            ctx.update(wire)
            messages.append(wire)
        number += 1
        wire, _, ctx = signed(
            response_wire(number, with_question=False), key, TIME + number, ctx=ctx, multi=True
        )
        messages.append(wire)
    return messages


def literal(octets):
    text = octets.hex()
    lines = [text[i : i + 88] for i in range(0, len(text), 88)]
    return "\n     ".join(f'"{line}"' for line in lines)


def vectors():
    yield "// Made by tests/contract/tsig_vectors.py with dnspython: do not edit."
    yield "// clang-format off"
    yield "#pragma once\n"
    yield '#include "common/crypto/tsig.hpp"\n'
    yield "namespace chorale::crypto::vectors {\n"
    yield f"inline constexpr std::uint64_t time_signed = {TIME}U;"
    yield f'inline constexpr char key_name[] = "{KEY_NAME}";\n'
    yield "// All in hex. The request's time is time_signed, and so is the answer's unless its"
    yield "// name says otherwise. In `stream`, message n that is signed has time_signed + n."
    yield "struct Exchange {"
    yield "    TsigAlgorithm algorithm;"
    for field in [
        "secret", "plain_request", "request", "forwarded_request", "shouted_request",
        "plain_response", "response", "plain_bad_time", "bad_time",
    ]:
        yield f"    const char* {field};"
    yield "    std::vector<const char*> stream;"
    yield "};\n"
    yield "// Numbers of unsigned messages between the signed ones of a stream."
    yield f"inline constexpr std::size_t gaps[] = {{{', '.join(map(str, GAPS))}}};"
    yield "// The server's clock in bad_time, which it tells in Other Data."
    yield "inline constexpr std::uint64_t late = time_signed + 1000;\n"
    yield "inline const Exchange exchanges[] = {"
    for symbol, name, secret in ALGORITHMS:
        key = dns.tsig.Key(KEY_NAME, secret, dns.name.from_text(name))
        plain = request_wire("AXFR")
        request, mac, _ = signed(plain, key, TIME)
        # Somebody in between gave it another ID (RFC 8945 5.5).
        forwarded = b"\x12\x34" + request[2:]
        # Digested in lower case, whatever the case that is sent.
        loud = dns.tsig.Key(KEY_NAME.upper(), secret, dns.name.from_text(name.upper()))
        shouted, _, _ = signed(plain, loud, TIME)
        plain_response = response_wire(0)
        response, _, _ = signed(plain_response, key, TIME, mac)
        plain_bad_time = response_wire(0, rcode=dns.rcode.NOTAUTH)
        bad_time, _, _ = signed(
            plain_bad_time, key, TIME, mac, error=18,
            other=struct.pack("!HI", (TIME + 1000) >> 32, (TIME + 1000) & 0xFFFFFFFF),
        )
        yield f"    {{TsigAlgorithm::{symbol},"
        for octets in [
            secret, plain, request, forwarded, shouted, plain_response, response,
            plain_bad_time, bad_time,
        ]:
            yield f"     {literal(octets)},"
        yield "     {"
        for message in stream(key, mac):
            yield f"     {literal(message)},"
        yield "     }},"
    yield "};\n"
    yield "}  // namespace chorale::crypto::vectors"


def main():
    text = "\n".join(vectors()) + "\n"
    if "--check" in sys.argv[1:]:
        sys.exit(0 if TARGET.exists() and TARGET.read_text() == text else f"{TARGET} is stale")
    TARGET.write_text(text)


if __name__ == "__main__":
    main()
