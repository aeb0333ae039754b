"""``fcntl`` for programs on the model: it knows the machine's sockets.

What is asked of another file goes to the interpreter's own module, and so does who is to be told
of a socket by a signal (F_SETOWN, SIOCSPGRP, O_ASYNC): the host keeps it for the descriptor.

Left out: the signals, SIGIO and SIGURG.

Sources: CPython's fcntl documentation; `calls.ioctl` for the requests.
"""

import os
import struct
import types
from operator import index
from typing import Any

from ..calls.epoll import Epoll
from ..machine.errors import EINVAL, contiguous
from ..network.addresses import sockaddr
from .select_module import descriptor_of

try:
    import ctypes
    import fcntl
except ImportError:  # Windows
    ctypes = fcntl = None  # type: ignore[assignment]

SIOCGIFCONF, IFREQ = 0x8912, 40
FIOSETOWN, SIOCSPGRP, FIOGETOWN, SIOCGPGRP, FIOASYNC = 0x8901, 0x8902, 0x8903, 0x8904, 0x5452
OF_FILES = (FIOSETOWN, SIOCSPGRP, FIOGETOWN, SIOCGPGRP, FIOASYNC)
IFCONF = struct.Struct("@iP")  # struct ifconf: a length, and where the entries go


def _beyond(machine: Any, number: int, cmd: int, arg: Any) -> int:
    """What the host says, of a descriptor that it has not and other programs cannot inherit."""
    if cmd == fcntl.F_GETFL:
        return os.O_RDWR
    if cmd in (fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC):
        return int(machine.calls.dup(number))
    if cmd == fcntl.F_GETFD:
        return 0 if os.get_inheritable(number) else fcntl.FD_CLOEXEC
    if cmd == fcntl.F_SETFD:
        os.set_inheritable(number, not arg & fcntl.FD_CLOEXEC)
    elif cmd != fcntl.F_SETFL:
        raise OSError(EINVAL, os.strerror(EINVAL))
    return 0


def _control(machine: Any, number: int, cmd: int, arg: Any) -> Any:
    """What is asked of a descriptor of the model; the host's flags are of this file alone."""
    files = machine.descriptors
    if files.is_beyond(number):
        result = _beyond(machine, number, cmd, arg)
    else:
        files.single_out(number)
        result = fcntl.fcntl(number, cmd, arg)
        if cmd in (fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC):
            files[result] = files[number].hold()
    if cmd == fcntl.F_SETFL:
        files.set_nonblocking(number, bool(arg & os.O_NONBLOCK))
    elif cmd == fcntl.F_GETFL:  # a child may have set O_NONBLOCK
        return result & ~os.O_NONBLOCK | (os.O_NONBLOCK if files.is_nonblocking(number) else 0)
    return result


def _interfaces(machine: Any, data: bytes) -> bytes:
    """Write the interfaces that have IPv4 addresses where the struct ifconf *data* points."""
    room, place = IFCONF.unpack_from(data)
    entries = [struct.pack("16s24s", interface.name.encode(), sockaddr(str(own.ip), 0))
               for interface in machine.node.interfaces for own in interface.addresses
               if own.version == 4]
    if place:
        entries = entries[:max(room, 0) // IFREQ]
        ctypes.memmove(place, b"".join(entries), IFREQ * len(entries))
    return IFCONF.pack(IFREQ * len(entries), place) + data[IFCONF.size:]


def make(machine: Any) -> types.ModuleType | None:
    """The module, or None where the interpreter has none."""
    if fcntl is None:
        return None
    files = machine.descriptors

    def control(fd: Any, cmd: int, arg: Any = 0, /) -> Any:
        number = descriptor_of(fd)
        return _control(machine, number, cmd, arg) if number in files else fcntl.fcntl(fd, cmd, arg)

    def ioctl(fd: Any, request: int, arg: Any = 0, mutate_flag: bool = True, /) -> Any:
        number, request = descriptor_of(fd), index(request) & 0xFFFFFFFF
        if number not in files:
            return fcntl.ioctl(fd, request, arg, mutate_flag)
        if request in OF_FILES and not isinstance(files[number], Epoll) and (
                files.single_out(number)):
            return fcntl.ioctl(fd, request, arg, mutate_flag)
        try:
            data = arg.encode() if isinstance(arg, str) else contiguous(arg).tobytes()
        except (TypeError, BufferError):
            index(arg)
            return machine.calls.ioctl(number, request, b"")[0]
        if request == SIOCGIFCONF and len(data) >= IFCONF.size:
            result, changed = 0, _interfaces(machine, data)
        else:
            result, changed = machine.calls.ioctl(number, request, data)
        if isinstance(arg, bytes | str) or not mutate_flag:
            return changed
        memoryview(arg).cast("B")[:] = changed
        return result

    for function, name in ((control, "fcntl"), (ioctl, "ioctl")):
        function.__module__, function.__name__, function.__qualname__ = "fcntl", name, name
    module = types.ModuleType("fcntl", fcntl.__doc__)
    vars(module).update(vars(fcntl), fcntl=control, ioctl=ioctl)
    return module
