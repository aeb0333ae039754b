"""Random programs about X.25's calls and AX.25's connections; words are in `call_words`.

They run where a kernel has the family and a line to call over, which `call_lines` makes.
"""

from __future__ import annotations

import contextlib
import select
from collections.abc import Mapping
from socket import SO_ACCEPTCONN, SOCK_SEQPACKET, SOL_SOCKET
from typing import Any, ClassVar

from .generator import SHUT, Generator
from .link_words import cname
from .old_generators import BytesGenerator, OldGenerator
from .subjects import Program

CALL_FLAGS = ("MSG_PEEK", "MSG_DONTWAIT", "MSG_WAITALL", "MSG_OOB", "MSG_TRUNC",
              "MSG_PEEK | MSG_TRUNC", "MSG_ERRQUEUE", "MSG_CMSG_CLOEXEC")  # fmt: skip


class CallGenerator(BytesGenerator):
    """What both have in common: who listens, who calls, what is said."""

    call: ClassVar[Program]

    def opening(self) -> Program:
        """Return a connection that stands, or sockets."""
        return self.call if self.random.random() < 0.7 else super().opening()

    def connect(self, name: str, one: Any, other: str) -> str:
        """Return a call; not by who listens and has calls, which would be forgotten."""
        if one.fileno() >= 0 and one.getsockopt(SOL_SOCKET, SO_ACCEPTCONN):
            return self.take(name, one, other)
        return super().connect(name, one, other)

    def take(self, name: str, one: Any, other: str) -> str:
        return f"{self._new()}, peer = itaken({name})"

    def listen(self, name: str, one: Any, other: str) -> str:
        return f"{name}.listen({self.any('0', '1', '5', '5')})"

    def shows(self, name: str, one: Any, other: str) -> str:
        return self.any(f"iname({name})", f"iname({name}, 'getpeername')", f"watched({name})")

    def hear(self, name: str, one: Any, other: str) -> str:
        size = self.any("0", "1", "3", "100", "100", "100", "3000")
        return f"icaught({name}, {size}, {self.flags(CALL_FLAGS, 0.25)})"

    def ask(self, name: str, one: Any, other: str) -> str:
        return self.any(f"{name}.shutdown({self.any(*SHUT)})",
                        f"{name}.getsockopt(SOL_SOCKET, SO_ERROR)",
                        f"{name}.getsockopt(SOL_SOCKET, SO_TYPE)",
                        f"control({name}, {self.any('0x8905', '0x8915', '0x891B')})")

    def ends(self, name: str, one: Any, other: str) -> str:
        return f"iclosed({name})"


class X25Generator(CallGenerator):
    """X.25's calls.

    Left out: buffers that are full; accept() where nobody calls, for which Linux waits even so;
    closing a listener before its calls are taken, which it forgets but does not clear; listen() on
    a socket with data of a former call, whose accept() takes that for a call and ends Linux 6.1.
    """

    makes = ("xs()",)
    call = ("a0 = xs()", "cbind(a0, xn(b'1001'))", "a0.listen(5)", "b0 = xs()",
            "cbind(b0, xn(b'2002'))", "cconnect(b0, xn(b'1001'))", "cconnect(b0, xn(b'1001'))",
            "c0, peer = itaken(a0)")  # fmt: skip

    def opening(self) -> Program:
        if self.random.random() < 0.6:
            return super().opening()
        mine, theirs = self.setting("a0"), self.setting("b0")
        return (self.call[0], mine, *self.call[1:4], theirs, *self.call[4:])

    def address(self, other: str) -> str:
        digits = self.any("1001", "1001", "1001", "2002", "10015", "555", "", "123456789012345",
                          "10A1")  # fmt: skip
        packed = f"xn(b'{digits}')"
        return self.any(packed, packed, packed, packed, packed + self.any("[:17]", "[:2]", ""),
                        packed + " + bytes(4)", "bytes(18)", "xn(b'1' * 16)")

    def data(self) -> str:
        return self.any("b''", "b'x'", "b'hello'", "b'\\1qualified'", "b'\\0plain'", "b'z' * 100",
                        "b'z' * 128", "b'z' * 129", "b'z' * 1000", "b'z' * 40")

    def send(self, name: str, one: Any, other: str) -> str:
        flags = self.any(*["MSG_EOR"] * 6, "0", "MSG_OOB", "MSG_OOB", "MSG_EOR | MSG_DONTWAIT",
                         "MSG_EOR | MSG_OOB", "MSG_EOR | MSG_NOSIGNAL", "MSG_EOR | MSG_MORE")
        return self.any(*[f"{name}.send({self.data()}, {flags})"] * 3,
                        f"csend({name}, {self.data()}, {flags}, {self.address(other)})")

    def listen(self, name: str, one: Any, other: str) -> str:
        """Let a socket listen; one that has data of a call yet reads that first."""
        if one.fileno() >= 0 and select.select([one], [], [], 0)[0]:
            return self.hear(name, one, other)
        return super().listen(name, one, other)

    def setting(self, name: str) -> str:
        """Return what is agreed on when a call is set up."""
        windows = ", ".join(self.any("2", "2", "1", "3", "7", "127") for _ in "io")
        sizes = ", ".join(self.any("7", "7", "4", "8", "10", "12") for _ in "io")
        rest = f"{self.any('0', '0', '0xBB', '0x30', '0x0C')}, {self.any('0', '0', '0', '0x81')}"
        wrong = self.any("0, 2, 7, 7, 0, 0", "2, 128, 7, 7, 0, 0", "2, 2, 3, 7, 0, 0",
                         "2, 2, 7, 13, 0, 0", "2, 2, 7, 7, 0x22, 0", "2, 2, 7, 7, 0, 2",
                         "128, 2, 7, 7, 0, 0", "2, 0, 7, 7, 0, 0")
        chosen = self.any(*[f"{windows}, {sizes}, {rest}"] * 5, wrong)
        data = self.any("b'AAxx'", "b'AA'", "b'A'", "b''", "b'BB'", "b'x', 129", "b'y' * 128")
        return self.any(f"control({name}, FACILITIES + 1, facilities({chosen}))",
                        f"control({name}, FACILITIES + 1, facilities({chosen}))",
                        f"control({name}, USER_DATA + 1, user_data({data}))",
                        f"control({name}, MATCH, bytes([{self.any('0', '1', '2', '2', '129')}"
                        ", 0, 0, 0]))",
                        f"{name}.setsockopt(X25_LEVEL, 1, {self.any('0', '1', '7')})",
                        f"{name}.setsockopt(SOL_SOCKET, SO_OOBINLINE, {self.any('0', '1')})")

    def option(self, name: str, one: Any, other: str) -> str:
        return self.any(self.setting(name), self.setting(name),
                        f"control({name}, FACILITIES, bytes(24))", f"told_data({name})",
                        f"control({name}, CAUSE, bytes(2))",
                        f"control({name}, CAUSE + 6, b'\\5\\6')",
                        f"fcntl.ioctl({name}, {self.any('APPROVE', 'APPROVED', 'APPROVED')})",
                        f"control({name}, 0x89EA, bytes(50))",
                        f"option({name}, X25_LEVEL, {self.any('1', '1', '2')}, 4)",
                        f"{name}.setsockopt({self.any('262', '263', '6')}, 2, 1)")

    ways: ClassVar[Mapping[object, int]] = {
        BytesGenerator.bind: 5, CallGenerator.connect: 5, CallGenerator.take: 5,
        listen: 2, CallGenerator.shows: 8, send: 18, CallGenerator.hear: 18,
        option: 7, CallGenerator.ask: 2, CallGenerator.ends: 3, Generator._dup: 0,
    }  # fmt: skip


class Ax25Generator(CallGenerator):
    """AX.25's connections and UI frames between two ports.

    Left out: buffers that are full; options of the timers, which change when, not what; listen() on
    a connected socket, which Linux lets, and which then takes its data for connections; closing a
    listener before its connections are taken, which Linux forgets but does not end; connecting the
    same two callsigns again, which Linux remembers for five seconds (so each program has its own).
    """

    def __init__(self, seed: str) -> None:
        super().__init__(seed)
        self._ended = False

    makes = ("ax()", "ax()", "ax(SOCK_DGRAM)", "ax(SOCK_DGRAM)", "ax(SOCK_RAW, 0xF0)",
             "ax(SOCK_RAW, 0xCC)")  # fmt: skip
    call = ("a0 = ax()", "cbind(a0, an('N0SRV-1', 'PORT1'))", "a0.listen(5)", "b0 = ax()",
            "cbind(b0, an('N0CLI-2', 'PORT0'))", "cconnect(b0, an('N0SRV-1'))",
            "cconnect(b0, an('N0SRV-1'))", "c0, peer = itaken(a0)")  # fmt: skip

    def connect(self, name: str, one: Any, other: str) -> str:
        return self.hear(name, one, other) if self._ended else super().connect(name, one, other)

    def listen(self, name: str, one: Any, other: str) -> str:
        """Let a socket listen that is not connected."""
        with contextlib.suppress(OSError):
            cname(one, "getpeername")
            return self.shows(name, one, other)
        return super().listen(name, one, other)

    def ends(self, name: str, one: Any, other: str) -> str:
        self._ended = self._ended or one.type == SOCK_SEQPACKET
        return super().ends(name, one, other)

    def opening(self) -> Program:
        if self.random.random() < 0.6:
            return super().opening()
        receiver, kind = self.any("SOCK_DGRAM", "SOCK_RAW, 0xF0"), self.any("PORT1", "N0CLI-2")
        return ("a0 = ax(SOCK_DGRAM)", "cbind(a0, an('N0CLI-2', 'PORT0'))", f"b0 = ax({receiver})",
                "cbind(b0, an('PORT1'))", f"cconnect(b0, an('{kind}'))")

    def address(self, other: str) -> str:
        call = self.any("'N0SRV-1'", "'N0SRV-1'", "'N0CLI-2'", "'PORT0'", "'PORT1'", "'N0ONE'")
        way = self.any(*[""] * 6, ", 'PORT0'", ", 'PORT1'", ", 'PORT1'", ", 'PORT9'",
                       ", 'DIGI', 'DIGI-2'", ", 'PORT1', count=0", ", 'PORT1', count=9",
                       ", family=0")  # fmt: skip
        packed = f"an({call}{way})"
        return self.any(*[packed] * 8, packed + self.any("[:15]", "[:2]", " + bytes(4)"))

    def bind(self, name: str, one: Any, other: str) -> str:
        good = self.any("'N0SRV-1', 'PORT1'", "'N0CLI-2', 'PORT0'", "'PORT0'", "'PORT1'")
        return self.any(f"cbind({name}, an({good}))", f"cbind({name}, {self.address(other)})")

    def data(self) -> str:
        return self.any("b'x'", "b'hello'", "b'\\xf0hello'", "b'\\xccother'", "b'z' * 100",
                        "b'z' * 255", "b'z' * 256", "b'z' * 257", "b''")

    def send(self, name: str, one: Any, other: str) -> str:
        flags = self.any(*["0"] * 6, "MSG_EOR", "MSG_OOB", "MSG_DONTWAIT", "MSG_NOSIGNAL",
                         "MSG_MORE")  # fmt: skip
        return self.any(*[f"{name}.send({self.data()}, {flags})"] * 3,
                        *[f"csend({name}, {self.data()}, {flags}, {self.address(other)})"] * 2)

    def option(self, name: str, one: Any, other: str) -> str:
        number = self.any("1", "7", "8", "8", "8", "10", "12", "11", "0", "13")
        value = self.any("0", "1", "1", "2", "7", "8", "16", "256", "65536", "-1", "b'\\1'")
        return self.any(f"{name}.setsockopt({self.any('257', '257', '258')}, {number}, {value})",
                        f"option({name}, 257, {number}, {self.any('4', '1', '2', '8')})")

    ways: ClassVar[Mapping[object, int]] = {
        bind: 7, connect: 5, CallGenerator.take: 4, listen: 2,
        CallGenerator.shows: 8, send: 18, CallGenerator.hear: 18, option: 4, CallGenerator.ask: 2,
        ends: 2,
    }  # fmt: skip


CALLS: Mapping[str, type[OldGenerator]] = {"x25": X25Generator, "ax25": Ax25Generator}
