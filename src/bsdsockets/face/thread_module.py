"""Our ``_thread``: threads, locks and their kin over the machine's scheduler.

A thread goes on until it waits: for a lock that is taken, for a thread to end, in a call of
a socket, in ``time.sleep``.  Nothing else switches.

Sources: CPython ``Modules/_threadmodule.c``, 3.11 to 3.13; ``threading.py`` for what it needs.
"""

import _thread as _host
import sys
import types
import weakref
from collections.abc import Callable
from typing import Any

from ..machine.scheduler import Killed
from .by_name import ByName

TIMEOUT_MAX = _host.TIMEOUT_MAX


class Waitable:
    """Something threads wait for."""

    __slots__ = ("__weakref__", "_scheduler", "waiters")

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self.waiters: list[Any] = []

    def _wait(self, deadline: float | None, call: str, what: str) -> bool:
        self._scheduler.current.call = call
        return bool(self._scheduler.wait((self,), deadline, what))

    def _deadline(self, blocking: Any, timeout: Any) -> float | None:
        """When to stop waiting; checks the arguments of acquire()."""
        if not blocking:
            if timeout != -1:
                raise ValueError("can't specify a timeout for a non-blocking call")
            return 0.0
        if timeout < 0 and timeout != -1:
            raise ValueError("timeout value must be a non-negative number")
        if timeout > TIMEOUT_MAX:
            raise OverflowError("timeout value is too large")
        return None if timeout == -1 else self._scheduler.clock.now + timeout


class Lock(Waitable):
    """A lock; whoever waits longest gets it next.

    Waits in `acquire` only.

    >>> from bsdsockets import threading
    >>> lock = threading.Lock()
    >>> lock.acquire(), lock.acquire(blocking=False), lock.acquire(timeout=1)
    (True, False, False)
    """

    __slots__ = ("_taken",)

    def __init__(self, scheduler: Any) -> None:
        super().__init__(scheduler)
        self._taken = False

    def acquire(self, blocking: Any = True, timeout: Any = -1) -> bool:
        """Take the lock; waits while another has it, for at most *timeout* seconds, -1 for ever.

        Returns False when it was not to be had in that time.

        ValueError
            A timeout without waiting, or one below 0 that is not -1.
        OverflowError
            The timeout is above TIMEOUT_MAX.
        """
        deadline = self._deadline(blocking, timeout)
        if not self._taken:
            self._scheduler.took()
        while self._taken:
            if not blocking:
                self._scheduler.ask()
                if self._taken:
                    return False
                break
            if not self._wait(deadline, "acquire", "waits for a lock") and self._taken:
                return False
        self._taken = True
        return True

    def release(self) -> None:
        """Give the lock back, from whichever thread.

        RuntimeError
            Nobody has it.
        """
        if not self._taken:
            raise RuntimeError("release unlocked lock")
        self._taken = False
        if self.waiters:
            self.waiters[0].notify()

    def locked(self) -> bool:
        """Return True while somebody has the lock."""
        return self._taken

    acquire_lock, release_lock, locked_lock = acquire, release, locked
    __enter__ = acquire  # as in C: who wraps acquire has not wrapped the with statement

    def __exit__(self, *details: Any) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        self._taken = False

    def __repr__(self) -> str:
        state = "locked" if self._taken else "unlocked"
        return f"<{state} _thread.lock object at {hex(id(self))}>"


class RLock(Waitable):
    """A lock that its owner may take again."""

    __slots__ = ("_count", "_owner")

    def __init__(self, scheduler: Any) -> None:
        super().__init__(scheduler)
        self._owner: Any = None
        self._count = 0

    def acquire(self, blocking: Any = True, timeout: Any = -1) -> bool:
        """Take the lock, or take it once more; waits, returns and fails as `Lock.acquire`."""
        deadline = self._deadline(blocking, timeout)
        me = self._scheduler.current
        if self._owner is None:
            self._scheduler.took()
        while self._owner is not None and self._owner is not me:
            if not blocking:
                return False
            awake = self._wait(deadline, "acquire", "waits for a lock that another thread has")
            if not awake and self._owner is not None:
                return False
        self._count += 1  # first: a finalizer may take the lock and give it back right here
        self._owner = me
        return True

    __enter__ = acquire

    def release(self) -> None:
        """Give the lock back once.

        RuntimeError
            The thread that calls does not have it.
        """
        if self._owner is not self._scheduler.current:
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if self._count == 0:
            self._owner = None
            if self.waiters:
                self.waiters[0].notify()

    def __exit__(self, *details: Any) -> None:
        self.release()

    def locked(self) -> bool:
        """Return True while somebody has the lock."""
        return self._count > 0

    def _is_owned(self) -> bool:
        return self._owner is self._scheduler.current

    def _recursion_count(self) -> int:
        return self._count if self._is_owned() else 0

    def _release_save(self) -> tuple[int, Any]:
        if self._count == 0:
            raise RuntimeError("cannot release un-acquired lock")
        saved = (self._count, self._owner)
        self._count = 1
        self.release()
        return saved

    def _acquire_restore(self, saved: tuple[int, Any]) -> None:
        self.acquire()
        self._count, self._owner = saved

    def _at_fork_reinit(self) -> None:
        self._owner, self._count = None, 0

    def __repr__(self) -> str:
        state = "locked" if self._count else "unlocked"
        owner = self._owner.ident if self._owner is not None else 0
        return (f"<{state} _thread.RLock object owner={owner} count={self._count} "
                f"at {hex(id(self))}>")


class Handle(Waitable):
    """What 3.13 joins a thread by."""

    __slots__ = ("_done", "ident")

    def __init__(self, scheduler: Any) -> None:
        super().__init__(scheduler)
        self._done = False
        self.ident: int | None = None

    def is_done(self) -> bool:
        """Return True when the thread has ended; while it has not, the others go on."""
        if not self._done:
            self._scheduler.ask()
        return self._done

    def _set_done(self) -> None:
        if self.ident is None:
            raise RuntimeError("thread not started")
        self._done = True
        for waiter in tuple(self.waiters):
            waiter.notify()

    def join(self, timeout: Any = None) -> None:
        """Wait until the thread ends, for at most *timeout* seconds; None or below 0 for ever.

        RuntimeError
            It is the thread that calls; it has not been started.
        """
        if self.ident is None:
            raise RuntimeError("thread not started")
        if self.ident == self._scheduler.current.ident and not self._done:
            raise RuntimeError("Cannot join current thread")
        deadline = None
        if timeout is not None and timeout >= 0:
            deadline = self._scheduler.clock.now + timeout
        while not self._done:
            if not self._wait(deadline, "join", "waits for a thread to end") and not self._done:
                return


class Functions(ByName, of="_thread"):
    """The functions of ``_thread``."""

    def __init__(self, machine: Any) -> None:
        self._machine = machine
        self._scheduler = machine.scheduler
        self._sentinels: dict[int, Any] = {}
        self._joinable: list[Handle] = []
        self._stack_size = 0

    def allocate_lock(self) -> Lock:
        """Make a lock."""
        return Lock(self._scheduler)

    allocate = allocate_lock

    def start_new_thread(self, function: Callable[..., Any], args: tuple[Any, ...],
                         kwargs: dict[str, Any] | None = None, /) -> int:
        """Begin a thread that calls *function*; returns its identifier, a number from 2.

        It runs when the thread that calls waits.  What it raises goes to ``sys.unraisablehook``.

        TypeError
            *function* cannot be called; *args* is no tuple.
        """
        if not callable(function):
            raise TypeError("first arg must be callable")
        if not isinstance(args, tuple):
            raise TypeError("2nd arg must be a tuple")
        return self._begin(function, args, kwargs or {}, None)

    start_new = start_new_thread

    def _begin(self, function: Any, args: Any, kwargs: Any, handle: Handle | None) -> int:
        name = getattr(getattr(function, "__self__", None), "name", "")

        def body() -> None:
            try:
                function(*args, **kwargs)
            except SystemExit:
                pass
            except Exception:
                text, named = "Exception ignored in thread started by", function
                if sys.version_info >= (3, 13):
                    text, named = f"{text} {function!r}", None
                sys.unraisablehook(types.SimpleNamespace(
                    exc_type=sys.exc_info()[0], exc_value=sys.exc_info()[1],
                    exc_traceback=sys.exc_info()[2], err_msg=text, object=named))
            finally:
                self._scheduler.engine.forget()
                self._end(handle)

        return self._scheduler.start(body, name).ident

    def _end(self, handle: Handle | None) -> None:
        reference = self._sentinels.pop(self._scheduler.current.ident, None)
        sentinel = reference() if reference is not None else None
        if sentinel is not None and sentinel.locked():
            sentinel.release()
        if handle is not None:
            handle._set_done()
            if handle in self._joinable:
                self._joinable.remove(handle)

    def start_joinable_thread(self, function: Callable[[], Any], handle: Handle | None = None,
                              daemon: bool = True) -> Handle:
        """Begin a thread that can be joined by its handle (3.13)."""
        handle = handle if handle is not None else Handle(self._scheduler)
        if handle.ident is not None:
            raise RuntimeError("thread already started")
        if not daemon:
            self._joinable.append(handle)
        handle.ident = self._begin(function, (), {}, handle)
        return handle

    def _ThreadHandle(self) -> Handle:
        return Handle(self._scheduler)

    def _make_thread_handle(self, ident: int) -> Handle:
        handle = Handle(self._scheduler)
        handle.ident = ident
        return handle

    def _shutdown(self) -> None:
        """Wait for every thread that is not a daemon."""
        for handle in tuple(self._joinable):
            handle.join()

    def _set_sentinel(self) -> Lock:
        lock = Lock(self._scheduler)
        self._sentinels[self._scheduler.current.ident] = weakref.ref(lock)
        return lock

    def get_ident(self) -> int:
        """The identifier of the thread that calls: 1 for the main thread, and on from there."""
        return self._scheduler.current.ident

    get_native_id = get_ident

    def _get_main_thread_ident(self) -> int:
        return self._scheduler.main.ident

    def _is_main_interpreter(self) -> bool:
        return True

    def daemon_threads_allowed(self) -> bool:
        """Return True: a thread may be a daemon."""
        return True

    def _count(self) -> int:
        return len(self._scheduler.tasks) - 1

    def stack_size(self, size: int = 0, /) -> int:
        """Note a stack size in bytes, which changes nothing; returns the one before."""
        before, self._stack_size = self._stack_size, size
        return before

    def exit(self) -> None:
        """End the thread that calls."""
        raise SystemExit

    exit_thread = exit

    def interrupt_main(self, signum: Any = 2, /) -> None:
        """Interrupt the main thread as the signal *signum* would; it wakes if it waits."""
        self._scheduler.call_in(self._scheduler.main, lambda: _host.interrupt_main(signum))

    def set_name(self, name: str, /) -> None:
        """Name the thread that calls (3.14)."""
        self._scheduler.current.name = name


def _refuse_subclass(cls: type[Any], /, **options: Any) -> None:
    raise TypeError("type '_thread.lock' is not an acceptable base type")


def make(machine: Any) -> types.ModuleType:
    """Build ``_thread`` for *machine*."""
    module = types.ModuleType("_thread", "Threads of a bsdsockets machine.")
    functions = Functions(machine)
    names = vars(module)
    for name, function in vars(Functions).items():
        if not name.startswith("__") and name not in ("_begin", "_end"):
            function.__module__ = "_thread"
            names[name] = getattr(functions, name)
    scheduler = machine.scheduler
    lock = type("lock", (Lock,), {"__slots__": (), "__module__": "_thread",
                                  "__init_subclass__": classmethod(_refuse_subclass),
                                  "__init__": lambda self: Lock.__init__(self, scheduler)})
    rlock = type("RLock", (RLock,), {"__slots__": (), "__module__": "_thread",
                                     "__init__": lambda self, *ignored, **also:
                                     RLock.__init__(self, scheduler)})
    handle = type("_ThreadHandle", (Handle,), {
        "__slots__": (), "__module__": "_thread",
        "__init__": lambda self: Handle.__init__(self, scheduler)})
    names.update(LockType=lock, lock=lock, allocate_lock=lock, allocate=lock, RLock=rlock,
                 _ThreadHandle=handle, _local=scheduler.engine.local(scheduler), error=RuntimeError,
                 TIMEOUT_MAX=TIMEOUT_MAX, _ExceptHookArgs=_host._ExceptHookArgs,
                 # a thread that ends with the machine has nothing to tell
                 _excepthook=lambda arguments, /: None if arguments.exc_type is Killed else (
                     _host._excepthook(arguments)))
    return module
