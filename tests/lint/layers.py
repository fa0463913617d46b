#!/usr/bin/env python3
"""Reads every #include "..." and refuses one that points upwards.

Includes are written from the root ("common/dns/name.hpp"), so that a line tells
both ends of the arrow. The table is the one of CONTRIBUTING.md.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# room -> rooms that it may include, besides itself
MAY_INCLUDE = {
    "common/base": set(),
    "common/dns": {"common/base"},
    "common/crypto": {"common/base", "common/dns"},
    "common/zone": {"common/base", "common/dns"},
    "common/store": {"common/base"},
    "common/runtime": {"common/base"},
    "common/http": {"common/base"},
    "common/net": {"common/base", "common/dns", "common/crypto", "common/zone"},
    "common/resolve": {"common/base", "common/dns", "common/crypto"},
    "proto": {"common/base", "common/dns", "common/crypto"},
    "combiner/core": {"common/base", "common/dns", "common/crypto", "common/zone", "proto"},
    "msa/core": {"common/base", "common/dns", "common/crypto", "common/zone", "proto"},
}
SHELLS = {"common/store", "common/runtime", "common/http", "common/net", "common/resolve"}
for daemon in ("combiner", "msa"):
    MAY_INCLUDE[daemon + "/app"] = (
        {daemon + "/core", "proto", "common/base", "common/dns", "common/crypto", "common/zone"} | SHELLS)
    MAY_INCLUDE[daemon] = {daemon + "/app"}

# What the pure rooms may not touch at all: I/O, clocks, threads, environment.
PURE = ["common/base", "common/dns", "common/zone", "combiner/core", "msa/core", "proto"]
IMPURE_HEADERS = re.compile(
    r"<(boost/(asio|beast)/.*|sqlite3\.h|openssl/.*|unbound\.h|thread|mutex|condition_variable|future|"
    r"fstream|filesystem|iostream|unistd\.h|sys/(socket|stat|time)\.h|spdlog/.*|prometheus/.*|random)>")
IMPURE_CALLS = re.compile(
    r"\b(system_clock|steady_clock)::now\b|\bgetenv\s*\(|\bstd::random_device\b|\b(time|rand)\s*\(\s*(nullptr|NULL|0)?\s*\)")
# Base itself may know the clock's types, never its value; HMAC and digests are crypto's.
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|(<[^>]+>))', re.M)


def room_of(path: str):
    best = None
    for room in MAY_INCLUDE:
        if path.startswith(room + "/") and (best is None or len(room) > len(best)):
            best = room
    return best


def main() -> int:
    faults = []
    count = 0
    for top in ("common", "proto", "combiner", "msa"):
        for file in sorted((ROOT / top).rglob("*.[ch]pp")):
            path = file.relative_to(ROOT).as_posix()
            room = room_of(path)
            if room is None:
                faults.append(f"{path}: lies in no room")
                continue
            text = file.read_text(encoding="utf-8")
            count += 1
            for match in INCLUDE.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                quoted, system = match.groups()
                if quoted:
                    target = room_of(quoted)
                    if target is None or not (ROOT / quoted).exists():
                        faults.append(f'{path}:{line}: "{quoted}" is not written from the root')
                    elif target != room and target not in MAY_INCLUDE[room]:
                        faults.append(f"{path}:{line}: {room} may not include {target}")
                elif room in PURE and IMPURE_HEADERS.match(system):
                    faults.append(f"{path}:{line}: {room} is pure and may not include {system}")
            if room in PURE:
                for match in IMPURE_CALLS.finditer(text):
                    line = text.count("\n", 0, match.start()) + 1
                    faults.append(f"{path}:{line}: {room} is pure: {match.group(0)}")
    if count < 20:
        faults.append(f"only {count} files were found: the lint looks in the wrong place")
    print("\n".join(faults) or f"{count} files, every include points down")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
