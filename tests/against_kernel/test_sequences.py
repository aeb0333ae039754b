"""Random programs over several sockets: the kernel and the model answer every call alike."""

from __future__ import annotations

import sys

import pytest

from . import isolated
from .worlds import HAS_MODEL

CALLS = 200_000

pytestmark = pytest.mark.skipif(
    not HAS_MODEL or sys.platform != "linux", reason="needs the model, and Linux beside it"
)


def test_the_model_answers_random_programs_as_the_kernel_does() -> None:
    """Zero differences but the deliberate ones, in 200,000 calls."""
    answer = isolated.run("sequences", "--calls", str(CALLS), "--seed", "1", "--enough", "5")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_model_answers_programs_about_one_feature_as_the_kernel_does() -> None:
    """Multicast, error queues, passed descriptors, epoll, names: line by line."""
    answer = isolated.run("features", limit=120)
    assert answer.returncode == 0, answer.stdout + answer.stderr
