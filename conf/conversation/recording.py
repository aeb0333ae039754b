"""A program, run once on a machine of the model by a build, and what was seen of it.

    program ---> bsdsockets.Machine(seed) ---> Watcher ---> Recording( entries, sockets, output )

May not know: who is drawn where, HTML, Sphinx.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from examples.engines import Builtins
from examples.session import LIMIT, TookTooLong, time_limit

import bsdsockets
from conversation.watching import Recording, Watcher


class ProgramError(Exception):
    """The program failed: *line* of it, counted from 1, and why."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def run(
    source: str, path: Path, seed: int = 0, line: int = 1, faults: Sequence[str] = ()
) -> Recording:
    """Run *source*, which stands in *path* from *line* on, and return what was seen.

    ProgramError
        It does not compile, raises, waits for ever or takes too long.
    """
    machine = bsdsockets.Machine(seed, faults=faults)
    filename = f"<{path.name}>"
    watcher = Watcher(machine, {filename: source.splitlines()})
    names = Builtins(__import__=machine.import_, __build_class__=builtins.__build_class__)
    output = io.StringIO()
    watcher.begin()
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
        watcher.end()
        machine.close()
    if failures:
        raise ProgramError(line, f"in a thread: {failures[0]}")
    return watcher.recording(output.getvalue())


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
