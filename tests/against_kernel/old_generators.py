"""Random programs about the families that most kernels have lost; words are in `old_words`.

They run where a kernel has the family, in its own network: a new namespace has none of them.
``tests/on_old_kernels`` boots two such kernels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .generator import SHUT, Generator
from .link_generators import FLAGS, SENT, LinkGenerator
from .subjects import Program

SIZES = ("b''", "b'x'", "b'hello'", "b'z' * 100", "b'z' * 586", "b'z' * 587", "b'z' * 588",
         "b'z' * 1500", "b'z' * 1501", "b'z' * 66000", "b'z' * 66001")  # fmt: skip


class OldGenerator(LinkGenerator):
    """What the programs of these families have in common."""

    renewed_every, final, own_network = 1 << 30, "watched", False
    closed_too = 0.0

    def looks(self, name: str, one: Any, other: str) -> str:
        return f"watched({name})"

    def data(self) -> str:
        return self.any(*SIZES[:4], *SIZES[:4], *SIZES)

    def ask(self, name: str, one: Any, other: str) -> str:
        """Return a call that most families refuse, or answer for every socket."""
        return self.any(f"{name}.listen({self.any('0', '1', '5')})",
                        f"{name}.shutdown({self.any(*SHUT)})", f"{name}.accept()[1]",
                        f"{name}.getsockopt(SOL_SOCKET, SO_ERROR)",
                        f"{name}.getsockopt(SOL_SOCKET, SO_TYPE)",
                        f"control({name}, 0x8905)", f"control({name}, 0x541B, bytes(4))")


class TipcGenerator(OldGenerator):
    """Services, datagrams that come back, connections.

    Left out: scopes other than cluster and node, whose names outlive their sockets on Linux 6.1;
    sending to an address to connect.  Each program has a service type of its own, as names can
    outlive their sockets.
    """

    makes = ("tp()", "tp()", "tp(SOCK_DGRAM)", "tp(SOCK_STREAM)", "tp(SOCK_STREAM)",
             "tp(SOCK_SEQPACKET)", "tp(SOCK_SEQPACKET)")  # fmt: skip

    def service(self) -> str:
        first = self.any("SERVICE", "SERVICE", "SERVICE", "SERVICE + 1", "63", "64", "0")
        low, high = self.any("0", "0", "5", "9"), self.any("50", "50", "5", "3", "99")
        return self.any(f"(1, {first}, {low}, {high})", f"(1, SERVICE, {low}, {high})",
                        f"(1, SERVICE, 0, 50, {self.any('-2', '2', '2', '3', '-3')})",
                        f"(2, {first}, {low}, 0)", "(3, 5, 0, 0)")

    def target(self, other: str) -> str:
        return self.any(f"at({other})", f"at({other})", "(2, SERVICE, 5, 0)", "(2, SERVICE, 7, 0)",
                        "(2, SERVICE, 99, 0)", "(1, SERVICE, 0, 50)", "(1, SERVICE, 60, 70)",
                        "(3, 1, 1, 0)", "(2, SERVICE + 1, 5, 0)")

    def bind(self, name: str, one: Any, other: str) -> str:
        return f"{name}.bind({self.service()})"

    def connect(self, name: str, one: Any, other: str) -> str:
        return f"{name}.connect({self.target(other)})"

    def take(self, name: str, one: Any, other: str) -> str:
        return self.any(f"{self._new()}, peer = taccept({name})", f"{name}.listen()")

    def shows(self, name: str, one: Any, other: str) -> str:
        return self.any(f"tname({name})", f"tname({name}, 'getpeername')", f"watched({name})",
                        f"watched({name})")

    def send(self, name: str, one: Any, other: str) -> str:
        data, flags = self.data(), self.flags(("MSG_DONTWAIT", "MSG_NOSIGNAL", "MSG_EOR"))
        if one.type in (1, 5):  # connecting by sending is left out
            return f"{name}.send({data}, {flags})"
        return self.any(f"{name}.send({data}, {flags})", f"{name}.send({data}, {flags})",
                        f"{name}.sendto({data}, {flags}, {self.target(other)})")

    def hear(self, name: str, one: Any, other: str) -> str:
        size = self.any("0", "1", "3", "100", "100", "70000")
        flags = self.flags(("MSG_PEEK", "MSG_TRUNC", "MSG_DONTWAIT", "MSG_EOR"), 0.25)
        return self.any(f"tcaught({name}, {size}, {flags}, {self.any('64', '0', '20', '300')})",
                        f"tcaught({name}, {size}, {flags}, 300)", f"{name}.recv({size}, {flags})")

    def option(self, name: str, one: Any, other: str) -> str:
        number = self.any(*map(str, range(127, 133)))
        return self.any(f"option({name}, 271, {number}, {self.any('0', '0', '2', '8')})",
                        f"{name}.setsockopt(271, {number}, {self.any('0', '1', '3', '4', '-1')})")

    ways: ClassVar = {
        bind: 8, connect: 6, take: 7, shows: 10, send: 16, hear: 14, option: 3,
        OldGenerator.ask: 2, LinkGenerator.ends: 3, Generator._dup: 1,
    }  # fmt: skip


class BytesGenerator(OldGenerator):
    """Families whose addresses CPython cannot write: the bytes of their sockaddr name a socket."""

    def address(self, other: str) -> str:
        """Return an address, right or wrong, or that of the socket *other*."""
        raise NotImplementedError

    def bind(self, name: str, one: Any, other: str) -> str:
        return f"cbind({name}, {self.address(other)})"

    def connect(self, name: str, one: Any, other: str) -> str:
        return f"cconnect({name}, {self.address(other)})"


class DdpGenerator(BytesGenerator):
    """AppleTalk's datagrams on lo.

    Left out: dup(), for which CPython asks getsockname(), which gives the socket a number.
    """

    makes = ("dd()", "dd()", "dd()", "dd(SOCK_RAW)")

    def opening(self) -> Program:
        return ("routerless()", *super().opening())

    def address(self, other: str) -> str:
        port = self.any("0", "1", "128", "150", "150", "200", "254", "255")
        net = self.any("0", "NET", "NET", "NET", "8")
        node = self.any("0", "NODE", "NODE", "255", "1")
        packed = f"at_address({port}, {net}, {node}{self.any('', '', '', '', ', 0', ', 2')})"
        return self.any(f"cname({other})[0]", f"cname({other})[0]", packed, packed,
                        packed + self.any("[:15]", "[:2]", " + bytes(4)"))

    def shows(self, name: str, one: Any, other: str) -> str:
        return self.any(f"cname({name})", f"cname({name}, 'getpeername')", f"watched({name})")

    def send(self, name: str, one: Any, other: str) -> str:
        data, flags = self.data(), self.flags(SENT)
        return self.any(f"{name}.send({data}, {flags})",
                        f"csend({name}, {data}, {flags}, {self.address(other)})",
                        f"csend({name}, b'\\4hello', 0, cname({other})[0])")

    def hear(self, name: str, one: Any, other: str) -> str:
        return f"crecv({name}, {self.any('1', '3', '100', '700')}, {self.flags(FLAGS)})"

    def option(self, name: str, one: Any, other: str) -> str:
        return self.any(f"{name}.setsockopt(SOL_SOCKET, SO_BROADCAST, {self.any('0', '1')})",
                        f"{name}.setsockopt({self.any('258', '6', '0')}, 1, 1)",
                        f"option({name}, {self.any('258', '6', '0')}, 1)")

    ways: ClassVar = {
        BytesGenerator.bind: 10, BytesGenerator.connect: 5, shows: 8, send: 14, hear: 14, option: 3,
        OldGenerator.ask: 2, LinkGenerator.ends: 3,

    }  # fmt: skip


class AtmGenerator(BytesGenerator):
    """Circuits through adummy, which takes everything and gives nothing back.

    Linux looks for a free circuit from where the last search ended, also another program's: each
    program begins with two that end at the first.  A circuit whose numbers are said in two calls is
    entered twice in a list of Linux 6.1, which can walk in it for ever: one call names it here.
    """

    makes = ("pvc()", "pvc()", "pvc(SOCK_RAW)", "pvc(SOCK_SEQPACKET, 0)", "pvc(SOCK_DGRAM, 0)")

    def opening(self) -> Program:
        return ("searched()", *super().opening())

    def address(self, other: str) -> str:
        itf = self.any("0", "0", "0", "-1", "-2", "3")
        vpi = self.any("0", "0", "1", "-1", "300")
        vci = self.any("100", "100", "101", "31", "0", "-1", "70000")
        packed = f"vc({itf}, {vpi}, {vci}{self.any('', '', '', '', ', 0', ', 2')})"
        return self.any("vc()", "vc(0, 0, 101)", packed, packed,
                        packed + self.any("[:11]", "[:8]", "[:2]", " + bytes(4)"))

    def shows(self, name: str, one: Any, other: str) -> str:
        half = self.any("0, -2", "-2, 100", "-1, -2", "-2, -2", "-2, 0", "16, -2")
        return self.any(f"aname({name})", f"aname({name}, 'getpeername')", f"watched({name})",
                        f"half(vc({self.any('0', '-1')}, {half}))")

    def send(self, name: str, one: Any, other: str) -> str:
        return self.any(f"{name}.send({self.data()}, {self.flags(SENT)})",
                        f"csend({name}, {self.data()}, 0, {self.address(other)})")

    def hear(self, name: str, one: Any, other: str) -> str:
        return f"crecv({name}, {self.any('1', '100')}, {self.flags(FLAGS)})"

    def option(self, name: str, one: Any, other: str) -> str:
        kind, back = self.any("1", "1", "0", "2", "5", "6"), self.any("1", "1", "0", "2")
        size, aal = self.any("1500", "1500", "0", "100", "70000"), self.any("5", "5", "0", "9")
        value = self.any("quality()", "quality()", f"quality({kind}, {back}, {size}, {aal})",
                         "bytes(80)", "bytes(84)", "bytes(88)")
        return self.any(*[f"{name}.setsockopt(264, QOS, {value})"] * 3,
                        f"option({name}, 264, QOS, {self.any('84', '80', '88')})",
                        f"{name}.setsockopt({self.any('264', '265', '6')}, 1, 1)",
                        f"option({name}, {self.any('264', '265', '6')}, 1)")

    ways: ClassVar = {
        BytesGenerator.bind: 6, BytesGenerator.connect: 6, shows: 8, send: 8, hear: 3, option: 10,
        OldGenerator.ask: 2, LinkGenerator.ends: 3, Generator._dup: 1,
    }  # fmt: skip


OLD: Mapping[str, type[OldGenerator]] = {
    "tipc": TipcGenerator, "appletalk": DdpGenerator, "atmpvc": AtmGenerator}
