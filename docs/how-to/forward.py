"""Pass connections on: what comes to a port of this machine goes to another address, and back.

    python3 forward.py 8080 192.0.2.7 80
    python3 forward.py 50007 localhost 22 --host :: --clients 100 --idle 3600

    client  -- bytes -->  forward.py  -- bytes -->  server
            <-- bytes --              <-- bytes --

Two threads for each client, one for each direction.  Each end is passed on as what it is: who has
said all may go on reading (half-close), and a reset is no end of file.  Who reads slowly is sent to
slowly.  Ctrl-C or SIGTERM: nobody new is let in, and what has been asked is still answered.
"""

import argparse
import contextlib
import errno
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

NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER for a close that is a reset."""


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


class Passage:
    """A client, a server, and the bytes between them."""

    def __init__(self, client: socket.socket, server: socket.socket, idle: float) -> None:
        self.idle = idle
        self.moved = time.monotonic()
        self.there = self.back = 0  # bytes
        self.error: OSError | None = None
        self.client, self.server = client, server
        client.settimeout(idle)
        server.settimeout(idle)

    def run(self) -> None:
        """Pass bytes on in both directions, until both have ended or one is broken."""
        thread = threading.Thread(target=self.answer, daemon=True)
        thread.start()
        for data in self.pieces(self.client, self.server):
            self.there += len(data)
        thread.join()

    def answer(self) -> None:
        """Pass on what the server says."""
        for data in self.pieces(self.server, self.client):
            self.back += len(data)

    def pieces(self, source: socket.socket, target: socket.socket) -> Iterator[bytes]:
        """Pass on what *source* says, to its end, and give each piece that *target* has got."""
        try:
            while data := self.receive(source):
                try:
                    target.sendall(data)
                except TimeoutError:
                    raise
                except OSError:  # it takes no more, and may have said why: the other thread reads
                    return
                self.moved = time.monotonic()
                yield data
            if not self.error:
                target.shutdown(socket.SHUT_WR)  # the end, and the other direction goes on
        except OSError as error:
            self.error = self.error or error
            with contextlib.suppress(OSError):
                target.shutdown(socket.SHUT_RD)  # tells nobody; wakes the other thread

    def receive(self, source: socket.socket) -> bytes:
        """Return what comes; silence is an error when the other direction is silent as well."""
        while True:
            try:
                return source.recv(65536)
            except TimeoutError:
                if time.monotonic() - self.moved >= self.idle:
                    raise

    def close(self) -> None:
        """End both; after an error with a reset, so that nobody takes a part for the whole."""
        for each in self.client, self.server:
            if self.error:
                with contextlib.suppress(OSError):
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            each.close()


class Forwarder:
    """The clients of this moment, and where they want to go."""

    def __init__(self, listener: socket.socket, target: tuple[str, int], most: int,
                 limit: float, idle: float) -> None:  # fmt: skip
        self.listener = listener
        self.listener.setblocking(False)  # a client may be gone between select and accept
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)
        self.target = target
        self.limit, self.idle = limit, idle
        self.places = threading.BoundedSemaphore(most)
        self.lock = threading.Lock()
        self.clients: dict[socket.socket, threading.Thread] = {}

    def find_server(self, client: socket.socket) -> socket.socket:
        """Return a connection to where this client wants to go: here all to the same."""
        return self.connect(self.target)

    def connect(self, target: tuple[str, int]) -> socket.socket:
        """Return a connection to the server; wait while the process has no descriptor for it."""
        deadline = time.monotonic() + self.limit
        while True:
            try:
                return socket.create_connection(target, timeout=self.limit)
            except OSError as error:
                if error.errno not in NO_DESCRIPTOR or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def talk(self, client: socket.socket, peer: tuple[Any, ...]) -> None:
        """Serve one client to its end."""
        passage = None
        try:
            passage = Passage(client, self.find_server(client), self.idle)
            passage.run()
            text = f"{passage.there} bytes there, {passage.back} back"
            log(f"{shown(peer)} {text}{f': {passage.error}' if passage.error else ''}")
        except OSError as error:  # the server is not there, and so this is no server either
            log(f"{shown(peer)} cannot be connected: {error}")
            self.refuse(client)
        finally:
            with self.lock:
                del self.clients[client]
            (passage or client).close()
            self.places.release()

    def refuse(self, client: socket.socket) -> None:
        """Let the client's connection end with a reset: nothing was here."""
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection; wait while the process has no descriptor for it."""
        while True:
            try:
                self.selector.select()
                return self.listener.accept()
            except BlockingIOError:
                continue
            except OSError as error:
                if error.errno not in (*NO_DESCRIPTOR, errno.ECONNABORTED):
                    raise
                log(f"{error}; trying again")
                time.sleep(0.1)

    def serve(self) -> None:
        """Take clients, at most so many at a time; the others wait in the backlog."""
        while True:
            self.places.acquire()
            client, peer = self.accept()
            thread = threading.Thread(target=self.talk, args=(client, peer), daemon=True)
            with self.lock:
                self.clients[client] = thread
            thread.start()

    def stop(self, limit: float = 5.0) -> None:
        """Let each client get what it has asked for, and wait for that, but not for ever."""
        self.selector.close()
        self.listener.close()
        with self.lock:
            threads = [thread for thread in self.clients.values() if thread.ident]
            for client in self.clients:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RD)  # after what is there, the end of file
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
    """Read the command line and pass connections on until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description="Pass connections on to another address.")
    parser.add_argument("port", type=port_number, help="port to listen on; 0: any free one")
    parser.add_argument("to_host", help="where to pass them on: address or name")
    parser.add_argument("to_port", type=port_number)
    parser.add_argument("--host", default="127.0.0.1", help="address or name to listen on")
    parser.add_argument("--clients", type=int, default=100, help="at most so many at a time")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds to connect")
    parser.add_argument("--idle", type=float, default=300.0, help="seconds of silence")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as on Ctrl-C
    try:
        with open_listener(arguments.host, arguments.port) as listener:
            forwarder = Forwarder(listener, (arguments.to_host, arguments.to_port),
                                  arguments.clients, arguments.limit, arguments.idle)  # fmt: skip
            try:
                with woken_by_signals(forwarder.selector):
                    log(f"listening on {shown(listener.getsockname())}")
                    forwarder.serve()
            finally:
                forwarder.stop()
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        log("stopped")


if __name__ == "__main__":
    main()
