"""TCP: the verbs that end a connection, or what a socket has of one.

    shutdown --> FIN                         the other direction goes on
    close    --> FIN, or RST if data is lost     a TimeWait may remain (`tcp_ending`)

May not know: descriptors, threads, time; how connections begin.

Sources: RFC 9293 3.6, 3.9.1 (CLOSE, ABORT); Linux tcp(7), shutdown(2), and socket(7) for
SO_LINGER.
"""

from typing import Any

from ..machine.errors import ECONNRESET, ENOTCONN, fail
from .protocol import BOTH, CONNECTED, CONNECTING, DISCONNECTING, RECEIVE, SEND, UNCONNECTED
from .tcp_connection import Connection, is_slow
from .tcp_input import Input
from .tcp_states import (
    ABORT,
    CLOSE,
    CLOSE_WAIT,
    CLOSED,
    CLOSING,
    ESTABLISHED,
    FIN_WAIT_2,
    LAST_ACK,
    LISTEN,
    MAY_SEND,
    SYN_RECEIVED,
    SYN_SENT,
    TIME_WAIT,
)
from .tcp_stream import TcpStream


class TcpClosing(TcpStream):
    """How a socket leaves its connection."""

    listeners: dict[int, list[Any]]
    input: Input

    def shutdown(self, so: Any, how: int) -> None:
        """End one direction or both: *how* is RECEIVE, SEND or their sum.

        SEND sends the FIN after what waits to be sent (RFC 9293, CLOSE); it never waits for the
        answer.  RECEIVE sends nothing: what has come can be read, and what comes later is taken
        too, or answered by a reset if this end has ended SEND.

        A socket that listens stops that with RECEIVE; one in SYN-SENT gives up.

        ENOTCONN
            There is no connection, or no longer.  *how* is noted all the same.

        Source: POSIX.1-2024 shutdown(); RFC 9293 3.6.1, 3.9.1.4, 3.10.4; Linux ``inet_shutdown``.
        """
        c = so.pcb
        if so.state == CONNECTING:
            so.state = DISCONNECTING if c.state in (SYN_SENT, SYN_RECEIVED, CLOSED) else CONNECTED
        if c.state == LISTEN or c.state == SYN_SENT:
            if c.state == SYN_SENT or how & RECEIVE:
                self._disconnect(so)
                so.state = UNCONNECTED
            return
        unconnected = c.state == CLOSED
        so.shutdown |= how
        if how & SEND and c.state in MAY_SEND:
            self._send_fin(c)
        if unconnected:
            fail(ENOTCONN)

    def _send_fin(self, c: Connection) -> None:
        self.fast.leave(c)
        c.go(CLOSE)
        c.fin_wanted = True
        self.output.calls(c)
        self.output.push(c)

    def _disconnect(self, so: Any) -> None:
        """Forget the connection, with a reset where the peer must know (RFC 9293 3.9.1.6)."""
        c = so.pcb
        state = c.state
        waited, unsent = c.outstanding
        if state == LISTEN:
            self._stop_listening(so)
            c.go(ABORT)
        elif state != CLOSED:
            if state not in (SYN_SENT, TIME_WAIT, LAST_ACK, CLOSING):
                self.output.reset(c)
            self._forget(so)
            so.error = ECONNRESET
        if state != CLOSED and not so.explicit_port and so.port:
            self.ports.remove(so, so.port)
            so.port = 0
        so.buffer.clear()
        if not so.explicit_address:
            so.bound_address = self.any_address(so)
        so.pcb = Connection(so)
        so.pcb.astray = c.astray
        so.pcb.fit(c.mss)
        for option in ("TCP_MAXSEG", "TCP_WINDOW_CLAMP", "SO_PEEK_OFF"):
            so.options.pop(option, None)
        so.pcb.leap = leap = c.leap if c.snd_una == c.iss else c.greatest + 2
        so.pcb.lost = waited + leap, unsent + leap
        so.pcb.slow = is_slow(so)
        so.shutdown = 0
        so.done = False

    def _forget(self, so: Any) -> None:
        c: Connection = so.pcb
        self.fast.leave(c)
        c.stop_timers()
        key = c.key
        if self.output.table.get(key) is c:  # and not what remains of it in TIME-WAIT
            del self.output.table[key]
        c.go(ABORT)

    def _abort(self, so: Any) -> None:
        """Reset the connection of a socket that nobody will use (RFC 9293 3.10.5)."""
        if so.pcb.state != CLOSED:
            self.output.reset(so.pcb)
            self._forget(so)
        self.ports.remove(so, so.pcb.local_port)

    def release(self, so: Any) -> None:
        """The last close, as its state wants it.  Never fails; who lingers waits above this.

        LISTEN
            Connections that nobody accepted are reset.
        CLOSED, SYN-SENT
            Nothing is sent.
        bytes not read, or SO_LINGER with 0 seconds
            A reset: the peer learns that data is lost (RFC 9293 3.6.1).
        ESTABLISHED, CLOSE-WAIT
            The FIN, after what waits to be sent; the connection ends without its socket.
        FIN-WAIT-2
            Nothing; what remains waits for the peer's FIN for 60 seconds.

        Source: RFC 9293 3.9.1.4, 3.10.4; RFC 2525 2.17; Linux ``__tcp_close``.
        """
        c = so.pcb
        so.dead = True
        so.shutdown = BOTH
        linger = so.options.get("SO_LINGER")
        if c.state == LISTEN:
            self._stop_listening(so)
            c.go(CLOSE)
            self.ports.remove(so, so.port)
        elif c.state in (CLOSED, SYN_SENT):
            self._forget(so)
            self.ports.remove(so, so.port)
        elif so.buffer.length or (linger and linger == (1, 0)):
            self._abort(so)
        elif c.state in (ESTABLISHED, CLOSE_WAIT, SYN_RECEIVED):
            if not self.fast.part(c):
                self._send_fin(c)
        elif c.state == FIN_WAIT_2:
            self.input.remain(c, FIN_WAIT_2, self.host.settings.tcp_fin_timeout)
        if c.state == CLOSED:
            c.so = None  # as `finish` does, where segments still had to come

    def _stop_listening(self, so: Any) -> None:
        """Abort what was never accepted."""
        so.listening = False
        self.listeners[so.port].remove(so)
        if not self.listeners[so.port]:
            del self.listeners[so.port]
        queue, so.queue = so.queue, None
        for c in tuple(queue.incomplete):
            c.stop_timers()
            self.output.table.pop(c.key, None)
        for child in queue.completed:
            child.dead = True
            self._abort(child)
