"""An echo server over UDP for every address: it answers from the one it was asked at.

    python3 answer_udp.py 50007                    # all addresses, IPv4 and IPv6
    python3 answer_udp.py 50007 --datagrams 2      # ends after two

The kernel says with each datagram which address it was sent to, and takes the same record as the
address to answer from:

    IPv6    IPV6_RECVPKTINFO   struct in6_pktinfo: the address, the interface's number
    IPv4    IP_PKTINFO         struct in_pktinfo: the number, where to answer from, the address

With 0 for the interface's number the route decides which way the answer goes.
"""

import argparse
import socket
import struct
import sys
from typing import Any

IP_PKTINFO = getattr(socket, "IP_PKTINFO", 8)
"""Linux's number; Python has the name since 3.12."""
PKTINFO_4 = struct.Struct("=I4s4s")
ROOM = socket.CMSG_SPACE(20) + socket.CMSG_SPACE(PKTINFO_4.size)
"""For the larger record of the two, and for both."""


def port_number(text: str) -> int:
    """Return *text* as a port; 0 asks the kernel for a free one."""
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
    return port


def open_socket(port: int) -> socket.socket:
    """Return a socket for every address, IPv6 and IPv4, or IPv4 alone where there is no IPv6."""
    try:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    except OSError:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        sock.bind(("", port))
    except OSError:
        sock.close()
        raise
    return sock


def origin(control: list[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
    """Return the record that lets an answer come from where its question was sent to."""
    for level, kind, value in control:
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            return [(level, kind, value[:16] + bytes(4))]
        if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
            _, local, _ = PKTINFO_4.unpack(value)  # local: also right if the question was broadcast
            return [(level, kind, PKTINFO_4.pack(0, local, bytes(4)))]
    return []


def serve(sock: socket.socket, count: int | None) -> None:
    """Send so many datagrams back, or, with None, without end."""
    while count is None or count > 0:
        data, control, _, peer = sock.recvmsg(65535, ROOM)
        try:
            sock.sendmsg([data], origin(control), 0, peer)
            print(f"answered {shown(peer)}", flush=True)
        except OSError as error:  # no way back to this one
            print(f"{shown(peer)}: {error}", flush=True)
        count = count and count - 1


def shown(address: tuple[Any, ...]) -> str:
    """Return an address as text; an IPv4 client of an IPv6 socket without its ``::ffff:``."""
    host = address[0].removeprefix("::ffff:")
    return f"[{host}]:{address[1]}" if ":" in host else f"{host}:{address[1]}"


def main() -> None:
    """Read the command line and answer until the last datagram or Ctrl-C."""
    parser = argparse.ArgumentParser(description="Echo over UDP, from the address that was asked.")
    parser.add_argument("port", nargs="?", type=port_number, default=0, help="0: any free port")
    parser.add_argument("--datagrams", type=int, metavar="N", help="end after N datagrams")
    arguments = parser.parse_args()
    try:
        with open_socket(arguments.port) as sock:
            print(f"receiving on port {sock.getsockname()[1]}", flush=True)
            serve(sock, arguments.datagrams)
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()
