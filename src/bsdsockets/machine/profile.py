"""Which address families a host has: what its kernel holds, or which modules it has loaded.

    "as this machine"   what the kernel answers on which the model runs, asked when it is named
    "built in"          what every Linux with networking has: UNIX INET INET6 NETLINK PACKET
    "every module"      all there are: IPX X.25 AX.25 ATM AppleTalk TIPC SCTP too
    "6.12", "7.2" ...   a recorded kernel, by its name in matrix.json

A family that a host has not got is EAFNOSUPPORT, a type ESOCKTNOSUPPORT, a protocol
EPROTONOSUPPORT.  No one kernel has all of "every module": X.25 is in one build, AX.25 in
another, IPX left in 4.18.

Where there is no Linux to ask (a browser, macOS, Windows) "as this machine" has the families of
"built in": the table recorded on Linux 6.18 with no modules to load.

May not know: what a family is.

Sources: socket(2) for what a missing module gives; docs/reference/matrix.md.
"""

import errno
import os
import sys
from dataclasses import dataclass

from . import constants, errors
from .kernels import FAMILIES, NO_NAME, Cell, Table, probe, recorded

NUMBERS: dict[str, int] = {name: getattr(constants, name) for name in FAMILIES}
TYPES = {"SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_RAW": 3, "SOCK_RDM": 4, "SOCK_SEQPACKET": 5,
         "SOCK_PACKET": 10}
IPPROTO_SCTP = 132
ABSENT = ("EAFNOSUPPORT", NO_NAME)


@dataclass(frozen=True)
class Profile:
    """The families of a host by number, and whether it has SCTP.

    *refusals* are (family, type, errno): what the host refuses whatever the family would say, as
    a container does that took a capability away, or a sandbox.
    """

    name: str
    families: frozenset[int]
    sctp: bool = False
    refusals: tuple[tuple[int, int, int], ...] = ()


BUILT_IN = Profile("built in", frozenset(
    NUMBERS["AF_" + name] for name in ("UNIX", "INET", "INET6", "NETLINK", "PACKET")))
EVERY_MODULE = Profile("every module", frozenset(NUMBERS.values()), sctp=True)
HERE = "as this machine"
PROFILES = {profile.name: profile for profile in (BUILT_IN, EVERY_MODULE)}


def named(name: str) -> Profile:
    """The profile with a name; a recorded kernel's, as its own root or its ordinary user.

    ValueError
        There is none; the message names those there are.

    >>> named("built in") is BUILT_IN, named("7.2").sctp
    (True, True)
    """
    if name in PROFILES:
        return PROFILES[name]
    if name == HERE:
        return as_this_machine()
    kernels = recorded()
    if name not in kernels:
        known = ", ".join(map(repr, (HERE, *PROFILES, *kernels)))
        raise ValueError(f"no profile is called {name!r}; there are {known}")
    return of_table(name, kernels[name].table(os.geteuid() if hasattr(os, "geteuid") else 0))


def as_this_machine() -> Profile:
    """Ask the kernel on which the model runs; where it is not Linux, what is built in.

    Asking makes a socket of each kind and closes it.  The kernel may load modules for it.
    """
    if sys.platform != "linux":
        return Profile(HERE, BUILT_IN.families)
    return of_table(HERE, probe())


def of_table(name: str, table: Table) -> Profile:
    """The profile of a host that answers like *table*; rows it has not got are "built in"'s.

    >>> alone = {"AF_INET": {"SOCK_SEQPACKET": Cell("AF_INET", "SOCK_SEQPACKET", "EPERM")}}
    >>> of_table("sandbox", alone).refusals == ((2, 5, 1),)  # AF_INET, SOCK_SEQPACKET
    True
    """
    families = {number for number in BUILT_IN.families
                if not any(NUMBERS[family] == number for family in table)}
    refusals = []
    for family, row in table.items():
        if all(cell.error in ABSENT for cell in row.values()):
            continue
        families.add(NUMBERS[family])
        refusals += [(NUMBERS[family], TYPES[kind], _number(cell))
                     for kind, cell in row.items() if cell.error and cell.error not in ABSENT]
    inet = table.get("AF_INET", {}).get("SOCK_SEQPACKET")
    sctp = inet is not None and inet.protocol == IPPROTO_SCTP
    return Profile(name, frozenset(families), sctp, tuple(refusals))


def _number(cell: Cell) -> int:
    """Linux's number of an errno; a name that is not Linux's is the host's number."""
    return int(getattr(errors, cell.error, 0) or getattr(errno, cell.error, 0) or errors.EPERM)
