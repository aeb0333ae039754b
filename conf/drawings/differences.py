"""The deliberate differences from Linux, drawn from ``tests/against_kernel/differences.py``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

TABLE = Path(__file__).resolve().parent.parent.parent / "tests/against_kernel/differences.py"


def deliberate() -> tuple[Any, ...]:
    """Return the table that the comparison with the kernel uses, as it stands."""
    spec = importlib.util.spec_from_file_location("_differences_for_drawings", TABLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[spec.name]
    found: tuple[Any, ...] = module.DELIBERATE
    return found


class ModelDifferences(SphinxDirective):
    """Each difference with its reason; or the statement that there is none."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(TABLE)
        differences = deliberate()
        if not differences:
            text = "The comparison with Linux excuses nothing: its list of differences is empty."
            return [nodes.paragraph("", text)]
        items = nodes.definition_list()
        for each in differences:
            meaning = nodes.definition("", nodes.paragraph("", each.reason))
            items += nodes.definition_list_item("", nodes.term("", each.name), meaning)
        return [items]
