"""What Linux has and a browser's Python has not, for the examples of a session.

    os        geteuid, getegid, mknod for sockets, which descriptors are inherited, strerror
    errors    of files carry Linux's numbers and texts; a name has at most 255 bytes
    processes there is one: what makes another is refused, with Linux's ENOSYS
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
import sys
import types
from collections.abc import Callable
from typing import Any, NoReturn

import pyodide_js
from pyodide.code import run_js

from bsdsockets.machine import errors
from bsdsockets.programs.os_module import REAL, os_functions

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

NAME_MAX = 255
_mask = [0o022]


def umask(mask: int, /) -> int:
    """Set the mask of new files; returns the one before."""
    before, _mask[0] = _mask[0], mask & 0o777
    return before


def has_long_name(path: Any, links: int = 40) -> bool:
    """Whether a part of *path*, or of what its links lead to, has more than 255 bytes."""
    if not isinstance(path, str | bytes | os.PathLike):
        return False  # a descriptor
    parts = os.fsdecode(path).split("/")
    for end, part in enumerate(parts, 1):
        here = "/".join(parts[:end])
        if len(os.fsencode(part)) > NAME_MAX:
            return True
        if part and links and os.path.islink(here):
            target = os.path.join(os.path.dirname(here), os.readlink(here))
            return has_long_name("/".join([target, *parts[end:]]), links - 1)
    return False


def refuse_long_name(path: Any) -> None:
    """Fail where Linux does; the browser's files may have names of any length."""
    if has_long_name(path):
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), path)


def mknod(path: Any, mode: int = 0o600, device: int = 0) -> None:
    """Make a file, or what stands for a socket."""
    refuse_long_name(path)
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
            for path in arguments[function is os.symlink :][:1]:  # a link's text may be any
                refuse_long_name(path)
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
    vars(os).update(mknod=mknod, umask=umask)
    os.geteuid = os.getegid = lambda: 0
    os.get_inheritable, os.set_inheritable = get_inheritable, set_inheritable
    REAL.update(get_inheritable=get_inheritable, set_inheritable=set_inheritable)
    os.open = open_descriptor


_OTHERS = (
    *("execl", "execle", "execlp", "execv", "execve", "execvp", "execvpe", "fork", "forkpty"),
    *("popen", "posix_spawn", "posix_spawnp", "spawnl", "spawnv", "spawnve", "system"),
)


def refuse(*arguments: Any, **named: Any) -> NoReturn:
    """What makes a process, in a page."""
    raise OSError(_NUMBERS["ENOSYS"], errors.TEXTS[_NUMBERS["ENOSYS"]])


def end(status: int) -> NoReturn:
    """End, as far as a page's one process can."""
    raise SystemExit(status)


def forget(**calls: Any) -> None:
    """``os.register_at_fork``: nothing forks here, and what it keeps would hold the machine."""


def os_module(machine: Any) -> types.ModuleType:
    """The examples' `os`: Linux's errors, and the model's descriptors."""
    module = types.ModuleType("os", os.__doc__)
    vars(module).update({k: v for k, v in vars(os).items() if k != "__name__"})
    for name in _FILES:
        setattr(module, name, translated(getattr(os, name)))
    vars(module).update(dict.fromkeys(_OTHERS, refuse))
    functions = os_functions(machine)
    write = functions["write"]

    def write_to(fd: int, data: Any, /) -> int:
        """Write; the standard streams are what the page shows."""
        if fd not in (1, 2):
            return int(write(fd, data))
        stream = sys.stdout if fd == 1 else sys.stderr
        stream.write(bytes(data).decode(errors="replace"))
        return len(data)

    vars(module).update(
        functions, strerror=strerror, write=write_to, _exit=end, register_at_fork=forget
    )
    return module


_inherited = {0, 1, 2}  # the flag FD_CLOEXEC, which a browser's descriptors have not
_open = os.open


def get_inheritable(descriptor: int, /) -> bool:
    """Whether a new program would have the descriptor: PEP 446 says no, unless asked."""
    os.fstat(descriptor)
    return descriptor in _inherited


def set_inheritable(descriptor: int, inheritable: int, /) -> None:
    """Remember whether a new program would have the descriptor."""
    os.fstat(descriptor)
    (_inherited.add if inheritable else _inherited.discard)(descriptor)


def open_descriptor(*arguments: Any, **named: Any) -> int:
    """Open; the new descriptor is not inherited, whatever an earlier one of its number was."""
    descriptor: int = _open(*arguments, **named)
    _inherited.discard(descriptor)
    return descriptor


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
