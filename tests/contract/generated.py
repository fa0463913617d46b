#!/usr/bin/python3
"""What is printed by a program and kept in the tree: the combiner's sample configuration and the
reference in its manual.

    generated.py COMBINER            exit 1 if they are not what COMBINER prints
    generated.py COMBINER --write    writes them
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "combiner/combiner.toml.sample"
MANUAL = ROOT / "combiner/README.md"
REFERENCE = re.compile(r"(<!-- generated: combiner reference -->\n\n).*?(\n<!-- end -->)", re.S)


def printed(program, verb):
    return subprocess.run([program, verb], stdout=subprocess.PIPE, text=True, check=True).stdout


def expected(program):
    """Path and content of each file, as it should be."""
    manual = MANUAL.read_text()
    assert len(REFERENCE.findall(manual)) == 1, "the manual has no place for the reference"
    reference = printed(program, "reference")
    return {SAMPLE: printed(program, "sample"),
            MANUAL: REFERENCE.sub(lambda m: m.group(1) + reference + m.group(2), manual)}


def main(program, *options):
    stale = [path for path, text in expected(program).items()
             if not path.exists() or path.read_text() != text]
    if "--write" in options:
        for path in stale:
            path.write_text(expected(program)[path])
        return 0
    for path in stale:
        print("%s is not what %s prints: run tests/contract/generated.py COMBINER --write"
              % (path.relative_to(ROOT), program), file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
