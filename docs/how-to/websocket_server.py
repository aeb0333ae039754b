"""Echo WebSocket messages, and show a page to talk with.

    python3 websocket_server.py 8080          then open http://127.0.0.1:8080/ in a browser
    python3 websocket_server.py 8080 --host :: --origin https://www.example.org --idle 30

    GET /socket, Upgrade: websocket      -->  server
                                         <--  101 Switching Protocols
    frame: opcode, length, mask, bytes   -->
                                         <--  frame: opcode, length, bytes

The protocol of RFC 6455.  A thread for each client.  Whatever a client does (half a frame, a
message without end, bytes that are no text, silence), it is this client that ends, with a code
that says why.  Ctrl-C or SIGTERM: each client is told that the server goes away.
"""

import argparse
import base64
import binascii
import contextlib
import errno
import hashlib
import os
import selectors
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

LONGEST_HEAD, LONGEST = 8192, 1 << 20
"""Bytes that a request, and a message, may have."""
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
NORMAL, GOING_AWAY, PROTOCOL_ERROR, NOT_TEXT, TOO_BIG = 1000, 1001, 1002, 1007, 1009
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What RFC 6455 adds to the key: only who speaks WebSocket knows it."""

PAGE = b"""<!doctype html><meta charset="utf-8"><title>Echo</title>
<form><input autofocus><button>Say</button></form><pre></pre>
<script>
const socket = new WebSocket(location.href.replace(/^http/, "ws") + "socket");
const show = (text) => document.querySelector("pre").append(text + "\\n");
socket.onopen = () => show("connected");
socket.onmessage = (event) => show(event.data);
socket.onclose = (event) => show("closed: " + event.code + " " + event.reason);
document.querySelector("form").onsubmit = (event) => {
  event.preventDefault();
  socket.send(document.querySelector("input").value);
};
</script>
"""


class Refused(Exception):
    """A request that gets an HTTP answer instead of a WebSocket."""


class Broken(Exception):
    """What a client has done against the protocol: a code, and words."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"{code} {words}")
        self.code, self.words = code, words


def port_number(text: str) -> int:
    """Return *text* as a port; 0 asks the kernel for a free one."""
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
    return port


def shown(address: tuple[Any, ...]) -> str:
    """Return an IPv4 or IPv6 address as text: ``127.0.0.1:80``, ``[::1]:80``."""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def log(text: str) -> None:
    """Print a line; when nobody reads the output any more, serve on without."""
    try:
        print(f"{text}\n", end="", flush=True)  # at once: others print as well
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def accepted_key(key: str) -> str:
    """Return the server's answer to the client's key, or raise Refused."""
    try:
        if len(base64.b64decode(key, validate=True)) != 16:
            raise ValueError
    except (binascii.Error, ValueError):
        raise Refused("400 Bad Request") from None
    return base64.b64encode(hashlib.sha1(key.encode() + MAGIC).digest()).decode()


def unmasked(data: bytes, mask: bytes) -> bytes:
    """Return the bytes behind a mask of four, all at once: one by one would take long."""
    whole = (mask * (len(data) // 4 + 1))[: len(data)]
    number = int.from_bytes(data, "big") ^ int.from_bytes(whole, "big")
    return number.to_bytes(len(data), "big")


def frame(opcode: int, data: bytes) -> bytes:
    """Return a whole frame, without a mask: that is the client's."""
    if len(data) < 126:
        return struct.pack("!BB", 0x80 | opcode, len(data)) + data
    if len(data) < 1 << 16:
        return struct.pack("!BBH", 0x80 | opcode, 126, len(data)) + data
    return struct.pack("!BBQ", 0x80 | opcode, 127, len(data)) + data


class Client:
    """One connection: first HTTP, then frames."""

    def __init__(self, connection: socket.socket, idle: float) -> None:
        self.connection, self.idle = connection, idle
        self.buffer = bytearray()
        self.sending = threading.Lock()  # the thread that stops the server sends as well
        self.closed = False
        connection.settimeout(idle)

    def receive(self, deadline: float) -> None:
        """Add what comes to the buffer; ConnectionError at the end."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.connection.settimeout(left)
        data = self.connection.recv(65536)
        if not data:
            raise ConnectionError("the end, without a close frame")
        self.buffer += data

    def take(self, size: int) -> bytes:
        """Return so many bytes, in whatever pieces they come."""
        deadline = time.monotonic() + self.idle
        while len(self.buffer) < size:
            self.receive(deadline)
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def send(self, data: bytes) -> None:
        with self.sending:
            self.connection.settimeout(self.idle)
            self.connection.sendall(data)

    def close(self, code: int, words: str = "") -> None:
        """Say that this is the end, once; who does not read will not hear it."""
        if self.closed or not self.sending.acquire(timeout=1):
            return
        self.closed = True
        with contextlib.suppress(OSError):
            self.connection.settimeout(min(1, self.idle))
            self.connection.sendall(frame(CLOSE, struct.pack("!H", code) + words.encode()))
        self.sending.release()

    def request(self) -> tuple[str, dict[str, str]]:
        """Return the path and the headers of the request."""
        deadline = time.monotonic() + self.idle
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            if len(self.buffer) > LONGEST_HEAD:
                raise Refused("431 Request Header Fields Too Large")
            self.receive(deadline)
        first, *lines = self.take(end + 4)[:-4].decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        match first.split(" "):
            case ["GET", path, "HTTP/1.1"]:
                return path, headers
        raise Refused("400 Bad Request")

    def first_byte(self) -> int:
        """Return the first byte of the next frame; who is silent is asked whether it is there."""
        try:
            return self.take(1)[0]
        except TimeoutError:
            self.send(frame(PING, b""))
            return self.take(1)[0]

    def next_frame(self) -> tuple[int, bool, bytes]:
        """Return opcode, whether it is the last of its message, and the bytes."""
        first, second = self.first_byte(), self.take(1)[0]
        opcode, last, length = first & 0x0F, first & 0x80 != 0, second & 0x7F
        if first & 0x70 or opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise Broken(PROTOCOL_ERROR, "a frame of no kind that was agreed on")
        if opcode >= CLOSE and (not last or length > 125):
            raise Broken(PROTOCOL_ERROR, "a control frame that is long or in parts")
        if not second & 0x80:
            raise Broken(PROTOCOL_ERROR, "a frame without a mask")
        if length > 125:
            length = int.from_bytes(self.take(2 if length == 126 else 8), "big")
        if length > LONGEST:
            raise Broken(TOO_BIG, f"more than {LONGEST} bytes")
        mask = self.take(4)
        return opcode, last, unmasked(self.take(length), mask)

    def messages(self) -> Iterator[tuple[int, bytes]]:
        """Give each message: its kind, and its bytes, from however many frames."""
        kind, parts, size = CONTINUATION, [], 0
        while True:
            opcode, last, data = self.next_frame()
            if opcode == CLOSE:
                code = data[:2] if len(data) >= 2 else struct.pack("!H", NORMAL)
                return self.close(int.from_bytes(code, "big"))
            if opcode == PING:
                self.send(frame(PONG, data))
            if opcode >= CLOSE:  # they may stand between the parts of a message
                continue
            if (opcode == CONTINUATION) != (kind != CONTINUATION):
                raise Broken(PROTOCOL_ERROR, "a part of no message")
            kind, size = kind or opcode, size + len(data)
            parts.append(data)
            if size > LONGEST:
                raise Broken(TOO_BIG, f"more than {LONGEST} bytes")
            if last:
                yield kind, b"".join(parts)
                kind, parts, size = CONTINUATION, [], 0


class Server:
    """The clients of this moment."""

    def __init__(self, listener: socket.socket, origins: list[str], most: int,
                 idle: float) -> None:  # fmt: skip
        self.listener = listener
        self.listener.setblocking(False)  # a client may be gone between select and accept
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)
        self.origins, self.idle = origins, idle
        self.places = threading.BoundedSemaphore(most)
        self.lock = threading.Lock()
        self.clients: dict[Client, threading.Thread] = {}

    def answer(self, path: str, headers: dict[str, str]) -> str:
        """Return the head that makes the connection a WebSocket, or raise Refused."""
        tokens = [word.strip() for word in headers.get("connection", "").lower().split(",")]
        if headers.get("upgrade", "").lower() != "websocket" or "upgrade" not in tokens:
            raise Refused("200 OK" if path == "/" else "404 Not Found")
        if path != "/socket":
            raise Refused("404 Not Found")
        if headers.get("sec-websocket-version") != "13":
            raise Refused("426 Upgrade Required\r\nSec-WebSocket-Version: 13")
        # A browser lets any page connect anywhere, with the user's cookies; it says which page.
        origin = headers.get("origin")
        if origin and origin not in (f"http://{headers.get('host')}", *self.origins):
            raise Refused("403 Forbidden")
        key = accepted_key(headers.get("sec-websocket-key", ""))
        return ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {key}\r\n\r\n")  # fmt: skip

    def talk(self, client: Client, peer: tuple[Any, ...]) -> None:
        """Serve one client to its end."""
        count = 0
        try:
            client.send(self.answer(*client.request()).encode())
            for kind, data in client.messages():
                if kind == TEXT:
                    data.decode()  # that it is text was promised
                client.send(frame(kind, data))
                count += 1
            log(f"{shown(peer)} {count} messages")
        except Refused as refused:
            self.refuse(client, str(refused))
            log(f"{shown(peer)} {str(refused).splitlines()[0]}")
        except UnicodeDecodeError:
            self.give_up(client, peer, Broken(NOT_TEXT, "not UTF-8"))
        except Broken as broken:
            self.give_up(client, peer, broken)
        except OSError as error:  # reset, broken pipe, timeout: this client only
            log(f"{shown(peer)} {count} messages: {error}")
        finally:
            with self.lock:
                del self.clients[client]
            self.end(client.connection)
            self.places.release()

    def give_up(self, client: Client, peer: tuple[Any, ...], broken: Broken) -> None:
        """Tell the client what it has done wrong."""
        client.close(broken.code, broken.words)
        log(f"{shown(peer)} {broken}")

    def refuse(self, client: Client, status: str) -> None:
        """Answer as HTTP does, with the page or without."""
        body = PAGE if status == "200 OK" else status.splitlines()[0].encode() + b"\n"
        kind = "text/html" if body is PAGE else "text/plain"
        with contextlib.suppress(OSError):
            client.send(f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}"
                        "\r\nConnection: close\r\n\r\n".encode() + body)  # fmt: skip

    def end(self, connection: socket.socket) -> None:
        """Close; what the client has still sent is read, or closing would reset what was said."""
        with connection, contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            deadline = time.monotonic() + 1
            while (left := deadline - time.monotonic()) > 0:
                connection.settimeout(left)
                if not connection.recv(65536):
                    break

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection; wait while the process has no descriptor for it."""
        while True:
            try:
                self.selector.select()
                return self.listener.accept()
            except BlockingIOError:
                continue
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ECONNABORTED):
                    raise
                log(f"{error}; trying again")
                time.sleep(0.1)

    def serve(self) -> None:
        """Take clients, at most so many at a time; the others wait in the backlog."""
        while True:
            self.places.acquire()
            connection, peer = self.accept()
            client = Client(connection, self.idle)
            thread = threading.Thread(target=self.talk, args=(client, peer), daemon=True)
            with self.lock:
                self.clients[client] = thread
            thread.start()

    def stop(self, limit: float = 5.0) -> None:
        """Tell each client that the server goes away, and wait for its answer, but not for ever."""
        self.selector.close()
        self.listener.close()
        with self.lock:
            clients = dict(self.clients)
        for client in clients:
            client.close(GOING_AWAY, "the server stops")
            with contextlib.suppress(OSError):
                client.connection.shutdown(socket.SHUT_RD)  # wakes its thread
        deadline = time.monotonic() + limit
        for thread in clients.values():
            if thread.ident:
                thread.join(max(0.0, deadline - time.monotonic()))


@contextlib.contextmanager
def woken_by_signals(selector: selectors.BaseSelector) -> Iterator[None]:
    """Let a signal end each wait of *selector*, also one that begins a moment later."""
    reading, writing = socket.socketpair()
    with reading, writing:
        writing.setblocking(False)
        selector.register(reading, selectors.EVENT_READ)
        with contextlib.suppress(ValueError):  # in another thread signals are not our affair
            signal.set_wakeup_fd(writing.fileno())
        try:
            yield
        finally:
            with contextlib.suppress(ValueError):
                signal.set_wakeup_fd(-1)


def open_listener(host: str, port: int) -> socket.socket:
    """Return a listening socket; ``::`` stands for IPv4 and IPv6, where both are there."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    both = address[0] == "::" and socket.has_dualstack_ipv6()
    return socket.create_server(address[:2], family=family, dualstack_ipv6=both)


def main() -> None:
    """Read the command line and serve until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description="Echo WebSocket messages.")
    parser.add_argument("port", type=port_number, help="port to listen on; 0: any free one")
    parser.add_argument("--host", default="127.0.0.1", help="address or name to listen on")
    parser.add_argument("--origin", action="append", default=[], help="whose pages may connect")
    parser.add_argument("--clients", type=int, default=100, help="at most so many at a time")
    parser.add_argument("--idle", type=float, default=60.0, help="seconds of silence")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as on Ctrl-C
    try:
        with open_listener(arguments.host, arguments.port) as listener:
            server = Server(listener, arguments.origin, arguments.clients, arguments.idle)
            try:
                with woken_by_signals(server.selector):
                    log(f"listening on http://{shown(listener.getsockname())}/")
                    server.serve()
            finally:
                server.stop()
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        log("stopped")


if __name__ == "__main__":
    main()
