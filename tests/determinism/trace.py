"""Run one program on a machine of its own and print every event of the run, then its result.

`python -m tests.determinism.trace threads [--seed 3]`
"""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

import bsdsockets

from .programs import PROGRAMS


def shown(event: Any) -> str:
    """Return an event on one line."""
    values = (getattr(event, each.name) for each in dataclasses.fields(event))
    return f"{type(event).__name__} " + " ".join(map(_word, values))


def _word(value: object) -> str:
    """Return a detail as text without what the host chose (addresses of objects, paths)."""
    text = repr(value)
    return type(value).__name__ if " at 0x" in text or "/" in text else text


def run(name: str, seed: int) -> list[str]:
    """Return a program's events and its result."""
    machine = bsdsockets.Machine(seed=seed)
    lines: list[str] = []
    machine.observe(lambda event: lines.append(shown(event)))
    result = PROGRAMS[name](machine.load)
    return [*lines, repr(result)]


def main() -> None:
    """Print a run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("\n".join(run(arguments.program, arguments.seed)))


if __name__ == "__main__":
    main()
