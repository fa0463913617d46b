"""Start, stop and watch one combiner; ask its admin REST; transfer its zones.

Every wait has a deadline. A process is only ever ended by the object that started it.
"""

import collections
import hashlib
import http.client
import json
import os
import pathlib
import secrets
import signal
import socket
import struct
import subprocess
import threading
import time

import wire

READY_SECONDS = 20.0
STOP_SECONDS = 20.0
LOG_LINES = 4000
IP_BIND_ADDRESS_NO_PORT = 24  # ip(7); Python has no name for it before 3.12
SANITIZER_MARKS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer",
                   "runtime error:", "Assertion `")
TOKEN = "hostile-and-crash-tests-only"
TRANSFER_SECONDS = 10.0
TRANSFER_FLAGS = wire.QR | wire.AA  # what a transfer's messages must have (RFC 5936 2.2.1)


def binary():
    """Path of the combiner under test, from CHORALE_COMBINER."""
    path = os.environ.get("CHORALE_COMBINER")
    if not path or not os.access(path, os.X_OK):
        raise RuntimeError(f"CHORALE_COMBINER must name the combiner to test, it is {path!r}")
    return path


def claim_port(address="127.0.0.1"):
    """A port free for both UDP and TCP, below the ports that the kernel gives to outgoing
    connections: a restart must find it free again. With it the socket that claims it, by the same
    abstract name as the integration tests do, from others that look for one until it is closed."""
    for _ in range(200):
        port = 15000 + secrets.randbelow(17000)
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM) as udp:
            try:
                claim.bind(f"\0chorale-test-port-{port}")
                tcp.bind((address, port))
                udp.bind((address, port))
            except OSError:
                claim.close()
                continue
            return port, claim
    raise OSError("no port free for both UDP and TCP")


def key_section(key):
    return (f'[[key]]\nname = "{key.name}"\nalgorithm = "{key.short_algorithm}"\n'
            f'secret = "{key.base64}"\n')


class Combiner:
    def __init__(self, directory, body, limits=None, address="127.0.0.1"):
        """`body` is TOML for keys, remotes, templates and zones; the rest is written here."""
        self.directory = pathlib.Path(directory)
        self.address = address
        self.port, self.port_claim = claim_port(address)
        self.admin_port, self.admin_port_claim = claim_port("127.0.0.1")
        token = self.directory / "token"
        token.write_text(TOKEN + "\n")
        token.chmod(0o600)
        rows = "".join(f"{name} = {value}\n" for name, value in (limits or {}).items())
        self.config = self.directory / "combiner.toml"
        self.config.write_text(
            f'[dns]\nlisten = ["{address}:{self.port}"]\n'
            f'[state]\ndirectory = "{self.directory / "state"}"\n'
            f'[admin]\nlisten = "127.0.0.1:{self.admin_port}"\ntoken_file = "{token}"\n'
            f'[log]\nlevel = "info"\nformat = "logfmt"\n'
            f"[limits]\n{rows}\n{body}")
        self.config.chmod(0o600)
        self.log = collections.deque(maxlen=LOG_LINES)
        self.faults = []  # lines of sanitizers and assertions, which the log may forget
        self.process = None
        self.ready = threading.Event()
        self.reader = None

    # Life ---------------------------------------------------------------------------------------

    def start(self, environment=None, wait=True):
        self.ready = threading.Event()
        self.process = subprocess.Popen(
            [binary(), "run", "--config", str(self.config)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})})
        self.reader = threading.Thread(target=self.read_log, args=(self.process, self.ready),
                                       daemon=True)
        self.reader.start()
        if wait and not self.wait_ready():
            raise AssertionError("combiner is not ready:\n" + self.tail())
        return self

    def read_log(self, process, ready):
        for line in process.stderr:
            text = line.decode("utf-8", "replace").rstrip()
            self.log.append(text)
            if any(mark in text for mark in SANITIZER_MARKS):
                self.faults.append(text)
            if "combiner.ready" in text:
                ready.set()

    def wait_ready(self, seconds=READY_SECONDS):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.ready.wait(0.005):
            if self.process.poll() is not None:
                return self.ready.is_set()
        return self.ready.is_set()

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """SIGTERM, then SIGKILL after the deadline; returns the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(STOP_SECONDS)
        return self.reap()

    def end_well(self):
        """stop(), which must be clean: leaks and races at the end are said only there."""
        code = self.stop()
        assert code == 0 and not self.faults, (
            f"exit code {code} after SIGTERM, {self.faults}\n{self.tail()}")

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        return self.reap()

    def reap(self):
        code = self.process.wait(STOP_SECONDS)
        self.reader.join(STOP_SECONDS)
        self.process.stderr.close()
        return code

    def tail(self, lines=40):
        return "\n".join(list(self.log)[-lines:])

    # Admin REST -----------------------------------------------------------------------------------

    def rest(self, method, path, body=None, seconds=5.0):
        """(status, decoded JSON or None)."""
        link = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=seconds)
        try:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            if body is not None:
                headers["Content-Type"] = "application/json"
            link.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = link.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            link.close()

    def zone(self, owner):
        status, document = self.rest("GET", f"/admin/v1/zones/{owner}")
        assert status == 200, (owner, status, document)
        return document

    def refresh(self, owner):
        status, document = self.rest("POST", f"/admin/v1/zones/{owner}/refresh")
        assert status in (200, 202, 204), (owner, status, document)

    # DNS --------------------------------------------------------------------------------------------

    @property
    def target(self):
        return self.address, self.port


def exchange_udp(target, octets, source=None, seconds=3.0):
    """The answer with our ID, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind((source or "127.0.0.1", 0))
        link.connect(target)
        end = time.monotonic() + seconds
        link.send(octets)
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return None
            link.settimeout(left)
            try:
                answer = link.recv(65535)
            except (TimeoutError, ConnectionError):
                return None
            if answer[:2] == octets[:2]:
                return answer


def connect(target, source=None, seconds=3.0):
    link = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    link.settimeout(seconds)
    try:
        # A port of its own for each connection, also to other servers, would use up all there are
        # while those of the last minute are in TIME-WAIT: connect() chooses, who knows the target.
        link.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        link.bind((source or "127.0.0.1", 0))
        link.connect(target)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        link.close()
        raise
    return link


def receive_message(link):
    """One framed message, or None at end of stream."""
    held = b""
    while len(held) < 2:
        part = link.recv(2 - len(held))
        if not part:
            return None
        held += part
    size, held = struct.unpack("!H", held)[0], b""
    while len(held) < size:
        part = link.recv(size - len(held))
        if not part:
            return None
        held += part
    return held


def exchange_tcp(target, octets, source=None, seconds=3.0):
    """The first framed answer, or None where the connection ended or nothing came."""
    try:
        with connect(target, source, seconds) as link:
            link.sendall(wire.frame(octets))
            return receive_message(link)
    except (TimeoutError, ConnectionError):
        return None


class TransferRefused(Exception):
    """The server answered with an rcode, or not at all."""


def transfer(target, owner, key=None, source=None, serial=None, seconds=TRANSFER_SECONDS):
    """Rows of an AXFR (or IXFR from `serial`) in order, SOAs and all; every message is judged.

    With a key each message must carry a right TSIG (RFC 8945 5.3.1: this server signs them all).
    """
    apex = wire.name(owner)
    kind = wire.AXFR if serial is None else wire.IXFR
    authority = [] if serial is None else [
        wire.record(apex, wire.SOA, wire.IN, 0, wire.soa_rdata(".", ".", serial))]
    query = wire.message(zone=[wire.question(apex, kind)], second=authority)
    prior, first = b"", True
    if key is not None:
        query, prior = wire.sign(query, key)
    rows = []
    with connect(target, source, seconds) as link:
        link.sendall(wire.frame(query))
        end = time.monotonic() + seconds
        while not is_complete(rows, serial):
            if time.monotonic() > end:
                raise TransferRefused("deadline")
            answer = receive_message(link)
            if answer is None:
                raise TransferRefused("end of stream")
            parsed = wire.parse(answer)
            if parsed.rcode != 0:
                raise TransferRefused(wire.RCODE_NAMES.get(parsed.rcode, str(parsed.rcode)))
            assert answer[:2] == query[:2] and not parsed.flags & wire.TC, answer[:12].hex()
            assert parsed.flags & TRANSFER_FLAGS == TRANSFER_FLAGS, answer[:12].hex()
            assert not parsed.sections[1], "AUTHORITY must be empty (RFC 5936 2.2.4)"
            if key is not None:
                assert wire.verifies(parsed, key, prior, not first), "TSIG of the stream"
                prior = parsed.tsig.mac
            first = False
            rows += wire.rows_of(parsed)
            assert rows, "an answer without records"
    return rows


def is_complete(rows, asked):
    """Whether a transfer has ended: AXFR at the second SOA; IXFR when the newest SOA came thrice
    (as in first, last delta, last), or at once where there is nothing new."""
    if not rows:
        return False
    assert rows[0][1] == wire.SOA, "a transfer begins with SOA"
    newest = wire.soa_serial(rows[0][3])
    if asked is not None and len(rows) == 1:
        return newest == asked or wire.serial_less(newest, asked)
    soas = [wire.soa_serial(row[3]) for row in rows[1:] if row[1] == wire.SOA]
    if asked is None or (len(rows) > 1 and rows[1][1] != wire.SOA):
        return len(soas) >= 1
    if len(rows) == 2 and soas == [newest]:
        return True
    return soas.count(newest) >= 2


def content_of(rows):
    """(serial, frozen content) of a full transfer; the content leaves out the SOA's serial only."""
    serial = wire.soa_serial(rows[0][3])
    assert rows[-1][1] == wire.SOA and rows[-1][3] == rows[0][3], "last SOA is not the first"
    soa = rows[0][3][:-20] + rows[0][3][-16:]
    middle = rows[1:-1]
    assert len(set(middle)) == len(middle), "a record twice in one transfer"
    return serial, frozenset([(rows[0][0], wire.SOA, rows[0][2], soa), *middle])


def digest_of(content):
    total = hashlib.sha256()
    for owner, kind, ttl, rdata in sorted(content):
        total.update(repr((owner, kind, ttl, rdata)).encode())
    return total.hexdigest()


def apply_incremental(rows, content, asked):
    """Content after an IXFR answer on `content`; raises AssertionError on any fault (RFC 1995 4)."""
    newest = wire.soa_serial(rows[0][3])
    if len(rows) == 1:
        return newest, content
    if rows[1][1] != wire.SOA or len(rows) == 2:
        return content_of(rows)
    held, serial, position = set(content), asked, 1
    while position < len(rows) - 1:
        assert rows[position][1] == wire.SOA and wire.soa_serial(rows[position][3]) == serial, (
            "chain of serials broken")
        old_soa = soa_row(rows[position])
        assert old_soa in held, "SOA to delete is not there"
        held.discard(old_soa)
        position += 1
        while rows[position][1] != wire.SOA:
            assert rows[position] in held, "record to delete is not there"
            held.discard(rows[position])
            position += 1
        serial = wire.soa_serial(rows[position][3])
        held.add(soa_row(rows[position]))
        position += 1
        while rows[position][1] != wire.SOA:
            assert rows[position] not in held, "record to add is there already"
            held.add(rows[position])
            position += 1
    assert position == len(rows) - 1 and serial == newest, "deltas do not end at the last SOA"
    return newest, frozenset(held)


def soa_row(row):
    """A SOA row without its serial, as `content_of` keeps it."""
    return row[0], row[1], row[2], row[3][:-20] + row[3][-16:]


def ask(target, owner, kind, source=None, key=None, tcp=False, seconds=3.0):
    """Parsed answer to one QUERY, or None."""
    query = wire.message(zone=[wire.question(owner, kind)])
    if key is not None:
        query, _ = wire.sign(query, key)
    answer = (exchange_tcp if tcp else exchange_udp)(target, query, source, seconds)
    return wire.parse(answer) if answer is not None else None


def serial_of(target, owner, source=None, key=None):
    """Serial of a SOA answer, or None where there is none."""
    parsed = ask(target, owner, wire.SOA, source, key)
    if parsed is None or parsed.rcode != 0 or not parsed.sections[0]:
        return None
    return wire.soa_serial(wire.plain_rdata(parsed, parsed.sections[0][0]))


def wait_until(condition, seconds, what, every=0.01):
    """The first true value of `condition()`; AssertionError with `what` after the deadline."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(every)
