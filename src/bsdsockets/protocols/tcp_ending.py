"""TCP: how connections end, and what remains of them for a time.

    finish   it is over: the socket learns the error, if there is one
    remain   its socket is done with it; a TimeWait answers for it until its time is over

May not know: segments, calls.

Sources: RFC 9293 3.6 (closing), 3.3.2 (TIME-WAIT); tcp(7) for FIN-WAIT-2 without a socket.
"""

from typing import Any

from ..machine.clock import Moments
from .ports import Ports
from .protocol import BOTH, EVERYTHING
from .tcp_connection import Connection, Key, TimeWait
from .tcp_states import ABORT, CLOSED, TIME_WAIT

TWO_MSL = 60.0  # seconds; Linux's TCP_TIMEWAIT_LEN


class Ends:
    """The ends of connections; `ending` has the remains until their time is over."""

    ports: Ports
    table: dict[Key, Connection | TimeWait]
    clock: Any
    ending: Moments

    def finish(self, c: Connection, error: int) -> None:
        """The connection is over, at once; its socket learns *error*, 0 for none.

        Source: RFC 9293 3.9.1.7, where a report is what SO_ERROR and poll() say.
        """
        c.stop_timers()
        self.table.pop(c.key, None)
        so = c.so
        if so is not None and not so.dead:
            c.lost = c.outstanding
        c.out, c.sent, c.pieces = None, 0, ()
        peer, c.peer = c.peer, None
        if peer is not None:
            peer.peer = None
        if so is None:
            c.state = CLOSED
            return
        c.go(ABORT)
        if so.dead or not so.explicit_port:
            self.ports.remove(so, so.port)
            so.port = 0
        so.shutdown = BOTH
        if error:
            so.error = error
        if so.waiters:
            so.wake(EVERYTHING)
        if so.dead:
            c.so = None  # nobody looks again, and nothing refers to itself

    def give_up(self, c: Connection, error: int) -> None:
        """Nobody answers any more, or a reset does; of what was listened for nobody learns it."""
        if c.listener is not None:
            c.listener.queue.incomplete.pop(c, None)
        self.finish(c, error)

    def remain(self, c: Connection, state: str, seconds: float) -> TimeWait:
        """Let go of the connection; returns what answers for it in *state*."""
        remains = TimeWait(c, c.so, state, self.clock.now)
        chosen = self.ports.users.get(remains.port, {}).get(c.so, False)
        self.ports.add(remains, remains.port, chosen)  # before the socket lets go
        self.finish(c, 0)
        self.table[remains.key] = remains
        self._end_after(remains, seconds)
        return remains

    def time_wait(self, remains: TimeWait) -> None:
        """The FIN that a remain in FIN-WAIT-2 waited for has come."""
        remains.state = TIME_WAIT
        self._end_after(remains, TWO_MSL)

    def _end_after(self, remains: TimeWait, seconds: float) -> None:
        """End *remains* when *seconds* have passed."""
        when = self.clock.now + seconds
        if when != remains.until:
            remains.until = when
            self.ending.add(when, remains)

    def end_in_time(self, remains: TimeWait, when: float) -> None:
        """It is *when*: end *remains*, unless that is put off."""
        if remains.until == when:
            self.end(remains)

    def end(self, remains: TimeWait) -> None:
        """Forget *remains*: its time is over (RFC 9293 3.10.8), or something ends it early."""
        if self.table.get(remains.key) is remains:
            del self.table[remains.key]
        remains.until = 0.0
        self.ports.remove(remains, remains.port)
