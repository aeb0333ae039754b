"""The options that put a filter on a socket: a program that says which packets it receives.

    struct sock_fprog   2 how many instructions | 6 | 8 where they are

What the last points at, the memory of a program, cannot be seen from here: who calls puts it
behind the structure.  A filter is kept in ``so.options``, so that what is accepted inherits it.

May not know: what a program of a filter does.

Sources: Linux socket(7); ``sk_attach_filter``, ``sk_get_filter`` and ``sk_detach_filter``; the
order of checks as Linux 6.18 shows it.
"""

import struct
from typing import Any

from ..machine import constants as c
from ..machine.errors import EFAULT, EINVAL, ENOENT, ENOPROTOOPT, EPERM, fail
from ..network.bpf import INSTRUCTION, MOST, Program

SOCK_FPROG = struct.Struct("=H6xQ")
HAVE_FILTERS = (c.AF_UNIX, c.AF_INET, c.AF_INET6, c.AF_NETLINK, c.AF_PACKET)


def attach(so: Any, value: bytes) -> None:
    """SO_ATTACH_FILTER: a struct sock_fprog, and the instructions behind it.

    ENOPROTOOPT
        The sockets of this family have no filters here.
    EPERM
        Of TCP: the process is not privileged.
    EINVAL
        The structure has another length.
    EPERM
        The filter is locked.
    EINVAL, EFAULT
        No program, or too long a one, is named; it is not there.
    EINVAL
        It is none: see `Program`.

    Not modelled: ENOMEM, where it takes more memory than net.core.optmem_max allows.
    """
    if so.family not in HAVE_FILTERS:
        fail(ENOPROTOOPT)
    if so.protocol.name_of == "tcp" and not so.host.privileged:
        fail(EPERM)
    if len(value) < SOCK_FPROG.size:
        fail(EINVAL)
    if so.options.get("SO_LOCK_FILTER"):
        fail(EPERM)
    (count, place), code = SOCK_FPROG.unpack_from(value), value[SOCK_FPROG.size:]
    if not place or not 0 < count <= MOST:
        fail(EINVAL)
    if len(code) < count * INSTRUCTION.size:
        fail(EFAULT)
    so.options["SO_ATTACH_FILTER"] = Program(code[:count * INSTRUCTION.size])


def length(so: Any) -> int:
    """How many instructions the filter has: Linux wants as many bytes, though it writes more."""
    program = so.options.get("SO_ATTACH_FILTER")
    return len(program.steps) if program is not None else 0


def attached(so: Any) -> bytes:
    """SO_GET_FILTER: as many bytes of the filter as it has instructions, which Linux returns."""
    program = so.options.get("SO_ATTACH_FILTER")
    return bytes(program.code[:len(program.steps)]) if program is not None else b""


def detach(so: Any, value: int) -> None:
    """SO_DETACH_FILTER: EPERM if it is locked, ENOENT if there is none."""
    if so.options.get("SO_LOCK_FILTER"):
        fail(EPERM)
    if so.options.pop("SO_ATTACH_FILTER", None) is None:
        fail(ENOENT)


def lock(so: Any, value: int) -> int:
    """SO_LOCK_FILTER: what has a lock keeps it, and the filter."""
    if so.options.get("SO_LOCK_FILTER") and not value:
        fail(EPERM)
    return value
