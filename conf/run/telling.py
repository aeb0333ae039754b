"""What a reader is told of a run: its output, its exceptions, and what is other on a page.

    Kept, Output what is printed, up to a limit; text that UTF-8 does not have fails, as on Linux
    traceback_of an exception as Python prints it, without the lines of the model and the session
    hint         why a page cannot do what an exception says, in a sentence

May not know: the browser, the machine.  It is apart so that it can be tried anywhere.

Sources: CPython's ``traceback``; getaddrinfo(3) for EAI_NONAME.
"""

from __future__ import annotations

import io
import linecache
import re
import sys
import time
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bsdsockets.machine import errors

HERE = str(Path(__file__).resolve().parent)
MOST = 200_000
"""Characters of one output that are kept."""
AT_ONCE = 200
"""Messages that go to the page one by one, before they are gathered."""
PAUSE = 0.05
"""Seconds in which later ones are gathered."""


class Kept:
    """Text as it comes, up to a limit; how much there would be more is said once.

    >>> kept = Kept(most=5)
    >>> kept.add("one "), kept.add("two"), kept.take(), kept.add("three"), kept.rest()
    (None, None, 'one t', None, '\\n… 7 characters more\\n')
    """

    def __init__(self, most: int = MOST) -> None:
        self._parts: list[str] = []
        self._room = most
        self._more = 0

    def add(self, text: str) -> None:
        if kept := text[: self._room]:
            self._parts.append(kept)
        self._room -= len(kept)
        self._more += len(text) - len(kept)

    def text(self) -> str:
        """What there is that nobody has taken yet."""
        return "".join(self._parts)

    def take(self) -> str:
        """The same, once."""
        text = self.text()
        self._parts.clear()
        return text

    def rest(self) -> str:
        """The last of it: what there is, and how much there would be more."""
        more, self._more = self._more, 0
        return self.take() + (f"\n… {more:,} characters more\n" if more else "")


class Output(io.TextIOBase):
    """Keeps what is printed, as `Kept` does; text that UTF-8 does not have fails.

    >>> output = Output(most=5)
    >>> output.write("one "), output.write("two"), output.rest()
    (4, 3, 'one t\\n… 2 characters more\\n')
    """

    encoding = "utf-8"

    def __init__(self, most: int = MOST) -> None:
        self._kept = Kept(most)
        self.buffer = Bytes(self)

    def write(self, text: str, /) -> int:
        text.encode()
        self._kept.add(text)
        return len(text)

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        """Stay open: what a program closes is its own name for it."""

    def rest(self) -> str:
        """What was printed, and how much more there would be."""
        return self._kept.rest()


class Bytes(io.RawIOBase):
    """The bytes below a text: ``sys.stdout.buffer``."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._text.write(bytes(data).decode(errors="replace"))
        return len(data)


class Gathered:
    """Passes texts on: the first at once, those of a program that floods in larger pieces.

    >>> passed = []
    >>> gathered = Gathered(passed.append, at_once=2, most=8)
    >>> for text in ("one ", "two ", "three "): gathered.add(text)
    >>> gathered.flush(); passed
    ['one ', 'two ', '\\n… 6 characters more\\n']
    """

    def __init__(
        self, pass_on: Callable[[str], object], at_once: int = AT_ONCE, most: int = MOST
    ) -> None:
        self._pass_on = pass_on
        self._at_once = at_once
        self._waiting = Kept(most)
        self._next = 0.0

    def add(self, text: str) -> None:
        """Take *text*; it is passed on now or with the next ones."""
        self._waiting.add(text)
        if self._at_once > 0:
            self._at_once -= 1
            self._send()
        elif time.perf_counter() > self._next:
            self._send()

    def _send(self) -> None:
        if text := self._waiting.take():
            self._pass_on(text)
        self._next = time.perf_counter() + PAUSE

    def flush(self) -> None:
        """Pass on what still waits, and how much there would be more."""
        if rest := self._waiting.rest():
            self._pass_on(rest)


def remember(name: str, text: str) -> None:
    """Know the lines of *name*, for tracebacks."""
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)


def traceback_of(error: BaseException, names: dict[str, str] | None = None) -> str:
    """An exception as Python prints it; *names* says how files are called that have no name.

    >>> try:
    ...     compile("x = (1,", "program.py", "exec")
    ... except SyntaxError as error:
    ...     print(traceback_of(error.with_traceback(None)), end="")
      File "program.py", line 1
        x = (1,
            ^
    SyntaxError: '(' was never closed
    """
    if isinstance(error, SyntaxError) and error.text is None:
        error.text = linecache.getline(error.filename or "", error.lineno or 0) or None
    told = traceback.TracebackException.from_exception(error)
    _trim(told, names or {}, set())
    text = "".join(told.format())
    if isinstance(error, SyntaxError) and not told.stack:
        text = text.removeprefix("Traceback (most recent call last):\n")
    return text


def _trim(told: Any, names: dict[str, str], seen: set[int]) -> None:
    """Leave out the lines of the model and the session, also of an exception's causes."""
    if told is None or id(told) in seen:
        return
    seen.add(id(told))
    if told.__context__ and all(_is_ours(frame) for frame in told.__context__.stack):
        told.__context__ = None  # the model's own affair
    kept = [frame for frame in told.stack if not _is_ours(frame)]
    for frame in kept:
        frame.filename = names.get(frame.filename, frame.filename)
    told.stack[:] = kept
    if getattr(told, "filename", None) in names:  # of a SyntaxError
        told.filename = names[told.filename]
    for other in (told.__cause__, told.__context__, *(told.exceptions or ())):
        _trim(other, names, seen)


def _is_ours(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith(HERE)


ONE_PROCESS = "A page is one process; it cannot start another."


def hint(error: BaseException | None) -> str:
    """Why it is so on a page and may not be elsewhere; nothing if it is the same everywhere.

    >>> hint(ModuleNotFoundError("No module named 'requests'", name="requests"))
    "Only Python's standard library is here; requests is not part of it."
    """
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        if told := _hint(error):
            return told
        seen.append(error)
        reason = getattr(error, "reason", None)  # urllib's URLError
        inside = reason if isinstance(reason, BaseException) else None
        error = inside or error.__cause__ or error.__context__
    return ""


def _hint(error: BaseException) -> str:
    if isinstance(error, ImportError):
        return _hint_of_import(error)
    if isinstance(error, OSError):
        return _hint_of_call(error)
    if isinstance(error, EOFError):
        return "Nobody types here: standard input is at its end."
    if isinstance(error, MemoryError):
        return "The browser gives Python no more memory."
    if "TLS not supported" in str(error):
        return "A browser's Python has no TLS; on a computer this works."
    module = getattr(error, "obj", None)
    if isinstance(module, types.ModuleType) and module.__name__ in ("os", "signal"):
        return f"A browser's Python has no {module.__name__}.{getattr(error, 'name', '')}."
    return ""


def _hint_of_import(error: ImportError) -> str:
    name = (error.name or "").partition(".")[0]
    if name in ("_multiprocessing", "_posixsubprocess"):
        return ONE_PROCESS
    if name in sys.stdlib_module_names:
        return f"A browser's Python has no {name}."
    if isinstance(error, ModuleNotFoundError) and name:
        return f"Only Python's standard library is here; {name} is not part of it."
    return ""


EAI_NONAME = -2


def _hint_of_call(error: OSError) -> str:
    name = errors.NAMES.get(error.errno or 0, "")
    if type(error).__name__ == "gaierror" and error.errno == EAI_NONAME:
        return "Nothing leaves this page: the only name it knows is localhost."
    if name in ("ENETUNREACH", "EHOSTUNREACH"):
        return "Nothing leaves this page: its machine reaches only itself, 127.0.0.1 and ::1."
    if name == "ECONNREFUSED":
        return "Only what runs on this page can be reached, not a server on your computer."
    if name == "ENOSYS" or "does not support processes" in str(error.strerror):
        return ONE_PROCESS
    return ""


def lonely(told: str, error: BaseException | None = None) -> str:
    """What to do for a server that no client can reach; *told* is why its run was ended.

    >>> lonely("nobody can ever wake: program.py in accept(3): waits for a connection")
    'A server alone on this page has no clients: let a thread of the program be one.'
    >>> lonely("nobody can ever wake: a in accept(3): waits; b in recv(4): waits")
    ''
    """
    waiting = re.split("nobody can ever wake: |does not end; ", told)[-1].split("; ")
    if told.endswith("epoll_wait: waits for something to read") and _is_of_a_loop(error):
        return "The event loop has nothing left to do: no task will ever do what is awaited."
    if all(re.search(r" in (accept\(|epoll_wait|poll|select)", each) for each in waiting):
        return "A server alone on this page has no clients: let a thread of the program be one."
    return ""


def _is_of_a_loop(error: BaseException | None) -> bool:
    """Whether asyncio waited, and not for a socket: it watches one of its own."""
    frames = traceback.extract_tb(error.__traceback__) if error else []
    return any("asyncio" in frame.filename for frame in frames)
