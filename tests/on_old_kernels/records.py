"""What was recorded about the flows: docs/reference/data/flows.json and the outputs beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.on_old_kernels.guests import Report

DATA = Path(__file__).resolve().parents[2] / "docs" / "reference" / "data"
FILE = DATA / "flows.json"


@dataclass(frozen=True)
class Flow:
    """The calls of a program beside a page and what each answered."""

    name: str
    kernels: tuple[str, ...]
    """The releases where a C program, making the same calls, got the same results."""
    calls: tuple[tuple[str, str, str], ...]
    """Who, the call in words, the result: a number, text, or an errno's name."""

    def lines(self) -> list[str]:
        """What the program prints."""
        return [f"{who}  {call}: {result}" for who, call, result in self.calls]


def _data() -> dict[str, Any]:
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def flow(name: str) -> Flow:
    """A flow by the name of its program."""
    entry = _data()["programs"][name]
    return Flow(name, tuple(entry["kernels"]), tuple(tuple(call) for call in entry["calls"]))


def guests() -> dict[str, dict[str, Any]]:
    """The guests as last recorded."""
    return dict(_data()["guests"])


def record(reports: Iterable[Report]) -> None:
    """Write down which kernels were booted, and what the programs printed there.

    The matrix and flows.json's calls stay as they are: what a guest answers otherwise is for a
    person to look at.
    """
    text = FILE.read_text(encoding="utf-8")
    before, _, _ = text.partition('"guests": {')
    entries = ",\n".join(
        f' "{report.plan.guest}": {json.dumps(_entry(report))}' for report in reports
    )
    FILE.write_text(before + '"guests": {\n' + entries + "}\n}\n", encoding="utf-8")


def _entry(report: Report) -> dict[str, Any]:
    names = [program.name for program in report.plan.programs]
    return {
        "release": report.release,
        "version": report.result["version"],
        "package": report.package.as_json(),
        "python": report.result["python"],
        "modules": report.result["modules"],
        "programs": [name for name in names if not name.endswith(".md")],
    }
