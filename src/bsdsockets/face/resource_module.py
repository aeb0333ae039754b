"""``resource`` for programs on the model: how many descriptors there may be is the machine's.

    setrlimit(RLIMIT_NOFILE, (30000, hard))    the host's limit goes as far as the host lets it,
                                               the rest are descriptors of the model's own

A program may therefore have more sockets than the host lets a process have files.  Every other
limit is the host's, and files of the host end where its limit does.

Sources: POSIX.1-2024 getrlimit(); Linux getrlimit(2), proc_sys_fs(5) for nr_open.
"""

import os
import types
from typing import Any

from ..machine.descriptors import Beyond
from .by_name import ByName

try:
    import resource
except ImportError:  # Windows, a browser
    resource = None  # type: ignore[assignment]

NR_OPEN = 1 << 20  # what fs.nr_open is unless somebody changed it: no limit is above it


class Limits(ByName, of="resource"):
    """The functions of ``resource`` about limits."""

    def __init__(self, machine: Any) -> None:
        self._machine, self._files = machine, machine.descriptors
        self._hard: int | None = None  # set by the program
        self._first = resource.getrlimit(resource.RLIMIT_NOFILE)[1]  # the host's are below it

    def getrlimit(self, which: int, /) -> tuple[int, int]:
        """The soft and the hard limit; that of descriptors is the machine's."""
        soft, hard = resource.getrlimit(which)
        if which != resource.RLIMIT_NOFILE or hard == resource.RLIM_INFINITY:
            return soft, hard
        beyond = self._files.beyond
        if beyond is not None and soft == hard:
            soft = beyond.limit
        return soft, max(hard, NR_OPEN) if self._hard is None else self._hard

    def setrlimit(self, which: int, limits: Any, /) -> None:
        """Set the soft and the hard limit.

        ValueError
            The soft one is above the hard one; who is not root raises the hard one; more
            descriptors than 1,048,576.
        """
        host = resource.getrlimit(which)[1]
        if which != resource.RLIMIT_NOFILE or host == resource.RLIM_INFINITY:
            resource.setrlimit(which, limits)
            return
        if not _is_in_order(limits):
            resource.setrlimit(which, limits)  # which says what is wrong, or means no limit
            return
        soft, hard = limits
        most = self.getrlimit(which)[1]
        if hard > max(host, NR_OPEN) or (hard > most and not self._machine.host.privileged):
            raise ValueError("not allowed to raise maximum limit")
        resource.setrlimit(which, (min(soft, host), min(hard, host)))
        self._hard = hard
        if self._files.beyond is not None:
            self._files.beyond.limit = soft
        elif soft > self._first:
            self._files.beyond = Beyond(self._first, soft)

    def prlimit(self, pid: int, which: int, limits: Any = None, /) -> tuple[int, int]:
        """The limits of a process, and set them if *limits* are given; others' are the host's."""
        if pid not in (0, os.getpid()):
            return resource.prlimit(pid, which, *(() if limits is None else (limits,)))
        before = self.getrlimit(which)
        if limits is not None:
            self.setrlimit(which, limits)
        return before


def _is_in_order(limits: Any) -> bool:
    """True for a tuple of two numbers, the first not above the second."""
    return (isinstance(limits, tuple | list) and len(limits) == 2
            and all(isinstance(limit, int) for limit in limits) and 0 <= limits[0] <= limits[1])


def make(machine: Any) -> types.ModuleType | None:
    """The module, or None where the interpreter has none."""
    if resource is None:
        return None
    limits = Limits(machine)
    module = types.ModuleType("resource", resource.__doc__)
    vars(module).update(vars(resource), **{
        name: getattr(limits, name) for name in ("getrlimit", "setrlimit", "prlimit")
        if hasattr(resource, name)})
    return module
