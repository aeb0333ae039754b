"""AF_NETLINK: messages to and from the kernel.  An address is ``(port id, groups)``.

SOCK_RAW and SOCK_DGRAM, between which there is no difference; the protocol says which part of
the kernel:

| protocol                   | what answers                                    |
|----------------------------|-------------------------------------------------|
| 0, NETLINK_ROUTE           | links, addresses and routes of this host        |
| 2, NETLINK_USERSOCK        | nobody: for programs among themselves           |
| 4 9 12 15 16               | who refuses what Linux does not know either     |
| 6 7 10 11                  | nobody, but there are sockets of it here        |

Sources: Linux netlink(7); <linux/netlink.h>; CPython ``getsockaddrarg``.
"""

import struct
from operator import index
from typing import Any

from ..machine.constants import AF_NETLINK, SOCK_DGRAM, SOCK_RAW
from ..machine.errors import EPROTONOSUPPORT, ESOCKTNOSUPPORT, fail
from ..machine.host import Host
from ..network.node import Node
from ..protocols.netlink import Netlink, netlink_address
from ..protocols.netlink_requests import UNMODELLED
from ..protocols.netlink_route import Route
from .family import Family

ROUTE, USERSOCK, RTNLGRP_MAX = 0, 2, 39
# What Linux 6.18 has built in besides, as far as its configuration has it: SOCK_DIAG XFRM SELINUX
# AUDIT FIB_LOOKUP CONNECTOR NETFILTER KOBJECT_UEVENT GENERIC.
# Everybody may join the groups of SOCK_DIAG SELINUX CONNECTOR KOBJECT_UEVENT GENERIC, which are
# made with NL_CFG_F_NONROOT_RECV.  (AUDIT is, too, and asks for CAP_AUDIT_READ.)
SILENT, OPEN = (4, 6, 7, 9, 10, 11, 12, 15, 16), (4, 7, 11, 15, 16)


class NetlinkFamily(Family):
    """Netlink sockets of one host."""

    number = AF_NETLINK
    name = "AF_NETLINK"
    any_address = b""

    def __init__(self, host: Host, node: Node) -> None:
        super().__init__(host)
        route = Route(node)
        self.parts = {ROUTE: Netlink(host, route.answer, open_groups=True, most=RTNLGRP_MAX),
                      USERSOCK: Netlink(host, None, open_sending=True)}
        self.parts |= {number: Netlink(host, UNMODELLED[number].answer if number in UNMODELLED
                                       else lambda so, data: iter(()), open_groups=number in OPEN)
                       for number in SILENT}
        route.publish, route.start_dump = (
            self.parts[ROUTE].publish, self.parts[ROUTE].start_dump)

    def choose(self, kind: int, number: int) -> tuple[int, int, Any]:
        if kind not in (SOCK_RAW, SOCK_DGRAM):
            fail(ESOCKTNOSUPPORT)
        if number not in self.parts:
            fail(EPROTONOSUPPORT)
        return kind, number, self.parts[number]

    def from_python(self, address: Any, caller: str) -> bytes:
        self.check_tuple(address, caller)
        if len(address) != 2:
            raise TypeError("AF_NETLINK address must be a pair (pid, groups)")
        return netlink_address(*(index(each) & 0xFFFFFFFF for each in address))

    def to_python(self, address: bytes) -> tuple[int, int]:
        pid, groups = struct.unpack("=II", address[4:12])
        return pid, groups
