"""Random programs about AF_NETLINK and AF_PACKET; the words are those of `link_words`.

Left out, because the kernel's own answer depends on its memory or on its other threads: filling a
receive buffer; new addresses of IPv6, which are tentative for a moment, and told of after it.
An MTU below 68, which takes IPv4 from a link, is not modelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .generator import SHUT, Generator
from .options import BYTES, OPTIONS, VALUES, is_read
from .subjects import Program

FLAGS = ("MSG_PEEK", "MSG_PEEK", "MSG_DONTWAIT", "MSG_WAITALL", "MSG_OOB", "MSG_TRUNC",
         "MSG_PEEK | MSG_TRUNC", "MSG_ERRQUEUE", "MSG_CMSG_CLOEXEC")  # fmt: skip
SENT = ("MSG_DONTWAIT", "MSG_NOSIGNAL", "MSG_OOB", "MSG_MORE", "MSG_EOR", "MSG_DONTROUTE",
        "MSG_CONFIRM", "MSG_PEEK", "MSG_TRUNC")  # fmt: skip
REQUESTS = ("0x541B", "0x5411", "0x8905", "0x8906", "0x8907", "0x8910", "0x8913", "0x8915",
            "0x8917", "0x8919", "0x891B", "0x891D", "0x8921", "0x8927", "0x8933", "0x8942",
            "0x8970", "0x1234")  # fmt: skip
NAMED = ("b'lo'.ljust(40, b'\\0')", "b'lo'.ljust(40, b'\\0')", "b'nosuch'.ljust(40, b'\\0')",
         "bytes(16) + b'\\1'.ljust(24, b'\\0')", "bytes(40)")  # fmt: skip
LEFT_OUT = ("SO_RCVBUF", "33", "SO_RCVLOWAT", "SO_MARK", "SO_PASSSEC")
STORED = tuple(name for name in OPTIONS["SOL_SOCKET"] if name not in LEFT_OUT)


class LinkGenerator(Generator):
    """What the programs of both families have in common."""

    renewed_every, final = 1, "seen"
    closed_too = 0.05
    makes: ClassVar[tuple[str, ...]]
    ways: ClassVar[Mapping[Any, int]]

    def opening(self) -> Program:
        """Return two or three sockets, of which some have a name."""
        return tuple(f"{name} = {self.random.choice(self.makes)}"
                     for name in ("a0", "b0", "c0")[:self.random.choice((1, 2, 2, 3))])

    def line(self, space: Mapping[str, Any]) -> str:
        sockets = [name for name, value in space.items()
                   if name[-1].isdigit() and hasattr(value, "getsockname")
                   and (value.fileno() >= 0 or self.random.random() < self.closed_too)]
        if not sockets or self.random.random() < 0.04:
            return f"{self._new()} = {self.random.choice(self.makes)}"
        self._watchers = [name for name in space if name[0] == "e" and name[1:].isdigit()]
        if self._watchers and self.random.random() < 0.1:
            return self._watching(self.random.choice(self._watchers), self.random.choice(sockets))
        return self.about(self.random.choice(sockets), space, sockets)

    def about(self, name: str, space: Mapping[str, Any], sockets: list[str]) -> str:
        """Return a call on a socket."""
        choose = self.random.choices(tuple(self.ways), tuple(self.ways.values()))[0]
        return choose(self, name, space[name], self.random.choice(sockets))

    def any(self, *choices: str) -> str:
        """Return one of several texts."""
        return self.random.choice(choices)

    def flags(self, known: tuple[str, ...], often: float = 0.2) -> str:
        return self.any(*known) if self.random.random() < often else "0"

    def listen(self, name: str, one: Any, other: str) -> str:
        return self.any(f"{name}.listen()", f"{name}.accept()[1]",
                        f"{name}.shutdown({self.any(*SHUT)})", f"{name}.recv(0)",
                        f"{name}.recv_into(bytearray(4), 0, {self.flags(FLAGS)})",
                        f"cname({name}, 'getpeername')",
                        f"cname({name}, 'getsockname', {self.any('0', '1', '2', '11', '13')})")

    def device(self, name: str, one: Any, other: str) -> str:
        return f"control({name}, {self.any(*REQUESTS)}, {self.any(*NAMED)})"

    def common(self, name: str, one: Any, other: str) -> str:
        """Return a call about an option of every socket."""
        option = self.any(*STORED)
        if is_read("SOL_SOCKET", option) and self.random.random() < 0.5:
            size = self.any("0", "0", "1", "3", "4", "64")
            return f"option({name}, SOL_SOCKET, {option}, {size})"
        value = self.any(*VALUES) if self.random.random() < 0.8 else self.any(*BYTES)
        return f"{name}.setsockopt(SOL_SOCKET, {option}, {value})"

    def strange(self, name: str, one: Any, other: str) -> str:
        level = self.any("IPPROTO_TCP", "IPPROTO_IP", "IPPROTO_IPV6", "263", "270", "99", "-1")
        number = self.random.randrange(30)
        if (level, number) in (("263", 15), ("263", 24), ("270", 12)):  # left out
            number = 10
        return self.any(f"option({name}, {level}, {number})",
                        f"{name}.setsockopt({level}, {number}, 1)")

    def looks(self, name: str, one: Any, other: str) -> str:
        return f"seen({name})"

    def ends(self, name: str, one: Any, other: str) -> str:
        return f"{name}.close()"


class NetlinkGenerator(LinkGenerator):
    """Messages to the kernel and among programs."""

    makes = ("nl()", "nl()", "nl()", "nl(ROUTE, SOCK_DGRAM)", "nl(USERSOCK)", "nl(USERSOCK)",
             "nl(4)", "nl(12)", "nl(15)", "nl(16)", "nl(9)", "nl(6)", "nl(10)")  # fmt: skip

    def pid(self, other: str) -> str:
        return self.any("0", "0", "0", "77", "78", "1", "4242", "0xFFFFFFFF", f"at({other})[0]",
                        f"at({other})[0]", f"at({other})[0]")

    def groups(self) -> str:
        return self.any("0", "0", "0", "1", "0x10", "0x111", "3", "0x80000000", "0xFFFFFFFF", "-1")

    def name(self, other: str) -> str:
        return f"({self.pid(other)}, {self.groups()})"

    def raw_name(self, other: str) -> str:
        """Return the bytes of an address, perhaps of a wrong length or family."""
        packed = f"struct.pack('=HHII', {self.any('16', '16', '16', '16', '0', '2', '99')}, 0, " \
                 f"{self.pid(other)} & 0xFFFFFFFF, {self.groups()} & 0xFFFFFFFF)"
        return packed + self.any("", "", "", "[:1]", "[:2]", "[:8]", "[:11]", " + bytes(4)",
                                 " + bytes(116)", " + bytes(117)")

    def bind(self, name: str, one: Any, other: str) -> str:
        return self.any(f"{name}.bind({self.name(other)})", f"{name}.bind({self.name(other)})",
                        f"{name}.bind((0, {self.groups()}))",
                        f"cbind({name}, {self.raw_name(other)})")

    def connect(self, name: str, one: Any, other: str) -> str:
        return self.any(f"{name}.connect({self.name(other)})", f"{name}.connect(at({other}))",
                        f"cconnect({name}, {self.raw_name(other)})", f"{name}.connect((0, 0))")

    def shows(self, name: str, one: Any, other: str) -> str:
        return self.any(f"where({name})", f"where({name}, 'getpeername')", f"seen({name})")

    def body(self) -> str:
        host = self.any("'192.0.2.7'", "'192.0.2.7'", "'192.0.2.8'", "'127.0.0.1'", "''")
        host6 = self.any("'2001:db8::7'", "'2001:db8::7'", "'::1'", "'fe80::5'")
        index = self.any("1", "1", "1", "0", "99", "-1")
        family = self.any("0", "0", "2", "10", "17")
        return self.any(
            "b''", "bytes(1)", "bytes(4)", "bytes(8)", "bytes(12)", "bytes(16)", "bytes(20)",
            f"bytes([{family}])", f"bytes([{family}]).ljust(16, b'\\0')",
            f"link({index})", f"link({index}, family={family})", f"link({index})[:15]",
            f"link({index}, name={self.any(*NAMES)})", f"link(0, name={self.any(*NAMES)})",
            f"link({index}, {self.any('0', '1', '0x40', '0x1000')}, {self.any('0', '1', '0x41')})",
            f"link(1) + attribute(4, struct.pack('I', {self.any('1500', '68', '1279', '70000')}))",
            *[f"address({host}, {self.any('24', '32', '8', '0', '33')}, {index})"] * 3,
            f"address({host}, 24, {index}, both=False)", f"address({host}, 24, scope=254)",
            f"address({host6}, {self.any('64', '128', '129')}, {index}, AF_INET6, both=False)",
            f"address('192.0.2.9', 24, 1) + attribute(3, {self.any(*NAMES)})",
            f"way({self.any(*WAYS)})", f"way({self.any(*WAYS)})",
            f"way({self.any(*WAYS)}, table={self.any('254', '255', '7')}, kind=1)",
            "way('', AF_INET, 0)", f"way({self.any(*WAYS6)}, AF_INET6, 128)",
            "way('127.0.0.1') + attribute(4, b'\\1\\0\\0\\0')",
        )

    def kind(self) -> str:
        if self.random.random() < 0.02:  # what the model refuses as a whole
            return self.any("24", "25", "28", "32", "34", "36", "38", "78", "88", "90", "100")
        return self.any("16", "17", "18", "18", "20", "20", "21", "22", "26", "26", "30", "1", "2",
                        "3", "15", "19", "23", "123", "124", "200", "65535")  # fmt: skip

    def request_flags(self) -> str:
        return self.any("1", "1", "1", "5", "5", "5", "0x301", "0x301", "0x305", "0x101", "0x201",
                        "0x105", "0x205", "0x605", "0x405", "9", "0xD", "4", "0", "0x1000",
                        "0xFFFF")  # fmt: skip

    def request(self) -> str:
        """Return a request: a type, flags, and mostly a body that suits them."""
        if self.random.random() < 0.6:
            return self.fitting()
        kind, flags = self.kind(), self.request_flags()
        if kind == "30":
            flags = self.any("0x301", "0x305")
        more = self.any("", "", "", ", pid=5", ", sequence=0", ", length=10", ", length=15",
                        ", length=17", ", length=400", ", length=16")
        body = self.body()
        if kind == "20" and "AF_INET6" in body:
            body, flags = "address('::1', 64, 1, AF_INET6)", self.any("1", "5", "0xD", "0x205")
        if kind in ("16", "17", "19") and not body.startswith("link"):
            body = "link(1)[:12]"
        if kind == "18" and flags[-3:] in ("301", "305", "101", "201", "105", "205", "605"):
            body = f"bytes([{self.any('0', '0', '2', '17')}]).ljust(16, b'\\0')"
        return f"{kind}, {flags}, {body}{more}"

    def fitting(self) -> str:
        """Return a request that means something."""
        flags = self.any("1", "5", "5", "0xD", "0x105", "0x205", "0x605")
        asked = self.any("1", "5", "0x301", "0x305", "0x101")
        host = self.any("'192.0.2.7'", "'192.0.2.7'", "'192.0.2.8'", "'127.0.0.1'", "'127.0.0.2'")
        host6 = self.any("'2001:db8::7'", "'2001:db8::7'", "'::1'")
        length = self.any("24", "24", "32", "8")
        return self.any(
            f"18, {asked}, link({self.any('1', '1', '0', '2')})",
            f"18, {asked}, link(0, name={self.any(*NAMES)})",
            f"22, 0x301, address('', 0, {self.any('0', '1')}, {self.any('0', '2', '10', '9')})",
            f"26, 0x301, way('', {self.any('0', 'AF_INET', 'AF_INET6')}, 0)",
            f"26, {self.any('1', '5')}, way({self.any(*WAYS)})",
            f"26, 1, way({self.any(*WAYS6)}, AF_INET6, 128)",
            "30, 0x301, bytes(12)",
            *[f"20, {flags}, address({host}, {length})"] * 2,
            f"21, {flags}, address({host}, {length})",
            f"21, {flags}, address({host6}, 64, 1, AF_INET6, both=False)",
            f"20, {self.any('1', '5', '0xD', '0x205')}, address('::1', 64, 1, AF_INET6)",
            f"16, {flags}, link(1, {self.any('0', '1')}, 1)",
            f"16, {flags}, link(1) + attribute(4, struct.pack('I', {self.any('1500', '65536')}))",
        )

    def ask(self, name: str, one: Any, other: str) -> str:
        if one.proto not in (0, 2):  # other parts of the kernel: there, and silent in the model
            return self.shows(name, one, other)
        return f"asked({name}, {self.request()})"

    def send(self, name: str, one: Any, other: str) -> str:
        if one.proto not in (0, 2):
            return self.hear(name, one, other)
        data = self.any(f"message({self.request()})", f"message({self.request()})",
                        f"message({self.request()}) + message({self.request()})", "b'x'", "b''",
                        "bytes(15)", "bytes(16)", "b'hello'", "b'z' * 1000", "bytes(213000)",
                        f"message({self.request()}) + b'x'")  # fmt: skip
        flags = self.flags(SENT)
        return self.any(f"{name}.send({data}, {flags})",
                        f"{name}.sendto({data}, {flags}, {self.name(other)})",
                        f"{name}.sendto(b'to you', {flags}, at({other}))",
                        f"csend({name}, {data}, {flags}, {self.raw_name(other)})",
                        f"{name}.sendmsg([{data}], {self.any(*CONTROLS)}, {flags})")

    def hear(self, name: str, one: Any, other: str) -> str:
        size = self.any("65536", "65536", "65536", "0", "1", "16", "20", "100")
        return f"heard({name}, {size}, {self.flags(FLAGS, 0.3)}, {self.any('0', '64', '64', '20')})"

    def option(self, name: str, one: Any, other: str) -> str:
        number = self.any(*map(str, range(14)), "1", "1", "2", "9", "9", "3", "11", "12")
        value = self.any("0", "1", "1", "2", "5", "7", "31", "32", "33", "38", "39", "64", "-1",
                         "b''", "b'\\1'", "bytes(8)")
        size = self.any("0", "4", "1", "3", "5", "8", "64")
        if one.proto not in (0, 2) and value in ("33", "38", "39", "64"):
            value = "8"  # how many groups another part has is its own affair
        if number == "12" and one.proto == 0:
            number = "11"  # strict checking is left out
        if number == "9" and one.proto not in (0, 2):
            number = "10"
        if number == "9":
            size = "64"  # Linux writes all of it, wherever there is room for less
        return self.any(f"{name}.setsockopt(270, {number}, {value})",
                        f"{name}.setsockopt(270, {number}, {value})",
                        f"option({name}, 270, {number}, {size})")

    ways: ClassVar = {
        bind: 8, connect: 4, shows: 8, ask: 16, send: 10, hear: 16, option: 8,
        LinkGenerator.listen: 2, LinkGenerator.device: 2, LinkGenerator.common: 3,
        LinkGenerator.strange: 1, LinkGenerator.ends: 2, Generator._poll: 2, Generator._watch: 1,
        Generator._dup: 1, Generator._error: 1,
    }  # fmt: skip


class ReachGenerator(NetlinkGenerator):
    """Addresses that come and go, a link that is down, and what sockets reach then.

    Left out: neighbours; IPv6, whose addresses Linux makes ready a moment later; an address twice,
    and another of 127/8 than 127.0.0.1.
    """

    makes = ("nl()",)

    def ask(self, name: str, one: Any, other: str) -> str:
        if self.random.random() < 0.5:
            own = self.any("''", "''", "''", *REACHED)
            kind = self.any("SOCK_DGRAM", "SOCK_DGRAM", "SOCK_STREAM")
            return f"reached({self.any(*REACHED)}, {own}, {kind})"
        flags = self.any("1", "5", "0xD", "0x105", "0x605")
        request = self.any(
            *[f"20, {flags}, address({self.any(*GIVEN)})"] * 4,
            *[f"21, {flags}, address({self.any(*GIVEN, *LOOPBACK)})"] * 2,
            f"20, {flags}, address({self.any(*LOOPBACK)})",
            f"26, {self.any('1', '5')}, way({self.any(*WAYS)})", "26, 0x301, way('', AF_INET, 0)",
            f"16, {flags}, link(1, {self.any('0', '1', '1')}, 1)")
        return f"asked({name}, {request})"

    ways: ClassVar = {ask: 9, NetlinkGenerator.hear: 1}


HOSTS = ("'127.0.0.1'", "'127.0.0.2'", "'192.0.2.7'", "'10.9.9.9'", "'0.0.0.0'",
         "'255.255.255.255'", "'127.255.255.255'", "'224.0.0.1'", "'239.1.2.3'", "'0.1.2.3'")
NAMES = ("b'lo\\0'", "b'lo\\0'", "b'lo'", "b'nosuch\\0'", "b'x' * 15 + b'\\0'",
         "b'x' * 16 + b'\\0'", "b''")
WAYS = ("'127.0.0.1'", "'127.0.0.1'", "'127.3.4.5'", "'127.255.255.255'", "'192.0.2.7'",
        "'192.0.2.255'", "'192.0.2.1'", "'8.8.8.8'", "'224.0.0.1'", "'255.255.255.255'", "''")
REACHED = ("'127.0.0.1'", "'127.3.4.5'", "'127.255.255.255'", "'192.0.2.7'", "'192.0.2.8'",
           "'192.0.2.9'", "'192.0.2.200'", "'192.0.2.255'", "'192.255.255.255'", "'192.7.7.7'",
           "'8.8.8.8'", "'0.0.0.0'", "'10.1.1.1'", "'10.2.2.0'", "'10.2.2.1'", "'0.5.6.7'")
GIVEN = ("'192.0.2.7', 24", "'192.0.2.8', 24", "'192.0.2.9', 25", "'192.0.2.200', 25",
         "'192.7.7.7', 8", "'10.1.1.1', 32", "'10.2.2.0', 31", "'0.5.5.5', 16")
LOOPBACK = ("'127.0.0.1', 8",)
WAYS6 = ("'::1'", "'2001:db8::7'", "'fe80::1'", "'ff02::1'", "''")
CONTROLS = ("[]", "[]", "[(SOL_SOCKET, SCM_CREDENTIALS, struct.pack('3i', os.getpid(), 0, 0))]",
            "[(SOL_SOCKET, SCM_RIGHTS, struct.pack('i', 999))]", "[(SOL_SOCKET, 77, bytes(4))]",
            "[(270, 1, bytes(4))]")


class PacketGenerator(LinkGenerator):
    """Frames."""

    renewed_every, closed_too = 50, 0.0  # CPython asks the socket for the interface of an address
    makes = ("pk()", "pk()", "pk(SOCK_DGRAM)", "pk(SOCK_RAW, 3)", "pk(SOCK_DGRAM, 3)", "pk(3, 0)",
             "pk(2, 0)", "pk(SOCK_RAW, 0x800)", "pk(SOCK_DGRAM, 0x86DD)", "pk(10, 3)", "pk(10)",
             "pk(10, 3, AF_INET)", "pk(3, 1)", "pk(3, 4)", "udp()", "udp6()",
             "udp_at()")  # fmt: skip

    def about(self, name: str, space: Mapping[str, Any], sockets: list[str]) -> str:
        if space[name].family != 17 and not (space[name].family == 2 and space[name].type == 10):
            six = "6" if space[name].family == 10 else ""
            return self.any(f"{name}.sendto(b'datagram', LO{six}[:1] + (9,))",
                            f"{name}.sendto(b'd', {('::1', 9) if six else ('127.0.0.3', 9)})",
                            f"{name}.getsockopt(SOL_SOCKET, SO_ERROR)", f"{name}.recv(99)")
        return super().about(name, space, sockets)

    def type(self) -> str:
        return self.any("EXPERIMENT", "EXPERIMENT", "EXPERIMENT", "3", "0", "0x800", "0x806",
                        "0x86DD", "1", "4", "2", "0xFFFF", "100")

    def name(self) -> str:
        return self.any(f"('lo', {self.type()})", f"('lo', {self.type()})", f"('', {self.type()})",
                        f"('nosuch', {self.type()})", f"('lo', {self.type()}, 4, 1, b'123456')",
                        f"('lo', {self.type()}, 0, 0, b'12345678')", "('lo',)", "('lo', 70000)")

    def named_to(self, one: Any) -> str:
        """Return an address as a tuple; of one without six bytes Linux reads six all the same."""
        if one.type == 2:
            return f"('lo', {self.type()}, 0, 0, {self.any('bytes(6)', 'bytes(8)')})"
        return self.name()

    def to(self) -> str:
        return self.any("bytes(6)", "bytes(6)", "b'\\xff' * 6", "b'\\1' + bytes(5)",
                        "b'\\2' + bytes(5)", "b''", "b'123'", "b'12345678'")

    def raw_name(self, one: Any) -> str:
        if one.type == 10 and self.random.random() < 0.8:
            device = self.any("b'lo'", "b'lo'", "b'lo'", "b'nosuch'", "b''", "b'lo\\0x'")
            packed = f"struct.pack('=H14s', {self.any('17', '17', '0', '2')}, {device})"
            more = f" + struct.pack('!H', {self.type()})"
            return packed + self.any(more, more, more, "", "[:15]", " + b'x'", more + " + b'x'")
        index = self.any("1", "1", "1", "0", "-1", "99")
        family = self.any("17", "17", "17", "17", "0", "2", "99")
        name = f"ll({self.type()}, {index}, {self.to()}, {self.any('0', '4')}, {family}" \
               f"{self.any('', '', ', 0', ', 6', ', 8', ', 9', ', 32')})"
        return name + self.any("", "", "", "[:19]", "[:18]", "[:12]", "[:11]", "[:2]", "[:1]",
                               " + bytes(4)")

    def bind(self, name: str, one: Any, other: str) -> str:
        if one.family == 2:  # SOCK_PACKET of AF_INET: other addresses, in Python
            return f"cbind({name}, {self.raw_name(one)})"
        return self.any(f"{name}.bind({self.name()})", f"{name}.bind(('lo', {self.type()}))",
                        f"cbind({name}, {self.raw_name(one)})",
                        f"cconnect({name}, {self.raw_name(one)})", f"{name}.connect({self.name()})")

    def data(self) -> str:
        size = self.any("0", "1", "5", "46", "1000", "1500")
        to = self.any("bytes(6)", self.to())
        return self.any(*[f"frame({self.type()}, b'd' * {size}, {to})"] * 5,
                        "b''", "b'x'", "bytes(13)", "bytes(14)", "bytes(15)", "bytes(65536)",
                        "bytes(65549)", "bytes(65550)", "bytes(65551)", "bytes(65554)",
                        "bytes(70000)",
                        "frame(0x800, b'E' + bytes(30))", "frame(0x86DD, b'`' + bytes(50))",
                        "frame(0x8100, b'\\0\\1\\x88\\xb5tagged')",
                        *[f"frame(0x800, made({self.any(*HOSTS)}, {self.any(*HOSTS)}))"] * 2)

    def send(self, name: str, one: Any, other: str) -> str:
        data, flags = self.data(), self.flags(SENT)
        if one.family == 2:
            return f"csend({name}, {data}, {flags}, {self.raw_name(one)})"
        return self.any(f"{name}.send({data}, {flags})", f"{name}.send({data}, {flags})",
                        f"{name}.sendto({data}, {flags}, {self.named_to(one)})",
                        f"csend({name}, {data}, {flags}, {self.raw_name(one)})",
                        f"csend({name}, {data}, {flags}, {self.raw_name(one)})",
                        f"{name}.sendmsg([{data}], {self.any(*CONTROLS)}, {flags})")

    def hear(self, name: str, one: Any, other: str) -> str:
        size = self.any("65536", "65536", "65536", "0", "1", "14", "16", "100")
        flags = self.flags(FLAGS, 0.3)
        return f"caught({name}, {size}, {flags}, {self.any('0', '64', '64', '20', '120')})"

    def shows(self, name: str, one: Any, other: str) -> str:
        return self.any(f"seen({name})", f"{name}.getsockname()", f"seen({name})")

    def option(self, name: str, one: Any, other: str) -> str:
        number = self.any(*map(str, range(27)), "1", "2", "6", "8", "8", "10", "18", "23")
        number = "10" if number == "11" else number  # it reads what nobody wrote
        if number in ("15", "24"):  # left out, but for turning them off
            return self.any(f"{name}.setsockopt(263, {number}, 0)",
                            f"option({name}, 263, {number})")
        if number == "18" and self.random.random() < 0.8:
            value = self.any(*[f"struct.pack('=HH', {self.any('7', '7', '8')}, {kind})"
                               for kind in ("1", "1", "1", "5", "3", "0x4001", "9", "0x1003")])
        value = self.any("0", "1", "1", "2", "3", "5", "-1", "b''", "b'\\1'", "bytes(8)",
                         "struct.pack('=iHH8x', 1, 1, 6)", "struct.pack('=iHH8x', 1, 0, 6)",
                         "struct.pack('=iHH8x', 1, 2, 6)", "struct.pack('=iHH8x', 99, 1, 6)",
                         "struct.pack('=HH', 7, 0)", "0x10000", "1 << 20")
        size = self.any("0", "4", "1", "3", "5", "8", "12", "64")
        return self.any(f"{name}.setsockopt(263, {number}, {value})",
                        f"{name}.setsockopt(263, {number}, {value})",
                        f"option({name}, 263, {number}, {size})")

    ways: ClassVar = {
        bind: 8, shows: 8, send: 20, hear: 20, option: 10,
        LinkGenerator.listen: 2, LinkGenerator.device: 3, LinkGenerator.common: 3,
        LinkGenerator.strange: 1, LinkGenerator.ends: 2, Generator._poll: 2, Generator._watch: 1,
        Generator._dup: 1, Generator._error: 1,
    }  # fmt: skip
