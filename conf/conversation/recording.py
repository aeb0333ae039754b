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
_PREVIEW = 64


class ProgramError(Exception):
    """The program failed: *line* of it, counted from 1, and why."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Now:
    """How a socket stands: its state, what waits to be read, who waits to be accepted."""

    state: str
    queued: int = 0
    preview: bytes = b""
    records: int | None = None
    """How many messages, where the queue keeps their boundaries."""
    waiting: int | None = None
    """Completed connections, of a socket that listens."""
    backlog: int = 0


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
    after: dict[int, Now] = field(default_factory=dict)


@dataclass
class Recording:
    """What was seen of a program."""

    source: str
    entries: list[Entry]
    names: dict[int, str]
    """Sockets by number: the first variable that held each."""
    parents: dict[int, int]
    """An accepted socket's listening one."""
    ports: dict[int, int]
    """Port -> the first socket that had it."""
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
    except SyntaxError as error:
        raise ProgramError(line + (error.lineno or 1) - 1, f"SyntaxError: {error.msg}") from None
    except (Exception, TookTooLong) as error:
        at = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == filename]
        said = "".join(traceback.format_exception_only(error)).strip()
        raise ProgramError(line + ((at or [1])[-1] or 1) - 1, said) from None
    finally:
        end()
        machine.close()
    if failures:
        raise ProgramError(line, f"in a thread: {failures[0]}")
    return Recording(
        source,
        watcher.finished(),
        watcher.names,
        watcher.parents,
        watcher.ports,
        output.getvalue(),
    )


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
        self._sockets: dict[int, Any] = {}
        self._keys: dict[int, Any] = {}
        self._open: dict[str, list[Entry | None]] = {}
        self._time = 0.0
        self.entries: list[Entry] = []
        self.names: dict[int, str] = {}
        self.parents: dict[int, int] = {}
        self.ports: dict[int, int] = {}

    def clear(self) -> None:
        """Forget what loading modules did."""
        self.entries.clear()

    def finished(self) -> list[Entry]:
        """Return the entries, the last of them with how everything stands."""
        self._settle()
        return self.entries

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
            self._find_new()

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
                entry.family = self._sockets[number].family
                entry.type = self._sockets[number].type
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
        self._find_new()
        if call is None:
            return
        call.ended = True
        if event.call == "accept" and event.error is None:
            self.parents[event.result[1].number] = call.number
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
        self._find_new()
        if self.entries:
            self.entries[-1].after = {n: self._now(n) for n in sorted(self._sockets)}

    def _find_new(self) -> None:
        """Get to know sockets: those with a descriptor, and those not yet accepted."""
        for file in list(self._machine.descriptors.values()):
            if hasattr(file, "number"):
                self._sockets.setdefault(file.number, file)
                for child in file.queue.completed if file.queue else ():
                    self._sockets.setdefault(child.number, child)
                    self.parents.setdefault(child.number, file.number)
        for number, so in self._sockets.items():
            if so.port:
                self.ports.setdefault(so.port, number)
            if getattr(so.pcb, "remote_port", 0) and hasattr(so.pcb, "key"):
                self._keys[number] = so.pcb.key

    def _now(self, number: int) -> Now:
        so = self._sockets[number]
        buffer = so.buffer
        records = getattr(buffer, "records", None if hasattr(buffer, "length") else buffer)
        if records is None:
            queued, preview = len(buffer), buffer.peek(_PREVIEW)
        else:
            queued = sum(len(record.data) for record in records)
            preview = b"".join(record.data for record in records)[:_PREVIEW]
        whole = None if records is None or so.type == 1 else len(records)
        waiting = len(so.queue.completed) if so.queue is not None and so.references else None
        backlog = so.queue.backlog if so.queue is not None else 0
        if not so.references and number not in self._children_waiting():
            queued, preview, whole = 0, b"", None
        return Now(self._state(number), queued, preview, whole, waiting, backlog)

    def _children_waiting(self) -> set[int]:
        return {
            child.number
            for so in self._sockets.values()
            if so.queue is not None
            for child in so.queue.completed
        }

    def _state(self, number: int) -> str:
        """The state in the protocol's words, also of what remains of a closed TCP socket."""
        so = self._sockets[number]
        table = getattr(getattr(so.protocol, "output", None), "table", None)
        if table is not None:
            remains = table.get(self._keys.get(number))
            return str(remains.state if remains is not None else so.pcb.state)
        if not so.references and number not in self._children_waiting():
            return "CLOSED"
        if so.listening or so.queue is not None:
            return "LISTEN"
        if so.state == "unconnected" and (so.port or getattr(so.pcb, "name", b"")):
            return "BOUND"
        return str(so.state).upper()

    def _number(self, arguments: tuple[Any, ...]) -> int:
        """The number of the socket that a call's first argument names."""
        first = arguments[0] if arguments else None
        if isinstance(first, list) and first:  # select
            first = first[0]
        if isinstance(first, dict) and first:  # poll
            first = next(iter(first))
        file = self._machine.descriptors.get(first) if isinstance(first, int) else None
        self._find_new()
        return int(getattr(file, "number", 0))

    def _look_around(self) -> tuple[tuple[str, ...], int]:
        """The program's functions, outermost first, and the line where it stands."""
        frame: types.FrameType | None = sys._getframe(2)
        functions: list[str] = []
        line = 0
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
                file = self._machine.descriptors.get(value.fileno())
                if file is not None:
                    self.names.setdefault(file.number, name)


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    return f"{seconds:.3g} s" if seconds < 120 else f"{seconds / 60:.3g} minutes"
