"""DNS messages octet by octet (RFC 1035), with any defect one asks for.

Nothing here stops a caller from building nonsense: counts, lengths, pointers, classes and MACs
are what the caller says. The reader half is strict, since it judges the answers of a server.
TSIG is RFC 8945, computed with hmac and hashlib only, so that a fault shared with a DNS library
cannot hide.
"""

import base64
import dataclasses
import hashlib
import hmac
import random
import struct
import time as clock

# Types (RFC 1035, 2136, 4034, 7344, 7477, 8945 and the IANA table).
A, NS, MD, MF, CNAME, SOA, MB, WKS, PTR, MX, TXT = 1, 2, 3, 4, 5, 6, 7, 11, 12, 15, 16
SIG, KEY, AAAA, SRV, NAPTR, DNAME, OPT, DS, RRSIG, NSEC, DNSKEY = (
    24, 25, 28, 33, 35, 39, 41, 43, 46, 47, 48)
NSEC3, NSEC3PARAM, TLSA, CDS, CDNSKEY, CSYNC, ZONEMD, SVCB, HTTPS = (
    50, 51, 52, 59, 60, 62, 63, 64, 65)
TKEY, TSIG, IXFR, AXFR, MAILB, MAILA, ANY, URI, CAA = 249, 250, 251, 252, 253, 254, 255, 256, 257

IN, CH, HS, NONE, CLASS_ANY = 1, 3, 4, 254, 255

QUERY, STATUS, NOTIFY, UPDATE = 0, 2, 4, 5

QR, AA, TC, RD, RA, Z, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 0, 1, 2, 3, 4, 5
YXDOMAIN, YXRRSET, NXRRSET, NOTAUTH, NOTZONE = 6, 7, 8, 9, 10
BADVERS, BADSIG, BADKEY, BADTIME, BADTRUNC, BADCOOKIE = 16, 16, 17, 18, 22, 23

RCODE_NAMES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED",
               6: "YXDOMAIN", 7: "YXRRSET", 8: "NXRRSET", 9: "NOTAUTH", 10: "NOTZONE",
               16: "BADVERS", 23: "BADCOOKIE"}
TSIG_ERROR_NAMES = {1: "FORMERR", 16: "BADSIG", 17: "BADKEY", 18: "BADTIME", 22: "BADTRUNC"}


# Writing --------------------------------------------------------------------------------------


def name(text):
    """Wire form of a name in text, without compression. `\\DDD` and `\\x` escapes are read.

    No limit is enforced: 64-octet labels and 300-octet names are the caller's business.
    """
    if isinstance(text, bytes):
        return text
    labels, label, position = [], bytearray(), 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            if text[position + 1].isdigit():
                label.append(int(text[position + 1:position + 4]))
                position += 4
            else:
                label += text[position + 1].encode()
                position += 2
        elif character == ".":
            if label:
                labels.append(bytes(label))
            label = bytearray()
            position += 1
        else:
            label += character.encode()
            position += 1
    if label:
        labels.append(bytes(label))
    return b"".join(bytes([len(one)]) + one for one in labels) + b"\0"


def pointer(offset):
    """A compression pointer to `offset` (RFC 1035 4.1.4)."""
    return struct.pack("!H", 0xC000 | offset)


def question(owner, kind, group=IN):
    return name(owner) + struct.pack("!HH", kind, group)


def record(owner, kind, group=IN, ttl=0, rdata=b"", rdlength=None):
    """One RR; `rdlength` may lie."""
    length = len(rdata) if rdlength is None else rdlength
    return name(owner) + struct.pack("!HHIH", kind, group, ttl & 0xFFFFFFFF, length) + rdata


def header(ident, flags, counts):
    return struct.pack("!HHHHHH", ident, flags, *counts)


def message(ident=None, flags=0, opcode=QUERY, rcode=0, zone=(), first=(), second=(), third=(),
            counts=None, tail=b""):
    """A message of raw sections: zone/question, prerequisite/answer, update/authority, additional.

    `counts` overrides the four counts (None in a place keeps the true one); `tail` follows the end.
    """
    if ident is None:
        ident = random.randrange(1, 65536)
    sections = [list(zone), list(first), list(second), list(third)]
    real = [len(section) for section in sections]
    if counts is not None:
        real = [have if want is None else want for have, want in zip(real, counts)]
    body = b"".join(part for section in sections for part in section)
    return header(ident, flags | (opcode << 11) | rcode, real) + body + tail


def soa_rdata(mname, rname, serial, refresh=3600, retry=600, expire=86400, minimum=300):
    return name(mname) + name(rname) + struct.pack("!IIIII", serial & 0xFFFFFFFF, refresh, retry,
                                                   expire, minimum)


def opt(size=1232, extended=0, version=0, flags=0, options=(), owner=b"\0", rdlength=None, raw=b""):
    """An OPT RR (RFC 6891); options are (code, data) or (code, data, claimed length)."""
    rdata = raw
    for one in options:
        length = one[2] if len(one) > 2 else len(one[1])
        rdata += struct.pack("!HH", one[0], length) + one[1]
    ttl = (extended << 24) | (version << 16) | flags
    return record(owner, OPT, size, ttl, rdata, rdlength)


# TSIG -----------------------------------------------------------------------------------------

HASHES = {"hmac-sha1.": hashlib.sha1, "hmac-sha224.": hashlib.sha224, "hmac-sha256.": hashlib.sha256,
          "hmac-sha384.": hashlib.sha384, "hmac-sha512.": hashlib.sha512,
          "hmac-md5.sig-alg.reg.int.": hashlib.md5}


@dataclasses.dataclass(frozen=True)
class Key:
    name: str
    algorithm: str
    secret: bytes

    @property
    def base64(self):
        return base64.b64encode(self.secret).decode()

    @property
    def short_algorithm(self):
        """The name without the final dot, as configuration files have it."""
        return self.algorithm.rstrip(".")


def make_key(owner, algorithm="hmac-sha256."):
    """A key whose secret follows from its name, so that all parties of a test agree."""
    return Key(owner, algorithm, hashlib.sha512(owner.encode()).digest()[:32])


def timers(when, fudge):
    return struct.pack("!HIH", (when >> 32) & 0xFFFF, when & 0xFFFFFFFF, fudge)


def mac_of(key, covered, prior=b"", when=0, fudge=300, error=0, other=b"", timers_only=False,
           secret=None, key_name=None, algorithm_name=None):
    """The MAC over `prior` MAC, the message(s) `covered` and the TSIG variables (RFC 8945 4.3)."""
    digest = hmac.new(secret or key.secret, digestmod=HASHES.get(key.algorithm, hashlib.sha256))
    if prior:
        digest.update(struct.pack("!H", len(prior)) + prior)
    digest.update(covered)
    if timers_only:
        digest.update(timers(when, fudge))
    else:
        digest.update(name(key_name or key.name.lower()) + struct.pack("!HI", CLASS_ANY, 0))
        digest.update(name(algorithm_name or key.algorithm.lower()) + timers(when, fudge))
        digest.update(struct.pack("!HH", error, len(other)) + other)
    return digest.digest()


def tsig_rdata(algorithm, when, fudge, mac, original, error=0, other=b"", mac_size=None,
               other_size=None):
    return (name(algorithm) + timers(when, fudge)
            + struct.pack("!H", len(mac) if mac_size is None else mac_size) + mac
            + struct.pack("!HHH", original, error,
                          len(other) if other_size is None else other_size) + other)


def add_additional(wire, extra, count=1):
    """`wire` with raw octets appended and ARCOUNT raised by `count`."""
    arcount = struct.unpack("!H", wire[10:12])[0]
    return wire[:10] + struct.pack("!H", (arcount + count) & 0xFFFF) + wire[12:] + extra


def sign(wire, key, when=None, fudge=300, prior=b"", original=None, digest_id=None, error=0,
         other=b"", timers_only=False, group=CLASS_ANY, ttl=0, owner=None, algorithm=None,
         secret=None, mac=None, truncate=None, mac_size=None, other_size=None, covered=None,
         rdlength=None, rdata=None):
    """(signed message, MAC as sent). Every keyword beyond `when`, `fudge` and `prior` is for a defect."""
    when = int(clock.time()) if when is None else when
    ident = struct.unpack("!H", wire[:2])[0]
    original = ident if original is None else original
    digest_id = original if digest_id is None else digest_id
    data = struct.pack("!H", digest_id) + wire[2:] if covered is None else covered
    good = mac_of(key, data, prior, when, fudge, error, other, timers_only, secret)
    sent = good if mac is None else mac
    if callable(sent):
        sent = sent(good)
    if truncate is not None:
        sent = (sent + bytes(255))[:truncate]
    if rdata is None:
        rdata = tsig_rdata(algorithm or key.algorithm, when, fudge, sent, original, error, other,
                           mac_size, other_size)
    elif callable(rdata):
        rdata = rdata(tsig_rdata(algorithm or key.algorithm, when, fudge, sent, original, error,
                                 other, mac_size, other_size))
    row = record(key.name if owner is None else owner, TSIG, group, ttl, rdata, rdlength)
    return add_additional(wire, row), sent


# Reading, strictly ------------------------------------------------------------------------------


class Malformed(Exception):
    """The octets are no DNS message; the text says where."""


@dataclasses.dataclass
class Record:
    owner: bytes  # wire form, uncompressed, case kept
    kind: int
    group: int
    ttl: int
    rdata: bytes  # as received; names in it may be compressed
    start: int    # offset of the RR in the message
    rdata_at: int


@dataclasses.dataclass
class Parsed:
    wire: bytes
    ident: int
    flags: int
    questions: list
    sections: list  # answer, authority, additional
    question_octets: bytes

    @property
    def opcode(self):
        return (self.flags >> 11) & 15

    @property
    def opt(self):
        found = [one for one in self.sections[2] if one.kind == OPT]
        return found[0] if found else None

    @property
    def rcode(self):
        extended = (self.opt.ttl >> 24) << 4 if self.opt else 0
        return (self.flags & 15) | extended

    @property
    def tsig(self):
        last = self.sections[2][-1:] if self.sections[2] else []
        return parse_tsig(self, last[0]) if last and last[0].kind == TSIG else None


def read_name(wire, offset):
    """(uncompressed wire form, offset after it); pointers must go strictly backwards."""
    out, end, limit = bytearray(), None, offset
    while True:
        if offset >= len(wire):
            raise Malformed("name runs past the end")
        length = wire[offset]
        if length & 0xC0 == 0xC0:
            if offset + 1 >= len(wire):
                raise Malformed("half a pointer")
            target = struct.unpack("!H", wire[offset:offset + 2])[0] & 0x3FFF
            end = offset + 2 if end is None else end
            if target >= limit:
                raise Malformed("pointer does not go backwards")
            offset = limit = target
        elif length & 0xC0:
            raise Malformed("unknown label type")
        else:
            if offset + 1 + length > len(wire):
                raise Malformed("label runs past the end")
            out += wire[offset:offset + 1 + length]
            offset += 1 + length
            if len(out) > 255:
                raise Malformed("name longer than 255 octets")
            if length == 0:
                return bytes(out), offset if end is None else end


def parse(wire):
    """Parsed message; raises Malformed, also for octets after the last RR."""
    if len(wire) < 12:
        raise Malformed("shorter than a header")
    ident, flags, *counts = struct.unpack("!HHHHHH", wire[:12])
    offset, questions = 12, []
    for _ in range(counts[0]):
        owner, offset = read_name(wire, offset)
        if offset + 4 > len(wire):
            raise Malformed("question cut")
        questions.append((owner, *struct.unpack("!HH", wire[offset:offset + 4])))
        offset += 4
    octets, sections = wire[12:offset], []
    for count in counts[1:]:
        section = []
        for _ in range(count):
            start = offset
            owner, offset = read_name(wire, offset)
            if offset + 10 > len(wire):
                raise Malformed("RR header cut")
            kind, group, ttl, length = struct.unpack("!HHIH", wire[offset:offset + 10])
            offset += 10
            if offset + length > len(wire):
                raise Malformed("RDATA cut")
            section.append(Record(owner, kind, group, ttl, wire[offset:offset + length], start,
                                  offset))
            offset += length
        sections.append(section)
    if offset != len(wire):
        raise Malformed(f"{len(wire) - offset} octets after the last RR")
    return Parsed(wire, ident, flags, questions, sections, octets)


@dataclasses.dataclass
class TsigFields:
    owner: bytes
    algorithm: bytes
    when: int
    fudge: int
    mac: bytes
    original: int
    error: int
    other: bytes
    start: int


def parse_tsig(parsed, row):
    """Fields of a TSIG RR; its algorithm name must not be compressed here (we judge answers)."""
    algorithm, offset = read_name(row.rdata, 0)
    if len(row.rdata) < offset + 10:
        raise Malformed("TSIG RDATA cut")
    high, low, fudge, size = struct.unpack("!HIHH", row.rdata[offset:offset + 10])
    offset += 10
    mac = row.rdata[offset:offset + size]
    offset += size
    if len(row.rdata) < offset + 6:
        raise Malformed("TSIG RDATA cut")
    original, error, length = struct.unpack("!HHH", row.rdata[offset:offset + 6])
    other = row.rdata[offset + 6:]
    if len(other) != length:
        raise Malformed("TSIG other data of wrong length")
    return TsigFields(row.owner, algorithm, (high << 32) | low, fudge, mac, original, error, other,
                      row.start)


def without_tsig(parsed, fields):
    """The message as it was before the TSIG RR was added, with the original ID (RFC 8945 4.3.1)."""
    wire = parsed.wire
    arcount = struct.unpack("!H", wire[10:12])[0] - 1
    return (struct.pack("!H", fields.original) + wire[2:10] + struct.pack("!H", arcount)
            + wire[12:fields.start])


def verifies(parsed, key, prior, timers_only=False, before=b""):
    """Whether an answer's TSIG is right for `key` and the request's (or previous) MAC `prior`.

    `before` holds unsigned messages since the last signed one (RFC 8945 5.3.1).
    """
    fields = parsed.tsig
    if fields is None or fields.owner.lower() != name(key.name.lower()):
        return False
    want = mac_of(key, before + without_tsig(parsed, fields), prior, fields.when, fields.fudge,
                  fields.error, fields.other, timers_only)
    size = len(want)
    return len(fields.mac) >= max(10, size // 2) and hmac.compare_digest(
        want[:len(fields.mac)], fields.mac)


def frame(wire):
    """A message with its two-octet TCP length (RFC 1035 4.2.2)."""
    return struct.pack("!H", len(wire)) + wire


# Zone content -----------------------------------------------------------------------------------


def plain_rdata(parsed, row):
    """RDATA with the names of the RFC 1035 types expanded, for comparison across servers."""
    if row.kind in (NS, CNAME, PTR, MB, MD, MF):
        return read_name(parsed.wire, row.rdata_at)[0]
    if row.kind == MX:
        return row.rdata[:2] + read_name(parsed.wire, row.rdata_at + 2)[0]
    if row.kind == SOA:
        mname, offset = read_name(parsed.wire, row.rdata_at)
        rname, offset = read_name(parsed.wire, offset)
        return mname + rname + parsed.wire[offset:offset + 20]
    return row.rdata


def soa_serial(rdata):
    """SERIAL of an uncompressed SOA RDATA."""
    return struct.unpack("!I", rdata[-20:-16])[0]


def rows_of(parsed):
    """The answer section as (owner, type, ttl, rdata), names uncompressed, case kept."""
    return [(row.owner, row.kind, row.ttl, plain_rdata(parsed, row)) for row in parsed.sections[0]]


def serial_less(left, right):
    """RFC 1982 3.2; False where it is undefined."""
    return left != right and 0 < ((right - left) & 0xFFFFFFFF) < 0x80000000
