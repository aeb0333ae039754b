"""Python's side of Run: one page's session, or programs that run together, on one machine.

    worker --blocks-->  Page.run     the examples as doctest reads and compares them
           --programs-> Shell.run    each program a thread of the machine, with its own output
           <--messages  "begin" (a statement starts), "example" (what it printed), "output",
                        "story" (what there is to step through)

May not know: the page; it gets plain data and posts plain data.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import gc
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from shell import Shell
from stage import LIMIT, Machine, Stage, Wishes, outside_of_loops
from statements import statements
from telling import Output, hint, lonely, remember, traceback_of

from bsdsockets.machine import errors

_CHECKER = doctest.OutputChecker()


class Page:
    """One page: a namespace in which its blocks run in order."""

    def __init__(self, post: Callable[[dict[str, Any]], None], wishes: Wishes) -> None:
        self.post = post
        self.machine = Machine()
        self.stage = Stage(self.machine.model, wishes)
        self.names = self.machine.namespace()

    def run_all(self, blocks: list[dict[str, Any]]) -> None:
        """Run blocks in order; the faults and the picture are the last one's."""
        for block in blocks:
            self.post({"type": "block", "block": block["block"]})
            self.file = f"<block {block['block']}>"
            last = block is blocks[-1]
            title = "This block" if last else "An earlier block"
            text = block.get("code") or block["source"]
            self.stage.know(self.file, title, text)
            remember(self.file, text)
            self.machine.names[self.file] = f"<{title.lower()}>"
            if last:
                self.stage.begin()
            self.run(block)
        if story := self.stage.tell():
            self.post(story)

    def run(self, block: dict[str, Any]) -> None:
        """Run a block; one that the reader changed carries its ``code``."""
        recorded = doctest.DocTestParser().get_examples(block["source"])
        for source, line, example in self._statements(block.get("code"), recorded):
            self.post({"type": "begin", "source": source, "line": line})
            got, error, more = self._run(source, line, block.get("limit") or LIMIT)
            told: dict[str, Any] = {"type": "example", "source": source, "got": got}
            told.update(want=None, same=None)
            full = more.pop("full", got)
            if example is None:
                told["got"] = full
            else:
                told.update(want=example.want, same=self._same(example, got, error))
            if self.machine.hint and not told["same"]:
                told["hint"] = self.machine.hint
            self.post({**told, **more})
            if more.get("stopped"):
                break

    def _statements(
        self, changed: str | None, recorded: list[doctest.Example]
    ) -> Iterator[tuple[str, int, doctest.Example | None]]:
        """Each statement with its line and what the page has of it, if it has."""
        if changed is None:
            for example in recorded:
                yield example.source, example.lineno + 1, example
            return
        left = list(recorded)
        for source, line in statements(changed):
            match = next((e for e in left if e.source.strip() == source.strip()), None)
            if match is not None:
                left = left[left.index(match) + 1 :]
            yield source, line, match

    def _run(self, source: str, line: int, limit: float) -> tuple[str, str, dict[str, str]]:
        """Run a statement: what it printed, the exception's line, and how it was ended."""
        output, complaints = Output(), Output()
        error: BaseException | None = None
        watch = self.machine.watch
        self.machine.hint = ""
        with self._surroundings(output, complaints):
            try:
                text = "\n" * (line - 1) + source
                compile(text, self.file, "exec", ast.PyCF_ONLY_AST)  # says better what is wrong
                code = compile(text, self.file, "single", dont_inherit=True)
                watch.cover(code)
                watch.begin(limit)
                exec(code, self.names)
            except BaseException as raised:
                error = raised
        watch.deadline = float("inf")
        got, complained = output.rest(), complaints.rest()
        more = {"complaints": complained} if complained else {}
        if watch.told:
            self.machine.hint = lonely(watch.told)
            return got, watch.told, {"stopped": watch.told}
        if error is None:
            return got, "", more
        last = exception_line(error)
        more["raised"] = type(error).__name__
        more["full"] = got + traceback_of(error, self.machine.names)
        self.machine.hint = hint(error) or self.machine.hint
        got += f"Traceback (most recent call last):\n{last}"
        traceback.clear_frames(error.__traceback__)
        if isinstance(error, errors.Deadlock):
            more["deadlock"] = str(error)
            self.machine.hint = lonely(str(error), error)
        return got, last, more

    @staticmethod
    def _same(example: doctest.Example, got: str, error: str) -> bool:
        """Compare as doctest does: of an exception, its last line."""
        if error:
            want = example.exc_msg
            return want is not None and _CHECKER.check_output(want, error, doctest.ELLIPSIS)
        return _CHECKER.check_output(example.want, got, doctest.ELLIPSIS)

    @contextlib.contextmanager
    def _surroundings(self, output: Output, complaints: Output) -> Iterator[None]:
        """Output apart from complaints; warnings that are errors, as in the site's tests."""
        before, sys.displayhook = sys.displayhook, self._display
        unraisable, sys.unraisablehook = sys.unraisablehook, lambda args: None
        try:
            with (
                warnings.catch_warnings(),
                contextlib.redirect_stdout(output),
                contextlib.redirect_stderr(complaints),
                outside_of_loops(),
            ):
                warnings.simplefilter("error")
                yield
        finally:
            sys.displayhook, sys.unraisablehook = before, unraisable

    def _display(self, value: object) -> None:
        if value is not None:
            print(repr(value))
            self.machine.builtins["_"] = value

    def close(self) -> None:
        self.machine.builtins.pop("_", None)
        self.names.clear()
        if len(self.machine.model.scheduler.tasks) == 1:  # else stacks are put aside
            gc.collect()
        self.machine.close()


def exception_line(error: BaseException) -> str:
    """What doctest compares of an exception."""
    return "".join(traceback.format_exception_only(type(error), error)[-1:])


class Runner:
    """What the worker calls: keeps the page's session from one run to the next."""

    def __init__(self, post: Callable[[Any], None]) -> None:
        self._post = post
        self.page: Page | None = None

    def run(self, request: dict[str, Any]) -> None:
        """Run what the page asks for."""
        wishes = Wishes.of(request)
        if request["kind"] == "pycon":
            if request["fresh"] or self.page is None:
                if self.page is not None:
                    self.page.close()
                self.page = Page(self._post, wishes)
            self.page.run_all(request["blocks"])
            return
        shell = Shell(self._post, wishes, live=request["kind"] == "program")
        try:
            shell.run(request["files"], request["commands"], request.get("limit") or LIMIT)
        finally:
            shell.close()
