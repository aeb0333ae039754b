"""A chat: what one client says, all hear.  One thread, and nobody who does not read holds it up.

    python3 chat_server.py 50007
    python3 chat_client.py 50007 alice       # in other terminals, one for each who chats

    alice     alice                -->  server        her first line is her name
              <--  alice has come  -->  all
              hello                -->
              <--  alice: hello    -->  all

What a client has not read yet is kept for it, up to a limit; who falls behind by more has to
leave.  Ctrl-C or SIGTERM ends the server.
"""

import argparse
import contextlib
import errno
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Iterator

LONGEST = 1000
"""Bytes a line may have, without its end."""
MOST_UNREAD = 100_000
"""Bytes that are kept for a client who does not read."""


def port_number(text: str) -> int:
    """Return *text* as a port; 0 asks the kernel for a free one."""
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
    return port


def log(text: str) -> None:
    """Print a line; when nobody reads the output any more, serve on without."""
    try:
        print(text, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def as_text(line: bytes) -> str:
    """Return a stranger's line as text that no terminal obeys."""
    text = line.decode("utf-8", "replace").strip()
    return "".join(each if each.isprintable() else "?" for each in text)


class Client:
    """Who chats: a connection, half a line that has come, and what is not sent yet."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.connection.setblocking(False)
        self.name = ""
        self.received = bytearray()
        self.unsent = bytearray()
        self.has_ended = False
        self.gone_because = ""

    def lines(self) -> Iterator[bytes]:
        """Receive what has come; yield the lines that are whole now."""
        data = self.connection.recv(4096)
        self.has_ended = not data
        self.received += data
        *whole, rest = self.received.split(b"\n")
        self.received = rest
        if any(len(line) > LONGEST for line in (*whole, rest)):
            raise ConnectionError("too long a line")
        yield from (bytes(line) for line in whole)


class Room:
    """The listening socket, and everybody who is there."""

    def __init__(self, listener: socket.socket, selector: selectors.BaseSelector) -> None:
        self.listener = listener
        self.listener.setblocking(False)
        self.selector = selector
        self.selector.register(listener, selectors.EVENT_READ)
        self.clients: list[Client] = []
        self.closed_until = 0.0

    def tell_all(self, text: str) -> None:
        """Keep a line for everybody; who is ready is sent it in the next round."""
        for client in self.clients:
            client.unsent += text.encode() + b"\n"
            if len(client.unsent) > MOST_UNREAD:
                client.gone_because = "does not read"

    def hear(self, client: Client, line: bytes) -> None:
        """Take a line: first the name, then what is said."""
        text = as_text(line)
        if client.name:
            self.tell_all(f"{client.name}: {text}")
        else:
            client.name = text[:30] or "somebody"
            self.tell_all(f"{client.name} has come")

    def let_in(self) -> None:
        """Take a connection, if there is still one."""
        try:
            connection, _ = self.listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:  # no descriptor is free: the client stays in the backlog
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            log(f"{error}; trying again")
            self.selector.unregister(self.listener)
            self.closed_until = time.monotonic() + 0.1
            return
        client = Client(connection)
        self.clients.append(client)
        self.selector.register(connection, selectors.EVENT_READ, client)

    def attend(self, client: Client, events: int) -> None:
        """Read and send as far as it goes without waiting."""
        try:
            if events & selectors.EVENT_READ:
                for line in client.lines():
                    self.hear(client, line)
            if events & selectors.EVENT_WRITE:
                del client.unsent[: client.connection.send(client.unsent)]
        except BlockingIOError:
            pass
        except OSError as error:  # a reset, a broken pipe: this client only
            client.gone_because = error.strerror or str(error)
        if client.has_ended and not client.unsent:
            client.gone_because = "said goodbye"

    def see_off(self) -> None:
        """Remove those who have gone, and tell the others, until nobody goes of that."""
        while gone := [client for client in self.clients if client.gone_because]:
            for client in gone:
                log(f"{client.name or 'somebody'}: {client.gone_because}")
                self.selector.unregister(client.connection)
                client.connection.close()
                self.clients.remove(client)  # last: who ends the chat meanwhile closes it
            for client in gone:
                if client.name:
                    self.tell_all(f"{client.name} has gone")

    def wait(self) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; ask for writability only where something is unsent."""
        for client in self.clients:
            wanted = 0 if client.has_ended else selectors.EVENT_READ
            wanted |= selectors.EVENT_WRITE if client.unsent else 0
            self.selector.modify(client.connection, wanted, client)
        if not self.closed_until:
            return self.selector.select()
        ready = self.selector.select(self.closed_until - time.monotonic())
        if time.monotonic() >= self.closed_until:
            self.closed_until = 0.0
            self.selector.register(self.listener, selectors.EVENT_READ)
        return ready

    def chat(self) -> None:
        """Serve everybody, without end."""
        while True:
            for key, events in self.wait():
                if key.fileobj is self.listener:
                    self.let_in()
                elif key.data:
                    self.attend(key.data, events)
            self.see_off()


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


def main() -> None:
    """Read the command line and serve until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description="A chat server: what one says, all hear.")
    parser.add_argument("port", nargs="?", type=port_number, default=0, help="0: any free port")
    parser.add_argument("--host", default="127.0.0.1", help="IPv4 address or name to listen on")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as on Ctrl-C
    try:
        with (
            socket.create_server((arguments.host, arguments.port)) as listener,
            selectors.DefaultSelector() as selector,
            woken_by_signals(selector),
        ):
            room = Room(listener, selector)
            log("listening on {}:{}".format(*listener.getsockname()))
            try:
                room.chat()
            finally:
                for client in room.clients:
                    client.connection.close()
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        log("stopped")


if __name__ == "__main__":
    main()
