"""Ask a server that answers in lines, through a proxy.

    python3 ask_through.py socks5://127.0.0.1:1080 127.0.0.1 50007 "SET colour blue" "GET colour"
    python3 ask_through.py http://alice:secret@127.0.0.1:1080 localhost 50007 "GET colour"

    connect to the proxy  -->  say where to  -->  then it is as if it were the server

What the other programs do with socket.create_connection(address), they can do with
connect_through(proxy, address) from this file.
"""

import argparse
import base64
import socket
import sys
import time
from urllib.parse import SplitResult, unquote, urlsplit

WHY = {1: "the proxy has failed", 2: "the proxy does not allow it", 3: "Network is unreachable",
       4: "No route to host", 5: "Connection refused", 6: "no answer in time",
       7: "the proxy cannot do that", 8: "the proxy does not know such addresses"}  # fmt: skip
"""What SOCKS5's codes mean (RFC 1928, section 6)."""


def exactly(sock: socket.socket, size: int, deadline: float) -> bytes:
    """Return so many bytes, and read none that come after them: those are the server's."""
    data = b""
    while len(data) < size:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        sock.settimeout(left)
        piece = sock.recv(size - len(data))
        if not piece:
            raise ConnectionError("the proxy has closed the connection")
        data += piece
    return data


def with_length(text: str) -> bytes:
    """Return a text after a byte that says how long it is."""
    data = text.encode()
    if len(data) > 255:
        raise OSError("more than 255 bytes, which SOCKS5 cannot say")
    return bytes([len(data)]) + data


def by_socks(sock: socket.socket, proxy: SplitResult, host: str, port: int, until: float) -> None:
    """Say where to, by SOCKS5; the name is resolved by the proxy."""
    sock.sendall(b"\5\2\0\2" if proxy.username else b"\5\1\0")
    version, method = exactly(sock, 2, until)
    if version != 5:
        raise ConnectionError("that is no SOCKS5 proxy")
    if method == 2 and proxy.username:
        user, password = unquote(proxy.username), unquote(proxy.password or "")
        sock.sendall(b"\1" + with_length(user) + with_length(password))
        if exactly(sock, 2, until)[1]:
            raise PermissionError("the proxy does not know this user and password")
    elif method:
        raise PermissionError("the proxy wants a user and a password")
    sock.sendall(b"\5\1\0\3" + with_length(host) + port.to_bytes(2, "big"))
    _, code, _, kind = exactly(sock, 4, until)
    if code:
        raise ConnectionError(f"{host}: {WHY.get(code, f'code {code}')}")
    size = {1: 4, 4: 16}.get(kind) or exactly(sock, 1, until)[0]
    exactly(sock, size + 2, until)  # from where the proxy connects: seldom true


def by_http(sock: socket.socket, proxy: SplitResult, host: str, port: int, until: float) -> None:
    """Say where to, by HTTP's CONNECT."""
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    head = f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n"
    if proxy.username:
        known = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
        head += f"Proxy-Authorization: Basic {base64.b64encode(known).decode()}\r\n"
    sock.sendall(head.encode() + b"\r\n")
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):  # one by one: what follows is the server's
        answer += exactly(sock, 1, until)
        if len(answer) > 8192:
            raise ConnectionError("an answer without end")
    status = answer.decode("latin-1").partition("\r")[0]
    if not status.startswith("HTTP/1.") or status.split()[1:2] != ["200"]:
        raise ConnectionError(f"{host}: the proxy says {status!r}")


def connect_through(
    proxy: SplitResult, address: tuple[str, int], limit: float = 10.0
) -> socket.socket:
    """Return a connection to *address* that leads through a proxy."""
    until = time.monotonic() + limit
    usual = 1080 if proxy.scheme == "socks5" else 8080
    sock = socket.create_connection((proxy.hostname, proxy.port or usual), timeout=limit)
    try:
        say_where = by_socks if proxy.scheme == "socks5" else by_http
        say_where(sock, proxy, *address, until)
        sock.settimeout(limit)
    except BaseException:
        sock.close()
        raise
    return sock


def main() -> None:
    """Read the command line, ask, and print."""
    parser = argparse.ArgumentParser(description="Ask a server in lines, through a proxy.")
    parser.add_argument("proxy", help="socks5://HOST:PORT or http://HOST:PORT")
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("lines", nargs="+", metavar="LINE")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for each answer")
    arguments = parser.parse_args()
    try:
        proxy = urlsplit(arguments.proxy)
        usable = proxy.scheme in ("socks5", "http") and proxy.hostname and proxy.port != 0
    except ValueError:
        usable = False
    if not usable:
        parser.error(f"{arguments.proxy} is not socks5://HOST:PORT or http://HOST:PORT")
    address = arguments.host, arguments.port
    try:
        with connect_through(proxy, address, arguments.limit) as sock, sock.makefile("rb") as file:
            for line in arguments.lines:
                sock.sendall(line.encode() + b"\n")
                answer = file.readline(2000)
                if not answer.endswith(b"\n"):
                    raise ConnectionError("the end, in the middle of a line")
                print(answer.decode(errors="backslashreplace").rstrip("\r\n"))
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{parser.prog}: interrupted")


if __name__ == "__main__":
    main()
