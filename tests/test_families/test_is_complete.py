"""A family that `face/build.py` names has a page and calls that a kernel has answered."""

import re
from pathlib import Path

import pytest

from bsdsockets import Machine

from .replay import RECORDED

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
INDEX = "families/index.md"
ELSEWHERE = {"AF_TIPC": "types/rdm.md"}  # beside what is special about it
LIVE = {"AF_UNIX", "AF_INET", "AF_INET6"}  # compared with this machine's kernel all the time


def every_family() -> list[str]:
    machine = Machine(profile="every module")
    try:
        return [family.name for family in machine.families.values()]
    finally:
        machine.close()


@pytest.mark.parametrize("name", every_family())
def test_a_family_has_a_page(name: str) -> None:
    text = (REFERENCE / ELSEWHERE.get(name, INDEX)).read_text()
    wanted = name if name in ELSEWHERE else f"[{name}]("
    assert wanted in text, f"{name} has no page: docs/reference/{INDEX} has no row [{name}](…)"


@pytest.mark.parametrize("name", every_family())
def test_a_family_has_recorded_calls(name: str) -> None:
    recorded = {
        family
        for flow in RECORDED.values()
        for _, call, arguments, *_ in flow["calls"] if call == "socket"
        for family in re.findall(r"AF_\w+", arguments)
    }
    assert name in recorded | LIVE, (
        f"no flow in tests/test_families/recorded.json makes a socket of {name}")
