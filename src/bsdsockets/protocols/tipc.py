"""TIPC's sockets: services with names, datagrams that come back, connections.

    bind: offer a range of a service        connect ----asks----> a listener's queue
    sendto: one instance, or all of a range         <--accept()-- the connection is made

One node only: no links, no topology service, no groups, no connect with data.

May not know: descriptors, threads, time.

Sources: <linux/tipc.h>; the TIPC programmer's guide; the calls as recorded on Linux 5.10 to
7.3 (docs/reference/types/rdm.md).
"""

import struct
from collections import deque
from typing import Any, NamedTuple

from ..machine.constants import (
    AF_TIPC,
    MSG_EOR,
    MSG_PEEK,
    SOCK_DGRAM,
    SOCK_SEQPACKET,
    SOCK_STREAM,
)
from ..machine.errors import (
    EAFNOSUPPORT,
    EDESTADDRREQ,
    EHOSTUNREACH,
    EINVAL,
    EISCONN,
    EMSGSIZE,
    ENOPROTOOPT,
    ENOTCONN,
    EOPNOTSUPP,
    EPIPE,
    fail,
)
from ..machine.host import Host
from .buffers import Record
from .protocol import BOTH, HANGUP, READABLE, WRITABLE_BAND, Message
from .records import CLOSED, COST, OPEN, OPENING, Connections, End

RANGE, NAME, SOCKET = 1, 2, 3
SIZE, LONGEST = 16, 66000
SOL_TIPC, IMPORTANCE, SOURCE_DROPPABLE, DROPPABLE, TIMEOUT = 271, 127, 128, 129, 130
NO_PORT, OVERLOAD = 2, 4
ERRINFO, RETDATA = 1, 2  # control messages of what came back


class TipcAddress(NamedTuple):
    """An address: its kind, scope, and three numbers."""

    kind: int
    scope: int
    first: int
    second: int
    third: int = 0

    def pack(self) -> bytes:
        """A struct sockaddr_tipc."""
        return struct.pack("=HBbIII", AF_TIPC, *self)

    @classmethod
    def unpack(cls, data: bytes) -> "TipcAddress":
        if len(data) < SIZE:
            fail(EINVAL)
        if data[:2] != struct.pack("=H", AF_TIPC):
            fail(EAFNOSUPPORT)
        return cls(*struct.unpack("=BbIII", data[2:SIZE]))


class TipcEnd(End):
    """What the protocol keeps: names, the peer, and who asks to be connected."""

    def __init__(self) -> None:
        super().__init__()
        self.reference = 0
        self.services: list[tuple[int, int, int]] = []
        self.peer: Any = None
        self.asking: deque[Any] = deque()


class Tipc(Connections):
    """The TIPC sockets of one node."""

    name_of = "tipc"
    end = TipcEnd

    def __init__(self, host: Host) -> None:
        self.host = host
        self.sockets: dict[int, Any] = {}
        self._turn = 0

    def attach(self, so: Any) -> None:
        super().attach(so)
        reference = self.host.random.randrange(1, 2**32)
        so.pcb.reference = reference
        self.sockets[reference] = so

    @staticmethod
    def _connected(so: Any) -> bool:
        return so.type in (SOCK_STREAM, SOCK_SEQPACKET)

    # Names

    def bind(self, so: Any, address: bytes) -> None:
        """Offer a range of a service; with a scope below 0, offer it no longer.

        EINVAL
            Too short, or the range is none.
        EAFNOSUPPORT
            Another family, or the address of a socket.
        """
        wanted = TipcAddress.unpack(address)
        if wanted.kind not in (RANGE, NAME):
            fail(EAFNOSUPPORT)
        upper = wanted.third if wanted.kind == RANGE else wanted.second
        service = (wanted.first, wanted.second, upper)
        if upper < wanted.second:
            fail(EINVAL)
        if wanted.scope >= 0:
            so.pcb.services.append(service)
        elif service in so.pcb.services:
            so.pcb.services.remove(service)
        else:
            fail(EINVAL)

    def name(self, so: Any) -> bytes:
        return TipcAddress(SOCKET, 0, so.pcb.reference, 0).pack()

    def peer(self, so: Any) -> bytes:
        if so.pcb.peer is None or so.pcb.state != OPEN:
            fail(ENOTCONN)
        return self.name(so.pcb.peer)

    def accepted_peer(self, so: Any) -> bytes:
        return self.name(so.pcb.peer)

    def _find(self, to: TipcAddress) -> list[Any]:
        """The sockets at an address: one, or of a range all."""
        if to.kind == SOCKET:
            so = self.sockets.get(to.first)
            return [so] if so is not None else []
        upper = to.third if to.kind == RANGE else to.second
        found = [so for so in self.sockets.values() if any(
            service == to.first and lower <= upper and to.second <= most
            for service, lower, most in so.pcb.services)]
        if to.kind == NAME and found:
            self._turn += 1
            return [found[self._turn % len(found)]]
        return found

    # Connections

    def listen(self, so: Any, backlog: int) -> None:
        if not self._connected(so):
            fail(EOPNOTSUPP)
        if so.pcb.state != CLOSED:
            fail(EINVAL)
        so.start_queue(backlog)

    def connect(self, so: Any, address: bytes, wait: bool) -> bool | None:
        """Ask a service for a connection; of a datagram socket, choose where send() goes.

        EHOSTUNREACH
            Nobody offers the service.
        EISCONN
            There is a connection.
        """
        if not self._connected(so):
            so.pcb.remote = b"" if address[:2] == b"\0\0" else address
            if so.pcb.remote:
                TipcAddress.unpack(address)
            return True
        if so.pcb.state == OPEN:
            fail(EISCONN)
        if so.pcb.state == OPENING:
            return None
        if so.queue is not None:
            fail(EINVAL)
        to = TipcAddress.unpack(address)
        listeners = [each for each in self._find(to) if each.queue is not None]
        if not listeners:
            fail(EHOSTUNREACH)
        so.pcb.state = OPENING
        listeners[0].pcb.asking.append(so)
        listeners[0].wake(READABLE)
        return None

    def accept(self, so: Any) -> Any:
        """Make the connection: who asked is told only now."""
        if so.queue is None:
            fail(EINVAL)
        if so.queue.completed:
            return so.queue.take()
        while so.pcb.asking:
            client = so.pcb.asking.popleft()
            if client.pcb.state != OPENING:
                continue
            child = so.new_connection(None)
            child.pcb.peer, client.pcb.peer = client, child
            child.pcb.state = OPEN
            self.opened(client)
            return so.queue.take()
        return None

    def inherit(self, so: Any, child: Any, pcb: Any) -> None:
        """The child keeps what attach() made for it."""

    def ready(self, so: Any) -> int:
        if so.queue is not None:
            return READABLE if so.pcb.asking or so.queue.completed else 0
        mask = super().ready(so)
        if not self._connected(so):
            mask &= ~HANGUP
        return mask

    # Data

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int | None:
        """Send to the peer, to a service or to a socket.

        EMSGSIZE
            More than 66000 bytes.
        EPIPE, ENOTCONN
            The connection has ended; there is none.
        EDESTADDRREQ
            Neither an address nor a peer.
        EHOSTUNREACH
            Nobody offers the service.
        """
        if self._connected(so):
            return self._send_to_peer(so, data, address)
        if len(data) > LONGEST:
            fail(EMSGSIZE)
        target = address or so.pcb.remote
        if not target:
            fail(EDESTADDRREQ)
        to = TipcAddress.unpack(target)
        found = self._find(to)
        if not found and to.kind == NAME:
            fail(EHOSTUNREACH)
        for each in found:
            if self._connected(each) or not self.give(each, data, self.name(so)):
                self._return(so, data, NO_PORT if self._connected(each) else OVERLOAD)
        if not found and to.kind == SOCKET:
            self._return(so, data, NO_PORT)
        return len(data)

    def _return(self, so: Any, data: bytes, why: int) -> None:
        """What could not be delivered comes back, unless it may be dropped."""
        if self._value(so, DROPPABLE):
            return
        control = ((SOL_TIPC, ERRINFO, struct.pack("=II", why, len(data))),
                   (SOL_TIPC, RETDATA, data[:1024]))
        so.buffer.append(Record(b"", self.name(so), control, COST))
        so.wake(READABLE)

    def _send_to_peer(self, so: Any, data: bytes, address: Any) -> int | None:
        if so.shutdown & 2:
            fail(EPIPE)
        if so.pcb.state != OPEN:
            fail(ENOTCONN)
        if address is not None and so.pcb.peer is not None:
            fail(EISCONN)
        if so.type == SOCK_SEQPACKET and len(data) > LONGEST:
            fail(EMSGSIZE)
        return len(data) if self.give(so.pcb.peer, data, self.name(so)) else None

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        if self._connected(so) and so.pcb.state != OPEN and not so.shutdown:
            fail(ENOTCONN)
        if so.type == SOCK_STREAM and so.buffer.records:
            return self._receive_stream(so, count, flags)
        message = super().receive(so, count, flags)
        if message is not None and message.data and self._connected(so):
            return message._replace(flags=message.flags | MSG_EOR)
        return message

    @staticmethod
    def _receive_stream(so: Any, count: int, flags: int) -> Message:
        """Bytes without boundaries."""
        records = so.buffer.records
        sender = records[0].address
        data = b"".join(record.data for record in records)
        if not flags & MSG_PEEK:
            while records:
                so.buffer.take()
            if rest := data[count:]:
                so.buffer.append(Record(rest, sender, (), COST + len(rest)))
            so.pcb.peer.wake(WRITABLE_BAND)
        return Message(data[:count], sender, (), 0, len(data[:count]))

    # Ending

    def shutdown(self, so: Any, how: int) -> None:
        """End both directions; there is no half."""
        if how != BOTH:
            fail(EINVAL)
        if so.pcb.state != OPEN:
            fail(ENOTCONN)
        self._end(so)

    def _end(self, so: Any) -> None:
        peer = so.pcb.peer
        self.ended(so, BOTH)
        if peer is not None and peer.pcb.state == OPEN:
            self.ended(peer, BOTH)

    def release(self, so: Any) -> None:
        self.sockets.pop(so.pcb.reference, None)
        if self._connected(so) and so.pcb.state == OPEN:
            self._end(so)
        so.pcb.state = CLOSED
        while so.pcb.asking:
            self.ended(so.pcb.asking.popleft(), 0, 111)

    # Options

    @staticmethod
    def _value(so: Any, number: int) -> int:
        default = {DROPPABLE: int(so.type == SOCK_DGRAM), TIMEOUT: 8000}.get(number, 0)
        return int(so.options.get((SOL_TIPC, number), default))

    def get_option(self, so: Any, level: int, number: int, room: int) -> bytes:
        if level != SOL_TIPC or not IMPORTANCE <= number <= TIMEOUT:
            fail(ENOPROTOOPT)
        return struct.pack("=i", self._value(so, number))[:room]

    def set_option(self, so: Any, level: int, number: int, value: bytes) -> None:
        if level != SOL_TIPC or not IMPORTANCE <= number <= TIMEOUT:
            fail(ENOPROTOOPT)
        if len(value) < 4:
            fail(EINVAL)
        so.options[level, number] = struct.unpack("=i", value[:4])[0]
