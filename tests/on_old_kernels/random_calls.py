"""Random programs on this kernel and on the model of it: ``random_calls.py FAMILY CALLS SEED``.

Prints what differs, and how many calls were made.  The programs are made and judged by
tests/against_kernel.  Linux 6.1 ends with a fault of its own where X.25's listen() follows a call
whose data nobody read; no program does that.
"""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    family, calls, seed = sys.argv[1:4]
    sys.path[:0] = [str(Path(__file__).resolve().parents[2])]
    sys.argv[1:] = ["--of", family, "--calls", calls, "--brief", "--seed", seed]
    runpy.run_module("tests.against_kernel.sequences", run_name="__main__")
