"""Random programs in which options meet data: sockets reach each other, and most calls succeed.

    a0, b0 connected, c0 beside them        a few options of their kind, set again and again
    send, with control messages and flags   receive, with what came beside; look

`generator` chooses among all options for each call, so two of them hardly ever act upon the same
data.  Here a program has a few that have an effect, and values that are made for them.

Left out, beside what `generator` leaves out: IP_MINTTL; of TCP what depends on how much memory is
at hand, which lets go what MSG_MORE holds, on its congestion window, as small segments and windows
do, and on SACK, which brings again at once what a filter or a full buffer has lost; UDP_GRO of
what has headers of options, which Linux divides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .generator import Generator
from .subjects import Program

Values = tuple[str, ...]
SHORT = (0, 1, 1, 2, 5, 5, 17, 100)
SIZES = (*SHORT, *SHORT, 536, 1000, 1400, 4096, 5000)
LARGE = (8192, 16384, 20000, 40000, 65487, 65507)
ROOM = (0, 1, 2, 5, 17, 100, 1000, 70000)
BESIDE = (0, 20, 24, 64, 256, 256, 256)
SWITCH = ("0", "1", "1")
PADDED = ("bytes([0, 0, 1, 4, 0, 0, 0, 0])", "bytes([0, 1, 30, 12]) + bytes(12)", "b''")
SOURCE = "struct.pack('i4s4s', {}, inet_aton('{}'), bytes(4))"
SOURCE6 = "inet_pton(AF_INET6, '{}') + struct.pack('i', {})"

OF_ALL: dict[tuple[str, str], Values] = {
    ("SOL_SOCKET", "SO_RCVBUF"): ("0", "1500", "3000", "9000", "40000", "100000"),
    ("SOL_SOCKET", "SO_SNDBUF"): ("0", "3000", "9000", "40000", "100000"),
    ("SOL_SOCKET", "SO_RCVLOWAT"): ("0", "1", "2", "6", "100", "5000"),
    ("SOL_SOCKET", "42"): ("-1", "0", "0", "1", "4", "50"),  # SO_PEEK_OFF
    ("SOL_SOCKET", "27"): ("0",),  # SO_DETACH_FILTER
    ("SOL_SOCKET", "SO_KEEPALIVE"): SWITCH,
    ("SOL_SOCKET", "SO_LINGER"): ("linger(1, 0)", "linger(0, 0)"),
}
OF_IP: dict[tuple[str, str], Values] = {
    ("SOL_SOCKET", "SO_MARK"): ("0", "7", "-1"),
    ("SOL_SOCKET", "75"): SWITCH,  # SO_RCVMARK
    ("SOL_SOCKET", "SO_PRIORITY"): ("0", "6", "7"),
    ("SOL_SOCKET", "SO_BINDTODEVICE"): ("b'lo'", "b'lo'", "b''"),
    ("SOL_SOCKET", "SO_DONTROUTE"): SWITCH,
    ("SOL_SOCKET", "SO_REUSEADDR"): SWITCH,
}
OF_TCP: dict[tuple[str, str], Values] = {
    ("SOL_SOCKET", "SO_RCVBUF"): ("9000", "40000", "100000"),
    ("SOL_SOCKET", "SO_OOBINLINE"): SWITCH,
    ("IPPROTO_TCP", "TCP_NODELAY"): SWITCH,
    ("IPPROTO_TCP", "TCP_CORK"): SWITCH,
    ("IPPROTO_TCP", "TCP_MAXSEG"): ("30000",),
    ("IPPROTO_TCP", "TCP_WINDOW_CLAMP"): ("0", "1", "1200", "5000", "30000"),
    ("IPPROTO_TCP", "TCP_QUICKACK"): SWITCH,
    ("IPPROTO_TCP", "36"): SWITCH,  # TCP_INQ
    ("IPPROTO_TCP", "TCP_NOTSENT_LOWAT"): ("1", "1000", "0"),
    ("IPPROTO_TCP", "TCP_LINGER2"): ("-1", "1"),
    ("IPPROTO_TCP", "TCP_USER_TIMEOUT"): ("0", "5000"),
}
OF_DATAGRAMS: dict[tuple[str, str], Values] = {
    ("SOL_SOCKET", "26"): (  # SO_ATTACH_FILTER: the last program loses what is long
        *(f"fprog((6, 0, 0, {size}))" for size in (0, 3, 30, 65535)),
        "fprog((0x80, 0, 0, 0), (0x35, 0, 1, 60), (6, 0, 0, 0), (6, 0, 0, 99))"),
    ("SOL_SOCKET", "40"): SWITCH,  # SO_RXQ_OVFL
    ("SOL_SOCKET", "29"): SWITCH,  # SO_TIMESTAMP
    ("SOL_SOCKET", "35"): SWITCH,  # SO_TIMESTAMPNS
    ("SOL_SOCKET", "45"): SWITCH,  # SO_SELECT_ERR_QUEUE
    ("SOL_SOCKET", "SO_BROADCAST"): SWITCH,
}
OF_UDP: dict[tuple[str, str], Values] = {
    ("IPPROTO_UDP", "1"): SWITCH,  # UDP_CORK
    ("IPPROTO_UDP", "101"): SWITCH,  # UDP_NO_CHECK6_TX
    ("IPPROTO_UDP", "102"): SWITCH,  # UDP_NO_CHECK6_RX
    ("IPPROTO_UDP", "103"): ("0", "1", "3", "100", "1000"),  # UDP_SEGMENT
    ("IPPROTO_UDP", "104"): SWITCH,  # UDP_GRO
    ("SOL_SOCKET", "11"): SWITCH,  # SO_NO_CHECK
}
OF_IP4: dict[tuple[str, str], Values] = {
    ("IPPROTO_IP", "IP_TTL"): ("1", "7", "64", "255", "-1"),
    ("IPPROTO_IP", "IP_TOS"): ("0", "16", "3", "184"),
    ("IPPROTO_IP", "IP_RECVTOS"): SWITCH,
    ("IPPROTO_IP", "12"): SWITCH,  # IP_RECVTTL
    ("IPPROTO_IP", "8"): SWITCH,  # IP_PKTINFO
    ("IPPROTO_IP", "20"): SWITCH,  # IP_RECVORIGDSTADDR
    ("IPPROTO_IP", "10"): ("0", "1", "2", "3", "4", "5"),  # IP_MTU_DISCOVER
    ("IPPROTO_IP", "11"): SWITCH,  # IP_RECVERR
    ("IPPROTO_IP", "15"): SWITCH,  # IP_FREEBIND
    ("IPPROTO_IP", "IP_TRANSPARENT"): SWITCH,
    ("IPPROTO_IP", "IP_MULTICAST_IF"): ("inet_aton('127.0.0.1')", "inet_aton('127.0.0.2')",
                                        "bytes(4)"),
    ("IPPROTO_IP", "IP_MULTICAST_LOOP"): SWITCH,
    ("IPPROTO_IP", "IP_MULTICAST_TTL"): ("0", "1", "9"),
    ("IPPROTO_IP", "IP_ADD_MEMBERSHIP"): (
        "inet_aton('224.1.2.3') + inet_aton('127.0.0.1')",
        "inet_aton('239.1.1.1') + inet_aton('127.0.0.1')"),
    ("IPPROTO_IP", "IP_DROP_MEMBERSHIP"): ("inet_aton('224.1.2.3') + inet_aton('127.0.0.1')",),
    ("IPPROTO_IP", "49"): SWITCH,  # IP_MULTICAST_ALL
}
OF_IP6: dict[tuple[str, str], Values] = {
    ("IPPROTO_IPV6", "IPV6_UNICAST_HOPS"): ("1", "7", "64", "255", "-1"),
    ("IPPROTO_IPV6", "IPV6_TCLASS"): ("0", "16", "3", "184"),
    ("IPPROTO_IPV6", "IPV6_RECVTCLASS"): SWITCH,
    ("IPPROTO_IPV6", "IPV6_RECVHOPLIMIT"): SWITCH,
    ("IPPROTO_IPV6", "IPV6_RECVPKTINFO"): SWITCH,
    ("IPPROTO_IPV6", "74"): SWITCH,  # IPV6_RECVORIGDSTADDR
    ("IPPROTO_IPV6", "IPV6_RECVPATHMTU"): SWITCH,
    ("IPPROTO_IPV6", "IPV6_DONTFRAG"): SWITCH,
    ("IPPROTO_IPV6", "23"): ("0", "1", "2", "3", "4", "5"),  # IPV6_MTU_DISCOVER
    ("IPPROTO_IPV6", "25"): SWITCH,  # IPV6_RECVERR
    ("IPPROTO_IPV6", "IPV6_PKTINFO"): (SOURCE6.format("::1", 1), SOURCE6.format("::", 1),
                                       SOURCE6.format("::", 0), SOURCE6.format("::1", 0)),
    ("IPPROTO_IPV6", "54"): PADDED,  # IPV6_HOPOPTS
    ("IPPROTO_IPV6", "59"): PADDED,  # IPV6_DSTOPTS
    ("IPPROTO_IPV6", "70"): SWITCH,  # IPV6_AUTOFLOWLABEL
    ("IPPROTO_IPV6", "78"): SWITCH,  # IPV6_FREEBIND
}
OF_RAW: dict[tuple[str, str], Values] = {
    ("IPPROTO_IPV6", "IPV6_CHECKSUM"): ("-1", "0", "2", "4", "100"),
    ("255", "IPV6_CHECKSUM"): ("-1", "2"),
    ("255", "1"): ("bytes(4)", "b'\\1\\1\\0\\0'"),  # ICMP_FILTER
    ("58", "1"): ("bytes(32)", "bytes(16) + b'\\1' + bytes(15)"),  # ICMPV6_FILTER
}
OF_UNIX: dict[tuple[str, str], Values] = {
    ("SOL_SOCKET", "SO_PASSCRED"): SWITCH,
    ("SOL_SOCKET", "SO_OOBINLINE"): SWITCH,
}

BESIDE4 = (
    *(f"(IPPROTO_IP, IP_TTL, struct.pack('i', {value}))" for value in (1, 9, 255)),
    *(f"(IPPROTO_IP, IP_TOS, struct.pack('i', {value}))" for value in (0, 8, 186)),
    "(IPPROTO_IP, IP_TOS, b'\\x20')",
    f"(IPPROTO_IP, 8, {SOURCE.format(0, '127.0.0.3')})",
    f"(IPPROTO_IP, 8, {SOURCE.format(1, '0.0.0.0')})",
    f"(IPPROTO_IP, 8, {SOURCE.format(1, '127.0.0.1')})")
BESIDE6 = (
    *(f"(IPPROTO_IPV6, IPV6_HOPLIMIT, struct.pack('i', {value}))" for value in (-1, 1, 9, 255)),
    *(f"(IPPROTO_IPV6, IPV6_TCLASS, struct.pack('i', {value}))" for value in (-1, 0, 8, 186)),
    f"(IPPROTO_IPV6, IPV6_PKTINFO, {SOURCE6.format('::1', 1)})",
    f"(IPPROTO_IPV6, IPV6_PKTINFO, {SOURCE6.format('::', 0)})",
    "(IPPROTO_IPV6, IPV6_DONTFRAG, struct.pack('i', 1))",
    f"(IPPROTO_IPV6, 54, {PADDED[0]})", f"(IPPROTO_IPV6, 59, {PADDED[1]})")
BESIDE_ALL = ("(SOL_SOCKET, SO_MARK, struct.pack('i', 5))",
              "(SOL_SOCKET, SO_PRIORITY, struct.pack('i', 3))")
OF_DATAGRAM = ("(IPPROTO_IP, 7, b'\\1\\1\\1\\1')", *(
    f"(IPPROTO_UDP, 103, struct.pack('H', {size}))" for size in (1, 3, 100, 1000)))

KINDS = ("tcp", "tcp", "tcp6", "tcp6 over IPv4", "udp", "udp", "udp6", "udp6", "udp6 over IPv4",
         "icmp", "icmp6", "experiment", "experiment6", "rawudp", "rawudp6", "header6",
         "SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET")


def options_of(kind: str) -> dict[tuple[str, str], Values]:
    """Return the options that have an effect on sockets of a kind, with their values."""
    if kind.startswith("SOCK_"):
        return {**OF_ALL, **OF_UNIX}
    found = {**OF_ALL, **OF_IP}
    if kind.startswith("tcp"):
        found |= OF_TCP
    else:
        found |= OF_DATAGRAMS | (OF_UDP if kind.startswith("udp") else OF_RAW)
    if "6" in kind:
        found |= OF_IP6
    if "6" not in kind or kind == "udp6 over IPv4":
        found |= OF_IP4
    return found


class OptionGenerator(Generator):
    """Chooses the lines of one program."""

    def opening(self) -> Program:
        """Return two sockets that are connected, and for datagrams a third one."""
        any_of = self.random.choice
        self.kind = kind = any_of(KINDS)
        known = options_of(kind)
        own = [each for each in known if each not in OF_ALL] or list(known)
        few = [any_of(own) for _ in range(any_of((1, 2, 3)))]
        few += [any_of(list(OF_ALL)) for _ in range(any_of((0, 1, 2)))]
        self.options = [(*each, known[each]) for each in few]
        early = tuple(self._set(any_of("ab")) for _ in range(any_of((0, 0, 1, 2))))
        return self._reach(early) + tuple(self._set(any_of("ab")) for _ in range(any_of((1, 2, 3))))

    def _reach(self, early: Program) -> Program:
        """Return what makes the sockets reach each other; *early* is set before they do."""
        make, _, over = self.kind.partition(" ")
        if make.startswith("SOCK_"):
            return (f"a0, b0 = pair({make})", *early)
        made = tuple(f"{name}0 = {make}()" for name in "abc")
        lo = "MAPPED" if over else "LO6" if "6" in make else "LO"
        if not make.startswith("tcp"):
            port = f"('{'::1' if '6' in make else '127.0.0.1'}', 0)"
            if make not in ("udp", "udp6"):
                return (*made, *early, f"a0.connect({port})", f"b0.connect({port})")
            return (*made, *early, *(f"{name}0.bind({lo})" for name in "abc"),
                    "a0.connect(at(b0))", "b0.connect(at(a0))")
        to = "mapped(l0)" if over else "at(l0)"
        return (f"l0 = {make}()", "b0 = l0", made[0], *early,
                *((f"l0.bind({'LO6' if make == 'tcp6' else 'LO'})",) if not over else
                  ("l0.bind(MAPPED)",)),
                "l0.listen()", f"a0.connect({'at(l0)' if over else to})",
                f"a0.connect({'at(l0)' if over else to})", "b0, peer = accept(l0)")

    def _set(self, name: str) -> str:
        level, option, values = self.random.choice(self.options)
        return f"{name}0.setsockopt({level}, {option}, {self.random.choice(values)})"

    def line(self, space: Mapping[str, Any]) -> str:
        """Return a call on one of the sockets."""
        names = [name for name in ("a0", "b0", "c0") if name in space]
        name = self.random.choice((*names, *names, "a0"))
        other = self.random.choice(names)
        choose = self.random.choices(tuple(self.WAYS), tuple(self.WAYS.values()))[0]
        return choose(self, name, other, space[name])

    def _changes(self, name: str, other: str, one: Any) -> str:
        return self._set(name[0]) if name != "c0" or self.kind[0] != "t" else f"look({name})"

    def _reads(self, name: str, other: str, one: Any) -> str:
        level, option, _ = self.random.choice(self.options)
        if option in ("26", "27", "IPV6_PKTINFO", "IP_ADD_MEMBERSHIP", "IP_DROP_MEMBERSHIP",
                      "TCP_MAXSEG"):
            return f"look({name})"
        return f"option({name}, {level}, {option}, {self.random.choice((0, 0, 1, 4, 8, 64))})"

    def _bytes(self, one: Any, other: str) -> str:
        if one.type == 3 and one.family != 1 and self.random.random() < 0.8:
            return self._raw(one, other)
        sizes = LARGE if self.random.random() < 0.06 and one.type != 1 else SIZES
        size = self.random.choice(sizes)
        return repr(b"abcdefghijklmnopq"[:size]) if size < 17 else f"b'z' * {size}"

    def _sends(self, name: str, other: str, one: Any) -> str:
        known = ("MSG_MORE", "MSG_MORE", "MSG_MORE", "MSG_OOB", "MSG_EOR", "MSG_DONTROUTE",
                 "MSG_CONFIRM", "MSG_NOSIGNAL", "MSG_DONTWAIT")
        if one.type == 1 and one.family != 1:
            small = ("SOL_SOCKET", "SO_RCVBUF", OF_TCP["SOL_SOCKET", "SO_RCVBUF"]) in self.options
            known = known[4 if small else 3:]
        flags = self._flags(known, 0.3)
        data, way = self._bytes(one, other), self.random.random()
        connected = one.type in (1, 5) or one.family == 1
        if way < 0.45 or (connected and way < 0.7):
            return f"{name}.send({data}, {flags})"
        where = "None" if connected or self.random.random() < 0.5 else self._where(one, other)
        if way < 0.7 and where != "None":
            return f"{name}.sendto({data}, {flags}, {where})"
        return f"{name}.sendmsg([{data}], [{self._messages(one)}], {flags}, {where})"

    def _where(self, one: Any, other: str) -> str:
        """Return an address: of a socket here, or of a group."""
        if one.type == 3:
            return self.random.choice(("LO6",) if one.family == 10 else (
                "LO", "LO", "('127.0.0.2', 0)", "('224.1.2.3', 0)"))
        group = "::ffff:224.1.2.3" if "over" in self.kind else "224.1.2.3"
        if one.family == 10 and "over" not in self.kind:
            return f"at({other})"
        return self.random.choice((f"at({other})", f"at({other})", f"of({other}, {group!r})"))

    def _messages(self, one: Any) -> str:
        if one.family == 1:
            return "(SOL_SOCKET, SCM_CREDENTIALS, struct.pack('3i', os.getpid(), 0, 0))"
        known = BESIDE_ALL + (BESIDE4 if one.family == 2 else BESIDE6)
        known += BESIDE4 if "over" in self.kind else ()
        if any(option[:2] == ("IPPROTO_UDP", "104") for option in self.options):
            known = tuple(each for each in known if PADDED[0] not in each and PADDED[1] not in each)
        known += OF_DATAGRAM if one.type == 2 else ()
        return ", ".join(self.random.choice(known) for _ in range(self.random.choice((0, 1, 1, 2))))

    def _receives(self, name: str, other: str, one: Any) -> str:
        size = self._room(one, ROOM)
        known = ("MSG_PEEK", "MSG_PEEK", "MSG_WAITALL", "MSG_OOB", "MSG_DONTWAIT", "MSG_ERRQUEUE")
        flags = self._flags(known, 0.35)
        way = self.random.random()
        if way < 0.4 and (size or "OOB" not in flags):
            return f"{name}.recv({size}, {flags})"
        if way < 0.5 or (not size and "OOB" in flags):
            more = " | MSG_TRUNC" if one.type != 1 or one.family == 1 else ""
            return f"{name}.recv_into(bytearray({size}), 0, {flags}{more})"
        return f"receive({name}, {size}, {self.random.choice(BESIDE)}, {flags})"

    def _looks(self, name: str, other: str, one: Any) -> str:
        waits = self.random.choice(("0x541B", "0x541B", "0x5411" if one.type != 1 else "0x541B"))
        return self.random.choice((f"look({name})", f"poll({name})", f"ioctl({name}, {waits})",
                                   f"{name}.getsockopt(SOL_SOCKET, SO_ERROR)"))

    def _ends(self, name: str, other: str, one: Any) -> str:
        if self.random.random() < 0.7:
            return f"{name}.shutdown({self.random.choice(('SHUT_RD', 'SHUT_WR'))})"
        to = f"at({other})" if one.type != 1 and one.family != 1 else "''"
        return f"{name}.connect({to})"

    WAYS: ClassVar = {_changes: 14, _reads: 4, _sends: 36, _receives: 34, _looks: 10, _ends: 2}
