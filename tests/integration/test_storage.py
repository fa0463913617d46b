"""A disk that is full, refuses writes or is read-only; a file that is broken; a second daemon.

The small disk is a tmpfs in a private mount namespace: as root by `unshare -m`, else by
`unshare -rm` in a user namespace. Where neither is allowed the tests fail: they are not skipped,
since what they prove is promised.
"""

import os
import pathlib
import resource
import shutil
import subprocess

import pytest

from chorale import wait, zone as zones
from chorale.chain import Chain
from chorale.foreign import ForeignProvider, dnskey
from chorale.server import require
from chorale.updater import Change


def namespace():
    """The command that gives a private mount namespace here."""
    for command in (["unshare", "-m"], ["unshare", "-rm"]):
        probe = command + ["sh", "-c", "mount -t tmpfs tmpfs /mnt"]
        if subprocess.run(probe, stderr=subprocess.DEVNULL).returncode == 0:
            return command
    pytest.fail("no private mount namespace: neither `unshare -m` nor `unshare -rm` can mount a "
                "tmpfs. Run the tests as root, or allow user namespaces.")


class SmallDisk:
    """Runs a combiner with its state directory on a tmpfs of its own."""

    def __init__(self, combiner, size="8m"):
        self.combiner = combiner
        combiner.state.mkdir(parents=True)
        self.holder = subprocess.Popen(
            namespace() + ["sh", "-c", 'mount -t tmpfs -o size=%s,mode=0700 tmpfs "$1" && '
                           "echo ready && exec cat" % size, "sh", str(combiner.state)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"ready\n"
        # The disk belongs to the holder, so that it outlives the combiner.
        combiner.prefix = self._enter()

    def _enter(self):
        user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        # The root too: the tests may run in a chroot, which a mount namespace alone would leave.
        return [require("nsenter"), "-t", str(self.holder.pid), "-m", "-r", *user, "--"]

    @property
    def path(self):
        return pathlib.Path("/proc/%d/root%s" % (self.holder.pid, self.combiner.state))

    def fill(self):
        """No octet is left."""
        with open(self.path / "filler", "ab", buffering=0) as filler:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while True:
                        filler.write(b"x" * size)
                except OSError:
                    continue

    def empty(self):
        (self.path / "filler").unlink()

    def remount(self, how):
        subprocess.run(self._enter() + ["mount", "-o", "remount,bind," + how,
                                         str(self.combiner.state)], check=True)

    def close(self):
        self.holder.stdin.close()
        self.holder.wait(10)


@pytest.fixture
def small(lab):
    disks = []

    def make(combiner, size="8m"):
        disks.append(SmallDisk(combiner, size))
        return disks[-1]
    yield make
    for server in lab.servers:
        if server.kind == "combiner" and server.running:
            server.stop()
    for disk in disks:
        disk.close()


def _refuses(chain, change):
    """Every UPDATE that needs the disk is answered SERVFAIL, and leaves no trace."""
    before = chain.combiner.combined(chain.zone)
    assert chain.updater().send(change) == "SERVFAIL"
    after = chain.combiner.combined(chain.zone)
    assert after.rcode == "NOERROR" and after.serial == before.serial
    zones.compare(after.contents, before.contents)


def _until_taken(chain, change):
    wait.until(lambda: chain.updater().send(change) == "NOERROR", "UPDATE is taken again")


def _until_refused(chain):
    """Until the disk is felt: what is allocated already may take a few changes more. The keys that
    were answered NOERROR are returned: they count."""
    taken = []
    for _ in range(2000):
        text = dnskey(True).to_text()
        if chain.updater().send(Change().delete(chain.zone, "DNSKEY").add(
                chain.zone, "DNSKEY", text)) == "SERVFAIL":
            return taken
        taken.append(text)
    pytest.fail("2,000 UPDATEs on a disk that takes no octet were all answered NOERROR")


def test_disk_full(lab, small):
    chain = Chain(lab, "knot", None)
    disk = small(chain.combiner)
    chain.start()
    foreign = ForeignProvider(chain.zone)
    chain.update(Change().add(chain.zone, "CDS", foreign.cds))

    disk.fill()
    taken = _until_refused(chain)
    _refuses(chain, Change().add(chain.zone, "CSYNC", foreign.csync))
    if taken:
        assert chain.combiner.rdata(chain.zone, "DNSKEY") == {taken[-1]}
    assert chain.combiner.rdata(chain.zone, "CDS") == {foreign.cds}
    document = chain.combiner.zone(chain.zone)
    assert document["last_errors"], "the reason is shown"

    # The owner changes its zone: what cannot be kept is not served (serials are never reused).
    serial = chain.combiner.serial(chain.zone)
    chain.content.add("late." + chain.zone, "A", "192.0.2.1")
    chain.content.bump()
    chain.owner.load(chain.content)
    assert chain.combiner.combined(chain.zone).rcode == "NOERROR"

    disk.empty()  # nobody restarts anything
    _until_taken(chain, Change().add(chain.zone, "CSYNC", foreign.csync))
    assert chain.combiner.rdata(chain.zone, "CSYNC") == {foreign.csync}
    status, text = chain.combiner.rest("POST", "/admin/v1/zones/%s/refresh" % chain.zone)
    assert status in (200, 202, 204), text
    chain.await_owner(30)
    after = chain.combiner.combined(chain.zone)
    assert after.serial != serial

    chain.combiner.restart(hard=True)
    again = chain.combiner.combined(chain.zone)
    assert again.serial == after.serial
    zones.compare(again.contents, after.contents)


def test_kill_while_the_disk_is_full(lab, small):
    """Everything that was acknowledged is there when space has come."""
    chain = Chain(lab, "knot", None)
    disk = small(chain.combiner)
    chain.start()
    text = dnskey(True).to_text()
    chain.update(Change().add(chain.zone, "DNSKEY", text))
    disk.fill()
    taken = _until_refused(chain)
    serial = chain.combiner.serial(chain.zone)
    chain.combiner.kill9()
    disk.empty()
    chain.combiner.launch()
    chain.combiner.wait_ready()
    chain.combiner.wait_serial(chain.zone, serial)
    assert chain.combiner.rdata(chain.zone, "DNSKEY") == {taken[-1] if taken else text}


def test_disk_that_refuses_every_write(lab):
    """The running daemon meets a disk that takes no more writes, full or not: RLIMIT_FSIZE 0 lets
    every write to a file fail, as a disk does that the kernel has turned read-only."""
    chain = Chain(lab, "knot", None)
    chain.combiner.log_through_pipe = True  # its log must not be a file then
    chain.start()
    foreign = ForeignProvider(chain.zone)
    chain.update(Change().add(chain.zone, "CDS", foreign.cds))
    pid = chain.combiner.process.pid
    old = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, old[1]))
    _refuses(chain, Change().add(chain.zone, "CSYNC", foreign.csync))
    _refuses(chain, Change().delete(chain.zone, "CDS"))
    assert chain.combiner.rest("GET", "/healthz", token="")[0] in (200, 503)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, old)
    _until_taken(chain, Change().add(chain.zone, "CSYNC", foreign.csync))
    serial = chain.combiner.serial(chain.zone)
    chain.combiner.restart(hard=True)
    assert chain.combiner.serial(chain.zone) == serial
    assert chain.combiner.rdata(chain.zone, "CSYNC") == {foreign.csync}
    assert chain.combiner.rdata(chain.zone, "CDS") == {foreign.cds}


def test_start_on_a_read_only_disk(lab, small):
    """It says so and ends, or serves what it has and refuses UPDATEs; all is there afterwards."""
    chain = Chain(lab, "knot", None)
    disk = small(chain.combiner)
    chain.start()
    foreign = ForeignProvider(chain.zone)
    chain.update(Change().add(chain.zone, "CDS", foreign.cds))
    before = chain.combiner.combined(chain.zone)
    chain.combiner.stop()
    disk.remount("ro")
    chain.combiner.launch()
    wait.until(lambda: not chain.combiner.running or "combiner.ready" in
               chain.combiner.log().rsplit("---- start of", 1)[-1], "ends, or is ready")
    if chain.combiner.running:
        zones.compare(chain.combiner.combined(chain.zone).contents, before.contents)
        _refuses(chain, Change().add(chain.zone, "CSYNC", foreign.csync))
        chain.combiner.stop()
    else:
        assert chain.combiner.process.returncode > 0
        assert str(chain.combiner.state) in chain.combiner.log().rsplit("---- start of", 1)[-1]
    disk.remount("rw")
    chain.combiner.launch()
    chain.combiner.wait_ready()
    after = chain.combiner.combined(chain.zone)
    assert after.serial == before.serial
    zones.compare(after.contents, before.contents)


# Two daemons, broken files.

def _run_until_it_ends(combiner, deadline=15):
    """For a start that must fail: the exit code and what was said."""
    combiner.configure()
    try:
        done = subprocess.run(combiner.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=deadline)
    except subprocess.TimeoutExpired as error:
        pytest.fail("it runs, where it should refuse to: %s" % (error.stdout or b"").decode())
    return done.returncode, done.stdout


def test_two_daemons_on_one_directory(lab):
    chain = Chain(lab, "nsd", None).start()
    second = lab.combiner("second", state=chain.combiner.state)
    code, said = _run_until_it_ends(second)
    assert code > 0, said
    assert str(chain.combiner.state) in said, "it names the directory: " + said
    assert "combiner.ready" not in said
    # The first has not noticed.
    chain.update(Change().add(chain.zone, "NS", "a.other.example."))
    chain.check_combined(chain.combiner.combined(chain.zone).of("NS", name=chain.zone))
    # And when the first has ended, the second may.
    chain.combiner.stop()
    second.start()
    second.stop()


def test_state_is_not_for_others(lab):
    """0700 and 0600."""
    chain = Chain(lab, "nsd", None).start()
    state = chain.combiner.state
    assert state.stat().st_mode & 0o777 == 0o700
    for path in state.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("damage", ["header", "middle", "truncated", "no-database", "empty-tables"])
def test_broken_database_is_refused(lab, damage):
    """It does not serve from a bad file, and says which."""
    chain = Chain(lab, "nsd", None).start()
    for number in range(30):
        chain.update(Change().add(chain.zone, "NS", "n%d.other.example." % number))
    chain.combiner.stop()
    file = chain.combiner.state / "combiner.db"
    assert file.exists(), sorted(p.name for p in chain.combiner.state.iterdir())
    octets = bytearray(file.read_bytes())
    if damage == "header":
        octets[0:16] = b"This is not a db"
    elif damage == "middle":
        # Every page but the first: b-tree headers and cells become noise.
        page = int.from_bytes(octets[16:18], "big")
        for start in range(page, len(octets), page):
            octets[start:start + 200] = os.urandom(200)
    elif damage == "truncated":
        del octets[len(octets) // 2:]
    elif damage == "no-database":
        octets = bytearray(os.urandom(8192))
    file.write_bytes(octets)
    if damage == "empty-tables":
        # A sound SQLite file that is none of ours.
        import sqlite3
        file.unlink()
        database = sqlite3.connect(file)
        database.execute("CREATE TABLE other (x)")
        database.execute("PRAGMA user_version = 9999")
        database.commit()
        database.close()
    kept = file.read_bytes()
    code, said = _run_until_it_ends(chain.combiner)
    assert code > 0, said
    assert "combiner.db" in said, "it names the file: " + said
    assert "combiner.ready" not in said
    assert file.read_bytes() == kept, "evidence is left as it was"


def test_symbolic_link_is_not_followed(lab):
    """The file is opened with O_NOFOLLOW."""
    chain = Chain(lab, "nsd", None).start()
    chain.combiner.stop()
    file = chain.combiner.state / "combiner.db"
    aside = chain.combiner.directory / "aside.db"
    shutil.move(file, aside)
    file.symlink_to(aside)
    code, said = _run_until_it_ends(chain.combiner)
    assert code > 0 and "combiner.db" in said, said


def test_lock_file_of_a_dead_daemon_is_no_lock(lab):
    chain = Chain(lab, "nsd", None).start()
    serial = chain.combiner.serial(chain.zone)
    for _ in range(3):
        chain.combiner.restart(hard=True)
    assert chain.combiner.serial(chain.zone) == serial


def test_lost_database_does_not_take_the_serial_back(lab):
    """All state is gone: the owner's zone is fetched again; `follow` may only know the owner's
    serial, and the zone is whole."""
    chain = Chain(lab, "nsd", None).start()
    chain.combiner.stop()
    shutil.rmtree(chain.combiner.state)
    chain.combiner.launch()
    chain.combiner.wait_ready()
    chain.combiner.wait_serial(chain.zone, chain.content.serial)
    chain.check_combined()
