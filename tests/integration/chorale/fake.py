"""Parties that no real program plays: a primary that can stall, cut and lie, a secondary that keeps
silent. Everything they do is decided by the test; nothing is timed."""

import socket
import struct
import threading

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset

from . import ports, wait, wire


class FakePrimary:
    """Serves one zone by SOA (UDP and TCP) and AXFR (also to IXFR questions), without TSIG.

    gate: cleared, it holds an AXFR after its first message until it is set again.
    cut:  the connection is closed after the first message.
    """

    def __init__(self, content):
        self.name = "fake-primary"
        self.address, self.port = ports.ADDRESS, ports.claim()
        self.gate = threading.Event()
        self.gate.set()
        self.cut = False
        self.transfers_begun = 0
        self.transfers_done = 0
        self._rrsets = []
        self.serve(content)
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(self.endpoint)
        self._tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._tcp.bind(self.endpoint)
        self._tcp.listen(16)
        for run in (self._answer_udp, self._accept):
            threading.Thread(target=run, daemon=True).start()

    @property
    def endpoint(self):
        return (self.address, self.port)

    def serve(self, content):
        """This content from now on."""
        zone = dns.name.from_text(content.name)
        rrsets = []
        for line in content.text.splitlines():
            name, ttl, _, rdtype, rdata = line.split(" ", 4)
            rrsets.append(dns.rrset.from_text(name, int(ttl), "IN", rdtype, rdata))
        self._zone, self._rrsets = zone, rrsets

    def notify(self, combiner):
        """A NOTIFY from this host; returns the answer's RCODE."""
        message = dns.message.make_query(self._zone, "SOA")
        message.flags = dns.flags.AA
        message.set_opcode(4)
        answer = wire.exchange(combiner.endpoint, message.to_wire(), tcp=False)
        return wire.parse(answer).rcode()

    def close(self):
        self.gate.set()
        self._udp.close()
        self._tcp.close()

    def _reply(self, query, rrsets):
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA
        answer.answer = list(rrsets)
        return answer.to_wire(max_size=65535)

    def _answer_udp(self):
        while True:
            try:
                octets, peer = self._udp.recvfrom(65535)
                query = dns.message.from_wire(octets)
                self._udp.sendto(self._reply(query, self._rrsets[:1]), peer)
            except OSError:
                return
            except Exception:  # a query that is none: say nothing
                continue

    def _accept(self):
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                while True:
                    query = dns.message.from_wire(wire._read_message(connection))
                    if query.question[0].rdtype == dns.rdatatype.SOA:
                        self._send(connection, self._reply(query, self._rrsets[:1]))
                        continue
                    rrsets = self._rrsets
                    half = max(1, len(rrsets) // 2)
                    self.transfers_begun += 1
                    self._send(connection, self._reply(query, rrsets[:half]))
                    if self.cut:
                        return
                    self.gate.wait()
                    self._send(connection, self._reply(query, rrsets[half:] + rrsets[:1]))
                    self.transfers_done += 1
            except (OSError, wire.NoAnswer):
                return

    @staticmethod
    def _send(connection, octets):
        connection.sendall(struct.pack("!H", len(octets)) + octets)


class FakeSecondary:
    """Gets NOTIFYs and answers them only when `answering` is set, with `key` signed."""

    def __init__(self, key=None):
        self.name = "fake-secondary"
        self.address, self.port = ports.ADDRESS, ports.claim()
        self.key = key
        self.answering = threading.Event()
        self.received = []  # octets of each NOTIFY
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(self.endpoint)
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def endpoint(self):
        return (self.address, self.port)

    def serials(self):
        """The serials in the hints (RFC 1996 3.7) of the NOTIFYs, in order."""
        found = []
        for octets in list(self.received):
            for rrset in wire.bare(octets)[0].answer:
                found.append(rrset[0].serial)
        return found

    def wait_received(self, count, deadline=30.0):
        wait.until(lambda: len(self.received) >= count, "%d NOTIFYs" % count, deadline)

    def close(self):
        self._udp.close()

    def _run(self):
        while True:
            try:
                octets, peer = self._udp.recvfrom(65535)
            except OSError:
                return
            self.received.append(octets)
            if self.answering.is_set():
                message, tsig = wire.bare(octets)
                answer = dns.message.make_response(message)
                answer.flags |= dns.flags.AA
                reply = answer.to_wire()
                if self.key:
                    reply, _ = wire.sign(reply, self.key, request_mac=tsig.mac)
                self._udp.sendto(reply, peer)
