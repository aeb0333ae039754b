"""The tutorials' programs where their pages do not go: bad arguments, bad company, interruption.

What the programs print when all is well is checked by the pages' console blocks.
"""

from __future__ import annotations

import os
import runpy
import signal
import socket
import struct
import threading
from pathlib import Path

import pytest

from tests.page_programs import TUTORIALS, client_of, one_line, port_in

LIMIT = TUTORIALS.limit
ON_A_PORT = ["echo_server_tcp", "echo_server_udp", "web_server"]
CLIENTS = ["echo_client_tcp", "echo_client_udp"]

pytestmark = pytest.mark.skipif(
    not hasattr(socket, "AF_UNIX") or os.name != "posix", reason="needs AF_UNIX and signals"
)


@pytest.mark.parametrize("name", [*ON_A_PORT, *CLIENTS])
@pytest.mark.parametrize("port", ["70000", "http"])
def test_a_wrong_port_ends_with_a_sentence(name: str, port: str) -> None:
    arguments = [port, "hello"] if name in CLIENTS else [port]
    assert f"error: argument port: {'70000 is not between' if port[0] == '7' else 'invalid'}" in (
        one_line(TUTORIALS.run(name, *arguments))
    )


@pytest.mark.parametrize("name", ON_A_PORT)
def test_an_address_in_use_is_said_in_a_line(name: str) -> None:
    with TUTORIALS.running(name, "0") as (_, line):
        assert "Address already in use" in one_line(TUTORIALS.run(name, str(port_in(line))))


@pytest.mark.parametrize("name", CLIENTS)
def test_a_refused_connection_is_said_in_a_line(name: str) -> None:
    with socket.socket(type=socket.SOCK_STREAM) as held:  # bound and not listening: refuses
        held.bind(("127.0.0.1", 0))
        port = str(held.getsockname()[1])
        assert "Connection refused" in one_line(TUTORIALS.run(name, port, "hello"))


@pytest.mark.parametrize("name", ON_A_PORT)
def test_ctrl_c_ends_a_server_cleanly(name: str) -> None:
    with TUTORIALS.running(name, "0") as (process, _):
        assert TUTORIALS.finish(process) == "stopped\n"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_long_messages_come_back_whole_over_tcp(host: str) -> None:
    message = "0123456789" * 12_000
    with TUTORIALS.running("echo_server_tcp", "0", "--clients", "1") as (_, line):
        port = str(port_in(line))
        ended = TUTORIALS.run("echo_client_tcp", port, message, message, "--host", host)
        assert ended.stdout == f"{message}\n{message}\n"


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_messages_larger_than_every_buffer_come_back_whole(kind: str) -> None:
    client, server = (
        runpy.run_path(TUTORIALS.path(f"echo_{side}_{kind}")) for side in ("client", "server")
    )
    near, far = socket.socketpair()
    with near, far:
        for end in near, far:
            end.settimeout(LIMIT)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        thread = threading.Thread(target=server["echo"], args=[far])
        thread.start()
        message = bytes(range(256)) * 1000
        assert client["echo"](near, message) == message
        near.shutdown(socket.SHUT_WR)
        thread.join(LIMIT)


def test_a_client_that_resets_does_not_end_the_echo_server() -> None:
    with TUTORIALS.running("echo_server_tcp", "0") as (process, line):
        rude = client_of(line)
        rude.sendall(b"hello")
        rude.recv(5)
        rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        rude.close()
        assert TUTORIALS.run("echo_client_tcp", str(port_in(line)), "hello").stdout == "hello\n"
        assert "reset by peer" in TUTORIALS.finish(process)


def test_a_datagram_that_stays_unanswered_is_sent_again() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(LIMIT)
        port = str(server.getsockname()[1])
        client = TUTORIALS.start("echo_client_udp", port, "hello")
        lost, _ = server.recvfrom(100)
        again, peer = server.recvfrom(100)
        server.sendto(bytes(8) + b"late, for another question", peer)
        server.sendto(again, peer)
        assert client.communicate(timeout=LIMIT)[0] == "hello\n"
        assert lost == again


def ask(line: str, *pieces: bytes) -> bytes:
    """Send *pieces* to the web server one by one; return all it says."""
    answer = b""
    with client_of(line) as browser:
        browser.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            browser.sendall(piece)
        while data := browser.recv(4096):
            answer += data
    return answer


def test_the_web_server_reads_requests_in_pieces_and_answers_bad_ones() -> None:
    with TUTORIALS.running("web_server", "0") as (process, line):
        request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        pieces = [request[i : i + 1] for i in range(len(request))]
        assert ask(line, *pieces).startswith(b"HTTP/1.0 200 OK\r\n")
        assert ask(line, b"HEAD / HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\n")
        assert ask(line, b"POST / HTTP/1.1\r\n\r\nbody").startswith(b"HTTP/1.0 501 ")
        assert ask(line, b"\x1b[2J\r\n\r\n").startswith(b"HTTP/1.0 400 ")
        assert ask(line, b"GET http://[ HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.0 400 ")
        assert "\x1b" not in TUTORIALS.finish(process)


def test_a_silent_visitor_does_not_hold_up_the_web_server() -> None:
    with (
        TUTORIALS.running("web_server", "0") as (_, line),
        client_of(line) as silent,
    ):
        assert "Hello, browser" in TUTORIALS.run("fetch", line.split()[-1]).stdout
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):  # the silent one still has its time
            silent.recv(1)
        silent.settimeout(LIMIT)
        assert silent.recv(1) == b""  # after its five seconds


def test_a_request_without_end_is_not_kept() -> None:
    with TUTORIALS.running("web_server", "0") as (process, line):
        with pytest.raises(ConnectionError):
            ask(line, *[b"x" * 1000] * 1000)
        assert "no complete request" in TUTORIALS.finish(process)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nhello", "in the middle of the answer"),
        (b"HTTP/1.0 200 OK\r\nConte", "in the middle of the answer"),
        (b"HTTP/1.0 500 Oops\r\n\r\n", "the server said 'HTTP/1.0 500 Oops'"),
    ],
)
def test_fetch_does_not_take_a_bad_answer_for_a_page(answer: bytes, message: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        client = TUTORIALS.start("fetch", url)
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(LIMIT)
            assert connection.recv(4096).startswith(b"GET / HTTP/1.0\r\n")
            connection.sendall(answer)
        assert message in client.communicate(timeout=LIMIT)[1]
        assert client.returncode == 1


@pytest.mark.parametrize("url", ["https://x/", "http://", "http://h:99999/", "http://h/a b", "h"])
def test_fetch_refuses_what_is_not_an_http_address(url: str) -> None:
    assert "error: argument url: " in one_line(TUTORIALS.run("fetch", url))


def test_the_unix_server_replaces_a_dead_server_s_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "echo.sock"
    with TUTORIALS.running("echo_server_unix", str(path)) as (process, _):
        process.kill()
        process.wait(LIMIT)
    assert path.is_socket()
    with TUTORIALS.running("echo_server_unix", str(path), "--clients", "1") as (process, _):
        assert path.stat().st_mode & 0o777 == 0o600
        assert "Address already in use" in one_line(TUTORIALS.run("echo_server_unix", str(path)))
        message = "0123456789" * 12_000
        assert TUTORIALS.run("echo_client_unix", str(path), message).stdout == f"{message}\n"
        assert process.communicate(timeout=LIMIT)[0] == "a client sent 120000 bytes\n"
    assert not path.exists()
    path.write_text("precious")
    assert "Address already in use" in one_line(TUTORIALS.run("echo_server_unix", str(path)))
    assert path.read_text() == "precious"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_unix_server_takes_its_file_with_it(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "echo.sock"
    with TUTORIALS.running("echo_server_unix", str(path)) as (process, _):
        assert TUTORIALS.finish(process, number) == "stopped\n"
    assert not path.exists()
    assert "No such file" in one_line(TUTORIALS.run("echo_client_unix", str(path), "hello"))
