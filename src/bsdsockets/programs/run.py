"""Running a whole program on the model: the process is ours, so its modules are too.

Our ``_socket``, ``select``, ``_thread`` and ``time`` take the places of the host's in
``sys.modules``, and whatever was loaded on top of the host's is loaded again.  A few
functions of ``os`` that take descriptors learn of the model's, and so do ``ctypes`` and
``fcntl``.
"""

import atexit
import builtins
import importlib
import io
import os
import sys
from collections.abc import Iterable, Sequence
from functools import partial

from ..face.loader import ABSENT, KEPT, PRIVATE, Finder
from ..face.machine import Machine
from ..faults import Fault
from ..machine.profile import BUILT_IN, Profile
from .alone import Alone
from .c_library import c_modules
from .child import in_proc
from .dates import install_dates
from .openssl import adapt as adapt_openssl
from .os_module import os_functions
from .processes import process_functions, share_semaphores
from .served import linger
from .signals import install_signals
from .started import program_functions
from .streams import Opener
from .together import Command, background, converse, execute
from .tracebacks import install_hooks
from .watch import Watch
from .watchfiles import adapt as adapt_watchfiles

ADAPTED = {"OpenSSL._util": adapt_openssl, "watchfiles._rust_notify": adapt_watchfiles}


ORIGIN = 4096.0  # what the monotonic clock begins with: to many programs 0 is a moment long ago
BUILT_ON_THEM = {"logging", "multiprocessing", "subprocess"}  # start-up files may need them


def install(machine: Machine) -> None:
    """Put the machine's modules where ``import`` finds them."""
    machine.origin = ORIGIN
    anew = PRIVATE | BUILT_ON_THEM
    for name in [name for name in sys.modules if name.partition(".")[0] in anew]:
        del sys.modules[name]
    for name in KEPT:
        sys.modules[name] = machine.loader.modules[name]
    for name in ABSENT:
        sys.modules[name] = None  # type: ignore[assignment]
    sys.modules |= c_modules(machine)
    if "resource" in machine.loader.modules:
        sys.modules["resource"] = machine.loader.modules["resource"]
    adapted = {name: partial(adapt, machine) for name, adapt in ADAPTED.items()}
    sys.meta_path.insert(0, Finder(machine.loader, adapted))
    functions = os_functions(machine) | process_functions(machine) | program_functions(machine)
    for name, function in functions.items():
        for able in os.supports_fd, os.supports_dir_fd:  # what a program asks before it does so
            if getattr(os, name, None) in able:
                able.add(function)
        setattr(os, name, function)
    opener = Opener(machine, partial(in_proc, machine))
    builtins.open = io.open = opener.open
    builtins.input = opener.input
    opener.standard_input()
    share_semaphores(machine)
    atexit.register(linger, machine)
    install_signals(machine)
    Watch(machine.scheduler)
    Alone(machine)
    install_hooks(sys.modules["_thread"])
    install_dates(sys.modules["time"])
    _wait_for_imports()


def _wait_for_imports() -> None:
    """Let who waits for another thread to import a module let the others go on."""
    names = vars(importlib._bootstrap)
    before, names["_thread"] = names["_thread"], sys.modules["_thread"]
    me = before.get_ident()
    for reference in names["_module_locks"].values():
        lock = reference()
        if lock is not None and lock.owner == me:  # this is called while a module is imported
            lock.owner = names["_thread"].get_ident()


def run(commands: Sequence[Command], seed: int = 0, real_time: bool = False,
        capture: str | None = None, profile: Profile | str = BUILT_IN,
        faults: Iterable[Fault | str] = (), stay: bool = False) -> int:
    """Run programs, the last as python itself would, those before it beside it (`together`).

    With *stay*, a person can look around when the last has ended.  Without a program, at once.
    """
    machine = Machine(seed, real_time, profile, faults)
    if capture:
        machine.capture(capture)
    install(machine)
    if not sys.flags.safe_path:
        del sys.path[0]  # where this package was started from
    with background(machine, commands[:-1]):
        _run_last(commands[-1], stay)
    return 0


def _run_last(command: Command, stay: bool) -> None:
    try:
        if command:
            execute(command)
    except BaseException as error:
        if not stay:
            raise
        sys.excepthook(type(error), error, error.__traceback__)
        sys.last_value, sys.last_traceback = error, error.__traceback__  # for pdb.pm()
    if stay:
        converse()
