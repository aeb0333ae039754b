"""A server of several processes on one port: one listening socket, made first, inherited by all.

    python3 workers.py 50007
    python3 workers.py 50007 --host :: --workers 8

    parent     socket, bind, listen, fork    starts workers again that die
    worker 1     accept ... answer ... accept ...
    worker 2     accept ... answer ... accept ...

A client sends a line, and gets it again with the number of the worker that it met.  Ctrl-C or
SIGTERM to the parent: each worker finishes the client it has.  If the parent is killed, the workers
end too: they wait for clients and, at the same time, for the end of a pipe that only it holds open.
"""

import argparse
import contextlib
import os
import select
import signal
import socket
import sys
import time
from typing import NoReturn

LONGEST = 1000
"""Bytes a line may have, with its end."""
SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGCHLD}


def port_number(text: str) -> int:
    """Return *text* as a port; 0 asks the kernel for a free one."""
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
    return port


def log(text: str) -> None:
    """Print a line in one piece, since several processes print; without a reader, do without."""
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), f"{text}\n".encode())


def answer(connection: socket.socket, number: int, limit: float) -> None:
    """Read a line, and send it back with the number of this worker."""
    line, deadline = b"", time.monotonic() + limit
    while not line.endswith(b"\n"):
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        data = connection.recv(LONGEST - len(line))
        line += data
        if not data or len(line) >= LONGEST:
            raise ConnectionError("no whole line")
    connection.sendall(b"worker %d: " % number + line)


def work(listener: socket.socket, stop: int, number: int, limit: float) -> None:
    """Serve one client after the other, until the parent has closed its end of *stop*."""
    while True:
        readable, _, _ = select.select([listener, stop], [], [])
        if stop in readable:
            return
        try:
            connection, _ = listener.accept()
        except BlockingIOError:  # another worker was faster
            continue
        except OSError as error:  # no descriptor, or the client has gone
            log(f"worker {number}: {error}")
            time.sleep(0.1)
            continue
        with connection:
            try:
                answer(connection, number, limit)
            except OSError as error:  # this client only
                log(f"worker {number}: {error}")


class Parent:
    """The listening socket and the workers that share it."""

    def __init__(self, listener: socket.socket, limit: float) -> None:
        self.listener = listener
        self.listener.setblocking(False)  # all see a client, one gets it
        self.limit = limit
        self.stop_read, self.stop_write = os.pipe()
        self.workers: dict[int, tuple[int, float]] = {}  # process: worker's number, start

    def start(self, number: int) -> None:
        """Start a worker."""
        process = os.fork()
        if process == 0:
            self.be_worker(number)
        self.workers[process] = number, time.monotonic()

    def be_worker(self, number: int) -> NoReturn:
        """In the new process: work, and never return into the parent's code."""
        status = 1
        try:
            for each in signal.SIGINT, signal.SIGTERM:
                signal.signal(each, signal.SIG_IGN)  # Ctrl-C goes to all; the parent says when
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            os.close(self.stop_write)
            work(self.listener, self.stop_read, number, self.limit)
            status = 0
        except BaseException as error:  # whatever it is, the parent starts another
            log(f"worker {number}: {error!r}")
        finally:
            os._exit(status)

    def run(self, count: int) -> None:
        """Keep so many workers running until a signal says stop."""
        for number in range(1, count + 1):
            self.start(number)
        while signal.sigwait(SIGNALS) == signal.SIGCHLD:
            for number, started in self.ended():
                log(f"worker {number} has died, and is started again")
                if time.monotonic() - started < 1:
                    time.sleep(1)  # it dies at once: do not turn in circles
                self.start(number)

    def ended(self) -> list[tuple[int, float]]:
        """Return the workers that have ended; several may stand behind one SIGCHLD."""
        found = []
        while self.workers:
            process, _ = os.waitpid(-1, os.WNOHANG)
            if not process:
                break
            found.append(self.workers.pop(process))
        return found

    def stop(self, limit: float) -> None:
        """Let each worker finish its client; kill who does not within the limit."""
        os.close(self.stop_write)
        os.close(self.stop_read)
        self.listener.close()
        deadline = time.monotonic() + limit
        while self.workers and time.monotonic() < deadline:
            if not self.ended():
                signal.sigtimedwait({signal.SIGCHLD}, max(0.0, deadline - time.monotonic()))
        for process in self.workers:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def open_listener(host: str, port: int) -> socket.socket:
    """Return a listening socket; ``::`` stands for IPv4 and IPv6, where both are there."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    both = address[0] == "::" and socket.has_dualstack_ipv6()
    return socket.create_server(address[:2], family=family, dualstack_ipv6=both)


def main() -> None:
    """Read the command line, start the workers, and keep them until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description="Serve one port with several processes.")
    parser.add_argument("port", nargs="?", type=port_number, default=0, help="0: any free port")
    parser.add_argument("--host", default="127.0.0.1", help="address or name to listen on")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--limit", type=float, default=5.0, help="seconds a client may take")
    arguments = parser.parse_args()
    # Waited for with sigwait, and so never between two calls: none is missed.
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        with open_listener(arguments.host, arguments.port) as listener:
            parent = Parent(listener, arguments.limit)
            log(f"listening on port {listener.getsockname()[1]}")
            try:
                parent.run(arguments.workers)
            finally:
                parent.stop(arguments.limit + 1)
            log("stopped")
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")


if __name__ == "__main__":
    main()
