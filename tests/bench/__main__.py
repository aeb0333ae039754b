"""Run every benchmark on the kernel and on the model, alternating, and print the ratios.

`python -m tests.bench [--rounds 7] [--only name] [--json path]`.  The machine may be busy: trust
the ratios of one run, medians of rounds that alternate, and nothing else.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
from typing import Any

from . import many
from .benchmarks import BENCHMARKS, Benchmark
from .worlds import World, kernel, model


def measure(benchmark: Benchmark, worlds: list[World], rounds: int) -> dict[str, Any]:
    """Return the median rate of each world and the median of the rounds' ratios."""
    rates: dict[str, list[float]] = {world.name: [] for world in worlds}
    for number in range(rounds):
        for world in worlds if number % 2 else reversed(worlds):
            rates[world.name].append(benchmark.count / benchmark.run(world, benchmark.count))
    ratios = [m / k for m, k in zip(rates["model"], rates["kernel"], strict=True)]
    return {
        "name": benchmark.name,
        "kernel": round(statistics.median(rates["kernel"])),
        "model": round(statistics.median(rates["model"])),
        "ratio": round(statistics.median(ratios), 2),
        "aim": benchmark.aim,
    }


def main() -> None:
    """Measure, print a table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="only benchmarks whose name contains this")
    parser.add_argument("--json", help="write the figures to this file")
    arguments = parser.parse_args()
    worlds = [kernel(), model()]
    results = []
    print(f"{'a second':30}{'kernel':>10}{'model':>10}{'ratio':>8}{'aim':>6}")
    for benchmark in BENCHMARKS:
        if arguments.only not in benchmark.name:
            continue
        result = measure(benchmark, worlds, arguments.rounds)
        results.append(result)
        print("{name:30}{kernel:10}{model:10}{ratio:8.2f}{aim:6.1f}".format(**result), flush=True)
    if not arguments.only:
        many.main()
    if arguments.json:
        system = f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}"
        python = platform.python_version()
        with open(arguments.json, "w") as file:
            json.dump({"system": system, "python": python, "results": results}, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
