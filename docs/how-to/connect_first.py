"""Connect to whichever address of a name answers first, and not for longer than a limit.

    python3 connect_first.py www.example.org 80
    python3 connect_first.py localhost 50007 --limit 3

Happy Eyeballs, RFC 8305: the addresses are tried in order, IPv6 and IPv4 in turn.  The next attempt
begins when the last one has failed, or has had 0.25 seconds; the first to succeed wins, and the
others are given up.
"""

import argparse
import errno
import os
import selectors
import socket
import sys
import time
from itertools import chain, zip_longest
from typing import Any

DELAY = 0.25
"""Seconds before the next address is tried beside those under way (RFC 8305, section 8)."""

Address = tuple[socket.AddressFamily, tuple[Any, ...]]


def port_number(text: str) -> int:
    """Return *text* as the port of a server."""
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 1 and 65535")
    return port


def in_turn(addresses: list[Address]) -> list[Address]:
    """Return the addresses with the two families in turn; whose came first, begins."""
    first = [each for each in addresses if each[0] == addresses[0][0]]
    others = [each for each in addresses if each[0] != addresses[0][0]]
    return [each for each in chain(*zip_longest(first, others)) if each]


class Race:
    """Attempts to connect, side by side."""

    def __init__(self, addresses: list[Address], delay: float = DELAY) -> None:
        self.waiting = in_turn(addresses)
        self.delay = delay
        self.selector = selectors.DefaultSelector()
        self.errors: list[str] = []

    def run(self, limit: float) -> socket.socket:
        """Return the first connection that stands; OSError says what became of each attempt."""
        deadline = time.monotonic() + limit
        try:
            while self.waiting or self.selector.get_map():
                while self.waiting and not self.begin(*self.waiting.pop(0)):
                    pass  # this one failed at once
                until = deadline
                if self.waiting:  # a failure, or the delay, lets the next one begin
                    until = min(deadline, time.monotonic() + self.delay)
                if winner := self.wait(until):
                    return winner
                if time.monotonic() >= deadline:
                    under_way = [str(key.data[0]) for key in self.selector.get_map().values()]
                    self.errors += [f"{host}: no answer" for host in under_way]
                    raise TimeoutError(f"timed out: {'; '.join(self.errors)}")
            raise OSError("; ".join(self.errors))
        finally:
            for key in list(self.selector.get_map().values()):
                self.drop(key.fileobj)
            self.selector.close()

    def begin(self, family: socket.AddressFamily, address: tuple[Any, ...]) -> bool:
        """Start an attempt, which goes on in the kernel; return whether it does."""
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:  # such as a machine without IPv6
            self.errors.append(f"{address[0]}: {error.strerror}")
            return False
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):  # the last is Windows' word
            self.errors.append(f"{address[0]}: {os.strerror(code)}")
            sock.close()
            return False
        self.selector.register(sock, selectors.EVENT_WRITE, address)
        return True

    def wait(self, until: float) -> socket.socket | None:
        """Wait for an attempt to succeed; return None at the time given, or after a failure."""
        if not self.selector.get_map():
            return None
        for key, _ in self.selector.select(max(0.0, until - time.monotonic())):
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not code:
                self.selector.unregister(sock)
                sock.setblocking(True)
                return sock
            self.errors.append(f"{key.data[0]}: {os.strerror(code)}")
            self.drop(sock)
        return None

    def drop(self, sock: Any) -> None:
        """Give an attempt up."""
        self.selector.unregister(sock)
        sock.close()


def connect_first(host: str, port: int, limit: float = 10.0) -> socket.socket:
    """Return a connection to *host*, over whichever of its addresses answers first."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return Race([(family, address) for family, _, _, _, address in found]).run(limit)


def main() -> None:
    """Read the command line, connect, and say where to."""
    parser = argparse.ArgumentParser(description="Connect to the address that answers first.")
    parser.add_argument("host")
    parser.add_argument("port", type=port_number)
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for all attempts")
    arguments = parser.parse_args()
    try:
        with connect_first(arguments.host, arguments.port, arguments.limit) as connection:
            print(f"connected to {connection.getpeername()[0]}")
    except OSError as error:
        sys.exit(f"{parser.prog}: {arguments.host}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{parser.prog}: interrupted")


if __name__ == "__main__":
    main()
