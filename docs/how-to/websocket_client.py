"""Say something to a WebSocket server: each argument is a message, each answer is printed.

    python3 websocket_client.py ws://127.0.0.1:8080/socket hello "and again"

The protocol of RFC 6455: a request of HTTP, then frames, those of the client masked.
"""

import argparse
import base64
import hashlib
import secrets
import socket
import struct
import sys
import time
from urllib.parse import urlsplit

CONTINUATION, TEXT, CLOSE, PING, PONG = 0, 1, 8, 9, 10
LONGEST = 1 << 20
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Connection:
    """A connection, and what has come of it."""

    def __init__(self, address: tuple[str, int], limit: float) -> None:
        self.limit = limit
        self.buffer = bytearray()
        self.sock = socket.create_connection(address, timeout=limit)

    def receive(self, deadline: float) -> None:
        """Add what comes to the buffer."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.sock.settimeout(left)
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError("the server has closed the connection")
        self.buffer += data

    def take(self, size: int) -> bytes:
        """Return so many bytes, in whatever pieces they come."""
        deadline = time.monotonic() + self.limit
        while len(self.buffer) < size:
            self.receive(deadline)
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def send(self, data: bytes) -> None:
        self.sock.settimeout(self.limit)
        self.sock.sendall(data)

    def begin(self, host: str, path: str) -> None:
        """Make it a WebSocket; the server proves that it speaks the protocol."""
        key = base64.b64encode(secrets.token_bytes(16))
        self.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
                  f"Connection: Upgrade\r\nSec-WebSocket-Key: {key.decode()}\r\n"
                  "Sec-WebSocket-Version: 13\r\n\r\n".encode())  # fmt: skip
        deadline = time.monotonic() + self.limit
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            if len(self.buffer) > 8192:
                raise ConnectionError("an answer without end")
            self.receive(deadline)
        status, *lines = self.take(end + 4)[:-4].decode("latin-1").split("\r\n")
        if not status.startswith("HTTP/1.1 101 "):
            raise ConnectionError(f"no WebSocket: {status!r}")
        headers = {name.lower(): value.strip() for name, _, value in
                   (line.partition(":") for line in lines)}  # fmt: skip
        accepted = base64.b64encode(hashlib.sha1(key + MAGIC).digest()).decode()
        if headers.get("sec-websocket-accept") != accepted:
            raise ConnectionError("no WebSocket: the answer belongs to another key")

    def say(self, opcode: int, data: bytes) -> None:
        """Send a frame, behind a mask that is new each time."""
        mask, size = secrets.token_bytes(4), len(data)
        if size < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
        elif size < 1 << 16:
            head = struct.pack("!BBH", 0x80 | opcode, 0xFE, size)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0xFF, size)
        whole = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        masked = (int.from_bytes(data, "big") ^ whole).to_bytes(size, "big")
        self.send(head + mask + masked)

    def next_frame(self) -> tuple[int, bool, bytes]:
        """Return opcode, whether it is the last of its message, and the bytes."""
        first, length = self.take(2)
        if length & 0x80:
            raise ConnectionError("a server does not mask")
        if length > 125:
            length = int.from_bytes(self.take(2 if length == 126 else 8), "big")
        if length > LONGEST:
            raise ConnectionError(f"a message of more than {LONGEST} bytes")
        return first & 0x0F, first & 0x80 != 0, self.take(length)

    def hear(self) -> bytes | None:
        """Return the next message, or None when the server has closed."""
        message = b""
        while True:
            opcode, last, data = self.next_frame()
            if opcode == CLOSE:
                return None
            if opcode == PING:
                self.say(PONG, data)
            if opcode < CLOSE:
                message += data
                if len(message) > LONGEST:
                    raise ConnectionError(f"a message of more than {LONGEST} bytes")
                if last:
                    return message


def main() -> None:
    """Read the command line, say each message, and print what comes back."""
    parser = argparse.ArgumentParser(description="Talk to a WebSocket server.")
    parser.add_argument("url", help="ws://HOST:PORT/PATH")
    parser.add_argument("messages", nargs="+", metavar="MESSAGE")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for each answer")
    arguments = parser.parse_args()
    try:
        url = urlsplit(arguments.url)
        address = url.hostname or "", url.port or 80
    except ValueError as error:
        parser.error(str(error))
    if url.scheme != "ws" or not url.hostname:
        parser.error(f"{arguments.url} does not begin with ws:// and a host")
    try:
        connection = Connection(address, arguments.limit)
        with connection.sock:
            connection.begin(url.netloc, (url.path or "/") + (f"?{url.query}" if url.query else ""))
            for message in arguments.messages:
                connection.say(TEXT, message.encode())
                answer = connection.hear()
                if answer is None:
                    raise ConnectionError("the server has said goodbye")
                print(answer.decode(errors="backslashreplace"))
            connection.say(CLOSE, struct.pack("!H", 1000))
            while connection.hear() is not None:
                pass
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{parser.prog}: interrupted")


if __name__ == "__main__":
    main()
