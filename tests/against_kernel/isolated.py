"""Running a part of the judge in a process of its own, with a bound on its time.

A private network belongs to the whole process that entered it, and the kernel's own sockets may
hang, so nothing of the judge runs inside pytest's process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 300


def run(module: str, *arguments: str, limit: float = LIMIT) -> subprocess.CompletedProcess[str]:
    """Run a module of this package as a program and return what it printed."""
    name = f"tests.against_kernel.{module}"
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", name, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=limit,
    )
