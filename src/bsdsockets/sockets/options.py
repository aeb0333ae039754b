"""getsockopt and setsockopt: values as C has them, checks in Linux's order.

    set:  level known?  long enough?  settable here?  in bounds?  --> so.options, or an effect
    get:  level known?  readable?                                 --> cut to what was asked for

May not know: descriptors, how a program passes values (they are bytes here, as in C).

Sources: POSIX.1-2024 setsockopt(); Linux setsockopt(2); the order as Linux 6.18 shows it.
"""

import struct
from typing import Any

from ..machine import constants as c
from ..machine.errors import EDOM, EFAULT, EINVAL, ENOPROTOOPT, EOPNOTSUPP, fail
from .option import Option, always, code
from .option_table import LEVELS, OPTIONS

LINGER_FOREVER = -1752346657  # what SO_LINGER reads back: MAX_SCHEDULE_TIMEOUT, at 250 Hz
NO_TIME = (-1, 0)  # below 0: no call waits; it reads back as 0, which else is for ever
CHECKSUM = (c.IPPROTO_IPV6, c.IPV6_CHECKSUM)
NAMES = ((c.SOL_SOCKET, c.SO_BINDTODEVICE), (c.IPPROTO_TCP, c.TCP_CONGESTION))
INTEGER = ("bool", "int", "byte", "flag")


def find(so: Any, level: int, number: int, reading: bool) -> Option:
    """The option, or the error that there is none for *so*."""
    kind = code(so)
    if kind == "x" and level != c.SOL_SOCKET:
        fail(EOPNOTSUPP)
    if kind not in LEVELS.get(level, "").split():
        fail(EOPNOTSUPP if reading and kind.endswith("4") else ENOPROTOOPT)
    if level == c.SOL_ICMPV6 and so.protocol_number != c.IPPROTO_ICMPV6:
        fail(EOPNOTSUPP)
    option = OPTIONS.get((c.IPPROTO_UDP if level == c.IPPROTO_UDPLITE else level, number))
    if option is None or kind not in option.where.split():
        fail(ENOPROTOOPT)
    if option.lacks is not None and option.lacks(so):
        fail(EOPNOTSUPP)
    return option


def get_option(so: Any, level: int, number: int, room: int) -> bytes:
    """The value of an option, at most *room* bytes of it."""
    option = find(so, level, number, reading=True)
    if not option.readable:
        fail(ENOPROTOOPT)
    if room < option.room(so):
        fail(EINVAL)
    value = option.read(so) if option.read is not None else _stored(so, option)
    if option.kind in ("byte", "flag") and 0 < room < 4 and 0 <= value <= 255:
        return bytes([value])
    return _encode(option, value)[:room]


def _stored(so: Any, option: Option) -> Any:
    value = so.options.get(option.key)
    if value is not None:
        return value
    return option.default(so) if callable(option.default) else option.default


def _encode(option: Option, value: Any) -> bytes:
    """A value of Python as bytes of C."""
    if isinstance(value, bytes):
        return value
    if option.kind == "linger":
        return struct.pack("=ii", *value)
    if option.kind == "timeval":
        return struct.pack("=qq", *(value if value != NO_TIME else (0, 0)))
    return struct.pack("=i", value)


def set_option(so: Any, level: int, number: int, value: bytes, null: bool = False) -> str:
    """Change an option; *value* as C has it, *null* if a null pointer stands for it.

    Returns its name.

    EINVAL, EFAULT
        Too few bytes for an int, or a null pointer: where that is read before the option is known.
    ENOPROTOOPT, EOPNOTSUPP
        There is no such option, or it cannot be set.
    EPERM, EACCES
        An unprivileged process may not, or not to this value (then the errors below come first).
    EINVAL, EFAULT
        Too few bytes for this option, or a null pointer with a length that is read.
    EDOM
        A time with a million microseconds or more.
    EINVAL
        A value out of bounds.
    """
    if _number_comes_first(so, level, number):
        _check_value(value, 4, null)
    option = find(so, level, number, reading=False)
    if option.needs is always and not so.host.privileged:
        fail(option.denied)
    if level == c.IPPROTO_IP and null and value and option.kind in INTEGER and option.settable != (
            ""):
        fail(EFAULT)
    if option.settable is not None and code(so) not in option.settable.split():
        if level == c.IPPROTO_IPV6 and option.kind == "bytes":
            _check_value(value, option.least, False)
        fail(option.refusal)
    if len(value) % option.unit or len(value) > option.most:
        fail(EINVAL)
    _check_value(value, option.least, null and option.kind not in INTEGER, option.null)
    decoded = _decode(so, option, value)
    if option.needs is not None and not so.host.privileged and option.needs(decoded):
        fail(option.denied)
    if option.check is not None:
        decoded = option.check(so, decoded)
    if option.write is not None:
        option.write(so, decoded)
    else:
        so.options[option.key] = decoded
    return option.name


def _number_comes_first(so: Any, level: int, number: int) -> bool:
    """True if Linux reads a C int before it looks which option of the level it is for."""
    if (level, number) in NAMES or code(so) not in LEVELS.get(level, "").split():
        return False
    return level in (c.SOL_SOCKET, c.IPPROTO_TCP, c.IPPROTO_UDP, c.IPPROTO_UDPLITE) or (
        so.family == c.AF_INET6 and (level == c.SOL_RAW or (
            so.type == c.SOCK_RAW and (level, number) == CHECKSUM)))


def _check_value(value: bytes, least: int, null: bool, refusal: int = EFAULT) -> None:
    """Fail if there are too few bytes, or a null pointer stands for them."""
    if len(value) < least:
        fail(EINVAL)
    if null and value:
        fail(refusal)


def _decode(so: Any, option: Option, value: bytes) -> Any:
    """Bytes of C as a value of Python."""
    if option.kind == "linger":
        on, seconds = struct.unpack("=ii", value[:8])
        if not on:  # the time stays what it was
            return (0, so.options.get(option.key, (0, 0))[1])
        return (1, seconds if seconds >= 0 else LINGER_FOREVER)
    if option.kind == "timeval":
        seconds, micro = struct.unpack("=qq", value[:16])
        if not 0 <= micro < 1_000_000:
            fail(EDOM)
        return (seconds, micro) if seconds >= 0 else NO_TIME
    if option.kind not in INTEGER:
        return value
    number = 0 if option.level == c.IPPROTO_IPV6 and len(value) < 4 else _integer(value)
    if option.kind in ("bool", "flag"):
        return int(bool(number))
    if number == -1 != option.usual:
        return option.usual
    if not option.low <= number <= option.high:
        fail(EINVAL)
    return number


def _integer(value: bytes) -> int:
    """A C int; from fewer bytes the first, from none 0."""
    if len(value) >= 4:
        return int(struct.unpack("=i", value[:4])[0])
    return value[0] if value else 0
