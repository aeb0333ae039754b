"""The engine for hosts with real threads: one baton, handed on.

A thread of the model is a real thread that holds the baton while it runs and waits for
it, in a lock of its own, while it does not.  Exactly one thread holds it, so nothing of the
model needs another lock.

On Linux the lock is a semaphore of the C library.  Whoever posts it through ctypes has let go
of the interpreter's lock, so the thread that wakes can run at once; woken by a lock of
``_thread`` it would find the interpreter taken, sleep again, and be woken twice for each turn.

May not know: the order of threads, which is the scheduler's.

Sources: POSIX.1-2024 sem_post(), sem_wait(); CPython ``Python/ceval_gil.h``.
"""

import _thread
import itertools
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from .scheduler import Task

_c: Any = None
if sys.platform == "linux":
    try:
        import ctypes
        _c = ctypes.CDLL(None)
        _c.sem_init.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint]
        _c.sem_post.argtypes = _c.sem_wait.argtypes = [ctypes.c_void_p]
    except (ImportError, OSError, AttributeError):  # a Python without ctypes, or linked statically
        _c = None

SEMAPHORE = 64  # bytes, at least sizeof(sem_t) of every C library


class Semaphore:
    """Posted by `release`, which lets go of the interpreter's lock before it wakes."""

    __slots__ = ("_memory", "_wait", "release")

    def __init__(self) -> None:
        self._memory = ctypes.create_string_buffer(SEMAPHORE)
        place = ctypes.c_void_p(ctypes.addressof(self._memory))
        if _c.sem_init(place, 0, 0):
            raise RuntimeError("can't allocate lock")
        self._wait = partial(_c.sem_wait, place)
        self.release = partial(_c.sem_post, place)  # no frame in which a signal could interfere

    def acquire(self) -> None:
        """Wait for `release`; where a signal interrupts, its handler runs and may raise."""
        while self._wait():
            pass


class Lock:
    """The same by a lock of ``_thread``, which is taken while nothing is posted."""

    __slots__ = ("_lock", "acquire")

    def __init__(self) -> None:
        self._lock = _thread.allocate_lock()
        self.acquire = self._lock.acquire
        self.acquire()

    def release(self) -> None:
        """Post, if nothing is."""
        with suppress(RuntimeError):
            self._lock.release()


class RealThreads:
    """Suspends a thread of the model by letting a real one wait for its baton.

    Whose `turn` it is counts; the baton only wakes, and once too often does no harm.
    """

    puts_aside = False

    def __init__(self) -> None:
        self._locals: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()

    def adopt(self, task: Task) -> None:
        """Take the real thread that calls as *task*."""
        task.baton, task.turn, task.host = self._baton(), True, _thread.get_ident()

    def start(self, task: Task, body: Callable[[], None]) -> None:
        """Make a real thread that runs *body* once it is handed the baton.

        It is there when this returns: what a C library does for a new thread (glibc once reads how
        many processors there are, from a file) is done in the turn of the one that starts it.
        """
        task.baton, arrived = self._baton(), self._baton()

        def run() -> None:
            task.host = _thread.get_ident()
            arrived.release()
            self._await(task)
            body()

        _thread.start_new_thread(run, ())
        try:
            arrived.acquire()
        finally:  # also where a signal's handler raises
            while not task.host:
                arrived.acquire()

    def switch(self, leaving: Task, entering: Task) -> None:
        """Hand the baton from *leaving*, which calls, to *entering*.

        A signal handler of the host may raise while *leaving* waits.  It then gets its turn
        before the exception goes on, as any thread that becomes ready does, unless it has it.
        """
        leaving.turn = False
        entering.turn = True
        try:
            entering.baton.release()
            while not leaving.turn:
                leaving.baton.acquire()
        except BaseException:
            if not leaving.turn:
                leaving.scheduler.interrupt(leaving)
            self._await(leaving)
            raise

    def stir(self, task: Task) -> None:
        """Let *task*, which waits, handle the signals that came just before it began to.

        The host interrupts no wait for them that begins later.
        """
        task.baton.release()

    def end(self, leaving: Task, entering: Task | None) -> None:
        """Hand the baton on for the last time."""
        if entering is not None:
            entering.turn = True
            entering.baton.release()

    def local(self, scheduler: Any) -> type:
        """The threads are the host's, so the host tells their data apart; `forget` has to know it.
        """
        known, numbers = self._locals, itertools.count()

        class _local(_thread._local):
            """Thread-local data."""

            def __new__(cls, /, *arguments: Any, **named: Any) -> Any:
                self = super().__new__(cls, *arguments, **named)
                known[next(numbers)] = self
                return self

        _local.__module__, _local.__qualname__ = "_thread", "_local"
        return _local

    def forget(self) -> None:
        """Let what is local to the thread that calls end now, in its turn.

        CPython does so when a thread ends, before others find it ended; by then this one's turn
        would be over.  Left out: what has an ``__init__``, which would begin anew in this thread.
        """
        for local in list(self._locals.values()):
            if type(local).__init__ is object.__init__:
                local.__dict__.clear()

    @staticmethod
    def _await(task: Task) -> None:
        while not task.turn:
            task.baton.acquire()

    @staticmethod
    def _baton() -> Semaphore | Lock:
        return Lock() if _c is None else Semaphore()
