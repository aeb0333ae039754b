"""The engine for hosts with real threads: one baton, handed on.

A thread of the model is a real thread that holds the baton while it runs and waits for
it, in its own lock, while it does not.  Exactly one thread holds it, so nothing of the
model needs a lock of its own.

May not know: the order of threads, which is the scheduler's.
"""

import _thread
from collections.abc import Callable
from typing import Any

from .scheduler import Task


class RealThreads:
    """Suspends a thread of the model by letting a real one wait for its baton."""

    def adopt(self, task: Task) -> None:
        """Take the real thread that calls as *task*."""
        task.baton = self._baton()

    def start(self, task: Task, body: Callable[[], None]) -> None:
        """Make a real thread that runs *body* once it is handed the baton."""
        task.baton = baton = self._baton()

        def run() -> None:
            baton.acquire()
            body()

        _thread.start_new_thread(run, ())

    def switch(self, leaving: Task, entering: Task) -> None:
        """Hand the baton from *leaving*, which calls, to *entering*.

        A signal handler of the host may raise while *leaving* waits.  It then gets the
        baton back before the exception goes on, as any thread that becomes ready does.
        """
        entering.baton.release()
        try:
            leaving.baton.acquire()
        except BaseException:
            leaving.scheduler.interrupt(leaving)
            leaving.baton.acquire()
            raise

    def end(self, leaving: Task, entering: Task | None) -> None:
        """Hand the baton on for the last time."""
        if entering is not None:
            entering.baton.release()

    def local(self, scheduler: Any) -> type:
        """The threads are the host's, so the host tells their data apart."""
        return _thread._local

    @staticmethod
    def _baton() -> "_thread.LockType":
        baton = _thread.allocate_lock()
        baton.acquire()
        return baton
