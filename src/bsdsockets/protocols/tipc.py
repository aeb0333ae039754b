"""TIPC's sockets: services with names, datagrams that come back, connections.

    bind: offer a range of a service        connect ----asks----> a listener's queue
    sendto: one instance, or all of a range         <--accept()-- the connection is made

One node only: no links, no topology service, no groups, no connect with data.

May not know: descriptors, threads.

Sources: <linux/tipc.h>; the TIPC programmer's guide; the calls as recorded on Linux 5.10 to
7.3 (docs/reference/types/rdm.md), and in tests/on_old_kernels/details/tipc.txt.
"""

import struct
from typing import Any

from ..machine.constants import (
    AF_UNSPEC,
    MSG_DONTWAIT,
    MSG_EOR,
    MSG_PEEK,
    POLLIN,
    POLLOUT,
    POLLRDHUP,
    POLLRDNORM,
    SOCK_DGRAM,
    SOCK_RDM,
    SOCK_SEQPACKET,
    SOCK_STREAM,
)
from ..machine.errors import (
    EACCES,
    EAFNOSUPPORT,
    EAGAIN,
    EALREADY,
    ECONNREFUSED,
    EDESTADDRREQ,
    EHOSTUNREACH,
    EINVAL,
    EISCONN,
    EMSGSIZE,
    ENOPROTOOPT,
    ENOTCONN,
    EOPNOTSUPP,
    EPIPE,
    ETIMEDOUT,
    fail,
)
from ..machine.host import Host
from .buffers import Record
from .protocol import ARRIVED, BOTH, EVERYTHING, HANGUP, RECEIVE, SEND, WRITABLE_BAND, Message
from .records import CLOSED, COST, OPEN, OPENING, Connections, family_of
from .tipc_end import NAME, RANGE, SOCKET, TipcAddress, TipcEnd

LONGEST = 66000
SOL_TIPC, IMPORTANCE, SOURCE_DROPPABLE, DROPPABLE, TIMEOUT = 271, 127, 128, 129, 130
NODE_QUEUE, QUEUE, GROUP, QUEUE_USED = 131, 132, 135, 137  # to be read only
SETTABLE = (IMPORTANCE, SOURCE_DROPPABLE, DROPPABLE, TIMEOUT)
MOST_IMPORTANT, RESERVED = 3, 64  # services below are TIPC's own
NO_PORT, OVERLOAD = 2, 4
ERRINFO, RETDATA = 1, 2  # control messages of what came back


class Tipc(Connections):
    """The TIPC sockets of one node."""

    name_of = "tipc"
    end = TipcEnd
    tells_length = False

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

        Several ranges can be offered, by several sockets, and the same twice.

        EINVAL
            Too short, or the range is none; to withdraw: none like it was offered, in that scope.
        EAFNOSUPPORT
            Another family, or the address of a socket.
        EACCES
            A service below 64.
        """
        wanted = TipcAddress.unpack(address)
        upper = wanted.third if wanted.kind == RANGE else wanted.second
        if upper < wanted.second:
            fail(EINVAL)
        if wanted.kind not in (RANGE, NAME):
            fail(EAFNOSUPPORT)
        if wanted.first < RESERVED:
            fail(EACCES)
        service = (wanted.first, wanted.second, upper, abs(wanted.scope))
        if wanted.scope >= 0:
            so.pcb.services.append(service)
        elif service in so.pcb.services:
            so.pcb.services.remove(service)
        elif so.pcb.services:
            fail(EINVAL)

    def name(self, so: Any) -> bytes:
        """The reference of the socket, a random number; the node is 0."""
        return TipcAddress(SOCKET, 0, so.pcb.reference, 0).pack()

    def peer(self, so: Any) -> bytes:
        """The socket at the other end; ENOTCONN without one, and after the end."""
        if so.pcb.peer is None or so.pcb.state != OPEN:
            fail(ENOTCONN)
        return self.name(so.pcb.peer)

    def accepted_peer(self, so: Any) -> bytes:
        return self.name(so.pcb.peer)

    def _find(self, to: TipcAddress) -> list[Any]:
        """The sockets at an address: one, or of a range all."""
        if to.kind == SOCKET:
            so = self.sockets.get(to.first) if to.second == 0 else None
            return [so] if so is not None else []
        upper = to.third if to.kind == RANGE else to.second
        found = [so for so in self.sockets.values() if any(
            service == to.first and lower <= upper and to.second <= most
            for service, lower, most, _ in so.pcb.services)]
        if to.kind == NAME and found:
            self._turn += 1
            return [found[self._turn % len(found)]]
        return found

    # Connections

    def listen(self, so: Any, backlog: int) -> None:
        """Let others ask for connections.

        EOPNOTSUPP
            The type has none.
        EINVAL
            The socket listens, or is connected.
        """
        if not self._connected(so):
            fail(EOPNOTSUPP)
        if so.pcb.state != CLOSED or so.queue is not None:
            fail(EINVAL)
        so.start_queue(backlog)

    def connect(self, so: Any, address: bytes, wait: bool) -> bool | None:
        """Ask a service for a connection; of a datagram socket, choose where send() goes.

        Waits until accept() takes the connection, at most TIPC_CONN_TIMEOUT, 8000 ms.

        EISCONN, EALREADY
            There is a connection, or one is asked for.
        EINVAL
            The socket listens, or the address is a range.
        EHOSTUNREACH
            Nobody offers the service.
        ECONNREFUSED
            Who offers it does not listen.
        ETIMEDOUT
            Nobody accepted in time.
        """
        if not self._connected(so):
            so.pcb.remote = b"" if family_of(address) == AF_UNSPEC else address
            if so.pcb.remote:
                TipcAddress.unpack(address)
            return True
        if so.pcb.state == OPEN:
            fail(EISCONN)
        if so.pcb.state == OPENING:
            return self.connected(so) if wait else fail(EALREADY)
        to = TipcAddress.unpack(address)
        if so.queue is not None or to.kind == RANGE:
            fail(EINVAL)
        found = self._find(to)
        if not found:
            fail(EHOSTUNREACH)
        if found[0].queue is None:
            fail(ECONNREFUSED)
        so.pcb.state = OPENING
        found[0].pcb.asking.append(so)
        found[0].wake(ARRIVED)
        if wait:
            self.host.clock.after(self._value(so, TIMEOUT) / 1000, lambda: self._give_up(so))
        return None

    def _give_up(self, so: Any) -> None:
        if so.pcb.state == OPENING:
            so.pcb.state = CLOSED
            so.error = ETIMEDOUT
            so.wake(EVERYTHING)

    def accept(self, so: Any) -> Any:
        """Make the connection: who asked is told only now.

        EOPNOTSUPP
            The type has no connections.
        EINVAL
            The socket does not listen.
        """
        if not self._connected(so):
            fail(EOPNOTSUPP)
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
        """TIPC tells of POLLIN and POLLOUT, and of no band."""
        mask = 0
        if so.shutdown & RECEIVE:
            mask |= POLLRDHUP | POLLIN | POLLRDNORM
        if so.shutdown == BOTH:
            mask |= HANGUP
        if so.queue is not None:
            waiting: Any = so.pcb.asking or so.queue.completed
        else:
            waiting = so.buffer.records
        if waiting:
            mask |= POLLIN | POLLRDNORM
        writable = so.queue is None and so.pcb.state != OPENING and not so.shutdown
        return mask | (POLLOUT if writable else 0)

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
            Nobody offers the service, or there is no such node.

        Waits on a connection while the peer's buffer is full.  A message of no bytes is lost.
        """
        if self._connected(so):
            return self._send_to_peer(so, data)
        if len(data) > LONGEST:
            fail(EMSGSIZE)
        target = address or so.pcb.remote
        if not target:
            fail(EDESTADDRREQ)
        to = TipcAddress.unpack(target)
        found = self._find(to)
        if not found and (to.kind != SOCKET or to.second):
            fail(EHOSTUNREACH)
        for each in found if data else ():
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
        so.wake(ARRIVED)

    def _send_to_peer(self, so: Any, data: bytes) -> int | None:
        """An address is not looked at."""
        if so.shutdown & SEND:
            fail(EPIPE)
        if so.pcb.state != OPEN:
            fail(ENOTCONN)
        if so.type == SOCK_SEQPACKET and len(data) > LONGEST:
            fail(EMSGSIZE)
        if not data or self.give(so.pcb.peer, data, self.name(so)):
            return len(data)
        return None

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take a message, of SOCK_STREAM bytes; waits for some.

        ENOTCONN
            There is no connection.
        EAGAIN
            This end has ended the connection, and the call may not wait.
        """
        if self._connected(so) and so.pcb.state != OPEN and not so.shutdown:
            fail(ENOTCONN)
        if so.type == SOCK_STREAM and so.buffer.records:
            return self._receive_stream(so, count, flags)
        if so.pcb.ended_here and not so.buffer.records:
            fail(EAGAIN if so.nonblocking or flags & MSG_DONTWAIT else ENOTCONN)
        message = super().receive(so, count, flags)
        if message is None:
            return None
        end = MSG_EOR if message.data and self._connected(so) else 0
        return message._replace(flags=message.flags | end)

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
        if so.shutdown == BOTH:
            return
        if so.pcb.state != OPEN:
            fail(ENOTCONN)
        so.pcb.ended_here = True
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
            self.ended(so.pcb.asking.popleft(), 0, ECONNREFUSED)

    # Options

    @staticmethod
    def _value(so: Any, number: int) -> int:
        without = so.type in (SOCK_DGRAM, SOCK_RDM)
        default = {SOURCE_DROPPABLE: int(so.type == SOCK_DGRAM), DROPPABLE: int(without),
                   TIMEOUT: 8000, QUEUE: len(so.buffer), QUEUE_USED: so.buffer.cost}
        return int(so.options.get((SOL_TIPC, number), default.get(number, 0)))

    def get_option(self, so: Any, level: int, number: int, room: int) -> bytes:
        if level != SOL_TIPC:
            fail(ENOPROTOOPT)
        if number not in (*SETTABLE, NODE_QUEUE, QUEUE, GROUP, QUEUE_USED) or room < 4:
            fail(EINVAL)
        return struct.pack("=i", self._value(so, number))[:room]

    def set_option(self, so: Any, level: int, number: int, value: bytes) -> None:
        if level != SOL_TIPC:
            fail(ENOPROTOOPT)
        if number not in SETTABLE or len(value) < 4:
            fail(EINVAL)
        wanted = struct.unpack("=i", value[:4])[0]
        if number == IMPORTANCE:
            if wanted > MOST_IMPORTANT:
                fail(EINVAL)
            wanted &= MOST_IMPORTANT  # a number below 0 is taken
        elif number != TIMEOUT:
            wanted = int(bool(wanted))
        so.options[level, number] = wanted
