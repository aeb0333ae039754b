"""The engines an example can run on in a test: the operating system and our implementation.

The browser is the third; it runs the same blocks in ``tests/in_browser``.
"""

from __future__ import annotations

import builtins
import importlib
from pathlib import Path
from typing import Any

from examples.session import Engine, operating_system


class Builtins(dict[str, Any]):
    """The builtins with another ``__import__``; what is set later, such as ``_``, shows through."""

    def __missing__(self, name: str) -> Any:
        try:
            return builtins.__dict__[name]
        except KeyError:
            raise NameError(f"name {name!r} is not defined") from None


def reference_implementation() -> Engine:
    """A new machine of ours, whose modules the examples' import statements find."""
    import bsdsockets

    machine = bsdsockets.Machine()
    names = Builtins(__import__=machine.import_, __build_class__=builtins.__build_class__)
    return Engine("model", builtins=names, close=machine.close)


def in_module(path: Path) -> Engine:
    """The names of the module at *path*, for the examples in its docstrings."""
    folder = next(p for p in path.parents if not (p / "__init__.py").exists())
    name = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
    return Engine("os", names=dict(importlib.import_module(name).__dict__))


ENGINES = {"os": operating_system, "model": reference_implementation}
