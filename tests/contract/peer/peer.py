"""A small agent's voice, written from proto/README.md alone: option, bodies, RRsets,
SIG(0), digests. It shares no code with the daemons and none with make_vectors.py.
Section numbers are that file's.
"""
import base64
import dataclasses
import hashlib
import json
import re
import struct

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils


class Malformed(Exception):
    """FORMERR, or 400."""


class NotImplementedOperation(Exception):
    """NOTIMP."""


class Refused(Exception):
    """The other side said so."""


OPERATIONS = {1: "HELLO", 2: "HEARTBEAT", 128: "STATE", 129: "ELECT"}
TRANSPORTS = {"dns": 1, "api": 2}
SYNCHRONIZATIONS = {"leader-follower": 1, "peer": 2}
PROCESSES = {1: "join", 2: "leave", 3: "zsk-roll", 4: "ksk-roll", 5: "csk-roll", 6: "algorithm-roll", 7: "name-servers", 8: "setup"}
RUNGS = {0: "OUT", 1: "KEYS", 2: "DS", 3: "NS", 4: "IN", 5: "NS_GONE", 6: "STOPPED"}
STATUSES = {1: "working", 2: "done", 3: "holding", 4: "blocked", 5: "meeting"}
OPTION = 65010
CONTRIBUTED = ["NS", "DNSKEY", "CDS", "CDNSKEY"]
CONTROLLED = CONTRIBUTED + ["CSYNC"]
LAST_HOLD_END = 253402300799
CONTROL_CHARACTERS = re.compile("[\u0000-\u001f\u007f-\u009f]")


def require(holds, what):
    if not holds:
        raise Malformed(what)


@dataclasses.dataclass
class Message:
    """The facts of section 2.4; names are dns.name.Name, digests octets."""

    operation: str
    transport: int = 1
    synchronization: int = 1
    zone: object = None
    changed: str = None
    sequence: tuple = None  # boot (octets), counter
    identity: object = None
    interval: int = None
    roster: bytes = None
    epoch: int = None
    rungs: list = dataclasses.field(default_factory=list)  # (process, subject, rung, status), numbers
    evidence: tuple = None  # three TTLs, serial, hold end
    term: tuple = None  # number, identity
    reason: str = None
    vote: tuple = None  # granted, term
    contribution: bytes = None
    recovery: bool = False
    echo: tuple = None  # epoch, steps


def check(message, purpose):
    """Limits of 2.4, needed facts of 2.8 and 6.2, questions of 4.1."""
    require(message.interval is None or 1 <= message.interval <= 86400, "interval")
    if message.reason is not None:
        try:
            octets = message.reason.encode()
        except UnicodeEncodeError as error:
            raise Malformed("reason") from error
        require(len(octets) <= 255 and not CONTROL_CHARACTERS.search(message.reason), "reason")
    require(message.evidence is None or message.evidence[4] <= LAST_HOLD_END, "hold end")
    require(message.changed is None or (message.operation == "STATE" and message.changed in CONTRIBUTED), "changed")
    require(purpose != "request" or message.operation != "ELECT" or message.term, "ELECT without term")
    if purpose == "instruction":
        require(message.operation == "STATE" and not message.changed, "instruction with another operation, or a change")
        require(message.term and message.epoch is not None and message.roster and message.rungs, "instruction without a fact")
    return message


# --- section 2: the option


def mirrored(octet):
    return int(f"{octet:08b}"[::-1], 2)


def read_capabilities(octet, notes):
    if not octet & 0x01 and octet & 0x80:
        notes.add("mirrored bits")
        octet = mirrored(octet)
    elif not octet & 0x01:
        notes.add("missing baseline")
    return octet & 0x03 | 0x01


def read_name(octets):
    """An uncompressed name, and how many octets it has."""
    labels, at = [], 0
    while not labels or labels[-1]:
        require(at < len(octets) and octets[at] < 64 and at + octets[at] < len(octets), "name")
        labels.append(bytes(octets[at + 1:at + 1 + octets[at]]))
        at += 1 + octets[at]
    require(at <= 255, "name that is too long")
    return dns.name.Name(labels), at


def whole_name(octets):
    name, size = read_name(octets)
    require(size == len(octets), "octets after a name")
    return name


def exactly(octets, form):
    require(len(octets) == struct.calcsize(form), "length")
    return struct.unpack(form, octets)


def read_fact(message, kind, value, notes):
    if kind == 1:
        message.sequence = exactly(value, "!8sQ")
    elif kind == 2:
        message.identity = whole_name(value)
    elif kind == 3:
        message.interval, = exactly(value, "!I")
    elif kind == 4:
        message.roster, = exactly(value, "!32s")
    elif kind == 5:
        message.epoch, = exactly(value, "!Q")
    elif kind == 6:
        require(len(value) >= 4, "rung")
        subject = whole_name(value[1:-2])
        if value[0] in PROCESSES and value[-2] in RUNGS and value[-1] in STATUSES:
            message.rungs.append((value[0], subject, value[-2], value[-1]))
        else:
            notes.add("unknown value")
    elif kind == 7:
        message.evidence = exactly(value, "!IIIIQ")
    elif kind == 8:
        require(len(value) > 8, "term")
        message.term = (struct.unpack("!Q", value[:8])[0], whole_name(value[8:]))
    elif kind == 9:
        try:
            message.reason = value.decode()
        except UnicodeDecodeError as error:
            raise Malformed("reason") from error
    elif kind == 10:
        granted, term = exactly(value, "!BQ")
        require(granted <= 1, "vote")
        message.vote = (bool(granted), term)
    elif kind == 11:
        message.contribution, = exactly(value, "!32s")
    elif kind == 12:
        recovery, = exactly(value, "!B")
        require(recovery <= 1, "recovery")
        message.recovery = bool(recovery)
    elif kind == 13:
        message.echo = exactly(value, "!QB")
    else:
        notes.add("unknown fact")


def decode_option(value, purpose):
    require(len(value) >= 3, "less than 3 octets")
    require(value[0] != 0, "operation 0")
    if value[0] not in OPERATIONS:
        raise NotImplementedOperation(value[0])
    notes = set()
    message = Message(OPERATIONS[value[0]], read_capabilities(value[1], notes), read_capabilities(value[2], notes))
    body = value[3:]
    if body[:1] == b"\0":
        notes.add("reserved octet")
        body = body[1:]
    seen = {}
    while body:
        require(len(body) >= 3, "TLV without length")
        kind, length = struct.unpack("!BH", body[:3])
        require(kind != 0 and len(body) >= 3 + length, "TLV")
        seen[kind] = seen.get(kind, 0) + 1
        require(kind > 13 or seen[kind] <= (16 if kind == 6 else 1), "too often")
        read_fact(message, kind, body[3:3 + length], notes)
        body = body[3 + length:]
    return check(message, purpose), notes


def encode_option(message):
    number = {text: number for number, text in OPERATIONS.items()}[message.operation]
    facts = []
    if message.sequence:
        facts.append((1, struct.pack("!8sQ", *message.sequence)))
    if message.identity is not None:
        facts.append((2, message.identity.to_wire()))
    if message.interval is not None:
        facts.append((3, struct.pack("!I", message.interval)))
    if message.roster:
        facts.append((4, message.roster))
    if message.epoch is not None:
        facts.append((5, struct.pack("!Q", message.epoch)))
    for process, subject, rung, status in message.rungs:
        facts.append((6, bytes([process]) + subject.to_wire() + bytes([rung, status])))
    if message.evidence:
        facts.append((7, struct.pack("!IIIIQ", *message.evidence)))
    if message.term:
        facts.append((8, struct.pack("!Q", message.term[0]) + message.term[1].to_wire()))
    if message.reason is not None:
        facts.append((9, message.reason.encode()))
    if message.vote:
        facts.append((10, struct.pack("!BQ", *message.vote)))
    if message.contribution:
        facts.append((11, message.contribution))
    if message.recovery:
        facts.append((12, b"\1"))
    if message.echo:
        facts.append((13, struct.pack("!QB", *message.echo)))
    body = b"".join(struct.pack("!BH", kind, len(value)) + value for kind, value in facts)
    return bytes([number, message.transport, message.synchronization]) + body


# --- sections 2.7, 4.1: messages


def parse(wire):
    try:
        return dns.message.from_wire(wire)
    except dns.exception.DNSException as error:
        raise Malformed(str(error)) from error


def decode_message(wire):
    message = parse(wire)
    opcode = message.opcode()
    require(opcode in (dns.opcode.NOTIFY, dns.opcode.UPDATE), "opcode")
    options = [option for option in message.options if option.otype == OPTION]
    require(len(options) == 1, "not one option")
    is_answer = bool(message.flags & dns.flags.QR)
    is_update = opcode == dns.opcode.UPDATE
    purpose = "answer" if is_answer else "instruction" if is_update else "request"
    decoded, notes = decode_option(options[0].data, purpose)
    require(struct.unpack("!H", wire[4:6])[0] == 1, "not one question")
    question = message.sections[0][0]
    require(question.rdclass == dns.rdataclass.IN, "class")
    decoded.zone = question.name
    if question.rdtype != dns.rdatatype.SOA:
        require(not is_update, "zone section without SOA")
        decoded.changed = dns.rdatatype.to_text(question.rdtype)
    return check(decoded, purpose), notes


# --- section 7: JSON


def no_duplicates(pairs):
    members = dict(pairs)
    require(len(members) == len(pairs), "a name twice")
    return members


def depth_of(value):
    nested = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if nested is None else 1 + max(map(depth_of, nested), default=0)


def bounded_integer(text):
    value = int(text)
    require(-(2**63) <= value < 2**64, "integer beyond 64 bits")
    return value


def no_constant(text):
    raise Malformed(text)


def parse_json(text):
    require(len(text.encode("utf-8", "surrogatepass")) <= 1 << 20, "size")
    require(not text.startswith("\ufeff"), "byte order mark")
    try:
        document = json.loads(text, object_pairs_hook=no_duplicates, parse_int=bounded_integer, parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from error
    require(isinstance(document, dict) and depth_of(document) <= 8, "no object, or too deep")
    return document


def number(value, least, most):
    require(isinstance(value, int) and not isinstance(value, bool) and least <= value <= most, "number")
    return value


def u64(value):
    if isinstance(value, str):
        require(re.fullmatch("[0-9]+", value), "u64")
        value = int(value)
    return number(value, 0, 2**64 - 1)


def text_of(value):
    require(isinstance(value, str), "text")
    return value


def boolean(value):
    require(isinstance(value, bool), "boolean")
    return value


def hex_of(size):
    def read(value):
        require(re.fullmatch(f"[0-9A-Fa-f]{{{2 * size}}}", text_of(value)), "hex")
        return bytes.fromhex(value)
    return read


def name_of(value):
    require(text_of(value) not in ("", "@") and value.isascii(), "name")
    try:
        return dns.name.from_text(value)
    except (dns.exception.DNSException, ValueError, struct.error) as error:
        raise Malformed("name") from error


def nested(**readers):
    def read(value):
        require(isinstance(value, dict), "object")
        return tuple(reader(value[member]) for member, reader in readers.items() if has(value, member))
    return read


def has(value, member):
    require(member in value, f"{member} is missing")
    return True


def capabilities(value, table, notes):
    if isinstance(value, list):
        require(all(isinstance(one, str) for one in value), "names")
        return read_capabilities(sum({table.get(one.lower(), 0) for one in value}), notes)
    return read_capabilities(number(value, 0, 255), notes)


def u32(value):
    return number(value, 0, 2**32 - 1)


def read_evidence(value):
    facts = nested(dnskey_ttl=u32, ns_ttl=u32, max_ttl=u32, signed_serial=u32)(value)
    return (*facts, u64(value.get("hold_end", "0")))


def read_rungs(value, notes):
    require(isinstance(value, list) and len(value) <= 16, "rungs")
    for one in value:
        process, subject, rung, status = nested(process=text_of, subject=name_of, rung=text_of, status=text_of)(one)
        numbers = [next((n for n, text in table.items() if text.lower() == word.lower()), None)
                   for table, word in ((PROCESSES, process), (RUNGS, rung), (STATUSES, status))]
        if None in numbers:
            notes.add("unknown value")
        else:
            yield numbers[0], subject, numbers[1], numbers[2]


def message_of(document, operation, purpose):
    notes = set()
    for member in ("transport", "synchronization", "zone"):
        has(document, member)
    message = Message(operation, capabilities(document["transport"], TRANSPORTS, notes),
                      capabilities(document["synchronization"], SYNCHRONIZATIONS, notes), name_of(document["zone"]))
    readers = {
        "changed": text_of, "sequence": nested(boot=hex_of(8), counter=u64), "identity": name_of,
        "interval": lambda value: number(value, 1, 86400), "roster": hex_of(32), "epoch": u64,
        "rungs": lambda value: list(read_rungs(value, notes)), "evidence": read_evidence,
        "term": nested(number=u64, identity=name_of), "reason": text_of,
        "vote": nested(granted=boolean, term=u64), "contribution": hex_of(32), "recovery": boolean,
        "echo": nested(epoch=u64, steps=lambda value: number(value, 0, 255)),
    }
    for member, reader in readers.items():
        if member in document:
            setattr(message, member, reader(document[member]))
    return check(message, purpose), notes


def decode_json(text, operation, purpose):
    return message_of(parse_json(text), operation, purpose)


def document_of(message):
    document = {"transport": message.transport, "synchronization": message.synchronization, "zone": message.zone.to_text()}
    if message.changed:
        document["changed"] = message.changed
    if message.sequence:
        document["sequence"] = {"boot": message.sequence[0].hex(), "counter": str(message.sequence[1])}
    if message.identity is not None:
        document["identity"] = message.identity.to_text()
    if message.interval is not None:
        document["interval"] = message.interval
    if message.roster:
        document["roster"] = message.roster.hex()
    if message.epoch is not None:
        document["epoch"] = str(message.epoch)
    if message.rungs:
        document["rungs"] = [{"process": PROCESSES[p], "subject": s.to_text(), "rung": RUNGS[r], "status": STATUSES[t]} for p, s, r, t in message.rungs]
    if message.evidence:
        document["evidence"] = dict(zip(("dnskey_ttl", "ns_ttl", "max_ttl", "signed_serial"), message.evidence))
        if message.evidence[4]:
            document["evidence"]["hold_end"] = str(message.evidence[4])
    if message.term:
        document["term"] = {"number": str(message.term[0]), "identity": message.term[1].to_text()}
    if message.reason is not None:
        document["reason"] = message.reason
    if message.vote:
        document["vote"] = {"granted": message.vote[0], "term": str(message.vote[1])}
    if message.contribution:
        document["contribution"] = message.contribution.hex()
    if message.recovery:
        document["recovery"] = True
    if message.echo:
        document["echo"] = {"epoch": str(message.echo[0]), "steps": message.echo[1]}
    return document


# --- sections 5, 6: RRsets as {type: (TTL, [RDATA])}

KEY_SIZES = {13: 64, 14: 96, 15: 32, 16: 57}
DELETE = {"CDS": b"\0\0\0\0\0", "CDNSKEY": b"\0\0\3\0\0"}


def canonical(kind, rdata):
    return rdata.lower() if kind == "NS" else rdata


def check_rrset(kind, ttl, rdatas):
    require(len(rdatas) <= 100 and ttl < 2**31, "limit of an RRset")
    for rdata in rdatas:
        try:
            parsed = dns.rdata.from_wire("IN", kind, rdata, 0, len(rdata))
        except (dns.exception.DNSException, ValueError) as error:
            raise Malformed("RDATA") from error
        if kind == "NS":
            require(whole_name(rdata), "name")
        if kind in ("DNSKEY", "CDNSKEY") and rdata != DELETE.get(kind):
            require(parsed.protocol == 3 and parsed.key, "key")
            require(KEY_SIZES.get(int(parsed.algorithm), len(parsed.key)) == len(parsed.key), "size of a key")
    rdatas = sorted(rdatas, key=lambda rdata: canonical(kind, rdata))
    require(len({canonical(kind, rdata) for rdata in rdatas}) == len(rdatas), "a record twice")
    return (ttl if rdatas else 0, rdatas)


def contribution_name(zone, identity):
    return dns.name.Name(zone.labels[:-1] + identity.labels)


def records_of(wire):
    """Header, questions and records of a message as (owner, type, class, TTL, RDATA),
    by section: UPDATE's order, deletions and single TTLs matter to us."""
    def name_at(at):
        name, used = dns.name.from_wire(wire, at)
        return name, at + used

    counts = struct.unpack("!HHHH", wire[4:12])
    at, questions, sections = 12, [], []
    for _ in range(counts[0]):
        owner, at = name_at(at)
        questions.append((owner, *struct.unpack("!HH", wire[at:at + 4])))
        at += 4
    for count in counts[1:]:
        section = []
        for _ in range(count):
            start = at
            owner, at = name_at(at)
            kind, klass, ttl, size = struct.unpack("!HHIH", wire[at:at + 10])
            at += 10
            section.append((owner, kind, klass, ttl if ttl < 2**31 else 0, wire[at:at + size], start))
            at += size
        sections.append(section)
    return questions, sections


def read_contribution_answer(wire, zone, identity, kind):
    parse(wire)
    questions, (answers, _, _) = records_of(wire)
    owner, number_of_type = contribution_name(zone, identity), int(dns.rdatatype.from_text(kind))
    flags = struct.unpack("!H", wire[2:4])[0]
    require(flags & 0x8000 and flags >> 11 & 15 == 0 and questions == [(owner, number_of_type, 1)], "not an answer")
    if flags & 15:
        raise Refused(dns.rcode.to_text(flags & 15))
    require(flags & 0x0400 and not flags & 0x0200, "not authoritative, or truncated")
    require(all(record[:3] == (owner, number_of_type, 1) for record in answers), "another record")
    return check_rrset(kind, min((record[3] for record in answers), default=0), [record[4] for record in answers])


def read_rrsets(document, kinds):
    require(isinstance(document, dict) and set(document) == set(kinds), "RRsets")
    rrsets = {}
    for kind in kinds:
        ttl, rdatas = nested(ttl=lambda value: number(value, 0, 2**31 - 1), rdata=lambda value: value)(document[kind])
        require(isinstance(rdatas, list), "rdata")
        try:
            rdatas = [base64.b64decode(text_of(rdata), validate=True) for rdata in rdatas]
        except ValueError as error:
            raise Malformed("Base64") from error
        rrsets[kind] = check_rrset(kind, ttl, rdatas)
    return rrsets


def decode_contribution(text):
    document = parse_json(text)
    zone, identity = nested(zone=name_of, identity=name_of)(document)
    epoch = u64(document["epoch"]) if "epoch" in document else None
    has(document, "rrsets")
    return zone, identity, epoch, read_rrsets(document["rrsets"], CONTRIBUTED)


def decode_instruction_json(text):
    document = parse_json(text)
    message, _ = message_of(document, "STATE", "instruction")
    has(document, "rrsets")
    return message, read_rrsets(document["rrsets"], CONTROLLED)


def decode_instruction(wire):
    questions, (prerequisites, updates, additional) = records_of(wire)
    options = b"".join(record[4] for record in additional if record[1] == 41)
    found = []
    while options:
        code, size = struct.unpack("!HH", options[:4])
        found += [options[4:4 + size]] if code == OPTION else []
        options = options[4 + size:]
    require(len(found) == 1, "not one option")
    message, _ = decode_option(found[0], "instruction")
    require(len(questions) == 1 and questions[0][1:] == (6, 1) and not prerequisites, "form of an instruction")
    message.zone = questions[0][0]
    rrsets = {}
    for owner, kind, klass, ttl, rdata, _ in updates:
        kind = dns.rdatatype.to_text(kind)
        require(owner == message.zone, "owner")
        if klass == 255 and ttl == 0 and not rdata:
            require(kind not in rrsets, "deleted twice")
            rrsets[kind] = []
        else:
            require(klass == 1 and kind in rrsets, "not after its deletion")
            rrsets[kind].append((ttl, rdata))
    require(set(rrsets) == set(CONTROLLED), "RRsets")
    checked = {}
    for kind, records in rrsets.items():
        require(len({ttl for ttl, _ in records}) <= 1, "two TTLs")
        checked[kind] = check_rrset(kind, records[0][0] if records else 0, [rdata for _, rdata in records])
    return message, checked


# --- section 3: SIG(0)


def key_tag(rdata):
    total = sum(octet if at & 1 else octet << 8 for at, octet in enumerate(rdata))
    return (total + (total >> 16)) & 0xffff


def serial_difference(a, b):
    return (a - b + 2**31) % 2**32 - 2**31


def is_made_by(key, algorithm, signature, data):
    try:
        if algorithm == 15:
            ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
        elif algorithm == 13:
            if len(signature) != 64:
                return False
            public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\4" + key)
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            public.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
        else:
            start, size = (1, key[0]) if key[0] else (3, key[1] << 8 | key[2])
            exponent, modulus = int.from_bytes(key[start:start + size], "big"), int.from_bytes(key[start + size:], "big")
            if exponent.bit_length() > 32 or not 1024 <= modulus.bit_length() <= 4096:
                return False
            rsa.RSAPublicNumbers(exponent, modulus).public_key().verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        return True
    except (InvalidSignature, ValueError):
        return False


def is_key_of(rdata, algorithm, tag):
    flags, protocol, its_algorithm = struct.unpack("!HBB", rdata[:4])
    return (flags & 0xc000 != 0xc000 and protocol == 3 and its_algorithm == algorithm and key_tag(rdata) == tag
            and KEY_SIZES.get(algorithm, len(rdata) - 4) == len(rdata) - 4)


def verify(wire, keys, now, request=b""):
    """`verified`, or which check of 3.6 failed."""
    _, sections = records_of(wire)
    if not sections[2]:
        return "missing"
    owner, kind, klass, ttl, rdata, start = sections[2][-1]
    if (owner, kind, klass, ttl) != (dns.name.root, 24, 255, 0) or len(rdata) < 19:
        return "missing"
    covered, algorithm, labels, original_ttl, expiration, inception, tag = struct.unpack("!HBBIIIH", rdata[:18])
    if covered or labels or original_ttl:
        return "missing"
    if algorithm not in (8, 13, 15):
        return "algorithm"
    now %= 2**32
    if not (serial_difference(inception, now) <= 300 and serial_difference(expiration, now) >= 0
            and 0 <= serial_difference(expiration, inception) <= 600):
        return "window"
    fields = rdata[:18 + read_name(rdata[18:])[1]]
    count, = struct.unpack("!H", wire[10:12])
    data = fields + request + wire[:10] + struct.pack("!H", count - 1) + wire[12:start]
    candidates = [key for key in keys if is_key_of(key, algorithm, tag)][:2]
    if not candidates:
        return "no_key"
    signature = rdata[len(fields):]
    return "verified" if any(is_made_by(key[4:], algorithm, signature, data) for key in candidates) else "bad_signature"


class Signer:
    """Ed25519 from a seed of 32 octets, or P-256 from a scalar."""

    def __init__(self, name, private, algorithm=15):
        self.name, self.algorithm = name.canonicalize(), algorithm
        if algorithm == 15:
            self.key = ed25519.Ed25519PrivateKey.from_private_bytes(private)
            public = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        else:
            self.key = ec.derive_private_key(int.from_bytes(private, "big"), ec.SECP256R1())
            numbers = self.key.public_key().public_numbers()
            public = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        self.rdata = struct.pack("!HBB", 512, 3, algorithm) + public

    def sign(self, wire, now, request=b""):
        fields = struct.pack("!HBBIIIH", 0, self.algorithm, 0, 0, (now + 300) % 2**32, (now - 300) % 2**32, key_tag(self.rdata)) + self.name.to_wire()
        data = fields + request + wire
        if self.algorithm == 15:
            signature = self.key.sign(data)
        else:
            r, s = utils.decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        count, = struct.unpack("!H", wire[10:12])
        record = b"\0" + struct.pack("!HHIH", 24, 255, 0, len(fields) + len(signature)) + fields + signature
        return wire[:10] + struct.pack("!H", count + 1) + wire[12:] + record


# --- section 8: digests


def lower(name):
    return name.canonicalize().to_wire()


def roster_digest(records):
    kept = {(lower(name), state): name.canonicalize() for state, name in records if state in (1, 2)}
    ordered = sorted(kept, key=lambda one: (kept[one], one[1]))
    return hashlib.sha256(b"".join(bytes([state]) + wire for wire, state in ordered)).digest()


def set_digest(strings):
    return hashlib.sha256(b"".join(struct.pack("!H", len(string)) + string for string in sorted(set(strings)))).digest()


def contribution_digest(keys, entry_keys, name_servers):
    return hashlib.sha256(set_digest(keys) + set_digest(entry_keys) + set_digest(map(lower, name_servers))).digest()


def election_order(zone, epoch, candidates):
    return sorted(candidates, key=lambda one: hashlib.sha256(lower(zone) + struct.pack("!Q", epoch) + lower(one)).digest())
