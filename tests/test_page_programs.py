"""What holds for every whole program beside a page."""

from __future__ import annotations

import os
import socket

import pytest

from tests.page_programs import HOW_TO, TUTORIALS, Programs

pytestmark = pytest.mark.skipif(
    not hasattr(socket, "AF_UNIX") or os.name != "posix", reason="needs AF_UNIX and signals"
)


@pytest.mark.parametrize(
    ("programs", "name"),
    [
        pytest.param(programs, name, id=name)
        for programs in (TUTORIALS, HOW_TO)
        for name in programs.names()
        if not name.endswith("_naive")  # shows how not to do it
    ],
)
def test_every_program_explains_itself(programs: Programs, name: str) -> None:
    ended = programs.run(name, "--help")
    assert ended.returncode == 0 and ended.stdout.startswith("usage: ")
