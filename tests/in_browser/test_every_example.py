"""Every Run of the site is pressed; Python prints in the browser what the pages record."""

from __future__ import annotations

import doctest
import hashlib
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import run
from examples import page, programs
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.determinism.programs import OWN
from tests.determinism.test_determinism import trace

from .conftest import ROOT, Opened
from .frame import LIMIT, Frame, shown

DOCS = ROOT / "docs"

pytestmark = pytest.mark.skipif(not run.available(), reason="the site is built without Run")


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


@pytest.mark.parametrize("name", pages())
def test_every_block_prints_what_the_page_records(frame: Frame, name: str):
    blocks = [block for block in page.read(DOCS / f"{name}.md") if block.kind in run.RUNNING]
    frame.open(f"{name}.html")
    pressed = frame.press_all()
    assert [each.block for each in pressed] == [
        number for number, block in enumerate(blocks) if runs(block)
    ]
    wrong = [
        f"{name}.md, line {blocks[each.block].line}: {each.status}\n{difference}"
        for each in pressed
        for difference in differences(recorded(blocks[each.block]), each.printed)
    ]
    wrong += [each.status for each in pressed if not each.status.startswith("As recorded")]
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize(
    "printed", [[], [[">>> 1 + 1\n", "3\n"]], [[">>> 1 + 1\n", ""]], [[">>> 1\n", "2\n"]]]
)
def test_the_comparison_sees_what_is_missing_and_what_is_other(printed: list[list[str]]):
    assert list(differences([(">>> 1 + 1\n", "2\n")], printed))
    assert not list(differences([(">>> 1 + 1\n", "2\n")], [[">>> 1 + 1\n", "2\n"]]))


STARTS = sorted(path.name for path in Path(run.HERE, "playground").glob("*.py"))


@pytest.mark.parametrize("name", STARTS)
def test_each_program_of_the_playground_prints_what_python_prints(opened: Opened, name: str):
    (place,) = opened("playground.html")
    place.element.find_element(By.CSS_SELECTOR, f"option[value='{name}']").click()
    area = place.element.find_element(By.CSS_SELECTOR, "textarea")
    WebDriverWait(place.driver, LIMIT, 0.02).until(lambda _: area.get_property("value"))
    status = place.run()
    if "deadlock" in name:
        assert status.startswith("Deadlock:") and "MainThread" not in status.split(":")[0]
        return
    program = Path(run.HERE, "playground", name)
    real = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=30)
    assert place.text(".run-output") == real.stdout and status.startswith("Ended")


TRACE = """
import hashlib, sys, types
sys.modules["determinism"] = package = types.ModuleType("determinism")
package.__path__ = []
for name, source in SOURCES.items():
    sys.modules[f"determinism.{name}"] = module = types.ModuleType(f"determinism.{name}")
    module.__package__ = "determinism"
    exec(compile(source, name, "exec"), vars(module))
print("\\n".join(
    f"{program}\\t{hashlib.sha256(line.encode()).hexdigest()[:20]}\\t{line[:40]}"
    for program in OWN for line in module.run(program, 0)
))
"""


@pytest.fixture(scope="module")
def traces(frame: Frame) -> str:
    """The events of all programs in the browser: program, the line's hash, its beginning."""
    folder = ROOT / "tests" / "determinism"
    sources = {name: (folder / f"{name}.py").read_text("utf-8") for name in ("programs", "trace")}
    frame.forget()  # what an earlier page holds open has numbers of descriptors
    frame.open("playground.html")
    (place,) = shown(frame.driver)
    place.write(f"SOURCES = {sources!r}\nOWN = {list(OWN)!r}{TRACE}")
    assert place.run().startswith("Ended")
    return place.text(".run-output")


@pytest.mark.parametrize("program", OWN)
def test_a_run_is_the_same_in_the_browser(traces: str, program: str):
    """Event by event, byte for byte, what CPython's threads do on the model."""
    mine = [line.split("\t")[1:] for line in traces.splitlines() if line.startswith(f"{program}\t")]
    assert mine == [
        [hashlib.sha256(line.encode()).hexdigest()[:20], line[:40]] for line in trace(program)
    ]
