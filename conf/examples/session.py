"""One page on one engine: a namespace in which its blocks run in order.

Standard doctest reads and compares the examples; running them is done here, because an example of
this project may wait for ever (a ``recv`` nobody answers), may leave threads and sockets behind,
and must name the line of the *page* when it fails.
"""

from __future__ import annotations

import builtins
import contextlib
import doctest
import gc
import io
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from examples.accept import Correction
from examples.page import Block

LIMIT = 10.0
"""Seconds an example may take, unless its fence says ``timeout=``."""

FLAGS = doctest.ELLIPSIS
_CHECKER = doctest.OutputChecker()


class TookTooLong(BaseException):
    """An example reached its limit.

    Not an ``OSError`` such as ``TimeoutError``, which an example may catch or even expect.
    """


@dataclass(frozen=True)
class Outcome:
    """What one example printed or raised, beside what the page says."""

    block: Block
    example: doctest.Example
    got: str
    """What the page would have to show: output, or a reduced traceback."""
    passed: bool
    details: str = ""
    """The whole traceback, where an exception was not expected."""

    @property
    def line(self) -> int:
        return self.block.line + self.example.lineno

    def __str__(self) -> str:
        text = [f"{self.block.path}:{self.line}:"]
        text += [f"    {line}" for line in self.example.source.splitlines()]
        expected = self.example.want
        if self.example.exc_msg is not None and self.details:
            expected = f"Traceback (most recent call last):\n{self.example.exc_msg}"
        text += ["expected:", _indented(expected or "nothing\n"), "got:"]
        text += [_indented(self.details or self.got or "nothing\n")]
        return "\n".join(text)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


class Failed(Exception):
    """Examples of a block did not do what the page says."""

    def __init__(self, outcomes: list[Outcome]):
        super().__init__("\n\n".join(str(outcome) for outcome in outcomes))
        self.outcomes = outcomes


@dataclass
class Engine:
    """Whose sockets the examples meet."""

    name: str
    names: dict[str, Any] = field(default_factory=dict)
    """What the examples find defined: nothing on a page, the module's names in a docstring."""
    builtins: dict[str, Any] = field(default_factory=lambda: builtins.__dict__)
    close: Callable[[], None] = lambda: None


def operating_system() -> Engine:
    """The sockets of the machine the tests run on."""
    return Engine("os")


class Session:
    """A page's namespace on one engine.

    ``run(block)`` runs the page's earlier blocks first if they have not run yet, so that a block
    asked for alone means the same as in its place.
    """

    def __init__(self, blocks: list[Block], engine: Engine, limit: float = LIMIT):
        self.blocks = [block for block in blocks if engine.name in block.tags.engines]
        self.engine = engine
        self.limit = limit
        self.outcomes: dict[Block, list[Outcome]] = {}
        self.namespace: dict[str, Any] = {
            "__name__": "__main__",
            **engine.names,
            "__builtins__": engine.builtins,
        }
        self._threads_before = set(threading.enumerate())
        self._directory = tempfile.TemporaryDirectory(prefix="page-")
        self._complaints: list[str] = []

    def run(self, block: Block) -> None:
        """Run *block*, and before it what the page has before it.

        Failed
            Some example of *block* itself does not do what the page says.
        """
        for earlier in self.blocks:
            if earlier not in self.outcomes and not earlier.tags.unmet(self.engine.name):
                self.outcomes[earlier] = list(self._run(earlier))
            if earlier == block:
                break
        failed = [outcome for outcome in self.outcomes[block] if not outcome.passed]
        if failed:
            raise Failed(failed)

    def _run(self, block: Block) -> Iterator[Outcome]:
        with self._surroundings():
            for example in block.examples:
                yield self._run_example(block, example)

    @contextlib.contextmanager
    def _surroundings(self) -> Iterator[None]:
        """A directory of the page's own, and warnings that fail it."""
        before = os.getcwd()
        old_displayhook, sys.displayhook = sys.displayhook, sys.__displayhook__
        old_hooks = sys.unraisablehook, threading.excepthook
        sys.unraisablehook = lambda args: self._complaints.append(
            f"{type(args.exc_value).__name__}: {args.exc_value}"
        )
        threading.excepthook = lambda args: self._complaints.append(
            f"in {args.thread}: {args.exc_type.__name__}: {args.exc_value}"
        )
        os.chdir(self._directory.name)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                yield
        finally:
            os.chdir(before)
            sys.displayhook = old_displayhook
            sys.unraisablehook, threading.excepthook = old_hooks

    def _run_example(self, block: Block, example: doctest.Example) -> Outcome:
        output = io.StringIO()
        error: BaseException | None = None
        limit = block.tags.timeout or self.limit
        mode = "exec" if block.kind == "conversation" else "single"
        # The alarm waits until the code is compiled; blank lines put it on the page's line.
        line = block.line + example.lineno
        try:
            code = compile(
                "\n" * (line - 1) + example.source, str(block.path), mode, dont_inherit=True
            )
            with contextlib.redirect_stdout(output), time_limit(limit):
                exec(code, self.namespace)
        except KeyboardInterrupt:
            raise
        except TookTooLong as too_long:
            details = f"TookTooLong: stopped after {limit:g} s, waiting at\n"
            details += _page_frames(too_long, block)
            return Outcome(block, example, output.getvalue(), False, details)
        except BaseException as raised:
            error = raised
        if error is None:
            got = output.getvalue()
            return Outcome(block, example, got, _CHECKER.check_output(example.want, got, FLAGS))
        got = "Traceback (most recent call last):\n" + _exception_line(error)
        passed = example.exc_msg is not None and _CHECKER.check_output(
            example.exc_msg, _exception_line(error), FLAGS
        )
        details = "" if passed else "".join(traceback.format_exception(error))
        if output.getvalue():
            got = output.getvalue() + got
        outcome = Outcome(block, example, got, passed, details)
        traceback.clear_frames(error.__traceback__)
        return outcome

    def close(self) -> list[str]:
        """End the session and return what the page left behind: sockets, threads, files."""
        left = []
        names = [name for name, value in self.namespace.items() if _is_open(value)]
        with self._surroundings():
            _give_back_to_builtins()
            self.namespace.clear()
            gc.collect()
            left += self._join_threads()
            self.engine.close()
            gc.collect()
        self._directory.cleanup()
        if self._complaints and names:
            left.append(f"close {', '.join(names)}")
        return left + self._complaints

    def _join_threads(self) -> list[str]:
        deadline = time.monotonic() + 2
        started = [t for t in threading.enumerate() if t not in self._threads_before]
        for thread in started:
            thread.join(max(0.0, deadline - time.monotonic()))
        return [f"thread {t.name} still runs" for t in started if t.is_alive()]


def _is_open(value: object) -> bool:
    """Whether it is a socket or a file that has not been closed, of either engine."""
    if not hasattr(type(value), "fileno"):  # asked of a library of C, its function would be called
        return False
    try:
        return value.fileno() > 2  # type: ignore[attr-defined]
    except Exception:  # it is anything that a page may make
        return False


def _give_back_to_builtins() -> None:
    """``_`` is the last shown value: it would keep a socket of the page alive."""
    builtins.__dict__.pop("_", None)


def _exception_line(error: BaseException) -> str:
    return traceback.format_exception_only(type(error), error)[-1]


def _page_frames(error: BaseException, block: Block) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    shown = [f for f in frames if f.filename == str(block.path)] + frames[-1:]
    return "".join(f"  {f.filename}:{f.lineno} in {f.name}: {f.line}\n" for f in shown)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise ``TookTooLong`` in the main thread after *seconds*, and again each second after.

    The alarm comes again because an example may swallow the first in an ``except BaseException``.
    An outer alarm is given back what remained of it.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "setitimer"
    ):
        yield
        return

    def on_alarm(signum: int, frame: types.FrameType | None) -> None:
        raise TookTooLong

    outer_handler = signal.signal(signal.SIGALRM, on_alarm)
    outer_remaining, _ = signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    started = time.monotonic()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, outer_handler)
        if outer_remaining:
            remaining = max(0.001, outer_remaining - (time.monotonic() - started))
            signal.setitimer(signal.ITIMER_REAL, remaining)


def corrections(outcomes: list[Outcome]) -> list[Correction]:
    """Return what is to be written into the pages, so that they say what was printed.

    An example that took too long has nothing to accept.
    """
    return [
        Correction(
            outcome.block.path,
            outcome.line + outcome.example.source.count("\n"),
            outcome.example.want,
            "".join(f"{line or '<BLANKLINE>'}\n" for line in outcome.got.splitlines()),
            outcome.block.indent + " " * outcome.example.indent,
        )
        for outcome in outcomes
        if not outcome.passed and not outcome.details.startswith("TookTooLong")
    ]
