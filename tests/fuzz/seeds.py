#!/usr/bin/env python3
"""Writes the seeds of the DNS targets into corpus/<target>/seed-*.

Deterministic: the same files each time. Needs dnspython. Other targets add a
function and a line in SEEDS.
"""
import json
import pathlib
import random
import struct

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.tsig
import dns.update
import dns.zone

CORPUS = pathlib.Path(__file__).parent / "corpus"
VECTORS = pathlib.Path(__file__).resolve().parents[2] / "proto/vectors"

RECORDS = """\
@ 3600 IN SOA ns1 hostmaster 2026010101 7200 900 1209600 300
@ 3600 IN NS ns1
@ 3600 IN NS ns.Other.example.
ns1 300 IN A 192.0.2.1
ns1 300 IN AAAA 2001:db8::1
www 300 IN CNAME ns1
ptr 300 IN PTR www
@ 300 IN MX 10 mail
txt 300 IN TXT "two words" "\\200\\"" ""
_dns._tcp 300 IN SRV 0 0 53 ns1
dname 300 IN DNAME other.example.
naptr 300 IN NAPTR 100 50 "s" "x+y" "" _dns._tcp
hinfo 300 IN HINFO "RFC8482" ""
rp 300 IN RP mail txt
afsdb 300 IN AFSDB 1 ns1
sshfp 300 IN SSHFP 1 1 AABBCCDDEEFF00112233445566778899AABBCCDD
ds 300 IN DS 1 13 2 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F
@ 300 IN CDS 0 0 0 00
@ 300 IN DNSKEY 257 3 13 AQIDBAUGBwg=
@ 300 IN CDNSKEY 0 3 0 AA==
@ 300 IN CSYNC 66 3 A NS AAAA
nsec 300 IN NSEC www A NS SOA TYPE1234
nsec3 300 IN NSEC3 1 1 0 AABB 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A RRSIG
@ 300 IN NSEC3PARAM 1 0 0 -
@ 300 IN RRSIG SOA 13 2 300 20300101000000 20290101000000 7 @ AQIDBAUGBwg=
_443._tcp 300 IN TLSA 3 1 1 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F
_https._tcp 300 IN URI 10 1 "https://api.msa.example/"
svcb 300 IN SVCB 1 . mandatory=port alpn="h2,h3" port=53 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1 key667=x
https 300 IN HTTPS 0 svcb
@ 300 IN CAA 0 issue "ca.example"
@ 300 IN ZONEMD 1 1 240 000102030405060708090A0B
unknown 300 IN TYPE65280 \\# 3 010203
"""
# What dnspython does not know as ours.
OWN_TYPES = {
    65281: bytes([1]) + dns.name.from_text("msa.example.").to_wire(),
    24: bytes(18) + dns.name.from_text("msa.example.").to_wire() + bytes(64),
    25: bytes([2, 0, 3, 15]) + bytes(32),
    7: dns.name.from_text("mb.example.").to_wire(),
}


def zone():
    return dns.zone.from_text(RECORDS, origin="zone.example.", relativize=False, check_origin=False)


def messages():
    records = [(name, rdata.rdtype, ttl, rdata) for name, ttl, rdata in zone().iterate_rdatas()]
    yield dns.message.make_query("zone.example.", "SOA", id=1).to_wire()
    query = dns.message.make_query("Zone.Example.", "TXT", id=2, want_dnssec=True)
    query.use_edns(0, 0, 4096, options=[dns.edns.GenericOption(10, bytes(8)),
                                        dns.edns.GenericOption(65010, bytes([1, 3, 3]))])
    yield query.to_wire()
    transfer = dns.message.make_response(dns.message.make_query("zone.example.", "AXFR", id=3))
    for name, rdtype, ttl, rdata in records:
        rrset = transfer.find_rrset(transfer.answer, name, 1, rdtype, create=True)
        rrset.add(rdata, ttl)
    yield transfer.to_wire()
    update = dns.update.UpdateMessage("zone.example.", id=4)
    update.present("zone.example.", "NS")
    update.delete("zone.example.", "CDS")
    update.delete("zone.example.", "NS", "ns1.zone.example.")
    update.add("zone.example.", 300, "NS", "ns9.zone.example.")
    yield update.to_wire()
    update = dns.update.UpdateMessage("zone.example.", id=5)
    update.add("zone.example.", 300, "CDS", "0 0 0 00")
    update.use_tsig({"key.": bytes(32)}, algorithm=dns.tsig.HMAC_SHA256)
    wire = update.to_wire()
    # The time of signing would differ with each run.
    at = wire.rindex(b"hmac-sha256") + 12
    yield wire[:at] + bytes(6) + wire[at + 6:at + 10] + bytes(32) + wire[at + 42:]
    header = struct.pack("!HHHHHH", 6, 0x2000, 1, 0, 0, 1)
    sig = (b"\0" + struct.pack("!HHIH", 24, 255, 0, len(OWN_TYPES[24])) + OWN_TYPES[24])
    yield header + dns.name.from_text("zone.example.").to_wire() + struct.pack("!HH", 6, 1) + sig


def names():
    for text in ("zone.example.", "\\000\\255.", "a\\.b.c", "@", "." + "a" * 64, "*." + "x" * 63 + "."):
        yield text.encode()
    yield b"\x04" + b"\x03com\x00\x01a\xc0\x00\x01B\xc0\x05"
    yield b"\x00" + b"\x01a\x00\xc0\x00"
    yield b"\x00" + b"\x3f" + b"x" * 63 + b"\x00" + b"\x00"


def rdatas():
    for _, _, rdata in zone().iterate_rdatas():
        yield struct.pack("!H", rdata.rdtype) + rdata.to_wire()
    for rdtype, octets in OWN_TYPES.items():
        yield struct.pack("!H", rdtype) + octets


def texts():
    yield ("$ORIGIN zone.example.\n$TTL 1h\n" + RECORDS).encode()
    yield b"@ IN SOA ns mb ( 1 ; serial\n 2h 15m\n 1w 300 )\n NS ns\n\t60 NS ns2\n"
    yield b"a MSIGNER ON DNS msa.example.\nb TYPE65281 \\# 3 010000\nc ANY A\nd 0 NONE A 192.0.2.1\n"
    for line in RECORDS.splitlines():
        yield line.encode()


def tsig_record(owner, algorithm, mac, error=0, other=b"", time=1_700_000_000):
    """A TSIG record whose MAC is not right, since none is computed."""
    rdata = (dns.name.from_text(algorithm).to_wire() + struct.pack("!HIHH", 0, time, 300, len(mac))
             + mac + struct.pack("!HHH", 1, error, len(other)) + other)
    return (dns.name.from_text(owner).to_wire() + struct.pack("!HHIH", 250, 255, 0, len(rdata))
            + rdata)


def tsigs():
    plain = dns.message.make_query("z.", "SOA", id=1).to_wire()
    yield plain
    signed = plain[:11] + b"\x01" + plain[12:]
    for algorithm in ("hmac-sha256.", "HMAC-SHA256.", "hmac-sha512.", "hmac-md5.sig-alg.reg.int."):
        yield signed + tsig_record("k.", algorithm, bytes(32))
    yield signed + tsig_record("stranger.example.", "hmac-sha256.", bytes(32))
    for octets in (0, 9, 10, 15, 16, 31, 33, 64):
        yield signed + tsig_record("k.", "hmac-sha256.", bytes(octets))
    for error in (16, 17, 18, 22):
        yield signed + tsig_record("k.", "hmac-sha256.", b"", error, bytes(6))
    yield plain[:11] + b"\x02" + plain[12:] + 2 * tsig_record("k.", "hmac-sha256.", bytes(32))
    yield plain[:7] + b"\x01" + plain[8:] + tsig_record("k.", "hmac-sha256.", bytes(32))


def updates():
    def update():
        return dns.update.UpdateMessage("z.", id=1)

    message = update()
    message.present("z.")
    message.present("ns.z.", "A")
    message.present("ns.z.", "A", "192.0.2.1")
    message.absent("www.z.")
    message.absent("ns.z.", "MX")
    message.add("www.z.", 60, "A", "192.0.2.1")
    message.delete("ns.z.", "A", "192.0.2.1")
    message.delete("alias.z.", "CNAME")
    message.delete("z.")
    yield message.to_wire()
    message = update()
    message.add("z.", 60, "NS", "new.example.")
    message.delete("z.", "NS", "ns.z.")
    message.delete("z.", "NS", "ns.example.")
    message.delete("z.", "NS", "new.example.")
    message.replace("z.", 30, "DNSKEY", "257 3 13 BBBB")
    message.add("z.", 60, "SOA", "ns.z. hm.z. 11 1 1 1 1")
    yield message.to_wire()
    message = update()
    message.add("alias.z.", 60, "A", "192.0.2.1")
    message.add("ns.z.", 60, "CNAME", "z.")
    message.add("alias.z.", 60, "CNAME", "new.z.")
    message.add("new.z.", 60, "DNAME", "example.")
    message.add("w.z.", 60, "WKS", "192.0.2.1 6 25")
    message.add("w.z.", 60, "WKS", "192.0.2.1 6 53")
    yield message.to_wire()
    for name, rdtype, rdata in (("out.example.", "A", "192.0.2.1"), ("z.", "NSEC", "z. A")):
        message = update()
        message.add(name, 60, rdtype, rdata)
        yield message.to_wire()


def vectors(file):
    """Golden vectors that are good: most of what a fuzzer needs is in them."""
    listed = json.loads((VECTORS / file).read_text())
    return [vector for vector in listed if {"NOERROR", 200} & {vector.get("verdict"), vector.get("status")}]


def peer_options():
    for vector in vectors("option.json"):
        yield bytes([vector["purpose"] == "answer"]) + bytes.fromhex(vector["option"])
    yield b"\2" + bytes.fromhex(next(v for v in vectors("option.json") if v["name"] == "every fact")["option"])


def peer_bodies():
    # The first octet chooses the reader: 2 to 7 and the operation, 8 an answer.
    choices = {"HELLO": 4, "HEARTBEAT": 5, "STATE": 2, "ELECT": 3}
    for vector in vectors("json.json"):
        choice = choices[vector["operation"]] | (8 if vector["purpose"] == "answer" else 0)
        yield bytes([choice]) + vector["text"].encode()
    for choice, file in ((0, "instruction.json"), (1, "contribution.json")):
        for vector in [v for v in vectors(file) if "text" in v][:3]:
            yield bytes([choice]) + vector["text"].encode()


SEEDS = {"peer_option": peer_options, "peer_json": peer_bodies,
         "dns_message": messages, "dns_name": names, "dns_rdata": rdatas, "dns_text": texts,
         "tsig": tsigs, "update": updates}


def main():
    random.seed(1035)  # dnspython shuffles RRsets
    for target, seeds in SEEDS.items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds()):
            (folder / f"seed-{number:02}").write_bytes(seed)


if __name__ == "__main__":
    main()
