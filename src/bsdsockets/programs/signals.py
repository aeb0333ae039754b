"""Signals in virtual time: the alarm rings on the machine's clock, and a handler runs in turn.

    alarm, setitimer --> clock --> the main thread is woken --> the host raises the signal there
    kill, pthread_kill  ------------------^                          |
    set_wakeup_fd   a byte to a socket of the model, and then    the handler

Only for a whole program on the model (`run`): a process has one alarm.  What comes from outside
(another process, Ctrl-C) stays the host's; so does a child's alarm, as time is real there.

Sources: POSIX.1-2024 alarm(), pthread_kill(); Linux setitimer(2); CPython
``Modules/signalmodule.c``.
"""

import os
import signal
import time
from contextlib import suppress
from typing import Any

from ..face.by_name import ByName
from .child import Remote

TIMERS = {name: getattr(signal, name) for name in (
    "alarm", "setitimer", "getitimer", "pthread_kill", "pause", "signal", "getsignal",
    "set_wakeup_fd", "sigwait", "sigwaitinfo", "sigtimedwait") if hasattr(signal, name)}
LOOK = 0.002  # seconds between looks at the signals that wait
KILL: Any = getattr(os, "kill", None)


class Signals(ByName, of="signal"):
    """The functions of ``signal`` that wait for the clock or name a thread."""

    def __init__(self, machine: Any) -> None:
        self._machine = machine
        self._wakeup = -1
        self._handlers: dict[int, Any] = {}
        self._clock = machine.clock
        self._scheduler = machine.scheduler
        self._timer: Any = None
        self._when = self._interval = 0.0

    def alarm(self, seconds: int, /) -> int:
        """Raise SIGALRM in *seconds*, 0 for never; returns how many the one before had left.

        Source: POSIX.1-2024 alarm().
        """
        remaining = self.setitimer(signal.ITIMER_REAL, int(seconds))[0]
        return -int(-remaining // 1)

    def setitimer(self, which: int, seconds: float, interval: float = 0.0,
                  /) -> tuple[float, float]:
        """Raise SIGALRM in *seconds*, then every *interval*; 0 takes the alarm back.

        Returns what the one before had left, and its interval.  Other timers than ITIMER_REAL are
        the host's.
        """
        if which != signal.ITIMER_REAL or self._is_child():
            return TIMERS["setitimer"](which, seconds, interval)
        before = self.getitimer(which)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._interval = float(interval)
        if seconds:
            self._set(float(seconds))
        return before

    def getitimer(self, which: int, /) -> tuple[float, float]:
        """How many seconds are left, 0.0 for none, and the interval."""
        if which != signal.ITIMER_REAL or self._is_child():
            return TIMERS["getitimer"](which)
        left = self._when - self._clock.now if self._timer is not None else 0.0
        return max(left, 0.0), self._interval

    def _is_child(self) -> bool:
        return isinstance(self._machine._calls, Remote)

    def _set(self, seconds: float) -> None:
        self._when = self._clock.now + seconds
        self._timer = self._clock.after(seconds, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._is_child():
            return  # the alarm is the parent's: POSIX.1-2024 fork()
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

    def kill(self, pid: int, number: int, /) -> None:
        """Raise a signal that this process handles in its main thread, or send it elsewhere."""
        here = pid == os.getpid() and number in signal.valid_signals()  # 0 asks who is there
        if here and callable(signal.getsignal(number)):
            self._deliver(self._scheduler.main, number)
        else:
            KILL(pid, number)

    def pause(self) -> None:
        """Wait for a signal; a deadlock where no alarm is set and nobody can run."""
        self._scheduler.current.call = "pause"
        self._scheduler.wait((), None, "waits for a signal")

    def sigwait(self, sigset: Any, /) -> signal.Signals:
        """Wait for a signal of *sigset*, which are blocked; returns which one came.

        Source: POSIX.1-2024 sigwait().
        """
        return signal.Signals(self.sigwaitinfo(sigset).si_signo)

    def sigwaitinfo(self, sigset: Any, /) -> Any:
        """Wait for a signal of *sigset*; returns what is known of it."""
        return self._await(sigset, None)

    def sigtimedwait(self, sigset: Any, timeout: float, /) -> Any:
        """The same for at most *timeout* seconds; None if they are over."""
        if timeout < 0:
            raise ValueError("timeout must be non-negative")
        return self._await(sigset, self._clock.now + timeout)

    def _await(self, sigset: Any, deadline: float | None) -> Any:
        """Ask the host again and again, as the signal may come from another process."""
        self._scheduler.current.call = "sigwait"
        while (found := TIMERS["sigtimedwait"](sigset, 0)) is None:
            now = self._clock.now
            if deadline is not None and now >= deadline:
                return None
            until = now + LOOK if deadline is None else min(now + LOOK, deadline)
            self._scheduler.wait((), until, "waits for a signal")
            if not self._clock.real:  # which has slept
                time.sleep(LOOK)
        return found

    def signal(self, number: int, handler: Any, /) -> Any:
        """Set what handles a signal; returns what did before."""
        before = self.getsignal(number)
        if not callable(handler):
            TIMERS["signal"](number, handler)
            self._handlers.pop(number, None)
            return before

        def ring(number: int, frame: Any) -> Any:
            """Tell the wakeup descriptor, then handle the signal."""
            if self._wakeup != -1:
                with suppress(OSError):
                    self._machine.calls.send(self._wakeup, bytes([number]), 0, None)
            self._scheduler.disturbed = True  # who looked, and waits in a moment, looks again
            return handler(number, frame)

        TIMERS["signal"](number, ring)
        self._handlers[number] = handler
        return before

    def getsignal(self, number: int, /) -> Any:
        """What handles a signal."""
        return self._handlers[number] if number in self._handlers else TIMERS["getsignal"](number)

    def set_wakeup_fd(self, fd: int, /, *, warn_on_full_buffer: bool = True) -> int:
        """Set the descriptor that gets a byte at each signal, -1 for none; returns the former.

        ValueError
            It is a blocking socket.  The host's descriptors the host checks.
        """
        ours = fd in self._machine.descriptors
        if ours and os.get_blocking(fd):
            raise ValueError(f"the fd {fd} must be in non-blocking mode")
        before = TIMERS["set_wakeup_fd"](-1 if ours else fd,
                                         warn_on_full_buffer=warn_on_full_buffer)
        before = self._wakeup if self._wakeup != -1 else before
        self._wakeup = fd if ours else -1
        return before

    def _deliver(self, task: Any, number: int) -> None:
        self._scheduler.call_in(task, lambda: signal.raise_signal(number))


def install_signals(machine: Any) -> None:
    """Let ``signal`` and ``os.kill`` go by the machine's clock and threads."""
    signals = Signals(machine)
    for name in TIMERS:
        vars(Signals)[name].__module__ = "signal"
        setattr(signal, name, getattr(signals, name))
    if KILL is not None:
        os.kill = signals.kill
