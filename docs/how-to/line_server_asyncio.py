"""The store of line_server.py once more, with asyncio: one thread, however many clients.

    python3 line_server_asyncio.py 50007
    python3 line_server_asyncio.py 50007 --host :: --clients 10000 --idle 60

    client    SET colour blue      -->  server
              <--  OK
              GET colour           -->
              <--  OK blue

A task for each client.  Whatever a client does (vanish, be silent, send half a line, a line
without end, bytes that are no text; not read its answers), it is this client that ends, within
--idle seconds, and one line says why.  Ctrl-C or SIGTERM: nobody new is let in, and each client
still gets the answers to what it has sent.
"""

import argparse
import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
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
        print(text, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.asynccontextmanager
async def limited(limit: float) -> AsyncIterator[None]:
    """Let what is inside take so many seconds; then it fails like a socket's own time limit."""
    try:
        async with asyncio.timeout(limit):
            yield
    except TimeoutError as error:  # asyncio's own has no text
        raise TimeoutError(str(error) or "timed out") from None


async def next_line(reader: asyncio.StreamReader) -> bytes | None:
    """Return the next line without its end, or None when there are no more."""
    try:
        line = (await reader.readuntil(b"\n"))[:-1].removesuffix(b"\r")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise ConnectionError("the end, in the middle of a line") from None
        return None
    except asyncio.LimitOverrunError:
        line = bytes(LONGEST + 1)
    if len(line) > LONGEST:
        raise ConnectionError(f"a line of more than {LONGEST} bytes")
    return line


class Server:
    """The store, and the clients of this moment."""

    def __init__(self, listener: socket.socket, most: int, idle: float) -> None:
        self.listener = listener
        self.listener.setblocking(False)
        self.idle = idle
        self.words: dict[str, str] = {}
        self.places = asyncio.Semaphore(most)
        self.clients: dict[asyncio.Task[None], socket.socket] = {}

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

    async def talk(self, connection: socket.socket, peer: tuple[Any, ...]) -> None:
        """Serve one client to its end."""
        count = 0
        reader, writer = await asyncio.open_connection(sock=connection, limit=LONGEST + 1)
        try:
            while await self.answer_one(reader, writer):
                count += 1
                if count % 100 == 0:
                    await asyncio.sleep(0)  # it has not waited for anything yet: the others' turn
            writer.close()
            async with limited(self.idle):
                await writer.wait_closed()
            log(f"{shown(peer)} asked {count} times")
        except OSError as error:  # reset, broken pipe, timeout: this client only
            log(f"{shown(peer)} asked {count} times: {error}")
        finally:
            writer.transport.abort()  # close() goes on sending, if need be for ever

    async def answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read a line and answer it; return whether there was one.

        The limit is for the whole line: a byte now and then does not begin it anew.
        """
        async with limited(self.idle):
            line = await next_line(reader)
            if line is None:
                return False
            writer.write(self.answer(line).encode() + b"\n")
            await writer.drain()
        return True

    def has_gone(self, task: asyncio.Task[None]) -> None:
        """Let the next client in."""
        self.clients.pop(task).close()
        self.places.release()

    async def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection; wait while the process has no descriptor for it."""
        while True:
            try:
                return await asyncio.get_running_loop().sock_accept(self.listener)
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ECONNABORTED):
                    raise
                log(f"{error}; trying again")
                await asyncio.sleep(0.1)

    async def serve(self) -> None:
        """Take clients, at most so many at a time; the others wait in the backlog."""
        while True:
            await self.places.acquire()
            connection, peer = await self.accept()
            task = asyncio.create_task(self.talk(connection, peer))
            self.clients[task] = connection
            task.add_done_callback(self.has_gone)

    async def stop(self, limit: float = 5.0) -> None:
        """Let each client finish what it has asked, and wait for that, but not for ever."""
        self.listener.close()
        for connection in self.clients.values():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)  # after what is there, the end of file
        if self.clients:
            await asyncio.wait(self.clients, timeout=limit)


async def run(listener: socket.socket, most: int, idle: float) -> None:
    """Serve until a signal cancels this task."""
    task = asyncio.current_task()
    assert task
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not on Windows, and in the main thread only: elsewhere Ctrl-C is KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    server = Server(listener, most, idle)
    try:
        log(f"listening on {shown(listener.getsockname())}")
        await server.serve()
    finally:
        await server.stop()


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
    parser.add_argument("--clients", type=int, default=1000, help="at most so many at a time")
    parser.add_argument("--idle", type=float, default=60.0, help="seconds a client may take")
    arguments = parser.parse_args()
    try:
        with open_listener(arguments.host, arguments.port) as listener:
            asyncio.run(run(listener, arguments.clients, arguments.idle))
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except (asyncio.CancelledError, KeyboardInterrupt):
        log("stopped")


if __name__ == "__main__":
    main()
