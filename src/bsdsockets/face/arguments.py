"""Arguments of a program, read as CPython's C code reads them.

What a wrong argument raises is CPython's, to the letter.

Sources: CPython ``Modules/socketmodule.c``, ``Python/getargs.c``, 3.11 to 3.15.
"""

import sys
from operator import index
from typing import Any, NoReturn

from ..machine.constants import MSG_OOB, MSG_TRUNC
from ..machine.errors import contiguous, type_name

SINCE_3_14 = sys.version_info >= (3, 14)
SINCE_3_15 = sys.version_info >= (3, 15)
MUCH = 2**30  # bytes that CPython gets from any system


def seconds(value: Any, what: str = "Timeout") -> float | None:
    """A timeout as CPython reads it: None, or a number of seconds not below zero."""
    if value is None:
        return None
    try:
        given = time_number(value)
    except TypeError:
        if not SINCE_3_14:
            raise
        name = type_name(value)
        raise TypeError(f"must be real number, not {name}" if SINCE_3_15 else
                        f"'{name}' object cannot be interpreted as an integer or float") from None
    number = float(max(min(given, 2**70), -2**70) if isinstance(given, int) else given)
    check_time(value, number * 10**9)
    if number < 0:
        raise ValueError(f"{what} value out of range")
    return number + 0.0  # of -0.0 too


def time_number(value: Any) -> int | float:
    """A time of a program's argument: a float, or else what has an __index__."""
    if isinstance(value, float) or (SINCE_3_15 and hasattr(value, "__float__")):
        return float(value)
    return index(value)


def check_time(value: Any, nanoseconds: float) -> None:
    """Refuse a timeout that is no number, or whose *nanoseconds* have more than 64 bits."""
    if nanoseconds != nanoseconds:
        raise ValueError("Invalid value NaN (not a number)")
    if -(2**63) <= nanoseconds < 2**63:
        return
    kind = "PyTime_t" if sys.version_info >= (3, 13) else "_PyTime_t"
    if SINCE_3_14:
        raise OverflowError(f"timestamp out of range for C {kind}")
    is_time_t = isinstance(value, float) and sys.version_info >= (3, 11, 3)
    raise OverflowError("timestamp out of range for platform time_t" if is_time_t
                        else f"timestamp too large to convert to C {kind}")


def within(value: Any, bits: int, name: str) -> int:
    """A number that fits into the signed C type *name* of so many *bits*."""
    result = int(index(value))
    if not -(1 << bits - 1) <= result < 1 << bits - 1:
        raise OverflowError(f"Python int too large to convert to C {name}")
    return result


def number(value: Any) -> int:
    """A C int of a program's argument."""
    result = int(index(value))
    if -(2**31) <= result < 2**31:
        return result
    bound = "greater than maximum" if within(result, 64, "long") > 0 else "less than minimum"
    raise OverflowError(f"signed integer is {bound}")


def size(value: Any) -> int:
    """A C ssize_t of a program's argument."""
    return within(value, 64, "ssize_t")


def room(value: Any, what: str) -> int:
    """How many bytes a program wants to receive, as *what* says where it is below 0.

    MemoryError
        CPython would not get the memory for them.
    """
    result = size(value)
    if result < 0:
        raise ValueError(f"negative {what}")
    if result > MUCH:
        bytearray(result)
    return result


def small(value: Any) -> int:
    """A C int, where CPython words its refusal in another way."""
    result = value if value.__class__ is int else int(index(value))
    return result if -(2**31) <= result < 2**31 else within(result, 32, "int")


sending_flags = small if SINCE_3_15 else number


def option_value(value: Any) -> bytes:
    """The value of an option: a C int, or what holds bytes.

    TypeError
        It is neither; also an int that C has no room for, before Python 3.15.
    OverflowError
        That int, since.
    """
    try:
        return number(value).to_bytes(4, "little", signed=True)
    except Exception as failure:
        if SINCE_3_15 and not isinstance(failure, TypeError):
            raise
    if not SINCE_3_15:
        return readable(value)
    if value is None:
        raise TypeError("setsockopt() requires 4 arguments when the third argument is None")
    try:
        return memoryview(value).tobytes()
    except TypeError:
        raise TypeError("socket option should be int, bytes-like object or None "
                        f"(got {kind_of(value)})") from None


def option_without_value(level: Any, optname: Any, value: Any, length: Any) -> tuple[int, int, int]:
    """Level, name and length for a null pointer, of whose length the kernel sees 32 bits."""
    try:
        level, optname = number(level), number(optname)
        if value is None:
            return level, optname, index(length) & 0xFFFFFFFF
    except (TypeError, OverflowError):
        if SINCE_3_15:
            raise
    raise TypeError("setsockopt() only takes 4 arguments when the third argument is None "
                    f"(got {kind_of(value)})" if SINCE_3_15 else
                    "setsockopt() takes exactly 3 arguments (4 given)") from None


def natural(value: Any, bits: int, name: str) -> int:
    """A number of *bits* bits, not below 0, for the C type *name*, as Python 3.14 reads it."""
    result = int(index(value))
    if result < 0:
        raise ValueError("Cannot convert negative int")
    if result >> bits:
        raise OverflowError(f"Python int too large for C {name}")
    return result


def unsigned_long(value: Any) -> int:
    """A C unsigned long of a program's argument, as PyLong_AsUnsignedLong reads it."""
    if not isinstance(value, int):
        raise TypeError("an integer is required")
    if value < 0:
        raise OverflowError("can't convert negative value to unsigned int")
    if value >= 2**64:
        raise OverflowError("Python int too large to convert to C unsigned long")
    return int(value)


def descriptor(value: Any) -> int:
    """A descriptor of a program's argument: C keeps the lower 32 bits."""
    return (within(value, 64, "long") + 2**31) % 2**32 - 2**31


def text(value: Any, function: str, place: int = 1) -> str:
    """A str without a null character that a *function* takes as its argument number *place*.

    A *place* of 0 is that of an only one.
    """
    if not isinstance(value, str):
        which = f" {place}" if place else ""
        raise TypeError(f"{function}() argument{which} must be str, not {kind_of(value)}")
    if "\0" in value:
        raise ValueError("embedded null character")
    return value


def kind_of(value: Any) -> str:
    """What CPython calls the type of an argument that it refuses."""
    return "None" if value is None else type_name(value)


def throw(error: Exception) -> NoReturn:
    """Raise *error* as C does: whatever is handled at the moment is not its context."""
    try:
        raise error
    finally:
        error.__context__ = None
        del error  # or the traceback would hold itself


def only(arguments: tuple[Any, ...], method: str) -> Any:
    """The one argument of a method that takes one."""
    if len(arguments) != 1:
        raise TypeError(f"socket.{method}() takes exactly one argument "
                        f"({len(arguments)} given)")
    return arguments[0]


def readable(data: Any) -> bytes:
    """The bytes of whatever holds some."""
    if data.__class__ is bytes:
        return data
    try:
        return contiguous(data).tobytes()
    except TypeError:
        raise TypeError("a bytes-like object is required, not "
                        f"'{type_name(data)}'") from None


def whole(message: Any, flags: int) -> bytes:
    """With MSG_TRUNC a datagram's whole length is returned; what was cut off is zero here.

    So is a UNIX socket's urgent byte without room.  CPython returns whatever its memory held there.
    """
    data: bytes = message.data
    counted = flags & MSG_TRUNC or message.flags & MSG_OOB
    return data + bytes(max(0, message.length - len(data))) if counted else data


def scatter(data: bytes, views: list[memoryview]) -> None:
    """Fill several buffers, one after the other."""
    for view in views:
        part, data = data[:len(view)], data[len(view):]
        view[:len(part)] = part
