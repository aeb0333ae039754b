"""BSD sockets in Python, to read as a specification and to run without a network.

    from bsdsockets import socket, select, selectors, threading

gives the interpreter's own, unmodified modules on a machine of ours: deterministic, in one
process, with virtual time, TCP segments and Linux's errors.  `load` gives any other module
that needs them, `Machine` another machine that shares nothing with this one, and

    python -m bsdsockets run program.py

runs a whole program on one.

The layers, an import only ever points down:

    programs    whole programs: the command line, os and signals, child processes
    face        _socket, select, _thread for CPython's library; loading the copies
    faults      what may go wrong, to be switched on
    calls       one method a system call; the one place that waits
    sockets     what every socket has; options
    families    one file each: addresses, and which protocol each type is
    protocols   tcp, udp, icmp, raw, unix: verbs
    network     packets, links, a node, names
    machine     descriptors, threads, the clock, errors, constants
"""

import sys
import types

if sys.version_info < (3, 11):  # noqa: UP036 - said in words, before an import fails for it
    raise ImportError(f"bsdsockets needs Python 3.11 or later; this is {sys.version.split()[0]}")

from .face.machine import Machine, Modules
from .machine.errors import Deadlock
from .machine.events import Event

__all__ = ["Deadlock", "Event", "Machine", "default", "load", "modules"]

_default: list[Machine] = []


def default() -> Machine:
    """Return the machine that ``from bsdsockets import socket`` is of.

    There is one in a process, made with seed 0 and what is "built in" when it is first needed.
    Code that wants a fresh one, or another seed, makes a `Machine`.

    >>> default() is default()
    True
    """
    if not _default:
        _default.append(Machine())
    return _default[0]


def load(name: str) -> types.ModuleType:
    """Return the default machine's copy of the module *name*; see `Machine.load`.

    ModuleNotFoundError
        There is no such module.

    >>> load("http.server").HTTPServer.__mro__[1].__name__
    'TCPServer'
    """
    return default().load(name)


def modules() -> Modules:
    """Return the mapping from names of modules to the default machine's copies.

    See `Machine.modules`.

    >>> modules()["socket"] is load("socket")
    True
    """
    return default().modules()


def __getattr__(name: str) -> types.ModuleType:
    if name.startswith("_") or name not in (
            "socket", "select", "selectors", "threading", "queue", "socketserver", "time",
            "asyncio"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return load(name)
