"""Threads: which of them runs, who waits for what, and when nobody ever will run again.

One thread runs at a time.  It goes on until it waits; then the next one that is ready
runs.  When none is ready, time jumps to the next thing that happens, and when nothing
will happen either, a thread is told so with `Deadlock`::

             wake                       chosen: the longest ready (seed 0)
    waiting ------> ready ------------------------------> running
       ^                                                     |
       +-----------------------------------------------------+ wait

How a thread is suspended is the business of an *engine* (`threads.RealThreads` hands a
baton between real threads); the order is the same on every engine.

While a thread gives way, garbage is not collected: a finalizer that waits for a lock would do so
in the middle of that.

May not know: sockets.  Whatever has a list ``waiters`` can be waited for.

Sources: xv6 ``sleep`` and ``wakeup``; trio's ``MockClock`` for time that jumps.
"""

import gc
import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from .clock import Clock
from .errors import Deadlock

PATIENCE = 16  # times that a thread asks in vain between two turns
LOCKS = 1000  # that a thread takes without waiting before it must look whether others can go on
ASKING = 10e-6  # seconds that a call in vain takes, with what a program does between two of them
TURNS = 100  # in a row, each of them short, after which the time that they took has passed
LONELY = 10_000  # waits in a row, of all threads, that were over before anything came


class Killed(BaseException):
    """Raised in a thread that still waits when its machine is switched off."""


class Engine(Protocol):
    """What suspends and resumes threads; `puts_aside`: by moving their stacks away."""

    puts_aside: bool

    def adopt(self, task: "Task") -> None:
        """Take the thread that calls as *task*: the main one."""

    def start(self, task: "Task", body: Callable[[], None]) -> None:
        """Make a thread that runs *body* when it is first switched to; RuntimeError if none."""

    def switch(self, leaving: "Task", entering: "Task") -> None:
        """Suspend *leaving*, which calls, and let *entering* go on."""

    def stir(self, task: "Task") -> None:
        """Let *task*, which waits, handle signals."""

    def end(self, leaving: "Task", entering: "Task | None") -> None:
        """The same without a way back; None for *entering* is the end of all."""

    def local(self, scheduler: "Scheduler") -> type:
        """The class ``_thread._local`` for these threads."""
        ...

    def forget(self) -> None:
        """Let end what is local to the thread that calls, which ends."""


class Task:
    """A thread of the model.

    Waiting is said in `call` (a system call with its arguments) and `what` (the thing it
    waits for); both are only read to explain a deadlock.
    """

    __slots__ = ("baton", "call", "calls", "error", "expired", "host", "ident", "name",
                 "ready", "scheduler", "started", "took", "turn", "waiting", "what")

    def __init__(self, scheduler: "Scheduler", ident: int, name: str) -> None:
        self.scheduler = scheduler
        self.ident = ident
        self.name = name
        self.call: object = ""
        self.what: object = ""
        self.waiting = False
        self.ready = False
        self.expired = False
        self.started = True
        self.error: BaseException | None = None
        self.calls: list[Callable[[], object]] = []  # what it does first when it runs again
        self.baton: Any = None  # what its engine wakes it by
        self.host = 0  # the host's thread that it is, as _thread.get_ident() has it
        self.turn = False
        self.took = 0  # locks, since it waited last

    def notify(self, mask: int = 0) -> None:
        """Something this thread waits for has changed: it is ready if it waits.

        *mask*, which events, is for others that are told; a thread looks again anyway.
        """
        if self.waiting and not self.ready:
            self.ready = True
            self.scheduler.ready.append(self)

    def expire(self) -> None:
        """The time this thread gave itself is over."""
        self.expired = True
        self.notify()


class Scheduler:
    """The threads of one machine.

    current, main
        The `Task` that runs, and the first one.
    ready
        Those that run next, the longest ready first.
    tasks
        All there are, by identifier.

    >>> from bsdsockets import Machine
    >>> scheduler = Machine().scheduler
    >>> _ = scheduler.start(lambda: print("the other"))
    >>> scheduler.pause(); print("the first again")
    the other
    the first again
    """

    def __init__(self, clock: Clock, engine: Engine, seed: int = 0) -> None:
        self.clock = clock
        self.engine = engine
        self.random = random.Random(seed) if seed else None
        self.ready: deque[Task] = deque()
        self.tasks: dict[int, Task] = {}
        self.closed = False
        self.outside: Callable[[], bool] = lambda: False  # may something from outside wake one?
        self.nobody_comes: Callable[[], object] = lambda: None  # called after `LONELY` waits
        self._idents = self._in_vain = 0
        self.turns = self._timed = 0  # how many there have been, and for how many time has passed
        self.disturbed = False  # has a signal's handler run?
        self._collects = False  # whether garbage was collected before that was held
        self._asked = self._counted_in = self._looks = 0
        self.main = self.current = self._new("MainThread")
        engine.adopt(self.main)

    def _new(self, name: str) -> Task:
        self._idents += 1
        task = Task(self, self._idents, name or f"Thread-{self._idents - 1}")
        self.tasks[task.ident] = task
        return task

    def start(self, body: Callable[[], None], name: str = "") -> Task:
        """Make a thread that runs *body*; it is ready, and runs when others wait.

        RuntimeError
            The host has no thread left, or this browser none at all.
        """
        task = self._new(name)
        task.waiting = True
        task.started = False
        bodies = [body]
        try:
            self.engine.start(task, lambda: self._live(task, bodies))
        except BaseException:
            if task.host:  # it is there: what was raised is a signal's handler's
                task.notify()
            else:
                del self.tasks[task.ident]
            raise
        task.notify()
        return task

    def _live(self, task: Task, bodies: list[Callable[[], None]]) -> None:
        task.waiting = False
        task.started = True
        self._collect_again()
        try:
            if task.error is None:
                bodies.pop()()  # whose last reference ends in this thread's turn
        except Killed:
            pass
        finally:
            del self.tasks[task.ident]
            self._hold_garbage()
            self.engine.end(task, None if self.closed else self._next())

    def wait(self, sources: Iterable[Any], deadline: float | None, what: object = "",
             alert: bool = False, in_turn: bool = True) -> bool:
        """Wait until one of *sources* wakes this thread, or until *deadline*.

        *deadline* is a time of the clock, in seconds; None waits for ever.  *what* is only told in
        a deadlock.  Returns False when the deadline came first.  Whoever wakes says that something
        may have changed, not that it has: the caller looks again.  With *alert* it does so at once
        if a signal's handler has run since it set `disturbed` to False and looked.  Who does not
        wait *in_turn* is woken before those that wait already.

        Deadlock
            Nobody can ever wake, and this thread is the one that is told.
        Killed
            The machine is switched off.
        """
        task = self.current
        sources = tuple(sources)
        self._hold_garbage()
        task.what, task.expired, task.waiting, task.took = what, False, True, 0
        for source in sources:
            source.waiters.insert(len(source.waiters) if in_turn else 0, task)
        timer = None if deadline is None else self.clock.at(deadline, task.expire)
        try:
            if alert and self.disturbed:
                task.notify()
            self._give_way(task)
        finally:
            task.waiting = False
            for source in sources:
                source.waiters.remove(task)
            if timer is not None:
                timer.cancel()
            self._collect_again()
        self._in_vain = self._in_vain + 1 if task.expired else 0
        if self._in_vain == LONELY:
            self.nobody_comes()
        return not task.expired

    def _hold_garbage(self) -> None:
        """Collect none: its finalizers could wait while it is not clear whose turn it is."""
        self._collects = self._collects or gc.isenabled()
        gc.disable()

    def _collect_again(self) -> None:
        """Collect garbage, as before; where stacks are put aside, when only one is left."""
        if self._collects and not (self.engine.puts_aside and len(self.tasks) > 1):
            self._collects = False
            gc.enable()

    def pause(self) -> None:
        """Let the threads that are ready run first; chance decides, where there is a seed."""
        if self.ready:
            task = self.current
            self._hold_garbage()
            try:
                task.waiting = True
                task.notify()
                self._give_way(task)
                task.waiting = False
            finally:
                self._collect_again()

    def look(self) -> None:
        """Let the others go on, and 10 microseconds pass: who calls has asked in vain.

        So a loop that asks again and again comes to its end, as on a system.

        >>> from bsdsockets import Machine
        >>> machine = Machine()
        >>> machine.scheduler.look(); machine.clock.now
        1e-05
        """
        if self.ready:
            self.pause()
        self.clock.pass_time(ASKING)

    def asks_again(self) -> bool:
        """True of a thread that asks again and again without waiting, which keeps others so."""
        if self._counted_in != self.turns:  # it is counted from the last turn on
            self._counted_in, self._asked = self.turns, 0
        self._asked += 1
        return self._asked > PATIENCE

    def ask(self) -> None:
        """Let the others go on; and where this thread asks again and again, `look`."""
        (self.look if self.asks_again() else self.pause)()

    def took(self) -> None:
        """This thread got a lock without waiting; whoever does it again and again lets others run.

        ``while not queue.empty(): pass`` takes the queue's lock each time, and waits for nothing.
        Who waits for one of several locks that are taken in turn finds each of them free in time.
        """
        task = self.current
        task.took += 1
        if task.took > LOCKS + self._looks % 8 and len(self.tasks) > 1:
            task.took, self._looks = 0, self._looks + 1
            self.look()

    def take_turns(self) -> None:
        """This thread has made a thousand calls that did not wait: others run, and time passes.

        Who sends to himself for ever hears his alarm, and is stopped by another.
        """
        self.current.took = 0
        self.pause()
        self.clock.pass_time(LOCKS * ASKING)

    def _give_way(self, task: Task) -> None:
        following = self._next()
        if following is not task:
            self.engine.switch(task, following)
        if task.error is not None:
            failure, task.error = task.error, None
            raise failure
        while task.calls:
            task.calls.pop(0)()

    def call_in(self, task: Task, function: Callable[[], object]) -> None:
        """Let *task* call *function*: now if it runs, else when it is woken, which this does."""
        if task.waiting:
            task.calls.append(function)
            task.notify()
        else:
            function()

    def _next(self) -> Task:
        """Choose the thread that runs now."""
        if not self.ready:
            self._pass_time()
        elif self.turns - self._timed >= TURNS:
            self._take_time()
        if self.random is None or len(self.ready) == 1:
            task = self.ready.popleft()
        else:
            index = int(self.random.random() * len(self.ready))
            task = self.ready[index]
            del self.ready[index]
        task.ready = False
        self.current = task
        self.turns += 1
        return task

    def _pass_time(self) -> None:
        """Everybody waits: let things happen until somebody is ready."""
        while not self.ready:
            if not self.clock.step() and not self.outside() and not self.ready:
                self.ready.append(self._tell_of_deadlock())
                return
            self._stir_main()
        self._timed = self.turns
        self.clock.awake()

    def _take_time(self) -> None:
        """Threads keep each other going: their turns take time, or no other's sleep would end."""
        self.clock.pass_time((self.turns - self._timed) * ASKING)
        self._timed = self.turns
        self._stir_main()

    def _stir_main(self) -> None:
        if self.clock.real and self.current is not self.main:
            self.engine.stir(self.main)

    def _tell_of_deadlock(self) -> Task:
        victim = self.main if self.main.waiting else self.current
        if not victim.waiting:
            victim = next(task for task in self.tasks.values() if task.waiting)
        victim.error = Deadlock(self.explain())
        return victim

    def explain(self) -> str:
        """Say which thread waits in which call for what."""
        lines = [f"{task.name} in {task.call or 'a wait'}: {task.what}"
                 for task in self.tasks.values() if task.waiting]
        return "nobody can ever wake: " + "; ".join(lines)

    def interrupt(self, task: Task) -> None:
        """Take the turn back for *task*, in which the host raised an exception."""
        task.notify()

    def survive(self) -> None:
        """Go on with the thread that calls alone, as the child of a fork does."""
        for task in self.tasks.values():
            task.waiting = task is self.current and task.waiting
        self.ready.clear()
        self.tasks = {self.current.ident: self.current}
        self.main = self.current

    def close(self) -> None:
        """End every thread that still waits, by raising `Killed` in it.

        Does nothing in a thread other than the main one.
        """
        victims: Sequence[Task] = [t for t in self.tasks.values() if t is not self.main]
        if self.current is not self.main:
            return
        for victim in victims:
            if victim.ident in self.tasks:
                victim.error = Killed()
                victim.waiting = True
                victim.notify()
        while len(self.tasks) > 1 and self.ready:
            self.pause()
