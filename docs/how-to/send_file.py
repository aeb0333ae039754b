"""Send a file over TCP, and know that it has arrived.

    python3 receive_file.py 50007 copy.png      # there, first
    python3 send_file.py 50007 picture.png      # here

    sender    its length in 8 bytes, then its bytes  -->  receiver
              <--  the SHA-256 of what it has stored

After a connection that broke the sender tries again, from the beginning: the receiver keeps
nothing of a file that did not arrive whole.
"""

import argparse
import hashlib
import os
import socket
import struct
import sys
import time
from typing import BinaryIO

LENGTH = struct.Struct("!Q")
"""What comes before the file: 8 bytes, in network order."""
LIMIT = 10.0
"""Seconds to wait for the connection, and then each time for the receiver to go on."""


def port_number(text: str) -> int:
    """Return *text* as the port of a receiver."""
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 1 and 65535")
    return port


def recv_exactly(connection: socket.socket, count: int) -> bytes:
    """Return exactly *count* bytes."""
    received = bytearray()
    while len(received) < count:
        data = connection.recv(count - len(received))
        if not data:
            raise ConnectionError(f"{len(received)} of {count} bytes, then the end")
        received += data
    return bytes(received)


def send(file: BinaryIO, address: tuple[str, int]) -> int:
    """Send *file* over a connection of its own; return how many bytes it has."""
    file.seek(0)
    length = os.fstat(file.fileno()).st_size
    digest = hashlib.file_digest(file, "sha256").digest()
    file.seek(0)  # where the socket cannot use sendfile, it reads from here
    with socket.create_connection(address, timeout=LIMIT) as connection:
        connection.sendall(LENGTH.pack(length))
        if length and connection.sendfile(file, count=length) != length:
            raise OSError("the file became shorter while it was sent")
        if recv_exactly(connection, len(digest)) != digest:
            raise ConnectionError("the receiver has stored something else")
    return length


def file_to_read(path: str) -> BinaryIO:
    """Open a file that the command line names."""
    try:
        return open(path, "rb")
    except OSError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def main() -> None:
    """Read the command line and send the file, trying again if the connection breaks."""
    parser = argparse.ArgumentParser(description="Send a file over TCP.")
    parser.add_argument("port", type=port_number)
    parser.add_argument("file", type=file_to_read)
    parser.add_argument("--host", default="127.0.0.1", help="address or name of the receiver")
    parser.add_argument("--tries", type=int, default=3, metavar="N", help="connect at most N times")
    arguments = parser.parse_args()
    with arguments.file as file:
        for attempt in range(arguments.tries):
            try:
                length = send(file, (arguments.host, arguments.port))
                print(f"sent {length} bytes, and they are stored")
                return
            except OSError as error:
                print(f"{parser.prog}: {error}", file=sys.stderr)
                time.sleep(0.1 * 2**attempt)
            except KeyboardInterrupt:
                sys.exit(f"{parser.prog}: interrupted")
    sys.exit(f"{parser.prog}: not sent")


if __name__ == "__main__":
    main()
