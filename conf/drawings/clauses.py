"""Where a clause of a standard stands in the code: drawn from the citations in the code itself.

A docstring or a comment that says "RFC 9293 3.7.4" cites that clause for the class, the function
or the file it stands in.  Of RFC 9293 `CLAUSES` has every clause of its specification, with the
reason where the model has nothing of it: one that is neither cited nor explained ends the build,
and so does one that is both.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

SOURCE = Path(__file__).resolve().parents[2] / "src" / "bsdsockets"

ORDINAL = "first|second|third|fourth|fifth|sixth|seventh|eighth"
CLAUSE = r"\b(?:[1-9]\d?|A)(?:\.\d+)*\b(?!\d)"
CITED = re.compile(rf"RFC (\d{{3,4}})((?: {CLAUSE}(?:, (?:{ORDINAL}))?"
                   rf"(?:(?:, | and | to |; ){CLAUSE}(?:, (?:{ORDINAL}))?)*)?)")

# The clauses of RFC 9293's specification: number, title, why the model has nothing of it.
CLAUSES: dict[str, tuple[str, str]] = {
    "3.1": ("Header Format", ""),
    "3.2": ("Specific Option Definitions",
            "Of the options a SYN carries MSS (3.7.1), and on the wire a window scale; others, "
            "timestamps and SACK among them, would change nothing between two ends on one host."),
    "3.3.1": ("Key Connection State Variables", ""),
    "3.3.2": ("State Machine Overview", ""),
    "3.4": ("Sequence Numbers", ""),
    "3.4.1": ("Initial Sequence Number Selection", ""),
    "3.4.2": ("Knowing When to Keep Quiet",
              "The host forgets no connection: it is switched on with none, and off with all."),
    "3.4.3": ("The TCP Quiet Time Concept", "As 3.4.2."),
    "3.5": ("Establishing a Connection", ""),
    "3.5.1": ("Half-Open Connections and Other Anomalies", ""),
    "3.5.2": ("Reset Generation", ""),
    "3.5.3": ("Reset Processing", ""),
    "3.6": ("Closing a Connection", ""),
    "3.6.1": ("Half-Closed Connections", ""),
    "3.7.1": ("Maximum Segment Size Option", ""),
    "3.7.2": ("Path MTU Discovery", "The path is one link, whose MTU both ends know."),
    "3.7.3": ("Interfaces with Variable MTU Values", "As 3.7.2."),
    "3.7.4": ("Nagle Algorithm", ""),
    "3.7.5": ("IPv6 Jumbograms", "The link's MTU is 65536."),
    "3.8.1": ("Retransmission Timeout", ""),
    "3.8.2": ("TCP Congestion Control",
              "The link takes everything: a window of congestion would always be open."),
    "3.8.3": ("TCP Connection Failures", ""),
    "3.8.4": ("TCP Keep-Alives", ""),
    "3.8.5": ("The Communication of Urgent Information", ""),
    "3.8.6": ("Managing the Window", ""),
    "3.8.6.1": ("Zero-Window Probing", ""),
    "3.8.6.2.1": ("Sender's Algorithm: When to Send Data", ""),
    "3.8.6.2.2": ("Receiver's Algorithm: When to Send a Window Update", ""),
    "3.8.6.3": ("Delayed Acknowledgments: When to Send an ACK Segment", ""),
    "3.9.1.1": ("Open", ""),
    "3.9.1.2": ("Send", ""),
    "3.9.1.3": ("Receive", ""),
    "3.9.1.4": ("Close", ""),
    "3.9.1.5": ("Status", ""),
    "3.9.1.6": ("Abort", ""),
    "3.9.1.7": ("Asynchronous Reports", ""),
    "3.9.1.8": ("Set Differentiated Services Field", ""),
    "3.9.2": ("TCP/Lower-Level Interface", ""),
    "3.9.2.1": ("Source Routing", "There is one way, and nothing on it."),
    "3.9.2.2": ("ICMP Messages", "Nothing on the link says that a segment did not arrive."),
    "3.9.2.3": ("Source Address Validation",
                "The link brings segments from addresses of this host alone."),
    "3.10.1": ("OPEN Call", ""),
    "3.10.2": ("SEND Call", ""),
    "3.10.3": ("RECEIVE Call", ""),
    "3.10.4": ("CLOSE Call", ""),
    "3.10.5": ("ABORT Call", ""),
    "3.10.6": ("STATUS Call", ""),
    "3.10.7": ("SEGMENT ARRIVES", ""),
    "3.10.7.1": ("CLOSED State", ""),
    "3.10.7.2": ("LISTEN State", ""),
    "3.10.7.3": ("SYN-SENT State", ""),
    "3.10.7.4": ("Other States", ""),
    "3.10.8": ("Timeouts", ""),
}  # fmt: skip


@dataclass(frozen=True)
class Citation:
    """One clause, and the place in the code that cites it."""

    rfc: int
    clause: str  # empty for the whole
    file: str
    place: str  # "Output.push"; empty for the head of the file


def cited_in(text: str) -> Iterator[tuple[int, str]]:
    """Yield what a text cites: ``RFC 9293 3.9.1.4, 3.10.4`` is two clauses."""
    for found in CITED.finditer(re.sub(r"\s+#?\s*", " ", text)):
        clauses = re.findall(CLAUSE, found[2])
        if " to " in found[2] and len(clauses) == 2:
            clauses = _between(*clauses)
        for clause in clauses or [""]:
            yield int(found[1]), clause


def _between(first: str, last: str) -> list[str]:
    """The clauses from one to another of the same parent."""
    parent, _, begin = first.rpartition(".")
    return [f"{parent}.{number}" for number in range(int(begin), int(last.split(".")[-1]) + 1)]


def _places(tree: ast.Module) -> list[tuple[int, int, str]]:
    """The classes and functions of a file: first line, last line, dotted name; outer ones first."""
    found: list[tuple[int, int, str]] = []

    def walk(node: ast.AST, outer: str) -> None:
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.ClassDef | ast.FunctionDef):
                name = f"{outer}{inner.name}"
                found.append((inner.lineno, inner.end_lineno or 0, name))
                walk(inner, f"{name}.")

    walk(tree, "")
    return found


def _texts(source: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield every docstring and every run of comments with the line it begins on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield node.body[0].lineno, text
    for found in re.finditer(r"(?:^[^\n\"']*# .*\n)+", source, re.MULTILINE):
        comments = re.sub(r"^.*?# ", "", found[0], flags=re.MULTILINE)
        yield source.count("\n", 0, found.start()) + 1, comments


def citations() -> list[Citation]:
    """Every citation in the code, in the order of the files."""
    result: dict[Citation, None] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        places = _places(tree)
        file = path.relative_to(SOURCE).as_posix()
        for line, text in _texts(source, tree):
            within = [name for first, last, name in places if first <= line <= last]
            for rfc, clause in cited_in(text):
                result[Citation(rfc, clause, file, within[-1] if within else "")] = None
    return list(result)


def _order(clause: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 99 for part in clause.split(".") if part)


def _around(place: str) -> list[str]:
    """What is around a place: of "Output.push" the class Output, and the file."""
    parts = place.split(".") if place else []
    return [".".join(parts[:count]) for count in range(len(parts))]


def _where(cited: list[Citation]) -> list[nodes.Node]:
    """The places, one after another; a file or a class only where nothing in it cites."""
    inner = {(each.file, place) for each in cited for place in _around(each.place)}
    shown = [each for each in cited if (each.file, each.place) not in inner]
    result: list[nodes.Node] = []
    for each in shown:
        if result:
            result.append(nodes.Text(", "))
        module = each.file.rpartition("/")[2].removesuffix(".py")
        result.append(nodes.literal("", f"{module}.{each.place}" if each.place else each.file))
    return result


def _table(rows: list[tuple[str, str, list[nodes.Node]]], heads: tuple[str, ...]) -> nodes.table:
    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in (12, 34, 54)), cols=3)
    group += nodes.thead("", nodes.row("", *(
        nodes.entry("", nodes.paragraph("", head)) for head in heads)))
    body = nodes.tbody()
    for clause, title, where in rows:
        body += nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *cell)) for cell in (
            [nodes.Text(clause)], [nodes.Text(title)], where)))
    group += body
    return nodes.table("", group)


class Clauses(SphinxDirective):
    """RFC 9293, clause by clause, with the places that cite each or the reason why none does."""

    def run(self) -> list[nodes.Node]:
        for path in SOURCE.rglob("*.py"):
            self.env.note_dependency(path)
        cited: dict[str, list[Citation]] = {}
        for each in citations():
            if each.rfc == 9293 and each.clause:
                cited.setdefault(each.clause, []).append(each)
        check(cited.keys())
        rows = [(clause, title, _where(cited.get(clause, [])) or [nodes.Text(reason)])
                for clause, (title, reason) in CLAUSES.items()]
        return [_table(rows, ("clause", "title", "in the code, or why not"))]


def check(cited: Iterable[str]) -> None:
    """Fail for a clause that is neither cited nor explained, or is both, or that there is not."""
    have = set(cited)
    wrong = {clause for clause, (_, reason) in CLAUSES.items() if bool(reason) == (clause in have)}
    known = CLAUSES.keys() | {clause.rpartition(".")[0] for clause in CLAUSES} | {"A.1"}
    wrong |= have - known
    if wrong:
        raise ExtensionError("RFC 9293: neither cited nor explained, or both, or no clause: "
                             + ", ".join(sorted(wrong, key=_order)))


class OtherStandards(SphinxDirective):
    """Every other RFC that the code cites, with the clauses and the places."""

    def run(self) -> list[nodes.Node]:
        for path in SOURCE.rglob("*.py"):
            self.env.note_dependency(path)
        cited: dict[tuple[int, str], list[Citation]] = {}
        for each in citations():
            if each.rfc != 9293:
                cited.setdefault((each.rfc, each.clause), []).append(each)
        numbers = {rfc for rfc, clause in cited if clause}
        rows = [(f"RFC {rfc}", clause, _where(cited[rfc, clause]))
                for rfc, clause in sorted(cited, key=lambda key: (key[0], _order(key[1])))
                if clause or rfc not in numbers]
        return [_table(rows, ("standard", "clause", "in the code"))]
