"""``python -m bsdsockets run``: several programs on one machine, and faults by name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

SERVER = """
import socket, sys, threading
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    try:
        while True:
            with server.accept()[0] as connection:
                print("served", connection.recv(100), "as", sys.argv)
                connection.sendall(b"thanks")
    except KeyboardInterrupt:
        print("interrupted", threading.current_thread().name == "MainThread")
"""
CLIENT = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as server:
    server.sendall(sys.argv[2].encode())
    print(sys.argv[0], server.recv(100))
"""


def run(where: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run programs that stand in *where*."""
    (where / "server.py").write_text(SERVER)
    (where / "client.py").write_text(CLIENT)
    (where / "broken.py").write_text("import signal\nsignal.signal(2, 0)\nraise ZeroDivisionError")
    (where / "ended.py").write_text("import sys\nsys.exit('no more')")
    (where / "deaf.py").write_text(
        "import threading, time\n"
        "while True:\n    try:\n        threading.Event().wait()\n"
        "    except KeyboardInterrupt:\n        print('not yet')\n"
    )
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "bsdsockets", "run", *words],
        cwd=where, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_last_program_is_the_one_that_is_waited_for(tmp_path: Path) -> None:
    ended = run(tmp_path, "server.py", "80", "+", "client.py", "80", "one", "+", "client.py", "80",
                "two")
    assert ended.stdout.splitlines() == [
        "served b'one' as ['server.py', '80']", "served b'two' as ['server.py', '80']",
        "client.py b'thanks'", "client.py b'thanks'", "interrupted False"]  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_program_that_fails_beside_the_last_makes_the_whole_fail(tmp_path: Path) -> None:
    ended = run(tmp_path, "ended.py", "+", "server.py", "80", "+", "client.py", "80", "one")
    assert (ended.returncode, ended.stderr) == (1, "no more\n")
    assert "client.py b'thanks'" in ended.stdout
    ended = run(tmp_path, "broken.py", "+", "server.py", "80", "+", "client.py", "80", "one")
    assert ended.returncode == 1 and ended.stderr.endswith("ZeroDivisionError\n")


def test_the_last_program_s_own_failure_is_told(tmp_path: Path) -> None:
    ended = run(tmp_path, "server.py", "80", "+", "client.py", "81", "one")
    assert ended.returncode == 1 and "Connection refused" in ended.stderr
    assert ended.stdout == "interrupted False\n"


def test_a_program_that_does_not_end_is_ended(tmp_path: Path) -> None:
    ended = run(tmp_path, "deaf.py", "+", "ended.py")
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "not yet\n", "no more\n")


def test_a_fault_is_named_and_may_have_parameters(tmp_path: Path) -> None:
    ended = run(tmp_path, "--fault", "short reads: most=1", "--fault", "slow peer",
                "server.py", "80", "+", "client.py", "80", "hello")
    assert ended.stdout.splitlines()[:2] == ["served b'h' as ['server.py', '80']", "client.py b't'"]


def test_an_unknown_fault_is_an_error_that_names_the_known_ones(tmp_path: Path) -> None:
    ended = run(tmp_path, "--fault", "rain", "client.py")
    assert ended.returncode == 2
    assert "no fault is called 'rain'; there are short reads, short writes, " in ended.stderr


def test_a_plus_needs_a_program_on_both_sides(tmp_path: Path) -> None:
    ended = run(tmp_path, "client.py", "+")
    assert ended.returncode == 2 and "a program is missing beside the +" in ended.stderr
