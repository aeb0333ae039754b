"""Private copies of the interpreter's own modules, on top of ours.

    our _socket, select, _thread, time
         ^ import
    the interpreter's socket.py, threading.py, queue.py, asyncio ...: unmodified, executed
    again, each in a module of its own, with an ``__import__`` that finds the copies

The real modules stay what they are, in ``sys.modules`` too, except while a copy is being
executed: ``enum`` and ``dataclasses`` look a module up there by its name.

Sources: importlib's reference; PEP 451.
"""

import builtins
import importlib.machinery
import importlib.util
import os
import sys
import types
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Modules that reach the network, threads or the clock, themselves or by what they import.
# A name covers what is below it too, except what SHARED names.
PRIVATE = _names("""
    socket select selectors threading queue _queue sched socketserver _threading_local
    concurrent asyncio _asyncio http urllib xmlrpc wsgiref ftplib imaplib poplib smtplib
    telnetlib nntplib asyncore asynchat smtpd time _thread _socket ssl _ssl
""")

# Parts of private packages that must be one for both worlds: exceptions, and what C code
# of the interpreter refers to.
SHARED = _names("""
    asyncio.exceptions asyncio.base_futures asyncio.base_tasks asyncio.constants
    asyncio.format_helpers asyncio.coroutines urllib.parse urllib.error urllib.response
    http.cookies
""")

KEPT = frozenset({"time", "_thread", "_socket", "select"})  # ours, from the beginning
ABSENT = frozenset({"_queue"})  # C code with real locks; queue.py has its own in Python

# Modules of other people that open and poll sockets in C: programs often go without them.
IN_C = {"uvloop": "asyncio's own event loop", "gevent": "threads or asyncio",
        "zmq": "sockets", "pycurl": "urllib.request or another client in Python",
        "pycares": "getaddrinfo, which asks nobody"}


class AtFork:
    """What the copies of one machine want done when the process makes a child.

    CPython never forgets what ``os.register_at_fork`` was given, and with it the machine; so it is
    given one thing for all machines, which are forgotten here.
    """

    _all: ClassVar["weakref.WeakSet[AtFork]"] = weakref.WeakSet()

    def __init__(self) -> None:
        self._wanted: list[dict[str, Callable[[], object]]] = []
        self._all.add(self)

    def _gather(self, **wanted: Callable[[], object]) -> None:
        self._wanted.append(wanted)

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Gather here what is registered meanwhile."""
        real = getattr(os, "register_at_fork", None)
        if real is None:
            yield
            return
        os.register_at_fork = self._gather  # type: ignore[assignment]
        try:
            yield
        finally:
            os.register_at_fork = real

    @classmethod
    def do(cls, when: str) -> None:
        """Do what is wanted at a time, before the child is made in the reverse order."""
        for each in tuple(cls._all):
            for wanted in each._wanted[::-1 if when == "before" else 1]:
                wanted.get(when, int)()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(**{when: partial(AtFork.do, when)
                           for when in ("before", "after_in_parent", "after_in_child")})


class Loader:
    """The private modules of one machine, loaded when they are first asked for."""

    def __init__(self, built: dict[str, types.ModuleType]) -> None:
        self.modules: dict[str, types.ModuleType] = dict(built)
        self.made: dict[str, Callable[[], types.ModuleType]] = {}  # when they are asked for
        self.at_fork = AtFork()
        self._builtins = dict(vars(builtins))
        self._builtins["__import__"] = self.import_

    def is_private(self, name: str) -> bool:
        """True if *name* is to be a copy."""
        if name in self.modules:
            return True
        return name.partition(".")[0] in PRIVATE and not any(
            name == shared or name.startswith(shared + ".") for shared in SHARED)

    def load(self, name: str) -> types.ModuleType:
        """Return the copy of the module *name*, or the module itself if it needs none."""
        if not self.is_private(name):
            module = importlib.import_module(name)
            self._attach(name, module)
            return module
        if name in self.modules:
            return self.modules[name]
        if name in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name in self.made:
            self.modules[name] = self.made[name]()
            return self.modules[name]
        if name == "_asyncio":
            return self._load_asyncio()
        parent = name.rpartition(".")[0]
        if parent:
            self.load(parent)
            if name in self.modules:
                return self.modules[name]
        return self._execute(name)

    def _attach(self, name: str, module: types.ModuleType) -> None:
        """Let a private package show a shared part."""
        parent, _, last = name.rpartition(".")
        if parent in self.modules and not hasattr(self.modules[parent], last):
            setattr(self.modules[parent], last, module)

    def _execute(self, name: str) -> types.ModuleType:
        """Execute the source of *name* in a new module."""
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if not hasattr(spec.loader, "get_code"):
            return importlib.import_module(name)
        code = spec.loader.get_code(name)
        if code is None:
            return importlib.import_module(name)
        module = importlib.util.module_from_spec(spec)
        for shared in sorted(SHARED):  # while the real package still stands in sys.modules
            if shared.startswith(name + "."):
                importlib.import_module(shared)
        vars(module)["__builtins__"] = self._builtins
        self.modules[name] = module
        before = sys.modules.get(name)
        sys.modules[name] = module
        try:
            with self.at_fork.gathered():
                exec(code, vars(module))
        except BaseException:
            del self.modules[name]
            raise
        finally:
            if before is None:
                del sys.modules[name]
            else:
                sys.modules[name] = before
        self._attach(name, module)
        return module

    def _load_asyncio(self) -> types.ModuleType:
        """The interpreter's tasks in C, which ask our event loop policy for a loop."""
        real = importlib.import_module("_asyncio")
        module = types.ModuleType("_asyncio", real.__doc__)
        vars(module).update({key: value for key, value in vars(real).items()
                             if not key.startswith("__")})

        def get_event_loop() -> Any:
            """Return the running loop, or the one of this machine's policy."""
            loop = real._get_running_loop()
            if loop is not None:
                return loop
            return self.modules["asyncio.events"]._get_event_loop_policy().get_event_loop() \
                if hasattr(self.modules["asyncio.events"], "_get_event_loop_policy") else \
                self.modules["asyncio.events"].get_event_loop_policy().get_event_loop()

        vars(module)["get_event_loop"] = get_event_loop
        if hasattr(real, "_get_event_loop"):
            vars(module)["_get_event_loop"] = lambda stacklevel=3: get_event_loop()
        self.modules["_asyncio"] = module
        return module

    def import_(self, name: str, globals: Any = None, locals: Any = None,
                fromlist: Any = (), level: int = 0) -> Any:
        """``__import__`` for code that is to see the copies."""
        if level:
            package = (globals or {}).get("__package__") or ""
            absolute = importlib.util.resolve_name("." * level + name, package)
        else:
            absolute = name
        if not self.is_private(absolute) and absolute.partition(".")[0] not in PRIVATE:
            return builtins.__import__(name, globals, locals, fromlist, level)
        module = self.load(absolute)
        if not fromlist:
            if level:
                return module
            return self.load(absolute.partition(".")[0])
        if hasattr(module, "__path__"):
            self._load_parts(absolute, module, fromlist)
        return module

    def _load_parts(self, name: str, module: types.ModuleType, fromlist: Any) -> None:
        """``from package import part``: load the parts that are modules."""
        for part in fromlist:
            if part == "*":
                self._load_parts(name, module, getattr(module, "__all__", ()))
            elif not hasattr(module, part):
                try:
                    self.load(f"{name}.{part}")
                except ModuleNotFoundError as failure:
                    if failure.name != f"{name}.{part}":
                        raise


class Finder:
    """Lets ``import`` itself find what a machine makes, also when it is imported anew.

    *adapted* are modules of other people, with what is done to each once it was imported.
    """

    def __init__(self, loader: Loader,
                 adapted: Mapping[str, Callable[[types.ModuleType], None]]) -> None:
        self._loader, self._adapted = loader, adapted

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Say how to load *name*, if it is such a module."""
        if name in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name in IN_C:
            raise ModuleNotFoundError(
                f"not on the model: {name} calls the system from C, which does not "
                f"know the machine's sockets; use {IN_C[name]}", name=name)
        if name in self._adapted:
            return self._find_adapted(name, path)
        if name not in self._loader.made and name not in KEPT:
            return None
        return importlib.util.spec_from_loader(name, self)  # type: ignore[arg-type]

    def _find_adapted(self, name: str, path: Any) -> Any:
        """Say how to load a module of other people, and to adapt it then."""
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            execute, adapt = spec.loader.exec_module, self._adapted[name]

            def exec_module(module: types.ModuleType) -> None:
                execute(module)
                adapt(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec

    def create_module(self, spec: Any) -> types.ModuleType:
        """The module."""
        return self._loader.load(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing is left to do."""
