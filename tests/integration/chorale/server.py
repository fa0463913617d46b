"""A program that runs for a test: its folder, its port, its log, its end.

Subclasses write a configuration and say how the program is told that a zone has changed. All of
them can be owner's primary, plain secondary and (but NSD) signer, per zone, by the same calls:

    owner.primary(zone, to=[(combiner, key)])       an unsigned zone; notifies and serves `to`
    server.secondary(name, of=(combiner, key))      a plain copy
    signer.signer(name, of=(combiner, key))         a copy that is signed inline
"""

import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import threading

from . import ports, wait, wire

_READY = 20.0
_STOP = 15.0
_PDEATHSIG = 1  # prctl(2): the kernel ends our servers should the tests be killed
_libc = ctypes.CDLL(None, use_errno=True)


class Role:
    """What one server does with one zone."""

    def __init__(self, kind, name, zone=None, of=None, to=()):
        self.kind = kind      # "primary", "secondary" or "signer"
        self.name = name
        self.zone = zone      # OwnerZone of a primary
        self.of = of          # (server, key) to transfer from
        self.to = list(to)    # (server, key) that may transfer and are notified
        self.sign = False     # a primary that signs its own zone (Knot only)

    @property
    def bare(self):
        return self.name.rstrip(".")


class Server:
    kind = "server"
    program = None

    def __init__(self, directory, name):
        self.name = name
        self.directory = pathlib.Path(directory) / name
        self.directory.mkdir(parents=True)
        self.address = ports.ADDRESS
        self.port = ports.claim()
        self.roles = {}
        self.process = None
        self.log_path = self.directory / "log"
        self.log_through_pipe = False

    # For tests.

    @property
    def endpoint(self):
        return (self.address, self.port)

    def primary(self, zone, to=()):
        self.roles[zone.name] = Role("primary", zone.name, zone=zone, to=to)
        return self

    def secondary(self, name, of, to=()):
        self.roles[name] = Role("secondary", name, of=of, to=to)
        return self

    def signer(self, name, of, to=()):
        self.roles[name] = Role("signer", name, of=of, to=to)
        return self

    def start(self):
        """Runs the program until it answers on UDP and TCP."""
        self.configure()
        self.launch()
        self.wait_ready()
        return self

    def launch(self):
        assert not self.running, "%s runs already" % self.name
        with open(self.log_path, "ab") as log:
            log.write(b"---- start of %s\n" % self.name.encode())
            log.flush()
            self.process = subprocess.Popen(
                self.command(), cwd=self.directory, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if self.log_through_pipe else log,
                stderr=subprocess.STDOUT, start_new_session=True, env=self.environment(),
                preexec_fn=self.before_exec, restore_signals=not self.log_through_pipe)
        if self.log_through_pipe:
            threading.Thread(target=self._pump, args=(self.process.stdout,), daemon=True).start()

    def stop(self):
        """SIGTERM and wait; a program that does not end in time fails the test."""
        if not self.running:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError("%s did not end within %.0f s of SIGTERM" % (self.name, _STOP))
        self._end_group()
        return code

    def kill9(self):
        """The whole process group at once, without a chance to write anything."""
        if self.running:
            self._end_group()
            self.process.wait(_STOP)

    def restart(self, hard=False):
        self.kill9() if hard else self.stop()
        self.launch()
        self.wait_ready()
        return self

    def hang_up(self):
        self.process.send_signal(signal.SIGHUP)

    def pause(self):
        """A server that is there and says nothing; resume() ends it."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def resume(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_log(self, text, deadline=20.0, count=1):
        wait.until(lambda: self.log().count(text) >= count,
                   "%r in the log of %s" % (text, self.name), deadline)

    def serial(self, zone, **more):
        return wire.serial(self.endpoint, zone, **more)

    def wait_serial(self, zone, serial, deadline=30.0, **more):
        """Until `serial` is served. A callable decides by the serial seen."""
        good = serial if callable(serial) else lambda seen: seen == serial
        last = [None]

        def look():
            last[0] = self.serial(zone, **more)
            return last[0] is not None and good(last[0])
        wait.until(look, lambda: "%s serves serial %s of %s, it has %s" % (
            self.name, "that fits" if callable(serial) else serial, zone, last[0]), deadline)
        return last[0]

    def transfer(self, zone, key=None, **more):
        return wire.transfer(self.endpoint, zone, key, **more)

    # For subclasses.

    def configure(self):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def load(self, zone):
        """The owner has edited `zone`: write it, make the server load and announce it."""
        raise NotImplementedError

    def environment(self):
        return None

    def before_exec(self):
        _libc.prctl(_PDEATHSIG, signal.SIGKILL)

    def wait_ready(self):
        def answers():
            assert self.running, "%s ended with %s:\n%s" % (
                self.name, self.process.returncode, self.log()[-3000:])
            return all(wire.rcode(self.endpoint, self.probe(), "SOA", tcp=tcp, deadline=1.0)
                       for tcp in (False, True))
        wait.until(answers, "%s answers" % self.name, _READY)
        for role in self.roles.values():
            if role.kind == "primary":
                self.wait_serial(role.name, lambda seen, role=role: seen == role.zone.serial
                                 or role.sign)

    def probe(self):
        return next(iter(self.roles), "ready.invalid.")

    def keys(self):
        """All keys of all roles, once each."""
        found = {}
        for role in self.roles.values():
            for _, key in role.to + ([role.of] if role.of else []):
                if key:
                    found[key.name] = key
        return list(found.values())

    def write(self, name, text, mode=0o644):
        path = self.directory / name
        part = self.directory / (name + ".part")
        part.write_text(text)
        part.chmod(mode)
        part.replace(path)  # whoever reads it sees the old or the new file, never a half one
        return path

    def write_zone(self, zone):
        return self.write(zone.name + "zone", zone.text)

    def tool(self, *command, check=True, deadline=20):
        done = subprocess.run([str(c) for c in command], cwd=self.directory, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=deadline)
        assert not check or done.returncode == 0, "%s: %s" % (command, done.stdout)
        return done.stdout

    def _pump(self, pipe):
        with open(self.log_path, "ab") as log:
            for line in pipe:
                log.write(line)
                log.flush()

    def _end_group(self):
        # The group is ours alone: start_new_session made it.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def require(program):
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/local/sbin")
    assert path, "%s is not installed: deploy/bootstrap brings it" % program
    return path
