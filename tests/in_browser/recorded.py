"""What the pages record, and how it is compared with what a browser shows.

    page.md  --recorded-->  statement, what it printed   --differences-->  nothing, if all is well
    frame.press_all  ---->  statement, what it printed   --^

The comparison is the tests' own, beside the one that the page itself makes and tells.
"""

from __future__ import annotations

import doctest
import shlex
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import run
from examples import page, programs

from .frame import Pressed

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def runs(block: page.Block) -> bool:
    return block.kind in run.RUNNING and not block.tags.hidden and run.runs(block)


def pages() -> list[str]:
    """The pages that have something to run."""
    return sorted(
        str(path.relative_to(DOCS).with_suffix(""))
        for path in DOCS.rglob("*.md")
        if path.parent.name != "changelog.d" and any(runs(block) for block in page.read(path))
    )


def recorded(block: page.Block) -> list[tuple[str, str]]:
    """What the page has: each statement or command as it is shown, and what it printed."""
    if block.kind == "console":
        return [
            ("$ " + line.removeprefix("$ ") + "\n", command.want)
            for command in programs.commands(block)
            for line in [shlex.join(command.words) + (" &" if command.background else "")]
        ]
    if block.kind == "conversation":
        return [("$ python3 program.py\n", page.split_program(block.source)[1])]
    told = []
    for each in block.examples:
        lines = each.source.rstrip("\n").split("\n")
        source = "".join(
            f"{'...' if number else '>>>'} {line}".rstrip() + "\n"
            for number, line in enumerate(lines)
        )
        # As doctest, which of an exception compares the end.
        error = each.exc_msg and f"...Traceback (most recent call last):\n{each.exc_msg}"
        told.append((source, error or each.want))
    return told


def statement(source: str) -> object:
    """A statement as it stands; a command as its words, however they are quoted."""
    return shlex.split(source) if source.startswith("$ ") else source


def differences(want: list[tuple[str, str]], got: list[list[str]]) -> Iterator[str]:
    """Compare as a doctest does, each statement with its own."""
    if [statement(source) for source, _ in want] != [statement(source) for source, _ in got]:
        yield f"other statements ran: {got}"
        return
    same = partial(doctest.OutputChecker().check_output, optionflags=doctest.ELLIPSIS)
    for (source, expected), (_, printed) in zip(want, got, strict=True):
        if not same(expected, printed):
            yield f"{source}recorded: {expected}\nnow: {printed}"


def complaints(name: str, pressed: Iterable[Pressed]) -> Iterator[str]:
    """What is wrong with a page whose every Run was pressed: blocks, output, or what it tells."""
    blocks = [block for block in page.read(DOCS / f"{name}.md") if block.kind in run.RUNNING]
    expected = [number for number, block in enumerate(blocks) if runs(block)]
    pressed = list(pressed)
    if [each.block for each in pressed] != expected:
        yield f"{name}: Run stands at {[each.block for each in pressed]}, not at {expected}"
        return
    for each in pressed:
        where = f"{name}.md, line {blocks[each.block].line}: {each.status}"
        found = list(differences(recorded(blocks[each.block]), each.printed))
        if found or not each.status.startswith("As recorded"):
            yield "\n".join([where, *found])
