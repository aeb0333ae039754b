"""What is seen of a program that runs on a machine of the model: entries, and sockets by number.

    machine.observe(Watcher(...)) ---> Recording( entries, names, parents, ports, peers )

An entry is a call, the wait inside one, its return, a packet, or time that passes; it knows its
thread, the program's functions and line it came from, and how every socket stood after it.  Nothing
that the host chooses is kept: no descriptors, no addresses of objects, no clock.  Nothing of the
program's is held either: its buffers can grow and its exceptions' frames end as if nobody looked.

May not know: who is drawn where, HTML, Sphinx, whether a build or a browser asks.
"""

from __future__ import annotations

import sys
import types
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bsdsockets.machine.events import (
    CallBegins,
    CallEnds,
    CallWaits,
    Event,
    PacketComes,
    PacketLate,
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
_LOOPS = ("/asyncio/", "/socketserver.py")
"""Where the library itself waits for several sockets, round and round."""
_OWN_PIPE = "_make_self_pipe"
"""The function by which an event loop gets a socket to wake itself; nobody talks over it."""
_KEPT = 64
_SHORTEST = 5e-4  # seconds
_LOOKED_INTO = 64


@dataclass(frozen=True)
class Bytes:
    """Bytes of the program's: how they begin, and how many they are."""

    begin: bytes
    size: int


@dataclass(frozen=True)
class Failure:
    """An exception without its frames."""

    name: str
    errno: int = 0


@dataclass(eq=False)
class Entry:
    """One thing that was seen."""

    kind: str
    """``call``, ``wait``, ``return``, ``packet``, ``lost``, ``arrival`` or ``time``."""
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
    error: Failure | None = None
    packet: Any = None
    late: float = 0.0
    """How many seconds a packet takes."""
    begun: Entry | None = None
    """Of a return or a wait: the call."""
    ended: bool = False
    family: int = 0
    type: int = 0
    name: str = ""
    """The variable by which the program has the socket here."""
    text: str = ""
    """The line of the program."""
    index: int = 0
    """Its place among the entries."""
    after: dict[int, Now] = field(default_factory=dict)


@dataclass
class Recording:
    """What was seen of a program."""

    entries: list[Entry]
    names: dict[int, str]
    """Sockets by number: the first variable that held each."""
    parents: dict[int, int]
    ports: dict[int, int]
    peers: dict[int, int]
    output: str = ""
    cut: bool = False
    """True if more happened than was to be kept."""


class Watcher:
    """Takes the machine's events and keeps what is worth telling.

    sources
        The program's files: the name that its code objects have, and the lines.  Lines count
        through all of them, in their order.
    libraries
        Whether calls count that the standard library makes where no line of the program waits for
        them, in a server's own thread for example.
    """

    def __init__(
        self, machine: Any, sources: dict[str, list[str]], libraries: bool = False
    ) -> None:
        self._machine = machine
        self._lines: list[str] = []
        self._first: dict[str, int] = {}
        for name, lines in sources.items():
            self.add_source(name, lines)
        self._libraries = libraries
        self.sockets = Sockets(machine)
        self._here: dict[str, str] = {}
        self._latest: dict[int, str] = {}
        self._open: dict[str, list[Entry | None]] = {}
        self._threads: dict[int, str] = {}
        self._waited: set[int] = set()
        self._time = 0.0
        self._files: set[str] = set()
        self._calls_itself = False
        self.looks = True
        """False: keep the names and the calls, not what travels nor how the sockets stand."""
        self.most = 4000
        """How many entries are kept; if somebody looks, nobody does any more after them."""
        self.cut = False
        self.entries: list[Entry] = []
        self.names: dict[int, str] = {}
        self._all_names: dict[int, list[str]] = {}
        self._end_of_observing: Callable[[], None] | None = None

    def begin(self) -> None:
        """Look from now on."""
        self._end_of_observing = self._machine.observe(self)

    def end(self) -> None:
        """Look no more."""
        if self._end_of_observing is not None:
            self._end_of_observing()
            self._end_of_observing = None

    def add_source(self, name: str, lines: list[str]) -> int:
        """Let *lines* follow the lines that are known; returns how many stand before them."""
        self._first[name] = len(self._lines)
        self._lines += lines
        return self._first[name]

    def clear(self) -> None:
        """Forget what loading modules did."""
        self.entries.clear()

    def finish(self) -> None:
        """Let the last entry have how everything stands."""
        self.settle()

    def recording(self, output: str = "") -> Recording:
        """Everything that was seen."""
        for index, entry in enumerate(self.entries):
            entry.index = index
        known = self.sockets
        names = self._distinct_names() if self._libraries else self.names
        return Recording(
            self.entries, names, known.parents, known.ports, known.peers, output, self.cut
        )

    def _distinct_names(self) -> dict[int, str]:
        """Of each socket's names, the first that no other socket has had."""
        counts = Counter(name for names in self._all_names.values() for name in names)
        return {
            number: next((name for name in names if counts[name] == 1), names[0])
            for number, names in self._all_names.items()
        }

    def __call__(self, event: Event) -> None:
        functions, line = self._look_around()
        if isinstance(event, CallBegins):
            self._begin(event, functions, line)
        elif isinstance(event, CallWaits):
            self._wait(event, functions, line)
        elif isinstance(event, CallEnds):
            self._end(event, functions, line)
        elif isinstance(event, PacketSent):
            self._add(self._entry("packet", event, functions, line, packet=event.packet))
        elif isinstance(event, PacketLost | PacketLate):
            self._meet(event)
        elif isinstance(event, PacketComes):
            self._add(self._entry("arrival", event, functions, line, packet=event.packet))
        elif isinstance(event, StateChanged):
            self.sockets.look()

    def _entry(
        self, kind: str, event: Event, functions: tuple[str, ...], line: int, **details: Any
    ) -> Entry:
        thread = self._thread(event)
        text = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        return Entry(kind, event.time, thread, functions, line, text=text, **details)

    def _thread(self, event: Event) -> str:
        """The thread's name; among a reader's threads, another one for each."""
        if not self._libraries:
            return event.thread
        ident = self._machine.scheduler.current.ident
        if ident not in self._threads:
            alike = sum(
                name.partition("\N{NO-BREAK SPACE}")[0] == event.thread
                for name in self._threads.values()
            )
            again = f"\N{NO-BREAK SPACE}{alike + 1}" if alike else ""
            self._threads[ident] = event.thread + again
        return self._threads[ident]

    # What happens

    def _begin(self, event: CallBegins, functions: tuple[str, ...], line: int) -> None:
        entry: Entry | None = None
        number = self._number(event.arguments)
        if self._worth_telling(event, number, line):
            arguments = event.arguments
            if event.call == "send":
                arguments = tuple(map(_kept, arguments))
            entry = self._entry(
                "call", event, functions, line, call=event.call, number=number, arguments=arguments
            )
            if number:
                latest = self._latest.get(number, "")
                entry.name = self._here.get(str(event.arguments[0]), latest)
                entry.family = self.sockets.known[number].family
                entry.type = self.sockets.known[number].type
            self._add(entry)
        self._open.setdefault(self._thread(event), []).append(entry)

    def _worth_telling(self, event: CallBegins, number: int, line: int) -> bool:
        if event.call in QUIET or number in self.sockets.hidden or self._calls_itself:
            return False
        if not line and not self._libraries:
            return False
        if event.call == "setsockopt" and (
            not line or "setsockopt" not in self._lines[line - 1]
        ):
            return False  # create_server's own
        if event.call in WAITING_CALLS:
            return not any(part in name for name in self._files for part in _LOOPS)
        return bool(number) or event.call in ("socket", "socketpair")

    def _wait(self, event: CallWaits, functions: tuple[str, ...], line: int) -> None:
        call = next(iter(self._open.get(self._thread(event), [])[-1:]), None)
        if call is not None:
            self._waited.add(id(call))
            self._add(
                self._entry(
                    "wait",
                    event,
                    functions,
                    line,
                    call=call.call,
                    number=call.number,
                    what=event.what,
                    begun=call,
                )
            )

    def _end(self, event: CallEnds, functions: tuple[str, ...], line: int) -> None:
        stack = self._open.get(self._thread(event))
        call = stack.pop() if stack else None
        self.sockets.look()
        if self._calls_itself and event.call == "socketpair" and event.error is None:
            self.sockets.hide(event.result)
        if call is None:
            return
        call.ended = True
        if event.error is None:
            result = self._result(event, call)
        else:
            result = None
            number = getattr(event.error, "errno", 0)
            call.error = Failure(type(event.error).__name__, number or 0)
        call.result = result
        self._add(
            self._entry(
                "return",
                event,
                functions,
                line,
                call=event.call,
                number=call.number,
                result=result,
                error=call.error,
                begun=call,
                family=call.family,
                type=call.type,
            )
        )

    def _meet(self, event: PacketLost | PacketLate) -> None:
        """What becomes of the packet that was told of last, or before its double."""
        entry = next((e for e in self.entries[-2:] if e.packet is event.packet), None)
        if entry is not None and isinstance(event, PacketLate):
            entry.late = event.seconds
        elif entry is not None:
            entry.kind = "lost"

    def _result(self, event: CallEnds, call: Entry) -> Any:
        """What the call returned, sockets by their numbers."""
        result = event.result
        if event.call == "accept":
            self.sockets.parents[result[1].number] = call.number
            return result[1].number
        if event.call == "socket":
            file = self._machine.descriptors[result]
            call.number, call.family, call.type = file.number, file.family, file.type
        if event.call == "socketpair":
            result = tuple(self._machine.descriptors[each].number for each in result)
            call.number = result[0]
            call.family = self._machine.descriptors[event.result[0]].family
        return None if event.call in WAITING_CALLS else result

    def _add(self, entry: Entry) -> None:
        if self.cut or (entry.packet is not None and not self.looks):
            return
        if len(self.entries) >= self.most:
            self.cut = self.looks
            if self.cut:
                self.end()
            return
        passed = entry.time - self._time
        if passed > _SHORTEST:  # what changed since, it did meanwhile
            before = self.entries[-1].after if self.entries else {}
            told = Entry("time", entry.time, entry.thread, (), 0, what=duration(passed))
            told.after, self._time = before, entry.time
            self.entries.append(told)
        woken = entry.kind == "return" and id(entry.begun) in self._waited
        if not woken or self.entries[-1].kind in ("packet", "arrival"):
            self.settle()  # else what changed since is what the call did when it woke
        self.entries.append(entry)
        self.settle()

    # What is there

    def settle(self) -> None:
        """Say of the newest entry how everything stands after it."""
        if self.entries and self.looks:
            self.entries[-1].after = self.sockets.all_now()

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
        self._files = set()
        self._calls_itself = False
        while frame is not None:
            name = frame.f_code.co_filename
            if name in self._first:
                line = line or self._first[name] + frame.f_lineno
                functions.insert(0, frame.f_code.co_name)
                self._take_names(frame)
            elif self._libraries:
                self._files.add(name)
                self._calls_itself |= frame.f_code.co_name == _OWN_PIPE
            frame = frame.f_back
        return tuple(functions), line

    def _take_names(self, frame: types.FrameType) -> None:
        for name, value in self._named(list(frame.f_locals.items())):
            self._here.setdefault(str(value.fileno()), name)
            file = self._machine.descriptors.get(value.fileno())
            if file is not None and hasattr(file, "number"):
                self.names.setdefault(file.number, name)
                names = self._all_names.setdefault(file.number, [])
                if name not in names:
                    names.append(name)
                self._latest[file.number] = self._here[str(value.fileno())]

    def _named(self, names: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
        """The sockets among a function's variables, in its lists, and of its object."""
        kind = self._machine.socket_type
        inside: list[tuple[str, Any]] = []
        for name, value in names:
            if isinstance(value, kind):
                if name != "_" or not self._libraries:
                    yield name, value
            elif type(value) in (list, tuple) and len(value) <= _LOOKED_INTO and name != "_":
                inside += [(f"{name}[{index}]", each) for index, each in enumerate(value)]
            elif name == "self" and hasattr(value, "__dict__"):
                inside += [(f"self.{key}", each) for key, each in list(vars(value).items())]
        for name, value in inside:
            if isinstance(value, kind):
                yield name, value


def _kept(value: Any) -> Any:
    """An argument of send, so that the program's buffer is not held."""
    if isinstance(value, bytes | bytearray | memoryview):
        return Bytes(bytes(value[:_KEPT]), memoryview(value).nbytes)
    return value


def duration(seconds: float) -> str:
    """Seconds as one says them."""
    if seconds < 0.9995:
        return f"{round(seconds * 1000)} ms"
    return f"{seconds:.3g} s" if seconds < 120 else f"{seconds / 60:.3g} minutes"
