"""A zone owner's primary, honest by default, that lies on request.

One `Primary` listens on UDP and TCP and serves any number of `PrimaryZone`s. Honest, it answers
SOA, AXFR and IXFR from the versions it was given, with TSIG where a zone has a key. A lie is a
function `lie(zone, request)` that yields what to do instead: octets (one message, framed by us),
`Raw`, `Sleep`, `Close`, `Reset`, or nothing at all for silence.
"""

import dataclasses
import socket
import struct
import threading
import time

import wire

MESSAGE_OCTETS = 12_000   # honest messages are closed at about this size
IO_SECONDS = 20.0         # no send or receive of the primary waits longer


@dataclasses.dataclass
class Raw:
    octets: bytes


@dataclasses.dataclass
class Sleep:
    seconds: float


class Close:
    pass


class Reset:
    pass


@dataclasses.dataclass
class Request:
    wire: bytes
    parsed: wire.Parsed
    tcp: bool
    owner: bytes
    kind: int
    serial: int | None  # of the SOA in AUTHORITY, for IXFR
    mac: bytes


def as_record(row):
    owner, kind, ttl, rdata = row
    return wire.record(owner, kind, wire.IN, ttl, rdata)


class PrimaryZone:
    """Versions of one zone; `rows` are (owner in wire form, type, ttl, rdata) without the SOA."""

    def __init__(self, owner, key=None, timers=(3600, 600, 86400, 300)):
        self.owner = wire.name(owner)
        self.text = owner
        self.key = key
        self.timers = timers
        self.versions = {}
        self.current = None
        self.lies = {}      # "SOA", "AXFR", "IXFR" -> lie
        self.requests = []  # (kind, over TCP, IXFR serial), in order of arrival
        self.notified = threading.Event()

    def publish(self, serial, rows):
        self.versions[serial] = list(rows)
        self.current = serial

    def soa(self, serial=None, owner=None):
        serial = self.current if serial is None else serial
        return (self.owner if owner is None else owner, wire.SOA, 300,
                wire.soa_rdata(b"\3ns1" + self.owner, b"\5admin" + self.owner, serial,
                               *self.timers))

    # Honest answers, as lists of rows ---------------------------------------------------------

    def full(self, serial=None):
        serial = self.current if serial is None else serial
        return [self.soa(serial), *self.versions[serial], self.soa(serial)]

    def delta(self, old, new):
        before, after = self.versions[old], self.versions[new]
        gone = [row for row in before if row not in set(after)]
        come = [row for row in after if row not in set(before)]
        return [self.soa(old), *gone, self.soa(new), *come]

    def incremental(self, old):
        if old == self.current:
            return [self.soa()]
        if old not in self.versions:
            return self.full()
        return [self.soa(), *self.delta(old, self.current), self.soa()]

    # Packing ----------------------------------------------------------------------------------

    def reply(self, request, records=(), flags=wire.QR | wire.AA, rcode=0, ident=None,
              with_question=True, counts=None, question=None, opcode=wire.QUERY, tail=b""):
        """One unsigned message; `records` are octets of RRs."""
        zone = [] if not with_question else [
            request.parsed.question_octets if question is None else question]
        return wire.message(request.parsed.ident if ident is None else ident, flags, opcode, rcode,
                            zone, records, counts=counts, tail=tail)

    def pack(self, request, rows, size=MESSAGE_OCTETS, **fields):
        """Unsigned messages that hold `rows`, the question only in the first (RFC 5936 2.2.1)."""
        batch, held, first = [], 0, True
        for row in rows:
            octets = row if isinstance(row, bytes) else as_record(row)
            if batch and held + len(octets) > size:
                yield self.reply(request, batch, with_question=first, **fields)
                batch, held, first = [], 0, False
            batch.append(octets)
            held += len(octets)
        yield self.reply(request, batch, with_question=first, **fields)

    def signed(self, request, messages, key=None, sign_at=None, spoil_at=None, when=None):
        """The stream signed as RFC 8945 5.3.1 says; `sign_at(n)` False leaves message n bare."""
        key = self.key if key is None else key
        if key is None or not request.mac:
            yield from messages
            return
        prior, pending, first = request.mac, b"", True
        for number, plain in enumerate(messages):
            if sign_at is not None and not sign_at(number):
                pending += plain
                yield plain
                continue
            out, prior = wire.sign(plain, key, prior=prior, timers_only=not first, when=when,
                                   covered=pending + plain)
            if spoil_at == number:
                out = self.spoil(out)
            pending, first = b"", False
            yield out

    @staticmethod
    def spoil(signed):
        """One bit of the MAC turned round: the MAC ends 6 octets before the end."""
        at = len(signed) - 7
        return signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1:]

    def honest(self, kind, request):
        if kind == "SOA":
            rows = [self.soa()]
        elif kind == "AXFR":
            rows = self.full()
        elif request.tcp:
            rows = self.incremental(request.serial)
        else:
            rows = [self.soa()]
        yield from self.signed(request, self.pack(request, rows))


class Primary:
    """Sockets and threads for any number of zones; `with Primary(address) as primary`."""

    def __init__(self, address="127.0.0.1", port=0):
        self.zones = {}
        self.keys = {}
        self.stopping = threading.Event()
        self.connections = set()
        self.lock = threading.Lock()
        self.address, self.port, self.tcp, self.udp = self.bind(address, port)

    @staticmethod
    def bind(address, port):
        for _ in range(50):
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                tcp.bind((address, port))
                udp.bind((address, tcp.getsockname()[1]))
                # With SO_REUSEADDR two processes may be given one port; only one of them may listen.
                tcp.listen(64)
            except OSError:
                tcp.close()
                udp.close()
                continue
            return address, tcp.getsockname()[1], tcp, udp
        raise OSError("no port free for both UDP and TCP")

    def __enter__(self):
        for task in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=task, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for one in (self.tcp, self.udp):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
        with self.lock:
            for connection in list(self.connections):
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def add(self, zone):
        self.zones[zone.owner.lower()] = zone
        if zone.key:
            self.keys[wire.name(zone.key.name.lower())] = zone.key
        return zone

    def notify(self, zone, target, source=None, key=None, deadline=2.0):
        """NOTIFY to `target` until answered (RFC 1996); True if it was NOERROR."""
        plain = wire.message(flags=wire.AA, opcode=wire.NOTIFY,
                             zone=[wire.question(zone.owner, wire.SOA)])
        if key or zone.key:
            plain, _ = wire.sign(plain, key or zone.key)
        end = time.monotonic() + deadline
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.bind((source or self.address, 0))
            while time.monotonic() < end:
                out.settimeout(0.3)
                try:
                    out.sendto(plain, target)
                    answer = out.recv(4096)
                except OSError:
                    continue
                if answer[:2] == plain[:2]:
                    return answer[3] & 15 == 0
        return False

    # Serving ----------------------------------------------------------------------------------

    def understand(self, octets, tcp):
        parsed = wire.parse(octets)
        owner, kind, _ = parsed.questions[0]
        serial = None
        for row in parsed.sections[1]:
            if row.kind == wire.SOA:
                serial = wire.soa_serial(wire.plain_rdata(parsed, row))
        fields = parsed.tsig
        mac = b""
        if fields is not None:
            key = self.keys.get(fields.owner.lower())
            if key is not None and wire.verifies(parsed, key, b""):
                mac = fields.mac
        return Request(octets, parsed, tcp, owner, kind, serial, mac)

    def actions(self, request):
        zone = self.zones.get(request.owner.lower())
        kind = {wire.SOA: "SOA", wire.AXFR: "AXFR", wire.IXFR: "IXFR"}.get(request.kind)
        if zone is None or kind is None or zone.current is None or request.parsed.opcode != 0:
            return [wire.message(request.parsed.ident, wire.QR, request.parsed.opcode, wire.REFUSED,
                                 [request.parsed.question_octets])]
        if zone.key is not None and not request.mac:
            return [wire.message(request.parsed.ident, wire.QR, 0, wire.REFUSED,
                                 [request.parsed.question_octets])]
        zone.requests.append((kind, request.tcp, request.serial))
        lie = zone.lies.get(kind)
        done = lie(zone, request) if lie else zone.honest(kind, request)
        return done if done is not None else []

    def serve_udp(self):
        while not self.stopping.is_set():
            try:
                octets, source = self.udp.recvfrom(65535)
            except OSError:
                if self.stopping.is_set():
                    return
                continue
            try:
                for action in self.actions(self.understand(octets, False)):
                    if isinstance(action, bytes):
                        self.udp.sendto(action, source)
                    elif isinstance(action, Raw):
                        self.udp.sendto(action.octets, source)
            except (wire.Malformed, OSError, IndexError):
                continue

    def serve_tcp(self):
        while not self.stopping.is_set():
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                if self.stopping.is_set():
                    return
                continue
            with self.lock:
                self.connections.add(connection)
            threading.Thread(target=self.converse, args=(connection,), daemon=True).start()

    def converse(self, connection):
        connection.settimeout(IO_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while not self.stopping.is_set():
                size = struct.unpack("!H", receive_exactly(connection, 2))[0]
                request = self.understand(receive_exactly(connection, size), True)
                for action in self.actions(request):
                    if self.stopping.is_set() or not self.perform(connection, action):
                        return
        except (OSError, EOFError, wire.Malformed, IndexError):
            pass
        finally:
            with self.lock:
                self.connections.discard(connection)
            connection.close()

    def perform(self, connection, action):
        if isinstance(action, bytes):
            connection.sendall(wire.frame(action))
        elif isinstance(action, Raw):
            connection.sendall(action.octets)
        elif isinstance(action, Sleep):
            self.stopping.wait(action.seconds)
        elif action is Reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        elif action is Close:
            return False
        return True


def receive_exactly(connection, size):
    held = b""
    while len(held) < size:
        part = connection.recv(size - len(held))
        if not part:
            raise EOFError
        held += part
    return held


def sample_rows(owner, marker="first", extra=()):
    """A small zone of realistic variety, without SOA; `marker` is the text of one TXT."""
    apex = wire.name(owner)

    def under(label):
        return bytes([len(label)]) + label + apex

    text = marker.encode()
    rows = [
        (apex, wire.NS, 300, under(b"ns1")),
        (apex, wire.NS, 300, under(b"ns2")),
        (apex, wire.MX, 300, b"\0\12" + under(b"mail")),
        (apex, wire.TXT, 300, b"\4spf1"),
        (under(b"marker"), wire.TXT, 60, bytes([len(text)]) + text),
        (under(b"ns1"), wire.A, 300, bytes([192, 0, 2, 1])),
        (under(b"ns1"), wire.AAAA, 300, bytes.fromhex("20010db8000000000000000000000001")),
        (under(b"ns2"), wire.A, 300, bytes([192, 0, 2, 2])),
        (under(b"mail"), wire.A, 300, bytes([192, 0, 2, 3])),
        (under(b"WwW"), wire.A, 300, bytes([192, 0, 2, 4])),
        (under(b"alias"), wire.CNAME, 300, under(b"WwW")),
        (b"\1*" + under(b"wild"), wire.A, 300, bytes([192, 0, 2, 5])),
        (b"\4leaf" + under(b"empty"), wire.A, 300, bytes([192, 0, 2, 6])),
        (under(b"sub"), wire.NS, 300, b"\2ns" + under(b"sub")),
        (b"\2ns" + under(b"sub"), wire.A, 300, bytes([192, 0, 2, 7])),
        (under(b"od\0d\xff."), wire.TXT, 300, b"\3\0\xff."),
        (apex, 65281, 300, b"\1" + wire.name("msa.provider.example.")),
        (under(b"opaque"), 65280, 300, bytes.fromhex("c00cdeadbeef")),
        (b"\4_sip\4_tcp" + apex, wire.SRV, 300, struct.pack("!HHH", 1, 2, 5060) + under(b"WwW")),
    ]
    return rows + list(extra)

