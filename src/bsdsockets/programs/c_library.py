"""``ctypes`` and ``fcntl`` for programs on the model: where they meet a socket, they know ours.

    libc = ctypes.CDLL(None)                 the program, unchanged
    libc.bind(sock.fileno(), bytes, 18)
         |
         v
    a descriptor of the model?  --yes-->  the model's system call, with the same bytes
                                --no--->  the C library's function

What else C does with a socket is refused, or a program would leave its machine unawares.

Addresses that CPython cannot write reach a kernel only this way, so programs for AF_X25,
AF_AX25, AF_IPX, AF_APPLETALK and AF_ATMPVC need it.  Everything else of both modules is the
interpreter's own.

Left out: ``struct sockaddr`` as a ctypes.Structure is read, not written back to.

Sources: <sys/socket.h>; CPython's ctypes and fcntl documentation.
"""

import ctypes
import types
from functools import partial
from typing import Any

from ..face import fcntl_module
from ..machine.constants import AF_INET, AF_INET6, AF_UNIX, SO_DOMAIN, SOL_SOCKET
from ..machine.errors import EINVAL, EPERM, ESRCH, fail
from .c_interfaces import Interfaces
from .os_module import refuse

OF_THE_HOST = ("adjtime", "adjtimex", "clock_adjtime", "clock_settime", "settimeofday",
               "sethostname", "setdomainname")  # which a program on the model leaves alone
OF_PYTHON = ("PyThreadState_SetAsyncExc",)
OF_THREADS = ("pthread_setname_np", "pthread_getname_np")
STORAGE = 128  # bytes of a struct sockaddr_storage
CALLS = ("bind", "connect", "accept", "sendto", "recvfrom", "getsockname", "getpeername")

MAKERS = ("socket", "socketpair")
OF_SOCKETS = ("listen", "accept4", "send", "recv", "sendmsg", "recvmsg", "write", "read",
              "shutdown", "close", "dup", "getsockopt", "setsockopt", "fcntl", "ioctl")
KNOWN = (AF_UNIX, AF_INET, AF_INET6)  # whose addresses Python writes, and C's are not read


class Function:
    """A C function that is none of a socket of the model; or of any, as what it makes is not.

    A program may set its types, as ctypes lets it.
    """

    def __init__(self, machine: Any, name: str, real: Any) -> None:
        self._machine, self._name, self._real = machine, name, real
        self.argtypes: Any = None
        self.restype: Any = ctypes.c_int

    def __call__(self, first: Any, *arguments: Any) -> Any:
        """Call the host's, but for a descriptor of the model."""
        if self._name in MAKERS or first in self._machine.descriptors:
            return self._of_the_model(first, *arguments)
        self._real.argtypes, self._real.restype = self.argtypes, self.restype
        return self._real(first, *arguments)

    def _of_the_model(self, number: Any, *arguments: Any) -> int:
        refuse(f"{self._name} of C, by ctypes; use the module socket")


class Modelled(Function):
    """A C function of two worlds."""

    def _of_the_model(self, number: Any, *arguments: Any) -> int:
        """Call the model's; -1 and ctypes.get_errno() where it fails."""
        family = self._machine.calls.getsockopt(number, SOL_SOCKET, SO_DOMAIN, 4)
        if int.from_bytes(family, "little") in KNOWN:
            refuse(f"{self._name} of C, by ctypes, for this family; use the module socket")
        try:
            return int(getattr(Sockets(self._machine), self._name)(number, *arguments))
        except OSError as failure:
            ctypes.set_errno(failure.errno or 0)
            return -1


class Sockets:
    """The functions of <sys/socket.h> that take or give an address, on the model.

    They take what C takes: numbers, pointers and lengths in bytes, and an address as the bytes
    of its sockaddr.  Each waits and fails as the method of `Calls` that has its name; `Modelled`
    makes -1 and errno of that.
    """

    def __init__(self, machine: Any) -> None:
        self._machine = machine

    def bind(self, number: int, address: Any, length: Any) -> int:
        """Give a socket an address.  Source: POSIX.1-2024 bind()."""
        self._machine.calls.bind(number, _address(address, length))
        return 0

    def connect(self, number: int, address: Any, length: Any) -> int:
        """Connect a socket; waits.  Source: POSIX.1-2024 connect()."""
        self._machine.calls.connect(number, _address(address, length), None)
        return 0

    def accept(self, number: int, name: Any, length: Any) -> int:
        """Take a connection; waits.  Source: POSIX.1-2024 accept()."""
        descriptor, child = self._machine.calls.accept(number, None)
        _give(child.protocol.accepted_peer(child), name, length)
        return int(descriptor)

    def sendto(self, number: int, data: Any, size: Any, flags: int, address: Any,
               length: Any) -> int:
        """Send to an address; waits; returns how many bytes.  Source: POSIX.1-2024 sendto()."""
        content, name = _bytes(data, size), _address(address, length)
        return int(self._machine.calls.send(number, content, flags, None, name or None))

    def recvfrom(self, number: int, data: Any, size: Any, flags: int, name: Any,
                 length: Any) -> int:
        """Receive with the sender; waits; returns how many bytes.  Source: recvfrom()."""
        message = self._machine.calls.receive(number, _number(size), flags, None)
        ctypes.memmove(data, message.data, len(message.data))
        _give(message.address, name, length)
        return len(message.data)

    def getsockname(self, number: int, name: Any, length: Any) -> int:
        """Write the socket's own address.  Source: POSIX.1-2024 getsockname()."""
        _give(self._machine.calls.getsockname(number)[1], name, length)
        return 0

    def getpeername(self, number: int, name: Any, length: Any) -> int:
        """Write the peer's address.  Source: POSIX.1-2024 getpeername()."""
        _give(self._machine.calls.getpeername(number)[1], name, length)
        return 0


class OfThread:
    """A C function that takes a thread: the model's number stands for the host's thread."""

    def __init__(self, machine: Any, real: Any) -> None:
        self._scheduler, self._real = machine.scheduler, real
        self.argtypes: Any = None
        self.restype: Any = ctypes.c_int

    def __call__(self, thread: Any, *arguments: Any) -> int:
        """Call it; ESRCH for a thread that has not begun to run."""
        task = self._scheduler.tasks.get(_number(thread))
        if task is not None:
            if not task.host:
                return ESRCH
            thread = ctypes.c_void_p(task.host)
        self._real.argtypes, self._real.restype = None, self.restype
        if isinstance(thread, int):
            thread = ctypes.c_void_p(thread)
        return int(self._real(thread, *arguments))


def c_modules(machine: Any) -> dict[str, types.ModuleType]:
    """The modules that take the places of the host's."""
    made = {"ctypes": _make_ctypes(machine)}
    fcntl = fcntl_module.make(machine)
    return made | {"fcntl": fcntl} if fcntl else made


def _make_ctypes(machine: Any) -> types.ModuleType:
    """The interpreter's ctypes, whose CDLL(None) knows the machine's sockets."""

    interfaces = Interfaces(machine)

    class CDLL(ctypes.CDLL):
        def __init__(self, name: Any, *arguments: Any, **options: Any) -> None:
            super().__init__(name, *arguments, **options)
            if name is None or str(name).startswith("libc."):
                for call in CALLS:
                    setattr(self, call, Modelled(machine, call, self[call]))
                for call in MAKERS + OF_SOCKETS:
                    setattr(self, call, Function(machine, call, self[call]))
                for call in OF_THE_HOST:
                    setattr(self, call, _forbidden)
                self.getifaddrs = partial(interfaces.getifaddrs)  # as one may set its argtypes
                self.freeifaddrs = partial(interfaces.freeifaddrs)
            for call in OF_THREADS:
                if hasattr(self, call):
                    setattr(self, call, OfThread(machine, self[call]))

    module = types.ModuleType("ctypes", ctypes.__doc__)
    pythonapi = ctypes.PyDLL(None)
    for call in OF_PYTHON:
        setattr(pythonapi, call, OfThread(machine, pythonapi[call]))
    vars(module).update(vars(ctypes), CDLL=CDLL, pythonapi=pythonapi)
    return module


def _forbidden(*arguments: Any) -> int:
    """What would change the host: -1 with EPERM, as for a program that may not."""
    ctypes.set_errno(EPERM)
    return -1


def _number(value: Any) -> int:
    return int(getattr(value, "value", value))


def _bytes(memory: Any, length: Any) -> bytes:
    """What a pointer and a length mean: bytes, a buffer of ctypes, or None."""
    if memory is None:
        return b""
    whole = memory if isinstance(memory, bytes) else ctypes.string_at(memory, _number(length))
    return whole[: _number(length)]


def _address(memory: Any, length: Any) -> bytes:
    """The bytes of a sockaddr; EINVAL if there are more than a sockaddr_storage has."""
    if not 0 <= _number(length) <= STORAGE:
        fail(EINVAL)
    return _bytes(memory, length)


def _give(address: Any, name: Any, length: Any) -> None:
    """Write an address where the program has room; the length says how long it is."""
    if name is None or length is None:
        return
    room = getattr(length, "_obj", length)  # of byref(), or a pointer's
    data = address or b""
    ctypes.memmove(name, data, min(len(data), room.value))
    room.value = len(data)
