"""The owner's primary of the benchmarks: messages are ready before they are asked for.

What a real server sent once (capture) is sent again and again, at the speed of memory, with another
serial, so that it is the secondary that takes the time. It runs in a process of its own, and knows
of each zone its present serial; RFC 1995 4 increments where it was given one, the whole zone else.
"""

import multiprocessing
import selectors
import socket
import struct

from . import messages, shape
from .notifies import bind_both
from .messages import AXFR, IXFR, SOA, framed, skip_name


class Stream:
    """A captured AXFR, in which serial, ID and one address are replaced."""

    def __init__(self, name, path):
        with open(path, "rb") as file:
            self.octets = bytearray(file.read())
        self.starts, at = [], 0
        while at < len(self.octets):
            self.starts.append(at + 2)
            at += 2 + struct.unpack_from("!H", self.octets, at)[0]
        assert at == len(self.octets)
        soa = struct.pack("!II", shape.SERIAL, shape.TIMERS[0])
        self.serials = [self._only(soa, self.octets.find), self._only(soa, self.octets.rfind)]
        assert self.serials[0] < self.serials[1]
        self.address = self._only(struct.pack("!H", 4) + socket.inet_aton(shape.CHANGING),
                                  self.octets.find) + 2
        self.types = [start + 12 + len(name) for start in self.starts
                      if struct.unpack_from("!H", self.octets, start + 4)[0]]

    @staticmethod
    def _only(pattern, find):
        at = find(pattern)
        assert at >= 0, "the capture is not of our zone"
        return at

    def message(self, serial, identifier, question):
        for at in self.serials:
            struct.pack_into("!I", self.octets, at, serial)
        self.octets[self.address:self.address + 4] = changing(serial)
        for start in self.starts:
            struct.pack_into("!H", self.octets, start, identifier)
        for at in self.types:
            self.octets[at:at + 2] = question[-4:-2]
        return self.octets


def changing(serial):
    """The address that is another one in every serial."""
    return struct.pack("!I", 0x0a000000 + (serial - shape.SERIAL))


class StreamZone:
    """A zone from captures of its versions: every whole new zone is the next of them."""

    def __init__(self, name, paths):
        self.name = messages.name_wire(name).lower()
        self.streams = [Stream(self.name, path) for path in paths]
        self.version = 0
        self.serial = shape.SERIAL
        self.has_increments = False

    def set_serial(self, serial, has_increments):
        self.serial = serial
        self.has_increments = has_increments
        if not has_increments:
            self.version = (self.version + 1) % len(self.streams)

    def whole(self, identifier, question):
        return self.streams[self.version].message(self.serial, identifier, question)

    def increment(self, identifier, question, have):
        def record(serial):
            return b"\x08changing\xc0\x0c" + struct.pack("!HHIH", 1, 1, 3600, 4) + changing(serial)
        new, old = messages.soa_record(self.serial), messages.soa_record(have)
        return framed(struct.pack("!HHHHHH", identifier, 0x8400, 1, 6, 0, 0) + question +
                      new + old + record(have) + new + record(self.serial) + new)


class SmallZone:
    """A zone that fits one message; `body` is records whose names end at the question's."""

    has_increments = False

    def __init__(self, name, serial, body, count):
        self.name = messages.name_wire(name).lower()
        self.serial, self.body, self.count = serial, body, count

    def set_serial(self, serial, has_increments):
        self.serial = serial

    def whole(self, identifier, question):
        soa = messages.soa_record(self.serial)
        return framed(struct.pack("!HHHHHH", identifier, 0x8400, 1, 2 + self.count, 0, 0) + question +
                      soa + self.body + soa)


class LargeZone(SmallZone):
    """A zone of a list of records, in messages of up to `per_message` of them."""

    per_message = 1000

    def __init__(self, name, serial, records):
        super().__init__(name, serial, b"", 0)
        self.records = records

    def whole(self, identifier, question):
        soa = messages.soa_record(self.serial)
        records = [soa] + self.records + [soa]
        octets = b""
        for at in range(0, len(records), self.per_message):
            some = records[at:at + self.per_message]
            octets += framed(struct.pack("!HHHHHH", identifier, 0x8400, 1, len(some), 0, 0) +
                             question + b"".join(some))
        return octets


def member_body():
    """Nine records, which with the SOA make ten."""
    def record(owner, rdtype, rdata):
        return owner + b"\xc0\x0c" + struct.pack("!HHIH", rdtype, 1, 3600, len(rdata)) + rdata
    records = [record(b"", 2, b"\x03ns1\xc0\x0c"), record(b"", 2, b"\x03ns2\xc0\x0c"),
               record(b"", 15, b"\0\x0a\x04mail\xc0\x0c"), record(b"", 16, b"\x0bv=spf1 -all"),
               record(b"\x03ns1", 1, b"\xc0\0\2\1"), record(b"\x03ns2", 1, b"\xc0\0\2\2"),
               record(b"\x04mail", 1, b"\xc0\0\2\3"), record(b"\x03www", 1, b"\xc0\0\2\4"),
               record(b"\x03www", 28, b"\x20\1\x0d\xb8" + b"\0" * 11 + b"\4")]
    return b"".join(records), len(records)


class _Answering:
    """The process. One connection sends at a time; none waits long, since secondaries read fast."""

    def __init__(self, udp, tcp, commands):
        self.zones = {}
        self.udp, self.commands = udp, commands
        self.selector = selectors.DefaultSelector()
        for source, action in ((udp, self.datagram), (tcp, self.accept), (commands, self.command)):
            self.selector.register(source, selectors.EVENT_READ, action)

    def run(self):
        while True:
            for key, _ in self.selector.select():
                key.data(key.fileobj)

    def command(self, pipe):
        word, argument = pipe.recv()
        reply = None
        if word == "stream":
            zone = StreamZone(*argument)
            self.zones[zone.name] = zone
        elif word == "small":
            for name, serial, body, count in argument:
                zone = SmallZone(name, serial, body, count)
                self.zones[zone.name] = zone
        elif word == "large":
            zone = LargeZone(*argument)
            self.zones[zone.name] = zone
        elif word == "forget":
            for name in argument:
                del self.zones[messages.name_wire(name).lower()]
        elif word == "serial":
            for name, serial, has_increments in argument:
                self.zones[messages.name_wire(name).lower()].set_serial(serial, has_increments)
        pipe.send(reply)

    def answer(self, octets, is_tcp):
        identifier = struct.unpack_from("!H", octets)[0]
        end = skip_name(octets, 12)
        question = bytes(octets[12:end + 4])
        rdtype = struct.unpack_from("!H", octets, end)[0]
        zone = self.zones.get(question[:-4].lower())
        if zone is None:
            return framed(struct.pack("!HHHHHH", identifier, 0x8405, 1, 0, 0, 0) + question)
        if rdtype in (AXFR, IXFR) and is_tcp:
            if rdtype == IXFR:
                at = skip_name(octets, end + 4)          # the SOA in the authority section
                at = skip_name(octets, skip_name(octets, at + 10))
                have = struct.unpack_from("!I", octets, at)[0]
                if have == zone.serial:
                    return self.soa(identifier, question, zone)
                if zone.has_increments and have == zone.serial - 1:
                    return zone.increment(identifier, question, have)
            return zone.whole(identifier, question)
        return self.soa(identifier, question, zone)

    @staticmethod
    def soa(identifier, question, zone):
        return framed(struct.pack("!HHHHHH", identifier, 0x8400, 1, 1, 0, 0) + question +
                      messages.soa_record(zone.serial))

    def datagram(self, udp):
        octets, source = udp.recvfrom(4096)
        if not octets[2] & 0x80:
            udp.sendto(self.answer(octets, False)[2:], source)

    def accept(self, tcp):
        connection, _ = tcp.accept()
        connection.settimeout(60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.selector.register(connection, selectors.EVENT_READ, self.request)

    def request(self, connection):
        try:
            connection.sendall(self.answer(messages.read_message(connection), True))
        except (EOFError, OSError):
            self.selector.unregister(connection)
            connection.close()


def _run(udp, tcp, commands):
    _Answering(udp, tcp, commands).run()


class Primary:
    """The handle on it."""

    kind = name = "primary"

    def __init__(self):
        self.address = "127.0.0.1"
        udp, tcp = bind_both()
        self.port = tcp.getsockname()[1]
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.commands, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=_run, args=(udp, tcp, theirs), daemon=True)
        self.process.start()
        udp.close()
        tcp.close()

    @property
    def endpoint(self):
        return (self.address, self.port)

    def tell(self, word, argument):
        self.commands.send((word, argument))
        return self.commands.recv()

    def set_serial(self, name, serial, has_increments=False):
        self.tell("serial", [(name, serial, has_increments)])

    def close(self):
        self.process.terminate()
        self.process.join()
