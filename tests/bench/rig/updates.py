"""Measurement 5: durable UPDATE, signed, one at a time and many in flight."""

import socket
import time

import dns.update
from chorale.key import Key

from . import messages, servers, shape
from .notifies import NotifySink
from .primary import Primary
from .transfers import ZONE, _LOAD


class UpdateRig:
    """The combiner as secondary with an updater; the peers as primaries of the same zone."""

    def __init__(self, directory, names, zone_file, capture):
        self.names = names
        self.key, self.update_key = Key("bench-xfr"), Key("bench-update")
        self.primary = Primary()
        self.primary.tell("stream", (ZONE, [str(capture)]))
        self.notifies = NotifySink(names)
        self.servers = {}
        self.number = {name: 0 for name in names}
        self.identifier = 0
        for name in names:
            is_owner = name != "combiner"
            own = None
            if is_owner:
                own = directory / ("zone-of-%s" % name)
                own.write_bytes(zone_file.read_bytes())
            setting = servers.Setting(ZONE, self.primary, self.key, self.notifies.port(name),
                                      update_key=self.update_key, zone_file=own)
            self.servers[name] = servers.SERVERS[name](directory, name + "-update").set_up(setting)

    def start(self):
        for name in self.names:
            self.servers[name].start()
            messages.await_serial(self.servers[name].endpoint, ZONE, shape.SERIAL, _LOAD)
        return self

    def close(self):
        for server in self.servers.values():
            server.stop()
        self.notifies.close()
        self.primary.close()

    def make(self, name, count):
        """UPDATEs that each replace one NS record of the apex, ready to be sent."""
        made = []
        for _ in range(count):
            n = self.number[name] = self.number[name] + 1
            update = dns.update.UpdateMessage(ZONE)
            if n > 40:
                update.delete("@", "NS", "ns%d.foreign.example." % (n - 40))
            update.add("@", 300, "NS", "ns%d.foreign.example." % n)
            self.identifier = update.id = (self.identifier + 1) % 65536
            made.append(messages.signed(update, self.update_key))
        return made

    def one_at_a_time(self, name, count):
        """Seconds of each."""
        updates = self.make(name, count)
        seconds = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(self.servers[name].endpoint)
            client.settimeout(30)
            for update in updates:
                begun = time.perf_counter()
                client.send(update)
                answer = client.recv(4096)
                seconds.append(time.perf_counter() - begun)
                assert answer[:2] == update[:2]
                assert answer[3] & 15 == 0, "%s answers UPDATE with %d" % (name, answer[3] & 15)
        return seconds

    def in_flight(self, name, count, window):
        """Seconds per UPDATE with `window` of them under way."""
        updates = self.make(name, count)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(self.servers[name].endpoint)
            client.settimeout(30)
            begun = time.perf_counter()
            waiting = set()
            for update in updates:
                while len(waiting) >= window:
                    self._receive(name, client, waiting)
                client.send(update)
                waiting.add(update[:2])
            while waiting:
                self._receive(name, client, waiting)
            return (time.perf_counter() - begun) / count

    @staticmethod
    def _receive(name, client, waiting):
        answer = client.recv(4096)
        assert answer[3] & 15 == 0, "%s answers UPDATE with %d" % (name, answer[3] & 15)
        waiting.discard(answer[:2])
