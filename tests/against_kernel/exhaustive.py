"""Every call in every state of every type: what it answers, and what it leaves.

    situation + call  ->  "answer"  or  "answer => what look(a) then shows, where that changed"

`python -m tests.against_kernel.exhaustive` compares the kernel, the record and the model;
`--record` writes the record anew from the kernel.  The record is grouped so that it reads as the
table it is: type, call, outcome, the states with that outcome.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from . import options
from .calls import Call, calls
from .subjects import SUBJECTS, Subject
from .worlds import Kernel, Model, Names, World

DATA = Path(__file__).resolve().parents[2] / "docs" / "reference" / "data"
RECORD = DATA / "calls.json"
OPTIONS = DATA / "options.json"

Outcomes = dict[tuple[str, str, str], str]
"""(type, call, state) -> outcome."""


def situation(world: World, program: Iterable[str], call: Call) -> str:
    """Bring one socket into a state, make one call, and return its outcome."""
    space, names = world.begin(), Names()
    try:
        for line in program:
            world.do(line, space, names)
        for line in call.before:
            world.do(line, space, names)
        before = world.do("look(a)", space, names)
        answer = world.do(call.line, space, names)
        after = world.do("look(a)", space, names)
    finally:
        world.end(space)
    return answer if after == before else f"{answer} => {after}"


def states(world: World, subjects: Iterable[Subject] = SUBJECTS) -> dict[str, dict[str, str]]:
    """Return what `look` shows in every state of every type."""
    seen: dict[str, dict[str, str]] = {}
    for subject in subjects:
        for state, program in subject.states.items():
            seen.setdefault(subject.name, {})[state] = world.run((*program, "look(a)"))[-1]
    return seen


def outcomes(world: World, subjects: Iterable[Subject] = SUBJECTS) -> Outcomes:
    """Return the outcome of every call in every state of every type."""
    return {
        (subject.name, call.line, state): situation(world, program, call)
        for subject in subjects
        for call in calls(subject)
        for state, program in subject.states.items()
    }


def option_outcomes(world: World, subjects: Iterable[Subject] = SUBJECTS) -> Outcomes:
    """Return the outcome of reading and setting every option on every type."""
    return {
        (subject.name, line, state): world.run((*subject.states[state], line))[-1]
        for subject in subjects
        for line in options.lines(subject)
        for state in options.STATES
        if state in subject.states
    }


def outcome(world: World, subject: Subject, line: str, state: str) -> str:
    """One of the outcomes of a type, by itself."""
    program = subject.states[state]
    for call in calls(subject):
        if call.line == line and line not in options.lines(subject):
            return situation(world, program, call)
    return world.run((*program, line))[-1]


def asked_again(world: World, known: Outcomes, now: Outcomes) -> Outcomes:
    """The outcomes *now*, those asked twice more that differ from what is *known*.

    A busy kernel may deliver a segment after the look that a call is compared with.
    """
    of = {subject.name: subject for subject in SUBJECTS}
    for _ in range(2):
        for (kind, line, state), _, _ in list(differences(known, now)):
            if (kind, line, state) in now:
                now[kind, line, state] = outcome(world, of[kind], line, state)
    return now


def grouped(found: Outcomes) -> dict[str, dict[str, dict[str, list[str]]]]:
    """Turn outcomes into type -> call -> outcome -> states."""
    table: dict[str, dict[str, dict[str, list[str]]]] = {}
    for (kind, call, state), outcome in found.items():
        table.setdefault(kind, {}).setdefault(call, {}).setdefault(outcome, []).append(state)
    return table


def by_option(found: Outcomes) -> dict[str, dict[str, list[str]]]:
    """Turn options' outcomes into call -> outcome -> types, with the states if they matter."""
    states_of: dict[str, set[str]] = {}
    for kind, _, state in found:
        states_of.setdefault(kind, set()).add(state)
    table: dict[str, dict[str, list[str]]] = {}
    for kind, by_call in grouped(found).items():
        for call, by_outcome in by_call.items():
            for outcome, in_states in by_outcome.items():
                everywhere = len(in_states) == len(states_of[kind])
                where = [kind] if everywhere else [f"{kind}, {state}" for state in in_states]
                table.setdefault(call, {}).setdefault(outcome, []).extend(where)
    return table


def from_options(table: dict[str, dict[str, list[str]]]) -> Outcomes:
    """Turn the record of options back into outcomes."""
    states_of = {s.name: [state for state in options.STATES if state in s.states] for s in SUBJECTS}
    found: Outcomes = {}
    for call, by_outcome in table.items():
        for outcome, places in by_outcome.items():
            for kind, _, state in (place.partition(", ") for place in places):
                for each in [state] if state else states_of[kind]:
                    found[kind, call, each] = outcome
    return found


def ungrouped(table: dict[str, dict[str, dict[str, list[str]]]]) -> Outcomes:
    """Turn a record's table back into outcomes."""
    return {
        (kind, call, state): outcome
        for kind, by_call in table.items()
        for call, by_outcome in by_call.items()
        for outcome, in_states in by_outcome.items()
        for state in in_states
    }


def system() -> str:
    """Return what the record was made on: "Linux 6.18"."""
    return f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}"


def record(world: World) -> dict[str, object]:
    """Return the record of a world: the system, the states and how they are reached, the calls."""
    seen = states(world)
    return {
        "system": system(),
        "states": {
            subject.name: {
                state: {"program": list(program), "look": seen[subject.name][state]}
                for state, program in subject.states.items()
            }
            for subject in SUBJECTS
        },
        "calls": grouped(outcomes(world)),
    }


def text(content: dict[str, object], depth: int = 4) -> str:
    """Return a record as JSON with one outcome a line; deeper than `depth` all is on one."""
    pieces: list[str] = []
    encoder = json.JSONEncoder(ensure_ascii=False)

    def put(value: object, at: int) -> None:
        deep = isinstance(value, dict) and at < depth and "program" not in value
        if not deep:
            pieces.append(encoder.encode(value))
            return
        assert isinstance(value, dict)
        pieces.append("{\n")
        for number, (key, inner) in enumerate(value.items()):
            pieces.append(" " * (at + 1) + encoder.encode(key) + ": ")
            put(inner, at + 1)
            pieces.append(",\n" if number + 1 < len(value) else "\n")
        pieces.append(" " * at + "}")

    put(content, 0)
    return "".join(pieces) + "\n"


def recorded() -> Outcomes:
    """Return the outcomes of both records."""
    calls_made, options_tried = (
        json.loads(path.read_text())["calls"] for path in (RECORD, OPTIONS)
    )
    return ungrouped(calls_made) | from_options(options_tried)


def recorded_states() -> dict[str, dict[str, str]]:
    """Return what the record says each state looks like."""
    content = json.loads(RECORD.read_text())["states"]
    return {
        kind: {state: entry["look"] for state, entry in by_state.items()}
        for kind, by_state in content.items()
    }


def differences(left: Outcomes, right: Outcomes) -> Iterator[tuple[tuple[str, str, str], str, str]]:
    """Yield every place where two worlds disagree, with both outcomes."""
    for key in left.keys() | right.keys():
        if left.get(key) != right.get(key):
            yield key, left.get(key, "nothing"), right.get(key, "nothing")


def report(left: Outcomes, right: Outcomes, names: tuple[str, str]) -> str:
    """Return the disagreements as text, those of one call together; empty if there are none."""
    together: dict[tuple[str, str, str, str], list[str]] = {}
    for (kind, call, state), one, other in sorted(differences(left, right)):
        together.setdefault((kind, call, one, other), []).append(state)
    return "\n".join(
        f"{kind}: {call}\n    in {', '.join(in_states)}\n"
        f"    {names[0]:8}{one}\n    {names[1]:8}{other}"
        for (kind, call, one, other), in_states in together.items()
    )


def flat(seen: dict[str, dict[str, str]]) -> Outcomes:
    """Return the looks of all states in the form of outcomes."""
    return {(k, "look(a)", state): look for k, by in seen.items() for state, look in by.items()}


def main() -> int:
    """Compare kernel, record and model, or write the record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", action="store_true", help="write the record from the kernel")
    parser.add_argument("--only", default="", help="only types whose name contains this")
    parser.add_argument("--skip-model", action="store_true", help="compare kernel and record only")
    parser.add_argument("--skip-kernel", action="store_true", help="compare model and record only")
    parser.add_argument("--by-segments", action="store_true", help="the model takes no short ways")
    arguments = parser.parse_args()
    kernel: World = Kernel()
    if arguments.record:
        RECORD.parent.mkdir(parents=True, exist_ok=True)
        RECORD.write_text(text(record(kernel)))
        tried = {"system": system(), "calls": by_option(option_outcomes(kernel))}
        OPTIONS.write_text(text(tried, depth=3))
        return 0
    chosen = [subject for subject in SUBJECTS if arguments.only in subject.name]
    names = {subject.name for subject in chosen}
    known = {**recorded(), **flat(recorded_states())}
    known = {key: outcome for key, outcome in known.items() if key[0] in names}
    found = 0
    worlds = [] if arguments.skip_kernel else [kernel]
    worlds += [] if arguments.skip_model else [
        Model(by_segments=arguments.by_segments)]
    for world in worlds:
        now = {**flat(states(world, chosen)), **outcomes(world, chosen)}
        now |= option_outcomes(world, chosen)
        now = asked_again(world, known, now)
        problems = report(known, now, ("record", world.name))
        number = sum(1 for _ in differences(known, now))
        print(f"{world.name}: {len(now)} outcomes, {number} differ from the record")
        print(problems, end="\n" if problems else "")
        found += number
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
