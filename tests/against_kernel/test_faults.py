"""A deliberate fault in each layer of the model is found by the comparison with the kernel."""

from __future__ import annotations

import sys

import pytest

from . import isolated
from .worlds import HAS_MODEL

pytestmark = pytest.mark.skipif(
    not HAS_MODEL or sys.platform != "linux", reason="needs the model, and Linux beside it"
)


def test_a_fault_in_each_layer_is_found() -> None:
    """Also each missing row of TCP's state table, but those that loopback does not reach."""
    answer = isolated.run("faults")
    assert answer.returncode == 0, answer.stdout + answer.stderr
