"""``datetime.now`` by the machine's clock.

    date.today, datetime.today    ask ``time.time``, in C too: the machine's already
    datetime.now, utcnow          ask the system: these two are replaced in the class itself

The class stays the interpreter's, so that whoever compares types, pickles or makes one in C
finds what it was.  Only for a whole program on the model (`run`).

Sources: CPython ``Modules/_datetimemodule.c``, 3.11 to 3.13.
"""

import gc
import sys
import warnings
from datetime import UTC, datetime, tzinfo
from typing import Any

try:
    import ctypes
except ImportError:  # a Python without it keeps the system's date
    ctypes = None  # type: ignore[assignment]

OLD = ("datetime.datetime.utcnow() is deprecated and scheduled for removal in a future version. "
       "Use timezone-aware objects to represent datetimes in UTC: "
       "datetime.datetime.now(datetime.UTC).")


def install_dates(time: Any) -> None:
    """Let ``datetime.now`` and ``utcnow`` ask the module *time*."""

    def now(cls: type[datetime], tz: tzinfo | None = None) -> datetime:
        """Returns new datetime object representing current time local to tz.

        tz
            Timezone object.

        If no tz is specified, uses local timezone.
        """
        return cls.fromtimestamp(time.time(), tz)

    def utcnow(cls: type[datetime]) -> datetime:
        """Return a new datetime representing UTC day and time."""
        if sys.version_info >= (3, 12):
            warnings.warn(OLD, DeprecationWarning, stacklevel=2)
        return cls.fromtimestamp(time.time(), UTC).replace(tzinfo=None)

    attributes = gc.get_referents(datetime.__dict__)
    if ctypes is None or len(attributes) != 1 or not isinstance(attributes[0], dict):
        return
    for function in (now, utcnow):
        function.__module__, function.__qualname__ = "datetime", f"datetime.{function.__name__}"
        attributes[0][function.__name__] = classmethod(function)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime))
