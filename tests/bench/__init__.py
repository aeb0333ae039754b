"""Benchmarks of the model beside the kernel, in one run: `python -m tests.bench`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))  # when run as a program
