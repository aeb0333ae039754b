"""Netlink: datagrams between sockets with port ids, and with a part of the kernel.

    send --> port id 0: the kernel, which answers before send returns
         --> another port id: that socket, or ECONNREFUSED
         --> a group: every socket that joined it

A dump is answered by a datagram and one that ends it; both wait when send returns.

May not know: what the messages say; descriptors, threads, time.

Sources: RFC 3549 2.3; Linux netlink(7), ``net/netlink/af_netlink.c`` for the order of checks.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..machine.constants import AF_NETLINK, AF_UNSPEC, MSG_OOB, SOL_NETLINK
from ..machine.errors import (
    EADDRINUSE,
    ECONNREFUSED,
    EINVAL,
    EMSGSIZE,
    ENOBUFS,
    ENODATA,
    ENOPROTOOPT,
    EOPNOTSUPP,
    EPERM,
    fail,
)
from ..machine.host import Host
from .protocol import EVERYTHING, Message
from .records import End, Records, family_of

KERNEL = struct.pack("=HHII", AF_NETLINK, 0, 0, 0)
ADD_MEMBERSHIP, DROP_MEMBERSHIP, PKTINFO, BROADCAST_ERROR, NO_ENOBUFS = 1, 2, 3, 4, 5
LIST_MEMBERSHIPS, CAP_ACK, EXT_ACK, STRICT = 9, 10, 11, 12
SWITCHES = (PKTINFO, BROADCAST_ERROR, NO_ENOBUFS, CAP_ACK, EXT_ACK, STRICT)
Answer = Callable[[Any, bytes], Iterator[bytes]]


def netlink_address(pid: int, groups: int) -> bytes:
    """A struct sockaddr_nl."""
    return struct.pack("=HHII", AF_NETLINK, 0, pid, groups)


def read(address: bytes) -> tuple[int, int]:
    """The port id and the groups of a struct sockaddr_nl; EINVAL if it is none."""
    if len(address) < 12 or family_of(address) != AF_NETLINK:
        fail(EINVAL)
    pid, groups = struct.unpack("=II", address[4:12])
    return pid, groups


@dataclass(eq=False)
class NetlinkEnd(End):
    """What the protocol keeps: port ids and groups, one bit each."""

    pid: int = 0
    bound: bool = False
    to: int = 0  # the port id that connect() chose
    to_group: int = 0
    groups: int = 0


class Netlink(Records):
    """One protocol of netlink.

    *answer* is the part of the kernel, None if there is none.  *open_groups* and
    *open_sending*: anybody may join groups, or send to others than the kernel.  *most*: how many
    groups there are.
    """

    name_of = "netlink"
    end = NetlinkEnd

    def __init__(self, host: Host, answer: Answer | None, open_groups: bool = False,
                 open_sending: bool = False, most: int = 32) -> None:
        self.host = host
        self.answer = answer
        self.open_groups, self.open_sending = open_groups, open_sending
        self.most = most
        self.sockets: dict[int, Any] = {}
        self.members: dict[Any, None] = {}  # those that have ever been in a group

    # Names

    def bind(self, so: Any, address: bytes) -> None:
        """Take a port id and join groups.

        EINVAL
            Not a sockaddr_nl, or the socket has another port id already.
        EPERM
            Groups, which an unprivileged process may not join here.
        EADDRINUSE
            Another socket has the port id.
        """
        pid, groups = read(address)
        if groups and not (self.open_groups or self.host.privileged):
            fail(EPERM)
        if so.pcb.bound and pid != so.pcb.pid:
            fail(EINVAL)
        if not so.pcb.bound:
            self._take(so, pid)
        so.pcb.groups = so.pcb.groups & ~0xFFFFFFFF | groups
        if groups:
            self.members[so] = None

    def _take(self, so: Any, pid: int) -> None:
        if pid and pid in self.sockets:
            fail(EADDRINUSE)
        if not pid:
            pid = self.host.credentials.pid
            while pid in self.sockets:
                pid = 0xFFFFFFFF - self.host.random.randrange(4096, 2**31)
        so.pcb.pid, so.pcb.bound = pid, True
        self.sockets[pid] = so

    def connect(self, so: Any, address: bytes, wait: bool) -> bool:
        """Choose where send() goes; AF_UNSPEC makes it the kernel again."""
        if family_of(address) == AF_UNSPEC:
            so.pcb.to = so.pcb.to_group = 0
            return True
        to, group = self._target(address)
        if not so.pcb.bound:
            self._take(so, 0)
        so.pcb.to, so.pcb.to_group = to, group
        return True

    def _target(self, address: bytes) -> tuple[int, int]:
        """The port id and the group that an address sends to: of several groups the lowest.

        EPERM
            Others than the kernel, where that needs privilege.
        """
        to, groups = read(address)
        if (to or groups) and not (self.open_sending or self.host.privileged):
            fail(EPERM)
        return to, (groups & -groups).bit_length()

    def name(self, so: Any) -> bytes:
        """The port id, 0 until there is one, and the first 32 groups."""
        return netlink_address(so.pcb.pid, so.pcb.groups & 0xFFFFFFFF)

    def peer(self, so: Any) -> bytes:
        """Where send() goes: the kernel, until connect() says otherwise."""
        group = so.pcb.to_group
        return netlink_address(so.pcb.to, 1 << group - 1 if group else 0)

    def release(self, so: Any) -> None:
        self.members.pop(so, None)
        pid = so.pcb.pid
        if self.sockets.get(pid) is so:
            del self.sockets[pid]

    # Sending

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int:
        """Send a datagram.

        EOPNOTSUPP
            MSG_OOB.
        ENODATA
            Nothing is sent.
        EPERM
            To others than the kernel, where that needs privilege.
        EMSGSIZE
            More than fits into the send buffer.
        ECONNREFUSED
            Nobody has the port id.
        """
        if flags & MSG_OOB:
            fail(EOPNOTSUPP)
        if not data:
            fail(ENODATA)
        to, group = so.pcb.to, so.pcb.to_group
        if address is not None:
            to, group = self._target(address)
        if not so.pcb.bound:
            self._take(so, 0)
        if len(data) > so.send_size - 32:
            fail(EMSGSIZE)
        if group:
            self.publish(group, data, sender=so)
        return self._send_to(so, to, data)

    def _send_to(self, so: Any, to: int, data: bytes) -> int:
        other: Any = self.sockets.get(to)
        if to == 0 and self.answer is not None:
            for part in self.answer(so, data):
                self._arrive(so, part, KERNEL)
        elif other is not None:
            self._arrive(other, data, netlink_address(so.pcb.pid, 0))
        else:
            fail(ECONNREFUSED)
        return len(data)

    def publish(self, group: int, data: bytes, but: Any = None, sender: Any = None) -> None:
        """Give *data* to every socket in the *group* except *but* and its sender."""
        name = self.name(sender) if sender is not None else KERNEL
        name = name[:8] + struct.pack("=I", 1 << group - 1 & 0xFFFFFFFF)
        for so in tuple(self.members):
            if so is not sender and so is not but and so.pcb.groups >> group - 1 & 1:
                self._arrive(so, data, name, group)

    def _arrive(self, so: Any, data: bytes, name: bytes, group: int = 0) -> None:
        """A datagram that does not fit is lost, and the next recv says so."""
        if not self.give(so, data, name, group) and not so.options.get((SOL_NETLINK, NO_ENOBUFS)):
            so.error = ENOBUFS
            so.wake(EVERYTHING)

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take a datagram; waits for one.

        With NETLINK_PKTINFO a control message says which group it was sent to, 0 for none.

        ENOBUFS
            Messages were lost; ask again for all.
        """
        if so.error and not flags & self.refuses:
            so.fail_pending()
        group = so.buffer.records[0].origin if so.buffer.records else 0
        message = super().receive(so, count, flags)
        if message is None or not so.options.get((SOL_NETLINK, PKTINFO)):
            return message
        return message._replace(control=((SOL_NETLINK, PKTINFO, struct.pack("=I", group)),))

    # Options

    def set_option(self, so: Any, level: int, number: int, value: bytes) -> None:
        """Join or leave a group, or turn a switch.

        EPERM
            A group, from an unprivileged process, where that needs privilege.
        EINVAL
            There is no such group.
        ENOPROTOOPT
            There is no such option.
        """
        if level != SOL_NETLINK:
            fail(ENOPROTOOPT)
        argument = struct.unpack("=i", value[:4])[0] if len(value) >= 4 else 0
        if number in (ADD_MEMBERSHIP, DROP_MEMBERSHIP):
            if not (self.open_groups or self.host.privileged):
                fail(EPERM)
            if not 1 <= argument <= self.most:
                fail(EINVAL)
            self.members[so] = None
            bit = 1 << argument - 1
            so.pcb.groups = so.pcb.groups | bit if number == ADD_MEMBERSHIP \
                else so.pcb.groups & ~bit
        elif number in SWITCHES:
            so.options[level, number] = int(bool(argument))
        else:
            fail(ENOPROTOOPT)

    def get_option(self, so: Any, level: int, number: int, room: int) -> bytes:
        if level != SOL_NETLINK:
            fail(ENOPROTOOPT)
        if number == LIST_MEMBERSHIPS:
            size = min(room, -(-self.most // 32) * 4)
            return struct.pack("=Q", so.pcb.groups)[:size] if so in self.members else b""
        if number not in SWITCHES:
            fail(ENOPROTOOPT)
        if room < 4:
            fail(EINVAL)
        return struct.pack("=i", so.options.get((level, number), 0))

