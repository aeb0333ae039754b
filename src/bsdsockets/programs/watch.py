"""Telling of a thread that never lets the others run, and making it.

    while not done:      on a system the scheduler interrupts it, and another thread sets *done*;
        pass             here threads take turns only where a call waits, and it goes on for ever

A thread of the host looks every few seconds whether the same thread of the model still has the
turn while others are ready.  It may be a long computation, or it waits for the others in its way:
it is told of, once, and from then on interrupted, as a system does::

    the thread that looks -- Py_AddPendingCall --> the main thread: pause()
                          -- sys.monitoring -----> another, from Python 3.12 on

Only a program's own line is interrupted, never one of the model's that its call has come to.

May not know: sockets.

Sources: CPython's C API and sys.monitoring; Linux sched(7) for what a turn is.
"""

import _thread
import ctypes
import signal
import sys
import time
import types
from collections.abc import Callable
from typing import Any

from .tracebacks import is_ours

PERIOD = 10.0  # seconds of real time
SLICE = 0.05  # the same, once a thread was told of
BEGIN = ("together.py", "<frozen runpy>")  # what is ours below a program
TOOL = 4  # of sys.monitoring; 0 to 2 and 5 have owners
TOLD = """\
bsdsockets: {name} goes on for {seconds:.0f} seconds{place}, and {others} cannot run: \
threads take turns only where a call waits{now}. A loop that waits for another thread should wait \
in it: Event.wait(), Queue.get(), join(), time.sleep().
"""
NOW = ", from now on also every {:.2f} seconds, so that runs differ"


def take_no_signals() -> None:
    """Leave them to the program's threads: a thread of the machine that calls this is none."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def is_in_program(frame: types.FrameType | None) -> bool:
    """Say whether a thread is at a line of the program, called from none of the model's."""
    while frame is not None and not is_ours(frame):
        frame = frame.f_back
    return frame is None or frame.f_code.co_filename.endswith(BEGIN) \
        or frame.f_code.co_name == "body"  # of a thread


class Interrupter:
    """Has a thread that runs call a function between two of its instructions."""

    def __init__(self, main: int, call: Callable[[], None]) -> None:
        self._main, self._call = main, call
        self._pending = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(self._begin)
        self._monitoring: Any = getattr(sys, "monitoring", None)
        self._wanted = 0  # the thread, as long as monitoring is on

    def can(self, host: int) -> bool:
        """Say whether a thread of the host can be interrupted."""
        return host == self._main or self._monitoring is not None

    def interrupt(self, host: int) -> None:
        """Do it as soon as may be."""
        if host == self._main:
            ctypes.pythonapi.Py_AddPendingCall(self._pending, None)
        elif self._monitoring is not None:
            if not self._wanted and self._monitoring.get_tool(TOOL) is None:
                events = self._monitoring.events
                self._monitoring.use_tool_id(TOOL, "bsdsockets")
                for event in (events.JUMP, events.PY_START):
                    self._monitoring.register_callback(TOOL, event, self._jump)
                self._monitoring.set_events(TOOL, events.JUMP | events.PY_START)
            self._wanted = host

    def leave(self) -> None:
        """The thread has let the others run by itself, or was interrupted."""
        if self._wanted:
            self._wanted = 0
            self._monitoring.set_events(TOOL, 0)
            self._monitoring.free_tool_id(TOOL)

    def _begin(self, nothing: Any) -> int:
        self._call()
        return 0

    def _jump(self, *where: Any) -> None:
        if self._wanted == _thread.get_ident():
            self.leave()
            self._call()


class Watch:
    """Looks after a machine's threads as long as there are several."""

    def __init__(self, scheduler: Any, begin: Callable[..., Any] = _thread.start_new_thread,
                 sleep: Callable[[float], None] = time.sleep) -> None:
        self._scheduler, self._begin, self._sleep = scheduler, begin, sleep
        self._start, self._running, self._told = scheduler.start, False, False
        self._interrupter = Interrupter(scheduler.main.host, self._give_way)
        scheduler.start = self.start

    def start(self, body: Callable[[], None], name: str = "") -> Any:
        """Start a thread of the model, and look after it."""
        task = self._start(body, name)
        if not self._running:
            self._running = True
            self._begin(self._look, ())
        return task

    def _look(self) -> None:
        """Look until one thread is left."""
        take_no_signals()
        scheduler, before = self._scheduler, None
        while len(scheduler.tasks) > 1:
            self._sleep(SLICE if self._told else PERIOD)
            now = (scheduler.current, scheduler.turns)
            if now == before and (scheduler.ready or scheduler.clock.pending):
                if not self._told:
                    self._tell(now[0])
                self._interrupter.interrupt(now[0].host)
            else:
                self._interrupter.leave()
            before = now
        self._running = False

    def _give_way(self) -> None:
        """Let the others run; called in the thread that does not, wherever that is."""
        scheduler = self._scheduler
        if scheduler.current.host == _thread.get_ident() and not scheduler.current.waiting \
                and is_in_program(sys._getframe(2)):
            if not scheduler.clock.real:
                scheduler.clock.pass_time(SLICE)
            scheduler.pause()

    def _tell(self, task: Any) -> None:
        self._told = True
        others = ", ".join(other.name for other in tuple(self._scheduler.tasks.values())
                           if other is not task)
        can = self._interrupter.can(task.host)
        sys.stderr.write(TOLD.format(name=task.name, seconds=PERIOD, others=others,
                                     place=self._place(task),
                                     now=NOW.format(SLICE) if can else ""))

    def _place(self, task: Any) -> str:
        """Where the program is, as far as the host's threads tell."""
        frame = sys._current_frames().get(task.host)
        while frame is not None and is_ours(frame):
            frame = frame.f_back
        return "" if frame is None else f" at {frame.f_code.co_filename}:{frame.f_lineno}"
