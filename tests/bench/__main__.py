"""Run every benchmark on the kernel and on the model, alternating, and print the ratios.

`python -m tests.bench [--rounds 7] [--only name] [--json path] [--record]`.  The machine may be
busy: trust the ratios of one run, medians of rounds that alternate, and nothing else.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import many
from .benchmarks import BENCHMARKS, Benchmark
from .worlds import World, kernel, model

RECORD = Path(__file__).resolve().parents[2] / "docs" / "inside" / "data" / "benchmarks.json"
HEADS = ("a second", "kernel", "model", "ratio", "middle half", "aim")


def measure(benchmark: Benchmark, worlds: Sequence[World], rounds: int) -> dict[str, Any]:
    """Return the median rate of each world, and the median and the quartiles of the ratios."""
    rates: dict[str, list[float]] = {world.name: [] for world in worlds}
    for number in range(rounds):
        for world in worlds if number % 2 else reversed(worlds):
            rates[world.name].append(benchmark.count / benchmark.run(world, benchmark.count))
    ratios = [m / k for m, k in zip(rates["model"], rates["kernel"], strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4) if rounds > 1 else ratios * 3
    return {
        "name": benchmark.name,
        "what": (benchmark.run.__doc__ or "").strip(),
        "kernel": round(statistics.median(rates["kernel"])),
        "model": round(statistics.median(rates["model"])),
        "ratio": round(middle, 2),
        "low": round(low, 2),
        "high": round(high, 2),
        "aim": benchmark.aim,
    }


def system() -> dict[str, Any]:
    """Say what the figures were measured on, and when."""
    return {
        "system": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        "processors": f"{os.cpu_count()} processors, {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def show(result: dict[str, Any]) -> None:
    """Print one line of the table."""
    print("{name:30}{kernel:10}{model:10}{ratio:8.2f}   {low:5.2f}-{high:5.2f}{aim:6.1f}".format(
        **result), flush=True)


def main() -> None:
    """Measure, print a table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="only benchmarks whose name contains this")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--record", action="store_const", dest="json", const=RECORD,
                        help="write the figures that the page of benchmarks draws")
    arguments = parser.parse_args()
    worlds = [kernel(), model()]
    print("{:30}{:>10}{:>10}{:>8}{:>14}{:>6}".format(*HEADS))
    figures: dict[str, Any] = {**system(), "rounds": arguments.rounds, "results": []}
    for benchmark in BENCHMARKS:
        if arguments.only in benchmark.name:
            figures["results"].append(measure(benchmark, worlds, arguments.rounds))
            show(figures["results"][-1])
    if not arguments.only:
        figures["many"] = many.measure()
        many.show(figures["many"])
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
