"""One scripted life of a combiner that may be killed at any point, and what must hold of it.

The owner publishes versions, an updater sends UPDATEs, a secondary reads by AXFR and IXFR after
each step. Whatever happens to the process in between:
  an acknowledged UPDATE is there; one without answer is there wholly or not at all;
  a serial never has two contents; serials never go back (RFC 1982);
  after the step is tried again the end state is the expected one.
"""

import collections
import dataclasses
import pathlib
import shutil
import socket
import struct
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "hostile"))

import combiner_process as process  # noqa: E402
import primary as owner_side        # noqa: E402
import wire                         # noqa: E402

APEX_TEXT = "crash.example."
APEX = wire.name(APEX_TEXT)
FIRST_OWNER_SERIAL = 100
UPDATES = 14
VERSIONS = 8
STEP_SECONDS = 10.0
NOTIFY_EVERY = 0.25
DEATH_SECONDS = 2.0     # from a broken connection to the exit of the process
MOST_DEATHS = 10
NOTIFY_SECONDS = 5.0    # after the last start the secondary hears of the zone

UPDATE_KEY = wire.make_key("msa-update.")
COUNT_KINDS = ("total", "write", "sync", "truncate", "rename", "unlink", "send")


class Died(Exception):
    """The combiner was killed in the middle of a step."""


class Wrong(Exception):
    """Something that must not be."""


@dataclasses.dataclass(frozen=True)
class Crash:
    """Where one start of the process ends: N-th point and moment."""
    at: int
    when: str = "before"


@dataclasses.dataclass
class Outcome:
    crashes: int
    seconds: float
    counts: dict
    unanswered_kept: int
    unanswered_lost: int


# What is sent and what it makes -------------------------------------------------------------------


def dnskey(number):
    return struct.pack("!HBB", 257, 3, 13) + bytes([number]) * 64


def cds(number):
    return struct.pack("!HBB", number, 13, 2) + bytes([number]) * 32


def ns(number):
    return b"\3" + f"n{number:02}".encode() + APEX


def step_update(number, overlay):
    """(changes, overlay after them); each is the same when it is applied twice."""
    def add(kind, rdata):
        return wire.record(APEX, kind, wire.IN, 300, rdata)

    after = {kind: set(rows) for kind, rows in overlay.items()}
    shape = number % 4
    if shape == 0:
        keys, digests = {dnskey(number + 1), dnskey(number + 2)}, {cds(number + 1)}
        changes = [wire.record(APEX, wire.DNSKEY, wire.CLASS_ANY),
                   wire.record(APEX, wire.CDS, wire.CLASS_ANY),
                   *(add(wire.DNSKEY, one) for one in sorted(keys)),
                   *(add(wire.CDS, one) for one in digests)]
        after[wire.DNSKEY], after[wire.CDS] = keys, digests
    elif shape == 1:
        csync = struct.pack("!IH", number, 1) + b"\0\1\x60"
        changes = [wire.record(APEX, wire.CSYNC, wire.CLASS_ANY), add(wire.CSYNC, csync),
                   add(wire.CDNSKEY, dnskey(number))]
        after[wire.CSYNC] = {csync}
        after.setdefault(wire.CDNSKEY, set()).add(dnskey(number))
    elif shape == 2:
        changes = [add(wire.DNSKEY, dnskey(number + 50)), add(wire.DNSKEY, dnskey(number + 90))]
        after.setdefault(wire.DNSKEY, set()).update({dnskey(number + 50), dnskey(number + 90)})
    else:
        before = after.get(wire.NS) or {b"\3ns1" + APEX, b"\3ns2" + APEX}
        changes = [add(wire.NS, ns(number)), *(wire.record(APEX, wire.NS, wire.NONE, 0, one)
                                               for one in sorted(before) if one != ns(number))]
        after[wire.NS] = {ns(number)}
    return changes, after


def combined(zone, owner_serial, overlay):
    """Content that the combiner must serve: owner's version with the overlay put in its place."""
    rows = [row for row in zone.versions[owner_serial]
            if not (row[0] == APEX and overlay.get(row[1]))]
    rows += [(APEX, kind, 300, rdata) for kind, several in overlay.items() for rdata in several]
    return frozenset([process.soa_row(zone.soa(owner_serial)), *rows])


def owner_rows(number):
    extra = [(b"\4v%03d" % number + APEX, wire.A, 300, struct.pack("!I", number)),
             (b"\4same" + APEX, wire.TXT, 300, b"\1" + bytes([97 + number]))]
    return owner_side.sample_rows(APEX_TEXT, f"version {number}", extra)


# The secondary ------------------------------------------------------------------------------------


class Secondary:
    """Answers NOTIFY, transfers after each step, and remembers every (serial, content)."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.notified = 0
        self.seen = {}
        self.last = None
        self.copy = None
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                octets, source = self.socket.recvfrom(4096)
                parsed = wire.parse(octets)
                if parsed.opcode == wire.NOTIFY and not parsed.flags & wire.QR:
                    self.notified += 1
                    self.socket.sendto(wire.message(
                        parsed.ident, wire.QR | wire.AA, wire.NOTIFY,
                        zone=[parsed.question_octets]), source)
            except wire.Malformed:
                continue
            except OSError:
                return

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def look(self, target):
        """Content by AXFR, and by IXFR from the copy before; both are judged."""
        serial, content = process.content_of(process.transfer(target, APEX_TEXT, seconds=3.0))
        self.remember(serial, content)
        if self.copy is not None:
            old, before = self.copy
            rows = process.transfer(target, APEX_TEXT, serial=old, seconds=3.0)
            newest, applied = process.apply_incremental(rows, before, old)
            self.remember(newest, applied)
            serial, content = newest, applied
        self.copy = serial, content
        return serial, content

    def remember(self, serial, content):
        digest = process.digest_of(content)
        if self.seen.setdefault(serial, digest) != digest:
            raise Wrong(f"serial {serial} has had another content")
        if self.last is not None and wire.serial_less(serial, self.last):
            raise Wrong(f"serial went back from {self.last} to {serial}")
        self.last = serial


# The session --------------------------------------------------------------------------------------


class Session:
    def __init__(self, shim, crashes=()):
        self.shim = shim
        self.crashes = collections.deque(crashes)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="chorale-crash-"))
        self.count_file = self.directory / "count"
        self.secondary = Secondary()
        self.primary = owner_side.Primary("127.0.0.1")
        self.zone = self.primary.add(owner_side.PrimaryZone(APEX_TEXT))
        self.combiner = process.Combiner(self.directory, self.configuration())
        self.overlay = {}
        self.owner_serial = FIRST_OWNER_SERIAL
        self.died = 0
        self.kept = self.lost = 0

    def configuration(self):
        return (process.key_section(UPDATE_KEY)
                + f'[[primary]]\nname = "owner"\naddresses = ["127.0.0.1:{self.primary.port}"]\n'
                + '[[secondary]]\nname = "signer"\n'
                + f'addresses = ["127.0.0.1:{self.secondary.port}"]\nnotify = true\n'
                + f'[[updater]]\nname = "msa"\nkey = "{UPDATE_KEY.name}"\n'
                + '[[template]]\nname = "default"\nprimaries = ["owner"]\n'
                + 'secondaries = ["signer"]\nupdaters = ["msa"]\nserial = "follow"\n'
                + f'[[zone]]\nname = "{APEX_TEXT}"\ntemplate = "default"\n')

    def run(self):
        begin = time.monotonic()
        self.zone.publish(self.owner_serial, owner_rows(0))
        with self.primary:
            try:
                self.start()
                self.script()
                self.check_notified()
                self.stop()
                return Outcome(self.died, time.monotonic() - begin, self.counts(), self.kept,
                               self.lost)
            except (AssertionError, process.TransferRefused, OSError, wire.Malformed) as fault:
                raise Wrong(f"{type(fault).__name__}: {fault}\n{self.combiner.tail(12)}") from fault
            finally:
                if self.combiner.process is not None:
                    self.combiner.kill()
                self.secondary.close()
                shutil.rmtree(self.directory, ignore_errors=True)

    def stop(self):
        """SIGTERM; a kill that waited for the way out is a crash like any other."""
        code = self.combiner.stop()
        while code == -9 and self.count_file.exists() and self.died < MOST_DEATHS:
            self.died += 1
            self.start()
            self.after_crash(None)
            code = self.combiner.stop()
        if code != 0:
            raise Wrong(f"exit code {code} after SIGTERM")

    def counts(self):
        if not self.count_file.exists():
            return {}
        numbers = struct.unpack(f"={len(COUNT_KINDS)}Q", self.count_file.read_bytes())
        return dict(zip(COUNT_KINDS, numbers))

    def start(self):
        """Starts the process, with the next crash of the list if there is one, until it serves."""
        while True:
            environment = {}
            crash = self.crashes.popleft() if self.crashes else None
            if crash is not None:
                environment = {"LD_PRELOAD": self.shim, "CHORALE_CRASH_AT": str(crash.at),
                               "CHORALE_CRASH_WHEN": crash.when,
                               "CHORALE_CRASH_COUNT": str(self.count_file)}
            self.secondary.notified = 0
            self.combiner.start(environment, wait=False)
            try:
                self.until(self.serves, "ready and serving")
                return
            except Died:
                self.bury()

    def serves(self):
        return self.combiner.ready.is_set() and self.serial() is not None

    def serial(self):
        parsed = process.ask(self.combiner.target, APEX_TEXT, wire.SOA, seconds=0.2)
        if parsed is None or parsed.rcode != 0 or not parsed.sections[0]:
            return None
        return wire.soa_serial(wire.plain_rdata(parsed, parsed.sections[0][0]))

    def bury(self):
        self.died += 1
        code = self.combiner.reap()
        if code != -9:
            raise Wrong(f"the combiner ended by itself with {code}\n{self.combiner.tail(12)}")

    def until(self, condition, what):
        end = time.monotonic() + STEP_SECONDS
        while True:
            value = self.alive_or_died(condition)
            if value:
                return value
            if time.monotonic() > end:
                raise Wrong(f"not within {STEP_SECONDS} s: {what}\n{self.combiner.tail(12)}")
            time.sleep(0.002)

    def alive_or_died(self, action):
        """The action's value; Died if it failed, or answered nothing, because of the kill."""
        try:
            value = action()
        except (OSError, process.TransferRefused) as fault:
            self.raise_if_dead(DEATH_SECONDS if isinstance(fault, ConnectionError)
                               or "end of stream" in str(fault) else 0.0)
            raise
        if not value:
            self.raise_if_dead(0.0)
        return value

    def raise_if_dead(self, patience):
        end = time.monotonic() + patience
        while self.combiner.is_alive():
            if time.monotonic() >= end:
                return
            time.sleep(0.001)
        raise Died

    # Steps --------------------------------------------------------------------------------------

    def script(self):
        self.step(self.look)
        updates, versions = iter(range(UPDATES)), iter(range(1, VERSIONS + 1))
        while True:
            done = True
            for number in (next(updates, None), next(updates, None)):
                if number is not None:
                    self.do_update(number)
                    done = False
            number = next(versions, None)
            if number is not None:
                self.do_version(number)
                done = False
            if done:
                break
        content = self.step(self.look)
        if content != combined(self.zone, self.owner_serial, self.overlay):
            raise Wrong("the end state is not the expected one")

    def step(self, action, allowed=None):
        """Does the action until it succeeds; after each crash the state must be an allowed one."""
        while True:
            try:
                return action()
            except Died:
                self.bury()
                self.start()
                self.after_crash(allowed)

    def after_crash(self, allowed):
        states = allowed() if allowed else [(self.owner_serial, self.overlay)]
        while True:
            try:
                content = self.look()
                break
            except Died:
                self.bury()
                self.start()
        for number, (owner, overlay) in enumerate(states):
            if content == combined(self.zone, owner, overlay):
                return number
        raise Wrong("state after the restart is none of the allowed ones: "
                    + describe(content, [combined(self.zone, *one) for one in states]))

    def look(self):
        return self.alive_or_died(lambda: self.secondary.look(self.combiner.target))[1]

    def do_update(self, number):
        changes, after = step_update(number, self.overlay)
        before = self.overlay
        answered = []

        def allowed():
            # An acknowledged UPDATE is there; the one under way is there wholly or not at all.
            if answered:
                return [(self.owner_serial, after)]
            content = self.secondary_content()
            whole = content == combined(self.zone, self.owner_serial, after)
            self.kept += whole
            self.lost += not whole
            return [(self.owner_serial, after), (self.owner_serial, before)]

        def send():
            plain = wire.message(opcode=wire.UPDATE, zone=[wire.question(APEX, wire.SOA)],
                                 second=changes)
            octets, mac = wire.sign(plain, UPDATE_KEY)
            answer = process.exchange_tcp(self.combiner.target, octets, seconds=5.0)
            if answer is None:
                self.raise_if_dead(DEATH_SECONDS)
                raise Wrong(f"UPDATE {number} was not answered")
            parsed = wire.parse(answer)
            if parsed.rcode != 0 or not wire.verifies(parsed, UPDATE_KEY, mac):
                raise Wrong(f"UPDATE {number}: {wire.RCODE_NAMES.get(parsed.rcode)}")
            answered.append(True)
            return True

        def send_and_look():
            if not answered:
                send()
            content = self.look()
            if content != combined(self.zone, self.owner_serial, after):
                raise Wrong(f"UPDATE {number} was acknowledged and is not in the next transfer: "
                            + describe(content, [combined(self.zone, self.owner_serial, after)]))

        self.step(send_and_look, allowed)
        self.overlay = after

    def secondary_content(self):
        try:
            return self.look()
        except Died:
            return None

    def do_version(self, number):
        before = self.owner_serial
        # Small steps and a leap, so that both "follow" and "last + 1" are used.
        after = before + (1 if number % 3 else 40)
        self.zone.publish(after, owner_rows(number))
        wanted = combined(self.zone, after, self.overlay)
        plain = wire.message(flags=wire.AA, opcode=wire.NOTIFY,
                             zone=[wire.question(APEX, wire.SOA)])

        def notify_and_look():
            checked, last_notify = None, 0.0

            def arrived():
                nonlocal checked, last_notify
                if time.monotonic() - last_notify > NOTIFY_EVERY:
                    last_notify = time.monotonic()
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
                        out.sendto(plain, self.combiner.target)
                serial = self.serial()
                if serial is None or serial == checked:
                    return False
                checked, content = self.secondary.look(self.combiner.target)
                return content == wanted

            self.until(arrived, f"version {number} of the owner")

        self.step(notify_and_look, lambda: [(after, self.overlay), (before, self.overlay)])
        self.owner_serial = after

    def check_notified(self):
        """NOTIFY goes out after every start (RFC 1996: again until answered)."""
        self.step(lambda: self.until(lambda: self.secondary.notified > 0 or None,
                                     "NOTIFY after the last start"))


def describe(content, expected):
    best = min(expected, key=lambda one: len(one ^ content))
    return (f"missing {sorted(best - content)[:3]}, too much {sorted(content - best)[:3]}")


def run_session(shim, crashes):
    """(crashes, Outcome or None, text of what is wrong or None); for a pool of processes."""
    try:
        return crashes, Session(shim, crashes).run(), None
    except Wrong as fault:
        return crashes, None, str(fault)
    except Exception as fault:  # a defect of the test itself must be seen with its point
        return crashes, None, f"{type(fault).__name__}: {fault}"
