"""SOCK_DGRAM and SOCK_SEQPACKET over UNIX: records, each read whole or cut short.

    datagram    any socket to any other that is unconnected or connected back; reliable
    seqpacket   a connection, as a stream, whose records keep their boundaries

A receiver that nobody is connected to in both directions takes eleven datagrams
(net.unix.max_dgram_qlen is 10, and one more fits); then senders wait.

May not know: paths, descriptors, threads.

Sources: Linux unix(7); the order of checks as Linux 6.18 shows it.
"""

from typing import Any

from ..machine.constants import MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_TRUNC
from ..machine.errors import (
    ECONNREFUSED,
    ECONNRESET,
    EINVAL,
    EMSGSIZE,
    ENOTCONN,
    EOPNOTSUPP,
    EPERM,
    EPIPE,
    fail,
)
from .buffers import Record, look
from .filtering import part
from .protocol import (
    ARRIVED,
    BOTH,
    CONNECTED,
    EVERYTHING,
    RECEIVE,
    SEND,
    WRITABLE_BAND,
    Message,
    arrival,
    move_peek,
    peek_offset,
)
from .unix import NOTHING, Beside, Unix, datagram_cost
from .unix_connected import UnixConnected
from .unix_lost import close_left


class Records(Unix):
    """Sending and receiving whole records."""

    def deliver(self, so: Any, other: Any, data: bytes, beside: Beside, kept: bytes) -> int:
        """Put what is *kept* of a record into the buffer of *other*, at the expense of *so*."""
        if so.options or other.options:
            beside = self.stamped(so, other, beside)
        cost = datagram_cost(len(data))
        so.pcb.used += cost
        other.buffer.append(Record(kept, so.pcb.name, beside.hold(), cost, so, arrival(other)))
        if other.waiters:
            other.wake(ARRIVED)
        return len(data)

    def room(self, so: Any, data: bytes) -> bool:
        """Check what the sender itself may do; False if its buffer is full.

        EMSGSIZE
            The record is greater than the send buffer.
        ECONNRESET
            The pending error.
        EPIPE
            The socket is shut down for sending.
        """
        if len(data) > so.send_size - 32:
            fail(EMSGSIZE)
        if so.error:
            so.fail_pending()
        if so.shutdown & SEND:
            fail(EPIPE)
        return bool(so.pcb.used < so.send_size)

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take one record; what does not fit into *count* bytes is lost, and MSG_TRUNC says so.

        Waits for POLLIN: None while none is there.  Shut down for receiving, a call that may
        wait gets b"".  The sender's buffer has room again, and who waits for that wakes.

        EOPNOTSUPP
            MSG_OOB.
        ECONNRESET
            The pending error, once: the peer has gone, or connects to another now.

        Source: POSIX.1-2024 recvmsg(); unix(7); Linux ``__unix_dgram_recvmsg``.
        """
        if flags & MSG_OOB:
            fail(EOPNOTSUPP)
        if so.error:
            so.fail_pending()
        offset = peek_offset(so, flags)
        record, skip = look(so.buffer, offset) if flags & MSG_PEEK else (
            so.buffer[0] if so.buffer else None, 0)
        if record is None:
            return self.nothing(so, flags)
        data = record.data[skip:] if skip else record.data
        if not flags & MSG_PEEK:
            self._read(so, so.buffer.popleft())
        if so.options:
            move_peek(so, min(count, len(data)) if flags & MSG_PEEK else -len(data))
        told = self.incoming(so, record.control, record.arrived)
        return Message(data[:count], record.origin.pcb.name, told,
                       MSG_TRUNC if len(data) > count else 0, len(data))

    def nothing(self, so: Any, flags: int) -> Message | None:
        ended = so.shutdown & RECEIVE and not flags & MSG_DONTWAIT
        return Message(b"") if ended else None

    def _read(self, so: Any, record: Record) -> None:
        self.give_back(record)
        for waiter in self.waiting_for(so):
            waiter.wake(WRITABLE_BAND)

    def waiting_for(self, so: Any) -> tuple[Any, ...]:
        """Sockets that may send now that *so* has room."""
        return ()


class UnixDatagram(Records):
    """Datagrams between sockets that have names, or are a pair."""

    name_of = "unix-datagram"

    def connect(self, so: Any, name: bytes, wait: bool) -> bool:
        """Note the peer; what another has sent before is lost.

        EINVAL
            The name is empty.
        ENOENT, ENOTDIR, EACCES, ECONNREFUSED, EPROTOTYPE
            The name leads to no socket of this type.
        EPERM
            The peer is connected to somebody else.

        Source: POSIX.1-2024 connect(); Linux ``unix_dgram_connect``.
        """
        if name and so.options.get("SO_PASSCRED"):
            self.autobind(so)
        other = self.find(so, name)
        if other.pcb.peer is not None and other.pcb.peer is not so:
            fail(EPERM)
        old, so.pcb.peer = so.pcb.peer, other
        so.state = CONNECTED
        if old is not None:
            so.wake(WRITABLE_BAND)
        if old is not None and old is not other:
            self._disconnected(so, old)
        return True

    def _disconnected(self, so: Any, old: Any) -> None:
        """What waited for *so* is lost, and a peer that was connected back is told."""
        if so.buffer:
            self.discard_buffer(so)
            if not old.dead and old.pcb.peer is so:
                old.error = ECONNRESET
                old.wake(EVERYTHING)
            close_left(self.host)

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int | None:
        """Send one datagram to *address*, or to the peer.

        Waits for POLLOUT: None while the send buffer or the receiver's queue is full.

        EINVAL, EBADF, EPERM
            As for control messages.
        EOPNOTSUPP
            MSG_OOB.
        EINVAL
            The address is empty.
        EMSGSIZE, ECONNRESET, EPIPE
            As `room` says, of the sender itself.
        ENOENT, ENOTDIR, EACCES, ECONNREFUSED, EPROTOTYPE
            The address, as for connect().
        ENOTCONN
            No address is given and the socket is not connected.
        EPERM
            The receiver is connected to somebody else.
        ECONNREFUSED
            It is closed.
        EPIPE
            It is shut down for receiving.

        Source: POSIX.1-2024 sendmsg(); unix(7); Linux ``unix_dgram_sendmsg``.
        """
        beside = self.beside(control) if control else NOTHING
        if flags & MSG_OOB:
            fail(EOPNOTSUPP)
        if address is not None and not address:
            fail(EINVAL)
        if so.options.get("SO_PASSCRED"):
            self.autobind(so)
        if not self.room(so, data):
            return None
        try:
            other = so.pcb.peer if address is None else self.find(so, address)
            if other is None:
                fail(ENOTCONN)
            kept = part(other, data) if other.options else data
            if kept is not None:
                self._check_receiver(so, other)
        except OSError:
            so.wake(WRITABLE_BAND)  # the buffer it had taken is free again
            raise
        if kept is None:
            so.wake(WRITABLE_BAND)
            return len(data)
        if self._full(so, other):
            if so not in other.pcb.waiting:
                other.pcb.waiting.append(so)
            return None
        return self.deliver(so, other, data, beside, kept)

    def _check_receiver(self, so: Any, other: Any) -> None:
        """Fail if *other* takes nothing from *so*."""
        if other.pcb.peer is not None and other.pcb.peer is not so:
            fail(EPERM)
        if other.dead:
            so.pcb.peer = None
            self._disconnected(so, other)
            fail(ECONNREFUSED)
        if other.shutdown & RECEIVE:
            fail(EPIPE)

    def _full(self, so: Any, other: Any) -> bool:
        return bool(other is not so and other.pcb.peer is not so
                    and len(other.buffer) > self.host.settings.unix_queue)

    def waiting_for(self, so: Any) -> tuple[Any, ...]:
        waiting = tuple(so.pcb.waiting)
        so.pcb.waiting.clear()
        return waiting

    def writable(self, so: Any) -> bool:
        """True while there is room here, and in the peer's queue."""
        if not super().writable(so):
            return False
        other = so.pcb.peer
        if other is not None and self._full(so, other):
            if so not in other.pcb.waiting:
                other.pcb.waiting.append(so)
            return False
        return True

    def release(self, so: Any) -> None:
        """The last close: the name is free, what was not read is lost, who waits for room wakes.

        Never waits and never fails.  Whoever sends to it from now on fails with ECONNREFUSED.

        Source: Linux ``unix_release_sock``.
        """
        so.dead = True
        so.shutdown = BOTH
        if so.pcb.name:
            self.names.release(so)
        self.discard_buffer(so)
        so.pcb.peer = None
        for waiter in self.waiting_for(so):
            waiter.wake(EVERYTHING)
        if self.host.left_over or self.host.passed:
            close_left(self.host)


class UnixSeqpacket(Records, UnixConnected):
    """A connection that carries records."""

    name_of = "unix-seqpacket"

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int | None:
        """Send one record; None while the send buffer is full.

        ECONNRESET
            The pending error.
        ENOTCONN
            The socket is not connected.
        EINVAL, EBADF, EPERM
            As for control messages.
        EOPNOTSUPP, EMSGSIZE, EPIPE
            MSG_OOB; greater than the send buffer; one of the two ends is shut down.

        Source: POSIX.1-2024 send(); unix(7); Linux ``unix_seqpacket_sendmsg``.
        """
        if so.error:
            so.fail_pending()
        other = so.pcb.peer
        if other is None:
            fail(ENOTCONN)
        beside = self.beside(control) if control else NOTHING
        if flags & MSG_OOB:
            fail(EOPNOTSUPP)
        if so.options.get("SO_PASSCRED"):
            self.autobind(so)
        if not self.room(so, data):
            return None
        kept = part(other, data) if other.options else data
        if kept is None:
            so.wake(WRITABLE_BAND)
            return len(data)
        if other.dead or other.shutdown & RECEIVE:
            fail(EPIPE)
        return self.deliver(so, other, data, beside, kept)

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take one record, as of a datagram socket; b"" at the end.

        ENOTCONN
            The socket is not connected.
        EOPNOTSUPP, ECONNRESET
            MSG_OOB; the pending error.
        """
        if so.pcb.peer is None:
            fail(ENOTCONN)
        return super().receive(so, count, flags)

    def nothing(self, so: Any, flags: int) -> Message | None:
        return Message(b"") if so.shutdown & RECEIVE else None
