"""Echo server on an AF_UNIX stream socket: a file is its address.

    python3 echo_server_unix.py /tmp/echo.sock
    python3 echo_server_unix.py /tmp/echo.sock --clients 1

Only the user who started the server may connect (mode 0600).  The file goes when the server ends.
Was it killed instead, the file stays behind; the next start finds that nobody listens on it and
removes it.  (Two servers that start on one path in the same moment are not kept apart.)
"""

import argparse
import contextlib
import errno
import os
import signal
import socket
import stat
import sys
import time
from typing import Any

IDLE_LIMIT = 5.0
"""Seconds a client may keep the others waiting while nothing moves."""


def remove_stale(path: str) -> None:
    """Remove the socket file of a server that is gone; leave every other file alone."""
    if not os.path.lexists(path) or not stat.S_ISSOCK(os.lstat(path).st_mode):
        return  # nothing there, or something bind will rightly refuse to replace
    # A probe of another type never gets through, so it disturbs no server: a living one answers
    # EPROTOTYPE (wrong type), even before it listens, and a file nobody holds ECONNREFUSED.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        except OSError:
            pass  # in use, or not ours to touch: bind says EADDRINUSE


def open_listener(path: str) -> socket.socket:
    """Return a socket that listens on *path*, open to this user only."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(path)
        os.chmod(path, 0o600)  # between bind and listen nobody can connect yet
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


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
        connection, _ = accept(listener)  # the peer has no name: the address is empty
        with connection:
            connection.settimeout(IDLE_LIMIT)
            try:
                print(f"a client sent {echo(connection)} bytes", flush=True)
            except OSError as error:  # a timeout or a broken pipe ends this client only
                print(f"a client: {error}", flush=True)
        served += 1


def main() -> None:
    """Read the command line and serve until the last client, Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description="Echo server on an AF_UNIX socket.")
    parser.add_argument("path", help="the socket file to make")
    parser.add_argument("--clients", type=int, metavar="N", help="end after N clients")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as on Ctrl-C: remove the file
    try:
        remove_stale(arguments.path)
        with open_listener(arguments.path) as listener:
            try:
                print(f"listening on {listener.getsockname()}", flush=True)
                serve(listener, arguments.clients)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(arguments.path)
    except OSError as error:
        sys.exit(f"{parser.prog}: {arguments.path}: {error}")
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()
