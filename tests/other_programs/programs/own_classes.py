"""Classes of a program that derive from those of sockets and streams, with names of any kind."""

import builtins
import io
import socket
import sys
import threading

NAMES = ("address", "family", "fd", "machine", "message", "proto", "real", "receive", "sender",
         "show", "sock", "timeout", "type", "waiters", "writable")  # fmt: skip


class Everything(socket.socket):
    """A socket that keeps a good deal beside what the interpreter keeps."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        for name in NAMES:
            setattr(self, f"_{name}", f"my {name}")
        self.settimeout(5)

    def kept(self):
        return all(getattr(self, f"_{name}") == f"my {name}" for name in NAMES)


def sockets():
    with Everything() as server, Everything(socket.AF_INET, socket.SOCK_STREAM) as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"hello")
            print(client.recv(10), client.gettimeout(), client.family.name, client.type.name)
            client.setblocking(False)
            try:
                client.recv_into(bytearray(5))
            except BlockingIOError as error:
                print(error)
        print(server.kept(), client.kept(), client.fileno() >= 0)


class Unnumbered(io.StringIO):
    """A standard input that has no descriptor, as a window's or a server's."""


def lines():
    sys.stdin, before = Unnumbered("one\ntwo\n"), sys.stdin
    thread = threading.Thread(target=lambda: print(builtins.input(), input("a prompt: ")))
    thread.start()
    thread.join()
    sys.stdin = before


if __name__ == "__main__":
    sockets()
    lines()
