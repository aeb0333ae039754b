"""Two faults at once: which error comes first, on the kernel, on the model, and in the docstring.

    a call, its errors in the docstring's order  x  every two that one call can have
        --> the earlier one, from both

A fault is what must be otherwise for the error to come: an argument, or lines that put the
socket `a` into a state.  Two faults that want the same thing otherwise cannot meet.
`python -m tests.against_kernel.order` prints what differs.
"""

from __future__ import annotations

import inspect
import itertools
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bsdsockets.calls.calls import Calls
from bsdsockets.protocols.datagram import Datagrams
from bsdsockets.protocols.internet import Internet
from bsdsockets.protocols.raw import Raw
from bsdsockets.protocols.tcp import Tcp
from bsdsockets.protocols.unix_datagram import UnixDatagram, UnixSeqpacket
from bsdsockets.protocols.unix_stream import UnixStream
from bsdsockets.sockets.options import set_option

from .worlds import Kernel, Model, World

ERRORS = re.compile(r"^(?:The pending error|E[A-Z0-9]+).*(?=\n {4}\S)", re.MULTILINE)
Fault = tuple[str, dict[str, str]]
"""An error, and what must be otherwise for it to come: an argument, or lines before the call."""
FAILED = re.compile(r"E(?!INPROGRESS|CONNREFUSED|NOTCONN)[A-Z]+$|\w+Error")


@dataclass(frozen=True)
class Order:
    """The errors of one call on one type of socket, in the order of the checks."""

    said: Callable[..., Any]  # whose docstring says them
    make: str
    call: str
    faults: tuple[Fault, ...]  # in the order of the checks
    usual: dict[str, str] = field(default_factory=dict)

    def program(self, *faults: Fault) -> tuple[str, ...]:
        """The lines that make the socket, give it the faults, and make the call."""
        given = {key: value for _, by_key in faults for key, value in by_key.items()}
        before = [self.make, *(given[key] for key in sorted(given) if key not in self.usual)]
        arguments = self.usual | {key: given[key] for key in given.keys() & self.usual.keys()}
        lines = "; ".join(filter(None, before))
        return (*filter(None, lines.split("; ")), self.call.format(**arguments))

    def programs(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Each fault alone, and each two that can meet, with the error that is to come.

        A fault that wants nothing otherwise is always there.
        """
        alone = [(fault,) for fault in self.faults]
        for faults in (*alone, *itertools.combinations(self.faults, 2)):
            if not set.intersection(*(set(given) for _, given in faults)) or len(faults) == 1:
                present = [each for each in self.faults if each in faults or not each[1]]
                yield self.program(*faults), present[0][0]


def documented(said: Callable[..., Any]) -> list[str]:
    """The errors of a docstring, in its order."""
    text = inspect.getdoc(said) or ""
    return [name for line in ERRORS.findall(text) for name in re.findall(r"\bE[A-Z0-9]{3,}", line)]


TCP = "l = tcp(); l.bind(LO); l.listen(); "
TCP6 = "l = tcp6(); l.bind(LO6); l.listen(); "
FULL = "k = tcp(); k.bind(LO); k.listen(0); c = tcp(); c.connect(at(k)); a.connect(at(k))"
MET = "a.connect(at(l)); b, peer = accept(l); a.connect(at(l))"
RESET = "b.setsockopt(SOL_SOCKET, SO_LINGER, linger(1, 0)); b.close()"
CLOSED = {"then": "a.close()"}
BAD = "[(SOL_SOCKET, 77, b'1234')]"
SENT = {"data": "b'x'", "control": "[]", "flags": "0", "to": ""}
SENDMSG = "a.sendmsg([{data}], {control}, {flags}{to})"

MAKING = (
    Order(Calls.socket, "", "socket.socket({family}, {kind} | {flags}, {protocol})", (
        ("EINVAL", {"flags": "0x4000"}),
        ("EAFNOSUPPORT", {"family": "200"}),
        ("EINVAL", {"kind": "12"}),
        ("EAFNOSUPPORT", {"family": "AF_IPX"}),
        ("ESOCKTNOSUPPORT", {"kind": "SOCK_SEQPACKET"}),
        ("EPROTONOSUPPORT", {"protocol": "IPPROTO_UDP"}),
    ), {"family": "AF_INET", "kind": "SOCK_STREAM", "flags": "0", "protocol": "0"}),
    Order(Calls.socket, "", "socket.socket(AF_INET, {kind}, {protocol})", (
        ("EINVAL", {"protocol": "300"}),
        ("ESOCKTNOSUPPORT", {"kind": "SOCK_SEQPACKET"}),
    ), {"kind": "SOCK_STREAM", "protocol": "0"}),
    Order(Calls.socketpair, "", "socket.socketpair({family}, {kind} | {flags}, {protocol})", (
        ("EINVAL", {"flags": "0x4000"}),
        ("EAFNOSUPPORT", {"family": "200"}),
        ("EPROTONOSUPPORT", {"protocol": "17"}),
        ("ESOCKTNOSUPPORT", {"kind": "SOCK_RDM"}),
        ("EOPNOTSUPP", {"family": "AF_INET"}),
    ), {"family": "AF_UNIX", "kind": "SOCK_STREAM", "flags": "0", "protocol": "0"}),
)
BINDING = (
    Order(Internet.bind, "o = udp(); o.bind(LO); a = udp()", "a.bind(({host}, {port}))", (
        ("EADDRNOTAVAIL", {"host": "'192.0.2.77'"}),
        ("EINVAL", {"state": "a.bind(LO)"}),
        ("EADDRINUSE", {"port": "at(o)[1]"}),
    ), {"host": "'127.0.0.1'", "port": "0"}),
    Order(Internet.bind, "o = tcp(); o.bind(LO); a = tcp()", "a.bind(({host}, {port}))", (
        ("EADDRNOTAVAIL", {"host": "'192.0.2.77'"}),
        ("EINVAL", {"state": "a.listen()"}),
        ("EADDRINUSE", {"port": "at(o)[1]"}),
    ), {"host": "'127.0.0.1'", "port": "0"}),
    Order(Internet.bind, "o = udp6(); o.bind(LO6); a = udp6()", "a.bind(({host}, {port}))", (
        ("EINVAL", {"state": "a.bind(LO6)"}),
        ("EADDRNOTAVAIL", {"host": "'2001:db8::77'"}),
        ("EADDRINUSE", {"port": "at(o)[1]"}),
    ), {"host": "'::1'", "port": "0"}),
    Order(Raw.bind, "a = icmp6()", "a.bind(({host}, 0))", (
        ("EADDRNOTAVAIL", {"host": "'::ffff:127.0.0.1'"}),
        ("EINVAL", {"state": "a.connect(LO6)"}),
    ), {"host": "'::1'"}),
    Order(Raw.bind, "a = icmp6()", "a.bind(({host}, 0))", (
        ("EINVAL", {"state": "a.connect(LO6)"}),
        ("EADDRNOTAVAIL", {"host": "'2001:db8::77'"}),
    ), {"host": "'::1'"}),
    Order(UnixStream.bind, "o = ustream(); o.bind('taken'); a = ustream()", "a.bind({name})", (
        ("EADDRINUSE", {"name": "'taken'"}),
        ("EINVAL", {"state": "a.bind('mine')"}),
    ), {"name": "'new'"}),
    Order(UnixStream.bind, "a = ustream()", "a.bind({name})", (
        ("ENOENT", {"name": "'no/where'"}),
        ("EINVAL", {"state": "a.bind('mine')"}),
    ), {"name": "'new'"}),
    Order(UnixStream.bind, "o = ustream(); o.bind(abstract('taken')); a = ustream()",
          "a.bind({name})", (
        ("EINVAL", {"state": "a.bind('mine')"}),
        ("EADDRINUSE", {"name": "abstract('taken')"}),
    ), {"name": "'new'"}),
)
CONNECTING = (
    Order(Tcp.listen, "o = tcp(); o.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); o.bind(LO); "
          "a = tcp(); a.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); a.bind(at(o)); "
          "k = tcp(); k.bind(LO); k.listen()", "a.listen()", (
        ("EINVAL", {"state": "a.connect(at(k))"}),
        ("EADDRINUSE", {"other": "o.listen()"}),
    )),
    Order(Calls.listen, "a = udp()", "a.listen()", (
        ("EBADF", CLOSED),
        ("EOPNOTSUPP", {}),
    )),
    Order(Calls.accept, "a = tcp()", "a.accept()", (
        ("EBADF", CLOSED),
        ("EINVAL", {}),
    )),
    Order(Calls.bind, "a = tcp()", "a.bind(('192.0.2.77', 0))", (
        ("EBADF", CLOSED),
        ("EADDRNOTAVAIL", {}),
    )),
    Order(Calls.connect, "a = tcp()", "a.connect(('224.0.0.1', 9))", (
        ("EBADF", CLOSED),
        ("ENETUNREACH", {}),
    )),
    Order(Calls.send, "a = tcp()", "a.send(b'x')", (("EBADF", CLOSED), ("EPIPE", {}))),
    Order(Calls.receive, "a = tcp()", "a.recv(1)", (("EBADF", CLOSED), ("ENOTCONN", {}))),
    Order(Calls.setsockopt, "a = tcp()", "a.setsockopt(SOL_SOCKET, 9999, 1)", (
        ("EBADF", CLOSED),
        ("ENOPROTOOPT", {}),
    )),
    Order(Calls.getsockopt, "a = tcp()", "a.getsockopt(SOL_SOCKET, 9999)", (
        ("EBADF", CLOSED),
        ("ENOPROTOOPT", {}),
    )),
    Order(Calls.accept, "a = udp()", "a.accept()", (("EBADF", CLOSED), ("EOPNOTSUPP", {}))),
    Order(Tcp.connect, TCP + "a = tcp()", "a.connect({address})", (
        ("EISCONN", {"state": MET}),
        ("EALREADY", {"state": FULL}),
        ("ENETUNREACH", {"address": "('224.0.0.1', 9)"}),
    ), {"address": "at(l)"}),
    Order(Tcp.connect, TCP + "a = tcp()", "a.connect({address})", (
        ("EISCONN", {"state": "a.listen()"}),
        ("ENETUNREACH", {"address": "('224.0.0.1', 9)"}),
    ), {"address": "at(l)"}),
    Order(Tcp.connect, TCP + "a = tcp()", "a.connect({address})", (
        ("ECONNREFUSED", {"state": "a.connect(nobody())"}),
        ("ENETUNREACH", {"address": "('224.0.0.1', 9)"}),
    ), {"address": "at(l)"}),
    Order(Tcp.connect, TCP6 + "a = tcp6(); a.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)",
          "a.connect({address})", (
        ("EISCONN", {"state": MET}),
        ("ENETUNREACH", {"address": "('::ffff:127.0.0.1', 9)"}),
    ), {"address": "at(l)"}),
    Order(Tcp.connect, TCP6 + "a = tcp6()", "a.connect({address})", (
        ("EISCONN", {"state": MET}),
        ("ENETUNREACH", {"address": "('ff02::1', 9)"}),
        ("EINVAL", {"address": "('fe80::1', 9)"}),
        ("EAFNOSUPPORT", {"state": "a.bind(MAPPED)"}),
    ), {"address": "at(l)"}),
    Order(Datagrams.connect, "o = udp6(); o.bind(LO6); a = udp6()", "a.connect({address})", (
        ("EINVAL", {"address": "('fe80::1', 9)"}),
        ("EAFNOSUPPORT", {"state": "a.bind(MAPPED)"}),
    ), {"address": "at(o)"}),
    Order(Datagrams.connect, "o = udp(); o.bind(LO); a = udp()", "a.connect({address})", (
        ("ENETUNREACH", {"address": "('224.0.0.1', 9)"}),
    ), {"address": "at(o)"}),
    Order(UnixStream.connect, "l = ustream(); l.bind('l'); l.listen(); k = ustream(); k.bind('k'); "
          "k.listen(0); c = ustream(); c.connect('k'); d = udgram(); d.bind('d'); "
          "n = ustream(); n.bind('n'); a = ustream()", "a.connect({name})", (
        ("EINVAL", {"name": "''"}),
        ("ENOENT", {"name": "'no/where'"}),
        ("EPROTOTYPE", {"name": "'d'"}),
        ("ECONNREFUSED", {"name": "'n'"}),
        ("EAGAIN", {"name": "'k'"}),
        ("EISCONN", {"state": "a.connect('l')"}),
        ("EINVAL", {"state": "a.bind('a'); a.listen()"}),
    ), {"name": "'l'"}),
    Order(UnixDatagram.connect, "d = udgram(); d.bind('d'); e = udgram(); e.bind('e'); "
          "e.connect('d'); s = ustream(); s.bind('s'); a = udgram()", "a.connect({name})", (
        ("EINVAL", {"name": "''"}),
        ("ENOENT", {"name": "'no/where'"}),
        ("EPROTOTYPE", {"name": "'s'"}),
        ("EPERM", {"name": "'e'"}),
    ), {"name": "'d'"}),
)
MOVING = (
    Order(Tcp.send, TCP + "a = tcp()", SENDMSG, (
        ("ECONNREFUSED", {"state": "a.connect(nobody())"}),
        ("EPIPE", {}),
        ("EINVAL", {"control": BAD}),
    ), SENT),
    Order(Tcp.send, TCP + "a = tcp(); " + MET, SENDMSG, (
        ("ECONNRESET", {"state": RESET}),
        ("EPIPE", {"state": "a.shutdown(SHUT_WR)"}),
        ("EINVAL", {"control": BAD}),
    ), SENT),
    Order(Datagrams.send, "o = udp(); o.bind(LO); a = udp(); a.connect(at(o))", SENDMSG, (
        ("EMSGSIZE", {"data": "bytes(70000)"}),
        ("EOPNOTSUPP", {"flags": "MSG_OOB"}),
        ("EINVAL", {"to": ", ('127.0.0.1', 0)"}),
        ("EINVAL", {"control": BAD}),
        ("EACCES", {"to": ", ('255.255.255.255', 9)"}),
        ("EMSGSIZE", {"data": "bytes(65515)"}),
        ("ECONNREFUSED", {"state": "o.close(); a.send(b'x')"}),
        ("EPIPE", {"state": "a.shutdown(SHUT_WR)"}),
    ), SENT),
    Order(Datagrams.send, "a = udp()", SENDMSG, (
        ("EMSGSIZE", {"data": "bytes(70000)"}),
        ("EOPNOTSUPP", {"flags": "MSG_OOB"}),
        ("EDESTADDRREQ", {}),
        ("EINVAL", {"control": BAD}),
    ), SENT),
    Order(Datagrams.send, "a = udp()", SENDMSG, (
        ("EOPNOTSUPP", {"flags": "MSG_OOB"}),
        ("EINVAL", {"control": BAD}),
        ("ENETUNREACH", {}),
        ("EMSGSIZE", {"data": "bytes(65515)"}),
        ("EPIPE", {"state": "a.shutdown(SHUT_WR)"}),
    ), SENT | {"to": ", ('224.0.0.1', 9)"}),
    Order(UnixStream.send, "a, b = pair(SOCK_STREAM)", SENDMSG, (
        ("EINVAL", {"control": BAD}),
        ("EOPNOTSUPP", {"flags": "MSG_OOB", "data": "b''"}),
        ("EISCONN", {"to": ", 'x'"}),
        ("EPIPE", {"state": "a.shutdown(SHUT_WR)"}),
        ("EPIPE", {"peer": "a.send(b'unread'); b.close()"}),
    ), SENT),
    Order(UnixStream.send, "a = ustream()", SENDMSG, (
        ("EINVAL", {"control": BAD}),
        ("EOPNOTSUPP", {"to": ", 'x'"}),
        ("ENOTCONN", {}),
    ), SENT),
    Order(UnixDatagram.send, "d = udgram(); d.bind('d'); e = udgram(); e.bind('e'); "
          "e.connect('d'); s = ustream(); s.bind('s'); h = udgram(); h.bind('h'); "
          "h.shutdown(SHUT_RD); a = udgram(); a.connect('d')", SENDMSG, (
        ("EINVAL", {"control": BAD}),
        ("EOPNOTSUPP", {"flags": "MSG_OOB"}),
        ("EINVAL", {"to": ", ''"}),
        ("EMSGSIZE", {"data": "bytes(1 << 20)"}),
        ("EPIPE", {"state": "a.shutdown(SHUT_WR)"}),
        ("ENOENT", {"to": ", 'no/where'"}),
        ("EPROTOTYPE", {"to": ", 's'"}),
        ("EPERM", {"to": ", 'e'"}),
        ("EPIPE", {"to": ", 'h'"}),
    ), SENT),
    Order(UnixDatagram.send, "a = udgram()", SENDMSG, (
        ("EINVAL", {"control": BAD}),
        ("EOPNOTSUPP", {"flags": "MSG_OOB"}),
        ("EMSGSIZE", {"data": "bytes(1 << 20)"}),
        ("EPIPE", {"state": "a.shutdown(SHUT_WR)"}),
        ("ENOTCONN", {}),
    ), SENT),
    Order(UnixSeqpacket.send, "a, b = pair(SOCK_SEQPACKET)", SENDMSG, (
        ("ECONNRESET", {"peer": "a.send(b'unread'); b.close()"}),
        ("EINVAL", {"control": BAD}),
        ("EOPNOTSUPP", {"flags": "MSG_OOB"}),
        ("EMSGSIZE", {"data": "bytes(1 << 20)"}),
        ("EPIPE", {"state": "a.shutdown(SHUT_WR)"}),
    ), SENT),
    Order(UnixSeqpacket.send, "a = useq()", SENDMSG, (
        ("ENOTCONN", {}),
        ("EINVAL", {"control": BAD}),
        ("EOPNOTSUPP", {"flags": "MSG_OOB"}),
    ), SENT),
    Order(Tcp.receive, TCP + "a = tcp()", "a.recv(1, {flags})", (
        ("EAGAIN", {"flags": "MSG_ERRQUEUE"}),
        ("ENOTCONN", {"state": "a.listen()"}),
        ("EINVAL", {"flags": "MSG_OOB"}),
    ), {"flags": "0"}),
    Order(Tcp.receive, TCP + "a = tcp(); " + MET, "a.recv(1, {flags})", (
        ("EAGAIN", {"flags": "MSG_ERRQUEUE"}),
        ("EINVAL", {"flags": "MSG_OOB"}),
        ("ECONNRESET", {"state": RESET}),
    ), {"flags": "0"}),
    Order(Datagrams.receive, "o = udp(); o.bind(LO); a = udp(); a.connect(at(o))",
          "a.recv(1, {flags})", (
        ("EAGAIN", {"flags": "MSG_ERRQUEUE"}),
        ("ECONNREFUSED", {"state": "o.close(); a.send(b'x')"}),
    ), {"flags": "0"}),
    Order(UnixStream.receive, "a = ustream()", "a.recv(1, {flags})", (
        ("EINVAL", {}),
        ("EINVAL", {"flags": "MSG_OOB"}),
    ), {"flags": "0"}),
    Order(UnixStream.receive, "a, b = pair(SOCK_STREAM)", "a.recv(1, {flags})", (
        ("EINVAL", {"flags": "MSG_OOB"}),
        ("ECONNRESET", {"peer": "a.send(b'unread'); b.close()"}),
    ), {"flags": "0"}),
    Order(UnixSeqpacket.receive, "a, b = pair(SOCK_SEQPACKET)", "a.recv(1, {flags})", (
        ("EOPNOTSUPP", {"flags": "MSG_OOB"}),
        ("ECONNRESET", {"peer": "a.send(b'unread'); b.close()"}),
    ), {"flags": "0"}),
    Order(UnixSeqpacket.receive, "a = useq()", "a.recv(1, {flags})", (
        ("ENOTCONN", {}),
        ("EOPNOTSUPP", {"flags": "MSG_OOB"}),
    ), {"flags": "0"}),
)
OTHER = (
    Order(Calls.shutdown, "a = tcp()", "a.shutdown({how})", (
        ("EBADF", CLOSED),
        ("EINVAL", {"how": "9"}),
        ("ENOTCONN", {}),
    ), {"how": "SHUT_WR"}),
    Order(Calls.getpeername, "a = tcp()", "a.getpeername()", (
        ("EBADF", CLOSED),
        ("ENOTCONN", {}),
    )),
    Order(set_option, "a = tcp()", "a.setsockopt({level}, {number}, {value})", (
        ("EINVAL", {"value": "b''"}),
        ("EFAULT", {"value": "None, 4"}),
        ("ENOPROTOOPT", {"number": "9999"}),
    ), {"level": "SOL_SOCKET", "number": "SO_REUSEADDR", "value": "1"}),
    Order(set_option, "a = udp()", "a.setsockopt(SOL_SOCKET, {number}, {value})", (
        ("EINVAL", {"value": "b''"}),
        ("ENOPROTOOPT", {"number": "SO_ERROR"}),
    ), {"number": "SO_REUSEADDR", "value": "1"}),
)
ORDERS = MAKING + BINDING + CONNECTING + MOVING + OTHER


def differences(world: World) -> Iterator[str]:
    """Yield what a world answers otherwise than the docstrings say."""
    for order in ORDERS:
        for program, expected in order.programs():
            *before, answer = world.run(program)
            failed = [line for line in before if FAILED.match(line)]
            if answer != expected or failed:
                yield (f"{order.said.__qualname__}: {'; '.join(program)}\n"
                       f"    {world.name}: {answer}, expected {expected} {failed or ''}")


def undocumented() -> Iterator[str]:
    """Yield the orders that a docstring does not have so."""
    for order in ORDERS:
        said = iter(documented(order.said))
        errors = [error for error, _ in order.faults]
        if not all(error in said for error in errors):
            yield (f"{order.said.__qualname__} says {documented(order.said)},\n"
                   f"    the kernel's order is {errors}")


def main() -> int:
    """Print every call whose first error is another, and every docstring that says another."""
    found = [*undocumented(), *differences(Kernel()), *differences(Model())]
    print(*found, sep="\n", end="\n" if found else "")
    number = sum(1 for order in ORDERS for _ in order.programs())
    print(f"{number} programs of {len(ORDERS)} calls, {len(found)} differ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
