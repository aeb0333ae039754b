"""The one place where a system call waits.

    call a verb --> done:     return what it says
                    not yet:  may this call wait?   no: EAGAIN
                                                    yes: sleep until `ready` may have changed,
                                                         call the verb again

A blocking call, one with a timeout, and one that does not wait differ only here.  What ends
a wait is what poll() would report: both are told by the same `wake` and ask the same
`ready`.

May not know: what the verbs do.

Sources: xv6 ``sleep`` and ``wakeup``; CPython ``sock_call_impl`` for timeouts; socket(7) for
SO_RCVTIMEO and SO_SNDTIMEO.
"""

from typing import Any

from ..machine.constants import (
    MSG_DONTWAIT,
    MSG_WAITALL,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLOUT,
    SOCK_STREAM,
)
from ..machine.errors import EAGAIN, EBADF, fail
from ..machine.events import CallWaits
from ..machine.host import Host
from ..machine.scheduler import LOCKS
from ..sockets.socket import Socket

SPIN = 0.001  # seconds that one turn of a busy loop takes
BYTES = ("recv", "send")  # calls that take a part, of a stream
WAITS_FOR = {"accept": "a connection", "connect": "an answer"}


class TimedOut(Exception):
    """The timeout that the program gave, above 0, is over; the face raises TimeoutError."""


class Doing:
    """What a thread does while it waits, to be read if nobody ever wakes it."""

    __slots__ = ("call", "files", "so")

    def __init__(self, call: str, files: Any, so: Any) -> None:
        self.call = call
        self.files = files
        self.so = so

    def __str__(self) -> str:
        numbers = ", ".join(map(str, self.files.numbers_of(self.so)))
        return f"{self.call}({numbers or '-'})"


class Waiting:
    """How the calls of one machine wait.

    A verb returns None for "not yet".  *timeout* is in seconds: None waits for ever, or as long
    as SO_RCVTIMEO and SO_SNDTIMEO say (then EAGAIN), 0 not at all (EAGAIN), another until then
    (`TimedOut`).
    """

    def __init__(self, host: Host, node: Any) -> None:
        self.host = host
        self.node = node
        self.scheduler = host.scheduler
        self.clock = host.clock
        self._arrived = node.loopback.queue
        self._lucky: Any = None  # the thread for which others brought something, the last time
        self._watchers = host.observers.callbacks

    def _settle(self) -> None:
        """Deliver what the call sent, before it returns."""
        if self._arrived:
            self.node.deliver()

    def _complete(self, number: int, event: int, timeout: float | None, flags: int, call: str,
                  verb: Any, so: Socket, *arguments: Any) -> Any:
        """Call *verb* until it is done, waiting for *event* if the call may wait.

        With a timeout above zero CPython makes the descriptor non-blocking, polls first and
        calls then; so does this.
        """
        task = self.scheduler.current
        task.took += 1
        if task.took > LOCKS:
            self.scheduler.take_turns()
        if timeout:
            return self._poll_and_complete(number, event, timeout, call, verb, (so, *arguments))
        result = verb(so, *arguments)
        if self._arrived:
            self.node.deliver()
        if result is not None:
            return result
        arguments = so, *arguments
        if timeout is None and not flags & MSG_DONTWAIT and not so.nonblocking:
            return self._wait_and_complete(so, event, call, verb, arguments)
        if self._lucky is self.scheduler.current:  # who empties a queue comes to its end
            self._lucky = None
            if not flags & MSG_WAITALL:
                fail(EAGAIN)
        self.scheduler.look()
        result = self._try(call, verb, arguments)
        if result is None:
            fail(EAGAIN)
        self._lucky = self.scheduler.current
        return result

    def _wait_and_complete(self, so: Socket, event: int, call: str, verb: Any,
                           arguments: tuple[Any, ...]) -> Any:
        """A blocking call: wait, for at most SO_RCVTIMEO or SO_SNDTIMEO."""
        deadline = self._own_deadline(so, event) if so.options else None
        alive = so.references > 0
        if alive:
            so.references += 1  # a close() in another thread ends this call's socket after it
        try:
            while True:
                awake = self._sleep(so, deadline, call, _names(event, call), in_turn=not (
                    so.type == SOCK_STREAM and call in BYTES))
                if event == POLLOUT and so.error:
                    so.fail_pending()  # a sender that has waited looks at the error first
                result = verb(*arguments) if awake else self._try(call, verb, arguments)
                self._settle()
                if result is not None:
                    return result
                if not awake:
                    fail(EAGAIN)
        finally:
            if alive:
                so.drop()
                self._settle()

    def _poll_and_complete(self, number: int, event: int, timeout: float, call: str, verb: Any,
                           arguments: tuple[Any, ...]) -> Any:
        """A call with a timeout: poll, call, and poll again if it was not done."""
        so, deadline = self.host.descriptors[number], self.clock.now + timeout
        while True:
            self._poll(number, so, event, deadline, call)
            try:
                result = self._try(call, verb, arguments)
            except BlockingIOError as failure:
                if failure.errno != EAGAIN:
                    raise
                result = None
            if result is not None:
                return result
            # poll says yes, the call says no: a busy loop, while others go on
            self._sleep(so, min(self.clock.now + SPIN, deadline), call, _names(event, call))
            if self.clock.now >= deadline:
                raise TimedOut

    def _poll(self, number: int, so: Any, event: int, deadline: float, call: str) -> None:
        """Sleep until the descriptor is ready: until *deadline*, else `TimedOut`.

        EBADF
            Another thread has closed it.  Nobody wakes for that: poll finds it when it looks
            again, at the latest when its time is over.
        """
        now, awake = self.host.descriptors.get(number), True
        while now is not None and not now.ready() & (event | POLLERR | POLLHUP):
            if not awake:
                raise TimedOut
            awake = self._sleep(so, deadline, call, _names(event, call))
            now = self.host.descriptors.get(number)
        if now is not so:
            self._settle()
            fail(EBADF)

    def _try(self, call: str, verb: Any, arguments: tuple[Any, ...]) -> Any:
        """Call *verb* for a caller that does not wait: it takes what there is."""
        if call == "recv":
            so, count, flags = arguments
            arguments = (so, count, flags | MSG_DONTWAIT)
        result = verb(*arguments)
        self._settle()
        return result

    def _own_deadline(self, so: Socket, event: int) -> float | None:
        """The end of SO_RCVTIMEO or SO_SNDTIMEO."""
        limit = so.options.get("SO_RCVTIMEO" if event == POLLIN else "SO_SNDTIMEO")
        seconds = _seconds(limit) if limit else None
        return None if seconds is None else self.clock.now + seconds

    def _sleep(self, so: Any, deadline: float | None, call: str, what: str,
               held: Any = None, in_turn: bool = True) -> bool:
        """Let others run until *so* changes; False when *deadline* is over.

        The call is one on the socket *held*, where that is another than it waits for.  Who takes
        or brings a part of a stream's bytes does not wait *in_turn*: Linux wakes the newest first.
        """
        held = held or so
        alive = held.references > 0  # not when its last close lingers
        scheduler = self.scheduler
        scheduler.current.call = Doing(call, self.host.descriptors, so)
        if self._watchers:
            self.host.observers.tell(CallWaits, call, what)
        if alive:
            held.references += 1  # close() in another thread does not end this call
        try:
            return scheduler.wait((so,), deadline, f"waits for {what}", in_turn=in_turn)
        finally:
            if alive:
                held.drop()


def _seconds(limit: tuple[int, int]) -> float | None:
    total = limit[0] + limit[1] / 1_000_000
    return max(total, 0.0) if total else None  # below 0 is no time at all


def _names(event: int, call: str) -> str:
    if call in WAITS_FOR:
        return WAITS_FOR[call]
    return "something to read" if event == POLLIN else "room to write"
