"""The matrix on the site: each recorded cell has its reason on the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

tables = pytest.importorskip("tables", reason="Sphinx is not installed")

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "matrix.md"
LABELS = set(re.findall(r"^\(([\w-]+)\)=$", PAGE.read_text(encoding="utf-8"), re.M))


def all_cells() -> list[object]:
    return [
        cell
        for kernel in tables.probe.recorded().values()
        for table in (kernel.root, kernel.nobody)
        for row in table.values()
        for cell in row.values()
    ]


def test_every_recorded_cell_has_its_reason_on_the_page() -> None:
    assert {tables.reason(cell) for cell in all_cells()} <= LABELS


def test_no_reason_on_the_page_is_without_a_cell() -> None:
    reasons = {label for label in LABELS if label.startswith("why-")}
    assert reasons <= {tables.reason(cell) for cell in all_cells()}


def test_a_joined_table_takes_each_family_from_the_first_kernel_that_has_it() -> None:
    joined = tables.table_of("6.1+6.1-uml+6.1-ipx", "root")
    assert tuple(joined) == tables.probe.FAMILIES
    assert str(joined["AF_X25"]["SOCK_SEQPACKET"]) == "AF_X25 SOCK_SEQPACKET 0"
    assert str(joined["AF_IPX"]["SOCK_DGRAM"]) == "AF_IPX SOCK_DGRAM 0"
    assert str(joined["AF_AX25"]["SOCK_DGRAM"]) == "AF_AX25 SOCK_DGRAM 240"
    assert not any(c.error == "EAFNOSUPPORT" for row in joined.values() for c in row.values())
