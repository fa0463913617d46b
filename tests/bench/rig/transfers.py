"""Measurements 1 to 4: one zone, from one primary, in all servers at once, which take turns."""

import hashlib
import json
import select
import socket
import subprocess
import tempfile
import threading
import time
import types

from chorale.key import Key
from chorale.nsd import Nsd

from . import messages, servers, shape
from .notifies import NotifySink, send_notify
from .primary import Primary, changing

ZONE = "bench.example."
_LOAD = 300.0


class Rig:
    """The primary, the servers that are its secondaries, and the sinks."""

    def __init__(self, directory, names, captures, records, sink):
        self.directory, self.names, self.records, self.sink = directory, names, records, sink
        self.key = Key("bench-xfr")
        self.primary = Primary()
        self.primary.tell("stream", (ZONE, [str(path) for path in captures]))
        self.serial = shape.SERIAL
        self.notifies = NotifySink(names)
        self.servers = {}
        for name in names:
            setting = servers.Setting(ZONE, self.primary, self.key, self.notifies.port(name))
            self.servers[name] = servers.SERVERS[name](directory, name).set_up(setting)

    def start(self):
        for name in self.names:
            self.servers[name].start()
            messages.await_serial(self.servers[name].endpoint, ZONE, self.serial, _LOAD)
        return self

    def close(self):
        for server in self.servers.values():
            server.stop()
        self.notifies.close()
        self.primary.close()

    def announce(self, has_increments=False):
        """The owner has a new serial, and with it a new zone or (increments) a record changed.

        Nobody was told yet."""
        self.serial += 1
        self.primary.set_serial(ZONE, self.serial, has_increments)
        return self.serial

    # 1. AXFR out.

    def sink_command(self, name, key, *more):
        query = messages.query(ZONE, "AXFR", key=key).hex()
        return [str(self.sink), *map(str, self.servers[name].endpoint), query, str(self.records + 2),
                "--from", "127.0.0.2" if key else "127.0.0.1", *more]

    def transfer(self, name, key=None):
        """Seconds from connecting to the last octet, and of processor time of the server."""
        before = servers.processor_time(self.servers[name])
        done = subprocess.run(self.sink_command(name, key), check=True, stdout=subprocess.PIPE)
        seen = json.loads(done.stdout)
        seen["seconds"] = (seen["done"] - seen["asked"]) / 1e9
        seen["processor"] = (servers.processor_time(self.servers[name]) - before) / 1e9
        return seen

    # 2. From NOTIFY to the new zone by AXFR.

    def reload(self, name, peak=False):
        """The whole zone of self.serial goes to one server: seconds until visible and transferred."""
        server = self.servers[name]
        more = ["--await", messages.query(ZONE, "SOA").hex(), str(self.serial), "--deadline", "300"]
        before = servers.processor_time(server)
        waiting = subprocess.Popen(self.sink_command(name, None, *more), stdout=subprocess.PIPE)
        assert waiting.stdout.readline() == b"ready\n"
        watch = PeakWatch(server) if peak else None
        begun = send_notify(server, ZONE, self.serial)
        line = waiting.stdout.readline()
        assert waiting.wait() == 0, "%s did not serve serial %d" % (name, self.serial)
        seen = json.loads(line)
        return {"visible": (seen["visible"] - begun) / 1e9, "transferred": (seen["done"] - begun) / 1e9,
                "processor": (servers.processor_time(server) - before) / 1e9,
                "peak": watch.end() if watch else None}

    # 4. One record changed.

    def increment(self, name):
        """Seconds from NOTIFY in, until NOTIFY came out, and until the IXFR was here."""
        server = self.servers[name]
        old = self.serial - 1
        query = messages.framed(messages.query(ZONE, "IXFR", serial=old))
        self.notifies.forget(name)
        begun = send_notify(server, ZONE, self.serial)
        self.notifies.wait(name, self.serial, 120.0)
        heard = time.monotonic_ns()
        end = heard + 60 * 10**9
        while True:
            # A NOTIFY without a serial could be of before: asked again until the change is there.
            with socket.create_connection(server.endpoint, timeout=60) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.sendall(query)
                answer = messages.read_message(connection)
            if messages.first_serial(answer) == self.serial:
                break
            assert time.monotonic_ns() < end, "%s does not serve serial %d" % (name, self.serial)
        done = time.monotonic_ns()
        assert len(answer) < 4096 and changing(self.serial) in answer, (
            "%s sent no increment with the change" % name)
        return {"notified": (heard - begun) / 1e9, "transferred": (done - begun) / 1e9}

    def settle(self, name, deadline=120.0):
        """Waits until a server has done what it does after a change (writing files)."""
        end = time.monotonic() + deadline
        last = servers.processor_time(self.servers[name])
        while time.monotonic() < end:
            select.select([], [], [], 0.25)
            now = servers.processor_time(self.servers[name])
            if now - last < 10_000_000:
                return
            last = now

    # Not timed: is it the zone, and do the signatures verify?

    def content(self, name):
        """A digest of all records but the SOA, from kdig, which checks every signature."""
        server = self.servers[name]
        with tempfile.TemporaryFile() as errors:
            kdig = subprocess.Popen(
                ["kdig", "+noall", "+answer", "-b", "127.0.0.2",
                 "-y", self.key.option, "@%s" % server.address, "-p", str(server.port), "+tcp",
                 "+retry=0", "+time=120", "AXFR", ZONE], stdout=subprocess.PIPE, stderr=errors)
            lines = []
            for line in kdig.stdout:
                if line[:1] not in (b";", b"\n"):
                    fields = line.split(None, 4)
                    if fields[3] != b"SOA":
                        lines.append(b" ".join(fields))
            assert kdig.wait() == 0, "kdig fails with %s" % name
            errors.seek(0)
            complaint = errors.read()
            assert not complaint, "%s: %s" % (name, complaint.decode())
        lines.sort()
        return len(lines), hashlib.sha256(b"".join(lines)).hexdigest()


class PeakWatch:
    """The most memory that a server has resident, looked at all the time."""

    def __init__(self, server):
        self.server, self.most, self.is_over = server, servers.resident(server), False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.is_over:
            self.most = max(self.most, servers.resident(self.server))
            select.select([], [], [], 0.01)

    def end(self):
        self.is_over = True
        self.thread.join()
        return self.most


def capture(directory, records, sink, version=0):
    """A zone file of the size, and what NSD sends of it by AXFR: the primary's messages."""
    file = directory / ("zone-%d-%d" % (records, version))
    stream = directory / ("zone-%d-%d.axfr" % (records, version))
    shape.write_zone(file, ZONE, records, version)
    zone = types.SimpleNamespace(name=ZONE, text=file.read_text(), serial=shape.SERIAL)
    anyone = types.SimpleNamespace(address="127.0.0.1", port=9)
    owner = Nsd(directory, "owner-%d-%d" % (records, version)).primary(zone, to=[(anyone, None)])
    try:
        owner.start()
        query = messages.query(ZONE, "AXFR").hex()
        subprocess.run([str(sink), *map(str, owner.endpoint), query, str(records + 2), "--save",
                        str(stream)], check=True, stdout=subprocess.DEVNULL)
    finally:
        owner.kill9()
    return file, stream
