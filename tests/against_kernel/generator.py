"""Random programs: an opening that brings sockets into a state, then calls upon all of them.

A line is chosen knowing which sockets exist (the kernel has just run the lines before), so that
most calls mean something; the program itself is plain text and runs anywhere.

Left out, because the kernel's own answer depends on wall-clock time or on memory nobody wrote:
filling TCP's buffers (what a segment costs and auto-tuning decide when they are full); time stamps
of TCP, which begin some time after somebody has asked; labels of a security module (SO_PASSSEC);
MSG_TRUNC on TCP; passing UNIX sockets, which may end in their own queues, and are then freed by the
kernel's collector some time later (that is what `ring_generator` waits for).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from .options import BYTES, OPTIONS, TELLING, VALUES, is_read
from .subjects import SUBJECTS, Program, Subject

NAME = re.compile(r"(?<![\w'.])([abclpt])(?![\w'(])")
WORDS = ("tcp", "tcp6", "udp", "udp6", "ustream", "udgram", "useq")
RARE = ("icmp", "icmp6", "icmp", "icmp6", "experiment", "experiment6", "rawudp",
        "header6")  # fmt: skip
BY_WORD = {subject.make[:-2]: subject for subject in SUBJECTS}
PATHS = ("'a'", "'b'", "'l'", "'p'", "abstract('a')", "abstract('q')", "''")
SIZES = (0, 1, 1, 2, 5, 5, 17, 100, 1000, 5000)
BIG = (4096, 20000, 65507, 65508, 70000, 212000, 213000)
RECEIVING = ("0", "MSG_PEEK", "MSG_PEEK", "MSG_DONTWAIT", "MSG_WAITALL", "MSG_OOB", "MSG_TRUNC",
             "MSG_ERRQUEUE", "MSG_CMSG_CLOEXEC")  # fmt: skip
SENDING = ("0", "MSG_DONTWAIT", "MSG_NOSIGNAL", "MSG_OOB", "MSG_MORE", "MSG_EOR",
           "MSG_DONTROUTE", "MSG_CONFIRM")  # fmt: skip
CONTROL = (
    "(SOL_SOCKET, SCM_CREDENTIALS, struct.pack('3i', os.getpid(), 0, 0))",
    "(SOL_SOCKET, SCM_CREDENTIALS, b'short')",
    "(SOL_SOCKET, SCM_RIGHTS, struct.pack('i', 999))",
    "(SOL_SOCKET, 77, bytes(4))",
    "(IPPROTO_IP, IP_TTL, struct.pack('i', 3))",
    "(IPPROTO_IP, IP_TTL, struct.pack('i', 0))",
    "(IPPROTO_IP, IP_TOS, b'\\x10')",
    "(IPPROTO_IP, IP_TOS, struct.pack('i', 300))",
    "(IPPROTO_IP, 8, struct.pack('i4s4s', 0, inet_aton('127.0.0.3'), bytes(4)))",
    "(IPPROTO_IP, 8, struct.pack('i4s4s', 1, inet_aton('9.9.9.9'), bytes(4)))",
    "(IPPROTO_IP, 8, bytes(8))",
    "(IPPROTO_IP, 99, bytes(4))",
    "(IPPROTO_IPV6, IPV6_HOPLIMIT, struct.pack('i', 5))",
    "(IPPROTO_IPV6, IPV6_HOPLIMIT, bytes(2))",
    "(IPPROTO_IPV6, IPV6_TCLASS, struct.pack('i', 32))",
    "(IPPROTO_IPV6, IPV6_PKTINFO, inet_pton(AF_INET6, '::1') + struct.pack('i', 1))",
    "(IPPROTO_IPV6, IPV6_PKTINFO, inet_pton(AF_INET6, '::2') + struct.pack('i', 0))",
    "(IPPROTO_IPV6, 99, bytes(4))",
    "(99, 1, bytes(4))",
)
POLLED = ("0x2007", "0x2007", "0x23DF", "0", "1", "4", "0x2000", "2", "0x2005")
WATCHED = ("EPOLLIN", "EPOLLOUT", "EPOLLIN | EPOLLOUT | EPOLLET", "EPOLLIN | EPOLLET",
           "EPOLLIN | EPOLLONESHOT", "EPOLLIN | EPOLLRDHUP | EPOLLPRI", "0",
           "EPOLLOUT | EPOLLET | EPOLLRDHUP")  # fmt: skip
LENGTHS = ("0", "1", "4", "8", "16", "100", "-1", "1 << 32")  # of a null pointer
SHUT = ("SHUT_RD", "SHUT_WR", "SHUT_RDWR")


LEFT_OUT = ("SO_PASSSEC",)
EFFECTS = ("21", "73")
"""IP_MINTTL, IPV6_MINHOPCOUNT: what they drop is sent again when the kernel's clock says so."""
MORE = {"IPPROTO_UDP": str.split("101 102 103 103 104"), "IPPROTO_IP": ["51"]}
"""UDP_NO_CHECK6_TX, UDP_NO_CHECK6_RX, UDP_SEGMENT, UDP_GRO; IP_LOCAL_PORT_RANGE: what they do
shows in sequences."""
OF_DATAGRAMS = ("29", "35", "55")
"""SO_TIMESTAMP, SO_TIMESTAMPNS, and IPV6_RTHDRDSTOPTS, with which Linux loses TCP's segments."""


GROUPS = ("'239.1.2.3'", "'239.1.2.3'", "'232.1.2.3'", "'127.0.0.1'", "'0.0.0.0'", "'224.0.0.1'")
GROUPS6 = ("'ff02::7'", "'ff02::7'", "'ff05::8'", "'::1'")
STAMPS = ("0x1A", "0x9A", "0x81A", "0x99A", "0x99A", "0x18A", "0x102", "2", "8", "0x18", "0x80",
          "0", "0x80000", "0x1000", "0x1818", "0x8000", "0x10000", "0x10098", "0x20018")
SENDERS = ("'127.0.0.1'", "'127.0.0.2'", "'127.0.0.3'", "'9.9.9.9'")
SENDERS6 = ("'::1'", "'::1'", "'2001:db8::1'", "'::'")
OWN = ("'127.0.0.1'", "'127.0.0.1'", "'127.0.0.1'", "'0.0.0.0'", "'9.9.9.9'", "'127.0.0.2'")
CUT = ("", "", "", "", "", "", "[:-1]", " + b'x'", "[:8]")


class Generator:
    """Chooses the lines of one program."""

    own_network = True  # each world has one, on which nothing else happens
    final = "look"  # the word with which a program looks at what is left
    renewed_every = 50  # programs, after which they get a network on which nothing has happened

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)
        self._made = 0
        self._passable: list[str] = []
        self._watchers: list[str] = []

    def opening(self) -> Program:
        """Return one or two situations, or a few bare sockets."""
        lines: list[str] = []
        for turn in range(self.random.choice((1, 1, 2))):
            subject = self._subject()
            if self.random.random() < 0.2:
                lines += [f"{name}{turn} = {subject.make}" for name in "abc"]
                continue
            state = self.random.choice([name for name in subject.states if "full" not in name])
            suffix = rf"\g<1>{turn}"
            lines += [NAME.sub(suffix, line) for line in subject.states[state]]
        return tuple(each for line in lines for each in self._at_once(line))

    def _at_once(self, line: str) -> Program:
        """Return a line, and for some what lets a TCP socket made by it send at once."""
        name, _, made = line.partition(" = ")
        if made not in ("tcp()", "tcp6()") or self.random.random() < 0.5:
            return (line,)
        return line, f"{name}.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)"

    def _subject(self) -> Subject:
        return BY_WORD[self.random.choice(WORDS)]

    def line(self, space: Mapping[str, Any]) -> str:
        """Return a call that suits the sockets at hand."""
        closed_too = self.random.random() < 0.05
        sockets = [name for name, value in space.items() if _is_socket(name, value, closed_too)]
        if not sockets or self.random.random() < 0.02:
            return f"{self._new()} = {self.random.choice(WORDS[2:] + RARE)}()"
        watchers = [name for name, value in space.items() if name[0] == "e" and name[1:].isdigit()]
        self._watchers = watchers
        if watchers and self.random.random() < 0.15:
            return self._watching(self.random.choice(watchers), self.random.choice(sockets))
        return self._about(sockets, space)

    def _new(self) -> str:
        self._made += 1
        return f"s{self._made}"

    def _about(self, sockets: list[str], space: Mapping[str, Any]) -> str:
        """Return a call on one socket, perhaps towards another of the same family."""
        name = self.random.choice(sockets)
        one = space[name]
        alike = [
            other for other in sockets
            if (space[other].family == 1) == (one.family == 1)
            and (space[other].type == one.type or self.random.random() < 0.1)
        ]  # fmt: skip
        other = self.random.choice(alike or sockets)
        choose = self.random.choices(tuple(self.CHOICES), tuple(self.CHOICES.values()))[0]
        self._passable = [each for each in sockets if space[each].family != 1] or ["udp()"]
        return choose(self, name, one, other)

    def _address(self, one: Any, other: str) -> str:
        if one.family == 1:
            return self.random.choice((f"at({other})", f"at({other})", *PATHS))
        if one.family == 2:
            hosts = ("127.0.0.1", "127.0.0.2", "0.0.0.0", "127.255.255.255", "224.1.2.3")
            here = ("LO", "ANY", f"nobody({'AF_INET'})")
        else:
            hosts = ("::1", "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0", "::ffff:127.0.0.2",
                     "::ffff:127.255.255.255")  # fmt: skip
            here = ("LO6", "ANY6", "MAPPED", f"mapped({other})")
        return self.random.choice(
            (*[f"at({other})"] * 6, f"of({other}, {self.random.choice(hosts)!r})", *here)
        )

    @staticmethod
    def _to_itself(one: Any) -> bool:
        """Say whether a TCP socket is connected to itself."""
        if one.type != 1 or one.family == 1:
            return False
        try:
            return bool(one.getpeername() == one.getsockname())
        except OSError:
            return False

    def _data(self, one: Any, other: str) -> str:
        if one.type == 3 and one.family != 1 and self.random.random() < 0.7:
            return self._raw(one, other)
        big = self.random.random() < 0.03 and (one.type != 1 or one.family == 1)
        size = self.random.choice(BIG if big else SIZES)
        return repr(b"abcdefghijklmnopq"[:size]) if size < 17 else f"b'z' * {size}"

    def _raw(self, one: Any, other: str) -> str:
        """Return data that means something to the protocol of a raw socket."""
        if one.proto == 17:
            return f"datagram({other})"
        if one.proto == 255:
            return self.random.choice(("packet6()", "packet6(b'')", "packet6()[:-1]", "bytes(39)"))
        return "ECHO" if one.family == 2 else "ECHO6"

    def _bind(self, name: str, one: Any, other: str) -> str:
        return f"{name}.bind({self._address(one, other)})"

    def _connect(self, name: str, one: Any, other: str) -> str:
        verb = "connect" if self.random.random() < 0.8 else "connect_ex"
        return f"{name}.{verb}({self._address(one, other)})"

    def _listen(self, name: str, one: Any, other: str) -> str:
        if one.family != 1 and one.type == 1 and self.random.random() < 0.15:
            return f"{name}.setsockopt(IPPROTO_TCP, TCP_DEFER_ACCEPT, {self.random.choice((5, 0))})"
        return f"{name}.listen({self.random.choice((0, 0, 1, 2, 8, -1))})"

    def _accept(self, name: str, one: Any, other: str) -> str:
        return f"{self._new()}, peer = accept({name})"

    def _send(self, name: str, one: Any, other: str) -> str:
        flags = self._flags(SENDING, 0.25, one)
        return f"{name}.send({self._data(one, other)}{'' if flags == '0' else ', ' + flags})"

    def _sendto(self, name: str, one: Any, other: str) -> str:
        flags = self._flags(SENDING, 0.1, one)
        where = self._address(one, other)
        return f"{name}.sendto({self._data(one, other)}, {flags}, {where})"

    def _sendmsg(self, name: str, one: Any, other: str) -> str:
        passed = self.random.choice(self._passable)
        more = self.random.choice(
            (f"rights({passed})", f"rights({passed}, {passed})", "[]", *[self._control(passed)] * 3)
        )
        where = self._address(one, other) if self.random.random() < 0.3 else "None"
        flags = self._flags(SENDING, 0.2, one)
        plus = self.random.choice((", b'+'", ", b'', b'+'", ""))
        return f"{name}.sendmsg([{self._data(one, other)}{plus}], {more}, {flags}, {where})"

    def _control(self, passed: str) -> str:
        """Return one or two control messages, of whatever level."""
        chosen = [self.random.choice(CONTROL) for _ in range(self.random.choice((1, 1, 2)))]
        return f"[{', '.join(chosen)}]" + (
            f" + rights({passed})" if self.random.random() < 0.15 else ""
        )

    def _flags(self, known: tuple[str, ...], often: float, one: Any = None) -> str:
        """Return no flag, one, or two together."""
        if self.random.random() >= often:
            return "0"
        if one is not None and one.type == 1 and one.family != 1:
            known = tuple(each for each in known if each != "MSG_TRUNC")
        chosen = {self.random.choice(known) for _ in range(self.random.choice((1, 1, 2)))}
        return " | ".join(sorted(chosen - {"0"})) or "0"

    def _recv(self, name: str, one: Any, other: str) -> str:
        size = self._room(one, (0, 1, 2, 5, 100, 1000, 100000))
        flags = self._flags(RECEIVING, 0.35, one)
        verb = self.random.choice(("recv", "recv", "recvfrom", "recv_into"))
        unwritten = "TRUNC" in flags or (size == 0 and "OOB" in flags)
        if verb == "recv_into" or unwritten:  # bytes that nobody wrote are not compared
            return f"{name}.recv_into(bytearray({size}), 0, {flags})"
        return f"{name}.{verb}({size}{'' if flags == '0' else ', ' + flags})"

    def _room(self, one: Any, sizes: tuple[int, ...]) -> int:
        """Return a size, of which a raw socket's shows a whole header or nothing of its numbers."""
        if one.type == 3:
            hidden = range(5, 99) if one.family == 2 else range(3, 9)  # of IPv4, or of ICMPv6
            sizes = tuple(size for size in sizes if size not in hidden)
        return self.random.choice(sizes)

    def _receive(self, name: str, one: Any, other: str) -> str:
        size = self._room(one, (0, 1, 5, 100, 1000))
        room = self.random.choice((0, 16, 20, 24, 64, 256))
        flags = self._flags(RECEIVING, 0.35, one)
        flags = "MSG_PEEK" if "TRUNC" in flags or (size == 0 and "OOB" in flags) else flags
        return f"receive({name}, {size}, {room}, {flags})"

    def _taken(self, name: str, one: Any, other: str) -> str:
        return f"{self._new()}, peer = taken({name})"

    def _shutdown(self, name: str, one: Any, other: str) -> str:
        return f"{name}.shutdown({self.random.choice(SHUT)})"

    def _close(self, name: str, one: Any, other: str) -> str:
        return f"{name}.close()"

    def _look(self, name: str, one: Any, other: str) -> str:
        return f"look({name})"

    def _poll(self, name: str, one: Any, other: str) -> str:
        return self.random.choice(
            (f"poll({name}, {self.random.choice(POLLED)})", f"chosen({name})")
        )

    def _watch(self, name: str, one: Any, other: str) -> str:
        self._made += 1
        return f"e{self._made} = watch({name}, {self.random.choice(WATCHED)})"

    def _watching(self, watcher: str, name: str) -> str:
        interest = self.random.choice(WATCHED)
        return self.random.choice(
            (*[f"told({watcher})"] * 4, f"{watcher}.register({name}, {interest})",
             f"{watcher}.modify({name}, {interest})", f"{watcher}.unregister({name})",
             f"{watcher}.register({self.random.choice(self._watchers)}, {interest})")
        )  # fmt: skip

    def _dup(self, name: str, one: Any, other: str) -> str:
        return self.random.choice(
            (f"{self._new()} = quiet({name}.dup())", f"detached({name})", f"credentials({name})")
        )

    def _error(self, name: str, one: Any, other: str) -> str:
        return f"{name}.getsockopt(SOL_SOCKET, SO_ERROR)"

    def _option(self, name: str, one: Any, other: str) -> str:
        level, chosen = self._known_option(one)
        read = is_read(level, chosen)
        if read and self.random.random() < 0.4:
            size = self.random.choice((0, 0, 0, 1, 2, 3, 5, 8, 12, 16, 64, 256))
            return f"option({name}, {level}, {chosen}, {size})"
        value = self.random.choice(VALUES) if self.random.random() < 0.8 else (
            self.random.choice(BYTES))  # fmt: skip
        telling = TELLING.get(chosen)
        if telling and self.random.random() < 0.7:
            return f"{name}.setsockopt({level}, {chosen}, {self.random.choice(telling)})"
        if self.random.random() < 0.08:
            return f"{name}.setsockopt({level}, {chosen}, None, {self.random.choice(LENGTHS)})"
        whole = read and not value.startswith("b")
        verb = "cycle({}, {}, {}, {})" if whole else "{}.setsockopt({}, {}, {})"
        return verb.format(name, level, chosen, value)

    def _group(self, name: str, one: Any, other: str) -> str:
        """Return a call about multicast: a member, whom it hears, or a sender."""
        if one.family == 1:
            return f"look({name})"
        any_of = self.random.choice
        if self.random.random() < 0.3:
            group, own, sender = any_of(GROUPS[:3]), any_of(OWN[:4]), any_of(SENDERS[:3])
            join = f"{name}.setsockopt(IPPROTO_IP, 35, inet_aton({group}) + inet_aton({own}))"
            to = f"at({other})[1]" if one.type == 2 else "9"
            return any_of((join, *[f"to_group({group}, {to}, {sender})"] * 2))
        six = one.family == 10 and self.random.random() < 0.7
        group, sender = any_of(GROUPS6 if six else GROUPS), any_of(SENDERS6 if six else SENDERS)
        if self.random.random() < 0.05:
            group = any_of(GROUPS + GROUPS6)
        kind, value = self._membership(six, group, sender)
        level = "IPPROTO_IPV6" if six else "IPPROTO_IP"
        return f"{name}.setsockopt({level}, {kind}, {value}{any_of(CUT)})"

    def _membership(self, six: bool, group: str, sender: str) -> tuple[str, str]:
        """Return an option's number and a structure for it."""
        any_of = self.random.choice
        index = any_of(("1", "1", "1", "0", "7"))
        senders = ", ".join(any_of(SENDERS6 if six else SENDERS) for _ in range(any_of((0, 1, 2))))
        count = senders.count("'") // 2 if self.random.random() < 0.9 else any_of((0, 3, 11, 65))
        mode = any_of(("0", "1", "1", "2"))
        ways = [
            (any_of(("42", "42", "45")), f"at_index({index}, {group})"),
            (any_of(("43", "44", "46", "46", "47")), f"at_index({index}, {group}, {sender})"),
            ("48", f"filter_at({index}, {mode}, {count}, {group}, {senders})"),
        ]
        if not six and ":" not in group:
            own = any_of(OWN)
            packed = f"inet_aton({group}) + inet_aton({own})"
            ways += [
                (any_of(("37", "38", "39", "39", "40")), f"{packed} + inet_aton({sender})"),
                (any_of(("35", "35", "36")), packed),
                ("41", f"filter_by({own}, {mode}, {count}, {group}, {senders})"),
            ]  # fmt: skip
        return any_of(ways)

    def _stamps(self, name: str, one: Any, other: str) -> str:
        """Return a call that asks for stamps, or reads a notice; of TCP's there are none here."""
        if one.family == 1 or one.type == 1:
            return f"option({name}, SOL_SOCKET, 37, {self.random.choice((0, 4, 8, 12))})"
        told = f"receive({name}, {self.random.choice((0, 5, 99))}, {{}}, MSG_ERRQUEUE)"
        choose = f"[(SOL_SOCKET, 37, struct.pack('=I', {self.random.choice(STAMPS)}))]"
        return self.random.choice((
            *[f"stamping({name}, {self.random.choice(STAMPS)})"] * 3,
            *[told.format(self.random.choice((256, 256, 20, 64)))] * 3,
            f"{name}.sendmsg([{self._data(one, other)}], {choose}, 0, at({other}))",
            f"{name}.sendto({self._data(one, other)}, at({other}))",
            f"{name}.sendto({self._data(one, other)}, at({other}))"))

    def _known_option(self, one: Any) -> tuple[str, str]:
        """Return a level and an option, mostly of those that the socket has."""
        own = ["SOL_SOCKET"]
        if one.family != 1:
            own += ["IPPROTO_IP" if one.family == 2 else "IPPROTO_IPV6"]
            own += [{1: "IPPROTO_TCP", 2: "IPPROTO_UDP"}.get(one.type, "SOL_SOCKET")]
        level = self.random.choice(own if self.random.random() < 0.8 else tuple(OPTIONS))
        left_out = LEFT_OUT + EFFECTS + (
            OF_DATAGRAMS if one.type == 1 and one.family != 1 else ())
        left_out += ("IP_OPTIONS",) if one.type == 3 else ()  # stored: not in what raw sockets read
        known = [name for name in OPTIONS[level] + MORE.get(level, []) if name not in left_out]
        return level, self.random.choice(known)

    def _linger(self, name: str, one: Any, other: str) -> str:
        on, seconds = self.random.choice(((1, 0), (1, 0), (1, 5), (0, 0), (0, 5)))
        return f"{name}.setsockopt(SOL_SOCKET, SO_LINGER, linger({on}, {seconds}))"

    def _fill(self, name: str, one: Any, other: str) -> str:
        size = self.random.choice((1, 100, 1000, 3000))
        if one.family != 1 and one.type == 2:
            return self.random.choice((f"flood({name}, {size})", f"drain({name})"))
        if one.family != 1:
            return f"look({name})"
        return f"count_fill({name}, {size})" if self.random.random() < 0.5 else f"drain({name})"

    def _unlink(self, name: str, one: Any, other: str) -> str:
        return f"unlink({self.random.choice(PATHS[:4])})" if one.family == 1 else f"look({name})"

    CHOICES: ClassVar = {
        _bind: 5, _connect: 9, _listen: 4, _accept: 6, _send: 14, _sendto: 8, _sendmsg: 5,
        _recv: 15, _receive: 4, _taken: 1, _shutdown: 3, _close: 3, _look: 9, _poll: 4, _watch: 2,
        _dup: 1, _error: 3, _option: 9, _linger: 1, _fill: 1, _unlink: 1, _group: 3,
        _stamps: 2,
    }  # fmt: skip


def _is_socket(name: str, value: Any, closed_too: bool) -> bool:
    """Say whether a name of a program stands for a socket, open or perhaps closed."""
    known = name[-1].isdigit() and hasattr(value, "getsockname")
    return known and (closed_too or value.fileno() >= 0)


def programs(seed: int, make: type[Generator] = Generator) -> Iterator[Generator]:
    """Yield the generators of a seed's programs, without end."""
    number = 0
    while True:
        yield make(f"{seed}:{number}")
        number += 1
