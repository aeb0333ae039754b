"""Echo server over TCP: every client gets its own bytes back, one client after the other.

    python3 echo_server_tcp.py 50007                     # on 127.0.0.1
    python3 echo_server_tcp.py 50007 --host ::1          # on IPv6's loopback
    python3 echo_server_tcp.py 50007 --clients 1         # ends after one client

A second client is connected by the kernel and waits its turn in the backlog.
"""

import argparse
import errno
import socket
import sys
import time
from typing import Any

IDLE_LIMIT = 5.0
"""Seconds a client may keep the others waiting while nothing moves."""


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


def open_listener(host: str, port: int) -> socket.socket:
    """Return a listening socket; the family is the one *host* belongs to."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    return socket.create_server(address[:2], family=family)


def echo(connection: socket.socket) -> int:
    """Send everything back until the client ends its side; return how many bytes."""
    total = 0
    while data := connection.recv(4096):
        connection.sendall(data)
        total += len(data)
    return total


def accept(listener: socket.socket) -> tuple[socket.socket, Any]:
    """Return the next connection; wait while the process has no descriptor for it."""
    while True:
        try:
            return listener.accept()
        except OSError as error:  # the client stays in the backlog
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            print(f"{error}; trying again", flush=True)
            time.sleep(0.1)


def serve(listener: socket.socket, clients: int | None) -> None:
    """Serve so many *clients*, or, with None, clients without end."""
    served = 0
    while clients is None or served < clients:
        connection, peer = accept(listener)
        with connection:
            connection.settimeout(IDLE_LIMIT)
            try:
                print(f"{shown(peer)} sent {echo(connection)} bytes", flush=True)
            except OSError as error:  # a reset or a timeout ends this client, not the server
                print(f"{shown(peer)}: {error}", flush=True)
        served += 1


def main() -> None:
    """Read the command line and serve until the last client or Ctrl-C."""
    parser = argparse.ArgumentParser(description="Echo server over TCP.")
    parser.add_argument("port", nargs="?", type=port_number, default=0, help="0: any free port")
    parser.add_argument("--host", default="127.0.0.1", help="address or name to listen on")
    parser.add_argument("--clients", type=int, metavar="N", help="end after N clients")
    arguments = parser.parse_args()
    try:
        with open_listener(arguments.host, arguments.port) as listener:
            print(f"listening on {shown(listener.getsockname())}", flush=True)
            serve(listener, arguments.clients)
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()
