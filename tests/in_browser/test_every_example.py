"""Every Run of the site is pressed; Python prints in the browser what the pages record."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import run
from selenium.webdriver.common.by import By

from tests.determinism.programs import OWN
from tests.determinism.test_determinism import trace

from .conftest import ROOT, Opened
from .frame import LIMIT, Frame, shown
from .recorded import complaints, differences, pages

pytestmark = pytest.mark.skipif(not run.available(), reason="the site is built without Run")


@pytest.mark.parametrize("name", pages())
def test_every_block_prints_what_the_page_records(frame: Frame, name: str):
    frame.open(f"{name}.html")
    wrong = list(complaints(name, frame.press_all()))
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
    status = place.run()  # at once: the page waits for what was chosen
    if "deadlock" in name:
        assert status.startswith("Deadlock:") and "MainThread" not in status.split(":")[0]
        return
    program = Path(run.HERE, "playground", name)
    real = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=LIMIT)
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
