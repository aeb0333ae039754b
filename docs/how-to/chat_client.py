"""Chat: the keyboard and the socket at once, in one thread.

    python3 chat_client.py 50007 alice                   # type; Ctrl-D ends
    python3 chat_client.py 50007 alice --say hello       # says that, hears the rest, and goes
"""

import argparse
import os
import selectors
import socket
import sys

LIMIT = 10.0
"""Seconds to wait for the connection, and for a server that takes nothing."""


def port_number(text: str) -> int:
    """Return *text* as the port of a server."""
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 1 and 65535")
    return port


def show(connection: socket.socket, half: bytes) -> bytes | None:
    """Print the lines that have come; return what remains of the last, or None at the end."""
    data = connection.recv(4096)
    *lines, rest = (half + data).split(b"\n")
    for line in lines:
        print(line.decode("utf-8", "replace"), flush=True)
    return rest if data else None


def chat(connection: socket.socket, keyboard: int | None) -> None:
    """Show what others say and, with a *keyboard*, send what is typed, until the server ends."""
    # poll, and not epoll: that one refuses files, and the keyboard may be one (< words.txt)
    with selectors.PollSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        if keyboard is not None:
            selector.register(keyboard, selectors.EVENT_READ)
        half: bytes | None = b""
        while half is not None:
            for key, _ in selector.select():
                if key.fileobj is connection:
                    half = show(connection, half or b"")
                elif typed := os.read(key.fd, 1000):  # a line: a terminal hands out lines
                    connection.sendall(typed)
                else:  # Ctrl-D: nothing more to say, but something to hear
                    selector.unregister(key.fd)
                    connection.shutdown(socket.SHUT_WR)


def main() -> None:
    """Read the command line and chat."""
    parser = argparse.ArgumentParser(description="Chat: what one says, all hear.")
    parser.add_argument("port", type=port_number)
    parser.add_argument("name", help="as the others are to see it")
    parser.add_argument("--say", action="append", metavar="LINE", help="instead of the keyboard")
    parser.add_argument("--host", default="127.0.0.1", help="address or name of the server")
    arguments = parser.parse_args()
    try:
        address = arguments.host, arguments.port
        with socket.create_connection(address, timeout=LIMIT) as connection:
            for line in (arguments.name, *(arguments.say or ())):
                connection.sendall(line.encode() + b"\n")
            if arguments.say:
                connection.shutdown(socket.SHUT_WR)
            chat(connection, None if arguments.say else sys.stdin.fileno())
    except OSError as error:
        sys.exit(f"{parser.prog}: {arguments.host}, port {arguments.port}: {error}")
    except KeyboardInterrupt:
        print("interrupted")


if __name__ == "__main__":
    main()
