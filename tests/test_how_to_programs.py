"""The how-to guides' programs where their pages do not go: clients, peers and users that misbehave.

``test_sending_files`` has those of the files; what all print when all is well, the pages check.
"""

from __future__ import annotations

import contextlib
import os
import re
import runpy
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.page_programs import HOW_TO, client_of, port_in

LIMIT = HOW_TO.limit
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these programs are Linux's")


def to_the_end(sock: socket.socket) -> bytes:
    """Return what comes until the end, or until a reset."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while data := sock.recv(65536):
            received += data
    return received


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


SERVERS = {
    "answer_udp": [], "line_server": [], "line_server_asyncio": [], "low_port": [],
    "chat_server": [], "workers": [], "dns_server": [], "websocket_server": [],
    "proxy_server": [], "stream_server": [],
    "tls_echo_server": [str(HOW_TO.folder / "localhost.pem")],
    "hand_over": ["{folder}/control"], "forward": ["127.0.0.1", "9"],
}  # fmt: skip


@pytest.mark.parametrize("name", SERVERS)
def test_a_port_that_is_taken_is_said_in_a_line(name: str, tmp_path: Path) -> None:
    kind = socket.SOCK_DGRAM if name == "answer_udp" else socket.SOCK_STREAM
    more = [word.replace("{folder}", str(tmp_path)) for word in SERVERS[name]]
    with socket.socket(type=kind) as held:
        held.bind(("127.0.0.1", 0))
        ended = HOW_TO.run(name, str(held.getsockname()[1]), *more)
    assert ended.returncode == 1 and "Address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture(params=["line_server", "line_server_asyncio"])
def line_server(request: pytest.FixtureRequest) -> str:
    """The same server with threads, and with asyncio."""
    name: str = request.param
    return name


def test_lines_come_in_any_pieces_and_several_at_once(line_server: str) -> None:
    with HOW_TO.running(line_server, "0") as (_, line), client_of(line) as client:
        for byte in "SET name é\r\n".encode():
            client.send(bytes([byte]))
        client.sendall(b"GET name\nGET other\nNO\n\xff\n\nGET name")
        client.sendall(b"\n")
        client.shutdown(socket.SHUT_WR)
        assert to_the_end(client).decode().splitlines() == [
            "OK", "OK é", "ERROR no such name", "ERROR SET name value, or GET name",
            "ERROR not UTF-8", "ERROR SET name value, or GET name", "OK é",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "ends_with"),
    [
        (b"GET a", "the end, in the middle of a line"),
        (b"x" * 1001 + b"\n", "a line of more than 1000 bytes"),
        (b"x" * 100_000, "a line of more than 1000 bytes"),
    ],
)
def test_a_client_that_breaks_the_rules_is_told_nothing_and_logged(
    line_server: str, sent: bytes, ends_with: str
) -> None:
    with HOW_TO.running(line_server, "0") as (process, line):
        with client_of(line) as client:
            with contextlib.suppress(OSError):
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
            assert to_the_end(client) == b""
        assert HOW_TO.finish(process).splitlines()[0].endswith(ends_with)


def test_no_client_holds_up_the_others(line_server: str) -> None:
    with HOW_TO.running(line_server, "0", "--idle", "0.5") as (process, line):
        silent, greedy = client_of(line), client_of(line)
        greedy.sendall(b"SET a %s\n" % (b"x" * 990))  # long answers fill the buffers soon
        greedy.settimeout(0.2)
        with contextlib.suppress(OSError):
            while True:
                greedy.sendall(b"GET a\n" * 10_000)
        for _ in range(5):
            reset(client_of(line))
        with client_of(line) as client:
            client.sendall(b"SET b c\n")
            assert client.recv(100) == b"OK\n"
        assert silent.recv(1) == b""  # the server has given it up
        poller = select.poll()
        poller.register(greedy, 0)  # wakes for a reset: it has been given up with much unread
        assert poller.poll(LIMIT * 1000)
        silent.close()
        greedy.close()
        assert HOW_TO.finish(process).count("timed out") == 2


def test_two_hundred_clients_and_only_so_many_at_a_time(line_server: str) -> None:
    answers = []

    def one(number: int) -> None:
        with client_of(line) as client:
            client.sendall(b"SET k%d %d\nGET k%d\n" % (number, number, number))
            client.shutdown(socket.SHUT_WR)
            answers.append(to_the_end(client) == b"OK\nOK %d\n" % number)

    with HOW_TO.running(line_server, "0", "--clients", "20") as (_, line):
        threads = [threading.Thread(target=one, args=(number,)) for number in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
    assert answers == [True] * 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_has_asked_before_the_stop_is_answered(
    line_server: str, number: signal.Signals
) -> None:
    with HOW_TO.running(line_server, "0") as (process, line), client_of(line) as client:
        client.sendall(b"GET a\n")
        assert client.recv(100) == b"ERROR no such name\n"
        client.sendall(b"GET a\n" * 500)
        process.send_signal(number)
        assert to_the_end(client) == b"ERROR no such name\n" * 500
        output, errors = process.communicate(timeout=LIMIT)
        assert (process.returncode, errors, output.endswith("stopped\n")) == (0, "", True)


def test_the_server_serves_on_when_nobody_reads_its_log(line_server: str) -> None:
    with HOW_TO.running(line_server, "0") as (process, line):
        assert process.stdout is not None
        process.stdout.close()
        for _ in range(3):
            with client_of(line) as client:
                client.sendall(b"SET a b\n")
                assert client.recv(100) == b"OK\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT) == 0


def coming(line: str, *names: str) -> list[BinaryIO]:
    """Let clients come into a chat, one after the other; each has heard that."""
    files = []
    for name in names:
        with client_of(line) as client:
            files.append(client.makefile("rwb"))
        files[-1].write(name.encode() + b"\n")
        files[-1].flush()
        for file in files:
            assert file.readline() == name.encode() + b" has come\n"
    return files


def talk_on(client: socket.socket) -> None:
    """Say more and more, and read nothing."""
    client.sendall(b"greedy\n")
    with contextlib.suppress(OSError):
        while True:
            client.sendall(b"x" * 990 + b"\n")


def test_what_one_says_in_a_chat_all_hear_and_nobody_s_terminal_obeys_it() -> None:
    with HOW_TO.running("chat_server", "0") as (process, line):
        alice, bob = coming(line, "alice", "bob")
        for byte in "h\u00e9llo\x1b[2J\n".encode() + b"\xff\nand ":
            alice.write(bytes([byte]))
            alice.flush()
        alice.close()
        heard = [bob.readline().decode() for _ in range(3)]
        assert heard == ["alice: h\u00e9llo?[2J\n", "alice: \ufffd\n", "alice has gone\n"]
        bob.close()
        assert HOW_TO.finish(process).splitlines()[0] == "alice: said goodbye"


def test_who_does_not_read_or_breaks_off_has_to_leave_the_chat_alone() -> None:
    with HOW_TO.running("chat_server", "0") as (process, line):
        (bob,) = coming(line, "bob")
        greedy = client_of(line)
        thread = threading.Thread(target=talk_on, args=(greedy,))
        thread.start()
        while bob.readline() != b"greedy has gone\n":
            pass
        thread.join(LIMIT)
        with client_of(line) as broken:
            broken.sendall(b"broken\n")
            assert bob.readline() == b"broken has come\n"
            reset(broken)
        assert bob.readline() == b"broken has gone\n"
        with client_of(line) as endless:
            endless.sendall(b"x" * 1001)
            assert to_the_end(endless) == b""
        greedy.close()
        bob.close()
        output = HOW_TO.finish(process)
    for said in "greedy: does not read", "broken: Connection reset by peer", "somebody: too long":
        assert said in output


def test_the_keyboard_and_the_chat_are_heard_at_once(tmp_path: Path) -> None:
    with HOW_TO.running("chat_server", "0") as (_, line):
        command = HOW_TO.command("chat_client", str(port_in(line)), "alice")
        client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with client, HOW_TO.limited(client):
            assert client.stdin and client.stdout
            assert client.stdout.readline() == b"alice has come\n"
            (bob,) = coming(line, "bob")
            assert client.stdout.readline() == b"bob has come\n"
            bob.write(b"hello, alice\n")
            bob.flush()
            assert client.stdout.readline() == b"bob: hello, alice\n"
            client.stdin.write(b"hello, bob\n")
            client.stdin.close()
            assert client.stdout.read() == b"alice: hello, bob\n"
            assert client.wait() == 0
        bob.close()
        words = tmp_path / "words.txt"  # epoll would refuse a file
        words.write_text("read from a file\n")
        with words.open() as file:
            ended = subprocess.run(
                command, stdin=file, capture_output=True, timeout=LIMIT, check=True
            )
        assert ended.stdout == b"alice has come\nalice: read from a file\n"


@contextlib.contextmanager
def behind_a_proxy(*options: str) -> Iterator[tuple[socket.socket, str, subprocess.Popen[str]]]:
    """A listener that a proxy can reach, the proxy's first line, and its process."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LIMIT)
        with HOW_TO.running("proxy_server", "0", *options) as (process, line):
            yield server, line, process


def heard(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += sock.recv(size - len(data))
    return data


def test_a_proxy_takes_its_client_byte_by_byte_and_not_a_byte_too_many() -> None:
    with behind_a_proxy() as (server, line, process):
        port = server.getsockname()[1].to_bytes(2, "big")
        requests = (
            b"\5\1\0" + b"\5\1\0\1\x7f\0\0\1" + port + b"early",
            b"\5\2\2\0" + b"\5\1\0\3\x09127.0.0.1" + port + b"early",
            b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nX: y\r\n\r\nearly" % server.getsockname()[1],
        )
        for request in requests:
            with client_of(line) as client:
                for byte in request:
                    client.send(bytes([byte]))
                with accepted(server) as connection:
                    assert heard(connection, 5) == b"early"
                    connection.sendall(b"late")
                    client.shutdown(socket.SHUT_WR)
                    assert to_the_end(connection) == b""
                assert to_the_end(client).endswith(b"late")
        assert HOW_TO.finish(process).count("5 bytes there, 4 back") == 3


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"\5\1\1", b"\5\xff"),
        (b"\5\1\0\5\2\0\1", b"\5\0\5\7\0\1" + bytes(6)),
        (b"\5\1\0\5\1\0\2", b"\5\0\5\x08\0\1" + bytes(6)),
        (b"\5\1\0\5\1\0\1\x7f\0\0\1\0\1", b"\5\0\5\5\0\1" + bytes(6)),
        (b"\5\1\0\5\1\0\3\3\xff..\0\1", b"\5\0\5\1\0\1" + bytes(6)),
        (b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n", b"HTTP/1.1 502 Bad Gateway\r\n"),
        (b"CONNECT localhost HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
        (b"CONNECT localhost:\xb2 HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
        (b"GET http://localhost/ HTTP/1.1\r\n\r\n", b"HTTP/1.1 405 Method Not Allowed\r\n"),
        (b"CONNECT " + b"x" * 9000, b"HTTP/1.1 431 Request Header"),
        (b"\5\1", b""),
        (b"\0", b""),
        (b"\4\1\0\1\x7f\0\0\1\0", b"\0\x5b" + bytes(6)),
    ],
)
def test_whom_a_proxy_cannot_serve_it_tells_why(sent: bytes, answer: bytes) -> None:
    with behind_a_proxy() as (_, line, process), client_of(line) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        got = to_the_end(client)
        assert got.startswith(answer) and bool(got) == bool(answer)
        assert "cannot be connected" in HOW_TO.finish(process)


def test_a_proxy_with_a_password_serves_nobody_without(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s:3\n")
    options = "--user", "alice", "--password-file", str(tmp_path / "secret")
    with behind_a_proxy(*options) as (_, line, _), HOW_TO.running("line_server", "0") as (_, store):
        there = "127.0.0.1", str(port_in(store)), "SET a b"
        for kind in "socks5", "http":
            for known, right in ("alice:s%3A3@", True), ("alice:s@", False), ("", False):
                url = f"{kind}://{known}127.0.0.1:{port_in(line)}"
                ended = HOW_TO.run("ask_through", url, *there)
                assert (ended.returncode == 0) == right == (ended.stdout == "OK\n")
                assert "Traceback" not in ended.stderr


def test_clients_that_never_say_where_to_hold_up_nobody() -> None:
    with behind_a_proxy("--limit", "1", "--clients", "20") as (server, line, process):
        silent = [client_of(line) for _ in range(20)]
        for _ in range(100):
            reset(client_of(line))
        with client_of(line) as client:
            port = server.getsockname()[1]
            client.sendall(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % port)
            with accepted(server) as connection:
                connection.sendall(b"here")
            assert to_the_end(client).endswith(b"here")
        for each in silent:
            each.close()
        assert HOW_TO.finish(process).endswith("stopped\n")


def events_after(line: str, request: bytes) -> bytes:
    with client_of(line) as client:
        for byte in request + b"\r\n":
            client.send(bytes([byte]))
        return to_the_end(client)


def test_a_stream_goes_on_where_the_client_was() -> None:
    options = "--every", "0.01", "--events", "3"
    with HOW_TO.running("stream_server", "0", *options) as (_, line):
        whole = events_after(line, b"GET /events HTTP/1.1\r\n")
        assert whole.endswith(b"\r\n0\r\n\r\n") and whole.count(b"\ndata: event ") == 3
        rest = events_after(line, b"GET /events HTTP/1.0\r\nLast-Event-ID: 2\r\n")
        assert rest.endswith(b"\r\n\r\nretry: 1000\n\nid: 3\ndata: event 3\n\n")
        odd = events_after(line, b"GET /events HTTP/1.0\r\nLast-Event-ID: \xb2\r\n")
        assert odd.count(b"\ndata: event ") == 3
        none = events_after(line, b"GET /events HTTP/1.1\r\nLast-Event-ID: 3\r\n")
        assert none.startswith(b"HTTP/1.1 204 ")


def test_who_does_not_read_a_stream_is_left_and_the_stop_ends_the_answers() -> None:
    options = "--every", "0.00001", "--events", "999999999", "--idle", "4", "--clients", "30"
    with HOW_TO.running("stream_server", "0", *options) as (process, line):
        deaf = client_of(line)
        deaf.sendall(b"GET /events HTTP/1.1\r\n\r\n")
        silent = [client_of(line) for _ in range(29)]
        for _ in range(100):
            reset(client_of(line))
        with client_of(line) as client:
            client.sendall(b"GET /events HTTP/1.1\r\n\r\n")
            assert client.recv(1) == b"H"
            process.send_signal(signal.SIGTERM)
            assert to_the_end(client).endswith(b"\r\n0\r\n\r\n")
        output, errors = process.communicate(timeout=LIMIT)
        assert (process.returncode, errors, output.endswith("stopped\n")) == (0, "", True)
        for each in deaf, *silent:
            each.close()


def test_a_stop_while_a_client_is_let_in_does_not_cut_off_its_answer() -> None:
    child = (
        "import os, runpy, signal, sys, threading\n"
        "del sys.argv[0]\n"
        "start = threading.Thread.start\n"
        "def stopped(thread):\n"
        "    start(thread)\n"
        "    if 'process_request' in thread.name:\n"
        "        sys.stdin.readline()  # until its answer has begun\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "threading.Thread.start = stopped\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    command = HOW_TO.command("stream_server", "0", "--every", "0.01", "--events", "999999")
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", child, *command[4:]],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process, HOW_TO.limited(process):
        assert process.stdin and process.stdout
        with client_of(process.stdout.readline()) as client:
            client.sendall(b"GET /events HTTP/1.1\r\n\r\n")
            assert client.recv(1) == b"H"
            process.stdin.write("\n")
            process.stdin.flush()
            assert to_the_end(client).endswith(b"\r\n0\r\n\r\n")
        output, errors = process.communicate(timeout=LIMIT)
    assert (process.returncode, errors, output.endswith("stopped\n")) == (0, "", True)


def test_who_follows_events_asks_for_the_rest_after_each_break() -> None:
    answers = [
        b"", b"HTTP/1.1 200 OK\r\n\r\nretry: 1\nid: 1\ndata: one\n\nid: 2\ndata: lo",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nid: 2\nda\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n: nothing\ndata: t\x1b[2J\r\ndata: wo\r\nid: 2\r\n\r\n",
    ]  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LIMIT)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/events"
        following = HOW_TO.start("follow_events", url, "--events", "2")
        with HOW_TO.limited(following):
            asked = []
            for answer in answers:
                with accepted(server) as connection:
                    asked.append(connection.recv(65536))
                    connection.sendall(answer)
            output, errors = following.communicate(timeout=LIMIT)
    assert (output, errors) == ("one\nt?[2J\nwo\n", "")
    assert [b"Last-Event-ID: 1\r\n" in each for each in asked] == [False, False, True, True]


UPGRADE = (
    b"GET /socket HTTP/1.1\r\nHost: localhost\r\n"
    b"Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def upgraded(line: str) -> socket.socket:
    """Connect, and do WebSocket's handshake byte by byte."""
    client = client_of(line)
    for byte in UPGRADE + b"\r\n":
        client.send(bytes([byte]))
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    assert head.startswith(b"HTTP/1.1 101 ") and b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
    return client


def masked(first: int, data: bytes) -> bytes:
    """A frame of a client; it has at most 125 bytes."""
    mask = b"\1\2\3\4"
    hidden = bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))
    return bytes([first, 0x80 | len(data)]) + mask + hidden


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (masked(0x81, b"hello"), b"\x81\5hello"),
        (masked(0x82, b"\xff"), b"\x82\1\xff"),
        (masked(1, b"he") + masked(0x89, b"?") + masked(0x80, b"llo"), b"\x8a\1?\x81\5hello"),
        (masked(0x88, b"\x0f\xa1bye"), b"\x88\2\x0f\xa1"),
        (b"\x81\5hello", b"\x88"),  # no mask
        (masked(0xC1, b"x"), b"\x88"),  # a bit that nobody agreed on
        (masked(0x83, b"x"), b"\x88"),  # an opcode that is none
        (masked(0x09, b"x"), b"\x88"),  # half a ping
        (masked(0x80, b"x"), b"\x88"),  # the end of no message
        (masked(1, b"x") + masked(0x81, b"x"), b"\x88"),  # a message in a message
        (masked(0x81, b"\xff"), b"\x88"),  # not UTF-8
        (b"\x82\xff" + (1 << 62).to_bytes(8, "big"), b"\x88"),
    ],
)
def test_each_frame_of_a_websocket_has_its_answer(sent: bytes, answered: bytes) -> None:
    with HOW_TO.running("websocket_server", "0") as (process, line):
        with upgraded(line) as client:
            for byte in sent:
                client.send(bytes([byte]))
            client.shutdown(socket.SHUT_WR)
            got = to_the_end(client)
        assert got.startswith(answered)
        if answered == b"\x88":
            assert int.from_bytes(got[2:4], "big") in (1002, 1007, 1009)
        assert "Traceback" not in HOW_TO.finish(process)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n", b"200 OK"),
        (b"GET /x HTTP/1.1\r\n", b"404 Not Found"),
        (b"POST / HTTP/1.1\r\n", b"400 Bad Request"),
        (UPGRADE.replace(b"13", b"8"), b"426 Upgrade Required"),
        (UPGRADE.replace(b"dGhl", b"d\xff"), b"400 Bad Request"),
        (UPGRADE + b"Origin: https://evil.example\r\n", b"403 Forbidden"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 9000, b"431 Request"),
    ],
)
def test_who_asks_for_no_websocket_gets_an_answer_of_http(request_: bytes, status: bytes) -> None:
    with HOW_TO.running("websocket_server", "0") as (_, line), client_of(line) as client:
        client.sendall(request_ + b"\r\n")
        assert to_the_end(client).startswith(b"HTTP/1.1 " + status)


def test_no_websocket_holds_up_the_others_or_the_stop() -> None:
    with HOW_TO.running("websocket_server", "0", "--idle", "1.5") as (process, line):
        mute = upgraded(line)  # it does not answer the ping
        greedy = upgraded(line)
        greedy.settimeout(0.2)
        with contextlib.suppress(OSError):
            while True:
                greedy.sendall(masked(0x81, b"x" * 125) * 1000)
        for _ in range(100):
            reset(client_of(line))
        assert mute.recv(100) == b"\x89\0" and to_the_end(mute) == b""
        with upgraded(line) as client:
            client.sendall(masked(0x81, b"still here"))
            assert client.recv(100) == b"\x81\x0astill here"
            process.send_signal(signal.SIGTERM)
            assert to_the_end(client).startswith(b"\x88\x12\x03\xe9the server stops")
        output, errors = process.communicate(timeout=LIMIT)
        assert (process.returncode, errors, output.endswith("stopped\n")) == (0, "", True)
        mute.close()
        greedy.close()


def dns_question(name: bytes, kind: int = 1, number: int = 7) -> bytes:
    return struct.pack("!6H", number, 0x100, 1, 0, 0, 0) + name + struct.pack("!2H", kind, 1)


WWW = b"\x03www\x07example\x03org\0"


def test_a_dns_server_answers_questions_and_nothing_else() -> None:
    an_answer = b"\0\7\x81\x80" + bytes(40)  # must not be answered
    with (
        HOW_TO.running("dns_server", "0", "www.example.org A 192.0.2.7") as (_, line),
        socket.socket(type=socket.SOCK_DGRAM) as client,
    ):
        client.settimeout(LIMIT)
        client.connect(("127.0.0.1", port_in(line)))
        for odd in b"", b"x", dns_question(WWW, number=9)[:-3], b"\xff" * 40, an_answer:
            client.send(odd)
        client.send(struct.pack("!6H", 8, 0, 1, 0, 0, 0) + b"\xff" * 30)
        client.send(dns_question(WWW.upper()))
        answers = [client.recv(512)]
        while answers[-1][:2] != b"\0\7":
            answers.append(client.recv(512))
        assert answers[-1].endswith(socket.inet_aton("192.0.2.7"))
        assert not [each for each in answers[:-1] if len(each) != 12]  # errors, of a header
        client.send(struct.pack("!6H", 8, 0x2000, 1, 0, 0, 0) + dns_question(WWW)[12:])
        assert client.recv(512)[2:4] == b"\xa4\4"  # NOTIFY: the same kind, not implemented


def test_a_dns_server_over_tcp_takes_any_pieces_and_two_hundred_askers() -> None:
    asked = dns_question(WWW)
    with HOW_TO.running("dns_server", "0", "www.example.org A 192.0.2.7") as (process, line):
        silent = client_of(line)
        with client_of(line) as client:
            for byte in struct.pack("!H", len(asked)) + asked:
                client.send(bytes([byte]))
            with client.makefile("rb") as file:
                answer = file.read(int.from_bytes(file.read(2), "big"))
            assert answer.endswith(socket.inet_aton("192.0.2.7"))
        for _ in range(200):
            reset(client_of(line))
        with client_of(line) as client:
            client.sendall(struct.pack("!H", len(asked)) + asked)
            client.shutdown(socket.SHUT_WR)
            assert len(to_the_end(client)) == 2 + len(answer)
        silent.close()
        assert HOW_TO.finish(process) == "stopped\n"


@pytest.mark.parametrize(
    ("after_the_question", "said"),
    [
        (b"\xc0\x21" + struct.pack("!2HIH", 5, 1, 0, 2) + b"\xc0\x21", "does not point back"),
        (b"\xc0\x0c" + struct.pack("!2HIH", 1, 1, 0, 400) + b"1234", "a record that is cut off"),
        (b"\xc0\x0c" + struct.pack("!2HIH", 1, 1, 0, 3) + b"123", "makes no sense"),
        (b"\x3f", "makes no sense"),
        (b"\xc0\x0c" + struct.pack("!2HIH", 16, 1, 0, 5) + b"\4\x1b[2J", '"\\027[2J"'),
    ],
)
def test_who_asks_a_dns_server_does_not_believe_everything(
    after_the_question: bytes, said: str
) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(LIMIT)
        asking = HOW_TO.start("ask_dns", "www.example.org", "--server", "127.0.0.1",
                              "--port", str(server.getsockname()[1]))  # fmt: skip
        with HOW_TO.limited(asking):
            asked, client = server.recvfrom(512)
            head = struct.pack("!5H", 0x8180, 1, 1, 0, 0)
            for number in bytes([asked[0] ^ 1, asked[1]]), asked[:2]:  # first to another question
                server.sendto(number + head + asked[12:] + after_the_question, client)
            output, errors = asking.communicate(timeout=LIMIT)
    assert said in output + errors and "Traceback" not in errors


@contextlib.contextmanager
def forwarded(*options: str) -> Iterator[tuple[socket.socket, str, subprocess.Popen[str]]]:
    """A listener, the line of the forwarder in front of it, and its process."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LIMIT)
        port = str(server.getsockname()[1])
        with HOW_TO.running("forward", "0", "127.0.0.1", port, *options) as (process, line):
            yield server, line, process


def accepted(server: socket.socket) -> socket.socket:
    connection, _ = server.accept()
    connection.settimeout(LIMIT)
    return connection


def test_an_end_is_forwarded_and_the_other_direction_goes_on() -> None:
    with forwarded() as (server, line, process):
        with client_of(line) as client, accepted(server) as connection:
            for byte in b"question":
                client.send(bytes([byte]))
            client.shutdown(socket.SHUT_WR)
            assert to_the_end(connection) == b"question"
            for byte in b"an answer":
                connection.send(bytes([byte]))
            assert client.recv(1) == b"a"
            connection.close()
            assert to_the_end(client) == b"n answer"
        assert "8 bytes there, 9 back\n" in HOW_TO.finish(process)


def test_much_in_both_directions_at_once_is_forwarded_whole() -> None:
    much = bytes(range(256)) * 20_000

    def tell(sock: socket.socket) -> None:
        sock.sendall(much)
        sock.shutdown(socket.SHUT_WR)

    with (forwarded() as (server, line, _), client_of(line) as client,
          accepted(server) as connection):  # fmt: skip
        threads = [threading.Thread(target=tell, args=(sock,)) for sock in (client, connection)]
        for thread in threads:
            thread.start()
        assert to_the_end(connection) == much
        assert to_the_end(client) == much
        for thread in threads:
            thread.join(LIMIT)


@pytest.mark.parametrize("who", ["client", "server"])
def test_a_reset_is_forwarded_as_a_reset(who: str) -> None:
    with forwarded() as (server, line, process):
        with client_of(line) as client, accepted(server) as connection:
            client.sendall(b"hello")
            assert connection.recv(5) == b"hello"
            resets, other = (client, connection) if who == "client" else (connection, client)
            reset(resets)
            with pytest.raises(ConnectionResetError):
                other.recv(1)
        assert "5 bytes there, 0 back: [Errno 104]" in HOW_TO.finish(process)


def test_an_answer_to_what_is_not_read_is_forwarded() -> None:
    with forwarded() as (server, line, _), client_of(line) as client:
        with accepted(server) as connection:
            client.sendall(b"more than is read")
            assert connection.recv(4) == b"more"
            connection.sendall(b"too large")
        with contextlib.suppress(OSError):
            for _ in range(100):
                client.sendall(bytes(10_000))
        assert client.recv(100) == b"too large"


def test_silence_is_an_error_when_both_are_silent() -> None:
    with (forwarded("--idle", "2") as (server, line, _), client_of(line) as client,
          accepted(server) as connection):  # fmt: skip
        begun = time.monotonic()
        while time.monotonic() < begun + 3:  # one direction is enough
            connection.send(b"x")
            assert client.recv(1) == b"x"
            threading.Event().wait(0.2)
        with pytest.raises(ConnectionResetError):  # silence is no end of file
            client.recv(1)


def test_who_does_not_read_is_given_up_alone() -> None:
    with forwarded("--idle", "0.5") as (server, line, process):
        with client_of(line) as greedy, accepted(server) as unread:
            greedy.settimeout(LIMIT)
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                while True:
                    greedy.sendall(bytes(100_000))
            with client_of(line) as client, accepted(server) as connection:
                client.sendall(b"hello")
                assert connection.recv(5) == b"hello"
            assert unread.recv(1) == b"\0"
        assert "timed out\n" in HOW_TO.finish(process)


def test_where_no_server_is_the_client_is_reset_and_the_next_is_taken() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and does not listen
        port = str(held.getsockname()[1])
        with HOW_TO.running("forward", "0", "127.0.0.1", port) as (process, line):
            for _ in range(2):
                with client_of(line) as client, pytest.raises(ConnectionResetError):
                    client.recv(1)
            output = HOW_TO.finish(process)
    assert output.count("cannot be connected: [Errno 111] Connection refused\n") == 2


def test_two_hundred_clients_are_forwarded_and_only_so_many_at_a_time(line_server: str) -> None:
    answers = []

    def one(line: str, number: int) -> None:
        with client_of(line) as client:
            client.sendall(b"SET k%d %d\nGET k%d\n" % (number, number, number))
            client.shutdown(socket.SHUT_WR)
            answers.append(to_the_end(client) == b"OK\nOK %d\n" % number)

    with HOW_TO.running(line_server, "0") as (_, behind):
        port = str(port_in(behind))
        running = HOW_TO.running("forward", "0", "127.0.0.1", port, "--clients", "20")
        with running as (_, line):
            threads = [threading.Thread(target=one, args=(line, n)) for n in range(200)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(LIMIT)
    assert answers == [True] * 200


def test_what_was_asked_before_the_stop_is_forwarded_and_answered() -> None:
    with forwarded() as (server, line, process):
        with client_of(line) as client, accepted(server) as connection:
            client.sendall(b"question")
            assert connection.recv(100) == b"question"
            process.send_signal(signal.SIGTERM)
            assert connection.recv(100) == b""  # the end, since the stop
            connection.sendall(b"answer")
            connection.close()
            assert to_the_end(client) == b"answer"
        output, errors = process.communicate(timeout=LIMIT)
        assert (process.returncode, errors, output.endswith("stopped\n")) == (0, "", True)


def ask_worker(line: str) -> int:
    """Say hello; return the number of the worker that answers."""
    with client_of(line) as client:
        client.sendall(b"hello\n")
        said = re.fullmatch(rb"worker (\d+): hello\n", to_the_end(client))
        assert said
        return int(said[1])


def children_of(process: subprocess.Popen[str]) -> list[int]:
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(word) for word in path.read_text(encoding="ascii").split()]


def test_two_hundred_clients_and_a_silent_one_are_served_by_workers() -> None:
    answers = []

    def one() -> None:
        answers.append(ask_worker(line))

    with HOW_TO.running("workers", "0", "--workers", "3", "--limit", "20") as (process, line):
        silent = client_of(line)
        for _ in range(5):
            reset(client_of(line))
        with client_of(line) as trickling:
            for byte in b"hello\n":
                trickling.send(bytes([byte]))
            assert to_the_end(trickling).endswith(b": hello\n")
        threads = [threading.Thread(target=one) for _ in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
        silent.close()
        HOW_TO.finish(process)
    assert len(answers) == 200 and set(answers) <= {1, 2, 3}


def test_a_worker_that_dies_is_replaced_and_all_end_with_the_parent() -> None:
    with HOW_TO.running("workers", "0", "--workers", "1") as (process, line):
        assert ask_worker(line) == 1
        (worker,) = children_of(process)
        os.kill(worker, signal.SIGKILL)
        assert ask_worker(line) == 1
        assert children_of(process) != [worker]
        output = HOW_TO.finish(process)
    assert output.endswith("worker 1 has died, and is started again\nstopped\n")


def test_workers_finish_their_client_when_the_parent_stops_or_is_killed() -> None:
    for number in signal.SIGTERM, signal.SIGKILL:
        with HOW_TO.running("workers", "0", "--workers", "1") as (process, line):
            assert ask_worker(line) == 1
            (worker,) = children_of(process)
            before = len(os.listdir(f"/proc/{worker}/fd"))
            deadline = time.monotonic() + LIMIT
            with client_of(line) as client:
                client.sendall(b"hel")
                while len(os.listdir(f"/proc/{worker}/fd")) == before:  # until it is accepted
                    assert time.monotonic() < deadline
                process.send_signal(number)
                client.sendall(b"lo\n")
                assert to_the_end(client) == b"worker 1: hello\n"
            assert process.wait(LIMIT) == (0 if number == signal.SIGTERM else -number)
            assert process.stdout and process.stdout.read() in ("stopped\n", "")


PEM = str(HOW_TO.folder / "localhost.pem")


def encrypted(line: str, **options: bool) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=PEM)
    return context.wrap_socket(client_of(line), server_hostname="localhost", **options)


def test_two_hundred_clients_are_served_over_tls_and_strangers_hold_up_nobody() -> None:
    answers = []

    def one(number: int) -> None:
        with encrypted(line, suppress_ragged_eofs=False) as client:
            for byte in b"%03d" % number:
                client.send(bytes([byte]))
            received = b""
            while len(received) < 3:
                received += client.recv(3)
            client.unwrap().close()
            answers.append(received == b"%03d" % number)

    with HOW_TO.running("tls_echo_server", "0", PEM, "--clients", "20") as (process, line):
        silent = [client_of(line) for _ in range(10)]
        for _ in range(3):
            client = encrypted(line)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        with client_of(line) as plain:
            plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
            to_the_end(plain)
        threads = [threading.Thread(target=one, args=(number,)) for number in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
        for client in silent:
            client.close()
        output = HOW_TO.finish(process)
    assert answers == [True] * 200
    assert "0 bytes: HTTP_REQUEST\n" in output
    assert output.count("3 bytes, TLSv1.3\n") == 200


def test_an_end_that_tls_does_not_say_is_told_and_silence_has_its_limit() -> None:
    with HOW_TO.running("tls_echo_server", "0", PEM, "--limit", "0.5") as (process, line):
        with encrypted(line) as client:
            client.sendall(b"half")
            assert client.recv(4) == b"half"
        with client_of(line) as silent:
            assert to_the_end(silent) == b""
        with encrypted(line) as silent:
            assert to_the_end(silent) == b""
        output = HOW_TO.finish(process)
    assert "4 bytes: UNEXPECTED_EOF_WHILE_READING\n" in output
    assert output.count("timed out\n") == 2


def test_a_server_that_cannot_prove_its_name_is_not_spoken_to() -> None:
    with HOW_TO.running("tls_echo_server", "0", PEM) as (_, line):
        port = str(port_in(line))
        ended = HOW_TO.run("tls_echo_client", "127.0.0.1", port, "hello")
        assert ended.stderr == "tls_echo_client.py: 127.0.0.1: self-signed certificate\n"
        ended = HOW_TO.run("tls_echo_client", "127.0.0.2", port, "hello", "--trust", PEM)
    assert "IP address mismatch" in ended.stderr or "refused" in ended.stderr
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        client = HOW_TO.start("tls_echo_client", "localhost", port, "hello", "--trust", PEM)
        with HOW_TO.limited(client), accepted(server) as connection:
            connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
            assert "WRONG_VERSION_NUMBER" in client.communicate()[1]


def test_the_page_and_the_file_have_the_same_certificate() -> None:
    page = (HOW_TO.folder / "encrypt-with-tls.md").read_text()
    for line in Path(PEM).read_text().splitlines():
        assert f"\n... {line}\n" in page


@pytest.fixture
def silent() -> Iterator[tuple[str, int]]:
    """An address that does not answer: its server's queue is full."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield full.getsockname()


def race(addresses: list[tuple[str, int]], limit: float) -> socket.socket:
    module = runpy.run_path(HOW_TO.path("connect_first"))
    found = [(socket.AF_INET6 if ":" in host else socket.AF_INET, (host, port))
             for host, port in addresses]  # fmt: skip
    sock: socket.socket = module["Race"](found, 0.1).run(limit)
    return sock


def test_a_silent_address_and_one_that_refuses_do_not_stop_the_third(
    silent: tuple[str, int],
) -> None:
    with socket.socket() as held, socket.create_server(("127.0.0.1", 0)) as server:
        held.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        with race([silent, held.getsockname(), silent, server.getsockname()], LIMIT) as winner:
            assert winner.getpeername() == server.getsockname()
            assert winner.getblocking()


def test_if_no_address_answers_each_is_told(silent: tuple[str, int]) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(TimeoutError, match=r"127\.0\.0\.1: Connection refused; .*: no answer"):
            race([held.getsockname(), silent], 0.5)
        with pytest.raises(OSError, match=r"^127\.0\.0\.1: Connection refused$"):
            race([held.getsockname()], LIMIT)


def test_the_families_are_tried_in_turn() -> None:
    in_turn = runpy.run_path(HOW_TO.path("connect_first"))["in_turn"]
    six, four = socket.AF_INET6, socket.AF_INET
    found = [(six, "a"), (six, "b"), (six, "c"), (four, "d")]
    assert in_turn(found) == [(six, "a"), (four, "d"), (six, "b"), (six, "c")]
    assert in_turn([]) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "127.1.2.3", "::1"])
def test_an_answer_comes_from_where_the_question_went(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    kind = socket.SOCK_DGRAM
    with HOW_TO.running("answer_udp", "0") as (_, line), socket.socket(family, kind) as sock:
        sock.settimeout(LIMIT)
        try:
            sock.connect((host, port_in(line)))
        except OSError:
            pytest.skip(f"{host} cannot be reached here")
        sock.send(b"hello")
        assert sock.recv(100) == b"hello"


@pytest.mark.skipif(not IS_ROOT, reason="the tests do not run as root")
def test_the_low_port_is_served_by_an_ordinary_user() -> None:
    with HOW_TO.running("low_port", "0") as (process, line):
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        ids = re.search(r"Uid:\s+(\d+)\s+(\d+)\s+(\d+)", status)
        assert ids and "0" not in ids.groups()
        assert re.search(r"CapEff:\s+0+$", status, re.MULTILINE)
        with client_of(line) as client:
            assert to_the_end(client) == f"served by user {ids[1]}\n".encode()
        assert HOW_TO.finish(process).endswith("stopped\n")


def test_the_low_port_program_takes_a_socket_that_is_passed() -> None:
    child = (
        "import os, sys\n"
        "os.dup2(int(sys.argv[1]), 3)\n"
        "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')\n"
        "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        program = subprocess.Popen(
            [sys.executable, "-c", child, str(number),
             *HOW_TO.command("low_port", "--clients", "1")[1:]],
            pass_fds=[number], stdout=subprocess.PIPE,
        )  # fmt: skip
        address = listener.getsockname()
        with socket.create_connection(address, timeout=LIMIT) as client:
            assert to_the_end(client).startswith(b"served by user ")
        assert program.communicate(timeout=LIMIT)[0].startswith(b"listening on port")
        assert program.returncode == 0


def test_who_does_not_take_the_socket_does_not_end_the_server(tmp_path: Path) -> None:
    path = str(tmp_path / "control")
    with HOW_TO.running("hand_over", "0", path, "--name", "first") as (process, line):
        for _ in range(2):
            with socket.socket(socket.AF_UNIX) as stranger:
                stranger.connect(path)  # and leaves
        with client_of(line) as client:
            assert client.recv(100) == b"served by first\n"
        port = port_in(line)
        with HOW_TO.running("hand_over", str(port), path, "--name", "second") as (second, line):
            assert port_in(line) == port
            assert process.wait(LIMIT) == 0
            with client_of(line) as client:
                assert client.recv(100) == b"served by second\n"
            HOW_TO.finish(second)
    assert not os.path.exists(path)


def test_the_file_of_a_killed_server_is_replaced_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "control"
    with HOW_TO.running("hand_over", "0", str(path)) as (process, _):
        process.kill()
        process.wait(LIMIT)
    assert path.is_socket()
    with HOW_TO.running("hand_over", "0", str(path)) as (process, _):
        assert HOW_TO.finish(process).endswith("stopped\n")
    path.write_text("notes")
    ended = HOW_TO.run("hand_over", "0", str(path))
    assert "Address already in use" in ended.stderr and path.read_text() == "notes"


def test_all_interfaces_are_listed() -> None:
    listed = re.findall(r"^(\d+): (\S+): ", HOW_TO.run("interfaces").stdout, re.MULTILINE)
    assert [(int(number), name) for number, name in listed] == socket.if_nameindex()


@pytest.mark.skipif(not IS_ROOT, reason="the tests do not run as root")
def test_a_ping_takes_only_its_own_reply() -> None:
    module = runpy.run_path(HOW_TO.path("ping"))
    pings = [module["Ping"](socket.AF_INET, ("127.0.0.1", 0)) for _ in range(2)]
    with pings[0].sock, pings[1].sock:
        pings[1].sock.sendto(pings[1].request(1), pings[1].address)
        assert 0 <= pings[0].once(1, LIMIT) < LIMIT
        pings[0].identifier ^= 1  # nobody sends replies to this one
        pings[0].is_reply = lambda message, number: False
        with pytest.raises(TimeoutError, match="no reply"):
            pings[0].once(2, 0.1)


@pytest.mark.skipif(not IS_ROOT, reason="the tests do not run as root")
def test_what_was_watched_can_be_read_by_others(tmp_path: Path) -> None:
    tshark = shutil.which("tshark")
    if not tshark:
        pytest.skip("tshark is not installed")
    file = tmp_path / "udp.pcap"
    with socket.socket(type=socket.SOCK_DGRAM) as receiver, socket.socket(
        type=socket.SOCK_DGRAM
    ) as sender:
        receiver.bind(("127.0.0.1", 0))
        port = receiver.getsockname()[1]
        watching = HOW_TO.running("watch_frames", "lo", "--port", str(port), "--frames", "1",
                           "--write", str(file))  # fmt: skip
        with watching as (process, _):
            sender.sendto(b"hello", receiver.getsockname())
            output, errors = process.communicate(timeout=LIMIT)
    assert (process.returncode, errors) == (0, "")
    assert re.fullmatch(rf"in  127\.0\.0\.1:\d+ > 127\.0\.0\.1:{port} UDP 5 bytes\n", output)
    read = [tshark, "-r", str(file), "-T", "fields", "-e", "udp.dstport", "-e", "udp.length"]
    told = subprocess.run(read, capture_output=True, text=True, timeout=LIMIT, check=True)
    assert told.stdout.split() == [str(port), "13"]


def test_multicast_wants_a_group_and_an_interface_that_are_there() -> None:
    ended = HOW_TO.run("multicast", "hear", "127.0.0.1", "50007")
    assert "127.0.0.1 is no group" in ended.stderr
    ended = HOW_TO.run("multicast", "hear", "239.255.7.7", "50007", "--interface", "nosuch")
    assert re.search(r"there is no nosuch; there are .*lo", ended.stderr)
