"""The error index: every message, number and class on the page is what this system really has."""

from __future__ import annotations

import errno
import os
import re
import sys
from pathlib import Path

import pytest

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
PAGES = [*sorted(REFERENCE.glob("errors/*.md")), REFERENCE / "errors.md"]
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
ROWS = [
    (number, message, kind, name, label)
    for number, message, name, label, kind in re.findall(
        r"^\| \[Errno (\d+)\] (.+?) \| \[(E\w+)\]\(#(\w+)\) \| (\w+) \|$", TEXT, re.M
    )
]
SECTIONS = dict(re.findall(r"^## (E[A-Z0-9]+)\n(.*?)(?=^\(e|^## )", TEXT, re.M | re.S))


def test_the_index_has_a_row_for_every_section_and_a_section_for_every_row() -> None:
    one = {name for _, _, _, name, _ in ROWS} ^ set(SECTIONS)
    assert not one, f"{sorted(one)}: a row in errors.md, a section in errors/: both or neither"
    assert len(ROWS) >= 45


@pytest.mark.skipif(sys.platform != "linux", reason="the messages are Linux's")
@pytest.mark.parametrize("row", ROWS, ids=[row[3] for row in ROWS])
def test_a_row_says_what_linux_and_python_say(row: tuple[str, str, str, str, str]) -> None:
    number, message, kind, name, label = row
    assert label == name.lower()
    assert int(number) == getattr(errno, name)
    assert message == os.strerror(int(number))
    assert kind == type(OSError(int(number), "")).__name__


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_repeats_its_row_is_indexed_and_names_its_calls(name: str) -> None:
    section = re.sub(r"(?<=[^\n])\n(?=[^\n`])", " ", SECTIONS[name]) + SECTIONS[name]
    number, message, kind = next((row[:3] for row in ROWS if row[3] == name), ("?", "?", "?"))
    needed = (
        [f"`{kind}: [Errno {number}] {message}`"],
        [f"! single: {name}\n"],
        [f"! single: {message}\n"],
        [f"Linux {number}"],
        [">>> ", "Not reproduced here", "refused by Python"],
        ["**Calls:**", "](../calls/"],
    )
    lacks = [texts for texts in needed if not any(text in section for text in texts)]
    assert not lacks, f"the section {name} has none of {lacks}"


def test_every_link_to_a_section_of_these_pages_has_its_label() -> None:
    labels = set(re.findall(r"^\((\w+)\)=$", TEXT, re.M))
    dead = set(re.findall(r"\]\(#(\w+)\)", TEXT)) - labels
    assert not dead, f"{sorted(dead)}: a section has its label above its title: (enoent)="
