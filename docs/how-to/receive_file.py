"""Receive a file over TCP: all of it, or nothing.

    python3 receive_file.py 50007 copy.png      # ends when the file is there
    python3 receive_file.py 50007 copy.png --host 0.0.0.0

The bytes go into a new file, which takes its name when all of them are there and on the disk.
Whoever sends less, or nothing, or breaks the connection leaves no trace, and the next one is
waited for.  Everybody who reaches the port may send: keep it on loopback or behind a firewall.
"""

import argparse
import contextlib
import errno
import hashlib
import os
import socket
import struct
import sys
import tempfile
import time
from typing import Any

LENGTH = struct.Struct("!Q")
"""What comes before the file: 8 bytes, in network order."""
LIMIT = 5.0
"""Seconds that a sender may keep the others waiting while nothing moves."""
LARGEST = 1 << 32
"""Bytes a file may have."""


def port_number(text: str) -> int:
    """Return *text* as a port; 0 asks the kernel for a free one."""
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
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


def store(connection: socket.socket, path: str) -> tuple[int, bytes]:
    """Put the file that comes into *path*; return its length and its SHA-256."""
    (length,) = LENGTH.unpack(recv_exactly(connection, LENGTH.size))
    if length > LARGEST:
        raise ConnectionError(f"a file of {length} bytes is announced")
    digest = hashlib.sha256()
    folder = os.path.dirname(os.path.abspath(path))
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as copy:
        try:
            left = length
            while left:
                data = connection.recv(min(left, 65536))
                if not data:
                    raise ConnectionError(f"{left} of {length} bytes are missing")
                copy.write(data)
                digest.update(data)
                left -= len(data)
            copy.flush()
            os.fsync(copy.fileno())
            os.replace(copy.name, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(copy.name)
            raise
    return length, digest.digest()


def accept(listener: socket.socket) -> tuple[socket.socket, Any]:
    """Return the next connection; wait while the process has no descriptor for it."""
    while True:
        try:
            return listener.accept()
        except OSError as error:  # the sender stays in the backlog
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            print(f"{error}; trying again", flush=True)
            time.sleep(0.1)


def receive(listener: socket.socket, path: str) -> None:
    """Take connections until one has brought the whole file and its sender knows that."""
    while True:
        connection, peer = accept(listener)
        with connection:
            connection.settimeout(LIMIT)
            try:
                length, digest = store(connection, path)
                connection.sendall(digest)
                if connection.recv(1):  # b"": the sender has read it and closed
                    raise ConnectionError("more than the file came")
                print(f"received {length} bytes", flush=True)
                return
            except OSError as error:  # this sender has failed; another may come
                print(f"{peer[0]}: {error}", flush=True)


def main() -> None:
    """Read the command line and wait for one file."""
    parser = argparse.ArgumentParser(description="Receive a file over TCP.")
    parser.add_argument("port", nargs="?", type=port_number, default=0, help="0: any free port")
    parser.add_argument("path", help="where the file shall be")
    parser.add_argument("--host", default="127.0.0.1", help="address or name to listen on")
    arguments = parser.parse_args()
    try:
        with socket.create_server((arguments.host, arguments.port)) as listener:
            print(f"waiting for a file on port {listener.getsockname()[1]}", flush=True)
            receive(listener, arguments.path)
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()
