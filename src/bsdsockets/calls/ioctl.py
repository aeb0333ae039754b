"""ioctl() on a socket: what waits in it, and what is known of an interface.

    every file    FIONBIO FIOCLEX FIONCLEX
    the socket    FIONREAD = TIOCINQ = SIOCINQ, TIOCOUTQ = SIOCOUTQ, SIOCATMARK
    the family    its protocol's own `ioctl`
    the host      SIOCGIFNAME, SIOCGIFINDEX, SIOCGIFADDR and their like: struct ifreq

    struct ifreq, 40 bytes:  16 name | 24 value: int, short, struct sockaddr

Left out: the time of the last datagram (SIOCGSTAMP) and what has pointers in it (SIOCETHTOOL).
SIOCGIFCONF, and who is told by a signal (FIOASYNC, FIOSETOWN, SIOCSPGRP), are
`face.fcntl_module`'s.

Sources: Linux ioctl_fs(2), socket(7), tcp(7), udp(7), unix(7), netdevice(7); the answers for *lo*
as Linux 6.18 gives them to a socket of each family.
"""

import os
import struct
from collections.abc import Callable
from typing import Any

from ..machine.constants import (
    AF_INET,
    AF_INET6,
    AF_PACKET,
    AF_UNIX,
    SOCK_DGRAM,
    SOCK_STREAM,
)
from ..machine.errors import (
    EADDRNOTAVAIL,
    EINVAL,
    ENODEV,
    ENOTTY,
    EOPNOTSUPP,
    EPERM,
    fail,
)
from ..network.addresses import ANY4, sockaddr
from ..network.frames import find, named
from ..network.node import Interface, Node
from ..protocols.buffers import StreamBuffer
from ..protocols.tcp_states import SYN_RECEIVED, SYN_SENT

FIONREAD, TIOCOUTQ, SIOCATMARK, SIOCOUTQNSD = 0x541B, 0x5411, 0x8905, 0x894B
FIONBIO, FIOCLEX, FIONCLEX = 0x5421, 0x5451, 0x5450
SIOCGIFNAME, SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCGIFADDR = 0x8910, 0x8913, 0x8914, 0x8915
SIOCGIFDSTADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK, SIOCGIFMETRIC = 0x8917, 0x8919, 0x891B, 0x891D
SIOCGIFMTU, SIOCSIFMTU, SIOCGIFHWADDR, SIOCGIFINDEX = 0x8921, 0x8922, 0x8927, 0x8933
SIOCGIFTXQLEN, SIOCGIFMAP = 0x8942, 0x8970
ADDRESSES = (SIOCGIFADDR, SIOCGIFDSTADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK)
IFREQ, QUEUE_LENGTH = 40, 1000


def ioctl(so: Any, number: int, node: Node, request: int,
          argument: bytes) -> tuple[int, bytes]:
    """Do what *request* asks of the socket *so*, the file *number*; waits for nothing.

    *argument* is the structure; what is given back is what the call returns, and the structure
    as it is then.

    What fails, and with what error: `Transfer.ioctl`, the call.
    """
    if request in (FIOCLEX, FIONCLEX):
        os.set_inheritable(number, request == FIONCLEX)
        return 0, argument
    whole = argument.ljust(IFREQ, b"\0")
    if request == FIONBIO:
        so.host.descriptors.set_nonblocking(number, whole[:4] != bytes(4))
        return 0, argument
    counted = COUNTS.get(request)
    if counted is not None and so.family in (AF_UNIX, AF_INET, AF_INET6, AF_PACKET):
        result, changed = 0, struct.pack("=i", counted(so))
    else:
        try:
            result, changed = so.protocol.ioctl(so, request, argument)
        except OSError as failure:
            if failure.errno != ENOTTY:
                raise
            result, changed = 0, _device(so, node, request, whole)
    return result, (changed + argument[len(changed):])[:len(argument)]


# What waits in a socket


def _unread(so: Any) -> int:
    """Bytes that can be read: of a datagram socket, of the next datagram."""
    if so.listening:
        fail(EINVAL)
    if not isinstance(so.buffer, StreamBuffer):
        records = so.buffer.records if hasattr(so.buffer, "records") else so.buffer or ()
        if so.family == AF_UNIX and so.type != SOCK_DGRAM:
            unread = sum(len(record.data) for record in records) - so.pcb.offset
            return int(unread + so.pcb.passed_over)
        return len(records[0].data) if records else 0
    ahead = so.pcb.before_urgent if so.pcb.urgent_state else -1
    if 0 <= ahead < len(so.buffer) and not so.options.get("SO_OOBINLINE"):
        return int(ahead)
    return len(so.buffer)


def _unsent(so: Any) -> int:
    """Bytes the other end has not taken: TCP's unacknowledged, UNIX's unread and their cost.

    Over UDP what is collected for a datagram, with its cost; what is sent is the receiver's.
    """
    if so.family == AF_UNIX:
        return int(so.pcb.used)
    if isinstance(so.buffer, StreamBuffer):
        if so.listening:
            fail(EINVAL)
        return 0 if so.pcb.state in (SYN_SENT, SYN_RECEIVED) else int(so.pcb.outstanding[0])
    return int(so.pcb.used) if getattr(so.pcb, "pending", None) is not None else 0


def _unsent_yet(so: Any) -> int:
    """Bytes that were not sent even once."""
    if not isinstance(so.buffer, StreamBuffer) or so.family == AF_UNIX:
        fail(ENOTTY)
    if so.listening:
        fail(EINVAL)
    return int(so.pcb.outstanding[1])


def _at_mark(so: Any) -> int:
    """1 where the next byte to read is the one after the urgent byte."""
    if so.family == AF_UNIX:
        if so.type != SOCK_STREAM:
            fail(EOPNOTSUPP)
        if so.queue is not None:
            return int(bool(so.queue.completed))  # as if they were data, read up to the mark
        records, urgent = so.buffer, so.pcb.out_of_band
        if not records or records[0].data:
            return int(bool(records) and records[0] is urgent)
        return int(urgent is None or records[1] is urgent)  # the first was read, with MSG_OOB
    if not isinstance(so.buffer, StreamBuffer):
        fail(ENOTTY)
    return int(bool(so.pcb.urgent_state) and so.pcb.before_urgent == 0)


COUNTS: dict[int, Callable[[Any], int]] = {
    FIONREAD: _unread, TIOCOUTQ: _unsent, SIOCOUTQNSD: _unsent_yet, SIOCATMARK: _at_mark}


# What is known of an interface


def _device(so: Any, node: Node, request: int, whole: bytes) -> bytes:
    """A struct ifreq, answered."""
    answer = ANSWERS.get(request)
    if request in ADDRESSES and so.family not in (AF_INET, AF_PACKET):
        fail(ENOTTY)
    if answer is None and request not in (SIOCGIFNAME, SIOCSIFFLAGS, SIOCSIFMTU):
        fail(ENOTTY)
    if request in (SIOCSIFFLAGS, SIOCSIFMTU) and not so.host.privileged:
        fail(EPERM)
    interface = (find(node, struct.unpack("=i", whole[16:20])[0]) if request == SIOCGIFNAME
                 else named(node, whole))
    if interface is None:
        fail(ENODEV)
    if b":" in whole[:16].partition(b"\0")[0] and so.family in (AF_INET, AF_PACKET) and (
            request in (*ADDRESSES, SIOCSIFFLAGS)):
        fail(EADDRNOTAVAIL)  # lo:1 is the address with that label, and no address has one
    if answer is None and request != SIOCGIFNAME:
        _change(node, interface, request, whole)
        return b""
    if request == SIOCGIFNAME:
        return interface.name.encode().ljust(16, b"\0")
    return whole[:16] + (answer(interface) if answer is not None else b"")


def _change(node: Node, interface: Interface, request: int, whole: bytes) -> None:
    """Set an interface up or down, or how long its packets may be: as netlink does."""
    if request == SIOCSIFFLAGS:
        node.change_link(interface, struct.unpack("=H", whole[16:18])[0], interface.mtu)
        return
    mtu = struct.unpack("=i", whole[16:20])[0]
    if mtu < 0:
        fail(EINVAL)
    node.change_link(interface, interface.flags, mtu)


def _own(interface: Interface) -> Any:
    """The first IPv4 address."""
    for own in interface.addresses:
        if own.version == 4:
            return own
    fail(EADDRNOTAVAIL)


def _broadcast(interface: Interface) -> str:
    own = _own(interface)
    return ANY4 if own.ip.is_loopback else str(own.network.broadcast_address)


ANSWERS: dict[int, Callable[[Interface], bytes]] = {
    SIOCGIFFLAGS: lambda interface: struct.pack("=H", interface.flags),
    SIOCGIFADDR: lambda interface: sockaddr(str(_own(interface).ip)),
    SIOCGIFDSTADDR: lambda interface: sockaddr(str(_own(interface).ip)),
    SIOCGIFBRDADDR: lambda interface: sockaddr(_broadcast(interface)),
    SIOCGIFNETMASK: lambda interface: sockaddr(str(_own(interface).network.netmask)),
    SIOCGIFMETRIC: lambda interface: bytes(4),
    SIOCGIFMTU: lambda interface: struct.pack("=i", interface.mtu),
    SIOCGIFHWADDR: lambda interface: struct.pack("=H14s", interface.hardware, interface.address),
    SIOCGIFINDEX: lambda interface: struct.pack("=i", interface.index),
    SIOCGIFTXQLEN: lambda interface: struct.pack("=i", QUEUE_LENGTH),
    SIOCGIFMAP: lambda interface: bytes(24),
}
