"""The benchmarks, drawn from ``docs/inside/data/benchmarks.json``.

``python -m tests.bench --record`` writes that file.  The picture shows for each benchmark how many
times the kernel's rate the model reaches, on a scale on which twice and half are equally far from
the kernel; the table below it has the figures.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

RECORD = Path(__file__).resolve().parents[2] / "docs" / "inside" / "data" / "benchmarks.json"

WIDTH, LEFT, RIGHT = 340, 12, 328
TOP, ROW = 22, 40
SCALE = (0.5, 1.0, 2.0, 4.0, 8.0)
"""The ratios that have a line; the picture ends a little beyond them."""


def recorded() -> dict[str, Any]:
    """Return the record."""
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def place(ratio: float) -> float:
    """Return where a ratio stands from left to right, between the edges of the picture."""
    low, high = math.log2(SCALE[0]), math.log2(SCALE[-1] * 1.5)
    share = (math.log2(ratio) - low) / (high - low)
    return LEFT + (RIGHT - LEFT) * min(max(share, 0.0), 1.0)


def _line(ratio: float, height: float) -> str:
    x = place(ratio)
    kind = "kernel" if ratio == 1 else "scale"
    word = "kernel" if ratio == 1 else f"{ratio:g}×"
    anchor = "start" if ratio == SCALE[0] else "middle"
    return (
        f'<path class="{kind}" d="M{x:.1f} {TOP - 6}V{height:.1f}"/>'
        f'<text class="{anchor}" x="{x:.1f}" y="{TOP - 10}">{word}</text>'
    )


def _bar(number: int, result: dict[str, Any]) -> str:
    """One benchmark: its name, a bar from the kernel's rate to the model's, and the aim."""
    y = TOP + ROW * number
    start, end = sorted((place(1.0), place(result["ratio"])))
    low, high, aim = (place(result[key]) for key in ("low", "high", "aim"))
    return (
        f'<text class="name" x="{LEFT}" y="{y + 13}">{html.escape(result["name"])}</text>'
        f'<text class="ratio" x="{RIGHT}" y="{y + 13}">{result["ratio"]:.2f}×</text>'
        f'<rect x="{start:.1f}" y="{y + 18}" width="{max(end - start, 1):.1f}" height="12"/>'
        f'<path class="spread" d="M{low:.1f} {y + 24}H{high:.1f}"/>'
        f'<path class="aim" d="M{aim:.1f} {y + 16}v16"/>'
    )


def picture(results: list[dict[str, Any]]) -> str:
    """Return the picture as SVG."""
    height = TOP + ROW * len(results) + 2
    lines = "".join(_line(ratio, height) for ratio in SCALE)
    bars = "".join(_bar(number, result) for number, result in enumerate(results))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" '  # without it an EPUB shows its words
        f'class="benchmarks" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="How many '
        "times the kernel's rate the model reaches; the table below says the same in figures.\">"
        f"{lines}{bars}</svg>"
        '<p class="benchmarks-key"><span class="spread">line: the middle half of the rounds</span> '
        '<span class="aim">mark: the aim</span></p>'
    )


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> nodes.Node:
    group = nodes.tgroup("", cols=len(heads))
    group += [nodes.colspec(colwidth=30 if column == 0 else 14) for column in range(len(heads))]
    head, body = nodes.thead(), nodes.tbody()
    for place_of, cells in ((head, heads), *((body, row) for row in rows)):
        place_of += nodes.row(
            "", *(nodes.entry("", nodes.paragraph("", cell)) for cell in cells)
        )
    group += [head, body]
    return nodes.table("", group, classes=["benchmarks"])


def _rate(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")


class _OfRecord(SphinxDirective):
    def record(self) -> dict[str, Any]:
        self.env.note_dependency(RECORD)
        self.env.note_dependency(Path(__file__))
        return recorded()


class Benchmarks(_OfRecord):
    """The picture, and the same in figures."""

    def run(self) -> list[nodes.Node]:
        record = self.record()
        rows = [
            (
                each["name"],
                _rate(each["kernel"]),
                _rate(each["model"]),
                f"{each['ratio']:.2f}",
                f"{each['low']:.2f} to {each['high']:.2f}",
                f"{each['aim']:.1f}",
            )
            for each in record["results"]
        ]
        heads = ("a second", "kernel", "model", "ratio", "middle half", "aim")
        measured = (
            f"Measured on {record['date']} with {record['python']} on {record['system']}, "
            f"{record['processors']}: the median of {record['rounds']} rounds."
        )
        return [
            nodes.raw("", picture(record["results"]), format="html"),
            _table(heads, rows),
            nodes.paragraph("", measured),
        ]


class ManyConnections(_OfRecord):
    """What ten thousand open connections cost."""

    def run(self) -> list[nodes.Node]:
        many = self.record()["many"]
        number, few = _rate(many["connections"]), many["few"]
        rows = [(f"memory of one of {number}, both ends", f"{_rate(many['bytes'])} bytes")]
        rows += [
            (f"{name}: time, beside that with {few}", f"{times:.2f} times")
            for name, times in many["slower"].items()
        ]
        return [_table((f"{number} open connections", ""), rows)]
