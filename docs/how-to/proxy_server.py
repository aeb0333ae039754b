"""A proxy: each client says where it wants to go, by SOCKS5 or by HTTP's CONNECT.

    python3 proxy_server.py 1080
    python3 proxy_server.py 1080 --host :: --user alice --password-file secret --clients 50

    client  -- where to? -->  proxy_server.py
            <-- a code --
            <==== bytes ====>  proxy_server.py  <==== bytes ====>  server

What comes after is passed on as forward.py does it, which must lie beside this file.  Whoever may
use a proxy goes where its machine may go: it listens on loopback unless told otherwise.
"""

import argparse
import base64
import contextlib
import errno
import hmac
import signal
import socket
import struct
import sys
import time
from pathlib import Path

from forward import Forwarder, log, open_listener, port_number, shown, woken_by_signals

NO_PASSWORD, PASSWORD, NONE_OF_THESE = 0, 2, 255
IPV4, NAME, IPV6 = 1, 3, 4
WHY = {errno.ENETUNREACH: 3, errno.EHOSTUNREACH: 4, errno.ECONNREFUSED: 5, errno.ETIMEDOUT: 4}
"""SOCKS5's codes for why a connection could not be made; 1 stands for anything else."""
LONGEST_HEAD = 8192
NO_SOCKS_4 = bytes([0, 91, *bytes(6)])
"""Rejected, as SOCKS4 says it: its clients would wait for that."""


class Negotiation:
    """What a client says before its bytes are passed on; no byte more than that is read."""

    def __init__(self, client: socket.socket, limit: float) -> None:
        self.client = client
        self.deadline = time.monotonic() + limit

    def take(self, size: int) -> bytes:
        """Return so many bytes, in whatever pieces they come."""
        data = b""
        while len(data) < size:
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self.client.settimeout(left)
            piece = self.client.recv(size - len(data))
            if not piece:
                raise ConnectionError("the end, before it was said where to")
            data += piece
        return data

    def with_length(self) -> bytes:
        """Return what comes after a byte that says how long it is."""
        return self.take(self.take(1)[0])


class Proxy(Forwarder):
    """A forwarder that asks each client where to."""

    secret: bytes | None = None
    """``user:password`` that a client must know."""

    def find_server(self, client: socket.socket) -> socket.socket:
        """Return a connection to where this client wants to go; it is told how that went."""
        negotiation = Negotiation(client, self.limit)
        first = negotiation.take(1)
        if first == b"\x05":
            return self.by_socks(negotiation)
        if first == b"\x04":
            client.sendall(NO_SOCKS_4)
        if not first.isalpha():
            raise ConnectionError(f"neither SOCKS5 nor HTTP: {first!r}")
        return self.by_http(negotiation)

    def connect(self, target: tuple[str, int]) -> socket.socket:
        """Return a connection to the server; a name that can be none is one that is not found."""
        try:
            return super().connect(target)
        except ValueError:  # of the text itself: an empty label, a zero byte
            raise ConnectionError(f"{target[0]!r} is no name") from None

    def refuse(self, client: socket.socket) -> None:
        """Say nothing more: the client has its answer, and a reset could take that away."""
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_WR)
            client.settimeout(1)
            while client.recv(65536):
                pass

    def by_socks(self, said: Negotiation) -> socket.socket:
        """RFC 1928: the version has been read; methods, request, reply."""
        method = PASSWORD if self.secret else NO_PASSWORD
        if method not in said.with_length():
            said.client.sendall(bytes([5, NONE_OF_THESE]))
            raise ConnectionError("no way to log in that both know")
        said.client.sendall(bytes([5, method]))
        if self.secret:
            self.log_in(said)
        version, command, _, kind = said.take(4)
        if version != 5 or command != 1:
            said.client.sendall(reply(7))
            raise ConnectionError(f"no such command: {command}")
        try:
            server = self.connect(self.target_of(said, kind))
        except OSError as error:
            said.client.sendall(reply(WHY.get(error.errno or 0, 1)))
            raise
        said.client.sendall(reply(0))
        return server

    def log_in(self, said: Negotiation) -> None:
        """RFC 1929: a name and a password, each after its length."""
        said.take(1)
        given = said.with_length() + b":" + said.with_length()
        right = hmac.compare_digest(given, self.secret or b"")  # takes as long, right or wrong
        said.client.sendall(bytes([1, not right]))
        if not right:
            raise ConnectionError("a wrong name or password")

    def target_of(self, said: Negotiation, kind: int) -> tuple[str, int]:
        """Return host and port of a request."""
        if kind == IPV4:
            host = socket.inet_ntop(socket.AF_INET, said.take(4))
        elif kind == IPV6:
            host = socket.inet_ntop(socket.AF_INET6, said.take(16))
        elif kind == NAME:
            host = said.with_length().decode("ascii", errors="replace")
        else:
            said.client.sendall(reply(8))
            raise ConnectionError(f"no such kind of address: {kind}")
        return host, int.from_bytes(said.take(2), "big")

    def by_http(self, said: Negotiation) -> socket.socket:
        """RFC 9110 section 9.3.6: ``CONNECT host:port``; the first byte has been read already."""
        head = said.take(1)
        while not head.endswith(b"\r\n\r\n"):  # one by one: what follows is the server's
            head += said.take(1)
            if len(head) > LONGEST_HEAD:
                return self.deny(said, "431 Request Header Fields Too Large")
        first, *lines = head.decode("latin-1").split("\r\n")
        match first.split(" "):
            case ["ONNECT", where, "HTTP/1.1" | "HTTP/1.0"]:
                host, _, port = where.rpartition(":")
            case _:
                return self.deny(said, "405 Method Not Allowed\r\nAllow: CONNECT")
        if self.secret and not self.is_known(lines):
            return self.deny(
                said, "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=proxy"
            )
        if not port.isascii() or not port.isdigit() or int(port) > 65535:
            return self.deny(said, "400 Bad Request")
        try:
            server = self.connect((host.strip("[]"), int(port)))
        except OSError:
            with contextlib.suppress(ConnectionError):
                self.deny(said, "502 Bad Gateway")
            raise
        said.client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        return server

    def is_known(self, lines: list[str]) -> bool:
        """Tell whether a header says name and password."""
        wanted = b"basic " + base64.b64encode(self.secret or b"")
        for line in lines:
            name, _, value = line.partition(":")
            scheme, _, given = value.strip().partition(" ")
            if name.lower() == "proxy-authorization":
                return hmac.compare_digest(f"{scheme.lower()} {given}".encode(), wanted)
        return False

    def deny(self, said: Negotiation, status: str) -> socket.socket:
        """Answer with an error of HTTP, and raise it."""
        said.client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        raise ConnectionError(status.partition("\r")[0])


def reply(code: int) -> bytes:
    """Return SOCKS5's reply; from which address the proxy connects, nobody needs to know."""
    return struct.pack("!4B4sH", 5, code, 0, IPV4, bytes(4), 0)


def main() -> None:
    """Read the command line and serve until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description="A proxy for SOCKS5 and for HTTP's CONNECT.")
    parser.add_argument("port", type=port_number, help="port to listen on; 0: any free one")
    parser.add_argument("--host", default="127.0.0.1", help="address or name to listen on")
    parser.add_argument("--user", help="who may use it; needs --password-file")
    parser.add_argument("--password-file", type=Path, help="arguments would be seen by everybody")
    parser.add_argument("--clients", type=int, default=100, help="at most so many at a time")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds to say where to")
    parser.add_argument("--idle", type=float, default=300.0, help="seconds of silence")
    arguments = parser.parse_args()
    if bool(arguments.user) != bool(arguments.password_file):
        parser.error("--user and --password-file belong together")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as on Ctrl-C
    try:
        with open_listener(arguments.host, arguments.port) as listener:
            proxy = Proxy(listener, ("", 0), arguments.clients, arguments.limit, arguments.idle)
            if arguments.user:
                password = arguments.password_file.read_text(encoding="utf-8").strip()
                proxy.secret = f"{arguments.user}:{password}".encode()
            try:
                with woken_by_signals(proxy.selector):
                    log(f"listening on {shown(listener.getsockname())}")
                    proxy.serve()
            finally:
                proxy.stop()
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        log("stopped")


if __name__ == "__main__":
    main()
