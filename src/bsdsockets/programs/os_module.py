"""The functions of ``os`` that take descriptors: they know those of both worlds.

    os.read(fd)   fd of the model  -->  the model's call
                  of the host      -->  the other threads go on until something is there,
                                        then the host's call

Only for a whole program on the model (`run`).

Left out: ``splice``.

Sources: POSIX.1-2024 read(), write(), dup(); CPython ``Modules/posixmodule.c``.
"""

import io
import os
import re
import stat
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ..calls.epoll import Epoll
from ..face.arguments import readable, scatter
from ..face.by_name import ByName
from ..face.receiving import MOST_PARTS
from ..machine.constants import MSG_DONTWAIT, POLLIN, POLLOUT
from ..machine.errors import EBADF, EINVAL, ENOSYS, EOPNOTSUPP, fail
from .streams import standard_stream

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

STANDARD = {0: "stdin", 1: "stdout", 2: "stderr"}
RWF_NOWAIT, RWF_OTHERS = 8, 0x17  # the others say how a file is written to a disk
PIPE_BUF = 4096  # bytes that a pipe with any room takes; Linux's, and no other system's is above


def refuse(what: str) -> NoReturn:
    """Say what the model does not have."""
    raise OSError(ENOSYS, f"not on the model: {what}")


def sequence(buffers: Any, function: str) -> Sequence[Any]:
    """The buffers that *function* was given, at most as many as the kernel takes."""
    if not hasattr(buffers, "__getitem__") or isinstance(buffers, dict):
        raise TypeError(f"{function}() arg 2 must be a sequence")
    if len(buffers) > MOST_PARTS:
        fail(EINVAL)
    result: Sequence[Any] = buffers
    return result


def as_message_flags(flags: int) -> int:
    """What the flags of preadv2() and pwritev2() mean for a socket."""
    if flags & ~(RWF_NOWAIT | RWF_OTHERS):
        fail(EOPNOTSUPP)
    return MSG_DONTWAIT if flags & RWF_NOWAIT else 0


class Descriptors(ByName, of="os"):
    """The functions of ``os`` that must know the model's descriptors beside the host's."""

    def __init__(self, machine: Any) -> None:
        self._machine = machine
        self._files = machine.descriptors
        self._before: dict[str, Any] = {}  # the standard streams that were

    def _wait(self, fd: int, event: int, call: str) -> None:
        """Before the host's call stops every thread, let the others go on.

        Of what is not open for it poll never tells, and the call fails at once.
        """
        if len(self._machine.scheduler.tasks) > 1 and REAL["get_blocking"](fd):
            mode = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE if fcntl else os.O_RDWR
            if mode != (os.O_RDONLY if event == POLLOUT else os.O_WRONLY):
                self._machine.poll.poll({fd: event}, None, call)

    def close(self, fd: int) -> None:
        """Close a descriptor of either world; the way to the machine is none of the program's."""
        if fd in self._machine.host.kept:
            fail(EBADF)
        (self._machine.calls.close if fd in self._files else REAL["close"])(fd)

    def closerange(self, fd_low: int, fd_high: int, /) -> None:
        """Close the descriptors from *fd_low* to below *fd_high*."""
        for fd in [fd for fd in self._files if fd_low <= fd < fd_high]:
            self.close(fd)
        for kept in sorted(self._machine.host.kept):
            if fd_low <= kept < fd_high:
                REAL["closerange"](fd_low, kept)
                fd_low = kept + 1
        REAL["closerange"](fd_low, fd_high)

    def read(self, fd: int, length: int, /) -> bytes:
        """Read up to *length* bytes from a descriptor of either world; waits until some are there.

        Of a socket as ``recv`` without flags, whose errors it has; but to read nothing neither
        waits nor fails.  Source: POSIX.1-2024 read(); Linux ``sock_read_iter``.
        """
        if fd in self._files:
            return self._read(fd, length)
        self._wait(fd, POLLIN, "read")
        return REAL["read"](fd, length)

    def _read(self, fd: int, length: int, flags: int = 0) -> bytes:
        """Read from a socket; an epoll instance cannot be read."""
        if length < 0 or isinstance(self._files[fd], Epoll):
            fail(EINVAL)
        return self._machine.calls.receive(fd, length, flags, None).data if length else b""

    def readv(self, fd: int, buffers: Any, /) -> int:
        """Read into several buffers."""
        if fd not in self._files:
            self._wait(fd, POLLIN, "readv")
            return REAL["readv"](fd, buffers)
        return self._read_parts(fd, sequence(buffers, "readv"), 0)

    def _read_parts(self, fd: int, buffers: Sequence[Any], flags: int) -> int:
        views = [memoryview(buffer).cast("B") for buffer in buffers]
        if any(view.readonly for view in views):
            raise BufferError("Object is not writable.")
        data = self._read(fd, sum(map(len, views)), flags)
        scatter(data, views)
        return len(data)

    def preadv(self, fd: int, buffers: Any, offset: int, flags: int = 0, /) -> int:
        """Read into several buffers from *offset*, which of a socket can be only -1: as `readv`.

        RWF_NOWAIT never waits.  Source: Linux preadv2(2).
        """
        if fd not in self._files or offset != -1:
            return REAL["preadv"](fd, buffers, offset, flags)
        return self._read_parts(fd, sequence(buffers, "preadv"), as_message_flags(flags))

    def write(self, fd: int, data: Any, /) -> int:
        """Write to a descriptor of either world, waiting for room; returns how many bytes it took.

        To a socket as ``send`` without flags, whose errors it has.  Source: POSIX.1-2024 write().
        """
        if fd in self._files:
            return self._write(fd, readable(data))
        self._wait(fd, POLLOUT, "write")
        if len(data) > PIPE_BUF and self._waits_inside(fd):
            return self._write_in_parts(fd, memoryview(data).cast("B"))
        return REAL["write"](fd, data)

    def _waits_inside(self, fd: int) -> bool:
        """True if the host's write would wait for room for the rest, and stop every thread."""
        return len(self._machine.scheduler.tasks) > 1 and REAL["get_blocking"](fd) \
            and stat.S_ISFIFO(os.fstat(fd).st_mode)

    def _write_in_parts(self, fd: int, data: memoryview) -> int:
        for start in range(0, len(data), PIPE_BUF):
            self._wait(fd, POLLOUT, "write")
            REAL["write"](fd, data[start:start + PIPE_BUF])
        return len(data)

    def _write(self, fd: int, data: bytes, flags: int = 0) -> int:
        """Write to a socket; an epoll instance cannot be written to."""
        if isinstance(self._files[fd], Epoll):
            fail(EINVAL)
        return self._machine.calls.send(fd, data, flags, None)

    def writev(self, fd: int, buffers: Any, /) -> int:
        """Write several buffers, joined; without a byte in any of them nothing is sent."""
        if fd in self._files:
            return self._write_joined(fd, sequence(buffers, "writev"), 0)
        self._wait(fd, POLLOUT, "writev")
        return REAL["writev"](fd, buffers)

    def _write_joined(self, fd: int, buffers: Sequence[Any], flags: int) -> int:
        data = b"".join(map(readable, buffers))
        return self._write(fd, data, flags) if data else 0

    def pwritev(self, fd: int, buffers: Any, offset: int, flags: int = 0, /) -> int:
        """Write several buffers at *offset*, which of a socket can be only -1: as `writev`."""
        if fd not in self._files or offset != -1:
            return REAL["pwritev"](fd, buffers, offset, flags)
        return self._write_joined(fd, sequence(buffers, "pwritev"), as_message_flags(flags))

    def dup(self, fd: int, /) -> int:
        """Make another descriptor of the same file."""
        known = fd in self._files
        return (self._machine.calls.dup if known else REAL["dup"])(fd)

    def dup2(self, fd: int, fd2: int, inheritable: bool = True) -> int:
        """Make *fd2* another descriptor of the same file, instead of what it was; returns it.

        ``sys.stdin`` and its like, which C has opened, are opened anew.
        """
        if fd != fd2 and fd2 in self._files:
            os.fstat(fd)  # one that is not open closes none
            self._machine.calls.close(fd2)
        result: int = REAL["dup2"](fd, fd2, inheritable)
        if fd != fd2 and fd in self._files:
            self._files[fd2] = self._files[fd].hold()
        if fd2 in STANDARD:
            self._reopen(fd2)
        return result

    def _reopen(self, number: int) -> None:
        """Let the standard stream *number* be one of the model's, or what it was before."""
        name = STANDARD[number]
        if getattr(sys, name) is not None and name not in self._before \
                and not isinstance(getattr(sys, name), io.TextIOWrapper):
            return  # the program put another in its place
        if number in self._files:
            self._before.setdefault(name, getattr(sys, name))
            setattr(sys, name, standard_stream(number, self._before[name]))
        elif name in self._before:
            setattr(sys, name, self._before.pop(name))

    def fstat(self, fd: int) -> os.stat_result:
        """Say what is known of an open file; of two sockets, they are two."""
        if fd in self._files:
            self._files.single_out(fd)
        result: os.stat_result = REAL["fstat"](fd)
        return result

    def readlink(self, path: Any, *, dir_fd: int | None = None) -> Any:
        """Say where a link leads; those in /proc/self/fd name a socket by its inode."""
        name = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
        number = re.fullmatch(rf"/proc/(?:self|{os.getpid()})/fd/(\d+)", name)
        if number and int(number[1]) in self._files:
            self._files.single_out(int(number[1]))
        return REAL["readlink"](path, dir_fd=dir_fd)

    def fchmod(self, fd: int, mode: int) -> None:
        """Set the mode of an open file; of a UNIX socket also that of the file bind() makes."""
        if fd in self._files and self._files.single_out(fd):
            self._files[fd].mode = mode & 0o7777
        REAL["fchmod"](fd, mode)

    def fchown(self, fd: int, uid: int, gid: int) -> None:
        """Set who owns an open file; the one that bind() makes is its maker's."""
        if fd in self._files:
            self._files.single_out(fd)
        REAL["fchown"](fd, uid, gid)

    def set_blocking(self, fd: int, blocking: bool, /) -> None:
        """Set or clear O_NONBLOCK."""
        if fd in self._files:
            self._files.set_nonblocking(fd, not blocking)
        else:
            REAL["set_blocking"](fd, blocking)

    def get_blocking(self, fd: int, /) -> bool:
        """False while O_NONBLOCK is set."""
        if fd in self._files or self._files.is_beyond(fd):  # one that a message brought, too
            return not self._files.is_nonblocking(fd)
        return REAL["get_blocking"](fd)

    def get_inheritable(self, fd: int, /) -> bool:
        """True if programs that are started get the descriptor."""
        if self._files.is_beyond(fd):
            return self._files.find(fd) is not None and fd in self._files.beyond.inherited
        return REAL["get_inheritable"](fd)

    def set_inheritable(self, fd: int, inheritable: bool, /) -> None:
        """Say whether programs that are started get the descriptor; those of the model never do."""
        if not self._files.is_beyond(fd):
            REAL["set_inheritable"](fd, inheritable)
        elif self._files.find(fd):
            inherited = self._files.beyond.inherited
            (inherited.add if inheritable else inherited.discard)(fd)

    def sendfile(self, out_fd: int, in_fd: int, offset: int | None, count: int) -> int:
        """Send up to *count* bytes of a file of the host, from *offset*; None: where it stands.

        Returns how many.  Waits and fails as ``send``, after what reading the file fails with.
        Source: Linux sendfile(2).
        """
        if out_fd not in self._files:
            return REAL["sendfile"](out_fd, in_fd, offset, count)
        here = offset is None
        if here and stat.S_IFMT(os.fstat(in_fd).st_mode) in (stat.S_IFIFO, stat.S_IFDIR):
            fail(EINVAL)
        data = REAL["read"](in_fd, count) if here else os.pread(in_fd, count, offset or 0)
        return self._machine.calls.send(out_fd, data, 0, None) if data else 0

    def splice(self, src: int, dst: int, *arguments: Any, **named: Any) -> int:
        """Move bytes between descriptors of the host; refused for the model's."""
        if src in self._files or dst in self._files:
            refuse("os.splice of a socket; read and write")
        return REAL["splice"](src, dst, *arguments, **named)


REAL = {name: getattr(os, name) for name in vars(Descriptors)
        if hasattr(os, name) and name[0] != "_"}
NAMES = tuple(REAL)


def os_functions(machine: Any) -> dict[str, Callable[..., Any]]:
    """The functions of ``os`` that take the places of the host's."""
    descriptors = Descriptors(machine)
    return {name: getattr(descriptors, name) for name in NAMES}
