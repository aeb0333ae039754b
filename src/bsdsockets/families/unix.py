"""AF_UNIX: sockets of one host.  An address is a path, or bytes that begin with a zero.

| type           | what it is                           |
|----------------|--------------------------------------|
| SOCK_STREAM    | a stream                             |
| SOCK_DGRAM     | datagrams; SOCK_RAW is the same here |
| SOCK_SEQPACKET | a connection that carries records    |

Sources: POSIX.1-2024 <sys/un.h>; Linux unix(7); CPython ``getsockaddrarg``.
"""

import os
from contextlib import suppress
from typing import Any

from ..machine.constants import AF_UNIX, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM
from ..machine.errors import EPROTONOSUPPORT, ESOCKTNOSUPPORT, contiguous, fail, type_name
from ..machine.host import Host
from .family import Family

PATH_MAXIMUM = 108  # bytes of sun_path


class UnixFamily(Family):
    """UNIX sockets of one host."""

    number = AF_UNIX
    name = "AF_UNIX"
    any_address = b""

    def __init__(self, host: Host, stream: Any, datagram: Any, seqpacket: Any) -> None:
        super().__init__(host)
        self.table = {SOCK_STREAM: [(0, stream)], SOCK_DGRAM: [(0, datagram)],
                      SOCK_SEQPACKET: [(0, seqpacket)]}

    def choose(self, kind: int, number: int) -> tuple[int, int, Any]:
        if number not in (0, AF_UNIX):
            fail(EPROTONOSUPPORT)
        if kind == SOCK_RAW:
            kind = SOCK_DGRAM
        if kind not in self.table:
            fail(ESOCKTNOSUPPORT)
        return kind, 0, self.table[kind][0][1]

    def from_python(self, address: Any, caller: str) -> bytes:
        """A path as str, or any bytes: a path, or an abstract name that begins with b"\\0"."""
        name = os.fsencode(address) if isinstance(address, str) else None
        with suppress(TypeError):
            name = name or contiguous(address).tobytes()
        if name is None:
            raise TypeError(f"a bytes-like object is required, not '{type_name(address)}'")
        limit = PATH_MAXIMUM if name[:1] in (b"\0", b"") else PATH_MAXIMUM - 1
        if len(name) > limit:
            raise OSError("AF_UNIX path too long")
        if name[:1] != b"\0":
            name = name.partition(b"\0")[0] if b"\0" in name else name
        return name

    def to_python(self, address: bytes) -> Any:
        if address is None:
            return None
        return address if address[:1] == b"\0" else os.fsdecode(address)
