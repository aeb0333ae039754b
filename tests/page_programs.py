"""The whole programs that lie beside pages, as processes of the operating system.

    with TUTORIALS.running("echo_server_tcp", "0") as (process, line):
        with client_of(line) as client: ...
        output = TUTORIALS.finish(process)

A warning is an error in them, and each has a limit: none outlives its test.
"""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1] / "docs"


@dataclass(frozen=True)
class Programs:
    """The programs of a folder of pages."""

    folder: Path
    ends_by: signal.Signals  # what its servers are stopped with
    limit: float = 30  # seconds

    def names(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob("*.py"))

    def path(self, name: str) -> str:
        return str(self.folder / f"{name}.py")

    def command(self, name: str, *arguments: str) -> list[str]:
        return [sys.executable, "-W", "error", "-B", self.path(name), *arguments]

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program to its end."""
        return subprocess.run(
            self.command(name, *arguments),
            capture_output=True, text=True, timeout=self.limit, check=False,
        )  # fmt: skip

    def start(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(name, *arguments),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    @contextlib.contextmanager
    def running(self, name: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """Start a program; give its process and its first line."""
        process = self.start(name, *arguments)
        try:
            with self.limited(process):
                assert process.stdout is not None
                yield process, process.stdout.readline()
        finally:
            process.kill()
            with contextlib.suppress(ValueError):  # a test has closed its output
                process.communicate()

    @contextlib.contextmanager
    def limited(self, process: subprocess.Popen[Any]) -> Iterator[None]:
        """End a process that still runs after the limit."""
        timer = threading.Timer(self.limit, process.kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def finish(self, process: subprocess.Popen[str], number: signal.Signals | None = None) -> str:
        """Send a signal; the program must end well and say nothing on standard error.

        A signal that comes just before a call waits is seen after the call: then it takes a second.
        """
        process.send_signal(number or self.ends_by)
        try:
            output, errors = process.communicate(timeout=8)
        except subprocess.TimeoutExpired:
            process.send_signal(number or self.ends_by)
            output, errors = process.communicate(timeout=self.limit)
        assert process.returncode == 0 and errors == "", errors
        return output


TUTORIALS = Programs(DOCS / "tutorials", signal.SIGINT)
HOW_TO = Programs(DOCS / "how-to", signal.SIGTERM)


def port_in(line: str) -> int:
    """Return the last number of a program's first line."""
    return int(re.findall(r"\d+", line)[-1])


def client_of(line: str) -> socket.socket:
    """Connect to the server that printed this first line."""
    return socket.create_connection(("127.0.0.1", port_in(line)), timeout=TUTORIALS.limit)


def one_line(ended: subprocess.CompletedProcess[str]) -> str:
    """Return the message a program ended with, which is no traceback."""
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    return ended.stderr.strip().splitlines()[-1]
