"""Telling of a thread that never lets the others run.

    while not done:      on a system the scheduler interrupts it, and another thread sets *done*;
        pass             here threads take turns only where a call waits, and it goes on for ever

A thread of the host looks every few seconds whether the same thread of the model still has the
turn while others are ready.  It may be a long computation, so it is told of, once, and goes on.

May not know: sockets.
"""

import _thread
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from .tracebacks import is_ours

PERIOD = 10.0  # seconds of real time
TOLD = """\
bsdsockets: {name} goes on for {seconds:.0f} seconds{place}, and {others} cannot run: \
threads take turns only where a call waits. A loop that waits for another thread should wait \
in it: Event.wait(), Queue.get(), join(), time.sleep().
"""


def take_no_signals() -> None:
    """Leave them to the program's threads: a thread of the machine that calls this is none."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


class Watch:
    """Looks after a machine's threads as long as there are several."""

    def __init__(self, scheduler: Any, begin: Callable[..., Any] = _thread.start_new_thread,
                 sleep: Callable[[float], None] = time.sleep) -> None:
        self._scheduler, self._begin, self._sleep = scheduler, begin, sleep
        self._start, self._running = scheduler.start, False
        scheduler.start = self.start

    def start(self, body: Callable[[], None], name: str = "") -> Any:
        """Start a thread of the model, and look after it."""
        task = self._start(body, name)
        if not self._running:
            self._running = True
            self._begin(self._look, ())
        return task

    def _look(self) -> None:
        """Look until one thread is left, or something was told."""
        take_no_signals()
        scheduler, before = self._scheduler, None
        while len(scheduler.tasks) > 1:
            self._sleep(PERIOD)
            now = (scheduler.current, scheduler.turns)
            if now == before and (scheduler.ready or scheduler.clock.pending):
                self._tell(now[0])
                return
            before = now
        self._running = False

    def _tell(self, task: Any) -> None:
        others = ", ".join(other.name for other in tuple(self._scheduler.tasks.values())
                           if other is not task)
        sys.stderr.write(TOLD.format(name=task.name, seconds=PERIOD, others=others,
                                     place=self._place(task)))

    def _place(self, task: Any) -> str:
        """Where the program is, as far as the host's threads tell."""
        frame = sys._current_frames().get(task.host)
        while frame is not None and is_ours(frame):
            frame = frame.f_back
        return "" if frame is None else f" at {frame.f_code.co_filename}:{frame.f_lineno}"
