"""TCP: sending and receiving, and what poll() says of both.

    send --> fast path, or out --> tcp_output         tcp_input --> so.buffer --> receive
                                                         one byte may be urgent

May not know: descriptors, threads, time; how connections begin and end.

Sources: RFC 9293 3.9.1 (SEND, RECEIVE), 3.8.5 (urgent); Linux tcp(7), and the order of
checks as Linux 6.18 shows it.
"""

import struct
from typing import Any

from ..machine.constants import (
    IPPROTO_TCP,
    MSG_DONTWAIT,
    MSG_EOR,
    MSG_ERRQUEUE,
    MSG_MORE,
    MSG_OOB,
    MSG_PEEK,
    MSG_TRUNC,
    MSG_WAITALL,
    POLLERR,
    POLLPRI,
    TCP_INQ,
)
from ..machine.errors import EAGAIN, EINVAL, ENOTCONN, EPIPE, fail
from ..network.link import Link
from .internet import Internet
from .ip_control import check_control
from .protocol import (
    BOTH,
    HANGUP,
    READ_HANGUP,
    READABLE,
    RECEIVE,
    SEND,
    WRITABLE,
    Message,
    moment,
    move_peek,
    peek_offset,
)
from .tcp_acknowledging import opens, read
from .tcp_connection import AWAITED, NOT_THERE, READ, VALID, Connection
from .tcp_fast import FastPath
from .tcp_output import Output
from .tcp_states import CLOSED, LISTEN, MAY_SEND, SYN_RECEIVED, SYN_SENT

UNSIGNED = 0xFFFFFFFF
BATCH = 16  # pieces of memory that a call makes between two looks at what has come


class TcpStream(Internet):
    """The stream of bytes of an established connection."""

    output: Output
    fast: FastPath
    link: Link

    # Sending

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: Any = ()) -> int | None:
        """Take what there is room for; returns how many bytes, or None for "no room yet".

        Waits for POLLOUT.

        ECONNRESET, ECONNREFUSED, ETIMEDOUT and others
            The pending error, which is told once, where there is no connection.
        EPIPE
            There is none, or its FIN is sent.
        EINVAL
            A control message that there is not.
        ECONNRESET and others, EPIPE
            The pending error; this end was shut down before it was connected.

        Source: POSIX.1-2024 send(); RFC 9293 3.9.1.2, 3.10.2; Linux ``tcp_sendmsg_locked``.
        """
        c = so.pcb
        peer = c.peer
        if (peer is not None and not flags and not control and not so.shutdown and not so.error
                and not c.slow and not peer.slow and (c.out is None or not c.out.length)
                and (peer.out is None or peer.sent == peer.out.length) and self.link.plain):
            size = len(data)
            if 0 < size <= c.snd_wnd and 2 * size <= so.send_size:
                return self.fast.deliver(c, peer, data, size)
        return self._send_by_segments(so, c, data, flags, control)

    def _send_by_segments(self, so: Any, c: Connection, data: bytes, flags: int,
                          control: Any) -> int | None:
        if c.state not in MAY_SEND:
            if so.error:
                so.fail_pending()
            if c.state not in (SYN_SENT, SYN_RECEIVED):
                fail(EPIPE)
            return None
        if control:
            check_control(so, control)
        if so.error or so.shutdown & SEND:
            failure = so.take_error()
            fail(failure or EPIPE)
        if not data:
            return 0
        self.output.calls(c)
        c.more = bool(flags & MSG_MORE)
        done = self._lay_out(so, c, data, bool(flags & MSG_OOB))
        if done and flags & MSG_OOB:
            c.urgent_out = c.snd_una + c.queued
        if flags & MSG_EOR and done == len(data):
            c.marks += (c.snd_una + c.queued,)
        if c.state in MAY_SEND:  # and nothing that came meanwhile has ended it
            self.output.push(c)
        return done or None

    def _lay_out(self, so: Any, c: Connection, data: bytes, urgent: bool) -> int:
        """Put *data* into pieces of memory as long as there is some; returns how many bytes.

        What is full goes before the next is made, if nothing waits before it or more than half a
        window does, and it is not *urgent*; and a long call looks at what has come meanwhile.
        """
        done = made = since = 0
        while done < len(data):
            if len(c.pieces) == 1 and done and not urgent:
                self.output.push(c)
            elif since > c.greatest >> 1 and not urgent:
                since = 0
                self.output.push(c)
            if made == BATCH:
                made = 0
                self.output.node.deliver()
            room = self._room(so, c)
            if not room or c.state not in MAY_SEND:
                c.full = True
                break
            made += not c.rest
            laid = self.output.lay(c, data[done:done + room])
            done, since = done + laid, since + laid
        return done

    @staticmethod
    def _room(so: Any, c: Connection) -> int:
        """How many bytes the last piece takes, or a new one, which begins while memory is left.

        With TCP_NOTSENT_LOWAT only so much may wait before a new one begins.
        """
        low = so.options.get("TCP_NOTSENT_LOWAT", 0) & UNSIGNED if so.options else 0
        if c.rest or c.memory >= so.send_size or 0 < low <= c.unsent:
            return int(c.rest)
        return int(c.longest)

    # Receiving

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take up to *count* bytes; none at the end of the stream; None for "not yet".

        Waits for POLLIN, with MSG_WAITALL until *count* bytes are there.

        EAGAIN
            MSG_ERRQUEUE: TCP keeps no errors there.
        ENOTCONN
            The socket listens.
        EINVAL
            MSG_OOB: no byte is urgent, or it is read in line.
        ECONNRESET, ETIMEDOUT and others
            The pending error, once everything before it is read.
        ENOTCONN
            The socket was never connected.

        Source: POSIX.1-2024 recv(); RFC 9293 3.9.1.3, 3.10.3; Linux ``tcp_recvmsg_locked``.
        """
        c = so.pcb
        buffer = so.buffer
        if flags in (0, MSG_DONTWAIT) and not c.urgent_state:
            if not buffer.length:
                if c.peer is not None and not so.error and not so.shutdown:
                    return None
            elif not so.options or (buffer.length >= so.options.get("SO_RCVLOWAT", 1)
                                    and not c.slow):
                return self._taken(c, Message(buffer.take(count)), count)
        if flags & MSG_ERRQUEUE:
            fail(EAGAIN)
        if c.state == LISTEN:
            fail(ENOTCONN)
        if flags & MSG_OOB:
            message = self._receive_urgent(so, count, flags)
        else:
            message = self._receive_in_order(so, c, count, flags)
        if message is not None and c.slow and so.options.get("TCP_INQ"):  # the FIN counts as one
            self.output.node.deliver()  # what the acknowledgement has let go
            left = (IPPROTO_TCP, TCP_INQ, struct.pack("=i", buffer.length + bool(so.done)))
            message = message._replace(control=(*message.control, left))
        return message

    def _receive_in_order(self, so: Any, c: Connection, count: int, flags: int) -> Message | None:
        buffer = so.buffer
        target = count if flags & MSG_WAITALL else min(so.options.get("SO_RCVLOWAT", 1), count)
        target = max(target, 1)
        offset = max(peek_offset(so, flags), 0)
        if count == 0 and buffer.length > offset:
            return Message(b"")
        limit, skip = self._before_urgent(so, c, count, flags, offset)
        ended = so.error or so.shutdown & RECEIVE or c.state == CLOSED
        enough = max(min(buffer.length - skip, limit), 0)
        if enough and (enough >= target or ended or limit < count or flags & MSG_DONTWAIT):
            data = buffer.peek(limit, skip)
            if so.options:
                move_peek(so, len(data) if flags & MSG_PEEK else -len(data))
            if not flags & MSG_PEEK:
                buffer.drop(len(data))
                if c.urgent_state and c.before_urgent < 0:
                    c.urgent_state = NOT_THERE  # it was read in line
            if flags & MSG_TRUNC and not flags & MSG_PEEK:
                data = bytes(len(data))
            return self._taken(c, Message(data, control=self._stamped(so, c)),
                               0 if flags & MSG_PEEK else count)
        if not enough and not flags & MSG_PEEK:
            c.end_waits = False
        return None if enough else self._nothing(so, c)

    @staticmethod
    def _stamped(so: Any, c: Connection) -> tuple[tuple[int, int, bytes], ...]:
        return moment(so, c.stamp) if c.stamp is not None and so.options else ()

    def _nothing(self, so: Any, c: Connection) -> Message | None:
        """There is no byte: the end, an error, or not yet."""
        if so.done:
            stamp = self._stamped(so, c)
            c.stamp = None
            return Message(b"", control=stamp)
        if so.error:
            so.fail_pending()
        if so.shutdown & RECEIVE:
            return Message(b"")
        if c.state == CLOSED:
            fail(ENOTCONN)
        return None

    def _before_urgent(self, so: Any, c: Connection, count: int, flags: int,
                       offset: int) -> tuple[int, int]:
        """How many bytes one call may read, and how many it must skip to see them.

        It reads up to the urgent byte; the next call skips that, unless it is in line.  It
        begins at *offset*, which only MSG_PEEK may have (RFC 9293 3.8.5; tcp(7)).
        """
        if c.urgent_state == NOT_THERE:
            return count, offset
        ahead = c.before_urgent - offset
        if ahead < 0:
            if not flags & MSG_PEEK:
                c.urgent_state = NOT_THERE
            return count, offset
        if ahead > 0:
            return min(count, ahead), offset
        if so.options.get("SO_OOBINLINE") or not so.buffer.length:
            return count, offset
        if flags & MSG_PEEK:
            return count, offset + 1
        so.buffer.drop(1)
        c.urgent_state = NOT_THERE
        return count, 0

    def _receive_urgent(self, so: Any, count: int, flags: int) -> Message | None:
        c = so.pcb
        if so.options.get("SO_OOBINLINE") or c.urgent_state in (NOT_THERE, READ):
            fail(EINVAL)
        if c.state == CLOSED and not so.done:
            fail(ENOTCONN)
        if c.urgent_state == AWAITED:
            return Message(b"") if so.shutdown & RECEIVE else fail(EAGAIN)
        data = c.urgent_byte
        if not flags & MSG_PEEK:
            c.urgent_state = READ
        return Message(data[:count], flags=MSG_OOB | (0 if count else MSG_TRUNC))

    def _taken(self, c: Connection, message: Message, count: int) -> Message:
        """Bytes were read: acknowledge them, or tell the sender of the new window."""
        if c.end_waits and len(message.data) < count:
            c.end_waits = False
        if (c.owes and (c.pushed > c.answers or c.rcv_nxt - c.told > c.usual)
                and read(c, len(message.data))) or (
                2 * (c.advertised - c.rcv_nxt) <= c.clamp and opens(c)):
            self._acknowledge(c)
        return message

    def _acknowledge(self, c: Connection) -> None:
        peer = c.peer
        if peer is None or peer.unsent or not self.link.plain:
            self.output.calls(c)
            self.output.acknowledge(c)
        else:
            self.fast.acknowledge(c, peer)
            c.bare_out += 1
            peer.bare_in += 1

    def may_go_on(self, so: Any) -> bool:
        """True if MSG_WAITALL may wait for more: no error, no end, not at the urgent byte."""
        c = so.pcb
        at_mark = c.urgent_state and c.before_urgent == 0
        return super().may_go_on(so) and c.state != CLOSED and not at_mark

    # Readiness and names

    def ready(self, so: Any) -> int:
        """What poll() says, as a mask of POLLIN and its like.

        POLLIN
            SO_RCVLOWAT bytes, at least 1, can be read; receiving has ended; a listening socket
            has a connection to accept.
        POLLOUT
            A third of the send buffer is free and TCP_NOTSENT_LOWAT allows more; or send() would
            fail.
        POLLPRI
            An urgent byte has come and is not read.
        POLLHUP, POLLRDHUP
            Both directions have ended, or there is no connection; receiving has ended.
        POLLERR
            An error is pending.

        Source: Linux ``tcp_poll``, ``tcp_stream_is_readable``, ``sk_stream_is_writeable``.
        """
        c = so.pcb
        if c.peer is not None and not so.shutdown and not so.error:
            return self._ready_data(so, c)
        if so.queue is not None:
            return READABLE if so.queue.completed else 0
        mask = 0
        if so.shutdown == BOTH or c.state == CLOSED:
            mask |= HANGUP
        if so.shutdown & RECEIVE:
            mask |= READ_HANGUP
        if c.state not in (SYN_SENT, SYN_RECEIVED):
            mask |= self._ready_data(so, c)
        if so.error:
            mask |= POLLERR
        return mask

    def _ready_data(self, so: Any, c: Connection) -> int:
        mask = 0
        length = so.buffer.length
        low = so.options.get("SO_RCVLOWAT", 1) if so.options else 1
        if c.urgent_state:
            if c.urgent_state == VALID:
                mask |= POLLPRI
            if c.before_urgent == 0 and not so.options.get("SO_OOBINLINE"):
                low += 1
        if length >= low:
            mask |= READABLE
        full = so.options and 0 < so.options.get("TCP_NOTSENT_LOWAT", 0) & UNSIGNED <= 2 * (
            c.unsent + c.lost[1])
        if so.shutdown & SEND or (not full and (c.out is None or not c.out.length or c.writable)):
            mask |= WRITABLE
        else:
            c.full = True
        return mask
