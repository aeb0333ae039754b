"""Control messages between Python's form and the model's.

    (SOL_SOCKET, SCM_RIGHTS, bytes of descriptors) <--> references to open files
    (SOL_SOCKET, SCM_CREDENTIALS, struct ucred)    <--> Credentials

A descriptor of the host that is not the model's travels as a copy made with ``os.dup``.

Sources: CPython ``sock_sendmsg``; Linux cmsg(3), unix(7), recvmsg(2) for what is cut.
"""

import os
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ..machine.constants import (
    MSG_CMSG_CLOEXEC,
    MSG_CTRUNC,
    MSG_PEEK,
    SCM_CREDENTIALS,
    SCM_RIGHTS,
    SOL_SOCKET,
)
from ..machine.descriptors import File
from ..machine.host import Credentials
from .arguments import SINCE_3_14, kind_of, number, readable

HEADER = 16  # bytes of struct cmsghdr
ALIGNMENT = 8


class HostFile(File):
    """A file of the host on its way through a socket; a copy is kept while it travels."""

    def __init__(self, number: int) -> None:
        super().__init__()
        os.fstat(number)
        self.number = number

    def hold(self) -> File:
        if self.references == 0:
            self.number = os.dup(self.number)
        return super().hold()

    def release(self) -> None:
        os.close(self.number)


def space(length: int) -> int:
    """CMSG_SPACE: how much of the control buffer a message of *length* bytes takes."""
    return HEADER + -(-length // ALIGNMENT) * ALIGNMENT


def encode_control(machine: Any, ancdata: Any) -> tuple[Any, ...]:
    """Read a program's control messages."""
    try:
        entries = list(ancdata)
    except TypeError:
        raise TypeError("sendmsg() argument 2 must be an iterable") from None
    result = []
    for entry in entries:
        what = "[sendmsg() ancillary data items]() argument must be"
        no_entries = (bytes, str) if SINCE_3_14 else bytes
        if not isinstance(entry, Sequence) or isinstance(entry, no_entries):
            name = "tuple" if SINCE_3_14 else "sequence"
            raise TypeError(f"{what} 3-item {name}, not {kind_of(entry)}")
        if len(entry) != 3:
            name = "tuple" if SINCE_3_14 and isinstance(entry, tuple) else "sequence"
            raise TypeError(f"{what} {name} of length 3, not {len(entry)}")
        level, kind, data = number(entry[0]), number(entry[1]), readable(entry[2])
        result.append((level, kind, _decoded(machine, level, kind, data)))
    return tuple(result)


def _decoded(machine: Any, level: int, kind: int, data: bytes) -> Any:
    if level == SOL_SOCKET and kind == SCM_RIGHTS:
        numbers = struct.unpack(f"={len(data) // 4}i", data[:len(data) // 4 * 4])
        return tuple(_file(machine, number) for number in numbers)
    if level == SOL_SOCKET and kind == SCM_CREDENTIALS:  # None: not what the kernel expects
        return Credentials(*struct.unpack("=iII", data)) if len(data) == 12 else None
    return data


def _file(machine: Any, number: int) -> File | None:
    """The file a descriptor names, None for nothing: the protocol says when that is an error."""
    file = machine.descriptors.get(number)
    if file is not None:
        return file
    try:
        return HostFile(number)
    except OSError:
        return None


def decode_control(machine: Any, control: tuple[Any, ...], room: int,
                   flags: int) -> tuple[list[tuple[int, int, bytes]], int]:
    """Make a program's control messages in *room* bytes; says with MSG_CTRUNC what is cut."""
    result: list[tuple[int, int, bytes]] = []
    cut = 0
    for level, kind, value in control:
        if level == SOL_SOCKET and kind == SCM_RIGHTS:
            fits = min(len(value), max(0, room - HEADER) // 4)
            numbers: list[int] = []
            with suppress(OSError):  # no descriptor is left: as if there were no room
                for file in value[:fits]:
                    numbers.append(_install(machine, file, flags))
            fits = len(numbers)
            if not flags & 2:  # without MSG_PEEK the message's references are used up
                for file in value:
                    file.drop()
            data = struct.pack(f"={fits}i", *numbers)
            if fits < len(value):
                cut = MSG_CTRUNC
            if fits == 0:
                continue
        else:
            data = _encoded(kind, value)
            if room < HEADER:
                cut = MSG_CTRUNC
                continue
            if HEADER + len(data) > room:
                data, cut = data[:room - HEADER], MSG_CTRUNC
        result.append((level, kind, data))
        room -= min(room, space(len(data)))
    return result, cut


def discard(control: tuple[Any, ...], flags: int) -> None:
    """Close the files in control messages that the program did not ask for."""
    if not flags & MSG_PEEK:
        for _, kind, value in control:
            if kind == SCM_RIGHTS and isinstance(value, tuple):
                for file in value:
                    file.drop()


def _encoded(kind: int, value: Any) -> bytes:
    if isinstance(value, Credentials):
        return struct.pack("=iII", value.pid, value.uid, value.gid)
    return bytes(value)


def _install(machine: Any, file: File, flags: int) -> int:
    """Give a file that came a descriptor, inherited unless MSG_CMSG_CLOEXEC says otherwise."""
    number: int = (os.dup(file.number) if isinstance(file, HostFile)
                   else machine.descriptors.add(file))
    if not machine.descriptors.is_beyond(number):
        os.set_inheritable(number, not flags & MSG_CMSG_CLOEXEC)
    return number


def not_afalg(sock: Any, *arguments: Any, **named: Any) -> int:
    """Refuse socket.sendmsg_afalg() as on a socket of another family, as every one here is."""
    raise OSError("algset is only supported for AF_ALG")
