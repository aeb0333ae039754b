"""Echo client over TCP: sends each message and prints what comes back.

    python3 echo_client_tcp.py 50007 "hello, world"
    python3 echo_client_tcp.py 50007 one two --host ::1
"""

import argparse
import socket
import sys

LIMIT = 10.0
"""Seconds to wait for the connection, and then each time for the server to go on."""


def port_number(text: str) -> int:
    """Return *text* as the port of a server."""
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 1 and 65535")
    return port


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
    parser = argparse.ArgumentParser(description="Echo client over TCP.")
    parser.add_argument("port", type=port_number)
    parser.add_argument("messages", nargs="+", metavar="message")
    parser.add_argument("--host", default="127.0.0.1", help="address or name of the server")
    arguments = parser.parse_args()
    try:
        with socket.create_connection((arguments.host, arguments.port), timeout=LIMIT) as server:
            for message in arguments.messages:
                print(echo(server, message.encode()).decode(errors="replace"))
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{parser.prog}: interrupted")


if __name__ == "__main__":
    main()
