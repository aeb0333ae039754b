"""Every call in every state of every type: kernel, record and model give the same outcome."""

from __future__ import annotations

import _socket
import re
import sys

import pytest

from . import isolated
from .calls import calls
from .subjects import SUBJECTS
from .worlds import HAS_MODEL

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the record is Linux's")


WITHOUT_A_CALL = {"family", "type", "proto", "timeout", "gettimeout", "settimeout", "makefile",
                  "recvmsg", "recvmsg_into", "sendmsg_afalg", "detach"}  # fmt: skip
"""Names of a socket that ask nothing of the kernel, or that `receive` stands for."""


def test_every_method_of_a_socket_is_called() -> None:
    """A method that CPython adds does not go unnoticed."""
    methods = {name for name in dir(_socket.socket) if not name.startswith("_")}
    lines = [call.line for call in calls(SUBJECTS[0])]
    called = {name for line in lines for name in re.findall(r"a\.(\w+)", line)}
    assert methods - called - WITHOUT_A_CALL == set()


def test_the_kernel_still_gives_the_recorded_outcomes() -> None:
    """A newer kernel may differ: read the differences, then record anew."""
    answer = isolated.run("exhaustive", "--skip-model")
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.skipif(not HAS_MODEL, reason="the model does not import")
def test_the_model_gives_the_recorded_outcomes() -> None:
    """Zero differences but the deliberate ones."""
    answer = isolated.run("exhaustive", "--skip-kernel")
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.skipif(not HAS_MODEL, reason="the model does not import")
def test_every_option_has_the_bounds_of_the_kernel() -> None:
    """Values and lengths at the edges, on every type of socket."""
    answer = isolated.run("bounds")
    assert answer.returncode == 0, answer.stdout + answer.stderr
