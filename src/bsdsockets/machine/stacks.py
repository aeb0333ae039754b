"""The engine for browsers: one real thread, a stack of its own for each thread of the model.

A browser's WebAssembly can put a stack aside while JavaScript waits for a promise, and take
it up again when the promise is kept.  So a thread of the model that waits leaves a promise
behind, its baton, and whoever is to run next has its promise kept::

    leaving --new promise--> baton      entering.baton --kept--> entering goes on

The order is the scheduler's and the same as with real threads.  Where the browser cannot
switch stacks, `SingleStack` runs programs that need one thread and refuses the second.

May not know: the order of threads, which is the scheduler's.

Sources: Pyodide's ``pyodide.ffi.run_sync`` and ``PyCallable.callPromising``; WebAssembly
JavaScript Promise Integration; CPython 3.14 ``Modules/_asynciomodule.c`` for what asyncio
keeps of the thread that runs.
"""

import _thread
from collections.abc import Callable
from typing import Any

from .scheduler import Task

try:
    from pyodide.code import run_js
    from pyodide.ffi import can_run_sync, create_proxy, run_sync
except ImportError:  # not in a browser
    run_js = can_run_sync = create_proxy = run_sync = None
    _asyncio: Any = None
else:  # nowhere else: if _asyncio is imported before asyncio, its parts are made twice, and differ
    import _asyncio

NEEDED = ("a second thread needs a browser that can switch stacks "
          "(WebAssembly JavaScript Promise Integration)")

# The bodies of threads begin in a JavaScript task of their own, each on a fresh stack.
_START = """(promise, body) => {
    promise.then(() => body.callPromising()).finally(() => body.destroy());
}"""


class SingleStack:
    """Runs the main thread; there is no other."""

    puts_aside = False

    def adopt(self, task: Task) -> None:
        """Take the real thread as *task*."""

    def start(self, task: Task, body: Callable[[], None]) -> None:
        """Refuse, as an interpreter without threads does."""
        raise RuntimeError(f"can't start new thread: {NEEDED}")

    def switch(self, leaving: Task, entering: Task) -> None:
        """Never: there is nobody to switch to."""
        raise RuntimeError(NEEDED)

    def stir(self, task: Task) -> None:
        """Nothing to do: a browser sends no signals."""

    def end(self, leaving: Task, entering: Task | None) -> None:
        """Nothing is left to do."""

    def local(self, scheduler: Any) -> type:
        """With one thread, what is local to it needs no telling apart."""
        return _thread._local

    def forget(self) -> None:
        """Never: no thread ends."""


class StackSwitching:
    """Suspends a thread of the model by putting its stack aside.

    CPython's collector of garbage walks the frames of every stack, and those of one that is put
    aside are no longer where they were: it ends in "memory access out of bounds".
    """

    puts_aside = True

    def __init__(self) -> None:
        self._promise = run_js("() => Promise.withResolvers()")
        self._start = run_js(_START)

    def adopt(self, task: Task) -> None:
        """Take the stack that calls as *task*."""

    def start(self, task: Task, body: Callable[[], None]) -> None:
        """Make a stack that runs *body* once its promise is kept."""
        task.baton = self._promise()
        self._start(task.baton.promise, create_proxy(_alone(body)))

    def switch(self, leaving: Task, entering: Task) -> None:
        """Put the stack of *leaving*, which calls, aside and let *entering* go on."""
        leaving.baton = self._promise()
        entering.baton.resolve()
        loop, task = _leave_loop()
        try:
            run_sync(leaving.baton.promise)
        finally:
            _enter_loop(loop, task)

    def stir(self, task: Task) -> None:
        """Nothing to do: a browser sends no signals."""

    def end(self, leaving: Task, entering: Task | None) -> None:
        """Let *entering* go on; the stack of *leaving* ends by itself."""
        if entering is not None:
            entering.baton.resolve()


    def local(self, scheduler: Any) -> type:
        """The host sees one thread, so what is local is kept by the model's threads."""
        return type("_local", (Local,), {"_scheduler": scheduler, "__module__": "_thread"})

    def forget(self) -> None:
        """Leave it to `Local`, which forgets those that are gone when another asks."""


class Local:
    """``threading.local`` over the threads of one scheduler.

    Each thread has a dictionary of its own, put in the place of ``__dict__`` at each access.
    """

    _scheduler: Any = None

    def __new__(cls, /, *arguments: Any, **named: Any) -> "Local":
        self = object.__new__(cls)
        object.__setattr__(self, "_local", ({}, arguments, named))
        return self

    def _enter(self) -> None:
        dictionaries, arguments, named = object.__getattribute__(self, "_local")
        threads = self._scheduler.tasks
        ident = self._scheduler.current.ident
        known = ident in dictionaries
        if not known:
            for gone in [each for each in dictionaries if each not in threads]:
                del dictionaries[gone]
            dictionaries[ident] = {"_local": (dictionaries, arguments, named)}
        object.__setattr__(self, "__dict__", dictionaries[ident])
        if not known:
            type(self).__init__(self, *arguments, **named)

    def __getattribute__(self, name: str) -> Any:
        if name != "_scheduler" and name != "_enter":
            self._enter()
        return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._enter()
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        self._enter()
        object.__delattr__(self, name)


def engine() -> Any:
    """Return the engine for the browser this runs in, or None where it is no browser."""
    if run_js is None:
        return None
    return StackSwitching() if can_run_sync() else SingleStack()


def _alone(body: Callable[[], None]) -> Callable[[], None]:
    """*body*, begun outside of any event loop and leaving the browser's behind."""
    def run() -> None:
        loop, task = _leave_loop()
        _asyncio._set_running_loop(None)
        try:
            body()
        finally:
            _enter_loop(loop, task)
    return run


# What asyncio believes to be running belongs to a stack, but is kept per real thread, and
# run_sync needs the browser's own loop there.
_browsers_loop = _asyncio._get_running_loop() if run_js else None


def _leave_loop() -> tuple[Any, Any]:
    """Take the running loop and its task off; return them."""
    loop = _asyncio._get_running_loop()
    task = None
    if loop is not None:
        task = _asyncio._swap_current_task(loop, None)
    _asyncio._set_running_loop(_browsers_loop)
    return loop, task


def _enter_loop(loop: Any, task: Any) -> None:
    """Put the running loop and its task back."""
    _asyncio._set_running_loop(loop)
    if loop is not None:
        _asyncio._swap_current_task(loop, task)
