"""Ask the store of line_server.py: each argument is a line, each answer is printed.

    python3 line_client.py 50007 "SET colour blue" "GET colour"
"""

import argparse
import socket
import sys
import time
from collections.abc import Iterator

LONGEST = 2000
"""Bytes an answer may have, without its end."""


def port_number(text: str) -> int:
    """Return *text* as the port of a server."""
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 1 and 65535")
    return port


class Lines:
    """The lines of a connection, however TCP cuts them into pieces."""

    def __init__(self, connection: socket.socket, limit: float) -> None:
        self.connection = connection
        self.limit = limit
        self.buffer = bytearray()

    def next(self) -> bytes | None:
        """Return the next line without its end, or None when there are no more."""
        deadline = time.monotonic() + self.limit
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > LONGEST + 1:
                raise ConnectionError(f"a line of more than {LONGEST} bytes")
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("timed out")
            self.connection.settimeout(remaining)
            data = self.connection.recv(4096)
            if not data:
                if self.buffer:
                    raise ConnectionError("the end, in the middle of a line")
                return None
            self.buffer += data
        line = bytes(self.buffer[:end]).removesuffix(b"\r")
        del self.buffer[: end + 1]
        return line


def ask(connection: socket.socket, questions: list[str], limit: float) -> Iterator[str]:
    """Send each question as a line, and yield the line that comes back."""
    lines = Lines(connection, limit)
    for question in questions:
        connection.settimeout(limit)
        connection.sendall(question.encode() + b"\n")
        answer = lines.next()
        if answer is None:
            raise ConnectionError("the server has closed the connection")
        yield answer.decode(errors="backslashreplace")


def main() -> None:
    """Read the command line, ask, and print."""
    parser = argparse.ArgumentParser(description="Ask a server that answers in lines.")
    parser.add_argument("port", type=port_number)
    parser.add_argument("lines", nargs="+", metavar="LINE")
    parser.add_argument("--host", default="127.0.0.1", help="address or name of the server")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for each answer")
    arguments = parser.parse_args()
    if any("\n" in line for line in arguments.lines):
        parser.error("a line cannot hold the end of a line")
    address = arguments.host, arguments.port
    try:
        with socket.create_connection(address, timeout=arguments.limit) as connection:
            for answer in ask(connection, arguments.lines, arguments.limit):
                print(answer)
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{parser.prog}: interrupted")


if __name__ == "__main__":
    main()
