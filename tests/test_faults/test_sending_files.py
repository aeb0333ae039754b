"""The programs that send a file, as processes of the operating system: large files, bad company."""

from __future__ import annotations

import hashlib
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
LIMIT = 60


def command(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-W", "error", "-B", str(HOW_TO / f"{name}.py"), *arguments]


def send(port: int, path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("send_file", str(port), str(path), *more), capture_output=True, text=True,
        timeout=LIMIT, check=False,
    )  # fmt: skip


@contextmanager
def receiving(path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start a receiver; give its process and its port."""
    process = subprocess.Popen(
        command("receive_file", "0", str(path)), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline().split()[-1])
    finally:
        process.kill()
        process.communicate(timeout=LIMIT)


@pytest.mark.parametrize("size", [0, 1, 20_000_000])
def test_a_file_of_any_size_arrives_whole(size: int, tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    original.write_bytes(hashlib.shake_128(b"a file").digest(size))
    copy.write_bytes(b"what was there before")
    with receiving(copy) as (process, port):
        assert send(port, original).stdout == f"sent {size} bytes, and they are stored\n"
        assert process.communicate(timeout=LIMIT) == (f"received {size} bytes\n", "")
    assert copy.read_bytes() == original.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "original"]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", "0 of 8 bytes, then the end"),
        (b"GET / HTTP/1.0\r\n\r\n", "a file of 5135603447292250196 bytes is announced"),
        (struct.pack("!Q", 100) + b"only some of it", "85 of 100 bytes are missing"),
    ],
)
def test_who_sends_less_or_something_else_leaves_no_trace(
    sent: bytes, said: str, tmp_path: Path
) -> None:
    copy, original = tmp_path / "copy", tmp_path / "original"
    copy.write_bytes(b"before")
    original.write_bytes(b"after")
    with receiving(copy) as (process, port):
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT) as stranger:
            stranger.sendall(sent)
            with suppress(OSError):  # refused by now
                stranger.shutdown(socket.SHUT_WR)
            assert process.stdout is not None
            assert process.stdout.readline() == f"127.0.0.1: {said}\n"
        assert copy.read_bytes() == b"before"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "original"]
        assert send(port, original).returncode == 0
    assert copy.read_bytes() == b"after"


def test_a_sender_without_a_receiver_tries_again_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with socket.socket() as held:  # bound and not listening: refuses
        held.bind(("127.0.0.1", 0))
        ended = send(held.getsockname()[1], tmp_path / "file", "--tries", "2")
    assert ended.returncode == 1 and ended.stderr.count("Connection refused") == 2
    assert ended.stderr.endswith("send_file.py: not sent\n")


def test_a_receiver_that_stores_something_else_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT)
        sender = subprocess.Popen(
            command("send_file", str(listener.getsockname()[1]), str(tmp_path / "file"),
                    "--tries", "1"), stderr=subprocess.PIPE, text=True)  # fmt: skip
        with listener.accept()[0] as connection:
            connection.settimeout(LIMIT)
            assert connection.recv(100)[:8] == struct.pack("!Q", 1)
            connection.sendall(bytes(32))
            assert "has stored something else" in sender.communicate(timeout=LIMIT)[1]
        assert sender.returncode == 1


@pytest.mark.parametrize("name", ["send_file", "receive_file"])
def test_both_explain_themselves(name: str) -> None:
    ended = subprocess.run(command(name, "--help"), capture_output=True, text=True, timeout=LIMIT)
    assert ended.returncode == 0 and ended.stdout.startswith("usage: ")
