"""Measurement 6: thousands of small zones that a catalog (RFC 9432) brings and takes away."""

import collections
import select
import socket
import struct
import time

from chorale.key import Key

from . import messages, servers
from .notifies import send_notify
from .primary import Primary, member_body

CATALOG = "catalog.bench.example."
_DEADLINE = 900.0
_WINDOW = 100
_RESEND = 1.0


def member(number):
    return "z%05d.members.example." % number


def catalog_body(numbers):
    """RFC 9432 4.1: version, and a PTR for each member."""
    parts = [b"\xc0\x0c" + struct.pack("!HHIH", 2, 1, 0, 9) + b"\7invalid\0",
             b"\7version\xc0\x0c" + struct.pack("!HHIH", 16, 1, 0, 2) + b"\x012"]
    for number in numbers:
        label = b"u%05d" % number
        target = messages.name_wire(member(number))
        parts.append(bytes([len(label)]) + label + b"\5zones\xc0\x0c" +
                     struct.pack("!HHIH", 12, 1, 0, len(target)) + target)
    return parts


class CatalogRig:
    def __init__(self, directory, name, count):
        self.count = count
        self.primary = Primary()
        self.serial = 100
        self.catalog_serial = 1
        body, records = member_body()
        self.body = (body, records)
        self.bring(range(count))
        self.set_catalog(range(count))
        setting = servers.Setting(None, self.primary, Key("bench-xfr"), 9, catalog=CATALOG)
        self.server = servers.SERVERS[name](directory, name + "-catalog").set_up(setting)

    def bring(self, numbers):
        self.primary.tell("small", [(member(n), self.serial, *self.body) for n in numbers])

    def set_catalog(self, numbers):
        self.primary.tell("large", (CATALOG, self.catalog_serial, catalog_body(numbers)))

    def change_catalog(self, numbers):
        self.catalog_serial += 1
        self.set_catalog(numbers)
        send_notify(self.server, CATALOG, self.catalog_serial)

    def close(self):
        self.server.stop()
        self.primary.close()

    def start(self):
        """Seconds from the start of the program until all members are served."""
        begun = time.monotonic()
        self.server.start()
        self.await_all(range(self.count), self.serial)
        return time.monotonic() - begun

    def restart(self):
        self.server.stop()
        return self.start()

    def change_all(self):
        """The owner changes every member zone and sends NOTIFY for each."""
        self.serial += 1
        self.primary.tell("serial", [(member(n), self.serial, False) for n in range(self.count)])
        begun = time.monotonic()
        self.exchange({member(n): messages.notify(member(n), self.serial, 0)
                       for n in range(self.count)}, lambda answer: answer[3] & 15 == 0)
        self.await_all(range(self.count), self.serial)
        return time.monotonic() - begun

    def replace_all(self):
        """The catalog names as many other zones instead."""
        others = range(self.count, 2 * self.count)
        self.bring(others)
        begun = time.monotonic()
        self.change_catalog(others)
        self.await_all(others, self.serial)
        self.await_none(range(self.count))
        return time.monotonic() - begun

    def remove_all(self):
        begun = time.monotonic()
        self.change_catalog([])
        self.await_none(range(self.count, 2 * self.count))
        return time.monotonic() - begun

    def await_all(self, numbers, serial):
        self.exchange({member(n): messages.query(member(n), "SOA", 0) for n in numbers},
                      lambda answer: messages.first_serial(answer) == serial)

    def await_none(self, numbers):
        self.exchange({member(n): messages.query(member(n), "SOA", 0) for n in numbers},
                      lambda answer: messages.first_serial(answer) is None and answer[3] & 15 in (5, 9))

    def exchange(self, wanted, is_good):
        """Sends each message until its answer is good: some at a time, and after a pause again.

        While one zone is not there yet, the others are not asked either, so that asking costs little."""
        waiting = collections.OrderedDict(
            (struct.pack("!H", number & 0xffff) + octets[2:], 0.0)
            for number, octets in enumerate(wanted.values()))
        end = time.monotonic() + _DEADLINE
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(self.server.endpoint)
            client.setblocking(False)
            by_id = {}
            while waiting or by_id:
                now = time.monotonic()
                if now > end:
                    raise TimeoutError("%d zones are not as they should be" % len(waiting))
                while waiting and len(by_id) < _WINDOW:
                    octets, _ = waiting.popitem(last=False)
                    by_id[octets[:2]] = (octets, now)
                    client.send(octets)
                was_bad = False
                if select.select([client], [], [], 0.02)[0]:
                    while True:
                        try:
                            answer = client.recv(4096)
                        except BlockingIOError:
                            break
                        asked = by_id.pop(answer[:2], None)
                        if asked and not is_good(answer):
                            waiting[asked[0]] = 0.0
                            was_bad = True
                late = [i for i, (_, sent) in by_id.items() if now - sent > _RESEND]
                for identifier in late:
                    waiting[by_id.pop(identifier)[0]] = 0.0
                if was_bad:
                    select.select([], [], [], 0.02)
