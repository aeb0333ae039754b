"""The system calls: one method each, checks in the order a kernel makes them.

    descriptor --> File --> what the protocol's verb says: done, or None for "not yet"
                                                             |
                            `waiting` <-------------------+

`waiting` is the one place that waits.

May not know: Python's addresses and objects; a timeout is in seconds, None for ever, 0 never.

Sources: POSIX.1-2024 2.10 and the pages of the calls; Linux's, section 2; the order of
checks as Linux 6.18 shows it.
"""

from typing import Any

from ..machine.constants import (
    AF_INET,
    AF_PACKET,
    AF_UNIX,
    SOCK_CLOEXEC,
    SOCK_NONBLOCK,
)
from ..machine.errors import (
    EAFNOSUPPORT,
    EINVAL,
    EOPNOTSUPP,
    fail,
)
from ..machine.host import Host
from ..sockets.socket import Socket
from .connections import Connections

TYPE_MASK = 0xF
SOCK_PACKET = 10


class Calls(Connections):
    """The system calls of one machine.

    Each looks for its socket first (`socket_of`: EBADF, ENOTSOCK).  What comes then is for
    the protocol's verb of the same name to say, and its docstring has the errors in the
    order of the checks.  *timeout* is in seconds: None waits for ever, or as long as
    SO_RCVTIMEO and SO_SNDTIMEO say, and 0 never.

    Calls that wait, and the poll event that ends it: accept and receive (POLLIN), connect
    and send (POLLOUT), close with SO_LINGER.
    """

    def __init__(self, host: Host, node: Any, families: dict[int, Any]) -> None:
        super().__init__(host, node)
        self.families = families

    # Making and unmaking

    def socket(self, family: int, kind: int, protocol: int) -> int:
        """Make a socket; returns its descriptor.

        *kind* is the type, with SOCK_NONBLOCK and SOCK_CLOEXEC beside it; a *protocol* of 0
        is the one that the family's table has first for the type.

        EINVAL
            Unknown flags beside the type.
        EAFNOSUPPORT
            *family* is none of Linux's numbers, 0 to 45.
        EINVAL
            *kind* is none of Linux's numbers, 0 to 10.
        EAFNOSUPPORT
            The family is not there.
        EINVAL
            *protocol* is none of IP's numbers, 0 to 262.
        ESOCKTNOSUPPORT
            The family has no such type.
        EPROTONOSUPPORT
            The type has no such protocol.  (AF_UNIX says this before ESOCKTNOSUPPORT.)
        EPERM
            SOCK_RAW, or another type that only root may have.
        EACCES
            An ICMP socket of SOCK_DGRAM, which needs a group that the host has not named.
        EMFILE
            The process has no descriptor left.

        Waits for nothing.
        Differs: the BSDs say EPROTONOSUPPORT where Linux says ESOCKTNOSUPPORT.
        Not modelled: ENFILE, ENOBUFS and ENOMEM, as nothing is short; modules that are loaded on
        demand: a family is there from the beginning, or not at all.
        Source: POSIX.1-2024 socket(); Linux socket(2).

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine(); calls = machine.calls
        >>> number = calls.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
        >>> calls.socket(socket.AF_INET, 4, 0)
        Traceback (most recent call last):
        OSError: [Errno 94] Socket type not supported
        >>> machine.close()
        """
        so = self._make(family, kind, protocol)
        number = self.files.add(so)
        if kind & SOCK_NONBLOCK:
            self.files.set_nonblocking(number, True)
        return number

    def _make(self, family: int, kind: int, protocol: int) -> Socket:
        if kind & ~TYPE_MASK & ~(SOCK_NONBLOCK | SOCK_CLOEXEC):
            fail(EINVAL)
        kind &= TYPE_MASK
        if not 0 <= family < 46:
            fail(EAFNOSUPPORT)
        if not 0 <= kind < 11:
            fail(EINVAL)
        if family == AF_INET and kind == SOCK_PACKET:
            family = AF_PACKET  # as before Linux 2.2
        if family not in self.families:
            fail(EAFNOSUPPORT)
        chosen = self.families[family]
        kind, protocol, behaviour = chosen.choose(kind, protocol)
        return Socket(self.host, family, kind, protocol, behaviour, chosen.any_address)

    def socketpair(self, family: int, kind: int, protocol: int) -> tuple[int, int]:
        """Make two connected sockets; returns their descriptors.

        *family*, *kind* and *protocol* are those of `socket`, and its errors come first.

        EINVAL, EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EPERM, EACCES
            As for `socket`, in the order of the family.
        EOPNOTSUPP
            The family makes no pairs; AF_UNIX does, and AF_TIPC where it is.
        EMFILE
            The process has no two descriptors left.

        Waits for nothing.
        Differs: Windows has none; CPython makes one of TCP there.
        Not modelled: pairs of AF_TIPC; EFAULT, as no memory is pointed at.
        Source: POSIX.1-2024 socketpair(); Linux socketpair(2).

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine(); calls = machine.calls
        >>> one, other = calls.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0)
        >>> calls.send(one, b"hello", 0, None), calls.receive(other, 9, 0, None).data
        (5, b'hello')
        >>> machine.close()
        """
        one = self._make(family, kind, protocol)
        if family != AF_UNIX:
            fail(EOPNOTSUPP)
        other = self._make(family, kind, protocol)
        one.protocol.join(one, other)
        first = self.files.add(one)
        try:
            second = self.files.add(other)
        except OSError:
            self.files.close(first)
            raise
        if kind & SOCK_NONBLOCK:
            self.files.set_nonblocking(first, True)
            self.files.set_nonblocking(second, True)
        return first, second

    def close(self, number: int) -> None:
        """Take a descriptor away; the last one of a socket ends its connection.

        Waits only with SO_LINGER, until what was sent has arrived or the time is over.  A
        TCP connection ends with a FIN; with a reset where something came that nobody read,
        or where SO_LINGER has no time.

        EBADF
            The descriptor names nothing.

        Not modelled: EINTR and EIO; here a close of what is open does not fail.
        Source: POSIX.1-2024 close(); Linux close(2), socket(7) SO_LINGER.

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine(); calls = machine.calls
        >>> one, other = calls.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0)
        >>> calls.close(one); calls.receive(other, 9, 0, None).data
        b''
        >>> machine.close()
        """
        file = self.files.get(number)
        so = file if file.__class__ is Socket else None
        linger = so.options.get("SO_LINGER") if so is not None else None
        self.files.close(number)
        self._settle()
        if so is not None and linger and linger[0] and linger[1] and so.references == 0:
            self._linger(so, linger[1])

    def _linger(self, so: Any, seconds: int) -> None:
        deadline = self.clock.now + seconds
        while getattr(so.pcb, "out", None) and so.pcb.state != "CLOSED":
            if not self._sleep(so, deadline, "close", "what was sent to arrive"):
                return

    def dup(self, number: int) -> int:
        """Make another descriptor of the same file, which shares its flags and its place.

        EBADF
            The descriptor names nothing.
        EMFILE
            The process has no descriptor left.

        Waits for nothing.  Not modelled: dup2() and dup3(), which CPython's `socket` does not call.
        Source: POSIX.1-2024 dup(); Linux dup(2).

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine(); calls = machine.calls
        >>> one, other = calls.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0)
        >>> again = calls.dup(one)
        >>> calls.close(one); calls.send(again, b"still there", 0, None)
        11
        >>> machine.close()
        """
        file = self.files.find(number)
        return self.files.add(file, number)

    # Names

    def bind(self, number: int, address: Any) -> None:
        """Give a socket an address; *address* is the family's own value.

        Over IP a port of 0 asks for a free one, one of 32768 to 60999; over UNIX the empty name
        asks for an automatic abstract one.

        EBADF, ENOTSOCK
            The descriptor names nothing; no socket.

        For IPv4; IPv6 looks for EINVAL before EADDRNOTAVAIL:

        EADDRNOTAVAIL
            The address is not one of this host.
        EACCES
            The port is below 1024, and the process may not have it.
        EINVAL
            The socket has an address already.
        EADDRINUSE
            The port is taken by a socket that does not share it, or none is free.

        For UNIX; of an abstract name EADDRINUSE comes last:

        ENOENT, ENOTDIR, EACCES, ENAMETOOLONG, ELOOP, EROFS
            As for making the file.
        EADDRINUSE
            The name is taken, or any file stands there.
        EINVAL
            The socket has a name already.

        Waits for nothing.
        Differs: with SO_REUSEADDR Windows lets a second socket take a port that is in use.
        Not modelled: ENOMEM; EFAULT, as no memory is pointed at.
        Source: POSIX.1-2024 bind(); Linux bind(2), ip(7), unix(7).

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine(); calls = machine.calls
        >>> one, two = (calls.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0) for _ in "12")
        >>> name = bytes(1) + b"door"  # abstract
        >>> calls.bind(one, name); calls.bind(two, name)
        Traceback (most recent call last):
        OSError: [Errno 98] Address already in use
        >>> machine.close()
        """
        so = self.socket_of(number)
        so.protocol.bind(so, address)

    def getsockname(self, number: int) -> tuple[Socket, Any]:
        """The socket's own address, beside the socket.

        An unbound socket of IP has the address that stands for none, and port 0.

        EBADF, ENOTSOCK
            The descriptor names nothing; no socket.

        Waits for nothing.
        Differs: POSIX leaves open what an unbound socket says; on UNIX it is b"" here.
        Not modelled: ENOBUFS; EFAULT, as no memory is pointed at.
        Source: POSIX.1-2024 getsockname(); Linux getsockname(2).

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine(); calls = machine.calls
        >>> calls.getsockname(calls.socket(socket.AF_INET, socket.SOCK_STREAM, 0))[1]
        InternetAddress(address='0.0.0.0', port=0, flow=0, scope=0)
        >>> machine.close()
        """
        so = self.socket_of(number)
        return so, so.protocol.name(so)

    def getpeername(self, number: int) -> tuple[Socket, Any]:
        """The address the socket is connected to, beside the socket.

        EBADF, ENOTSOCK
            The descriptor names nothing; no socket.
        ENOTCONN
            The socket is not connected, or no longer.  (A UNIX socket knows its peer's
            name after the peer is closed.)

        Waits for nothing.
        Differs: POSIX has EINVAL for a socket that was shut down; Linux never says it.
        Not modelled: ENOBUFS; EFAULT, as no memory is pointed at.
        Source: POSIX.1-2024 getpeername(); Linux getpeername(2).

        >>> import socket
        >>> from bsdsockets import Machine
        >>> machine = Machine(); calls = machine.calls
        >>> calls.getpeername(calls.socket(socket.AF_INET, socket.SOCK_STREAM, 0))
        Traceback (most recent call last):
        OSError: [Errno 107] Transport endpoint is not connected
        >>> machine.close()
        """
        so = self.socket_of(number)
        return so, so.protocol.peer(so)
