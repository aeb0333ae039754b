"""Running one program on the model and, in a network of its own, on this kernel."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def on_both(program: str) -> tuple[list[str], list[str]]:
    """The lines that the program prints on the model and on the kernel."""
    path = HERE / program
    ours = dict(os.environ, PYTHONPATH=str(ROOT / "src"))
    here = subprocess.run([sys.executable, "-m", "bsdsockets", "run", path], timeout=60,
                          capture_output=True, text=True, check=True, env=ours).stdout
    network = "from tests.against_kernel import private_network as p; assert p.enter(); "
    command = f"{network}import runpy; runpy.run_path({str(path)!r}, run_name='__main__')"
    real = subprocess.run([sys.executable, "-c", command], timeout=60, capture_output=True,
                          text=True, cwd=ROOT)
    if real.returncode:
        pytest.skip("no network namespace here: " + real.stderr[-60:])
    return here.splitlines(), real.stdout.splitlines()
