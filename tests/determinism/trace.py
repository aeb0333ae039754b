"""Run each program on a machine of its own; print the events of each run and its result.

`python -m tests.determinism.trace [threads …] [--seed 3]` prints JSON: name -> lines.
The modules are loaded before the first event: which others a module imports, and what they try
while they are imported, is the version's own business (3.14's `socket` leaves `selectors` alone).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from typing import Any

import bsdsockets

from .programs import MODULES, PROGRAMS


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
    for module in MODULES:
        machine.load(module)
    lines: list[str] = []
    machine.observe(lambda event: lines.append(shown(event)))
    result = PROGRAMS[name](machine.load)
    return [*lines, repr(result)]


def main() -> None:
    """Print the runs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs", nargs="*", default=list(PROGRAMS))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    runs = {name: run(name, arguments.seed) for name in arguments.programs}
    json.dump(runs, sys.stdout, indent=0)


if __name__ == "__main__":
    main()
