"""Which family takes which type on this kernel, and which protocol 0 picks.

::

    python -m bsdsockets probe                    this kernel's table
    python -m bsdsockets probe --json             the same for a program
    python -m bsdsockets probe --compare 7.2      where it differs from a recorded kernel
    python -m bsdsockets probe --show 6.1         the table of a recorded kernel
    python -m bsdsockets probe --list             the recorded kernels (matrix.json)
    python -m bsdsockets probe --profile 6.12     the table of the model with that profile

How a kernel is asked is in `machine.kernels`; here the tables become text.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from typing import Any

from .face.machine import Machine
from .machine.kernels import (
    FAMILIES,
    NO_NAME,
    TYPES,
    Cell,
    Kernel,
    Table,
    differences,
    number_of,
    probe,
    recorded,
    table_from,
    try_pair,
)
from .machine.profile import Profile, named

__all__ = [
    "FAMILIES",
    "NO_NAME",
    "TYPES",
    "Cell",
    "Kernel",
    "Table",
    "as_differences",
    "as_json",
    "as_text",
    "differences",
    "main",
    "number_of",
    "of_model",
    "probe",
    "profile",
    "recorded",
    "table_from",
    "try_pair",
]


def as_text(table: Table) -> str:
    """The table in columns, a family on each line, and what its words mean.

    >>> print(as_text(table_from({"AF_INET": {"SOCK_STREAM": "AF_INET SOCK_STREAM 6"}})))
             STREAM
    AF_INET  TCP
    """
    types = list(next(iter(table.values()), {}))
    rows = [["", *(type.removeprefix("SOCK_") for type in types)]]
    rows += [[family, *(row[type].words for type in types)] for family, row in table.items()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(f"{word:<{width}}" for word, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join(lines + _legend(table))


def _legend(table: Table) -> list[str]:
    cells = [cell for row in table.values() for cell in row.values()]
    meanings = {
        "no name": "this Python has no constant of that name",
        "no family": "EAFNOSUPPORT: this kernel lacks the family, or its module",
        "no type": "ESOCKTNOSUPPORT: the family has no such type",
        "no protocol 0": "EPROTONOSUPPORT: the type is there, but a protocol must be named",
        "not permitted": "EPERM: the user lacks a capability, CAP_NET_RAW for all of these",
        "invalid": "EINVAL: the family refuses this type with its own answer",
        "wrong type": "EPROTOTYPE: the family knows the type, for another protocol",
        "yes": "there is a socket, and SO_PROTOCOL says 0",
        "a socket": "there is one; this system does not tell its protocol",
    }
    used = {cell.words for cell in cells}
    lines = [f"{word:<13}  {text}" for word, text in meanings.items() if word in used]
    if any(word.startswith("as ") for word in used):
        lines.append(f"{'as …':<13}  the kernel says it is a socket of that family or type")
    return ["", *lines] if lines else []


def of_model(profile: Profile | str) -> Table:
    """The table of a machine of the model.

    >>> str(of_model("7.2")["AF_AX25"]["SOCK_RAW"]), str(of_model("6.12")["AF_TIPC"]["SOCK_RDM"])
    ('EAFNOSUPPORT', 'AF_TIPC SOCK_RDM 0')
    """
    return probe(sockets=Machine(profile=profile).load("socket"))


def as_json(table: Table) -> str:
    """The table as the recorded ones are written, with what it was measured on."""
    rows = {family: {t: str(cell) for t, cell in row.items()} for family, row in table.items()}
    return json.dumps({**_machine(), "table": rows}, indent=1)


def as_differences(here: Table, kernel: Kernel, uid: int | None) -> str:
    """Where this kernel's table differs from a recorded one, a line for each cell."""
    there = kernel.table(uid)
    found = differences(here, there)
    user = "root" if uid == 0 else "an ordinary user"
    lines = [f"compared with {kernel.release} as {user} ({kernel.how})"]
    for mine, other in found:
        lines.append(f"{mine.family:<12}  {mine.type:<14}  here {mine}, there {other}")
    if missing := [family for family in here if family not in there]:
        lines.append(f"not recorded there: {', '.join(missing)}")
    lines.append(f"{len(found)} cells differ")
    return "\n".join(lines)


def _uid() -> int | None:
    return os.geteuid() if hasattr(os, "geteuid") else None


def _machine() -> dict[str, Any]:
    return {
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "uid": _uid(),
        "python": platform.python_version(),
    }


def _heading() -> str:
    machine = _machine()
    user = "" if machine["uid"] is None else f", uid {machine['uid']}"
    return "{system} {release} {machine}, Python {python}".format(**machine) + user


def _choose(name: str) -> Kernel:
    kernels = recorded()
    if name not in kernels:
        known = ", ".join(kernels)
        raise argparse.ArgumentTypeError(f"no kernel {name!r} is recorded; there are {known}")
    return kernels[name]


def profile(name: str) -> Profile:
    """The profile that an argument names."""
    try:
        return named(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def main(argv: list[str] | None = None) -> int:
    """Run the ``probe`` command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bsdsockets probe",
        description="Which family takes which type on this kernel, and which protocol 0 picks.",
    )
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--json", action="store_true", help="print the table as JSON")
    choice.add_argument(
        "--compare", metavar="KERNEL", type=_choose, help="print what differs on a recorded kernel"
    )
    choice.add_argument(
        "--show", metavar="KERNEL", type=_choose, help="print a recorded kernel's table instead"
    )
    choice.add_argument("--list", action="store_true", help="print the recorded kernels")
    choice.add_argument(
        "--profile", metavar="NAME", type=profile, help="print the model's table instead"
    )
    arguments = parser.parse_args(argv)
    if arguments.list:
        for kernel in recorded().values():
            print(f"{kernel.name:<10}  {kernel.release}  ({kernel.how})")
    elif arguments.json:
        print(as_json(probe()))
    elif arguments.show:
        kernel = arguments.show
        print(f"Linux {kernel.release}, {kernel.how}", as_text(kernel.table(_uid())), sep="\n\n")
    elif arguments.profile:
        text = as_text(of_model(arguments.profile))
        print(f"the model, {arguments.profile.name}", text, sep="\n\n")
    elif arguments.compare:
        print(as_differences(probe(), arguments.compare, _uid()))
    else:
        print(_heading(), as_text(probe()), sep="\n\n")
    return 0
