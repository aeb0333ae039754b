"""Virtual time: a heap of things that happen later, and nothing that ticks.

    after(seconds, action)            step(): take the earliest, set the time, do it
            |                                    ^
            v                                    |
    [ (time, number) action ]  ... ordered ... --+

Time stands still while a thread runs and jumps to the next entry when every thread
waits.  Two entries of one time happen in the order they were made, so a run has one
order only.  An entry made with ``idle=True`` renews itself for ever (a keepalive probe):
when a hundred of them in a row wake nobody, `step` says that nothing will happen.

May not know: threads, sockets, the host's clock (except `RealClock`, for programs that also
wait for the outside world).
"""

import heapq
import time
from collections.abc import Callable
from typing import Any

EPOCH = 1_767_225_600.0  # 2026-01-01 00:00:00 UTC, when a machine is switched on
READING = 1e-6  # seconds that looking at the clock takes, so that a loop that only looks ends
IDLE_LIMIT = 100  # entries
SLICE = 0.01  # seconds of real time that pass at once


class Timer:
    """One entry of the heap; `cancel` takes its action away."""

    __slots__ = ("action", "clock", "idle")

    def __init__(self, clock: "Clock", action: Callable[[], object], idle: bool) -> None:
        self.clock = clock
        self.action: Callable[[], object] | None = action
        self.idle = idle

    def cancel(self) -> None:
        """Let it not happen; after it has, this does nothing."""
        if self.action is not None:
            self.action = None
            self.clock.cancelled += 1


class Clock:
    """The time of one machine, in seconds since it was switched on.

    >>> clock = Clock()
    >>> _ = clock.after(60.0, lambda: print("a minute later"))
    >>> clock.step(), clock.now
    a minute later
    (True, 60.0)
    """

    real = False
    now: float

    def __init__(self, real: bool = False) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Timer]] = []
        self._number = 0
        self._idled = 0
        self.cancelled = 0
        if real:
            self.become_real()

    def become_real(self, ahead: float | None = None) -> None:
        """From now on time goes as the host's does, also while a thread computes.

        The host's clock says *ahead* seconds more: what makes this go on where it is, or as given.
        """
        if not self.real:
            self.ahead = time.monotonic() - self.now if ahead is None else ahead
            self.__class__ = RealClock

    def after(self, seconds: float, action: Callable[[], object], idle: bool = False) -> Timer:
        """Do *action* when *seconds*, 0 or more, have passed; returns what cancels that.

        *idle* says that it renews itself for ever, and keeps nobody from being deadlocked.
        """
        return self.at(self.now + seconds, action, idle)

    def at(self, when: float, action: Callable[[], object], idle: bool = False) -> Timer:
        """Do *action* when the time is *when*, in seconds since the machine was switched on.

        What is due already happens at the next step, and takes the time nowhere.

        >>> clock = Clock()
        >>> timer = clock.at(2.0, lambda: print("never"))
        >>> timer.cancel(); clock.step()
        False
        """
        self._number += 1
        timer = Timer(self, action, idle)
        if self.cancelled > 500 and self.cancelled > len(self._heap) // 2:
            self._sweep()
        heapq.heappush(self._heap, (when, self._number, timer))
        return timer

    def _sweep(self) -> None:
        """Take the cancelled entries out, so that they do not pile up while time stands still."""
        self._heap[:] = [entry for entry in self._heap if entry[2].action is not None]
        heapq.heapify(self._heap)
        self.cancelled = 0

    def pass_time(self, seconds: float) -> None:
        """Let *seconds* go by, with everything that happens in them.

        >>> clock = Clock()
        >>> _ = clock.after(1.0, lambda: print("at", clock.now))
        >>> clock.pass_time(3.0); clock.now
        at 1.0
        3.0
        """
        until = self.now + seconds
        while self._heap and self._heap[0][0] <= until:
            self._happen(until)
        if until > self.now:
            self.now = until

    def step(self) -> bool:
        """Jump to the next thing that happens and let it; False when nothing ever will.

        In real time sleep until then (`RealClock`).
        """
        heap = self._heap
        while heap and heap[0][2].action is None:
            heapq.heappop(heap)
        if not heap:
            return False
        when, _, timer = heap[0]
        self._idled = self._idled + 1 if timer.idle else 0
        if self._idled > IDLE_LIMIT:
            self._idled = 0
            return False
        if when > self.now and not self._sleep(when):
            return True  # a signal's handler may have woken somebody
        self._happen(when)
        return True

    def _sleep(self, until: float) -> bool:
        """Be there at once."""
        return True

    @property
    def pending(self) -> bool:
        """True if something is to happen."""
        return any(timer.action is not None for _, _, timer in tuple(self._heap))

    def awake(self) -> None:
        """Say that something happened that woke a thread."""
        self._idled = 0

    def _happen(self, until: float) -> None:
        """Let the next thing happen, unless a signal's handler that waited itself was quicker."""
        if self._heap and self._heap[0][0] <= until:  # no handler runs from here to the next line
            when, _, timer = heapq.heappop(self._heap)
            if timer.action is not None:
                self.now = max(self.now, when)
                action, timer.action = timer.action, None
                action()


class RealClock(Clock):
    """A clock that goes as the host's: what a thread computes takes its time too.

    Were it to stand still meanwhile, it would be behind, and the next time that somebody gives
    himself would be over before it began.
    """

    real = True
    ahead: float  # what the host's clock says more

    @property
    def now(self) -> float:
        """Seconds since the machine was switched on."""
        return time.monotonic() - self.ahead

    @now.setter
    def now(self, when: float) -> None:
        """What happens a little early takes the time with it."""
        self.ahead = min(self.ahead, time.monotonic() - when)

    def pass_time(self, seconds: float) -> None:
        """Let happen what is due; time passes by itself."""
        while self._heap and self._heap[0][0] <= self.now:
            self._happen(self.now)

    def _sleep(self, until: float) -> bool:
        """Sleep a slice, in which a signal's handler may wake a thread; True when it is *until*."""
        left = until - self.now
        if left > 0:
            time.sleep(min(left, SLICE))
        return left <= SLICE


class Moments:
    """Things whose time comes: those of one moment share an entry of the heap.

    *act* gets the thing and the moment, and sees whether it still matters.

    >>> clock = Clock()
    >>> moments = Moments(clock, lambda thing, when: print(thing, when))
    >>> due = moments.add(2.0, "one"); moments.add(2.0, "other") is due
    True
    >>> del due["one"]; clock.step()
    other 2.0
    True
    """

    def __init__(self, clock: Clock, act: Callable[[Any, float], object]) -> None:
        self.clock, self.act = clock, act
        self._things: dict[float, dict[Any, None]] = {}

    def add(self, when: float, thing: Any) -> dict[Any, None]:
        """Let the time of *thing* come at *when*, in seconds since the machine was switched on.

        Returns what has all of that moment: who takes the thing out cancels it.
        """
        things = self._things.get(when)
        if things is None:
            things = self._things[when] = {}
            self.clock.at(when, lambda: self._come(when))
        things[thing] = None
        return things

    def _come(self, when: float) -> None:
        things = self._things.pop(when)
        for thing in tuple(things):
            if thing in things:
                self.act(thing, when)
