"""``python -m tests.on_old_kernels``: boot the guests and print what they found."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import sys
from pathlib import Path

from tests.on_old_kernels import packages, records
from tests.on_old_kernels.guests import Guest, Hung, Plan, Program, Report
from tests.on_old_kernels.plans import INTERFACES, PLANS


def show(report: Report) -> None:
    """Print a report in full."""
    print(f"== {report.plan.guest}: Linux {report.release}, {report.seconds} s")
    print(f"   {report.package.name} {report.package.version} sha256 {report.package.sha256}")
    print("   modules:", ", ".join(report.result["modules"]))
    for name, program in report.result["programs"].items():
        print(f"-- {name}: status {program['status']}, {program['seconds']} s")
        print(program["output"], end="")


def running(plan: Plan, path: Path) -> Plan:
    """The same guest with the same interfaces, and one program of the reader's."""
    interfaces = [program for program in plan.programs if program.name in INTERFACES]
    program = Program(path.name, (path.name,), str(path.parent))
    return dataclasses.replace(plan, programs=(*interfaces, program))


def main() -> int:
    """Boot the guests named on the command line, or all, side by side."""
    names = [plan.guest for plan in PLANS]
    parser = argparse.ArgumentParser(prog="python -m tests.on_old_kernels")
    parser.add_argument("guest", nargs="*", help=f"one of {', '.join(names)}; all otherwise")
    parser.add_argument("--run", metavar="FILE", type=Path, help="run this program instead")
    parser.add_argument("--record", action="store_true", help="write down which kernels they are")
    arguments = parser.parse_args()
    if unknown := set(arguments.guest) - set(names):
        parser.error(f"no guest is called {unknown.pop()!r}; there are {', '.join(names)}")
    chosen = [plan for plan in PLANS if not arguments.guest or plan.guest in arguments.guest]
    if arguments.run:
        chosen = [running(plan, arguments.run.resolve()) for plan in chosen]
    with contextlib.ExitStack() as stack:
        try:
            guests = [stack.enter_context(Guest(plan)) for plan in chosen]
            reports = [guest.wait() for guest in guests]
        except (Hung, packages.Missing) as error:
            print(error, file=sys.stderr)
            return 1
    for report in reports:
        show(report)
    if arguments.record and not arguments.run and len(reports) == len(PLANS):
        records.record(reports)
    return 0


if __name__ == "__main__":
    sys.exit(main())
