"""Our ``errno``: Linux's numbers, on hosts whose own differ.

In a browser ECONNREFUSED is 14 and EAGAIN 6; a program on a machine of ours compares with
111 and 11, and so do the copies of the library that it imports.

Sources: <asm-generic/errno.h>; the table is `machine.errors`.
"""

import errno as _host
import types

from ..machine import errors


def make() -> types.ModuleType | None:
    """Build ``errno``, or return None where the host's numbers are Linux's."""
    if all(getattr(_host, name, None) == number for number, name in errors.NAMES.items()):
        return None
    module = types.ModuleType("errno", _host.__doc__)
    names = vars(module)
    names["errorcode"] = dict(errors.NAMES)
    names.update({name: number for number, name in errors.NAMES.items()})
    names.update(EWOULDBLOCK=errors.EAGAIN, ENOTSUP=errors.EOPNOTSUPP, EDEADLOCK=errors.EDEADLK)
    names["errorcode"].update({  # of two names CPython keeps the one it adds last
        errors.EOPNOTSUPP: "ENOTSUP", errors.EDEADLK: "EDEADLOCK"})
    return module
