"""The same program and the same seed give the same run, event by event."""

from __future__ import annotations

import functools
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cpython_suites import pythons

from .programs import EXPECTED, LIBRARY, OWN, PROGRAMS

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 60


@functools.cache
def traces(python: str, seed: int, hash_seed: str, *programs: str) -> dict[str, list[str]]:
    """Return the events of the programs' runs in a process of its own."""
    answer = subprocess.run(
        [python, "-m", "tests.determinism.trace", *programs, "--seed", str(seed)],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
        },
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert answer.returncode == 0, answer.stderr
    return dict(json.loads(answer.stdout))


def trace(
    program: str, python: str = sys.executable, seed: int = 0, hash_seed: str = "0"
) -> list[str]:
    """Return the events of one run, and its result as the last line."""
    return traces(python, seed, hash_seed)[program]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_run_does_not_depend_on_hash_randomisation(program: str) -> None:
    """PYTHONHASHSEED decides the order of sets; nothing may follow it."""
    expected = trace(program)
    for hash_seed in ("1", "4711", "random"):
        assert trace(program, hash_seed=hash_seed) == expected


@pytest.mark.parametrize("program", OWN)
@pytest.mark.parametrize("version", pythons.found())
def test_a_run_is_the_same_on_every_python(program: str, version: str) -> None:
    """Programs of `socket`, `select` and `threading` give one run, event by event."""
    assert trace(program, pythons.found()[version]) == trace(program)


@pytest.mark.parametrize("program", LIBRARY)
@pytest.mark.parametrize("version", pythons.found())
def test_a_result_is_the_same_on_every_python(program: str, version: str) -> None:
    """asyncio and http make other calls in each version; what comes out is the same."""
    result = trace(program, pythons.found()[version])[-1]
    assert result == trace(program)[-1]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_seed_gives_the_same_run_again(program: str) -> None:
    """Another seed may schedule otherwise, but always the same way."""
    assert trace(program, seed=7) == trace(program, seed=7, hash_seed="99")


def test_another_seed_schedules_otherwise() -> None:
    """Of eight seeds, at least one lets the clients of a threaded server end in another order."""
    runs = [traces(sys.executable, seed, "0", "threads")["threads"] for seed in range(1, 9)]
    results = {run[-1] for run in runs}
    assert len(results) > 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_events_tell_of_calls_and_packets(program: str) -> None:
    """A trace that holds nothing would always be the same."""
    kinds = {line.split()[0] for line in trace(program)}
    assert {"CallBegins", "CallEnds"} <= kinds
    assert program in ("backpressure", "timeouts") or "PacketSent" in kinds


@pytest.mark.parametrize("program", EXPECTED)
def test_a_program_computes_what_the_kernel_computes(program: str) -> None:
    """The model's result is the expected one, and so is the system's."""
    model = eval(trace(program)[-1])
    assert (sum(model) if program == "backpressure" else model) == EXPECTED[program]
    if program != "timeouts":  # takes thirty seconds where time is real
        real = PROGRAMS[program](importlib.import_module)
        assert (sum(real) if program == "backpressure" else real) == EXPECTED[program]
