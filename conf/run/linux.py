"""What Linux has and a browser's Python has not, for the examples of a session.

    os        geteuid, getegid, mknod for sockets, flags of descriptors, strerror
    errors    of files carry Linux's numbers and texts
    struct    "l" and "L" are 8 bytes, as on 64-bit Linux

The model itself needs none of this; it brings its own numbers.
"""

from __future__ import annotations

import builtins
import errno
import functools
import os
import stat
import struct
import types
from collections.abc import Callable
from typing import Any

import pyodide_js
from pyodide.code import run_js

from bsdsockets.face.run import os_functions
from bsdsockets.machine import errors

_NUMBERS = {name: number for number, name in errors.NAMES.items()}
_FILES = (
    *("access", "chdir", "chmod", "listdir", "lstat", "makedirs", "mkdir", "open", "readlink"),
    *("remove", "rename", "replace", "rmdir", "scandir", "stat", "symlink", "unlink", "utime"),
)

# A node of the file system that says it is a socket, and that nobody can open.
_become_socket = run_js("""(FS, path, mode, number) => {
    const node = FS.lookupPath(path).node;
    node.mode = mode;
    node.stream_ops = { open() { throw new FS.ErrnoError(number); } };
}""")


_mask = [0o022]


def umask(mask: int, /) -> int:
    """Set the mask of new files; returns the one before."""
    before, _mask[0] = _mask[0], mask & 0o777
    return before


def mknod(path: Any, mode: int = 0o600, device: int = 0) -> None:
    """Make a file, or what stands for a socket."""
    allowed = mode & ~_mask[0] & 0o777
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, allowed))
    if stat.S_ISSOCK(mode):
        full = os.path.join(os.getcwd(), os.fsdecode(path))
        _become_socket(pyodide_js.FS, full, stat.S_IFSOCK | allowed, errno.ENXIO)


def translated(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, failing with Linux's numbers."""

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except OSError as failure:
            number = _NUMBERS.get(errno.errorcode.get(failure.errno or 0, ""))
            if number is not None:
                failure.errno, failure.strerror = number, errors.TEXTS[number]
            raise

    return call


def strerror(number: int, /) -> str:
    """The text of one of Linux's numbers."""
    return errors.TEXTS.get(number) or f"Unknown error {number}"


def prepare() -> None:
    """Give the real `os` what the model asks of it, once, before the first machine is made."""
    os.mknod, os.umask = mknod, umask
    os.geteuid = os.getegid = lambda: 0


def os_module(machine: Any) -> types.ModuleType:
    """The examples' `os`: Linux's errors, and the model's descriptors."""
    module = types.ModuleType("os", os.__doc__)
    vars(module).update({k: v for k, v in vars(os).items() if k != "__name__"})
    for name in _FILES:
        setattr(module, name, translated(getattr(os, name)))
    for functions in (os_functions(machine), inheritable(machine), {"strerror": strerror}):
        vars(module).update(functions)
    return module


def inheritable(machine: Any) -> dict[str, Callable[..., Any]]:
    """os.get_inheritable and os.set_inheritable for the model's descriptors."""
    flags: dict[int, bool] = {}

    def get(descriptor: int, /) -> bool:
        if descriptor in machine.descriptors:
            return flags.get(descriptor, False)
        return bool(os.get_inheritable(descriptor))

    def put(descriptor: int, inherit: int, /) -> None:
        if descriptor in machine.descriptors:
            flags[descriptor] = bool(inherit)
        else:
            os.set_inheritable(descriptor, inherit)

    return {"get_inheritable": get, "set_inheritable": put}


_WIDE = str.maketrans("lLnN", "qQqQ")


def _wide(form: Any) -> Any:
    """A native format as 64-bit Linux reads it; one with a byte order is the same everywhere."""
    if isinstance(form, bytes):
        form = form.decode()
    return form if form[:1] in "=<>!" else form.translate(_WIDE)


def struct_module() -> types.ModuleType:
    """`struct` with the sizes of 64-bit Linux."""
    module = types.ModuleType("struct", struct.__doc__)
    vars(module).update({k: v for k, v in vars(struct).items() if not k.startswith("__")})
    for name in ("pack", "pack_into", "unpack", "unpack_from", "iter_unpack", "calcsize"):
        function = getattr(struct, name)
        setattr(
            module,
            name,
            lambda form, *rest, _function=function, **named: _function(_wide(form), *rest, **named),
        )
    vars(module)["Struct"] = lambda form: struct.Struct(_wide(form))
    return module


open_file = translated(builtins.open)
