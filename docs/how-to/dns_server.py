"""Answer DNS questions from the command line: a name server for a laboratory, and for tests.

    python3 dns_server.py 50053 "www.example.org A 192.0.2.7" "example.org MX 10 mail.example.org"
    python3 dns_server.py 50053 --host ::1 "example.org TXT any text"

    question over UDP  -->  answer; a long one is cut, and marked as cut
    question over TCP  -->  the whole answer; a length stands before each message

It knows what it was given and nothing else: any other name is *no such name*.
Ctrl-C or SIGTERM ends it.
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

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
LONGEST = 512
"""Bytes of a datagram that every asker can take."""
QUESTION_TO_ANSWER, CUT, NO_SUCH_NAME, BAD, NOT_DONE = 0x8400, 0x0200, 3, 1, 4
OPCODE, RECURSION = 0x7800, 0x0100  # what an answer has as its question had it
AT_ONCE = 50
"""Askers over TCP; the next ones are turned away."""


def port_number(text: str) -> int:
    """Return *text* as a port; 0 asks the kernel for a free one."""
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
    return port


def packed_name(name: str) -> bytes:
    """Return a name as DNS writes it: each label after its length, then a zero."""
    labels = [label.encode("idna") for label in name.rstrip(".").split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(text: str) -> tuple[bytes, int, bytes]:
    """Return name, type and data of a line such as ``example.org MX 10 mail.example.org``."""
    try:
        name, kind, data = text.split(maxsplit=2)
        match kind:
            case "A":
                packed = socket.inet_pton(socket.AF_INET, data)
            case "AAAA":
                packed = socket.inet_pton(socket.AF_INET6, data)
            case "MX":
                preference, host = data.split()
                packed = struct.pack("!H", int(preference)) + packed_name(host)
            case "TXT":
                pieces = [data.encode()[at : at + 255] for at in range(0, len(data.encode()), 255)]
                packed = b"".join(bytes([len(piece)]) + piece for piece in pieces)
            case _:
                packed = packed_name(data)
        return packed_name(name).lower(), TYPES[kind], packed
    except (KeyError, OSError, UnicodeError, ValueError, struct.error):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME TYPE DATA") from None


class Zone:
    """What the server knows."""

    def __init__(self, known: list[tuple[bytes, int, bytes]]) -> None:
        self.known = known

    def answer(self, asked: bytes, longest: int) -> bytes | None:
        """Return the answer to a message, or None if it is no question."""
        if len(asked) < 17 or asked[2] & 0x80:  # an answer must not be answered: two servers
            return None  # would go on for ever
        number, flags, count = struct.unpack_from("!3H", asked)
        end = asked.find(b"\0", 12) + 5  # one question, whose name has no pointers
        kind, kept = asked[end - 4 : end], flags & (OPCODE | RECURSION)
        if count != 1 or len(kind) != 4 or flags & OPCODE:  # an update, a notice: no question
            why = NOT_DONE if flags & OPCODE else BAD
            return struct.pack("!6H", number, QUESTION_TO_ANSWER | kept | why, 0, 0, 0, 0)
        name = asked[12 : end - 4].lower()
        found = [(its, data) for known, its, data in self.known if known == name]
        records = [
            struct.pack("!3HIH", 0xC00C, its, 1, 60, len(data)) + data  # the name: see byte 12
            for its, data in found
            if its == int.from_bytes(kind[:2], "big") or its == TYPES["CNAME"]
        ]
        flags = QUESTION_TO_ANSWER | kept | (0 if found else NO_SUCH_NAME)
        if end + sum(map(len, records)) > longest:
            flags, records = flags | CUT, []
        header = struct.pack("!6H", number, flags, 1, len(records), 0, 0)
        return header + asked[12:end] + b"".join(records)


class Server:
    """A socket for datagrams and one for connections, with the same number."""

    def __init__(self, zone: Zone, udp: socket.socket, listener: socket.socket) -> None:
        self.zone, self.udp, self.listener = zone, udp, listener
        self.selector = selectors.DefaultSelector()
        self.places = threading.BoundedSemaphore(AT_ONCE)
        for each in udp, listener:
            each.setblocking(False)
            self.selector.register(each, selectors.EVENT_READ)

    def serve(self) -> None:
        """Answer until a signal raises KeyboardInterrupt."""
        while True:
            for key, _ in self.selector.select():
                try:
                    if key.fileobj is self.udp:
                        self.answer_datagram()
                    elif key.fileobj is self.listener:
                        self.accept()
                except OSError as error:  # of one asker, unless no descriptor is left
                    if error.errno in (errno.EMFILE, errno.ENFILE):
                        time.sleep(0.1)

    def answer_datagram(self) -> None:
        """Answer one datagram; who has no room for the answer does not get it."""
        asked, client = self.udp.recvfrom(65535)
        if answer := self.zone.answer(asked, LONGEST):
            self.udp.sendto(answer, client)

    def accept(self) -> None:
        """Let a thread answer a connection, or turn it away when there are too many."""
        connection, _ = self.listener.accept()
        if not self.places.acquire(blocking=False):
            connection.close()
            return
        threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        """Answer the questions of a connection; whoever is silent for five seconds is left."""
        try:
            connection.settimeout(5)
            with connection, connection.makefile("rb") as file:
                while len(size := file.read(2)) == 2:
                    asked = file.read(int.from_bytes(size, "big"))
                    answer = self.zone.answer(asked, 65535)
                    if answer is None or len(asked) < int.from_bytes(size, "big"):
                        return
                    connection.sendall(struct.pack("!H", len(answer)) + answer)
        except OSError:
            pass  # this asker only
        finally:
            self.places.release()


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


def open_both(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Return a UDP socket and a listening TCP socket with the same port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        listener = socket.create_server((host, port), family=family)
        udp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            udp.bind(listener.getsockname())
            return udp, listener
        except OSError:
            udp.close()
            listener.close()
            if port:
                raise  # with port 0: the number is taken for UDP, so another one


def shown(address: tuple[Any, ...]) -> str:
    """Return an IPv4 or IPv6 address as text: ``127.0.0.1:53``, ``[::1]:53``."""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def say(text: str) -> None:
    """Print a line; when nobody reads the output any more, serve on without."""
    try:
        print(f"{text}\n", end="", flush=True)  # at once: others print as well
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    """Read the command line and answer until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description="Answer DNS questions from a list.")
    parser.add_argument("port", type=port_number, help="0: any free one")
    parser.add_argument("records", nargs="*", type=record, metavar="'NAME TYPE DATA'")
    parser.add_argument("--host", default="127.0.0.1", help="address to answer on")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as on Ctrl-C
    try:
        udp, listener = open_both(arguments.host, arguments.port)
        with udp, listener:
            server = Server(Zone(arguments.records), udp, listener)
            with server.selector, woken_by_signals(server.selector):
                say(f"answering on {shown(udp.getsockname())}")
                server.serve()
    except OSError as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        say("stopped")


if __name__ == "__main__":
    main()
