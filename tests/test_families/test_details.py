"""What the manuals leave open, asked of a family: each answer on the model as from a kernel.

The programs are in tests/on_old_kernels/details, beside each what a kernel printed; ``make
kernels`` asks a kernel again.
"""

import difflib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import bsdsockets

DETAILS = Path(__file__).parents[1] / "on_old_kernels" / "details"
SOURCE = Path(bsdsockets.__file__).parents[1]
PROGRAMS = sorted(DETAILS.glob("*.txt"))


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="not run as root")
@pytest.mark.parametrize("recorded", PROGRAMS, ids=lambda path: path.stem)
def test_every_answer_is_the_kernels(recorded: Path) -> None:
    command = [sys.executable, "-m", "bsdsockets", "run", "--profile", "every module",
               str(recorded.with_suffix(".py"))]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60,
                            env={**os.environ, "PYTHONPATH": str(SOURCE)})
    kernel, model = recorded.read_text().splitlines(), result.stdout.splitlines()
    differences = list(difflib.unified_diff(kernel, model, "kernel", "model", lineterm="", n=1))
    assert not differences, "\n".join(differences) + result.stderr
    assert len(model) > 50


def test_every_program_has_its_record() -> None:
    programs = {path.stem for path in DETAILS.glob("*.py")} - {"asking"}
    assert programs == {path.stem for path in PROGRAMS}
