"""DNS by hand: queries, transfers and TSIG with a free choice of source, time and octets.

dnspython parses; what is sent and compared here is kept in octets, so that the case of names, the
order of a stream and unknown types can be looked at.
"""

import collections
import contextlib
import queue
import socket
import struct
import threading
import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TSIG
import dns.rrset
import dns.tsig

SIGNER_TYPES = frozenset(
    ["SOA", "DNSKEY", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "TYPE65534"])
CONTROLLED = ("NS", "DNSKEY", "CDS", "CDNSKEY", "CSYNC")

# `rdata` is the octets as sent, `text` what a person reads.
Record = collections.namedtuple("Record", "name ttl type rdata text")


class NoAnswer(Exception):
    """Silence, a closed connection, or octets that are no DNS message."""


def record(rrset):
    """The single RR of an rrset as a Record."""
    rdata = rrset[0]
    return Record(rrset.name.to_text(), rrset.ttl, dns.rdatatype.to_text(rrset.rdtype),
                  rdata.to_wire(), rdata.to_text())


def folded(record):
    """The same RR without regard to the case of names, for servers that write names small."""
    rdata = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.from_text(record.type),
                                record.rdata, 0, len(record.rdata))
    try:
        octets = rdata.to_digestable()
    except (dns.exception.DNSException, NotImplementedError):
        octets = record.rdata
    # Names in types newer than RFC 4034 are not folded by the canonical form.
    return (record.name.lower(), record.ttl, record.type, octets.lower())


def sign(wire, key, at=None, fudge=300, request_mac=b"", mac=None, algorithm=None, name=None):
    """`wire` with a TSIG RR at its end. Returns the octets and the MAC."""
    key_dns = key.dns
    identifier = struct.unpack("!H", wire[:2])[0]
    bare = dns.rdtypes.ANY.TSIG.TSIG(
        dns.rdataclass.ANY, dns.rdatatype.TSIG, key_dns.algorithm, 0, fudge, b"", identifier, 0,
        b"")
    rdata, _ = dns.tsig.sign(wire, key_dns, bare, int(time.time() if at is None else at),
                             request_mac)
    if mac is not None:
        rdata = rdata.replace(mac=mac)
    if algorithm is not None:
        rdata = rdata.replace(algorithm=dns.name.from_text(algorithm))
    body = rdata.to_wire()
    owner = dns.name.from_text(name or key.name).to_wire()
    additional = struct.unpack("!H", wire[10:12])[0] + 1
    signed = (wire[:10] + struct.pack("!H", additional) + wire[12:] + owner +
              struct.pack("!HHIH", dns.rdatatype.TSIG, dns.rdataclass.ANY, 0, len(body)) + body)
    return signed, rdata.mac


@contextlib.contextmanager
def _connect(endpoint, source, deadline):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.settimeout(deadline)
        if source:
            sock.bind((source, 0))
        sock.connect(endpoint)
        try:
            yield sock
        finally:
            # A thread that still reads would keep the connection open.
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def _read(sock, count):
    octets = bytearray()
    while len(octets) < count:
        piece = sock.recv(count - len(octets))
        if not piece:
            raise NoAnswer("closed after %d of %d octets" % (len(octets), count))
        octets += piece
    return bytes(octets)


def _read_message(sock):
    (length,) = struct.unpack("!H", _read(sock, 2))
    return _read(sock, length)


def _stream(sock):
    """A queue of the messages of a connection, filled from the side: parsing takes its time, and
    servers close on readers that stand still for half a second."""
    messages = queue.SimpleQueue()

    def read():
        try:
            while True:
                messages.put(_read_message(sock))
        except (OSError, NoAnswer) as error:
            messages.put(error)
    threading.Thread(target=read, daemon=True).start()
    return messages


def exchange(endpoint, octets, tcp=True, source=None, deadline=5.0):
    """One message there, one message back, as octets."""
    try:
        if tcp:
            with _connect(endpoint, source, deadline) as sock:
                sock.sendall(struct.pack("!H", len(octets)) + octets)
                return _read_message(sock)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(deadline)
            sock.bind((source or "", 0))
            sock.connect(endpoint)
            sock.send(octets)
            return sock.recv(65535)
    except OSError as error:
        raise NoAnswer(str(error)) from error


def bare(octets):
    """The message without its TSIG, and the TSIG RDATA (None without one), nothing verified."""
    counts = struct.unpack("!4H", octets[4:12])
    offset, start, length = 12, None, 0
    for _ in range(counts[0]):
        offset += dns.name.from_wire(octets, offset)[1] + 4
    rdtype = None
    for _ in range(sum(counts[1:])):
        start = offset
        offset += dns.name.from_wire(octets, offset)[1]
        rdtype, _, _, length = struct.unpack("!HHIH", octets[offset:offset + 10])
        offset += 10 + length
    tsig = None
    if counts[3] and rdtype == dns.rdatatype.TSIG:
        tsig = dns.rdata.from_wire(dns.rdataclass.ANY, rdtype, octets, offset - length, length)
        octets = octets[:10] + struct.pack("!H", counts[3] - 1) + octets[12:start]
    return dns.message.from_wire(octets, one_rr_per_rrset=True), tsig


def parse(octets, key=None, request_mac=b""):
    keyring = {key.dns.name: key.dns} if key else None
    return dns.message.from_wire(octets, keyring=keyring, request_mac=request_mac,
                                 one_rr_per_rrset=True)


def ask(endpoint, name, rdtype, key=None, tcp=False, source=None, deadline=3.0):
    """A query (RD clear) and its parsed, verified answer."""
    query = dns.message.make_query(name, rdtype)
    query.flags &= ~dns.flags.RD
    octets, mac = query.to_wire(), b""
    if key:
        octets, mac = sign(octets, key)
    answer = exchange(endpoint, octets, tcp, source, deadline)
    if key:
        # A refusal of the TSIG itself is unsigned (RFC 8945 5.2) and still an answer.
        message, tsig = bare(answer)
        if tsig is None or not tsig.mac:
            return message
        return parse(answer, key, mac)
    return parse(answer)


def rcode(endpoint, name, rdtype, **more):
    """The RCODE of an answer as text, None for silence."""
    try:
        return dns.rcode.to_text(ask(endpoint, name, rdtype, **more).rcode())
    except NoAnswer:
        return None


def serial(endpoint, name, **more):
    """The serial of the SOA that is served, None where there is none."""
    try:
        answer = ask(endpoint, name, "SOA", **more)
    except (NoAnswer, dns.exception.DNSException):
        return None
    for rrset in answer.answer:
        if rrset.rdtype == dns.rdatatype.SOA:
            return rrset[0].serial
    return None


class Transfer:
    """A whole transfer: its RCODE, and its RRs in order, the SOAs at both ends among them."""

    def __init__(self, rcode, records, messages, signed, authoritative=True):
        self.rcode = rcode
        self.records = records
        self.messages = messages
        self.signed = signed                # messages that carried a TSIG
        self.authoritative = authoritative  # AA in every message

    @property
    def serial(self):
        return int(self.records[0].text.split()[2])

    @property
    def contents(self):
        """The zone: all RRs but the closing SOA."""
        return self.records[:-1]

    @property
    def incremental(self):
        """RFC 1995 4: an answer whose second RR is a SOA too, and that has more than one RR."""
        return len(self.records) > 2 and self.records[1].type == "SOA"

    def of(self, *types, name=None):
        return [r for r in self.contents if r.type in types
                and (name is None or r.name.lower() == name.lower())]

    def without(self, *types):
        return set(r for r in self.contents if r.type not in types)


def transfer(endpoint, zone, key=None, source=None, have=None, deadline=20.0):
    """AXFR, or IXFR from serial `have`. TSIG of every stream is verified to its end."""
    query = dns.message.make_query(zone, "IXFR" if have is not None else "AXFR")
    query.flags &= ~dns.flags.RD
    if have is not None:
        query.authority.append(dns.rrset.from_text(zone, 0, "IN", "SOA", ". . %d 0 0 0 0" % have))
    octets, mac = query.to_wire(), b""
    if key:
        octets, mac = sign(octets, key)
    keyring = {key.dns.name: key.dns} if key else None
    records, messages, signed, context, authoritative = [], 0, 0, None, True
    end = _End(have)
    try:
        with _connect(endpoint, source, deadline) as sock:
            sock.sendall(struct.pack("!H", len(octets)) + octets)
            messages_in = _stream(sock)
            while True:
                answer = messages_in.get()
                if isinstance(answer, Exception):
                    raise answer
                code = answer[3] & 15
                if code != dns.rcode.NOERROR:
                    return Transfer(dns.rcode.to_text(code), [], 1, 0)
                message = dns.message.from_wire(
                    answer, keyring=keyring, request_mac=mac, tsig_ctx=context, multi=True,
                    one_rr_per_rrset=True)
                context = message.tsig_ctx
                messages += 1
                signed += message.had_tsig
                assert message.id == query.id, "an answer to another question"
                authoritative = authoritative and bool(message.flags & dns.flags.AA)
                records += [record(rrset) for rrset in message.answer]
                if end.reached(records):
                    break
    except OSError as error:
        raise NoAnswer(str(error)) from error
    assert not key or message.had_tsig, "RFC 8945 5.3.1: the last message is signed"
    return Transfer("NOERROR", records, messages, signed, authoritative)


class _End:
    """Finds the end of a stream of RRs, looking at each once."""

    def __init__(self, have):
        self.have, self.seen, self.soas = have, 0, 0

    def reached(self, records):
        for r in records[self.seen:]:
            self.soas += r.type == "SOA"
        self.seen = len(records)
        if not records or records[0].type != "SOA":
            raise NoAnswer("a transfer that does not begin with its SOA")
        if self.have is not None and len(records) == 1:
            return int(records[0].text.split()[2]) == self.have  # up to date: the SOA alone
        if len(records) > 2 and records[1].type == "SOA":
            # Increments: the first SOA comes back as the last RR after pairs of old and new.
            return (self.soas >= 4 and self.soas % 2 == 0 and
                    records[-1].type == "SOA" and records[-1].rdata == records[0].rdata)
        return len(records) > 1 and records[-1].type == "SOA"
