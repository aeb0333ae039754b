"""What an address family is: its sockaddr in Python's form, and its (type, protocol) table.

    ("127.0.0.1", 80)  --from_python-->  InternetAddress  --to_python-->  ("127.0.0.1", 80)
    (SOCK_STREAM, 0)   --choose------->  the protocol, and its number

A family never imports another; what two share is a protocol or the socket layer.

May not know: descriptors, calls.
"""

from typing import Any, ClassVar

from ..machine.constants import SOCK_RAW
from ..machine.errors import (
    EACCES,
    EINVAL,
    EPERM,
    EPROTONOSUPPORT,
    ESOCKTNOSUPPORT,
    fail,
    type_name,
)
from ..machine.host import Host
from ..network.node import Node


class Family:
    """One address family of one host."""

    number = 0
    name = "AF_UNSPEC"
    any_address: Any = None
    in_python = True  # CPython reads and writes its addresses

    def __init__(self, host: Host) -> None:
        self.host = host
        # type -> [(protocol number, protocol)]; the first is what protocol 0 means
        self.table: dict[int, list[tuple[int, Any]]] = {}

    def choose(self, kind: int, number: int) -> tuple[int, int, Any]:
        """Find what socket(family, *kind*, *number*) is: type, protocol number, protocol.

        EINVAL
            There is no such protocol number.
        ESOCKTNOSUPPORT
            The family has no such type.
        EPROTONOSUPPORT
            The type has no such protocol.
        EPERM
            SOCK_RAW, from an unprivileged process.
        """
        if not 0 <= number < 263:
            fail(EINVAL)
        rows = self.table.get(kind)
        if not rows:
            fail(ESOCKTNOSUPPORT)
        wanted = number or rows[0][0]
        for row_number, protocol in rows:
            if row_number == wanted or (row_number == -1 and number):
                if kind == SOCK_RAW and not self.host.privileged:
                    fail(EPERM)
                return kind, number or row_number, protocol
        fail(EPROTONOSUPPORT)

    def refuse(self, refused: int, error: int) -> None:
        """Let socket() with the type *refused* fail, whatever the family would say.

        EPERM and EACCES, whatever the protocol; another *error* where the system chooses it.
        """
        own = self.choose

        def choose(kind: int, number: int) -> tuple[int, int, Any]:
            if kind == refused and (number == 0 or error in (EPERM, EACCES)):
                fail(error)
            return own(kind, number)

        self.choose = choose  # type: ignore[method-assign]

    def check_tuple(self, address: Any, caller: str) -> None:
        """Fail unless the address that a program gives is a tuple."""
        if not isinstance(address, tuple):
            raise TypeError(f"{caller}(): {self.name} address must be tuple, not "
                            f"{type_name(address)}")

    def from_python(self, address: Any, caller: str) -> Any:
        """Read the address a program gives; TypeError and OverflowError as CPython's."""
        raise OSError(f"{caller}(): bad family")

    def to_python(self, address: Any) -> Any:
        """The address as a program sees it."""
        return address


class OneProtocol(Family):
    """A family whose sockets all have one protocol, and whose addresses are bytes of a sockaddr."""

    any_address = b""
    in_python = False
    behaviour: ClassVar[type[Any]]  # made of a host and its node

    def __init__(self, host: Host, node: Node) -> None:
        super().__init__(host)
        self.protocol = self.behaviour(host, node)
