"""TIPC's sockets: services with names, datagrams that come back, connections.

    bind: offer a range of a service        connect ----asks----> a listener's queue
    sendto: one instance, or all of a range         <--accept()-- the connection is made

One node only: no links, no topology service, no groups, no connect with data.

May not know: descriptors, threads.

Sources: <linux/tipc.h>; the TIPC programmer's guide; the calls as recorded on Linux 5.10 to
7.3 (docs/reference/types/rdm.md), and in tests/on_old_kernels/details/tipc.txt.
"""

from typing import Any

from ..machine.constants import (
    AF_UNSPEC,
    MSG_DONTWAIT,
    MSG_EOR,
    SOCK_SEQPACKET,
    SOCK_STREAM,
)
from ..machine.errors import (
    EACCES,
    EAFNOSUPPORT,
    EAGAIN,
    EALREADY,
    ECONNREFUSED,
    ECONNRESET,
    EDESTADDRREQ,
    EHOSTUNREACH,
    EINVAL,
    EISCONN,
    EMSGSIZE,
    ENOTCONN,
    EOPNOTSUPP,
    EPIPE,
    ETIMEDOUT,
    fail,
)
from ..machine.host import Host
from . import tipc_end
from .buffers import Record
from .protocol import ARRIVED, BOTH, CONTROL_ROOM, EVERYTHING, Message
from .records import CLOSED, COST, OPEN, OPENING, family_of
from .tipc_end import NAME, NO_PORT, RANGE, SHUT, SOCKET, Publication, TipcAddress, named, why_ended
from .tipc_options import DROPPABLE, TIMEOUT, TipcOptions

LONGEST = 66000
RESERVED = 64  # services below are TIPC's own
CLUSTER, NODE = 2, 3  # scopes


class Tipc(TipcOptions):
    """The TIPC sockets of one node."""

    name_of = "tipc"
    end = tipc_end.TipcEnd
    tells_length = False

    def __init__(self, host: Host) -> None:
        self.host = host
        self.sockets: dict[int, Any] = {}
        self.names = tipc_end.Names()

    def attach(self, so: Any) -> None:
        super().attach(so)
        reference = self.host.random.randrange(1, 2**32)
        so.pcb.reference = reference
        self.sockets[reference] = so

    # Names

    def bind(self, so: Any, address: bytes) -> None:
        """Offer a range of a service; with a scope below 0, offer it no longer.

        Several ranges can be offered, by several sockets, and the same twice.

        EINVAL
            Too short, or the range is none; to withdraw: none like it was offered, in that scope;
            the socket is connected.
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
        scope = NODE if abs(wanted.scope) == NODE else CLUSTER
        service = Publication(wanted.first, wanted.second, upper, scope, so)
        if wanted.scope >= 0:
            if so.pcb.state == OPEN:
                fail(EINVAL)
            so.pcb.services.insert(0, service)
            self.names.add(service)
        elif next((each for each in so.pcb.services if each.begins_as(service)), None) == service:
            self.names.remove(so.pcb.services.pop(so.pcb.services.index(service)))
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
        """The sockets at an address: one, or of a range all; who offers the same, in turn."""
        if to.kind == SOCKET:
            so = self.sockets.get(to.first) if to.second == 0 else None
            return [so] if so is not None else []
        if to.kind == NAME:
            return self.names.one(to.first, to.second)
        return self.names.all(to.first, to.second, to.third)

    # Connections

    def listen(self, so: Any, backlog: int) -> None:
        """Let others ask for connections.

        EOPNOTSUPP
            The type has none.
        EINVAL
            The socket listens, or is connected.
        """
        if not self.is_connected(so):
            fail(EOPNOTSUPP)
        if so.pcb.state != CLOSED or so.queue is not None or so.dead:
            fail(EINVAL)
        so.start_queue(backlog)

    def connect(self, so: Any, address: bytes, wait: bool) -> bool | None:
        """Ask a service for a connection; of a datagram socket, choose where send() goes.

        Waits until accept() takes the connection, at most TIPC_CONN_TIMEOUT, 8000 ms.

        EISCONN, EALREADY
            There is a connection, or one is asked for.
        EINVAL
            The socket listens, or its connection has ended; or the address is a range.
        EOPNOTSUPP
            The socket offers a service itself.
        EHOSTUNREACH
            Nobody offers the service.
        ECONNREFUSED
            Who offers it does not listen.
        ETIMEDOUT
            Nobody accepted in time.
        """
        if not self.is_connected(so):
            so.pcb.remote = b"" if family_of(address) == AF_UNSPEC else address
            if so.pcb.remote:
                TipcAddress.unpack(address)
            return True
        to = TipcAddress.unpack(address)
        if to.kind == RANGE or so.queue is not None or so.dead:
            fail(EINVAL)
        if so.pcb.state == OPEN:
            fail(EISCONN)
        if so.pcb.state == OPENING:
            return self.connected(so) if wait else fail(EALREADY)
        if so.pcb.services:
            fail(EOPNOTSUPP)
        found = self._find(to)
        if not found:
            fail(EHOSTUNREACH)
        so.pcb.named, so.pcb.asked = named(to), found[0]
        if not self.is_connected(found[0]):
            self.give(found[0], b"", self.name(so))
        elif found[0].queue is None and (found[0] is so or not self.value_of(so, DROPPABLE)):
            self._refuse(so, found[0], 0 if wait else ECONNREFUSED)
            return fail(ECONNREFUSED) if wait else None
        so.pcb.state = OPENING
        if found[0].queue is not None:
            found[0].pcb.asking.append(so)
            found[0].wake(ARRIVED)
        if wait:
            self.host.clock.after(self.value_of(so, TIMEOUT) / 1000, lambda: self._give_up(so))
        return None

    def _refuse(self, so: Any, by: Any, error: int = ECONNREFUSED, why: int = NO_PORT) -> None:
        """A request comes back: the next call fails, and then what came back can be received.

        Unless it may be dropped: then who asked waits in vain.  Who asks himself is answered.
        """
        if self.value_of(so, DROPPABLE) and by is not so:
            return
        self.ended(so, 0, error)
        control = tipc_end.returned(why) if by is not so else ()
        so.buffer.append(Record(b"", self.name(by), control, COST))

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
        if not self.is_connected(so):
            fail(EOPNOTSUPP)
        if so.queue is None:
            fail(EINVAL)
        if so.pcb.asking and not so.queue.completed:
            client = so.pcb.asking.popleft()
            child = so.new_connection(None)
            child.pcb.peer, child.pcb.state, child.pcb.named = client, OPEN, client.pcb.named
            if client.pcb.state == OPENING:
                client.pcb.peer = child
                self.opened(client)
            else:  # who asked has gone
                self._ended_by(child, NO_PORT)
        return so.queue.take()

    def inherit(self, so: Any, child: Any, pcb: Any) -> None:
        """The child keeps what attach() made for it."""

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

        Waits on a connection while the peer's buffer is full.  A message of no bytes wakes who
        waits for one, and is not received.
        """
        if self.is_connected(so):
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
        for each in found:
            if to.kind != RANGE and each.pcb.state == OPENING and each.pcb.asked is so:
                self.ended(each, 0, ECONNREFUSED)  # an answer, and none of a listener
                self._deliver(each, data, self.name(so), named(to))
            elif self.is_connected(each) or not self._deliver(each, data, self.name(so), named(to)):
                self._return(so, data, NO_PORT if self.is_connected(each) else tipc_end.OVERLOAD)
        if not found and to.kind == SOCKET:
            self._return(so, data, NO_PORT)
        return len(data)

    def _deliver(self, so: Any, data: bytes, sender: bytes, about: tuple[Any, ...]) -> bool:
        cost = COST + len(data)
        if so.buffer.cost + cost > so.receive_size and so.buffer.records:
            return False
        so.buffer.append(Record(data, sender, about, cost))
        so.wake(ARRIVED)
        return True

    def _return(self, so: Any, data: bytes, why: int) -> None:
        """What could not be delivered comes back, unless it may be dropped."""
        if self.value_of(so, DROPPABLE):
            return
        so.buffer.append(Record(b"", self.name(so), tipc_end.returned(why, data), COST))
        so.wake(ARRIVED)

    def _send_to_peer(self, so: Any, data: bytes) -> int | None:
        """An address is not looked at."""
        if so.type == SOCK_SEQPACKET and len(data) > LONGEST:
            fail(EMSGSIZE)
        if so.error:
            so.fail_pending()
        if so.dead:
            fail(EPIPE)
        if so.pcb.state != OPEN:
            fail(ENOTCONN)
        peer = so.pcb.peer
        return len(data) if self._deliver(peer, data, self.name(so), peer.pcb.named) else None

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take a message, of SOCK_STREAM bytes; waits for some, also after the peer's end.

        EINVAL
            No byte is asked for.
        ECONNRESET
            The peer closed, or refused; with room for control messages TIPC_ERRINFO tells so.
        ENOTCONN
            There is no connection, or this end has ended it and the call may wait.
        """
        if not count:
            fail(EINVAL)
        if self.is_connected(so) and so.pcb.state == CLOSED and so.queue is None and not so.dead:
            fail(ENOTCONN)
        if so.error:
            so.fail_pending()
        records = so.buffer.records
        so.pcb.asking.clear()  # who asks for a connection sends no bytes, and is not received
        while records and not records[0].data and not why_ended(records[0]):
            so.buffer.take()
        why = why_ended(records[0]) if records else 0
        if why not in (0, SHUT) and self.is_connected(so) and not flags & CONTROL_ROOM:
            fail(ECONNRESET)
        if not records and (so.pcb.ended_here or (so.shutdown and not so.dead)):
            fail(EAGAIN if flags & MSG_DONTWAIT else ENOTCONN)
        if so.dead and not records:
            return None
        if so.type == SOCK_STREAM and records:
            message: Message | None = tipc_end.take_bytes(so, count, flags)
        elif flags & MSG_EOR and records and not why:
            message = tipc_end.take_part(so, count, flags)
        else:
            message = super().receive(so, count, flags)
        return message if message is None or flags & CONTROL_ROOM else message._replace(control=())

    # Ending

    def shutdown(self, so: Any, how: int) -> None:
        """End both directions; there is no half.

        EINVAL
            Only one of them.
        ENOTCONN
            There is no connection; nothing can be received all the same.
        """
        if how != BOTH:
            fail(EINVAL)
        if self.is_connected(so) and (so.dead or so.pcb.state in (OPEN, OPENING)):
            if not so.dead:
                so.pcb.ended_here = True
                self._end(so, SHUT)
            self._purge(so)
            return
        while so.pcb.asking:
            self._refuse(so.pcb.asking.popleft(), so, why=SHUT)
        self._purge(so, SHUT)
        so.shutdown = BOTH
        so.wake(EVERYTHING)
        fail(ENOTCONN)

    def _purge(self, so: Any, why: int = NO_PORT) -> None:
        """Nobody will read what waits: who sent it without a connection gets it back."""
        while so.buffer.records:
            record = so.buffer.take()
            sender = self.sockets.get(TipcAddress.unpack(record.address).first)
            if sender is None or self.is_connected(so):
                continue
            if record.data:
                self._return(sender, record.data, why)
            elif sender.pcb.state == OPENING:
                self._refuse(sender, so, why=why)

    def _end(self, so: Any, why: int) -> None:
        """Tell the peer, with what it sent and nobody read."""
        self.ended(so, BOTH)
        if so.pcb.peer is not None and so.pcb.peer.pcb.state == OPEN:
            self._ended_by(so.pcb.peer, why, tipc_end.unread(so))

    def _ended_by(self, so: Any, why: int, unread: bytes = b"") -> None:
        """The peer of *so* has ended the connection: a message says why."""
        about = (*tipc_end.returned(why, unread), *(so.pcb.named if unread else ()))
        so.buffer.append(Record(b"", self.name(so.pcb.peer), about, COST))
        self.ended(so, BOTH)

    def release(self, so: Any) -> None:
        if not self.is_connected(so):
            self._purge(so)
        self.sockets.pop(so.pcb.reference, None)
        while so.pcb.services:
            self.names.remove(so.pcb.services.pop())
        if self.is_connected(so) and so.pcb.state == OPEN:
            self._end(so, NO_PORT)
        so.pcb.state = CLOSED
        while so.pcb.asking:
            self._refuse(so.pcb.asking.popleft(), so)
