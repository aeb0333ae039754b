"""Random programs that ask more widely than `generator`'s: the rarer calls, and more of each.

    instances of epoll over one socket, over its copies and over each other
    addresses and lengths that are none        levels and options that do not belong together
    calls that wait a moment and give up       no descriptor left
    SO_PEEK_OFF, SO_RCVLOWAT, TCP_INQ, MSG_FASTOPEN, error queues, groups, sharing a port

Left out, beside what `generator` leaves out: names that a server of names would be asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .generator import RECEIVING, Generator
from .options import is_read
from .subjects import SUBJECTS, Program

STRANGE = {
    1: ("'x' * 107", "'x' * 108", "'x' * 109", "b'\\0' + b'y' * 107", "b'\\0' * 108",
        "b'\\0' + b'y' * 108", "'no/where'", "'.'", "'a/b'", "'./a'", "b'\\0'", "bytes(5)",
        "b'a\\0b'", "b'\\0a\\0'", "'/'", "'./'", "'../nothing/there'", "5", "None", "('a',)"),
    2: ("('127.0.0.1', 65536)", "('127.0.0.1', -1)", "('127.0.0.1',)", "('127.0.0.1', 1, 2)",
        "('', 0)", "('', 9)", "('<broadcast>', 9)", "('0', 0)", "('127.1', 9)",
        "('255.255.255.255', 9)", "('127.0.0.0', 0)", "('127.0.0.0', 9)", "('10.1.1.1', 9)",
        "('240.0.0.1', 9)", "('224.0.0.1', 9)", "('0.0.0.1', 9)", "('127.0.0.9', 0)", "5", "None",
        "b'x'", "('127.0.0.1', '9')", "('::1', 9)", "('127.0.0.1', 0)", "('127.0.0.1', 1)"),
    10: ("('::1', 65536)", "('::1', -1)", "('::1',)", "('::1', 9, 0)", "('::1', 9, 1 << 20)",
         "('::1', 9, 1000)", "('::1', 9, 0, 1)", "('fe80::1', 9, 0, 1)",
         "('fe80::1', 9, 0, 0)",  "('ff02::1:7', 9, 0, 1)", "('ff05::2', 9)",
         "('2001:db8::1', 9)", "('::ffff:10.1.1.1', 9)", "('::ffff:224.0.0.5', 9)",
         "('::127.0.0.1', 9)", "('::2', 0)", "('127.0.0.1', 9)", "('::1', 9, 'x')", "('::', 9)",
         "('::', 0, 0, 1)", "('', 0)", "('::ffff:255.255.255.255', 9)",
         "('::1%lo', 9)", "('::ffff:127.0.0.1', 9)", "('::ffff:0.0.0.0', 0)", "None"),
}  # fmt: skip
EVENTS = ("EPOLLIN", "EPOLLOUT", "EPOLLIN | EPOLLOUT", "EPOLLIN | EPOLLET", "EPOLLOUT | EPOLLET",
          "EPOLLIN | EPOLLOUT | EPOLLET", "EPOLLIN | EPOLLONESHOT", "EPOLLRDHUP | EPOLLPRI",
          "EPOLLIN | EPOLLEXCLUSIVE", "EPOLLIN | EPOLLET | EPOLLEXCLUSIVE",
          "EPOLLOUT | EPOLLEXCLUSIVE | EPOLLONESHOT", "EPOLLPRI | EPOLLET | EPOLLONESHOT", "0",
          "EPOLLRDNORM | EPOLLWRNORM", "EPOLLWRBAND | EPOLLRDBAND | EPOLLET", "EPOLLHUP",
          "EPOLLERR", "EPOLLMSG", "0x3FFF")  # fmt: skip
REQUESTS = ("0x541B", "0x541B", "0x8905", "0x894B", "0x1234", "0x5401")
ABOUT = ("0x8910", "0x8913", "0x8915", "0x8917", "0x8919", "0x891B", "0x891D", "0x8921", "0x8927",
         "0x8933", "0x8942", "0x8970")  # fmt: skip
FILLS = ("b'\\0'", "b'\\1'", "b'\\xff'", "b'\\1\\0\\0\\0'")
DEVICES = ("b'lo'", "b'lo'", "b'nothing'", "b''")
GROUPS4, GROUP6 = ("224.1.2.3", "224.0.0.1", "239.1.1.1"), "ff02::1:7"


class WideGenerator(Generator):
    """Chooses lines of the rarer kinds, among the usual ones."""

    def any(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def opening(self) -> Program:
        """Return what `Generator` does, or UNIX sockets with full buffers."""
        if self.random.random() > 0.06:
            return super().opening()
        subject = self.any(*[each for each in SUBJECTS if each.name.startswith("unix")])
        return tuple(self.any(*[
            lines for name, lines in subject.states.items() if "full" in name] or [("a = tcp()",)]))

    def line(self, space: Mapping[str, Any]) -> str:
        """Return a call; often one on an instance of epoll where there is one."""
        self._instances = [name for name in space if name[0] == "e" and name[1:].isdigit()]
        return super().line(space)

    def _watching(self, watcher: str, name: str) -> str:
        interest = self.any(*EVENTS)
        known = ", ".join(self._sockets)
        other = self.any(*self._watchers)
        self._made += 1
        return self.any(
            *[f"told_of({watcher}, {self.any('-1', '-1', '1', '2', '0')}, {known})"] * 6,
            f"{watcher}.register({name}, {interest})", f"{watcher}.register({name}, {interest})",
            f"{watcher}.modify({name}, {interest})", f"{watcher}.unregister({name})",
            f"{watcher}.register({other}, {interest})", f"{watcher}.unregister({other})",
            f"watches({watcher}, {self.any('POLLIN', 'POLLIN | POLLOUT | POLLRDNORM', '0')})",
            f"e{self._made} = watch({other}, {interest})",
            f"e{self._made} = watch({name}, {interest})",
            f"e{self._made} = select.epoll()", f"{watcher}.close()")

    def _about(self, sockets: list[str], space: Mapping[str, Any]) -> str:
        self._sockets = sockets
        return super()._about(sockets, space)

    def _strange(self, name: str, one: Any, other: str) -> str:
        """Return a call with an address that is none, or an unusual one."""
        where = self.any(*STRANGE[int(one.family)])
        return self.any(f"{name}.bind({where})", f"{name}.connect({where})",
                        f"{name}.connect_ex({where})", f"{name}.sendto(b'strange', {where})",
                        f"{name}.sendmsg([b'x'], [], 0, {where})",
                        f"{name}.sendto(b'', MSG_MORE, {where})")

    def _waits(self, name: str, one: Any, other: str) -> str:
        """Return a call that waits a moment."""
        none = () if one.type == 1 and one.family != 1 else (0,)  # TCP waits for nothing once
        size, flags = self._room(one, (*none, 1, 5, 100)), self._flags(RECEIVING, 0.4, one)
        flags = "MSG_PEEK" if "OOB" in flags or "TRUNC" in flags else flags
        where = self._address(one, other)
        data = self._data(one, other)
        call = self.any(f"'recv', {size}, {flags}", f"'recv', {size}, {flags}",
                        f"'recvfrom', {size}, {flags}", "'accept'", f"'connect', {where}",
                        f"'connect_ex', {where}", f"'send', {data}", f"'sendto', {data}, {where}")
        return f"{self.any('patient', 'brief')}({name}, {call})"

    def _scarce(self, name: str, one: Any, other: str) -> str:
        what = self.any("accept", "accept", "dup", "epoll", "pair", "socket", "receive", "receive",
                        "peek")
        return f"scarce('{what}', {name})"

    def _into(self, name: str, one: Any, other: str) -> str:
        sizes = self.any("[]", "[0]", "[1]", "[2, 3]", "[0, 5, 0, 100]", "[1] * 5", "[1] * 1025",
                         "[100, 100]") if one.type != 3 else self.any("[]", "[0]", "[1, 1]")
        flags = self._flags((*RECEIVING, "MSG_PEEK"), 0.5, one)
        if self.random.random() < 0.2:
            buffers = self.any("[]", "[b'']", "[b'', b'']", "[b'a', b'', b'b']", "[b'x'] * 1024",
                               "[b'x'] * 1025", "[b'long' * 300] * 3")
            return f"{name}.sendmsg({buffers})"
        return f"into({name}, {sizes}, {self.any('0', '16', '20', '64')}, {flags})"

    def _lengths(self, name: str, one: Any, other: str) -> str:
        """Return an option, with whatever length; of its level or of another."""
        level, chosen = self._known_option(one)
        size = self.random.randrange(65)
        if is_read(level, chosen) and self.random.random() < 0.5:
            return f"option({name}, {level}, {chosen}, {size})"
        if self.random.random() < 0.2:
            level = self.any("255", "58", "2", "-1", "2**31 - 1", "262")
            return f"option({name}, {level}, {chosen}, {size})"
        return f"{name}.setsockopt({level}, {chosen}, {self.any(*FILLS)} * {size})"

    def _asks(self, name: str, one: Any, other: str) -> str:
        """Return an ioctl; of what waits to be sent only where that does not depend on when."""
        requests = REQUESTS + (("0x5411",) if one.family == 1 or one.type != 1 else ())
        if self.random.random() < 0.3:
            return f"interface({name}, {self.any(*ABOUT)}, {self.any(*DEVICES)})"
        return f"ioctl({name}, {self.any(*requests)})"

    def _peeks(self, name: str, one: Any, other: str) -> str:
        """Return what moves SO_PEEK_OFF, SO_RCVLOWAT, TCP_INQ, or shows it."""
        size = self.any(0, 1, 3, 4, 10, 100)
        known = [f"{name}.setsockopt(SOL_SOCKET, 42, {self.any(-1, 0, 0, 1, 3, 100)})",
                 f"{name}.recv({self._room(one, (0, 1, 3, 4, 10))}, MSG_PEEK)",
                 f"{name}.setsockopt(SOL_SOCKET, SO_RCVLOWAT, {self.any(0, 1, 2, 5, 1 << 20)})",
                 f"poll({name})", f"option({name}, SOL_SOCKET, 42)"]
        if one.family != 1 and one.type == 1:
            known += [f"cycle({name}, IPPROTO_TCP, 36, {self.any(0, 1)})",
                      f"receive({name}, {size}, 64)", f"counted({name})",
                      f"{name}.setsockopt(IPPROTO_TCP, TCP_NOTSENT_LOWAT, {self.any(0, 1, 5000)})",
                      f"{name}.sendto(b'early', MSG_FASTOPEN, {self._address(one, other)})",
                      f"{name}.send(b'early', MSG_FASTOPEN)",
                      f"cycle({name}, IPPROTO_TCP, TCP_FASTOPEN, {self.any(0, 1, 5)})"]
        return self.any(*known)

    def _errors(self, name: str, one: Any, other: str) -> str:
        """Return what has to do with error queues."""
        level, option = ("IPPROTO_IP", "11") if one.family == 2 else ("IPPROTO_IPV6", "25")
        flags = self.any("MSG_ERRQUEUE", "MSG_ERRQUEUE", "MSG_ERRQUEUE | MSG_PEEK")
        nobody = f"nobody({'AF_INET' if one.family == 2 else 'AF_INET6'})"
        return self.any(f"{name}.setsockopt({level}, {option}, {self.any(1, 1, 0)})",
                        f"{name}.setsockopt(IPPROTO_IP, 11, {self.any(1, 1, 0)})",
                        f"{name}.setsockopt(SOL_SOCKET, 45, {self.any(0, 1)})",
                        f"{name}.sendto(b'lost', {nobody})", f"{name}.connect({nobody})",
                        f"{name}.send(b'lost')", f"poll({name})",
                        f"receive({name}, {self.any(0, 1, 100)}, {self.any(0, 64, 200)}, {flags})")

    def _groups(self, name: str, one: Any, other: str) -> str:
        """Return what has to do with groups."""
        if one.family == 10 and self.random.random() < 0.6:
            group = f"inet_pton(AF_INET6, {GROUP6!r}) + struct.pack('i', {self.any(0, 1)})"
            join = self.any("IPV6_JOIN_GROUP", "IPV6_JOIN_GROUP", "IPV6_LEAVE_GROUP")
            return self.any(f"{name}.setsockopt(IPPROTO_IPV6, {join}, {group})",
                            f"{name}.setsockopt(IPPROTO_IPV6, IPV6_MULTICAST_IF, {self.any(0, 1)})",
                            f"{name}.setsockopt(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0)",
                            f"{name}.setsockopt(IPPROTO_IPV6, 29, {self.any(0, 1)})",
                            f"{name}.sendto(b'all', ({GROUP6!r}, at({other})[1], 0, 1))",
                            f"{name}.connect(({GROUP6!r}, at({other})[1], 0, 1))",
                            f"{name}.bind(({GROUP6!r}, 0, 0, 1))")
        group = self.any(*GROUPS4)
        packed = f"inet_aton({group!r}) + inet_aton('{self.any('127.0.0.1', '0.0.0.0')}')"
        join = self.any("IP_ADD_MEMBERSHIP", "IP_ADD_MEMBERSHIP", "IP_DROP_MEMBERSHIP")
        where = f"of({other}, '{'::ffff:' if one.family == 10 else ''}{group}')"
        return self.any(
            f"{name}.setsockopt(IPPROTO_IP, {join}, {packed})",
            f"{name}.setsockopt(IPPROTO_IP, {join}, {packed} + struct.pack('i', 1))",
            f"{name}.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, inet_aton('127.0.0.1'))",
            f"{name}.setsockopt(IPPROTO_IP, IP_MULTICAST_LOOP, {self.any(0, 1)})",
            f"{name}.setsockopt(IPPROTO_IP, 49, {self.any(0, 1)})",
            f"{name}.sendto(b'all', {where})", f"{name}.connect({where})", f"{name}.bind({where})")

    def _shares(self, name: str, one: Any, other: str) -> str:
        """Return what decides who has a port with whom."""
        host = self.any("0.0.0.0", "127.0.0.1", "127.0.0.2") if one.family == 2 else self.any(
            "::", "::", "::1", "::ffff:0.0.0.0", "::ffff:127.0.0.1")
        return self.any(f"{name}.setsockopt(SOL_SOCKET, SO_REUSEADDR, {self.any(0, 1, 1)})",
                        f"{name}.setsockopt(SOL_SOCKET, SO_REUSEPORT, {self.any(0, 1, 1)})",
                        f"{name}.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, {self.any(0, 1)})",
                        f"{name}.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b'lo')",
                        f"{name}.setsockopt(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)",
                        f"{self._new()} = {'tcp' if one.type == 1 else 'udp'}{self.any('', '6')}()",
                        f"{name}.listen(1)", f"look({name})",
                        *[f"{name}.bind(of({other}, {host!r}))"] * 3,
                        f"{name}.connect(of({other}, {host!r}))")

    def _more(self, name: str, one: Any, other: str) -> str:
        """Return one of the calls above that suits the socket."""
        known = [self._strange, self._waits, self._scarce, self._into, self._lengths, self._asks,
                 self._peeks]
        if one.family != 1:
            known += [self._errors, self._groups, self._shares]
        line: str = self.any(*known)(name, one, other)
        return line

    CHOICES: ClassVar = {_more: 90, **Generator.CHOICES}
