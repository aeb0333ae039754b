"""What a program sets and asks of an X.25 socket: options, facilities, user data, routes.

    before the call   SFACILITIES SCALLUSERDATA SCUDMATCHLEN CALLACCPTAPPRV      (SIOCX25...)
    in the call       GFACILITIES GCALLUSERDATA SENDCALLACCPT                    X25_QBITINCL
    after it          GCAUSEDIAG

DTE facilities are kept and read back, and not sent.

May not know: packets, descriptors, threads.

Sources: Linux x25(7), <linux/x25.h>, ``net/x25/af_x25.c`` for the order of checks; the answers as
seen on Linux 6.1 (tests/on_old_kernels/details/x25.txt).
"""

import struct
from collections.abc import Callable
from typing import Any

from ..machine.constants import SOL_SOCKET
from ..machine.errors import EINVAL, ENOPROTOOPT, ENOTTY, EPERM, fail
from ..machine.host import Host
from ..network.frames import ARPHRD_X25, named
from ..network.node import Node
from .records import CLOSED, INTERFACE_REQUESTS, OPEN, TIOCINQ, TIOCOUTQ, Connections
from .x25_call import DTE_SIZE, cost
from .x25_packet import Facilities

SOL_X25, QBITINCL = 262, 1
SIOCADDRT, SIOCDELRT = 0x890B, 0x890C
(GET_SUBSCRIPTION, SET_SUBSCRIPTION, GET_FACILITIES, SET_FACILITIES, GET_USER_DATA, SET_USER_DATA,
 GET_CAUSE, SET_MATCH, APPROVE, ACCEPT, GET_DTE, SET_DTE, SET_CAUSE) = range(0x89E0, 0x89ED)
LONGEST_USER_DATA, LONGEST_DTE = 128, 40
ALL_FACILITIES, DEFAULT_THROUGHPUT = 15, 10
SLOWEST, FASTEST = 3, 13  # throughput classes
Answer = Callable[[Any, bytes], bytes]


class Settings(Connections):
    """The ioctls and options of one host's X.25 sockets; what is set lies in `so.pcb`."""

    def __init__(self, host: Host, node: Node) -> None:
        self.host, self.node = host, node
        self.routes: dict[str, str] = {}  # first digits -> interface
        self.subscriptions: dict[str, tuple[int, int]] = {}
        self.answers: dict[int, Answer] = {
            TIOCOUTQ: lambda so, data: struct.pack("=i", so.send_size - sum(
                map(cost, (*so.pcb.out, *so.pcb.flying)))),
            TIOCINQ: lambda so, data: self.queue_size(so, TIOCINQ),
            SIOCADDRT: lambda so, data: self._route(True, data),
            SIOCDELRT: lambda so, data: self._route(False, data),
            GET_SUBSCRIPTION: self._subscription, SET_SUBSCRIPTION: self._subscribe,
            GET_FACILITIES: lambda so, data: so.pcb.facilities.pack(),
            SET_FACILITIES: self._propose,
            GET_USER_DATA: lambda so, data: struct.pack("=I128s", len(so.pcb.user_data),
                                                        so.pcb.user_data),
            SET_USER_DATA: self._set_user_data,
            GET_CAUSE: lambda so, data: bytes(so.pcb.cause),
            SET_CAUSE: self._set_cause, SET_MATCH: self._set_match,
            APPROVE: self._approve, ACCEPT: self._accept,
            GET_DTE: lambda so, data: bytes(so.pcb.dte), SET_DTE: self._set_dte}

    def ioctl(self, so: Any, request: int, argument: bytes) -> tuple[int, bytes]:
        """Do what *request* asks; waits for nothing.  0, and the structure as it is then.

        EINVAL
            An address of an interface; a value out of range; an interface that is not X.25's;
            a route that is there, or not; too late for the state of the call.
        EPERM
            Routes and subscriptions, from an unprivileged process.
        ENOTTY
            There is no such request.

        Source: Linux x25(7), <linux/x25.h>.
        """
        if request in INTERFACE_REQUESTS:
            fail(EINVAL)
        answer = self.answers.get(request)
        if answer is None:
            fail(ENOTTY)
        return 0, answer(so, argument)

    # Before a call

    @staticmethod
    def _propose(so: Any, data: bytes) -> bytes:
        """A window of 1 to 127, sizes of 16 to 4096, throughput, reverse charging 0 or 0x81.

        Linux does not look at the window out.
        """
        wanted = Facilities(*struct.unpack("=6I", data[:24]))
        out, in_ = wanted.throughput >> 4, wanted.throughput & 15
        if wanted.throughput:
            out, in_ = out or DEFAULT_THROUGHPUT, in_ or DEFAULT_THROUGHPUT
            wanted = wanted._replace(throughput=out << 4 | in_)
        if (so.pcb.state != CLOSED
                or not all(4 <= size <= 12 for size in wanted[2:4])
                or not 1 <= wanted.window_in <= 127
                or (wanted.throughput and not (SLOWEST <= out <= FASTEST
                                               and SLOWEST <= in_ <= FASTEST))
                or wanted.reverse not in (0, 0x81)):
            fail(EINVAL)
        so.pcb.facilities = wanted
        return data[:24]

    @staticmethod
    def _set_user_data(so: Any, data: bytes) -> bytes:
        length = struct.unpack("=I", data[:4])[0]
        if length > LONGEST_USER_DATA:
            fail(EINVAL)
        so.pcb.user_data = data[4:4 + length].ljust(length, b"\0")
        return data[:4]

    @staticmethod
    def _set_cause(so: Any, data: bytes) -> bytes:
        so.pcb.cause = data[:2]
        return data[:2]

    @staticmethod
    def _set_match(so: Any, data: bytes) -> bytes:
        """How many bytes of a call's user data must be the listener's own."""
        length = struct.unpack("=I", data[:4])[0]
        if so.pcb.state != CLOSED or so.queue is not None or length > LONGEST_USER_DATA:
            fail(EINVAL)
        so.pcb.match = length
        return data[:4]

    @staticmethod
    def _approve(so: Any, data: bytes) -> bytes:
        """The program will answer calls itself."""
        if so.pcb.state != CLOSED or so.queue is not None:
            fail(EINVAL)
        so.pcb.approves = True
        return b""

    def _accept(self, so: Any, data: bytes) -> bytes:
        if so.pcb.state != OPEN or not so.pcb.approves:
            fail(EINVAL)
        self.answer(so)
        return b""

    def answer(self, so: Any) -> None:
        """Send the answer to the call that *so* has."""
        raise NotImplementedError

    @staticmethod
    def _set_dte(so: Any, data: bytes) -> bytes:
        if so.pcb.state != CLOSED or max(data[8:10]) > LONGEST_DTE:
            fail(EINVAL)
        so.pcb.dte = data[:DTE_SIZE]
        return data[:DTE_SIZE]

    # Interfaces

    def _named(self, name: bytes) -> Any:
        interface = named(self.node, name)
        if interface is None or interface.hardware != ARPHRD_X25:
            fail(EINVAL)
        return interface

    def _route(self, add: bool, data: bytes) -> bytes:
        """struct x25_route_struct: numbers that begin with these digits, and an interface."""
        if not self.host.privileged:
            fail(EPERM)
        digits, count, device = struct.unpack("=16sI200s", data)
        if count > 15:
            fail(EINVAL)
        interface = self._named(device)
        prefix = digits[:count].decode("latin-1")
        if add == (prefix in self.routes):
            fail(EINVAL)
        if add:
            self.routes[prefix] = interface.name
        else:
            del self.routes[prefix]
        return b""

    def _subscription(self, so: Any, data: bytes) -> bytes:
        """struct x25_subscrip_struct: which facilities are asked for, and numbers modulo 128."""
        name = self._named(data[:192]).name
        return data[:192] + struct.pack("=QI", *self.subscriptions.get(name, (ALL_FACILITIES, 0)))

    def _subscribe(self, so: Any, data: bytes) -> bytes:
        """Kept, and without an effect here."""
        if not self.host.privileged:
            fail(EPERM)
        name = self._named(data[:192]).name
        mask, extended = struct.unpack("=QI", data[192:204])
        if extended > 1:
            fail(EINVAL)
        self.subscriptions[name] = mask, extended
        return b""

    # Options

    def get_option(self, so: Any, level: int, number: int, room: int) -> bytes:
        if (level, number) != (SOL_X25, QBITINCL):
            fail(ENOPROTOOPT)
        return struct.pack("=i", so.options.get((level, number), 0))[:room]

    def set_option(self, so: Any, level: int, number: int, value: bytes) -> None:
        """X25_QBITINCL: each record begins with a byte more, 1 where it is qualified."""
        if level == SOL_SOCKET or (level, number) != (SOL_X25, QBITINCL):
            fail(ENOPROTOOPT)
        if len(value) < 4:
            fail(EINVAL)
        so.options[level, number] = int(value[:4] != bytes(4))
