"""Who hears the NOTIFY of the servers, acknowledges it, and knows when it came."""

import selectors
import socket
import struct
import threading
import time

from . import messages


class NotifySink:
    """One port a server, UDP and TCP: Knot sends NOTIFY over TCP."""

    def __init__(self, names):
        self.selector = selectors.DefaultSelector()
        self.ports = {}
        self.heard = {name: {} for name in names}  # server -> serial (or None) -> time
        self.changed = threading.Condition()
        self.wake, woken = socket.socketpair()
        self.selector.register(woken, selectors.EVENT_READ, None)
        for name in names:
            udp, tcp = bind_both()
            self.ports[name] = udp.getsockname()[1]
            self.selector.register(udp, selectors.EVENT_READ, (self._datagram, name))
            self.selector.register(tcp, selectors.EVENT_READ, (self._accept, name))
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def port(self, name):
        return self.ports[name]

    def _run(self):
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    return
                action, name = key.data
                action(key.fileobj, name)

    def _datagram(self, udp, name):
        octets, source = udp.recvfrom(4096)
        answer = self._take(octets, name)
        if answer:
            udp.sendto(answer, source)

    def _accept(self, tcp, name):
        connection, _ = tcp.accept()
        connection.settimeout(10)
        self.selector.register(connection, selectors.EVENT_READ, (self._stream, name))

    def _stream(self, connection, name):
        try:
            answer = self._take(messages.read_message(connection), name)
            connection.sendall(messages.framed(answer))
        except (EOFError, OSError):
            self.selector.unregister(connection)
            connection.close()

    def _take(self, octets, name):
        at = time.monotonic_ns()
        if octets[2] & 0x80:
            return None
        # Not everybody says which serial; the first word counts then.
        serial = messages.first_serial(octets)
        with self.changed:
            self.heard[name].setdefault(serial, at)
            self.changed.notify_all()
        end = messages.skip_name(octets, 12) + 4
        return bytes(octets[:2]) + struct.pack("!HHHHH", 0xa400, 1, 0, 0, 0) + bytes(octets[12:end])

    def forget(self, name):
        with self.changed:
            self.heard[name].clear()

    def wait(self, name, serial, deadline):
        """Until `name` has sent NOTIFY since forget(): for `serial`, or without a serial."""
        def seen():
            heard = self.heard[name]
            return serial in heard or None in heard
        with self.changed:
            if not self.changed.wait_for(seen, deadline):
                raise TimeoutError("no NOTIFY from %s for %d" % (name, serial))

    def close(self):
        self.wake.send(b"x")
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()
        self.wake.close()


def bind_both():
    """A UDP and a listening TCP socket of one free port of 127.0.0.1."""
    while True:
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp.bind(("127.0.0.1", 0))
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            udp.close()
            tcp.close()
            continue
        tcp.listen(1000)
        return udp, tcp


def send_notify(server, zone, serial, deadline=20.0):
    """Sends NOTIFY as the owner's primary, until acknowledged; the time of the first sending."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", 0))
        sender.connect(server.endpoint)
        sender.settimeout(1.0)
        octets = messages.notify(zone, serial, serial & 0xffff)
        begun = time.monotonic_ns()
        while True:
            sender.send(octets)
            try:
                if sender.recv(4096)[3] & 15 == 0:
                    return begun
                raise AssertionError("%s refuses NOTIFY" % server.name)
            except socket.timeout:
                if time.monotonic_ns() - begun > deadline * 1e9:
                    raise TimeoutError("%s does not acknowledge NOTIFY" % server.name)
