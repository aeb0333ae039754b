"""Writing into pages what their examples and programs have printed: ``--accept``.

Lines of a page whose ``...`` still match are kept.  Everything is written at once, at the end,
from the last line of a page to its first: what is written moves the lines below it.
"""

from __future__ import annotations

import doctest
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_CHECKER = doctest.OutputChecker()


@dataclass(frozen=True)
class Correction:
    """What a page says that something prints, and what it has printed."""

    path: Path
    line: int
    """The first line of the output, counted from 1."""
    want: str
    got: str
    indent: str = ""

    def lines(self) -> list[str]:
        """Return what is to stand on the page."""
        want = self.want.splitlines()
        found = []
        for number, text in enumerate(self.got.splitlines()):
            kept = number < len(want) and _CHECKER.check_output(
                want[number] + "\n", text + "\n", doctest.ELLIPSIS
            )
            found.append(f"{self.indent}{want[number] if kept else text}".rstrip() + "\n")
        return found


def write(corrections: Iterable[Correction]) -> list[Path]:
    """Write corrections into their pages; return the files changed."""
    changed: dict[Path, list[str]] = {}
    for each in sorted(corrections, key=lambda each: each.line, reverse=True):
        if each.path not in changed:
            changed[each.path] = each.path.read_text(encoding="utf-8").splitlines(keepends=True)
        first = each.line - 1
        changed[each.path][first : first + each.want.count("\n")] = each.lines()
    for path, lines in changed.items():
        path.write_text("".join(lines), encoding="utf-8")
    return list(changed)
