"""Every call in every state of every type: kernel, record and model give the same outcome."""

from __future__ import annotations

import sys

import pytest

from . import isolated
from .worlds import HAS_MODEL

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the record is Linux's")


def test_the_kernel_still_gives_the_recorded_outcomes() -> None:
    """A newer kernel may differ: read the differences, then record anew."""
    answer = isolated.run("exhaustive", "--skip-model")
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.skipif(not HAS_MODEL, reason="the model does not import")
def test_the_model_gives_the_recorded_outcomes() -> None:
    """Zero differences but the deliberate ones."""
    answer = isolated.run("exhaustive", "--skip-kernel")
    assert answer.returncode == 0, answer.stdout + answer.stderr
