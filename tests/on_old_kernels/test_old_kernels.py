"""What real kernels answer, against the recorded matrix and the recorded flows.

Runs with ``make kernels`` (KERNELS=1): it boots two kernels and may download them.  The tests of
the records themselves are in test_records.py and always run.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest

from bsdsockets import probe
from tests.on_old_kernels import records
from tests.on_old_kernels.guests import Guest, Hung, Plan, Program, Report
from tests.on_old_kernels.packages import Missing
from tests.on_old_kernels.plans import DETAILS, FLOWS, PLANS

if not os.environ.get("KERNELS"):
    pytest.skip("boots two kernels; `make kernels` runs it", allow_module_level=True)

USERS = ("0", "65534")


@pytest.fixture(scope="session")
def reports() -> Iterator[dict[str, Report]]:
    """What the guests found; they run side by side."""
    with contextlib.ExitStack() as stack:
        try:
            guests = [stack.enter_context(Guest(plan)) for plan in PLANS]
            found = {guest.plan.guest: guest.wait() for guest in guests}
        except (Missing, Hung) as error:
            pytest.exit(str(error), returncode=1)
        for report in found.values():
            print(f"\n{report.plan.guest}: Linux {report.release}, {report.seconds} s")
        yield found


def programs(*names: str) -> list[tuple[Plan, Program]]:
    return [(plan, program) for plan in PLANS for program in plan.programs if program.name in names]


def details() -> list[tuple[Plan, Program]]:
    return [
        (plan, program)
        for plan in PLANS
        for program in plan.programs
        if program.name.startswith("details/")
    ]


def label(value: object) -> str:
    return value.guest if isinstance(value, Plan) else getattr(value, "name", str(value))


@pytest.mark.parametrize("plan", PLANS, ids=label)
def test_every_module_of_the_plan_is_loaded(plan: Plan, reports: dict[str, Report]) -> None:
    wrong = [line for line in reports[plan.guest].result["modules"] if ":" in line]
    assert not wrong


@pytest.mark.parametrize("uid", USERS)
@pytest.mark.parametrize("plan", PLANS, ids=label)
def test_every_family_and_type_answers_as_recorded(
    plan: Plan, uid: str, reports: dict[str, Report]
) -> None:
    measured = reports[plan.guest].result["probes"][uid]
    assert measured["uid"] == int(uid)
    here = probe.table_from(measured["table"])
    assert set(here) == set(probe.FAMILIES)
    recorded = probe.recorded()[plan.kernel].table(int(uid))
    assert not probe.differences(here, recorded)
    if "model" in measured:  # the machine of the profile "as this machine" in the guest
        assert probe.table_from(measured["model"]) == here


@pytest.mark.parametrize(("plan", "program"), programs(*FLOWS), ids=label)
def test_every_call_of_a_flow_answers_as_recorded(
    plan: Plan, program: Program, reports: dict[str, Report]
) -> None:
    outcome = reports[plan.guest].result["programs"][program.name]
    assert outcome["output"].splitlines() == records.flow(program.name).lines()
    assert outcome["status"] == 0


@pytest.mark.parametrize(("plan", "program"), details(), ids=label)
def test_every_detail_answers_as_recorded(
    plan: Plan, program: Program, reports: dict[str, Report]
) -> None:
    outcome = reports[plan.guest].result["programs"][program.name]
    recorded = DETAILS / f"{program.name.partition('/')[2]}.txt"
    assert outcome["output"].splitlines() == recorded.read_text().splitlines()


def random_programs() -> list[tuple[Plan, Program]]:
    return [(plan, program) for plan in PLANS for program in plan.programs
            if program.name.startswith("random/")]


@pytest.mark.parametrize(("plan", "program"), random_programs(), ids=label)
def test_random_programs_are_answered_by_the_model_as_by_the_kernel(
    plan: Plan, program: Program, reports: dict[str, Report]
) -> None:
    outcome = reports[plan.guest].result["programs"][program.name]
    assert outcome["status"] == 0, outcome["output"]
    assert f" {program.command[2][:-2]}" in outcome["output"].replace(",", ""), outcome["output"]


BY_SOCKADDR = {
    "x25": "2002 / 1001 / 1001 / b'HELLO'",
    "ax25": "N0CLI-4 / N0SRV-3 via PORT1 / N0SRV-3 / b'HELLO'",
    "appletalk": "b'\\x04hello' from 65280.66:221",
    "atmpvc": "5 bytes into 0.0.200",
    "packet": "1/88b5/772/0/00:00:00:00:00:00",
}
MISSING = {"user-mode-linux": "ax25", "qemu": "x25"}


@pytest.mark.parametrize("plan", PLANS, ids=label)
def test_the_package_addresses_sockets_of_every_family(
    plan: Plan, reports: dict[str, Report]
) -> None:
    expected = dict(BY_SOCKADDR)
    expected[MISSING[plan.guest]] = "Address family not supported by protocol"
    output = reports[plan.guest].result["programs"]["with_sockaddr"]["output"]
    assert dict(line.split(": ", 1) for line in output.splitlines()) == expected


@pytest.mark.parametrize("plan", PLANS, ids=label)
def test_the_examples_of_every_page_hold(plan: Plan, reports: dict[str, Report]) -> None:
    results = reports[plan.guest].result["programs"]
    pages = [program.name for program in plan.programs if program.name.endswith(".md")]
    wrong = [results[name]["output"] for name in pages if results[name]["status"] != 0]
    assert pages and not wrong, "\n".join(wrong)
