#!/usr/bin/env python3
"""clang-format's opinion, and what a reviewer would say twice.

* every C++ file is formatted as .clang-format says (`style.py --fix` does it)
* headers begin with a comment that says what they are for, then #pragma once
* no unfinished words, no names of package hosts, no absolute paths of a developer's machine
* no names that say nothing: Manager, Helper, Util, Info
* no fixed sleeps in tests and scripts: they wait for the event, with a deadline
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# Split so that this file does not name them either.
HOSTS = re.compile("|".join(re.escape(a + b) for a, b in [
    ("deb.", "debian.org"), ("registry.", "npmjs"), ("pypi", ".org"), ("crates", ".io")]))
PATHS = re.compile("|".join(a + b for a, b in [("/wo", "rk/"), ("/fa", "rm/"), ("/home", r"/\w+/")]))
EMPTY_NAMES = re.compile(r"\b(?:class|struct)\s+\w*(Manager|Helper|Util|Utils|Info)\s*(?:final\s*)?[:{]")
SLEEPS = re.compile(r"\bsleep_for\b|\btime\.sleep\b|^\s*sleep \d", re.M)
# Where polling waits between two looks; each bounded by a deadline.
POLLING = {"tests/integration/chorale/wait.py", "tests/hostile/combiner_process.py",
           "tests/crash/session.py", "tests/unit/net/lab.hpp", "deploy/lab/wait.py"}


def tracked():
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True)
    if listed.returncode == 0 and listed.stdout:
        names = listed.stdout.decode().split("\0")
        return [ROOT / name for name in names if name and (ROOT / name).is_file()]
    return [p for p in ROOT.rglob("*") if p.is_file() and ".git" not in p.parts and "build" not in p.parts]


def main() -> int:
    faults = []
    cpp = []
    for file in tracked():
        path = file.relative_to(ROOT).as_posix()
        if "/corpus/" in path or path == "LICENSE":
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for pattern, what in ((UNFINISHED, "unfinished"), (HOSTS, "name of a package host"),
                              (PATHS, "path of a machine")):
            if path == "tests/lint/style.py":
                continue
            for match in pattern.finditer(text):
                faults.append(f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {what}: {match.group(0)}")
        if path.startswith(("tests/", "deploy/", ".ci/")) and path not in POLLING and not path.startswith("tests/lint/"):
            for match in SLEEPS.finditer(text):
                faults.append(f"{path}:{text.count(chr(10), 0, match.start()) + 1}: a fixed sleep: wait for the event")
        if path.endswith((".cpp", ".hpp")):
            cpp.append(file)
            for match in EMPTY_NAMES.finditer(text):
                faults.append(f"{path}: a name that says nothing: {match.group(0)}")
        if path.endswith(".hpp"):
            if not text.startswith("//"):
                faults.append(f"{path}:1: a header begins with what it is for")
            elif "#pragma once" not in text:
                faults.append(f"{path}: no #pragma once")
    if len(cpp) < 20:
        faults.append("hardly any C++ file was found: the lint looks in the wrong place")
    if "--fix" in sys.argv:
        subprocess.run(["clang-format-19", "-i", *map(str, cpp)], check=True)
    checked = subprocess.run(["clang-format-19", "--dry-run", "--Werror", *map(str, cpp)],
                             capture_output=True, text=True)
    if checked.returncode != 0:
        wrong = sorted({line.split(":")[0] for line in checked.stderr.splitlines() if "error: code should" in line})
        faults += [f"{pathlib.Path(name).relative_to(ROOT)}: not formatted (tests/lint/style.py --fix)" for name in wrong]
    print("\n".join(faults) or f"{len(cpp)} C++ files, nothing to say")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
