"""kill -9 at every write, sync, link and unlink of `msa keygen`: no key is half there, none is lost,
and what is missing can be made. And an error of each: there are both keys or none.
"""

import itertools
import os
import pathlib
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from chorale import msa  # noqa: E402

NAMES = ("sig0.pem", "tls.pem")
# Points: write, sync, link, unlink and sync of the directory for each file, and sync of its parent.
AT_LEAST = 11
IDENTITY = "msa.example."


@pytest.fixture(scope="module")
def shim():
    path = os.environ.get("CHORALE_CRASH_SHIM", "")
    assert os.path.exists(path), "CHORALE_CRASH_SHIM names the built crash_points module"
    return path


def _is_whole(path):
    for kind in ("pkey",) if path.name == NAMES[0] else ("pkey", "x509"):
        done = subprocess.run(["openssl", kind, "-in", path, "-noout"], stderr=subprocess.DEVNULL,
                              timeout=60)
        if done.returncode != 0:
            return False
    return True


def _run(shim, directory, point, moment):
    return msa.run("keygen", "--directory", directory, env={
        **os.environ, "LD_PRELOAD": shim, "CHORALE_CRASH_AT": str(point),
        "CHORALE_CRASH_WHEN": moment})


def _killed(shim, directory, point, moment):
    """False if there is no such point."""
    done = _run(shim, directory, point, moment)
    assert done.returncode in (0, -signal.SIGKILL), done
    assert (done.returncode == 0) == (done.stdout != ""), "told of keys, or killed"
    return done.returncode != 0


@pytest.mark.parametrize("moment", ["before", "after", "torn"])
def test_a_kill_at_any_point_leaves_whole_keys_or_none(shim, tmp_path, moment):
    seen = set()
    for point in itertools.count(1):
        directory = tmp_path / str(point)
        if not _killed(shim, directory, point, moment):
            break
        for path in directory.iterdir():
            assert path.stat().st_mode & 0o7777 == 0o600
        before = {name: (directory / name).read_bytes() for name in NAMES
                  if (directory / name).exists()}
        for name in before:
            assert _is_whole(directory / name), (point, name)
        seen.add(tuple(before))
        missing = [name for name in NAMES if name not in before]
        if missing:
            more = ("--only", missing[0][:-len(".pem")]) if before else ()
            msa.printed("keygen", "--directory", directory, *more)
        for name, octets in before.items():
            assert (directory / name).read_bytes() == octets, (point, name)
        msa.printed("records", "--directory", directory, "--identity", IDENTITY, "--address",
                    "192.0.2.1")
    assert point > AT_LEAST
    assert seen == {(), NAMES[:1], NAMES}


def test_an_error_at_any_point_leaves_both_keys_or_none(shim, tmp_path):
    """Only what is beside a key may fail to go away: then the keys are there."""
    spared = []
    for point in itertools.count(1):
        directory = tmp_path / str(point)
        done = _run(shim, directory, point, "failed")
        there = sorted(path.name for path in directory.glob("*.pem"))
        assert there == ([] if done.returncode else sorted(NAMES)), (point, done)
        assert (done.returncode == 1) == ("Input/output error" in done.stderr), (point, done)
        if done.returncode != 0:
            assert list(directory.iterdir()) == [], point
        elif len(list(directory.iterdir())) > len(NAMES):
            spared.append(point)
        else:
            break
    assert point > AT_LEAST
    assert len(spared) == 2, "the unlink of each file"
