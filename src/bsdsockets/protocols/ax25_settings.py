"""AX.25's options, which `Ax25` has as its verbs.

    modelled   WINDOW T1 N2 PIDINCL
    kept       T2 T3 BACKOFF EXTSEQ IDLE PACLEN IAMDIGI: they read back, and do nothing

May not know: frames, connections.

Sources: <netax25/ax25.h>; Linux ax25(4), ``net/ax25/af_ax25.c``; the answers as seen on Linux 6.1
(tests/on_old_kernels/details/ax25.txt).
"""

import struct
from typing import Any

from ..machine.errors import EINVAL, ENOPROTOOPT, fail

SOL_AX25 = 257
WINDOW, T1, N2, T3, T2, BACKOFF, EXTENDED, PIDINCL, IDLE, PACLEN, IAMDIGI = (
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12)
DEFAULTS = {WINDOW: 2, T1: 10, N2: 10, T3: 300, T2: 3, BACKOFF: 1, EXTENDED: 0, PIDINCL: 0,
            IDLE: 0, PACLEN: 256, IAMDIGI: 0}
LEAST = {WINDOW: 1, T1: 1, N2: 1, T3: 1, T2: 1, PACLEN: 16}  # as unsigned numbers
MOST = {WINDOW: 7, N2: 31, BACKOFF: 2, PACLEN: 65535}
SWITCHES = (EXTENDED, PIDINCL, IAMDIGI)


def setting(so: Any, number: int) -> int:
    """What an option says."""
    return int(so.options.get((SOL_AX25, number), DEFAULTS[number]))


def get_option(so: Any, level: int, number: int, room: int) -> bytes:
    """The value of an option; ENOPROTOOPT if there is none such."""
    if level != SOL_AX25 or number not in DEFAULTS:
        fail(ENOPROTOOPT)
    return struct.pack("=i", setting(so, number))[:room]


def set_option(so: Any, level: int, number: int, value: bytes) -> None:
    """Change an option.

    EINVAL
        Fewer than four bytes, or a value out of range.
    ENOPROTOOPT
        There is no such option.
    """
    if level != SOL_AX25:
        fail(ENOPROTOOPT)
    if len(value) < 4:
        fail(EINVAL)
    if number not in DEFAULTS:
        fail(ENOPROTOOPT)
    wanted = struct.unpack("=I", value[:4])[0]
    if number not in SWITCHES and not (
            LEAST.get(number, 0) <= wanted <= MOST.get(number, 0x7FFFFFFF)):
        fail(EINVAL)
    so.options[level, number] = int(bool(wanted)) if number in SWITCHES else wanted

