"""What an option points at, in the memory of the program: a filter's instructions.

A program gives ``struct sock_fprog`` with an address that it has from `ctypes`.  As the kernel
does, the model reads what is there; on Linux also as safely, by way of /proc/self/mem.

Sources: <linux/filter.h>; Linux proc_pid_mem(5).
"""

import struct
from typing import Any

from ..machine.constants import SO_ATTACH_FILTER, SOL_SOCKET
from .arguments import option_value

try:
    import ctypes
except ImportError:
    ctypes = None  # type: ignore[assignment]

SOCK_FPROG = struct.Struct("@HP")  # of the interpreter; the model's is that of x86-64
INSTRUCTION = 8  # bytes


def setting(level: int, option: int, given: Any) -> bytes:
    """The value that a program gives an option; if it is a filter, its instructions behind it."""
    value = option_value(given)
    if (level, option) != (SOL_SOCKET, SO_ATTACH_FILTER) or len(value) < 4:
        return value
    if len(value) != SOCK_FPROG.size:
        return value[:4]  # too long is as wrong as too short
    count, place = SOCK_FPROG.unpack(value)
    return struct.pack("=H6xQ", count, place) + read(place, count * INSTRUCTION)


def read(place: int, size: int) -> bytes:
    """The bytes at an address; none if it is not the program's."""
    try:
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            memory.seek(place)
            return memory.read(size) if place else b""
    except FileNotFoundError:  # not Linux: a wrong address ends the program
        return ctypes.string_at(place, size) if ctypes is not None and place else b""
    except (OSError, OverflowError):
        return b""
