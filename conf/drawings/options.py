"""The socket options of the model, drawn from ``bsdsockets.sockets.option_table.OPTIONS``.

What Linux names and the table has not is *absent*; the names are those of
``bsdsockets.machine.constants``.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from bsdsockets.machine import constants
from bsdsockets.sockets import option, option_table

SOURCES: tuple[ModuleType, ...] = (constants, option, option_table)

PREFIXES = {
    "SOL_SOCKET": "SO_",
    "IPPROTO_TCP": "TCP_",
    "IPPROTO_UDP": "UDP_",
    "IPPROTO_IP": "IP_",
    "IPPROTO_IPV6": "IPV6_",
}
"""How the names of a level's options begin."""

NO_OPTIONS = frozenset(
    (
        "IP_DEFAULT_MULTICAST_LOOP",
        "IP_DEFAULT_MULTICAST_TTL",
        "IP_MAX_MEMBERSHIPS",
        "IP_PMTUDISC_DO",
        "IP_PMTUDISC_DONT",
        "IP_PMTUDISC_PROBE",
        "IP_PMTUDISC_WANT",
        "IP_PROTOCOL",
        "IP_RECVRETOPTS",
        "IPV6_RTHDR_TYPE_0",
    )
)
"""Names that begin alike and are values, limits or another name of an option."""

SOCKETS = {
    "t": "TCP",
    "u": "UDP",
    "r": "raw",
    "x": "UNIX",
}
KINDS = {
    "bool": "0 or 1",
    "flag": "0 or 1",
    "bytes": "structure",
    "linger": "struct linger",
    "timeval": "struct timeval",
    "mtuinfo": "struct ip6_mtuinfo",
}


def of_level(level: str) -> list[option.Option]:
    """Return the options of a level, by its name, in the table's order."""
    number = getattr(constants, level)
    return [each for each in option_table.OPTIONS.values() if each.level == number]


def levels() -> list[str]:
    """Return the names of the levels that have options."""
    numbers = {level: None for level, _ in option_table.OPTIONS}
    names = [*PREFIXES, *(name for name in dir(constants) if name.startswith("SOL_"))]
    return [next(n for n in names if getattr(constants, n, None) == number) for number in numbers]


def absent(level: str) -> list[str]:
    """Return the names of the options that Linux has at a level and the table has not."""
    prefix, number = PREFIXES[level], getattr(constants, level)
    return sorted(
        name
        for name, value in vars(constants).items()
        if name.startswith(prefix)
        and name not in NO_OPTIONS
        and (number, value) not in option_table.OPTIONS
    )


def sockets(codes: str) -> str:
    """Say in words which sockets ``Option.where`` means."""
    found = codes.split()
    if set(found) >= set(option.EVERY.split()):
        return "all"
    versions = {
        word: "".join(sorted(code[1:] for code in found if code[0] == letter))
        for letter, word in SOCKETS.items()
        if any(code[0] == letter for code in found)
    }
    same = set(versions.values())
    if len(versions) > 1 and len(same) == 1 and (only := same.pop()) in ("4", "6"):
        return f"{', '.join(versions)}; only IPv{only}"
    return ", ".join(
        f"{word} (IPv{version})" if version in ("4", "6") else word
        for word, version in versions.items()
    )


def usual_sockets(level: str) -> str:
    """Say in words on which sockets most options of a level are."""
    counted = Counter(sockets(each.where) for each in of_level(level))
    return counted.most_common(1)[0][0]


def values(each: option.Option) -> str:
    """Say which values an option takes."""
    text = KINDS.get(each.kind, "int")
    if text == "int" and (each.low > -(2**31) or each.high < 2**31 - 1) and each.low <= each.high:
        high = f"{each.high}" if each.high < 2**31 - 1 else "…"
        text = f"int, {each.low} to {high}"
    if each.settable == "":
        return f"{text}; only read"
    if each.settable is not None:
        text += f"; set on {sockets(each.settable)}"
    return text if each.readable else f"{text}; only set"


class _OfLevel(SphinxDirective):
    required_arguments = 1

    def note_sources(self) -> None:
        for module in SOURCES:
            self.env.note_dependency(Path(str(module.__file__)))
        self.env.note_dependency(Path(__file__))


class SocketOptions(_OfLevel):
    """The options of one level as a table."""

    option_spec: ClassVar[dict[str, Any]] = {"class": directives.class_option}

    def run(self) -> list[nodes.Node]:
        self.note_sources()
        options = of_level(self.arguments[0])
        if not options:
            raise self.error(f"the model has no option of the level {self.arguments[0]}")
        heads = ("option", "here", "value")
        usual = usual_sockets(self.arguments[0])
        group = nodes.tgroup("", cols=len(heads))
        group += [nodes.colspec(colwidth=width) for width in (38, 20, 42)]
        head, body = nodes.thead(), nodes.tbody()
        head += nodes.row("", *(nodes.entry("", nodes.paragraph("", word)) for word in heads))
        for each in options:
            body += self._row(each, usual)
        group += [head, body]
        on = nodes.paragraph("", f"On {usual} sockets, unless something else is said.")
        return [on, nodes.table("", group, classes=["socket-options"])]

    @staticmethod
    def _row(each: option.Option, usual: str) -> nodes.Node:
        found = sockets(each.where)
        status = nodes.inline("", each.status, classes=[f"option-{each.status}"])
        cells: list[nodes.Node] = [
            nodes.literal("", each.name),
            status,
            nodes.Text(values(each) + ("" if found == usual else f"; on {found}")),
        ]
        return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells))


class AbsentOptions(_OfLevel):
    """The names of one level's options that the model has not."""

    def run(self) -> list[nodes.Node]:
        self.note_sources()
        names = absent(self.arguments[0])
        if not names:
            return [nodes.paragraph("", "None.")]
        text = nodes.paragraph()
        for number, name in enumerate(names):
            text += [nodes.Text(", " if number else ""), nodes.literal("", name)]
        text += nodes.Text(".")
        return [text]
