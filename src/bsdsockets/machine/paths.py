"""Names of UNIX sockets: paths of the host's file system, and abstract names.

A path that a socket is bound to is a real file of the type *socket* where the host can
make one, so that ``os.stat``, ``os.unlink`` and ``os.path.exists`` of a program see what
they would see.  Where it cannot (a browser), an ordinary empty file stands for it.

    path --stat--> (device, inode) --> the socket bound there
    (type, abstract name) -----------> the socket bound there

May not know: what a socket is; it keeps whatever it is given.

Sources: Linux unix(7).
"""

import errno
import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NoReturn

from .errors import EACCES, EADDRINUSE, ECONNREFUSED, EINVAL, NAMES, error, fail

EFFECTIVE = os.access in os.supports_effective_ids  # whether the host can tell for that user
_NUMBERS = {name: number for number, name in NAMES.items()}


def _is_of_the_host(path: bytes) -> bool:
    """Say whether a program of the host has a socket of that path, as far as Linux tells."""
    try:
        lines = Path("/proc/net/unix").read_bytes().splitlines()
    except OSError:
        return False
    return any(line.split(maxsplit=7)[-1] == os.path.abspath(path) for line in lines)


class Names:
    """The names that UNIX sockets of one machine have.

    >>> names = Names()
    >>> names.bind(b"\\0door", "a socket")
    >>> names.find(b"\\0door")
    'a socket'
    """

    def __init__(self, acting: Callable[[], AbstractContextManager[bytes]]
                 = lambda: nullcontext(b"")) -> None:
        self._acting = acting  # as who calls; gives where paths begin that are not absolute
        self.abstract: dict[tuple[int, bytes], Any] = {}  # of each type its own
        self._files: dict[tuple[int, int], Any] = {}
        self._automatic = 0

    def bind(self, name: bytes, bound: Any, kind: int = 0, mode: int = 0o777) -> None:
        """Give *name* to *bound*; a path is made, as a file of the type socket with this *mode*.

        EADDRINUSE
            The name is taken; for a path, anything stands there.
        ENOENT, ENOTDIR, EACCES, ENAMETOOLONG, EROFS, ELOOP
            The host cannot make the file.

        Source: Linux unix(7); POSIX.1-2024 mknod().
        """
        if name[:1] == b"\0":
            if (kind, name) in self.abstract:
                fail(EADDRINUSE)
            self.abstract[kind, name] = bound
            return
        with self._acting() as directory:
            name = os.path.join(directory, name)
            self._make(name, mode)
            self._files[self._inode(name, mode)] = bound

    def _inode(self, path: bytes, mode: int) -> tuple[int, int]:
        """Return what tells the new file at *path* from those of all sockets that are open.

        On Linux a socket whose file was removed keeps its inode from being used again; here the
        host knows of no socket, so a file that got such an inode is replaced by another.
        """
        status = os.stat(path)
        inode = status.st_dev, status.st_ino
        if inode in self._files:
            aside = path + b".aside"
            self._make(aside, mode)
            inode = self._inode(aside, mode)
            os.rename(aside, path)
        return inode

    def check_free(self, path: bytes) -> None:
        """Fail as binding *path* would if it did nothing else."""
        with self._acting() as directory:
            path = os.path.join(directory, path)
            self._make(path)
            os.unlink(path)

    def _make(self, path: bytes, mode: int = 0o777) -> None:
        try:
            if hasattr(os, "mknod"):
                os.mknod(path, stat.S_IFSOCK | mode)
            else:
                os.close(os.open(path, os.O_CREAT | os.O_EXCL, mode))
        except FileExistsError:
            fail(EADDRINUSE)
        except OSError as failure:
            self._pass_on(failure)

    def automatic(self, bound: Any, kind: int = 0) -> bytes:
        """Give *bound* an abstract name of five hexadecimal digits that is free."""
        while True:
            self._automatic += 1
            name = b"\0%05x" % self._automatic
            if (kind, name) not in self.abstract:
                self.abstract[kind, name] = bound
                return name

    def find(self, name: bytes, kind: int = 0) -> Any:
        """Return what is bound to *name*.

        ENOENT, ENOTDIR, EACCES, ELOOP
            As for opening the path for writing.
        ECONNREFUSED
            No socket has the abstract name; or the file is not a socket, or is the stale
            name of one that is closed.
        """
        if name[:1] == b"\0":
            if (kind, name) not in self.abstract:
                fail(ECONNREFUSED)
            return self.abstract[kind, name]
        try:
            with self._acting() as directory:
                name = os.path.join(directory, name)
                status = os.stat(name)
                if not os.access(name, os.W_OK, effective_ids=EFFECTIVE):
                    fail(EACCES)
        except OSError as failure:
            self._pass_on(failure)
        bound = self._files.get((status.st_dev, status.st_ino))
        if bound is None or (hasattr(os, "mknod") and not stat.S_ISSOCK(status.st_mode)):
            refused = error(ECONNREFUSED)
            if _is_of_the_host(name):
                refused.strerror = ("not on the model: the socket is that of a program outside "
                                    "the machine; run a Python program that does the same in it")
            raise refused
        return bound

    def release(self, bound: Any) -> None:
        """Forget that *bound* has a name.  Its file stays, stale, as on Linux."""
        tables: tuple[dict[Any, Any], ...] = (self.abstract, self._files)
        for table in tables:
            for key in [key for key, other in table.items() if other is bound]:
                del table[key]

    @staticmethod
    def _pass_on(failure: OSError) -> NoReturn:
        """Raise the host's failure in Linux's numbers."""
        name = errno.errorcode.get(failure.errno or 0, "")  # the host's numbers may be others
        fail(_NUMBERS.get(name, EINVAL))
