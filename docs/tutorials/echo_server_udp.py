"""Echo server over UDP: every datagram goes back to the address it came from.

    python3 echo_server_udp.py 50007                     # on 127.0.0.1
    python3 echo_server_udp.py 50007 --host ::1          # on IPv6's loopback
    python3 echo_server_udp.py 50007 --datagrams 2       # ends after two datagrams

There are no connections to accept: one socket serves everybody, in the order of arrival.
Keep an echo server off open networks.  The sender's address in a datagram can be forged, and
two echo servers set upon each other this way would answer one another for ever.
"""

import argparse
import socket
import sys
from typing import Any

LARGEST = 65535
"""No datagram over IPv4 or IPv6 is longer, so none is cut short."""


def port_number(text: str) -> int:
    """Return *text* as a port; 0 asks the kernel for a free one."""
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
    return port


def shown(address: tuple[Any, ...]) -> str:
    """Return an IPv4 or IPv6 address as text: ``127.0.0.1:80``, ``[::1]:80``."""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def open_server(host: str, port: int) -> socket.socket:
    """Return a bound socket; the family is the one *host* belongs to."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    server = socket.socket(family, kind, protocol)
    try:
        server.bind(address)
    except OSError:
        server.close()
        raise
    return server


def serve(server: socket.socket, datagrams: int | None) -> None:
    """Answer so many *datagrams*, or, with None, datagrams without end."""
    answered = 0
    while datagrams is None or answered < datagrams:
        data, peer = server.recvfrom(LARGEST)
        try:
            server.sendto(data, peer)
            print(f"{shown(peer)} sent {len(data)} bytes", flush=True)
        except OSError as error:  # this sender cannot be reached; others can
            print(f"{shown(peer)}: {error}", flush=True)
        answered += 1


def main() -> None:
    """Read the command line and serve until the last datagram or Ctrl-C."""
    parser = argparse.ArgumentParser(description="Echo server over UDP.")
    parser.add_argument("port", nargs="?", type=port_number, default=0, help="0: any free port")
    parser.add_argument("--host", default="127.0.0.1", help="address or name to receive on")
    parser.add_argument("--datagrams", type=int, metavar="N", help="end after N datagrams")
    arguments = parser.parse_args()
    try:
        with open_server(arguments.host, arguments.port) as server:
            print(f"receiving on {shown(server.getsockname())}", flush=True)
            serve(server, arguments.datagrams)
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()
