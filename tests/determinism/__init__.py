"""The same program gives the same run: on every CPython, under hash randomisation, every time.

    programs    what is run: threads, asyncio, HTTP, backpressure, datagrams
    trace       the child: runs one program on a machine of its own and prints every event
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))  # when run as a program
