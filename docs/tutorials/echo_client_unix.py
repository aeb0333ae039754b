"""Echo client on an AF_UNIX stream socket: sends each message and prints what comes back.

    python3 echo_client_unix.py /tmp/echo.sock "hello, world"
    python3 echo_client_unix.py /tmp/echo.sock one two
"""

import argparse
import socket
import sys

LIMIT = 10.0
"""Seconds to wait for the connection, and then each time for the server to go on."""


def echo(connection: socket.socket, message: bytes) -> bytes:
    """Send *message*, return the same number of bytes from the server.

    All that was sent is read back before more is sent: otherwise a long message could fill
    the buffers of both sides, and each would wait for the other to read first.
    """
    received = bytearray()
    sent = 0
    while sent < len(message):
        sent += connection.send(message[sent:])  # perhaps only a part of it
        while len(received) < sent:
            data = connection.recv(sent - len(received))  # perhaps fewer bytes
            if not data:
                raise ConnectionError(f"the server left after {len(received)} bytes")
            received += data
    return bytes(received)


def main() -> None:
    """Read the command line, connect, and echo every message."""
    parser = argparse.ArgumentParser(description="Echo client on an AF_UNIX socket.")
    parser.add_argument("path", help="the socket file of the server")
    parser.add_argument("messages", nargs="+", metavar="message")
    arguments = parser.parse_args()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.settimeout(LIMIT)
            server.connect(arguments.path)
            for message in arguments.messages:
                print(echo(server, message.encode()).decode(errors="replace"))
    except OSError as error:
        sys.exit(f"{parser.prog}: {arguments.path}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{parser.prog}: interrupted")


if __name__ == "__main__":
    main()
