"""Random programs on the kernel and on the model, call by call; differences shrunk and printed.

`python -m tests.against_kernel.sequences --calls 200000 --seed 1` prints each kind of difference
once, as a program that runs on both: `python program.py`, `python -m bsdsockets run program.py`.
The programs depend on the seed alone, except where the kernel's answers steer them.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from . import call_words, link_words, old_words, vocabulary, wide_words
from .call_generators import CALLS
from .call_lines import LINES
from .differences import deliberate
from .generator import Generator, programs
from .link_generators import NetlinkGenerator, PacketGenerator, ReachGenerator
from .old_generators import OLD
from .option_generator import OptionGenerator
from .ring_generator import CollectingKernel, CollectingModel, RingGenerator
from .talk_generator import TalkGenerator
from .wide_generator import WideGenerator
from .worlds import Kernel, Model, Names, Program, World

LENGTHS = (15, 25, 25, 60)
VOCABULARIES = vocabulary, link_words, old_words, call_words, wide_words
WITHOUT_NETWORK = {**OLD, **CALLS}  # which a new network namespace does not have
GENERATORS: dict[str, type[Generator]] = {
    "core": Generator, "wide": WideGenerator, "netlink": NetlinkGenerator,
    "packet": PacketGenerator, "rings": RingGenerator, "talk": TalkGenerator,
    "options": OptionGenerator, "reach": ReachGenerator,
    **WITHOUT_NETWORK}
AGAIN = 3
"""How often a difference has to show again: the kernel may be interrupted by its own timers."""

LATE = 0.05
"""Seconds after which Linux has acknowledged what it got: it waits 0.04 for data to go with."""


@dataclass(frozen=True)
class Finding:
    """A program whose last line is answered differently, with all answers."""

    program: Program
    kernel: tuple[str, ...]
    model: tuple[str, ...]

    @property
    def signature(self) -> str:
        """What is different, without the particulars."""
        shown = (self.program[-1], self.kernel[-1], self.model[-1])
        return " | ".join(re.sub(r"\b[a-z]\d+\b|\d+", "#", text) for text in shown)


@dataclass
class Tally:
    """What a run has done and found."""

    programs: int = 0
    calls: int = 0
    unstable: list[str] = field(default_factory=list)
    seconds: float = 0.0
    deliberate: dict[str, int] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def grow(generator: Generator, world: World, length: int) -> tuple[Program, tuple[str, ...]]:
    """Make a program while the world runs it, and return it with its answers."""
    space, names = world.begin(), Names()
    lines = list(generator.opening())
    try:
        answers = [world.do(line, space, names) for line in lines]
        while len(lines) < length:
            line = generator.line(space)
            lines.append(line)
            answers.append(world.do(line, space, names))
        for name in [name for name, value in space.items() if re.fullmatch(r"[a-z]\d+", name)]:
            if hasattr(space[name], "getsockname"):
                lines.append(f"{generator.final}({name})")
                answers.append(world.do(lines[-1], space, names))
    finally:
        world.end(space)
    return tuple(lines), tuple(answers)


def compare(program: Program, left: World, right: World) -> Finding | None:
    """Run a program in two worlds and return the first difference, or None."""
    return _first(program, tuple(left.run(program)), tuple(right.run(program)))


def _first(program: Program, one: tuple[str, ...], other: tuple[str, ...],
           tally: Tally | None = None) -> Finding | None:
    """Return the first difference that is not deliberate; those are counted."""
    for at, (here, there) in enumerate(zip(one, other, strict=True)):
        if here == there:
            continue
        known = deliberate(program[at], here, there)
        if known is None:
            return Finding(program[: at + 1], one[: at + 1], other[: at + 1])
        if tally is not None:
            tally.deliberate[known.name] = tally.deliberate.get(known.name, 0) + 1
        if known.lasts:
            return None
    return None


def shrink(finding: Finding, left: World, right: World) -> Finding:
    """Leave out every line without which the same difference still shows."""
    size = max(1, len(finding.program) // 2)
    while size:
        at = 0
        while at < len(finding.program) - 1:
            lines = finding.program
            shorter = lines[:at] + lines[min(at + size, len(lines) - 1) :]
            found = compare(shorter, left, right)
            if found and found.signature == finding.signature:
                finding = found
            else:
                at += size
        size //= 2
    return finding


def at_rest(program: Program, left: World, right: World) -> Finding | None:
    """Compare when late acknowledgements have come after each call.

    Until then a small send buffer is full on the kernel, which counts what a segment costs.
    """
    usual = left.settle, right.settle
    left.settle = right.settle = lambda: time.sleep(LATE)
    if isinstance(right, Model):
        right.settle = lambda: right.pass_time(LATE)
    try:
        return compare(program, left, right)
    finally:
        left.settle, right.settle = usual


def check(generator: Generator, left: World, right: World, tally: Tally) -> None:
    """Grow one program on the left, run it on the right, and keep what differs."""
    program, answers = grow(generator, left, generator.random.choice(LENGTHS))
    tally.programs += 1
    tally.calls += len(program)
    finding = _first(program, answers, tuple(right.run(program)), tally)
    if finding is None:
        return
    tally.counts[finding.signature] = tally.counts.get(finding.signature, 0) + 1
    if finding.signature in tally.findings:
        return
    again = [compare(finding.program, left, right) for _ in range(AGAIN)]
    if finding.kernel[-1] == "EAGAIN":
        again.append(at_rest(finding.program, left, right))
    if any(each is None or each.signature != finding.signature for each in again):
        tally.unstable.append(finding.signature)
        return
    tally.findings[finding.signature] = shrink(finding, left, right)


def run(calls: int, seed: int, left: World, right: World, enough: int = sys.maxsize,
        make: type[Generator] = Generator) -> Tally:
    """Compare until so many calls were made in each world or enough kinds of difference found."""
    tally, began = Tally(), time.perf_counter()
    for generator in programs(seed, make):
        if tally.calls >= calls or len(tally.findings) >= enough:
            break
        check(generator, left, right, tally)
    tally.seconds = time.perf_counter() - began
    return tally


def words(program: Program) -> Iterator[str]:
    """Yield the source of the words that a program needs, in the vocabulary's order."""
    source = "".join(map(inspect.getsource, VOCABULARIES))
    known = {name: value for each in VOCABULARIES for name, value in vars(each).items()}
    functions = {name: value for name, value in known.items() if inspect.isfunction(value)}
    pattern = r"^([A-Z][A-Z0-9_]*) = (.*(?:\n    .*)*(?:\n\).*)?)"
    constants = dict(re.findall(pattern, source, re.MULTILINE))
    needed: set[str] = set()
    waiting = ["\n".join(program), "quiet"]
    while waiting:
        for word in re.findall(r"\w+", waiting.pop()):
            if word not in needed and word in functions:
                needed.add(word)
                waiting.append(inspect.getsource(functions[word]))
            elif word not in needed and word in constants:
                needed.add(word)
    yield "\n".join(f"{name} = {constants[name]}" for name in constants if name in needed)
    for name, function in known.items():
        if name in needed and isinstance(function, Callable):
            yield inspect.getsource(function).rstrip()


def as_program(finding: Finding) -> str:
    """Return a finding as a Python program that runs on the kernel and on the model."""
    stars = "from select import *\nfrom socket import *\n"
    head = stars + ""
    head += "import ctypes\nimport fcntl\nimport os\nimport select\nimport socket\nimport struct"
    body = []
    answers = zip(finding.program, finding.kernel, finding.model, strict=True)
    for line, kernel, model in answers:
        both = f"# kernel: {kernel}\n# model:  {model}"
        body.append(f"# {kernel}" if kernel == model else both)
        shown = line if re.match(r"[\w, ]+ = ", line) else f"print({line})"
        body.append(
            shown if kernel == model and not re.match(r"[A-Z]", kernel)
            else f"try:\n    {shown}\nexcept Exception as error:\n    print(repr(error))"
        )  # fmt: skip
    return "\n\n\n".join([head, *words(finding.program), "\n".join(body)]) + "\n"


def report(tally: Tally) -> str:
    """Return what a run found, each kind of difference as a program."""
    parts = [
        f"# {'-' * 76}\n# {tally.counts[signature]} times: {signature}\n\n{as_program(finding)}"
        for signature, finding in tally.findings.items()
    ]
    parts += [f"# did not show again: {signature}" for signature in tally.unstable]
    parts.append(
        f"{tally.programs} programs, {tally.calls} calls in each world, {tally.seconds:.1f} s: "
        f"{len(tally.findings)} kinds of difference in {sum(tally.counts.values())} programs, "
        f"{len(tally.unstable)} did not show again, deliberate {tally.deliberate or 0}"
    )
    return "\n".join(parts)


def brief(tally: Tally) -> str:
    """Return what a run found, each kind of difference in a few lines."""
    parts = []
    for signature, finding in sorted(tally.findings.items(), key=lambda item: item[0]):
        parts.append(f"{tally.counts[signature]} times:")
        for line, kernel, model in zip(finding.program, finding.kernel, finding.model, strict=True):
            parts.append(f"    {line:60}  {kernel if kernel == model else ''}")
        parts.append(f"        kernel: {finding.kernel[-1]}\n        model:  {finding.model[-1]}")
    return "\n".join(parts)


def main() -> int:
    """Compare the kernel and the model, or the kernel and itself."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--enough", type=int, default=sys.maxsize, help="stop at so many kinds")
    parser.add_argument("--brief", action="store_true", help="only the lines, not whole programs")
    parser.add_argument("--of", choices=GENERATORS, default="core", help="which families")
    parser.add_argument("--kernel-twice", action="store_true", help="prove the judge on the kernel")
    parser.add_argument("--by-segments", action="store_true", help="the model takes no short ways")
    arguments = parser.parse_args()
    make = GENERATORS[arguments.of]
    kernel, model = (CollectingKernel, CollectingModel) if make is RingGenerator else (
        Kernel, Model)
    left = kernel(private=make.own_network)
    right: World = kernel(private=make.own_network) if arguments.kernel_twice else model(
        profile="built in" if make.own_network else "as this machine",
        by_segments=arguments.by_segments)
    needs_network = make in (NetlinkGenerator, PacketGenerator, ReachGenerator)
    if needs_network and not left.private:
        print("no network of one's own can be made here", file=sys.stderr)
        return 77
    left.renewed_every = right.renewed_every = make.renewed_every
    if arguments.of in LINES:
        left.settle = settle = LINES[arguments.of]()
        if not isinstance(right, Model):
            right.settle = settle
        elif arguments.of == "ax25":
            right.settle = right.sleep
    tally = run(arguments.calls, arguments.seed, left, right, arguments.enough, make)
    if arguments.brief:
        print(brief(tally))
        tally.findings, findings = {}, tally.findings
        print(report(tally).replace("0 kinds", f"{len(findings)} kinds"))
        tally.findings = findings
    else:
        print(report(tally))
    leaks = right.leaks + right.left() if isinstance(right, Model) else []
    print(f"left open: {leaks}" if leaks else "nothing is left open")
    return 1 if tally.findings or leaks else 0


if __name__ == "__main__":
    sys.exit(main())
