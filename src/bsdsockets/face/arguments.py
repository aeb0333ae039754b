"""Arguments of a program, read as CPython's C code reads them.

What a wrong argument raises is CPython's, to the letter.

Sources: CPython ``Modules/socketmodule.c``, ``Python/getargs.c``, 3.11 to 3.13.
"""

from operator import index
from typing import Any

from ..machine.constants import MSG_TRUNC


def seconds(value: Any, what: str = "Timeout") -> float | None:
    """A timeout as CPython reads it: None, or a number of seconds not below zero."""
    if value is None:
        return None
    if not hasattr(value, "__index__") and not hasattr(value, "__float__"):
        raise TypeError(f"'{type(value).__name__}' object cannot be interpreted as an integer")
    number = float(value)
    if number != number:
        raise ValueError("Invalid value NaN (not a number)")
    if abs(number) > 9.2e9:
        raise OverflowError("timestamp out of range for platform time_t")
    if number < 0:
        raise ValueError(f"{what} value out of range")
    return number


def number(value: Any) -> int:
    """A C int of a program's argument."""
    result = index(value)
    if not -(2**31) <= result < 2**31:
        bound = "greater than maximum" if result > 0 else "less than minimum"
        raise OverflowError(f"signed integer is {bound}")
    return result


def small(value: Any) -> int:
    """A C int, where CPython words its refusal in another way."""
    result = index(value)
    if not -(2**31) <= result < 2**31:
        raise OverflowError("Python int too large to convert to C int")
    return result


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
    if isinstance(data, str):
        raise TypeError("a bytes-like object is required, not 'str'")
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError("a bytes-like object is required, not "
                        f"'{type(data).__name__}'") from None
    if not view.c_contiguous:
        raise BufferError("memoryview: underlying buffer is not C-contiguous")
    return view.tobytes()


def whole(message: Any, flags: int) -> bytes:
    """With MSG_TRUNC a datagram's whole length is returned; what was cut off is zero here.

    CPython returns whatever its memory held there.
    """
    data: bytes = message.data
    return data + bytes(max(0, message.length - len(data))) if flags & MSG_TRUNC else data


def scatter(data: bytes, views: list[memoryview]) -> None:
    """Fill several buffers, one after the other."""
    for view in views:
        part, data = data[:len(view)], data[len(view):]
        view[:len(part)] = part
