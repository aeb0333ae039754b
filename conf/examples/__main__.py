"""Run pages with nothing but Python: ``python3 conf/examples docs/tutorials/first-socket.md``.

Only syntax that old Pythons understand stands here, so that they can say what is wrong.
"""

import os
import sys

if sys.version_info < (3, 11):
    sys.exit("examples: this is Python %d.%d, and 3.11 or later is needed" % sys.version_info[:2])

CONF = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [CONF, os.path.join(os.path.dirname(CONF), "src")]

from examples.command import main

if __name__ == "__main__":
    # What a page prints, a terminal may lack.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main())
