"""The combiner under test: configuration, command line and admin REST of one instance.

Its path is the environment variable CHORALE_COMBINER, by default the `dev` build of this tree.
"""

import http.client
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess

from . import ports, wait, wire
from .key import Key
from .server import Server

_ROOT = pathlib.Path(__file__).resolve().parents[3]
_DEFAULT = _ROOT / "build" / "dev" / "combiner" / "combiner"

# A client of the tests' own that may look at every zone, from an address nobody else uses.
READER_ADDRESS = "127.0.0.9"
STRANGER_ADDRESS = "127.0.0.66"


def program():
    path = os.environ.get("CHORALE_COMBINER") or str(_DEFAULT)
    assert os.access(path, os.X_OK), (
        "no combiner at %s: build it, or set CHORALE_COMBINER" % path)
    return path


def _value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[%s]" % ", ".join(_value(v) for v in value)
    if isinstance(value, int):
        return str(value)
    return json.dumps(str(value))  # a JSON string is a TOML basic string


def table(header, values):
    return header + "\n" + "".join(
        "%s = %s\n" % (k, _value(v)) for k, v in values.items() if v is not None) + "\n"


def peer(server):
    return "%s:%d" % server.endpoint


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Combiner(Server):
    kind = "combiner"

    def __init__(self, directory, name="combiner", admin=None, state=None):
        super().__init__(directory, name)
        self.admin_port = ports.claim()
        self.admin = admin or "%s:%d" % (self.address, self.admin_port)
        self.state = pathlib.Path(state) if state else self.directory / "state"
        self.token = secrets.token_hex(16)
        self.prefix = []       # what runs the combiner, such as unshare
        self.limits = {}
        self.extra = {}        # further tables: {"[log]": {...}}
        self.key_list = {}
        self.primaries, self.secondaries, self.updaters = {}, {}, {}
        self.templates, self.zones, self.catalogs = {}, {}, {}
        self.expect_dirty_end = False
        self.reader = Key("reader", "hmac-sha256")
        self.add_secondary_raw("reader", addresses=[READER_ADDRESS + ":9"], key=self.reader,
                               notify=False)

    # What is configured.

    def _use(self, key):
        if key is None:
            return None
        self.key_list[key.name] = key
        return key.name

    def add_primary(self, name, *servers, key=None):
        self.primaries[name] = dict(addresses=[peer(s) for s in servers], key=self._use(key))

    def add_secondary(self, name, *servers, key=None, **more):
        self.add_secondary_raw(name, addresses=[peer(s) for s in servers], key=key, **more)

    def add_secondary_raw(self, name, addresses, key=None, **more):
        self.secondaries[name] = dict(addresses=addresses, key=self._use(key), **more)

    def add_updater(self, name, key, **more):
        self.updaters[name] = dict(key=self._use(key), **more)

    def add_template(self, name="default", **more):
        """By default: all primaries, secondaries and updaters that are known so far."""
        values = dict(primaries=list(self.primaries), secondaries=list(self.secondaries),
                      updaters=list(self.updaters), refresh_min=1, retry_min=1)
        values.update(more)
        self.templates[name] = values

    def add_zone(self, name, template="default", **more):
        self.zones[name] = dict(template=template, **more)

    def add_catalog(self, name, template="default", groups=None, **more):
        self.catalogs[name] = (dict(template=template, **more), groups or {})

    def config_text(self):
        text = table("[dns]", {"listen": ["%s:%d" % self.endpoint]})
        text += table("[state]", {"directory": self.state})
        text += table("[admin]", {"listen": self.admin, "token_file": self.directory / "token"})
        if self.limits:
            text += table("[limits]", self.limits)
        for header, values in self.extra.items():
            text += table(header, values)
        for key in self.key_list.values():
            text += table("[[key]]", {"name": key.name, "algorithm": key.algorithm,
                                      "secret": key.secret})
        for header, things in (("primary", self.primaries), ("secondary", self.secondaries),
                               ("updater", self.updaters), ("template", self.templates),
                               ("zone", self.zones)):
            for name, values in things.items():
                text += table("[[%s]]" % header, dict(name=name, **values))
        for name, (values, groups) in self.catalogs.items():
            text += table("[[catalog]]", dict(name=name, **values))
            if groups:
                text += table("[catalog.groups]", {k: v for k, v in groups.items()})
        return text

    # Server.

    @property
    def config_path(self):
        return self.directory / "combiner.toml"

    def configure(self):
        self.write("token", self.token + "\n", 0o600)
        self.write("combiner.toml", self.config_text(), 0o600)

    def command(self):
        return self.prefix + [program(), "run", "--config", str(self.config_path)]

    def wait_ready(self):
        starts = self.log().count("---- start of")

        def ready():
            assert self.running, "the combiner ended with %s:\n%s" % (
                self.process.returncode, self.log()[-3000:])
            return "combiner.ready" in self.log().rsplit("---- start of", 1)[-1]
        wait.until(ready, "combiner.ready in the log (start %d)" % starts, 20.0)

    def reload(self):
        """Writes the configuration as it is now and sends SIGHUP."""
        self.configure()
        self.hang_up()

    def probe(self):
        return next(iter(self.zones), "ready.invalid.")

    def complaints(self):
        """A clean end, and nothing of a sanitizer in the log: asked once, when a test is over."""
        found = []
        if self.process is None:
            return found
        if self.running:
            try:
                self.process.send_signal(signal.SIGCONT)
                code = self.stop()
                if code != 0 and not self.expect_dirty_end:
                    found.append("%s ended with %s after SIGTERM" % (self.name, code))
            except AssertionError as error:
                found.append(str(error))
        elif not self.expect_dirty_end and self.process.returncode not in (0, -9):
            found.append("%s ended by itself with %s" % (self.name, self.process.returncode))
        for mark in ("ERROR: AddressSanitizer", "runtime error:", "WARNING: ThreadSanitizer",
                     "ERROR: LeakSanitizer", "Assertion `"):
            if mark in self.log():
                found.append("%s: %s" % (self.name, mark))
        return found

    # Zones as the combiner serves them.

    def combined(self, zone, **more):
        """The combined zone by AXFR, or by IXFR with have=SERIAL."""
        seen = wire.transfer(self.endpoint, zone, self.reader, source=READER_ADDRESS, **more)
        if seen.rcode == "NOERROR":
            assert seen.authoritative, "RFC 5936 2.2.1: AA is set"
            assert seen.signed == seen.messages, "RFC 8945 5.3.1: every message is signed"
        return seen

    def look(self, zone, rdtype="SOA", **more):
        return wire.ask(self.endpoint, zone, rdtype, key=self.reader, source=READER_ADDRESS, **more)

    def rcode(self, zone, rdtype="SOA"):
        return wire.rcode(self.endpoint, zone, rdtype, key=self.reader, source=READER_ADDRESS)

    def serial(self, zone, **_):
        return wire.serial(self.endpoint, zone, key=self.reader, source=READER_ADDRESS)

    def rdata(self, zone, rdtype):
        """The RRset at the apex, as a set of texts."""
        return {r[0].to_text() for r in self.look(zone, rdtype, tcp=True).answer}

    # Admin REST.

    def rest(self, method, path, body=None, token=None, headers=None):
        """Status and document (parsed where it is JSON). token="" sends none."""
        if self.admin.startswith("unix:"):
            connection = UnixConnection(self.admin[len("unix:"):], timeout=10)
        else:
            connection = http.client.HTTPConnection(self.address, self.admin_port, timeout=10)
        send = dict(headers or {})
        token = self.token if token is None else token
        if token:
            send.setdefault("Authorization", "Bearer " + token)
        if body is not None:
            send.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        try:
            connection.request(method, path, body=body, headers=send)
            response = connection.getresponse()
            octets = response.read()
            kind = response.getheader("Content-Type") or ""
            document = json.loads(octets) if "json" in kind and octets else octets.decode()
            return response.status, document
        finally:
            connection.close()

    def zone(self, name):
        status, document = self.rest("GET", "/admin/v1/zones/" + name)
        assert status == 200, (status, document)
        return document

    def zone_names(self):
        """The names of all zones, from the list."""
        status, document = self.rest("GET", "/admin/v1/zones")
        assert status == 200, (status, document)
        items = document if isinstance(document, list) else document["zones"]
        return {item["name"] if isinstance(item, dict) else item for item in items}

    def wait_zone(self, name, condition, what, deadline=20.0):
        """Until the zone's document fits; a zone that is not there yet does not."""
        last = [None]

        def look():
            status, last[0] = self.rest("GET", "/admin/v1/zones/" + name)
            return status == 200 and condition(last[0]) and last[0]
        return wait.until(look, lambda: "%s: %s; it is %r" % (name, what, last[0]), deadline)

    def last_transfer(self, zone, secondary):
        for entry in self.zone(zone)["secondaries"]:
            if entry["name"] == secondary:
                return entry.get("last_transfer")
        return None

    # Command line.

    def cli(self, *words, config=None, environment=None):
        return subprocess.run([program(), *words, "--config", str(config or self.config_path)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30,
                              env=environment)

    def verb(self, *words):
        """A client verb that must do, with --json, parsed."""
        done = self.cli(*words, "--json")
        assert done.returncode == 0, (words, done.returncode, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None
