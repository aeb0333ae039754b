"""The engines an example can run on in a test: the operating system and our implementation.

The browser is the third; it runs the same blocks in ``tests/in_browser``.
"""

from __future__ import annotations

import builtins
import importlib
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from examples.session import Engine, operating_system


class _Builtins(dict[str, Any]):
    """The builtins with another ``__import__``; what is set later, such as ``_``, shows through."""

    def __missing__(self, name: str) -> Any:
        try:
            return builtins.__dict__[name]
        except KeyError:
            raise NameError(f"name {name!r} is not defined") from None


def reference_implementation() -> Engine:
    """A new machine of ours, whose modules the examples' import statements find."""
    import bsdsockets

    machine = bsdsockets.Machine(seed=0)
    namespace = _Builtins(__import__=_importer(machine), __build_class__=builtins.__build_class__)
    return Engine("model", builtins=namespace, close=machine.close)


def _importer(machine: Any) -> Any:
    """Return an ``__import__`` that prefers the machine's copy of a module."""

    def import_(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> types.ModuleType:
        if level or not machine.provides(name):
            return __import__(name, globals, locals, fromlist, level)
        module = machine.load(name)
        if fromlist or "." not in name:
            return module
        return machine.load(name.partition(".")[0])

    return import_


def in_module(path: Path) -> Engine:
    """The names of the module at *path*, for the examples in its docstrings."""
    folder = next(p for p in path.parents if not (p / "__init__.py").exists())
    name = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
    return Engine("os", names=dict(importlib.import_module(name).__dict__))


ENGINES = {"os": operating_system, "model": reference_implementation}
