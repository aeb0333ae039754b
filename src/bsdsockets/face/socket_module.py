"""Our ``_socket``: the functions and constants beside the class.

`make` builds the module for one machine.  Its functions are methods of `Functions`, bound
to the machine, under the names CPython's ``socket.py`` imports.

Sources: CPython ``Modules/socketmodule.c``, 3.11 to 3.13; getaddrinfo(3).
"""

import os
import sys
import types
from operator import index
from typing import Any

from ..machine import constants
from ..machine.constants import AF_INET, AF_UNIX, AI_NUMERICHOST, SOCK_STREAM
from ..machine.errors import EINVAL, ENODEV, ENXIO, fail, type_name
from ..network.names import ALIASES, PROTOCOLS, SERVICES, UnknownName
from .arguments import (
    SINCE_3_14,
    descriptor,
    kind_of,
    natural,
    number,
    seconds,
    text,
    throw,
    unsigned_long,
)
from .by_name import ByName
from .conversions import PURE
from .receiving import Immutable
from .socket_type import Socket

try:
    import _socket as _host
    CAPI = getattr(_host, "CAPI", None)
    gaierror, herror = _host.gaierror, _host.herror
except ImportError:
    CAPI = None

    class gaierror(OSError):  # type: ignore[no-redef]
        """A name or service is not known."""

    class herror(OSError):  # type: ignore[no-redef]
        """A host is not known."""


ANY: Any = object()  # protocol of a service
LONGEST_NAME = 64  # bytes of a machine's: __NEW_UTS_LEN


class Functions(ByName, of="_socket"):
    """The functions of ``_socket`` that need the machine.

    None waits: names are known without asking anybody.  Of a system call's errors the method of
    `Calls` tells; of a name, gaierror (its text and number are those of getaddrinfo(3)).
    """

    def __init__(self, machine: Any) -> None:
        self._machine = machine

    def close(self, fd: Any, /) -> None:
        """Close a descriptor, of the model or of the host; EBADF where it names nothing."""
        fd = descriptor(fd)
        if self._machine.descriptors.is_foreign(fd):
            os.close(fd)
        else:
            self._machine.calls.close(fd)

    def dup(self, fd: Any, /) -> int:
        """Make another descriptor of the same file, of the model or the host's; see `Calls.dup`."""
        fd = descriptor(fd)
        if self._machine.descriptors.is_foreign(fd):
            return os.dup(fd)
        return self._machine.calls.dup(fd)

    def socketpair(self, family: int = AF_UNIX, type: int = SOCK_STREAM, proto: int = 0,
                   /) -> Any:
        """Make two connected sockets, of AF_UNIX unless another *family* is given.

        Fails as `Calls.socketpair`.
        """
        machine = self._machine
        family = AF_UNIX if family is None else family
        pair = machine.calls.socketpair(number(family), number(type), number(proto))
        made = [object.__new__(machine.socket_type) for _ in pair]  # audit hooks hear of none
        for sock, fd in zip(made, pair, strict=True):
            sock._become_(*sock._adopt_(fd, family, type, proto))
        return tuple(made)

    def getdefaulttimeout(self) -> float | None:
        """The timeout of new sockets in seconds; None, as in the beginning, for ever."""
        return self._machine.default_timeout

    def setdefaulttimeout(self, timeout: Any, /) -> None:
        """Set the timeout of new sockets, in seconds; fails as ``socket.settimeout``."""
        self._machine.default_timeout = seconds(timeout)

    def gethostname(self) -> str:
        """The name of the machine."""
        sys.audit("socket.gethostname")
        return self._machine.resolver.hostname

    def sethostname(self, name: Any, /) -> None:
        """Set the name of the machine, which is then a name of 127.0.0.1 too.

        TypeError
            *name* is neither str nor bytes.
        EINVAL
            It is longer than 64 bytes.

        Not modelled: EPERM; who may rename the machine is the operating system's to say.
        Source: Linux sethostname(2).
        """
        if not isinstance(name, str | bytes):
            raise TypeError(f"expected str, bytes or os.PathLike object, not {type_name(name)}")
        sys.audit("socket.sethostname", name)
        if len(os.fsencode(name)) > LONGEST_NAME:
            fail(EINVAL)
        given = os.fsdecode(name)
        self._machine.resolver.hostname = given
        self._machine.resolver.hosts.setdefault(given, ["127.0.0.1"])

    def getaddrinfo(self, host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0,
                    flags: int = 0) -> list[Any]:
        """List the ways to reach a service of a host: (family, type, protocol, name, address).

        TypeError
            *host* is no name and not None.
        UnicodeError
            *host* is no name that IDNA can write.
        gaierror
            EAI_NONAME and its like, in the order of getaddrinfo(3).

        Not modelled: DNS.  What is known is ``localhost``, the machine's name, and every numeric
        address.
        Source: POSIX.1-2024 freeaddrinfo(); RFC 6724; Linux getaddrinfo(3).

        >>> from bsdsockets import socket
        >>> for way in socket.getaddrinfo("localhost", "http", type=socket.SOCK_STREAM):
        ...     print(way[0].name, way[4])
        AF_INET ('127.0.0.1', 80)
        """
        wanted = number(family), number(type), number(proto), number(flags)
        name = self._host_name(host)
        service = self._service(port)
        sys.audit("socket.getaddrinfo", host, port, *wanted[:3])
        try:
            found = self._machine.resolver.getaddrinfo(name, service, *wanted)
        except UnknownName as failure:
            throw(gaierror(failure.number, failure.text))
        return [(info.family, info.type, info.protocol, info.name,
                 (info.address, info.port) if info.family == AF_INET
                 else (info.address, info.port, 0, info.scope)) for info in found]

    @staticmethod
    def _host_name(host: Any) -> str | None:
        if host is None:
            return None
        if isinstance(host, str):
            # IDNA refuses a label that is empty or too long; C sees what is before a null character
            return host.encode("idna").decode().partition("\0")[0]
        if isinstance(host, bytes):
            return host.decode("latin-1")
        raise TypeError("getaddrinfo() argument 1 must be string or None")

    def _name(self, host: Any, function: str) -> str:
        """The name of a host, where None is none."""
        if not isinstance(host, str | bytes | bytearray):
            raise TypeError(f"{function}() argument 1 must be str, bytes or bytearray, not "
                            f"{kind_of(host)}")
        if "\0" in host if isinstance(host, str) else 0 in host:
            raise TypeError(f"{function}() argument 1 must be encoded string without null bytes, "
                            f"not {kind_of(host)}")
        return self._host_name(bytes(host) if isinstance(host, bytearray) else host) or ""

    @staticmethod
    def _service(port: Any) -> Any:
        if port is None or isinstance(port, str):
            if port is not None:
                port.encode()  # UnicodeEncodeError for what no name can hold
                port = port.partition("\0")[0]  # as far as C sees it
            return port
        if isinstance(port, bytes):
            return port.decode("latin-1")
        if port.__class__ is int or (SINCE_3_14 and hasattr(port, "__index__")):
            value = index(port)
            if sys.version_info >= (3, 12):
                return str(value)  # newer Pythons leave it to the resolver
            if not -(2**63) <= value < 2**63:
                raise OverflowError("Python int too large to convert to C long")
            return value
        raise OSError("Int or String expected")

    def getnameinfo(self, sockaddr: Any, flags: int, /) -> tuple[str, str]:
        """The name of an address and of its port.

        TypeError
            *sockaddr* is no tuple of two to four.
        OverflowError
            Its third, the flow, is not 0 to 1048575.
        gaierror, OSError
            Its host is not numeric, or not one address only.

        Source: POSIX.1-2024 getnameinfo(); Linux getnameinfo(3).
        """
        flags = number(flags)
        if not isinstance(sockaddr, tuple):
            del sockaddr  # which the traceback would keep
            raise TypeError("getnameinfo() argument 1 must be a tuple")
        if not 2 <= len(sockaddr) <= 4:
            raise TypeError("getnameinfo(): illegal sockaddr argument")
        host = sockaddr[0]
        if not isinstance(host, str):
            raise TypeError("getnameinfo(): illegal sockaddr argument")
        if "\0" in host:
            raise ValueError("embedded null character")
        port = number(sockaddr[1])
        flow, scope = (index(each) & 0xFFFFFFFF for each in (*sockaddr[2:], 0, 0)[:2])
        if flow > 0xFFFFF:
            raise OverflowError("getnameinfo(): flowinfo must be 0-1048575.")
        sys.audit("socket.getnameinfo", sockaddr)
        resolver = self._machine.resolver
        try:
            found = resolver.getaddrinfo(host, str(port), 0, 2, 0, AI_NUMERICHOST)
            if len(found) > 1:
                raise OSError("sockaddr resolved to multiple addresses")
            if ":" not in found[0].address and len(sockaddr) > 2:
                raise OSError("IPv4 sockaddr must be 2 tuple")
            name, service = resolver.getnameinfo(found[0].address, found[0].port, flags)
        except UnknownName as failure:
            throw(gaierror(failure.number, failure.text))
        return name + self._zone(name, scope), service

    def _zone(self, name: str, scope: int) -> str:
        """What follows a numeric address with a scope: the interface, where it is local to one."""
        if not scope or ":" not in name:
            return ""
        local = name.lower().startswith(("fe80:", "ff02:"))
        known = {each.index: each.name for each in self._machine.node.interfaces if local}
        return f"%{known.get(scope, scope)}"

    def gethostbyname(self, name: Any, /) -> str:
        """The IPv4 address of a host, as text; gaierror where it has none."""
        host = self._name(name, "gethostbyname")
        sys.audit("socket.gethostbyname", name)
        try:
            return self._machine.families[AF_INET].resolve(host)
        except UnknownName as failure:
            throw(gaierror(failure.number, failure.text))

    def gethostbyname_ex(self, name: Any, /) -> tuple[str, list[str], list[str]]:
        """The name, no aliases, and the IPv4 addresses of a host; see `gethostbyname`.

        herror
            It is an address that gethostbyname(3) takes for a name: not digits and points only.
        """
        host = self._name(name, "gethostbyname_ex").lower()
        address = self.gethostbyname(host if isinstance(name, str) else host.encode("latin-1"))
        known = self._machine.resolver.addresses(host, AF_INET)
        if not known and (not host or host.strip("0123456789.")):
            raise herror(1, "Unknown host")
        return host, [], known or [address]

    def gethostbyaddr(self, address: Any, /) -> tuple[str, list[str], list[str]]:
        """Name, aliases and addresses of the host with an address.

        gaierror, herror
            It is no address; no host has it.
        OSError
            It is empty, which is every address.
        """
        resolver = self._machine.resolver
        try:
            name = self._name(address, "gethostbyaddr")
            sys.audit("socket.gethostbyaddr", address)
            if not name:
                raise OSError("wildcard resolved to multiple address")
            found = self._machine.families[AF_INET].resolve(name) if name == "<broadcast>" \
                else resolver.getaddrinfo(name, None, 0, 1)[0].address
        except UnknownName as failure:
            throw(gaierror(failure.number, failure.text))
        names = [name for name, known in resolver.hosts.items() if found in known]
        if not names and found != "::1":
            raise herror(1, "Unknown host")
        return (names or ["localhost"])[0], names[1:], [found]

    def getservbyname(self, name: str, protocol: Any = ANY, /) -> int:
        """The port of a service; OSError where there is none, with the *protocol* if given."""
        row = SERVICES.get(ALIASES.get(text(name, "getservbyname"), name))
        wanted = None if protocol is ANY else text(protocol, "getservbyname", 2)
        sys.audit("socket.getservbyname", name, wanted)
        if row is None or (wanted is not None and wanted not in row[1].split()):
            raise OSError("service/proto not found")
        return row[0]

    def getservbyport(self, port: Any, protocol: Any = ANY, /) -> str:
        """The service on a port.

        OverflowError
            The port is not 0 to 65535.
        OSError
            No service has it, with the protocol.
        """
        port = number(port)
        wanted = None if protocol is ANY else text(protocol, "getservbyport", 2)
        if not 0 <= port <= 0xFFFF:
            raise OverflowError("getservbyport: port must be 0-65535.")
        sys.audit("socket.getservbyport", port, wanted)
        name = self._machine.resolver.service_of(port, wanted)
        if name is None:
            raise OSError("port/proto not found")
        return name

    def getprotobyname(self, name: str, /) -> int:
        """The number of a protocol of IP; OSError where there is none of that name."""
        if text(name, "getprotobyname") not in PROTOCOLS:
            raise OSError("protocol not found")
        return PROTOCOLS[name]

    def if_nameindex(self) -> list[tuple[int, str]]:
        """The interfaces of the machine: [(index, name)], with indices from 1."""
        return [(each.index, each.name) for each in self._machine.node.interfaces]

    def if_nametoindex(self, name: Any, /) -> int:
        """The index of an interface; OSError where there is none of that name."""
        given = os.fsdecode(os.fsencode(name))
        if "\0" in given:
            raise ValueError("embedded null byte")
        for each in self._machine.node.interfaces:
            if each.name == given:
                return each.index
        if SINCE_3_14:
            fail(ENODEV)
        raise OSError("no interface with this name")

    def if_indextoname(self, if_index: Any, /) -> str:
        """The name of an interface; ENXIO where there is none."""
        wanted = natural(if_index, 32, "unsigned int") if SINCE_3_14 else unsigned_long(if_index)
        if sys.version_info >= (3, 13) and wanted > 0xFFFFFFFF:
            raise OverflowError("index is too large")
        wanted &= 0xFFFFFFFF
        for each in self._machine.node.interfaces:
            if each.index == wanted:
                return each.name
        fail(ENXIO)


def make(machine: Any) -> types.ModuleType:
    """Build ``_socket`` for *machine*."""
    module = types.ModuleType("_socket", "The sockets of a bsdsockets machine.")
    names = vars(module)
    for name, value in vars(constants).items():
        if name[0].isupper() and isinstance(value, int) and name not in constants.BESIDE_PYTHON:
            names[name] = value
    names.pop("SO_PEERNAME", None)
    for name in [each for each in names if each.startswith(("POLL", "EPOLL"))]:
        del names[name]
    names.update({function.__name__: function for function in PURE})
    functions = Functions(machine)
    names.update({name: getattr(functions, name) for name in vars(Functions)
                  if not name.startswith("_")})
    kind = Immutable("socket", (Socket,), {
        "__slots__": (), "__module__": "_socket", "__doc__": Socket.__doc__, "_machine_": machine})
    machine.socket_type, machine.gaierror = kind, gaierror
    names.update(socket=kind, SocketType=kind, error=OSError, timeout=TimeoutError,
                 gaierror=gaierror, herror=herror, has_ipv6=True, CAPI=CAPI)
    return module
