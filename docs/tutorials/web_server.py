"""A web server made of sockets: answers HTTP requests with a small page.

    python3 web_server.py 8080                      # then open http://127.0.0.1:8080/
    python3 web_server.py 8080 --host ""            # every address of this machine
    sudo python3 web_server.py                      # port 80, the one browsers ask by default

``/`` is a page, ``/request`` shows the request itself: what the browser sent.  Each client has a
thread.  Every answer ends its connection (HTTP/1.0).  A server to learn from: it has no limit on
how slowly a client may trickle in its request, and no TLS.
"""

import argparse
import errno
import os
import re
import socket
import sys
import threading
import time
from email.utils import formatdate
from typing import Any

LIMIT = 5.0
"""Seconds to wait each time for a client to go on."""
MOST_CLIENTS = 32
"""At the same time; more wait in the backlog."""
LONGEST = 16384
"""Bytes a request may have up to its blank line."""
PAGE = b"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>From a socket</title></head>
<body><h1>Hello, browser</h1></body></html>
"""


def read_request(connection: socket.socket) -> bytes:
    """Return the request up to its blank line, however many reads that takes."""
    request = b""
    while b"\r\n\r\n" not in request:
        data = connection.recv(4096)
        if not data or len(request) + len(data) > LONGEST:
            raise ConnectionError("no complete request")
        request += data
    return request.partition(b"\r\n\r\n")[0]


def answer_to(request: bytes) -> tuple[str, bytes]:
    """Return the whole answer to *request*: its status, and all its bytes."""
    line = re.match(rb"(\S+) (?:http://[^/\s]*)?(/[^?\s]*)(\?\S*)? HTTP/1\.\d(\r\n|$)", request)
    status, kind = "200 OK", "text/plain; charset=iso-8859-1"
    body = request.replace(b"\r\n", b"\n") + b"\n"
    if not line:
        status, body = "400 Bad Request", b"this is not a request of HTTP/1\n"
    elif line[1] not in (b"GET", b"HEAD"):
        status, body = "501 Not Implemented", b"only GET and HEAD are understood\n"
    elif line[2] == b"/":
        kind, body = "text/html; charset=utf-8", PAGE
    elif line[2] != b"/request":
        status, body = "404 Not Found", b"there is no such page\n"
    head = f"HTTP/1.0 {status}\r\nDate: {formatdate(usegmt=True)}\r\nContent-Type: {kind}\r\n"
    head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return status, head.encode() + (b"" if line and line[1] == b"HEAD" else body)


def log(text: str) -> None:
    """Print a line; when nobody reads the output any more, serve on without."""
    try:
        print(f"{text}\n", end="", flush=True)  # at once: others print as well
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def accept(listener: socket.socket) -> tuple[socket.socket, Any]:
    """Return the next connection; wait while the process has no descriptor for it."""
    while True:
        try:
            return listener.accept()
        except OSError as error:  # the client stays in the backlog
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            log(f"{error}; trying again")
            time.sleep(0.1)


def converse(connection: socket.socket, peer: tuple[Any, ...]) -> None:
    """Answer one request, then end the connection."""
    with connection:
        connection.settimeout(LIMIT)
        try:
            request = read_request(connection)
            status, answer = answer_to(request)
            line = request.partition(b"\r\n")[0]
            log(f"{peer[0]} {line!r} {status}")
            connection.sendall(answer)
            connection.shutdown(socket.SHUT_WR)
            for _ in range(16):  # to close on unread bytes would reset, and lose, the answer
                if not connection.recv(4096):
                    break
        except OSError as error:  # this client is gone or silent; the others are not
            log(f"{peer[0]} {error}")


def serve(listener: socket.socket, clients: int | None) -> None:
    """Answer so many clients, or, with None, clients without end, each in a thread of its own."""
    free = threading.Semaphore(MOST_CLIENTS)
    threads: list[threading.Thread] = []

    def answer(connection: socket.socket, peer: tuple[Any, ...]) -> None:
        converse(connection, peer)
        free.release()

    try:
        while clients is None or clients > 0:
            free.acquire()
            threads = [thread for thread in threads if thread.is_alive()]
            threads.append(threading.Thread(target=answer, args=accept(listener), daemon=True))
            threads[-1].start()
            clients = clients and clients - 1
    finally:  # Ctrl-C too: who is being answered gets the whole answer, but nobody holds up the end
        deadline = time.monotonic() + LIMIT
        for thread in threads:
            if thread.ident:
                thread.join(max(0.0, deadline - time.monotonic()))


def port_number(text: str) -> int:
    """Return *text* as a port; 0 asks the kernel for a free one."""
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
    return port


def main() -> None:
    """Read the command line and serve until the last client or Ctrl-C."""
    parser = argparse.ArgumentParser(description="A web server made of sockets.")
    parser.add_argument("port", nargs="?", type=port_number, default=80)
    parser.add_argument("--host", default="127.0.0.1", help='"" is every IPv4 address')
    parser.add_argument("--clients", type=int, metavar="N", help="end after N connections")
    arguments = parser.parse_args()
    family = socket.AF_INET6 if ":" in arguments.host else socket.AF_INET
    try:
        with socket.create_server((arguments.host, arguments.port), family=family) as listener:
            host, port = listener.getsockname()[:2]
            print(f"listening on http://{f'[{host}]' if ':' in host else host}:{port}/", flush=True)
            serve(listener, arguments.clients)
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()
