"""The agent's program under test. Its path is the environment variable CHORALE_MSA, by default the
`dev` build of this tree.
"""

import os
import pathlib
import subprocess

_ROOT = pathlib.Path(__file__).resolve().parents[3]
_DEFAULT = _ROOT / "build" / "dev" / "msa" / "msa"
_DEADLINE = 60.0


def program():
    path = os.environ.get("CHORALE_MSA") or str(_DEFAULT)
    assert os.access(path, os.X_OK), "no msa at %s: build it, or set CHORALE_MSA" % path
    return path


def run(*words, before=(), **more):
    """One verb, whatever comes of it. `before`: a command that runs it, such as unshare."""
    return subprocess.run([*map(str, before), program(), *map(str, words)], text=True,
                          stdout=more.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE,
                          timeout=_DEADLINE, **more)


def printed(*words):
    """What a verb prints that must succeed without a word on stderr."""
    done = run(*words)
    assert done.returncode == 0 and done.stderr == "", (words, done)
    return done.stdout
