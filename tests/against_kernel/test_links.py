"""Random programs on AF_NETLINK and AF_PACKET: the kernel and the model answer every call alike."""

from __future__ import annotations

import subprocess
import sys

import pytest

from . import isolated
from .worlds import HAS_MODEL

CALLS = 20_000

pytestmark = pytest.mark.skipif(
    not HAS_MODEL or sys.platform != "linux", reason="needs the model, and Linux beside it"
)


def compared(family: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Compare programs of one family, in a network of their own."""
    arguments = ("--of", family, "--calls", str(CALLS), "--seed", "1", "--enough", "5", *more)
    answer = isolated.run("sequences", *arguments)
    if answer.returncode == 77:
        pytest.skip(answer.stderr.strip())
    return answer


@pytest.mark.parametrize("family", ["netlink", "packet", "reach"])
def test_the_model_answers_random_programs_of_a_family_as_the_kernel_does(family: str) -> None:
    """Zero differences but the deliberate ones; any number of calls by hand: --of, --calls."""
    answer = compared(family)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("family", ["netlink", "packet"])
def test_the_kernel_agrees_with_itself(family: str) -> None:
    answer = compared(family, "--kernel-twice")
    assert answer.returncode == 0, answer.stdout + answer.stderr
