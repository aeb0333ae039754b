"""Whole programs, written as for any system, end the same way on the kernel and on the model.

Each program runs as a process of its own, once with ``python program.py`` and once with
``python -m bsdsockets run program.py``: output, error output and exit status are compared.
What a program needs and the model has not is refused, and the message says what and why.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cpython_suites import pythons

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
PROGRAMS = sorted((HERE / "programs").glob("*.py"))
LIMIT = 60

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0,
    reason="the programs use Linux's event descriptors, and raw sockets as root",
)


def run(python: str, program: Path, *, on_model: bool) -> tuple[str, str, int]:
    """Run a program; returns its output, its error output and its exit status."""
    done = subprocess.run(
        [python, *(["-m", "bsdsockets", "run"] if on_model else []), str(program)],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        env={**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return done.stdout, done.stderr, done.returncode


OFTEN_DIFFERENT = ("asyncio_everything", "between_processes", "busy", "children", "dates",
                   "descriptors", "forked_servers", "forking", "processes", "queue_loops",
                   "signals", "thread_locals", "time_after_a_child", "tls_echo", "told_tracebacks",
                   "uncaught", "waiting")  # fmt: skip
"""Programs of what differs from one Python to the next; the others run on one."""

CASES = [
    pytest.param(program, python, id=f"{program.stem}-{version}")
    for program in PROGRAMS
    for version, python in pythons.found().items()
    if python == sys.executable or program.stem in OFTEN_DIFFERENT
]


@pytest.mark.parametrize(("program", "python"), CASES)
def test_a_program_does_the_same_on_the_model(program: Path, python: str) -> None:
    if program.stem == "tls_echo" and not pythons.has_suites(python):
        pytest.skip("the certificate is one of Lib/test")
    assert run(python, program, on_model=True) == run(python, program, on_model=False)


REFUSED = {
    "a socket for a child": (
        "import socket as s, subprocess; a, b = s.socketpair(); subprocess.Popen('true', stdin=a)",
        r"not on the model: a socket as another process's descriptor: .* Python programs only",
    ),
    "a socket as a shell's standard output": (
        "import os, socket; a, b = socket.socketpair(); os.dup2(a.fileno(), 1); "
        "os.execv('/bin/true', ['true'])",
        r"not on the model: a socket as another process's descriptor",
    ),
    "splice": (
        "import os, socket; a, b = socket.socketpair(); os.splice(a.fileno(), os.pipe()[1], 9)",
        r"not on the model: os.splice of a socket; read and write",
    ),
    "a socket of C's": (
        "import ctypes; ctypes.CDLL(None).socket(2, 1, 0)",
        r"not on the model: socket of C, by ctypes; use the module socket",
    ),
    "C's send": (
        "import ctypes, socket; a, b = socket.socketpair(); "
        "ctypes.CDLL(None).send(a.fileno(), b'x', 1, 0)",
        r"not on the model: send of C, by ctypes; use the module socket",
    ),
    "C's bind": (
        "import ctypes, socket; s = socket.socket(); "
        "ctypes.CDLL(None).bind(s.fileno(), bytes(16), 16)",
        r"not on the model: bind of C, by ctypes, for this family; use the module socket",
    ),
    "setting a clock": (
        "import time; time.clock_settime(time.CLOCK_MONOTONIC, 0)",
        r"PermissionError: \[Errno 1\] not on the model: setting a clock",
    ),
    "another machine": (
        "import socket; socket.create_connection(('192.0.2.1', 80))",
        r"OSError: \[Errno 101\] Network is unreachable",
    ),
    "a name": (
        "import socket; socket.create_connection(('www.example.com', 80))",
        r"gaierror: \[Errno -2\] Name or service not known",
    ),
    "waiting that nobody ends": (
        "import threading; threading.Event().wait()",
        r"Deadlock: nobody can ever wake: MainThread in acquire: waits for a lock",
    ),
}


@pytest.mark.skipif(sys.version_info < (3, 12) and not hasattr(os, "splice"), reason="no splice")
@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_there_is_said(what: str, tmp_path: Path) -> None:
    source, message = REFUSED[what]
    program = tmp_path / "program.py"
    program.write_text(source)
    _, error, status = run(sys.executable, program, on_model=True)
    assert status == 1
    assert re.search(message, error)
    assert "bsdsockets/" not in error.rpartition("\n")[0].replace("bsdsockets.machine", "")
