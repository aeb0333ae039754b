"""A server that outlives its clients: a store of words, asked and answered in lines.

    python3 line_server.py 50007
    python3 line_server.py 50007 --host :: --clients 100 --idle 60

    client    SET colour blue      -->  server
              <--  OK
              GET colour           -->
              <--  OK blue

A thread for each client.  Whatever a client does (vanish, be silent, send half a line, a line
without end, bytes that are no text; not read its answers), it is this client that ends, within
--idle seconds, and one line says why.  Ctrl-C or SIGTERM: nobody new is let in, and each client
still gets the answers to what it has sent.
"""

import argparse
import contextlib
import errno
import os
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

LONGEST = 1000
"""Bytes a line may have, without its end."""


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


class Lines:
    """The lines of a connection, however TCP cuts them into pieces."""

    def __init__(self, connection: socket.socket, limit: float) -> None:
        self.connection = connection
        self.limit = limit
        self.buffer = bytearray()

    def next(self) -> bytes | None:
        """Return the next line without its end, or None when there are no more.

        The limit is for the whole line: a byte now and then does not begin it anew.
        """
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
        if len(line) > LONGEST:
            raise ConnectionError(f"a line of more than {LONGEST} bytes")
        del self.buffer[: end + 1]
        return line


class Server:
    """The store, and the clients of this moment."""

    def __init__(self, listener: socket.socket, most: int, idle: float) -> None:
        self.listener = listener
        self.listener.setblocking(False)  # a client may be gone between select and accept
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)
        self.idle = idle
        self.words: dict[str, str] = {}
        self.places = threading.BoundedSemaphore(most)
        self.lock = threading.Lock()
        self.clients: dict[socket.socket, threading.Thread] = {}

    def answer(self, line: bytes) -> str:
        """Do what a line asks for; return what to tell the client."""
        try:
            match line.decode("utf-8").split(maxsplit=2):
                case ["SET", name, value]:
                    self.words[name] = value
                    return "OK"
                case ["GET", name]:
                    return f"OK {self.words[name]}" if name in self.words else "ERROR no such name"
            return "ERROR SET name value, or GET name"
        except UnicodeDecodeError:
            return "ERROR not UTF-8"

    def talk(self, connection: socket.socket, peer: tuple[Any, ...]) -> None:
        """Serve one client to its end."""
        lines, count = Lines(connection, self.idle), 0
        try:
            while (line := lines.next()) is not None:
                connection.settimeout(self.idle)
                connection.sendall(self.answer(line).encode() + b"\n")
                count += 1
            log(f"{shown(peer)} asked {count} times")
        except OSError as error:  # reset, broken pipe, timeout: this client only
            log(f"{shown(peer)} asked {count} times: {error}")
        finally:
            with self.lock:
                del self.clients[connection]
            connection.close()
            self.places.release()

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
            thread = threading.Thread(target=self.talk, args=(connection, peer), daemon=True)
            with self.lock:
                self.clients[connection] = thread
            thread.start()

    def stop(self, limit: float = 5.0) -> None:
        """Let each client finish what it has asked, and wait for that, but not for ever."""
        self.selector.close()
        self.listener.close()
        with self.lock:
            threads = [thread for thread in self.clients.values() if thread.ident]
            for connection in self.clients:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)  # after what is there, the end of file
        deadline = time.monotonic() + limit
        for thread in threads:
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
    parser = argparse.ArgumentParser(description="A store of words, asked in lines.")
    parser.add_argument("port", nargs="?", type=port_number, default=0, help="0: any free port")
    parser.add_argument("--host", default="127.0.0.1", help="address or name to listen on")
    parser.add_argument("--clients", type=int, default=100, help="at most so many at a time")
    parser.add_argument("--idle", type=float, default=60.0, help="seconds a client may take")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as on Ctrl-C
    try:
        with open_listener(arguments.host, arguments.port) as listener:
            server = Server(listener, arguments.clients, arguments.idle)
            try:
                with woken_by_signals(server.selector):
                    log(f"listening on {shown(listener.getsockname())}")
                    server.serve()
            finally:
                server.stop()
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        log("stopped")


if __name__ == "__main__":
    main()
