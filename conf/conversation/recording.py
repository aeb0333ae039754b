"""A program, run once on a machine of the model, and what was seen of it.

    program ---> bsdsockets.Machine(seed) ---> observe() ---> Recording( entries, sockets, output )

An entry is a call, the wait inside one, its return, a packet, or time that passes; it knows its
thread, the program's functions and line it came from, and how every socket stood after it.  Nothing
that the host chooses is kept: no descriptors, no addresses of objects, no clock.

May not know: who is drawn where, HTML, Sphinx.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import sys
import tempfile
import traceback
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from examples.engines import Builtins
from examples.session import LIMIT, TookTooLong, time_limit

import bsdsockets
from bsdsockets.machine.events import (
    CallBegins,
    CallEnds,
    CallWaits,
    Event,
    PacketLost,
    PacketSent,
    StateChanged,
)
from conversation.sockets import Now, Sockets

QUIET = frozenset(
    [
        "getsockname",
        "getpeername",
        "getsockopt",
        "socket_of",
        "epoll_create",
        "epoll_control",
        "dup",
        "detach",
    ]
)
"""Calls that change nothing another end could see."""
WAITING_CALLS = frozenset({"select", "poll", "epoll_wait"})


class ProgramError(Exception):
    """The program failed: *line* of it, counted from 1, and why."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass
class Entry:
    """One thing that was seen."""

    kind: str
    """``call``, ``wait``, ``return``, ``packet``, ``lost`` or ``time``."""
    time: float
    thread: str
    functions: tuple[str, ...]
    line: int
    call: str = ""
    number: int = 0
    """The socket it is about."""
    arguments: tuple[Any, ...] = ()
    what: str = ""
    result: Any = None
    error: BaseException | None = None
    packet: Any = None
    begun: Entry | None = None
    """Of a return or a wait: the call."""
    ended: bool = False
    family: int = 0
    type: int = 0
    name: str = ""
    """The variable by which the program has the socket here."""
    after: dict[int, Now] = field(default_factory=dict)


@dataclass
class Recording:
    """What was seen of a program."""

    source: str
    entries: list[Entry]
    names: dict[int, str]
    """Sockets by number: the first variable that held each."""
    parents: dict[int, int]
    ports: dict[int, int]
    peers: dict[int, int]
    output: str


def run(source: str, path: Path, seed: int = 0, line: int = 1) -> Recording:
    """Run *source*, which stands in *path* from *line* on, and return what was seen.

    ProgramError
        It does not compile, raises, waits for ever or takes too long.
    """
    machine = bsdsockets.Machine(seed)
    filename = f"<{path.name}>"
    watcher = _Watcher(machine, filename, source)
    names = Builtins(__import__=machine.import_, __build_class__=builtins.__build_class__)
    output = io.StringIO()
    end = machine.observe(watcher)
    failures: list[str] = []
    threading: Any = machine.load("threading")
    threading.excepthook = lambda args: failures.append(
        f"{args.exc_type.__name__}: {args.exc_value}"
    )
    watcher.clear()
    try:
        code = compile(source, filename, "exec", dont_inherit=True)
        with _own_directory(), contextlib.redirect_stdout(output), time_limit(LIMIT):
            exec(code, {"__name__": "__main__", "__builtins__": names})
        watcher.finish()  # before the machine closes what the program left open
    except SyntaxError as error:
        raise ProgramError(line + (error.lineno or 1) - 1, f"SyntaxError: {error.msg}") from None
    except (Exception, TookTooLong) as error:
        said = "".join(traceback.format_exception_only(error)).strip()
        raise ProgramError(line + _line_of(error, filename) - 1, said) from None
    finally:
        end()
        machine.close()
    if failures:
        raise ProgramError(line, f"in a thread: {failures[0]}")
    return Recording(
        source,
        watcher.entries,
        watcher.names,
        watcher.sockets.parents,
        watcher.sockets.ports,
        watcher.sockets.peers,
        output.getvalue(),
    )


def _line_of(error: BaseException, filename: str) -> int:
    """The line of the program where *error* came through last."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((f.lineno or 1 for f in reversed(frames) if f.filename == filename), 1)


@contextlib.contextmanager
def _own_directory() -> Iterator[None]:
    """A directory for the names of UNIX sockets, so that a program can use relative ones."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        try:
            yield
        finally:
            os.chdir(before)


class _Watcher:
    """Takes the machine's events and keeps what is worth telling."""

    def __init__(self, machine: Any, filename: str, source: str) -> None:
        self._machine = machine
        self._filename = filename
        self._lines = source.splitlines()
        self.sockets = Sockets(machine)
        self._here: dict[str, str] = {}
        self._latest: dict[int, str] = {}
        self._open: dict[str, list[Entry | None]] = {}
        self._time = 0.0
        self.entries: list[Entry] = []
        self.names: dict[int, str] = {}

    def clear(self) -> None:
        """Forget what loading modules did."""
        self.entries.clear()

    def finish(self) -> None:
        """Let the last entry have how everything stands."""
        self._settle()

    def __call__(self, event: Event) -> None:
        functions, line = self._look_around()
        if isinstance(event, CallBegins):
            self._begin(event, functions, line)
        elif isinstance(event, CallWaits):
            self._wait(event, functions, line)
        elif isinstance(event, CallEnds):
            self._end(event, functions, line)
        elif isinstance(event, PacketSent):
            self._add(
                Entry("packet", event.time, event.thread, functions, line, packet=event.packet)
            )
        elif isinstance(event, PacketLost) and self.entries:
            self.entries[-1].kind = "lost"
        elif isinstance(event, StateChanged):
            self.sockets.look()

    # What happens

    def _begin(self, event: CallBegins, functions: tuple[str, ...], line: int) -> None:
        entry: Entry | None = None
        number = self._number(event.arguments)
        if self._worth_telling(event, number, line):
            entry = Entry(
                "call",
                event.time,
                event.thread,
                functions,
                line,
                event.call,
                number,
                event.arguments,
            )
            if number:
                latest = self._latest.get(number, "")
                entry.name = self._here.get(str(event.arguments[0]), latest)
                entry.family = self.sockets.known[number].family
                entry.type = self.sockets.known[number].type
            self._add(entry)
        self._open.setdefault(event.thread, []).append(entry)

    def _worth_telling(self, event: CallBegins, number: int, line: int) -> bool:
        if event.call in QUIET or not line:
            return False
        if event.call == "setsockopt" and "setsockopt" not in self._lines[line - 1]:
            return False  # create_server's own
        return (
            bool(number) or event.call in ("socket", "socketpair") or (event.call in WAITING_CALLS)
        )

    def _wait(self, event: CallWaits, functions: tuple[str, ...], line: int) -> None:
        call = next(iter(self._open.get(event.thread, [])[-1:]), None)
        if call is not None:
            self._add(
                Entry(
                    "wait",
                    event.time,
                    event.thread,
                    functions,
                    line,
                    call.call,
                    call.number,
                    what=event.what,
                    begun=call,
                )
            )

    def _end(self, event: CallEnds, functions: tuple[str, ...], line: int) -> None:
        stack = self._open.get(event.thread)
        call = stack.pop() if stack else None
        self.sockets.look()
        if call is None:
            return
        call.ended = True
        if event.call == "accept" and event.error is None:
            self.sockets.parents[event.result[1].number] = call.number
        result = event.result
        if event.call == "socket" and event.error is None:
            call.number = self._machine.descriptors[result].number
            call.family = self._machine.descriptors[result].family
        if event.call == "socketpair" and event.error is None:
            result = tuple(self._machine.descriptors[each].number for each in result)
            call.number = result[0]
        if event.call == "accept" and event.error is None:
            result = event.result[1].number
        if event.call in WAITING_CALLS:
            result = None
        call.result, call.error = result, event.error
        self._add(
            Entry(
                "return",
                event.time,
                event.thread,
                functions,
                line,
                event.call,
                call.number,
                result=result,
                error=event.error,
                begun=call,
                family=call.family,
                type=call.type,
            )
        )

    def _add(self, entry: Entry) -> None:
        woken = entry.kind == "return" and self._waited(entry.begun)
        if (
            not woken or self.entries[-1].kind == "packet"
        ):  # else what changed since is what the call did when it woke
            self._settle()
        if entry.time > self._time + 1e-6:
            passed = Entry(
                "time", entry.time, entry.thread, (), 0, what=_duration(entry.time - self._time)
            )
            self._time = entry.time
            passed.after = self.entries[-1].after if self.entries else {}
            self.entries.append(passed)
        self.entries.append(entry)
        self._settle()

    def _waited(self, call: Entry | None) -> bool:
        return any(entry.kind == "wait" and entry.begun is call for entry in self.entries)

    # What is there

    def _settle(self) -> None:
        """Say of the newest entry how everything stands after it."""
        now = self.sockets.all_now()
        if self.entries:
            self.entries[-1].after = now

    def _number(self, arguments: tuple[Any, ...]) -> int:
        """The number of the socket that a call's first argument names."""
        first = arguments[0] if arguments else None
        if isinstance(first, list | dict) and first:  # select and poll
            first = next(iter(first))
        return self.sockets.of(first)

    def _look_around(self) -> tuple[tuple[str, ...], int]:
        """The program's functions, outermost first, and the line where it stands."""
        frame: types.FrameType | None = sys._getframe(2)
        functions: list[str] = []
        line = 0
        self._here = {}
        while frame is not None:
            if frame.f_code.co_filename == self._filename:
                line = line or frame.f_lineno
                functions.insert(0, frame.f_code.co_name)
                self._take_names(frame)
            frame = frame.f_back
        return tuple(functions), line

    def _take_names(self, frame: types.FrameType) -> None:
        kind = self._machine.socket_type
        for name, value in list(frame.f_locals.items()):
            if isinstance(value, kind):
                self._here.setdefault(str(value.fileno()), name)
                file = self._machine.descriptors.get(value.fileno())
                if file is not None:
                    self.names.setdefault(file.number, name)
                    self._latest[file.number] = self._here[str(value.fileno())]


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    return f"{seconds:.3g} s" if seconds < 120 else f"{seconds / 60:.3g} minutes"
