"""bsdsockets.sockaddr on sockets of the old families, run inside a guest after the flows.

Prints a line for each family the kernel has; the interfaces are those the programs have made.
"""

from __future__ import annotations

import fcntl
import signal
import socket
import struct
import sys
from collections.abc import Callable

from bsdsockets import sockaddr
from bsdsockets.sockaddr import ATMPVC, AX25, X25, Address, AppleTalk, Packet

TIMEOUT = 15


def pair(family: int, kind: int) -> tuple[socket.socket, socket.socket]:
    """Two sockets with a timeout."""
    both = socket.socket(family, kind), socket.socket(family, kind)
    for sock in both:
        sock.settimeout(TIMEOUT)
    return both


def connection(server_at: Address, client_at: Address, called: Address, flags: int) -> str:
    """Call, answer, speak both ways."""
    server, client = pair(server_at.family, socket.SOCK_SEQPACKET)
    with server, client:
        sockaddr.bind(server, server_at)
        server.listen()
        sockaddr.bind(client, client_at)
        sockaddr.connect(client, called)
        accepted, caller = sockaddr.accept(server)
        with accepted:
            client.send(b"hello", flags)
            heard = accepted.recv(100)
            accepted.send(heard.upper(), flags)
            names = caller, sockaddr.getsockname(server), sockaddr.getpeername(client)
            return " / ".join(map(str, (*names, client.recv(100))))


def x25() -> str:
    """Over the cable of x25_cable.py."""
    return connection(X25("1001"), X25("2002"), X25("1001"), socket.MSG_EOR)


def ax25() -> str:
    """Over the ports of ax25_ports.py."""
    stations = AX25("N0SRV-3", ("PORT1",)), AX25("N0CLI-4", ("PORT0",)), AX25("N0SRV-3")
    return connection(*stations, 0)


def appletalk() -> str:
    """Over the loopback interface, as appletalk_ddp.py left it."""
    a, b = pair(socket.AF_APPLETALK, socket.SOCK_DGRAM)
    with a, b:
        sockaddr.bind(a, AppleTalk(0xFF00, 66, 220))
        sockaddr.bind(b, AppleTalk(0xFF00, 66, 221))
        sockaddr.sendto(b, b"\4hello", sockaddr.getsockname(a))
        data, sender = sockaddr.recvfrom(a, 100)
        return f"{data!r} from {sender}"


def atmpvc() -> str:
    """Into the interface of adummy."""
    direction = struct.pack("=B3xiiiii16x", 1, 0, 0, 0, 0, 1500)
    with socket.socket(socket.AF_ATMPVC, socket.SOCK_DGRAM, 5) as sock:
        sock.setsockopt(264, 0x42020054, direction + direction + struct.pack("=B3x", 5))
        sockaddr.connect(sock, ATMPVC(0, 0, 200))
        return f"{sock.send(b'hello')} bytes into {sockaddr.getpeername(sock)}"


def packet() -> str:
    """The loopback interface's own address."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as sock:
        number = fcntl.ioctl(sock, 0x8933, b"lo".ljust(40, b"\0"))[16:20]  # SIOCGIFINDEX
        sockaddr.bind(sock, Packet(int.from_bytes(number, sys.byteorder), 0x88B5))
        return str(sockaddr.getsockname(sock))


def main() -> None:
    """Try each family."""
    signal.alarm(60)
    tries: tuple[Callable[[], str], ...] = (x25, ax25, appletalk, atmpvc, packet)
    for attempt in tries:
        try:
            print(f"{attempt.__name__}: {attempt()}")
        except OSError as error:
            print(f"{attempt.__name__}: {error.strerror or error}")


if __name__ == "__main__":
    main()
