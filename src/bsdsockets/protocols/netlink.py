"""Netlink: datagrams between sockets with port ids, and with a part of the kernel.

    send --> port id 0: the kernel, which answers before send returns
         --> another port id: that socket, or ECONNREFUSED
         --> a group: every socket that joined it

A dump is answered by a datagram and one that ends it, which is made when the first is read.

May not know: what the messages say; descriptors, threads, time.

Sources: RFC 3549 2.3; Linux netlink(7), ``net/netlink/af_netlink.c`` for the order of checks.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..machine.constants import (
    AF_NETLINK,
    AF_UNSPEC,
    MSG_OOB,
    SCM_CREDENTIALS,
    SOL_NETLINK,
    SOL_SOCKET,
)
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
from ..machine.host import Credentials, Host
from .filtering import part
from .protocol import EVERYTHING, Message, check_claim
from .records import End, Records, family_of

KERNEL = struct.pack("=HHII", AF_NETLINK, 0, 0, 0)
NOBODY = Credentials(0, 0, 0)  # the kernel is no process
ADD_MEMBERSHIP, DROP_MEMBERSHIP, PKTINFO, BROADCAST_ERROR, NO_ENOBUFS = 1, 2, 3, 4, 5
LISTEN_ALL_NSID, LIST_MEMBERSHIPS, CAP_ACK, EXT_ACK, STRICT = 8, 9, 10, 11, 12
SWITCHES = (PKTINFO, BROADCAST_ERROR, NO_ENOBUFS, LISTEN_ALL_NSID, CAP_ACK, EXT_ACK, STRICT)
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


def mask(group: int) -> int:
    """The bit of a group in a sockaddr_nl, which has room for 32; 0 for no group."""
    return 1 << group - 1 & 0xFFFFFFFF if group else 0


@dataclass(eq=False)
class NetlinkEnd(End):
    """What the protocol keeps: port ids and groups, one bit each."""

    pid: int = 0
    bound: bool = False
    connected: bool = False  # to a port id, from which alone datagrams come then
    to: int = 0  # the port id that connect() chose
    to_group: int = 0
    groups: int = 0
    dump: list[bytes] = field(default_factory=list)  # what is left of one


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
        if groups:
            self.members[so] = None
        if so.pcb.bound and pid != so.pcb.pid:
            fail(EINVAL)
        if not so.pcb.bound:
            self._take(so, pid)
        so.pcb.groups = so.pcb.groups & ~0xFFFFFFFF | groups

    def _take(self, so: Any, pid: int) -> None:
        if pid and pid in self.sockets:
            so.pcb.pid = pid  # getsockname() says so, and nobody sends there
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
            so.pcb.connected = False
            return True
        to, group = self._target(address)
        if not so.pcb.bound:
            self._take(so, 0)
        so.pcb.connected, so.pcb.to, so.pcb.to_group = True, to, group
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
        return netlink_address(so.pcb.to, mask(so.pcb.to_group))

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
        EINVAL
            A control message other than SCM_CREDENTIALS.
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
        claim = self._claim(control)
        to, group = so.pcb.to, so.pcb.to_group
        if address is not None:
            to, group = self._target(address)
        if not so.pcb.bound:
            self._take(so, 0)
        if len(data) > so.send_size - 32:
            fail(EMSGSIZE)
        if group:
            self.publish(group, data, sender=so, but=to, claim=claim)
        return self._send_to(so, to, data, group, claim)

    def _claim(self, control: tuple[Any, ...]) -> Credentials:
        """Who the sender says that it is, in control messages or without."""
        claim = self.host.credentials
        for level, kind, value in control:
            if level == SOL_SOCKET:
                if kind != SCM_CREDENTIALS or value is None:
                    fail(EINVAL)
                check_claim(self.host, value)
                claim = value
        return claim

    def _send_to(self, so: Any, to: int, data: bytes, group: int, claim: Credentials) -> int:
        other: Any = self.sockets.get(to)
        if to == 0 and self.answer is not None:
            for part in self.answer(so, data):
                self._reply(so, part, KERNEL)
        elif other is not None and not (other.pcb.connected and other.pcb.to != so.pcb.pid):
            return self._arrive(other, data, netlink_address(so.pcb.pid, mask(group)), group, claim)
        else:
            fail(ECONNREFUSED)
        return len(data)

    def publish(self, group: int, data: bytes, echo: Any = None, sender: Any = None,
                but: int = 0, claim: Credentials = NOBODY) -> None:
        """Give *data* to every socket in the *group* except its *sender* and the port id *but*.

        *echo* is who asked for it, and gets it last.  A socket that is not bound has the port
        id 0, and so what the kernel tells nobody in particular does not reach it.
        """
        but = echo.pcb.pid if echo is not None else but
        name = self.name(sender) if sender is not None else KERNEL
        name = name[:8] + struct.pack("=I", mask(group))
        for so in tuple(self.members):
            if so is not sender and so.pcb.pid != but and so.pcb.groups >> group - 1 & 1:
                self._arrive(so, data, name, group, claim)
        if echo is not None:
            self._reply(echo, data, name, group)

    def _reply(self, so: Any, data: bytes, name: bytes, group: int = 0) -> None:
        """Answer a socket, if it is not connected to another than the kernel."""
        if not (so.pcb.connected and so.pcb.to):
            self._arrive(so, data, name, group)

    def start_dump(self, so: Any, parts: list[bytes]) -> None:
        """Answer a request with several datagrams, the first of them now."""
        so.pcb.dump = parts
        self._go_on(so)

    def _go_on(self, so: Any) -> None:
        if so.pcb.dump and 2 * so.buffer.cost <= so.receive_size:
            self._arrive(so, so.pcb.dump.pop(0), KERNEL)

    def _arrive(self, so: Any, data: bytes, name: bytes, group: int = 0,
                claim: Credentials = NOBODY) -> int:
        """A datagram that does not fit is lost, and the next recv says so; returns its length.

        That is what a filter has left of it, if anything.
        """
        kept = part(so, data)
        if kept is None:
            return len(data)
        lost = not self.give(so, kept, name, (group, claim))
        if lost and not so.options.get((SOL_NETLINK, NO_ENOBUFS)):
            so.error = ENOBUFS
            so.wake(EVERYTHING)
        return len(kept)

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take a datagram; waits for one.

        With NETLINK_PKTINFO a control message says which group it was sent to, 0 for none; with
        SO_PASSCRED another one who sent it.

        ENOBUFS
            Messages were lost; ask again for all.
        """
        if so.error and not flags & self.refuses:
            so.fail_pending()
        group, claim = so.buffer.records[0].origin if so.buffer.records else (0, NOBODY)
        message = super().receive(so, count, flags)
        if message is None:
            return None
        self._go_on(so)
        told: list[tuple[int, int, Any]] = []
        if so.options.get((SOL_NETLINK, PKTINFO)):
            told.append((SOL_NETLINK, PKTINFO, struct.pack("=I", group)))
        if so.options.get("SO_PASSCRED"):
            told.append((SOL_SOCKET, SCM_CREDENTIALS, claim))
        return message._replace(control=tuple(told))

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
            self.members[so] = None
            if not 1 <= argument <= self.most:
                fail(EINVAL)
            bit = 1 << argument - 1
            so.pcb.groups = so.pcb.groups | bit if number == ADD_MEMBERSHIP \
                else so.pcb.groups & ~bit
        elif number in SWITCHES:
            if number == LISTEN_ALL_NSID and not self.host.privileged:
                fail(EPERM)
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

