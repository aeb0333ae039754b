"""A channel between two processes of one machine: messages in order, and descriptors with them.

    child   Channel.send(message, descriptors) --- a pair of the host's sockets ---> Channel.read

A message is its length in eight bytes, and its pickle.

May not know: what the messages say.

Sources: unix(7) SCM_RIGHTS; the Python library reference, pickle.
"""

import gc
import os
import pickle
import select
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ..machine.constants import SCM_RIGHTS

try:
    import _socket as _host
except ImportError:  # a Python built without sockets
    _host = None  # type: ignore[assignment]

MOST_RIGHTS = 16 + 4 * 253 + 4  # bytes of control that carry the most descriptors of a message


class Gone(Exception):
    """The process that the machine began in has ended."""


@contextmanager
def without_finalizers() -> Iterator[None]:
    """Collect no garbage meanwhile: a finalizer that makes a call would get in between."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


class Channel:
    """One end of a pair of the host's sockets, between two processes, for messages."""

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self._buffer = bytearray()
        self.passed: list[int] = []  # descriptors that came along

    def send(self, message: Any, passed: Sequence[int] = ()) -> None:
        """Send a message; read what comes while there is no room, so that nobody waits for ever."""
        with without_finalizers():
            self._send(pickle.dumps(message), passed)

    def _send(self, data: bytes, passed: Sequence[int]) -> None:
        data = len(data).to_bytes(8, "big") + data
        if passed:
            rights = (_host.SOL_SOCKET, _host.SCM_RIGHTS, struct.pack(f"={len(passed)}i", *passed))
            data = data[self.sock.sendmsg([data], [rights]):]
        while data:
            try:
                data = data[self.sock.send(data, _host.MSG_DONTWAIT | _host.MSG_NOSIGNAL):]
            except BlockingIOError:
                poll = select.poll()
                poll.register(self.sock.fileno(), select.POLLIN | select.POLLOUT)
                poll.poll()
                with suppress(BlockingIOError):
                    self.read(_host.MSG_DONTWAIT)

    def read(self, flags: int = 0) -> None:
        """Take what has come.  Gone: it was the end.  BlockingIOError: nothing, and no waiting."""
        with without_finalizers():
            data, rights, _, _ = self.sock.recvmsg(1 << 18, MOST_RIGHTS, flags)
            if not data:
                raise Gone
            self._buffer += data
            for _, _, numbers in rights:
                self.passed += [number for number, in struct.iter_unpack("=i", numbers)]

    def take(self, count: int) -> list[int]:
        """The next descriptors that came along."""
        taken, self.passed = self.passed[:count], self.passed[count:]
        return taken

    def messages(self) -> Iterator[Any]:
        """What has come in whole."""
        while len(self._buffer) >= 8:
            end = 8 + int.from_bytes(self._buffer[:8], "big")
            if len(self._buffer) < end:
                return
            data = bytes(self._buffer[8:end])
            del self._buffer[:end]
            yield pickle.loads(data)


def is_rights(kind: int, value: Any) -> bool:
    """True of a control message with descriptors."""
    return kind == SCM_RIGHTS and isinstance(value, tuple)


def with_files(control: Iterable[Any], change: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Control messages in which each file is what *change* makes of it."""
    return tuple((level, kind, tuple(map(change, value))) if is_rights(kind, value)
                 else (level, kind, value) for level, kind, value in control)


def close_all(numbers: Iterable[int]) -> None:
    """Close descriptors of the host."""
    for number in numbers:
        os.close(number)
