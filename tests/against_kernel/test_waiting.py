"""Calls that wait end with the same answer on the kernel and on the model."""

from __future__ import annotations

import sys

import pytest

from . import isolated
from .worlds import HAS_MODEL

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux beside the model")


def test_the_kernel_ends_a_wait_the_same_way_each_time() -> None:
    """No answer depends on which thread was first."""
    answer = isolated.run("waiting", "--kernel-twice")
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.skipif(not HAS_MODEL, reason="the model does not import")
def test_the_model_ends_a_wait_as_the_kernel_does() -> None:
    """The same answers, and no wake-up is lost."""
    answer = isolated.run("waiting")
    assert answer.returncode == 0, answer.stdout + answer.stderr
