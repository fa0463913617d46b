"""Nothing is written beside the tests; the modules of tests/hostile are used as they are."""

import pathlib
import sys

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).parent),
                str(pathlib.Path(__file__).parent.parent / "hostile")]
