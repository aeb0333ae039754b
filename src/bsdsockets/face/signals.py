"""Signals in virtual time: the alarm rings on the machine's clock, and a handler runs in turn.

    alarm, setitimer --> clock --> the main thread is woken --> the host raises the signal there
    pthread_kill     ---------------------^

Only for a whole program on the model (`run`): a process has one alarm.  What comes from outside
(``os.kill``, Ctrl-C) stays the host's.

Sources: POSIX.1-2024 alarm(), pthread_kill(); Linux setitimer(2); CPython
``Modules/signalmodule.c``.
"""

import signal
from collections.abc import Callable
from typing import Any

TIMERS = {name: getattr(signal, name) for name in ("alarm", "setitimer", "getitimer",
                                                   "pthread_kill") if hasattr(signal, name)}


class Signals:
    """The functions of ``signal`` that wait for the clock or name a thread."""

    def __init__(self, machine: Any) -> None:
        self._clock = machine.clock
        self._scheduler = machine.scheduler
        self._timer: Any = None
        self._when = self._interval = 0.0

    def alarm(self, seconds: int, /) -> int:
        """Raise SIGALRM in *seconds*; returns how many the one before had left."""
        remaining = self.setitimer(signal.ITIMER_REAL, int(seconds))[0]
        return -int(-remaining // 1)

    def setitimer(self, which: int, seconds: float, interval: float = 0.0,
                  /) -> tuple[float, float]:
        """Raise SIGALRM in *seconds*, then every *interval*; 0 takes the alarm back."""
        if which != signal.ITIMER_REAL:
            return TIMERS["setitimer"](which, seconds, interval)  # type: ignore[no-any-return]
        before = self.getitimer(which)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._interval = float(interval)
        if seconds:
            self._set(float(seconds))
        return before

    def getitimer(self, which: int, /) -> tuple[float, float]:
        """How many seconds are left, and the interval."""
        if which != signal.ITIMER_REAL:
            return TIMERS["getitimer"](which)  # type: ignore[no-any-return]
        left = self._when - self._clock.now if self._timer is not None else 0.0
        return max(left, 0.0), self._interval

    def _set(self, seconds: float) -> None:
        self._when = self._clock.now + seconds
        self._timer = self._clock.after(seconds, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._interval:
            self._set(self._interval)
        self._deliver(self._scheduler.main, signal.SIGALRM)

    def pthread_kill(self, thread_id: int, signalnum: int, /) -> None:
        """Raise a signal in a thread of the machine, or of the host."""
        task = self._scheduler.tasks.get(thread_id)
        if task is None:
            TIMERS["pthread_kill"](thread_id, signalnum)
        else:
            self._deliver(task, signalnum)

    def _deliver(self, task: Any, number: int) -> None:
        self._scheduler.call_in(task, lambda: signal.raise_signal(number))


def signal_functions(machine: Any) -> dict[str, Callable[..., Any]]:
    """The functions of ``signal`` that go by the machine's clock and threads."""
    signals = Signals(machine)
    return {name: getattr(signals, name) for name in TIMERS}
