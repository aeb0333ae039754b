"""Ask the model for what it does not have; it says what, and mostly what to take instead.

python3 -m bsdsockets run refused.py
"""

import importlib
import os
import socket
import subprocess
import textwrap


def ask(call, *arguments, **named):
    """Call and print the refusal."""
    try:
        call(*arguments, **named)
    except (ImportError, OSError) as error:
        print(textwrap.fill(f"{type(error).__name__}: {error}", 90, subsequent_indent="    "))


near, far = socket.socketpair()
with near, far:
    ask(importlib.import_module, "uvloop")
    ask(os.splice, near.fileno(), far.fileno(), 1)
    ask(subprocess.run, ["cat"], stdin=near)
