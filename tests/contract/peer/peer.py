"""A second codec of proto/README.md: option, bodies, messages, RRsets, SIG(0), digests.

It shares no code with the daemons, none with make_vectors.py, and has no DNS library below it. Names are octets
in wire form, messages dicts of their facts. Section numbers are those of that file.
"""
import base64
import hashlib
import json
import math
import re
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

MAX64 = 2**64 - 1
OPS = {1: "HELLO", 2: "HEARTBEAT", 128: "STATE", 129: "ELECT"}
OPNO = {v: k for k, v in OPS.items()}
TRANSPORT = {"dns": 1, "api": 2}
SYNC = {"leader-follower": 1, "peer": 2}
PROCESS = ["join", "leave", "zsk-roll", "ksk-roll", "csk-roll", "algorithm-roll", "name-servers", "setup"]
RUNG = ["OUT", "KEYS", "DS", "NS", "IN", "NS_GONE", "STOPPED"]
STATUS = ["working", "done", "holding", "blocked", "meeting"]
TYPES = {"NS": 2, "SOA": 6, "DNSKEY": 48, "CDS": 59, "CDNSKEY": 60, "CSYNC": 62}
TNAME = {v: k for k, v in TYPES.items()}
CONTRIBUTED = ["NS", "DNSKEY", "CDS", "CDNSKEY"]
CONTROLLED = CONTRIBUTED + ["CSYNC"]
OPTION = 65010
SIG, OPT, TSIG = 24, 41, 250
IN, ANY = 1, 255
MAXTTL = 2**31 - 1
YEAR9999 = 253402300799


class Bad(Exception):
    """Malformed (FORMERR, 400) or another verdict."""

    def __init__(self, why, verdict="FORMERR"):
        super().__init__(why)
        self.verdict = verdict


# -- names ---------------------------------------------------------------------------------------------------------

def wire_name(buf, at, compress=False):
    """Name at offset: (uncompressed wire, offset behind it)."""
    out, end, limit = b"", None, at
    while True:
        if at >= len(buf):
            raise Bad("name is cut")
        n = buf[at]
        if n & 0xC0 == 0xC0 and compress:
            if at + 1 >= len(buf):
                raise Bad("pointer is cut")
            to = (n & 0x3F) << 8 | buf[at + 1]
            end = at + 2 if end is None else end
            if to >= limit:
                raise Bad("pointer does not point back")
            at = limit = to
            continue
        if n & 0xC0:
            raise Bad("label type")
        if at + 1 + n > len(buf):
            raise Bad("label is cut")
        out += buf[at:at + 1 + n]
        at += 1 + n
        if len(out) > 255:
            raise Bad("name is too long")
        if n == 0:
            return out, at if end is None else end


def whole_name(buf):
    name, end = wire_name(buf, 0)
    if end != len(buf):
        raise Bad("octets behind a name")
    return name


def labels(wire):
    out, at = [], 0
    while wire[at]:
        out.append(wire[at + 1:at + 1 + wire[at]])
        at += 1 + wire[at]
    return out


def lower(b):
    return bytes(c + 32 if 65 <= c <= 90 else c for c in b)


def name_text(wire):
    out = ""
    for label in labels(wire):
        for c in label:
            if c in b'.\\"();@$':
                out += "\\" + chr(c)
            elif 33 <= c <= 126:
                out += chr(c)
            else:
                out += "\\%03d" % c
        out += "."
    return out or "."


def text_name(text):
    if not isinstance(text, str) or text in ("", "@") or not text.isascii():
        raise Bad("not a name")
    if text == ".":
        return b"\0"
    out, label, i, ended = b"", b"", 0, False
    while i < len(text):
        c = text[i]
        ended = False
        if c == ".":
            if not label:
                raise Bad("empty label")
            out += bytes([len(label)]) + label
            label, ended = b"", True
        elif c == "\\":
            ddd = text[i + 1:i + 4]
            if "0" <= ddd[:1] <= "9":
                if not re.fullmatch("[0-9]{3}", ddd) or int(ddd) > 255:
                    raise Bad("escape")
                label += bytes([int(ddd)])
                i += 3
            elif ddd:
                label += ddd[0].encode()
                i += 1
            else:
                raise Bad("escape")
        elif ord(c) <= 32 or c == '"':
            raise Bad("octet that is not escaped")
        else:
            label += c.encode()
        if len(label) > 63:
            raise Bad("label is too long")
        i += 1
    if not ended:
        out += bytes([len(label)]) + label
    out += b"\0"
    if len(out) > 255:
        raise Bad("name is too long")
    return out


# -- facts: a message is a dict of its facts; names in wire form, numbers as int, digests as bytes -------------------

def capability(octet, notes):
    if not octet & 1:
        if octet & 0x80:
            octet = int("{:08b}".format(octet)[::-1], 2)
            notes.add("mirrored bits")
        else:
            notes.add("missing baseline")
    return octet & 3 | 1


def check_reason(text):
    if len(text.encode()) > 255 or re.search("[\x00-\x1f\x7f-\x9f]", text):
        raise Bad("reason")
    return text


def fact(kind, v, notes):
    def size(n):
        if len(v) != n:
            raise Bad("size of fact %d" % kind)

    def least(n):
        if len(v) < n:
            raise Bad("size of fact %d" % kind)
    if kind == 1:
        size(16)
        return struct.unpack("!8sQ", v)
    if kind == 2:
        return whole_name(v)
    if kind == 3:
        size(4)
        n = int.from_bytes(v, "big")
        if not 1 <= n <= 86400:
            raise Bad("interval")
        return n
    if kind in (4, 11):
        size(32)
        return v
    if kind == 5:
        size(8)
        return int.from_bytes(v, "big")
    if kind == 6:
        least(4)
        return v[0], whole_name(v[1:-2]), v[-2], v[-1]
    if kind == 7:
        size(24)
        e = struct.unpack("!IIIIQ", v)
        if e[4] > YEAR9999:
            raise Bad("hold end")
        return e
    if kind == 8:
        least(9)
        return int.from_bytes(v[:8], "big"), whole_name(v[8:])
    if kind == 9:
        try:
            return check_reason(v.decode())
        except UnicodeError:
            raise Bad("reason is not UTF-8")
    if kind == 10:
        size(9)
        if v[0] > 1:
            raise Bad("granted")
        return bool(v[0]), int.from_bytes(v[1:], "big")
    if kind == 12:
        size(1)
        if v[0] > 1:
            raise Bad("recovery")
        return bool(v[0])
    size(9)
    return int.from_bytes(v[:8], "big"), v[8]


FACTS = {1: "sequence", 2: "identity", 3: "interval", 4: "roster", 5: "epoch", 6: "rungs", 7: "evidence", 8: "term",
         9: "reason", 10: "vote", 11: "contribution", 12: "recovery", 13: "echo"}


def known_rung(r):
    return 1 <= r[0] <= len(PROCESS) and r[2] < len(RUNG) and 1 <= r[3] <= len(STATUS)


def needed(m, purpose):
    if m["operation"] == "ELECT" and purpose == "request" and "term" not in m:
        raise Bad("ELECT without term")


def decode_option(value, purpose):
    """Option value to (message, notes)."""
    notes = set()
    if len(value) < 3:
        raise Bad("short option")
    op = value[0]
    if op == 0:
        raise Bad("operation 0")
    if op not in OPS:
        raise Bad("operation", "NOTIMP")
    m = {"operation": OPS[op], "transport": capability(value[1], notes), "synchronization": capability(value[2], notes)}
    body = value[3:]
    if body[:1] == b"\0":
        notes.add("reserved octet")
        body = body[1:]
    seen, count = set(), 0
    while body:
        if len(body) < 3:
            raise Bad("TLV is cut")
        kind, n = struct.unpack("!BH", body[:3])
        v, body = body[3:3 + n], body[3 + n:]
        if kind == 0 or len(v) != n:
            raise Bad("TLV")
        if kind > 13:
            notes.add("unknown fact")
            continue
        if kind == 6:
            count += 1
            if count > 16:
                raise Bad("rungs")
            r = fact(6, v, notes)
            if known_rung(r):
                m.setdefault("rungs", []).append(r)
            else:
                notes.add("unknown value")
            continue
        if kind in seen:
            raise Bad("fact twice")
        seen.add(kind)
        f = fact(kind, v, notes)
        if kind != 12 or f:
            m[FACTS[kind]] = f
    needed(m, purpose)
    return m, notes


def encode_option(m):
    out = bytes([OPNO[m["operation"]], m["transport"] & 3 | 1, m["synchronization"] & 3 | 1])

    def tlv(kind, v):
        return struct.pack("!BH", kind, len(v)) + v
    for kind, key in FACTS.items():
        f = m.get(key)
        if f is None or f is False:
            continue
        if kind == 6:
            for p, subject, rung, status in f:
                out += tlv(6, bytes([p]) + subject + bytes([rung, status]))
            continue
        out += tlv(kind, {
            1: lambda: struct.pack("!8sQ", *f), 3: lambda: struct.pack("!I", f), 5: lambda: struct.pack("!Q", f),
            7: lambda: struct.pack("!IIIIQ", *f), 8: lambda: struct.pack("!Q", f[0]) + f[1], 9: lambda: f.encode(),
            10: lambda: struct.pack("!BQ", *f), 12: lambda: b"\1", 13: lambda: struct.pack("!QB", *f),
        }.get(kind, lambda: f)())
    return out


# -- JSON ------------------------------------------------------------------------------------------------------------

def load(text):
    """Strict JSON with the limits of 7.3."""
    if isinstance(text, str):
        text = text.encode("utf-8", "surrogatepass")
    if len(text) > 1 << 20:
        raise Bad("size", 413)

    def pairs(items):
        d = dict(items)
        if len(d) != len(items):
            raise Bad("a name twice")
        return d

    def integer(s):
        if len(s.lstrip("-")) > 32 or not -2**63 <= int(s) <= MAX64:
            raise Bad("number")
        return int(s)

    def real(s):
        if sum(c.isdigit() for c in s) > 32 or math.isinf(float(s)):
            raise Bad("number")
        return float(s)

    def constant(s):
        raise Bad("constant")
    try:
        v = json.loads(text.decode(), object_pairs_hook=pairs, parse_int=integer, parse_float=real,
                       parse_constant=constant)
    except (ValueError, RecursionError) as e:
        raise Bad("not JSON: %s" % e)
    count = 0

    def walk(v, depth):
        nonlocal count
        count += 1
        if count > 5000:
            raise Bad("values")
        if isinstance(v, str):
            try:
                if len(v.encode()) > 65536:
                    raise Bad("text")
            except UnicodeError:
                raise Bad("surrogate")
        if isinstance(v, (dict, list)):
            if depth > 8:
                raise Bad("depth")
            for k in v if isinstance(v, dict) else ():
                walk(k, depth)
                count -= 1
            for x in v.values() if isinstance(v, dict) else v:
                walk(x, depth + 1)
    walk(v, 1)
    return v


def fold(text):
    """Letters of ASCII in lower case, and no others."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def place(table, text):
    """Where a word stands in a table, in any case; none if it does not."""
    return next((i for i, word in enumerate(table) if fold(word) == fold(text)), None)


def number(v, top=2**32 - 1):
    if type(v) is not int or not 0 <= v <= top:
        raise Bad("number")
    return v


def u64(v):
    if isinstance(v, str):
        if not re.fullmatch("0*[0-9]{1,20}", v, re.A):
            raise Bad("u64")
        v = int(v[-20:])
    return number(v, MAX64)


def unhex(v, n):
    if not isinstance(v, str) or not re.fullmatch("[0-9a-fA-F]{%d}" % (2 * n), v):
        raise Bad("hex")
    return bytes.fromhex(v)


def obj(v):
    if not isinstance(v, dict):
        raise Bad("not an object")
    return v


def need(d, key):
    if key not in d:
        raise Bad("no " + key)
    return d[key]


def bits(v, names, notes):
    if isinstance(v, list):
        if len(v) > 64:
            raise Bad("capabilities")
        n = 0
        for x in v:
            if not isinstance(x, str):
                raise Bad("capability")
            n |= names.get(fold(x), 0)
        return capability(n, notes)
    return capability(number(v, 255), notes)


def decode_json(v, operation, purpose):
    notes = set()
    v = obj(v)
    m = {"operation": operation, "transport": bits(need(v, "transport"), TRANSPORT, notes),
         "synchronization": bits(need(v, "synchronization"), SYNC, notes), "zone": text_name(need(v, "zone"))}
    if "changed" in v:
        at = place(CONTRIBUTED, v["changed"]) if isinstance(v["changed"], str) else None
        if at is None or operation != "STATE":
            raise Bad("changed")
        m["changed"] = CONTRIBUTED[at]
    if "sequence" in v:
        d = obj(v["sequence"])
        m["sequence"] = unhex(need(d, "boot"), 8), u64(need(d, "counter"))
    if "identity" in v:
        m["identity"] = text_name(v["identity"])
    if "interval" in v:
        m["interval"] = number(v["interval"], 86400)
        if not m["interval"]:
            raise Bad("interval")
    for key in ("roster", "contribution"):
        if key in v:
            m[key] = unhex(v[key], 32)
    if "epoch" in v:
        m["epoch"] = u64(v["epoch"])
    if "rungs" in v:
        if not isinstance(v["rungs"], list) or len(v["rungs"]) > 16:
            raise Bad("rungs")
        for r in v["rungs"]:
            r = obj(r)
            texts = [need(r, k) for k in ("process", "rung", "status")]
            if not all(isinstance(t, str) for t in texts):
                raise Bad("rung")
            subject = text_name(need(r, "subject"))
            process, rung, status = (place(*x) for x in zip((PROCESS, RUNG, STATUS), texts))
            if None in (process, rung, status):
                notes.add("unknown value")
            else:
                m.setdefault("rungs", []).append((process + 1, subject, rung, status + 1))
    if "evidence" in v:
        d = obj(v["evidence"])
        m["evidence"] = tuple(number(need(d, k)) for k in ("dnskey_ttl", "ns_ttl", "max_ttl", "signed_serial")) + (
            u64(d.get("hold_end", 0)),)
        if m["evidence"][4] > YEAR9999:
            raise Bad("hold_end")
    if "term" in v:
        d = obj(v["term"])
        m["term"] = u64(need(d, "number")), text_name(need(d, "identity"))
    if "reason" in v:
        if not isinstance(v["reason"], str):
            raise Bad("reason")
        m["reason"] = check_reason(v["reason"])
    if "vote" in v:
        d = obj(v["vote"])
        if not isinstance(need(d, "granted"), bool):
            raise Bad("granted")
        m["vote"] = d["granted"], u64(need(d, "term"))
    if "recovery" in v:
        if not isinstance(v["recovery"], bool):
            raise Bad("recovery")
        if v["recovery"]:
            m["recovery"] = True
    if "echo" in v:
        d = obj(v["echo"])
        m["echo"] = u64(need(d, "epoch")), number(need(d, "steps"), 255)
    needed(m, purpose)
    return m, notes


def encode_json(m):
    out = {"transport": m["transport"], "synchronization": m["synchronization"], "zone": name_text(m["zone"])}
    if "changed" in m:
        out["changed"] = m["changed"]
    for key in FACTS.values():
        f = m.get(key)
        if f is None:
            continue
        if key == "sequence":
            f = {"boot": f[0].hex().upper(), "counter": str(f[1])}
        elif key == "identity":
            f = name_text(f)
        elif key in ("roster", "contribution"):
            f = f.hex().upper()
        elif key == "epoch":
            f = str(f)
        elif key == "rungs":
            f = [{"process": PROCESS[p - 1], "subject": name_text(s), "rung": RUNG[r], "status": STATUS[t - 1]}
                 for p, s, r, t in f]
        elif key == "evidence":
            e = dict(zip(("dnskey_ttl", "ns_ttl", "max_ttl", "signed_serial"), f))
            if f[4]:
                e["hold_end"] = str(f[4])
            f = e
        elif key == "term":
            f = {"number": str(f[0]), "identity": name_text(f[1])}
        elif key == "vote":
            f = {"granted": f[0], "term": str(f[1])}
        elif key == "echo":
            f = {"epoch": str(f[0]), "steps": f[1]}
        out[key] = f
    return out


# -- DNS messages ----------------------------------------------------------------------------------------------------

class Record:
    """Of a message: where it begins and ends in it, and where its RDATA does."""

    def __init__(self, owner, type, klass, ttl, rdata, start, end, at):
        self.owner, self.type, self.klass, self.ttl, self.rdata = owner, type, klass, ttl, rdata
        self.start, self.end, self.at = start, end, at


class Message:
    """A DNS message taken apart."""

    def __init__(self, wire):
        if len(wire) < 12:
            raise Bad("no header")
        self.wire = wire
        self.id, flags, qd, *counts = struct.unpack("!6H", wire[:12])
        self.qr, self.opcode, self.aa, self.tc, self.rcode = (
            flags >> 15, flags >> 11 & 15, flags >> 10 & 1, flags >> 9 & 1, flags & 15)
        at, self.question, self.sections = 12, [], []
        for _ in range(qd):
            name, at = wire_name(wire, at, True)
            if at + 4 > len(wire):
                raise Bad("question is cut")
            self.question.append((name, *struct.unpack("!HH", wire[at:at + 4])))
            at += 4
        for n in counts:
            section = []
            for _ in range(n):
                start = at
                owner, at = wire_name(wire, at, True)
                if at + 10 > len(wire):
                    raise Bad("record is cut")
                t, c, ttl, size = struct.unpack("!HHIH", wire[at:at + 10])
                at += 10
                if at + size > len(wire):
                    raise Bad("RDATA is cut")
                section.append(Record(owner, t, c, ttl, wire[at:at + size], start, at + size, at))
                at += size
            self.sections.append(section)
        if at != len(wire):
            raise Bad("octets behind the message")
        self.answer, self.authority, self.additional = self.sections
        self.check_signatures()
        if any(r.type in (OPT, TSIG) for r in self.answer + self.authority):
            raise Bad("OPT or TSIG in another section")
        opts = [r for r in self.additional if r.type == OPT]
        if len(opts) > 1 or any(r.owner != b"\0" for r in opts):
            raise Bad("OPT")
        self.opt = opts[0] if opts else None
        self.options = []
        if self.opt:
            if self.opt.ttl >> 16 & 255:
                raise Bad("EDNS version", "BADVERS")
            v = self.opt.rdata
            while v:
                if len(v) < 4:
                    raise Bad("option is cut")
                code, n = struct.unpack("!HH", v[:4])
                if len(v) < 4 + n:
                    raise Bad("option is cut")
                self.options.append((code, v[4:4 + n]))
                v = v[4 + n:]
            self.rcode |= self.opt.ttl >> 24 << 4

    def check_signatures(self):
        """RFC 8945 5.1, and RDATA of SIG: fields, signer, and some signature."""
        for r in self.answer + self.authority + self.additional:
            if r.type == SIG and r.rdata:
                r.signer, r.signature_at = wire_name(self.wire[:r.end], r.at + 18, True)
                if r.signature_at >= r.end:
                    raise Bad("no signature")
        stamps = [r for r in self.additional if r.type == TSIG]
        if stamps:
            last = self.additional[-1]
            if stamps != [last] or last.klass != ANY or last.ttl:
                raise Bad("TSIG")
            if any(r.type == SIG and r.rdata[:2] == b"\0\0" for r in self.additional):
                raise Bad("SIG(0) beside TSIG")

    def option(self):
        found = [v for c, v in self.options if c == OPTION]
        if len(found) > 1:
            raise Bad("two options")
        return found[0] if found else None

    def rdata(self, r):
        """RDATA, names in it uncompressed; FORMERR if it is not well formed."""
        if r.type == 2:
            name, end = wire_name(self.wire[:r.end], r.at, True)
            if end != r.end:
                raise Bad("NS")
            return name
        check_rdata(r.type, r.rdata)
        return r.rdata


def decode_message(wire):
    """NOTIFY and its answer: (message, notes); the message is None in an answer without facts."""
    d = Message(wire)
    if d.opcode != 4 and not (d.opcode == 5 and d.qr):
        raise Bad("opcode", "NOTIMP")
    if len(d.question) != 1:
        raise Bad("question")
    zone, qtype, qclass = d.question[0]
    if qclass != 1:
        raise Bad("class")
    option = d.option()
    if option is None:
        if d.qr and d.rcode:
            return None, set()
        raise Bad("no option")
    m, notes = decode_option(option, "answer" if d.qr else "request")
    m["zone"] = zone
    if qtype != TYPES["SOA"]:
        if m["operation"] != "STATE" or TNAME.get(qtype) not in CONTRIBUTED:
            raise Bad("QTYPE")
        m["changed"] = TNAME[qtype]
    return m, notes


def header(id, flags, qd, an, ns, ar):
    return struct.pack("!6H", id, flags, qd, an, ns, ar)


def opt_record(option=None):
    v = b"" if option is None else struct.pack("!HH", OPTION, len(option)) + option
    return b"\0" + struct.pack("!HHIH", 41, 1232, 0, len(v)) + v


def encode_notify(m, id=0x1234):
    return (header(id, 0x2400, 1, 0, 0, 1) + m["zone"] + struct.pack("!HH", TYPES[m.get("changed", "SOA")], 1) +
            opt_record(encode_option(m)))


# -- RRsets ----------------------------------------------------------------------------------------------------------

KEY_SIZE = {13: 64, 14: 96, 15: 32, 16: 57}
DIGEST = {1: 20, 2: 32, 4: 48}


def rsa_parts(key):
    """Exponent and modulus (RFC 3110 2), or None."""
    n, at = key[0], 1
    if not n:
        n, at = int.from_bytes(key[1:3], "big"), 3
    exponent, modulus = key[at:at + n], key[at + n:]
    return (exponent, modulus) if exponent and modulus else None


def has_form(alg, key):
    if alg in (5, 7, 8, 10):
        return bool(key) and rsa_parts(key) is not None
    return len(key) == KEY_SIZE.get(alg, len(key)) and bool(key)


def check_key(rdata, sentinel):
    if sentinel and rdata[3:4] == b"\0":
        if rdata != b"\0\0\3\0\0":
            raise Bad("algorithm 0")
    elif len(rdata) < 5 or rdata[2] != 3 or not has_form(rdata[3], rdata[4:]):
        raise Bad("key")


def check_rdata(type, rdata):
    if type == 2:
        whole_name(rdata)
    elif type == 48:
        check_key(rdata, False)
    elif type == 60:
        check_key(rdata, True)
    elif type == 59:
        if rdata == b"\0\0\0\0\0":
            return
        if len(rdata) < 5 or not rdata[2] or not rdata[3] or len(rdata) != 4 + DIGEST.get(rdata[3], len(rdata) - 4):
            raise Bad("CDS")
    elif type == 62:
        v, last = rdata[6:], -1
        if len(rdata) < 6:
            raise Bad("CSYNC")
        while v:
            if len(v) < 2 or v[0] <= last or not 1 <= v[1] <= 32 or len(v) < 2 + v[1] or not v[1 + v[1]]:
                raise Bad("bitmap")
            last, v = v[0], v[2 + v[1]:]


def canonical(type, rdata):
    return lower(rdata) if type == 2 else rdata


def rrset(type, ttl, rdatas):
    """Checked against 5.3, in canonical order."""
    if len(rdatas) > 100:
        raise Bad("records")
    for r in rdatas:
        check_rdata(type, r)
    if len({canonical(type, r) for r in rdatas}) != len(rdatas):
        raise Bad("a record twice")
    return (ttl if rdatas else 0), sorted(rdatas, key=lambda r: canonical(type, r))


def clamp(ttl):
    return 0 if ttl > MAXTTL else ttl


def read_contribution_answer(wire, zone, identity, type):
    d = Message(wire)
    qname = zone[:-1] + identity
    if not d.qr or d.opcode or len(d.question) != 1 or (
            (lower(d.question[0][0]), *d.question[0][1:]) != (lower(qname), TYPES[type], IN)):
        raise Bad("another question")
    if d.rcode:
        raise Bad("answered so", "REFUSED")
    if d.tc or not d.aa:
        raise Bad("truncated, or not authoritative")
    for r in d.answer:
        if lower(r.owner) != lower(qname) or r.type != TYPES[type] or r.klass != 1:
            raise Bad("another record")
    ttl = min((clamp(r.ttl) for r in d.answer), default=0)
    return rrset(TYPES[type], ttl, [d.rdata(r) for r in d.answer])


def decode_rrsets(v, types):
    v = obj(v)
    if set(v) != set(types):
        raise Bad("types")
    out = {}
    for t in types:
        d = obj(v[t])
        ttl = number(need(d, "ttl"), MAXTTL)
        rdatas = []
        if not isinstance(need(d, "rdata"), list):
            raise Bad("rdata")
        for s in d["rdata"]:
            if not isinstance(s, str):
                raise Bad("rdata")
            try:
                raw = base64.b64decode(s, validate=True)
            except ValueError:
                raise Bad("Base64")
            if base64.b64encode(raw).decode() != s:
                raise Bad("Base64")
            rdatas.append(raw)
        out[t] = rrset(TYPES[t], ttl, rdatas)
    return out


def encode_rrsets(rrsets):
    return {t: {"ttl": ttl, "rdata": [base64.b64encode(r).decode() for r in rdatas]}
            for t, (ttl, rdatas) in rrsets.items()}


def decode_contribution(v):
    v = obj(v)
    out = {"zone": text_name(need(v, "zone")), "identity": text_name(need(v, "identity"))}
    if "epoch" in v:
        out["epoch"] = u64(v["epoch"])
    out["rrsets"] = decode_rrsets(need(v, "rrsets"), CONTRIBUTED)
    return out


def needed_instruction(m):
    if m["operation"] != "STATE" or any(m.get(k) is None for k in ("term", "epoch", "roster", "rungs")):
        raise Bad("facts of an instruction")


def decode_update(wire):
    d = Message(wire)
    if d.opcode != 5:
        raise Bad("opcode", "NOTIMP")
    if d.qr or len(d.question) != 1 or d.question[0][1:] != (6, 1) or d.answer:
        raise Bad("zone section or prerequisites")
    zone = d.question[0][0]
    option = d.option()
    if option is None:
        raise Bad("no option")
    m, notes = decode_option(option, "request")
    m["zone"] = zone
    needed_instruction(m)
    sets = {}
    for r in d.authority:
        t = TNAME.get(r.type)
        if t not in CONTROLLED or lower(r.owner) != lower(zone):
            raise Bad("update record")
        if r.klass == 255:
            if r.ttl or r.rdata or t in sets:
                raise Bad("delete")
            sets[t] = []
        elif r.klass == 1:
            if t not in sets:
                raise Bad("record before its delete")
            sets[t].append((clamp(r.ttl), d.rdata(r)))
        else:
            raise Bad("class")
    if len(sets) != 5:
        raise Bad("not all RRsets")
    m["rrsets"] = {}
    for t in CONTROLLED:
        ttls = {x for x, _ in sets[t]}
        if len(ttls) > 1:
            raise Bad("TTLs")
        m["rrsets"][t] = rrset(TYPES[t], ttls.pop() if ttls else 0, [r for _, r in sets[t]])
    return m, notes


def encode_update(m, id=0):
    n, body = 0, b""
    for t in CONTROLLED:
        ttl, rdatas = m["rrsets"][t]
        for klass, ttl, rdata in [(255, 0, b"")] + [(1, ttl, r) for r in rdatas]:
            body += m["zone"] + struct.pack("!HHIH", TYPES[t], klass, ttl, len(rdata)) + rdata
            n += 1
    return (header(id, 0x2800, 1, 0, n, 1) + m["zone"] + struct.pack("!HH", 6, 1) + body +
            opt_record(encode_option(m)))


def decode_instruction(v):
    m, notes = decode_json(v, "STATE", "request")
    if "changed" in m:
        raise Bad("changed")
    needed_instruction(m)
    m["rrsets"] = decode_rrsets(need(v, "rrsets"), CONTROLLED)
    return m, notes


def encode_instruction(m):
    return dict(encode_json(m), rrsets=encode_rrsets(m["rrsets"]))


# -- SIG(0) ----------------------------------------------------------------------------------------------------------

def key_tag(rdata):
    n = sum(b << (8 if i % 2 == 0 else 0) for i, b in enumerate(rdata))
    return (n + (n >> 16 & 0xFFFF)) & 0xFFFF


def serial_diff(a, b):
    """a - b as serials (RFC 1982)."""
    d = (a - b) & 0xFFFFFFFF
    return d - 2**32 if d >= 2**31 else d


def signed_octets(before, request, wire, start, arcount):
    return before + request + wire[:10] + struct.pack("!H", arcount) + wire[12:start]


def check_signature(alg, key, signature, data):
    try:
        if alg == 15:
            ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
        elif alg == 13:
            if len(signature) != 64:
                return False
            pub = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\4" + key)
            r, s = (int.from_bytes(x, "big") for x in (signature[:32], signature[32:]))
            pub.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
        else:
            e, mod = (int.from_bytes(x, "big") for x in rsa_parts(key))
            if not 1024 <= mod.bit_length() <= 4096 or e.bit_length() > 32:
                return False
            rsa.RSAPublicNumbers(e, mod).public_key().verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        return True
    except (InvalidSignature, ValueError):
        return False


def may_have_made(key, alg, tag):
    return (len(key) > 4 and key[:2] in (b"\2\0", b"\0\0") and key[2:4] == bytes([3, alg]) and key_tag(key) == tag and
            has_form(alg, key[4:]))


def verify(wire, keys, now, request=b""):
    """`verified`, or which of the checks 1, 3, 5, 6, 8 and 9 of 3.6 failed."""
    try:
        d = Message(wire)
    except Bad:
        return "malformed"
    sig = d.additional[-1] if d.additional else None
    if sig is None or (sig.owner, sig.type, sig.klass, sig.ttl) != (b"\0", SIG, ANY, 0) or not sig.rdata:
        return "missing"
    covered, alg, count, ttl, expiration, inception, tag = struct.unpack("!HBBIIIH", sig.rdata[:18])
    others = d.answer + d.authority + d.additional[:-1]
    if covered or count or ttl or any(r.type == SIG and r.rdata[:2] == b"\0\0" for r in others):
        return "missing"
    if alg not in (8, 13, 15):
        return "algorithm"
    if not (serial_diff(inception, now) <= 300 and serial_diff(expiration, now) >= 0 and
            0 <= serial_diff(expiration, inception) <= 600):
        return "window"
    fit = [k for k in keys[:16] if may_have_made(k, alg, tag)][:2]
    if not fit:
        return "no_key"
    data = signed_octets(sig.rdata[:18] + sig.signer, request, wire, sig.start, len(d.additional) - 1)
    signature = wire[sig.signature_at:sig.end]
    return "verified" if any(check_signature(alg, k[4:], signature, data) for k in fit) else "bad_signature"


class Signer:
    """Ed25519 (15) from a seed of 32 octets, P-256 (13) from a scalar."""

    def __init__(self, name, private, alg=15):
        self.name, self.alg = lower(name), alg
        if alg == 15:
            self.private = ed25519.Ed25519PrivateKey.from_private_bytes(private)
            public = self.private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        else:
            self.private = ec.derive_private_key(int.from_bytes(private, "big"), ec.SECP256R1())
            point = self.private.public_key().public_numbers()
            public = point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
        self.key = struct.pack("!HBB", 512, 3, alg) + public

    def sign(self, wire, now, request=b""):
        """The message with its SIG(0)."""
        count, = struct.unpack("!H", wire[10:12])
        fields = struct.pack("!HBBIIIH", 0, self.alg, 0, 0, (now + 300) & 0xFFFFFFFF, (now - 300) & 0xFFFFFFFF,
                             key_tag(self.key)) + self.name
        data = signed_octets(fields, request, wire, len(wire), count)
        if self.alg == 15:
            signature = self.private.sign(data)
        else:
            r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        rdata = fields + signature
        return (wire[:10] + struct.pack("!H", count + 1) + wire[12:] + b"\0" +
                struct.pack("!HHIH", SIG, ANY, 0, len(rdata)) + rdata)


# -- digests ---------------------------------------------------------------------------------------------------------

def roster_digest(records):
    found = {(state, lower(name)) for state, name in records if state in (1, 2)}
    order = sorted(found, key=lambda r: (labels(r[1])[::-1], r[0]))
    return hashlib.sha256(b"".join(bytes([s]) + n for s, n in order)).hexdigest()


def contribution_digest(keys, entry_keys, name_servers):
    out = b""
    for strings in (keys, entry_keys, [lower(n) for n in name_servers]):
        out += hashlib.sha256(b"".join(struct.pack("!H", len(s)) + s for s in sorted(set(strings)))).digest()
    return hashlib.sha256(out).hexdigest()


def election_order(zone, epoch, candidates):
    def score(name):
        return hashlib.sha256(lower(zone) + struct.pack("!Q", epoch) + lower(name)).digest()
    return sorted(candidates, key=score)
