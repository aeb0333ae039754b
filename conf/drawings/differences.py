"""What the model does not do as Linux does, drawn from where that is decided.

The deliberate differences are ``tests/against_kernel/differences.py``, what the comparison lets
pass; the tests of CPython that cannot pass are ``tests/cpython_suites/expected.py``; what a
protocol leaves out is the paragraph "Left out: ..." at the head of its file.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parent.parent.parent
DIFFERENCES = ROOT / "tests" / "against_kernel" / "differences.py"
EXPECTED = ROOT / "tests" / "cpython_suites" / "expected.py"
SOURCE = ROOT / "src" / "bsdsockets"
LEFT_OUT = "Left out: "


def _executed(path: Path) -> Any:
    """Return the module at *path*, as it stands now."""
    spec = importlib.util.spec_from_file_location(f"_{path.stem}_for_drawings", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[spec.name]
    return module


def deliberate() -> dict[str, str]:
    """Return the name and the reason of each deliberate difference."""
    return {each.name: each.reason for each in _executed(DIFFERENCES).DELIBERATE}


def failing_tests() -> dict[str, str]:
    """Return the tests of CPython that cannot pass on the model, and why."""
    return dict(_executed(EXPECTED).FAILURES)


def left_out() -> Iterator[tuple[str, str]]:
    """Return each file of the model that leaves something out, and what."""
    for path in sorted(SOURCE.rglob("*.py")):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        for paragraph in text.split("\n\n"):
            if paragraph.startswith(LEFT_OUT):
                words = " ".join(paragraph.removeprefix(LEFT_OUT).split())
                yield path.relative_to(SOURCE).as_posix(), _capital(words)


def _capital(text: str) -> str:
    return text if text.startswith("`") else text[0].upper() + text[1:]


def _with_code(text: str) -> list[nodes.Node]:
    """Read a sentence of a docstring, in which backquotes mark code."""
    parts = re.split(r"`{1,2}([^`]+)`{1,2}", text)
    return [
        nodes.literal("", part) if place % 2 else nodes.Text(part)
        for place, part in enumerate(parts)
        if part
    ]


def _definitions(pairs: dict[str, str]) -> list[nodes.Node]:
    items = nodes.definition_list()
    for term, meaning in pairs.items():
        text = nodes.definition("", nodes.paragraph("", "", *_with_code(meaning)))
        name = nodes.strong("", term) if " " in term else nodes.literal("", term)
        items += nodes.definition_list_item("", nodes.term("", "", name), text)
    return [items]


class ModelDifferences(SphinxDirective):
    """Each deliberate difference with its reason; or the statement that there is none."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(DIFFERENCES)
        nothing = "None: the comparison with Linux excuses nothing."
        found = deliberate()
        return _definitions(found) if found else [nodes.paragraph("", nothing)]


class FailingTests(SphinxDirective):
    """The tests of CPython that cannot pass, with their reasons."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(EXPECTED)
        return _definitions(failing_tests())


class LeftOut(SphinxDirective):
    """What each file of the model says it leaves out."""

    def run(self) -> list[nodes.Node]:
        for path in SOURCE.rglob("*.py"):
            self.env.note_dependency(path)
        return _definitions(dict(left_out()))
