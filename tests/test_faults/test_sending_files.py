"""The programs that send a file, as processes of the operating system: large files, bad company."""

from __future__ import annotations

import hashlib
import socket
import struct
import subprocess
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.page_programs import HOW_TO, client_of, port_in

PROGRAMS = replace(HOW_TO, limit=60)


def send(port: int, path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return PROGRAMS.run("send_file", str(port), str(path), *more)


def receiving(path: Path) -> AbstractContextManager[tuple[subprocess.Popen[str], str]]:
    return PROGRAMS.running("receive_file", "0", str(path))


@pytest.mark.parametrize("size", [0, 1, 20_000_000])
def test_a_file_of_any_size_arrives_whole(size: int, tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    original.write_bytes(hashlib.shake_128(b"a file").digest(size))
    copy.write_bytes(b"what was there before")
    with receiving(copy) as (process, line):
        assert send(port_in(line), original).stdout == f"sent {size} bytes, and they are stored\n"
        assert process.communicate(timeout=PROGRAMS.limit) == (f"received {size} bytes\n", "")
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
    with receiving(copy) as (process, line):
        with client_of(line) as stranger:
            stranger.sendall(sent)
            with suppress(OSError):  # refused by now
                stranger.shutdown(socket.SHUT_WR)
            assert process.stdout is not None
            assert process.stdout.readline() == f"127.0.0.1: {said}\n"
        assert copy.read_bytes() == b"before"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "original"]
        assert send(port_in(line), original).returncode == 0
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
        listener.settimeout(PROGRAMS.limit)
        port = str(listener.getsockname()[1])
        sender = PROGRAMS.start("send_file", port, str(tmp_path / "file"), "--tries", "1")
        with listener.accept()[0] as connection:
            connection.settimeout(PROGRAMS.limit)
            assert connection.recv(100)[:8] == struct.pack("!Q", 1)
            connection.sendall(bytes(32))
            assert "has stored something else" in sender.communicate(timeout=PROGRAMS.limit)[1]
        assert sender.returncode == 1
