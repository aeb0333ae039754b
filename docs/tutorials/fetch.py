"""Fetch a page over HTTP with nothing but a socket, as a browser does, and print it.

    python3 fetch.py http://localhost:8080/
    python3 fetch.py http://127.0.0.1/request --head      # port 80; the answer's head too
"""

import argparse
import re
import socket
import sys
from urllib.parse import SplitResult, urlsplit

LIMIT = 10.0
"""Seconds to wait for the connection, and then each time for the server to go on."""
LARGEST = 10_000_000
"""Bytes an answer may have."""


def page_address(text: str) -> SplitResult:
    """Return the parts of an ``http://`` URL; nothing in it may break out of the request line."""
    url = urlsplit(text)
    if url.scheme != "http" or not url.hostname or not re.fullmatch(r"[!-~]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not like http://host:port/path")
    _ = url.port  # ValueError: not a port
    return url


def fetch(url: SplitResult) -> tuple[bytes, bytes]:
    """Return the head and the body of the answer."""
    host = url.netloc.rpartition("@")[2]
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    request = f"GET {target} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    answer = bytearray()
    with socket.create_connection((url.hostname, url.port or 80), timeout=LIMIT) as server:
        server.sendall(request.encode())
        while data := server.recv(65536):  # b"": the server has said everything
            answer += data
            if len(answer) > LARGEST:
                raise ConnectionError(f"the answer is longer than {LARGEST} bytes")
    head, blank_line, body = bytes(answer).partition(b"\r\n\r\n")
    found = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    length = int(found[1]) if found else len(body)
    if not blank_line or len(body) < length:
        raise ConnectionError("the connection ended in the middle of the answer")
    return head, body[:length]


def main() -> None:
    """Read the command line, fetch the page and print it; end with 1 if there is none."""
    parser = argparse.ArgumentParser(description="Fetch a page over HTTP with a socket.")
    parser.add_argument("url", type=page_address)
    parser.add_argument("--head", action="store_true", help="print the head of the answer too")
    arguments = parser.parse_args()
    try:
        head, body = fetch(arguments.url)
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{parser.prog}: interrupted")
    if arguments.head:
        print(head.decode("latin-1").replace("\r\n", "\n"), end="\n\n")
    print(body.decode(errors="replace"), end="")
    if not re.match(rb"HTTP/\d\.\d 2\d\d", head):
        sys.exit(f"{parser.prog}: the server said {head.splitlines()[0].decode('latin-1')!r}")


if __name__ == "__main__":
    main()
