"""``open`` and ``input``: streams of descriptors of both worlds.

    open("/proc/net/tcp")                `proc_net`: the machine's sockets
    open(fd)   a socket of the model      Stream: os.readv and os.write, which know it
               a pipe or a terminal       Pipe: the same; while it waits, the other threads go on
               a file                     the interpreter's own

Only for a whole program on the model (`run`).

Left out: a FIFO that is opened by its path: the host's open waits for the other end.

Sources: CPython ``Modules/_io/_iomodule.c``, ``Modules/_io/fileio.c``; POSIX.1-2024 read().
"""

import builtins
import io
import os
import stat
import sys
import warnings
from collections.abc import Callable
from typing import Any

from ..face.by_name import ByName
from ..machine.constants import POLLIN
from .proc_net import PATHS

REAL_OPEN, REAL_INPUT = io.open, builtins.input
PART = 1 << 16  # bytes read at once where all are wanted
LARGEST = 1 << 23  # bytes of a buffer, where nobody says how large


class Waiting:
    """Reads and writes by the functions of ``os``, which wait as the model does."""

    def readinto(self, buffer: Any, /) -> int | None:
        """Fill a buffer; None: nothing is there, and the descriptor does not wait."""
        try:
            return os.readv(self.fileno(), [buffer])  # type: ignore[attr-defined]
        except BlockingIOError:
            return None

    def write(self, data: Any, /) -> int | None:
        """Write; None: there is no room, and the descriptor does not wait."""
        try:
            return os.write(self.fileno(), data)  # type: ignore[attr-defined]
        except BlockingIOError:
            return None


class Stream(Waiting, io.RawIOBase):
    """What ``open`` makes of a descriptor of the model."""

    def __init__(self, fd: int, mode: str, closefd: bool) -> None:
        self._fd, self._closefd = fd, closefd
        self.name, self.mode = fd, mode

    def readable(self) -> bool:
        return "r" in self.mode or "+" in self.mode

    def writable(self) -> bool:
        return "r" not in self.mode or "+" in self.mode

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        if not self.closed:
            super().close()
            if self._closefd:
                os.close(self._fd)


class Pipe(Waiting, io.FileIO):  # type: ignore[misc]
    """What ``open`` makes of a pipe or terminal of the host."""

    def read(self, size: int | None = -1, /) -> Any:
        """Read up to *size* bytes, below 0 all; None: nothing is there."""
        if size is None or size < 0:
            return self.readall()
        buffer = bytearray(size)
        count = self.readinto(buffer)
        return None if count is None else bytes(buffer[:count])

    def readall(self) -> Any:
        """Read to the end, or as much as is there."""
        parts: list[bytes] = []
        while part := self.read(PART):
            parts.append(part)
        return b"".join(parts) if parts or part is not None else None


def waits(fd: int) -> bool:
    """True if reading *fd*, a descriptor of the host, may wait for another program."""
    mode = os.fstat(fd).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(fd)


def _reads_a_terminal() -> bool:
    """True if sys.stdin, which may be anything, is the terminal that the process began with."""
    try:
        return sys.stdin.fileno() == 0 and os.isatty(0)
    except Exception:  # which the interpreter's own input takes for a stream without a number
        return False


def standard_stream(number: int, before: Any) -> Any:
    """A standard stream of a descriptor of the model, as *before* was; None where none was."""
    if before is None:
        return None
    stream: Any = open(number, "w" if number else "r", encoding=before.encoding,  # noqa: SIM115
                       errors=before.errors, closefd=False)
    stream.reconfigure(write_through=before.write_through)
    return stream


def _layers(raw: Any, mode: str, buffering: int, encoding: str | None, errors: str | None,
            newline: str | None) -> Any:
    """What ``open`` puts on a stream without a buffer: that of bytes and, for text, another."""
    if buffering == 0:
        if "b" not in mode:
            raise ValueError("can't have unbuffered text I/O")
        return raw
    block = os.fstat(raw.fileno()).st_blksize
    if sys.version_info >= (3, 14):
        block = max(min(block, LARGEST), io.DEFAULT_BUFFER_SIZE)
    buffer = (io.BufferedRandom if "+" in mode else
              io.BufferedReader if raw.readable() else io.BufferedWriter)
    buffered: Any = buffer(raw, buffering if buffering > 1 else block)
    if "b" in mode:
        return buffered
    text = io.TextIOWrapper(buffered, encoding, errors, newline,
                            buffering == 1 or (buffering < 0 and bool(raw.isatty())))
    vars(text)["mode"] = mode
    return text


class Opener(ByName, of="io"):
    """Has ``open``, as a method: as an attribute of a class it must not become one."""

    def __init__(self, machine: Any, in_proc: Callable[[str], str]) -> None:
        self._machine, self._files, self._in_proc = machine, machine.descriptors, in_proc

    def open(self, file: Any, mode: str = "r", buffering: int = -1, encoding: str | None = None,
             errors: str | None = None, newline: str | None = None, closefd: bool = True,
             opener: Any = None) -> Any:
        """Open a file, or make a stream of a descriptor of either world."""
        raw: Any
        table = PATHS.fullmatch(os.fspath(file)) if isinstance(file, str | os.PathLike) else None
        if table and not set(mode) & set("wax+"):
            for number in tuple(self._files):
                self._files.single_out(number)  # so that os.fstat says what the table does
            file = self._table(table[1])
        try:
            if "b" in mode and (encoding, errors, newline) != (None, None, None):
                raise ValueError  # as the interpreter's own will say
            if file.__class__ is int and file in self._files:
                raw = Stream(file, mode, closefd)
            elif file.__class__ is int and waits(file):
                raw = Pipe(file, mode.replace("b", "").replace("t", ""), closefd)
            else:
                raise OSError
        except (OSError, ValueError, OverflowError):
            return REAL_OPEN(file, mode, buffering, encoding, errors, newline, closefd, opener)
        if buffering == 1 and "b" in mode:
            warnings.warn("line buffering (buffering=1) isn't supported in binary mode, "
                          "the default buffer size will be used", RuntimeWarning, stacklevel=2)
        try:
            return _layers(raw, mode, buffering, encoding, errors, newline)
        except BaseException:
            raw.close()
            raise

    def _table(self, name: str) -> int:
        """A file of the host's that holds a table of the machine's sockets, to be read once."""
        number = os.memfd_create(name)
        os.write(number, os.fsencode(self._in_proc(name)))
        os.lseek(number, 0, os.SEEK_SET)
        return number

    def standard_input(self) -> None:
        """Let ``sys.stdin`` be such a stream, if it may wait for another program."""
        before = sys.stdin
        if before is None or not waits(0):
            return
        raw = Pipe(0, "r", False)
        raw.name = "<stdin>"
        sys.stdin = sys.__stdin__ = io.TextIOWrapper(  # type: ignore[misc]
            io.BufferedReader(raw), before.encoding, before.errors)
        vars(sys.stdin)["mode"] = "r"

    def input(self, prompt: object = "", /) -> str:
        """Read a line; at a terminal the other threads go on until there is one."""
        if len(self._machine.scheduler.tasks) == 1 or not _reads_a_terminal():
            return REAL_INPUT(prompt)
        print(prompt, end="", flush=True)
        self._machine.poll.poll({0: POLLIN}, None, "input")
        line = sys.stdin.readline()  # the terminal has it whole: editing it would lose a Ctrl-D
        if not line:
            raise EOFError
        return line.removesuffix("\n")
