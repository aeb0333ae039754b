"""The example runner's side of pytest.

Items are named ``docs/tutorials/first-socket.md::os::L17``: page, engine, the block's line.  Each
page ends with ``::os::end``, which fails if a socket, a thread or a warning is left behind, and,
once it has run on two engines, with ``::same``, which compares what both really printed.
"""

from __future__ import annotations

import argparse
import functools
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from examples import engines, page, programs, record, session, unprivileged
from examples.accept import Correction, write
from examples.tags import CONDITIONS

ROOT = Path(__file__).resolve().parent.parent.parent
_FOLDERS = ("docs", "src", "conf")
_OF_TESTS = ("firefox", "lighthouse")
"""What no example needs, but a test."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("examples")
    group.addoption("--accept", action="store_true", help="write examples' output into their pages")
    group.addoption("--engine", action="append", choices=tuple(engines.ENGINES), default=[])
    group.addoption(
        "--require",
        type=_conditions,
        default=(),
        help="conditions, separated by commas, that must hold here: nothing is skipped for them",
    )
    parser.addini("example_engines", "engines that examples run on", type="args", default=["os"])


def _conditions(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    known = (*CONDITIONS, *_OF_TESTS)
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
    return names


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--accept") and os.environ.get("PYTEST_XDIST_WORKER_COUNT"):
        raise pytest.UsageError("--accept writes files: run it without -n")
    programs.hear_ctrl_c()
    for name in engines.ENGINES:
        config.addinivalue_line("markers", f"{name}: examples on this engine")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    folder = file_path.relative_to(ROOT).parts[0] if file_path.is_relative_to(ROOT) else ""
    if file_path.suffix == ".md" and (folder in _FOLDERS or file_path.parent == ROOT):
        return Page.from_parent(parent, path=file_path)
    if file_path.suffix == ".py" and folder in ("src", "conf"):
        return Module.from_parent(parent, path=file_path)
    return None


class _Examples(pytest.File):
    """A file whose examples are items; a rule it breaks is a collection error at its line."""

    def blocks(self) -> list[page.Block]:
        try:
            return page.read(self.path)
        except page.PageError as error:
            raise self.CollectError(str(error)) from None


class Module(_Examples):
    """A Python module: each docstring with examples is an item."""

    def collect(self) -> Iterator[pytest.Item]:
        for block in self.blocks():
            own = OnEngine("os", [block], functools.partial(engines.in_module, self.path))
            yield BlockItem.from_parent(self, name=block.name, block=block, page=own, last=True)


class Page(_Examples):
    """A Markdown page: one collector for each engine."""

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        blocks = self.blocks()
        wanted = self.config.getoption("--engine") or self.config.getini("example_engines")
        pages = {
            name: OnEngine(name, [b for b in blocks if b.kind == "pycon"], make)
            for name, make in engines.ENGINES.items()
            if name in wanted
        }
        chosen = self.config.getoption("--engine") or ["os", "model"]
        alone = {
            block: {name: OnEngine(name, [block], engines.ENGINES[name]) for name in chosen}
            for block in blocks
            if block.kind == "conversation"
        }
        for name, make in engines.ENGINES.items():
            if name in pages:
                own, shown = pages[name], blocks
            else:  # a conversation is drawn from the model, so it is compared with it
                own, shown = OnEngine(name, [], make), [b for b in alone if name in alone[b]]
            if shown or name in pages:
                yield Lane.from_parent(self, name=name, all_blocks=shown, page=own, alone=alone)
        both = {"os", "model"} <= set(pages)
        for block, runs in alone.items():
            if {"os", "model"} <= set(runs) & set(block.tags.engines):
                yield SameItem.from_parent(self, name=f"same-L{block.line}", pages=runs)
        if both and any(set(b.tags.engines) >= {"os", "model"} for b in pages["os"].blocks):
            yield SameItem.from_parent(self, name="same", pages=pages)


class OnEngine:
    """A page on an engine: its session, made when first needed and closed once."""

    def __init__(self, name: str, blocks: list[page.Block], make: Any):
        self.name = name
        self.blocks = blocks
        self._make = make
        self._session: session.Session | None = None
        self.left: list[str] | None = None

    def session(self) -> session.Session:
        if self._session is None:
            self._session = session.Session(self.blocks, self._make())
        return self._session

    def close(self) -> list[str]:
        if self.left is None:
            self.left = self._session.close() if self._session else []
        return self.left


class Lane(pytest.Collector):
    """The blocks of a page that run on one engine; a conversation runs alone."""

    def __init__(
        self,
        all_blocks: list[page.Block],
        page: OnEngine,
        alone: dict[page.Block, dict[str, OnEngine]],
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.all_blocks = all_blocks
        self.page = page
        self.alone = alone
        self.add_marker(page.name)

    def collect(self) -> Iterator[pytest.Item]:
        for block in self.all_blocks:
            name = f"L{block.line}"
            if self.page.name not in block.tags.engines:
                continue
            if block.kind == "pycon":
                yield BlockItem.from_parent(self, name=name, block=block, page=self.page)
            elif block.kind == "conversation":
                own = self.alone[block][self.page.name]
                yield BlockItem.from_parent(self, name=name, block=block, page=own, last=True)
            elif self.page.name == "os":
                yield ProgramItem.from_parent(self, name=name, block=block)
        if self.page.blocks:
            yield EndItem.from_parent(self, name="end", page=self.page)

    def __repr__(self) -> str:
        """What pytest says when a line is asked for at which no block begins."""
        lines = ", ".join(item.name for item in self.collect())
        return f"<{self.name}, whose blocks begin at {lines}>"

    def teardown(self) -> None:
        self.page.close()


class _Item(pytest.Item):
    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        known = (
            session.Failed,
            unprivileged.FailedAsNobody,
            programs.ProgramFailed,
            page.PageError,
            Different,
            LeftOpen,
        )
        if isinstance(excinfo.value, known):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)


class _OfBlock(_Item):
    """An item that is one block of a page."""

    def __init__(self, block: page.Block, engine: str = "os", **kwargs: Any):
        super().__init__(**kwargs)
        self.block = block
        self.as_nobody = engine == "os" and unprivileged.applies(block)
        self.missing = "" if self.as_nobody else block.tags.unmet(engine)
        required = set(block.tags.conditions) & set(self.config.getoption("--require"))
        if self.missing and not (required and engine == "os"):
            self.add_marker(pytest.mark.skip(reason=self.missing))

    def setup(self) -> None:
        if self.missing:  # and required: the others are marked as skipped
            raise page.PageError(f"{self.path}:{self.block.line}: {self.missing}, but is required")

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.block.line - 1, self.nodeid.removeprefix("docs/")


class BlockItem(_OfBlock):
    """The examples of a ``pycon`` block or of a docstring."""

    def __init__(self, page: OnEngine, last: bool = False, **kwargs: Any):
        super().__init__(engine=page.name, **kwargs)
        self.page = page
        self.last = last

    def runtest(self) -> None:
        self.user_properties.append(("examples", len(self.block.examples)))
        self.user_properties.append(("engine", self.page.name))
        if self.as_nobody:
            unprivileged.run(self.page.blocks, self.block)
            return
        try:
            self.page.session().run(self.block)
        except session.Failed as failed:
            if not (self.config.getoption("--accept") and self.page.name == "os"):
                raise
            # Written once, at the end: lines will move.
            _to_accept.extend(session.corrections(failed.outcomes))
            pytest.skip("its output is written into the page")
        if self.last and (left := self.page.close()):
            raise LeftOpen(f"{self.path}:{self.block.line}: left behind: {'; '.join(left)}")


class ProgramItem(_OfBlock):
    """The commands of a ``console`` block."""

    def runtest(self) -> None:
        self.user_properties.append(("programs", len(programs.commands(self.block))))
        self.user_properties.append(("engine", "os"))
        accepted: list[Correction] | None = [] if self.config.getoption("--accept") else None
        programs.run(self.block, accepted)
        if accepted:
            _to_accept.extend(accepted)
            pytest.skip("its output is written into the page")


class LeftOpen(Exception):
    """A page ended with something open."""


class EndItem(_Item):
    """The end of a page: nothing may be left open."""

    def __init__(self, page: OnEngine, **kwargs: Any):
        super().__init__(**kwargs)
        self.page = page

    def runtest(self) -> None:
        if left := self.page.close():
            raise LeftOpen(f"{self.path}: left behind: {'; '.join(left)}")

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.nodeid.removeprefix("docs/")


class Different(Exception):
    """Two engines printed different things where the page's ``...`` allows both."""


class SameItem(_Item):
    """What the operating system and our implementation printed, compared."""

    def __init__(self, pages: dict[str, OnEngine], **kwargs: Any):
        super().__init__(**kwargs)
        self.pages = pages

    def runtest(self) -> None:
        found = []
        ours = self.pages["model"].session().outcomes
        for block, outcomes in self.pages["os"].session().outcomes.items():
            for one, other in zip(outcomes, ours.get(block, outcomes), strict=True):
                if not block.tags.varies and _masked(one.got) != _masked(other.got):
                    found.append(
                        f"{self.path}:{one.line}: {one.example.source}"
                        f"operating system:\n{one.got}ours:\n{other.got}"
                    )
        if found:
            raise Different("\n".join(found))

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.nodeid.removeprefix("docs/")


def _masked(text: str) -> str:
    """*text* without what differs from run to run: descriptors, ports, addresses of objects."""
    text = re.sub(r"\bfd=\d+", "fd=#", text)
    text = re.sub(r"0x[0-9a-f]{6,}", "0x#", text)
    # The acknowledgement of a FIN may take milliseconds on the operating system.
    text = re.sub(r"\bFIN[-_]WAIT[-_]?[12]\b", "FIN-WAIT-#", text)
    # A deliberate difference: how a call is told that it has too few or too many arguments.
    text = re.sub(r"TypeError: \w+\.\w+\(\) (takes|missing|expected) .*", "TypeError: #", text)
    return re.sub(r"\b\d{4,}\b", "#", text)


_to_accept: list[Correction] = []
_counts: Counter[str] = Counter()
_skips: Counter[str] = Counter()
_ran: dict[str, Counter[str]] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    properties: dict[str, Any] = dict(report.user_properties)
    if report.when == "call" and "engine" in properties:
        engine = properties["engine"]
        of_page = _ran.setdefault(report.nodeid.split("::")[0], Counter())
        for kind in ("examples", "programs"):
            if kind in properties:
                name = f"{kind} on {engine}"
                _counts[name] += properties[kind]
                of_page[name] += properties[kind]
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        _skips[f"{report.nodeid}: {reason}"] += 1


_TITLES = {
    "examples on os": "examples on the operating system",
    "examples on model": "examples on the reference implementation",
    "programs on os": "commands of whole programs",
}


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int) -> None:
    if not _counts and not _skips:
        return
    terminalreporter.section("examples")
    terminalreporter.write_line(f"on {record.system()}")
    for name, count in sorted(_counts.items()):
        terminalreporter.write_line(f"{count:6} {_TITLES.get(name, name)} ran")
    terminalreporter.write_line(f"{len(_skips):6} blocks and tests skipped")
    for reason in sorted(_skips):
        terminalreporter.write_line(f"         {reason}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    write(_to_accept)
    worker = hasattr(session.config, "workerinput")
    whole = not session.config.getoption("--accept") and not session.config.option.keyword
    if _ran and not worker and whole:
        record.write({name: dict(counts) for name, counts in _ran.items() if name.endswith(".md")})
