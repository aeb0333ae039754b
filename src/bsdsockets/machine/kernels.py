"""The real kernels: the one the program runs on, asked, and the recorded ones, read.

::

    for each family         try_pair(family, type)                 Cell: an errno, or what the
        for each type   ──> socket(family, type, 0), closed  ──>   kernel says the socket is

    probe()      this kernel's table            recorded()   those of matrix.json

What is here asks the operating system, never the model: it makes sockets and closes them; it
sends nothing, binds nothing and waits for nothing.  A kernel may load the module of a family when
it is asked for a socket of it, as it would for any program.

Where a system lacks a name, the cell says so: Windows and macOS know few of these families, and the
same number means another family there, so no number is tried in place of a missing name.  The one
exception is SOCK_PACKET, which no Python names: it is 10 on Linux.

May not know: the model.

Sources: socket(2), POSIX ``socket()``; SO_DOMAIN, SO_TYPE and SO_PROTOCOL are in socket(7).
"""

from __future__ import annotations

import errno
import json
import socket
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import NAMES

FAMILIES = (
    "AF_UNIX",
    "AF_INET",
    "AF_INET6",
    "AF_IPX",
    "AF_NETLINK",
    "AF_X25",
    "AF_AX25",
    "AF_ATMPVC",
    "AF_APPLETALK",
    "AF_PACKET",
    "AF_TIPC",
)
"""The ten families of this reference, and TIPC, the one that gives SOCK_RDM a meaning."""

TYPES = (
    "SOCK_STREAM",
    "SOCK_DGRAM",
    "SOCK_SEQPACKET",
    "SOCK_RAW",
    "SOCK_RDM",
    "SOCK_PACKET",
)

NO_NAME = "no name"
"""The result where this Python has no constant for the family or the type."""

ERRORS = {
    "EAFNOSUPPORT": "no family",
    "ESOCKTNOSUPPORT": "no type",
    "EPROTONOSUPPORT": "no protocol 0",
    "EPERM": "not permitted",
    "EINVAL": "invalid",
    "EPROTOTYPE": "wrong type",
    NO_NAME: NO_NAME,
}
"""The refusals seen on Linux, in the words of the tables."""

_LINUX_SOCK_PACKET = 10
_NAMED_PROTOCOLS = {
    ("AF_INET", 6): "TCP",
    ("AF_INET", 17): "UDP",
    ("AF_INET", 132): "SCTP",
    ("AF_INET6", 6): "TCP",
    ("AF_INET6", 17): "UDP",
    ("AF_INET6", 132): "SCTP",
    ("AF_NETLINK", 0): "ROUTE",
    ("AF_AX25", 240): "0xF0",
}
_RECORD = Path(__file__).parents[1] / "matrix.json"


@dataclass(frozen=True)
class Cell:
    """What ``socket(family, type, 0)`` gives.

    >>> Cell.parse("AF_INET", "SOCK_STREAM", "AF_INET SOCK_STREAM 6").words
    'TCP'
    >>> Cell.parse("AF_INET", "SOCK_PACKET", "AF_PACKET SOCK_PACKET 0").words
    'as AF_PACKET'
    >>> Cell.parse("AF_UNIX", "SOCK_RDM", "ESOCKTNOSUPPORT").words
    'no type'
    """

    family: str
    type: str
    error: str = ""
    """The errno's name, or ``NO_NAME``; empty where there is a socket."""
    domain: str = ""
    """SO_DOMAIN: the family the kernel says the socket has."""
    kind: str = ""
    """SO_TYPE: the type the kernel says the socket has."""
    protocol: int | None = None
    """SO_PROTOCOL: what 0 has become."""

    @classmethod
    def parse(cls, family: str, type: str, text: str) -> Cell:
        """Read what ``str(cell)`` wrote."""
        domain, _, rest = text.partition(" ")
        kind, _, protocol = rest.partition(" ")
        if not protocol:
            return cls(family, type, error=text)
        return cls(family, type, "", domain, kind, None if protocol == "?" else int(protocol))

    def __str__(self) -> str:
        protocol = "?" if self.protocol is None else self.protocol
        return self.error or f"{self.domain} {self.kind} {protocol}"

    @property
    def words(self) -> str:
        """The cell in a table: a protocol, what the socket became, or the refusal."""
        if self.error:
            return ERRORS.get(self.error, self.error)
        if self.domain not in (self.family, "?"):
            return f"as {self.domain}"
        if self.kind not in (self.type, "?"):
            return f"as {self.kind.removeprefix('SOCK_')}"
        if self.protocol is None:
            return "a socket"
        unnamed = str(self.protocol or "yes")
        return _NAMED_PROTOCOLS.get((self.family, self.protocol), unnamed)


Table = dict[str, dict[str, Cell]]
"""Family name, then type name, to its cell."""


@dataclass(frozen=True)
class Kernel:
    """A recorded kernel: where its table comes from, and the table for two users."""

    name: str
    release: str
    how: str
    """Which package, how it ran, which modules were there."""
    root: Table
    nobody: Table
    """The same as user 65534, without any capability."""

    def table(self, uid: int | None) -> Table:
        """The table a user with this number should be compared with."""
        return self.root if uid == 0 else self.nobody


def number_of(name: str, sockets: Any = socket) -> int | None:
    """The constant's number in the module *sockets*, or None if it has no such name.

    >>> number_of("AF_INET") == socket.AF_INET
    True
    >>> number_of("AF_NONSENSE") is None
    True
    """
    if name == "SOCK_PACKET" and (sys.platform == "linux" or sockets is not socket):
        return _LINUX_SOCK_PACKET
    value = getattr(sockets, name, None)
    return None if value is None else int(value)


def try_pair(family: str, type: str, sockets: Any = socket) -> Cell:
    """Ask for one socket with protocol 0, and close it.

    *sockets* is whom to ask: this kernel, or the module ``socket`` of a machine of the model.

    >>> try_pair("AF_INET", "SOCK_STREAM").error
    ''
    """
    numbers = number_of(family, sockets), number_of(type, sockets)
    if numbers[0] is None or numbers[1] is None:
        return Cell(family, type, error=NO_NAME)
    try:
        made = sockets.socket(numbers[0], numbers[1], 0)
    except OSError as refusal:
        names = errno.errorcode if sockets is socket else NAMES
        name = names.get(refusal.errno or 0, str(refusal))
        return Cell(family, type, error=name)
    with made:
        return Cell(
            family,
            type,
            domain=_name("AF_", FAMILIES, _option(made, "SO_DOMAIN")),
            kind=_name("SOCK_", TYPES, _option(made, "SO_TYPE")),
            protocol=_option(made, "SO_PROTOCOL"),
        )


def probe(families: Iterable[str] = FAMILIES, types: Iterable[str] = TYPES,
          sockets: Any = socket) -> Table:
    """Ask this kernel, or a machine of the model, for every pair.

    >>> sorted(probe(["AF_INET"], ["SOCK_DGRAM"]))
    ['AF_INET']
    """
    types = list(types)
    return {family: {type: try_pair(family, type, sockets) for type in types}
            for family in families}


def recorded() -> dict[str, Kernel]:
    """The recorded kernels by their short names, oldest first.

    >>> str(recorded()["7.2"].root["AF_INET"]["SOCK_STREAM"])
    'AF_INET SOCK_STREAM 6'
    """
    data = json.loads(_RECORD.read_text(encoding="utf-8"))
    return {
        name: Kernel(
            name,
            entry["release"],
            entry["how"],
            table_from(entry["root"]),
            table_from(entry["nobody"]),
        )
        for name, entry in data["kernels"].items()
    }


def table_from(data: Mapping[str, Mapping[str, str]]) -> Table:
    """A table out of JSON's strings."""
    return {
        family: {type: Cell.parse(family, type, text) for type, text in row.items()}
        for family, row in data.items()
    }


def differences(here: Table, there: Table) -> list[tuple[Cell, Cell]]:
    """The cells both tables have and that are not equal.

    >>> table = {"AF_INET": {"SOCK_STREAM": Cell("AF_INET", "SOCK_STREAM", error="EPERM")}}
    >>> differences(table, table)
    []
    """
    return [
        (cell, there[family][type])
        for family, row in here.items()
        for type, cell in row.items()
        if family in there and type in there[family] and there[family][type] != cell
    ]


def _option(made: Any, name: str) -> int | None:
    number = getattr(socket, name, None)
    if number is None:
        return None
    try:
        return made.getsockopt(socket.SOL_SOCKET, number)
    except OSError:
        return None


def _name(prefix: str, known: Iterable[str], number: int | None) -> str:
    """The constant with this number; ``?`` where the system does not tell."""
    if number is None:
        return "?"
    return next((name for name in known if number_of(name) == number), f"{prefix}{number}")
