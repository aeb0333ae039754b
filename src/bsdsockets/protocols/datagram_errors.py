"""Errors about datagrams that were sent: the pending one, and the queue of MSG_ERRQUEUE.

    ICMP error, or EMSGSIZE here --> so.error
                                     so.pcb.errors, if IP_RECVERR or IPV6_RECVERR asks

May not know: UDP, descriptors, threads, time.

Sources: Linux ip(7), ipv6(7); RFC 1122 4.1.3.3.
"""

import struct
from collections import deque
from typing import Any, NoReturn

from ..machine.constants import (
    AF_INET6,
    IP_RECVERR,
    IPPROTO_ICMPV6,
    IPPROTO_IP,
    IPPROTO_IPV6,
    IPV6_RECVERR,
    MSG_ERRQUEUE,
    MSG_TRUNC,
    POLLERR,
)
from ..machine.errors import EAGAIN, EMSGSIZE, ENOMSG, fail
from ..network.addresses import remap, sockaddr, unmap
from .buffers import Record, packet_cost
from .icmp import is_fatal
from .internet import Internet, InternetAddress
from .ip_control import header_options, told
from .protocol import EVERYTHING, Message, arrival
from .stamping import notices

LOCAL, ICMP, ICMP6 = 1, 2, 3  # sock_extended_err.ee_origin
WHOLE, WHOLE4 = 65536, 65535  # bytes of the greatest packet on a link without bounds, and of IPv4


class DatagramErrors(Internet):
    """Keeps errors until somebody asks."""

    def wants_errors(self, so: Any, six: bool) -> bool:
        """True if *so* keeps errors about what it sent over this version of IP."""
        return bool(so.options.get("IPV6_RECVERR" if six else "IP_RECVERR"))

    def returned(self, so: Any, number: int, to: InternetAddress, data: bytes, six: bool,
                 size: int = 0, packet: Any = None) -> None:
        """An ICMP error, *packet* of *size* bytes, about *data* that *so* sent, or an own error."""
        if self.wants_errors(so, six):
            arrived = arrival(so) if packet else None
            cost = packet_cost(size, 64 if six else 51)
            self._keep(so, number, Record(data, to, (), cost, packet, arrived))
        elif not so.pcb.remote or packet is None or not is_fatal(packet):
            return
        so.error = number if packet else so.error
        so.wake(POLLERR | EVERYTHING)

    @staticmethod
    def _keep(so: Any, number: int, record: Record) -> bool:
        """Put a record into the queue of errors; False if the receive buffer has no room for it."""
        if so.buffer.cost + record.cost >= so.receive_size:
            return False
        if so.pcb.errors is None:
            so.pcb.errors = deque()
        so.pcb.errors.append((number, record))
        so.buffer.cost += record.cost
        return True

    def too_long(self, so: Any, remote: str, port: int) -> NoReturn:
        """Fail with EMSGSIZE, and put it into the queue of errors if *so* asked for one.

        That tells where the packet was to go; of IPv4 the port of connect().

        Source: ip(7) IP_RECVERR; Linux ``ip_local_error``, ``ipv6_local_error``.
        """
        six = ":" in remote
        to = InternetAddress(self.dressed(so, remote), port if six else so.pcb.remote_port)
        self.returned(so, EMSGSIZE, to, b"", six)
        fail(EMSGSIZE)

    def stamp(self, so: Any, packet: Any, taken: int) -> None:
        """Tell *so* that its packet has gone, as far as it asked: notices among the errors."""
        for data, note in notices(so, packet, taken):
            pages = getattr(packet.payload, "pages", 0) if data else 0  # UDP_SEGMENT's data
            cost = packet_cost(len(data) - pages, 0) + pages
            record = Record(data, None, (note,), cost, None, so.host.clock.now)
            if not self._keep(so, ENOMSG, record):
                return
            so.wake(POLLERR | EVERYTHING)

    def receive_error(self, so: Any, count: int) -> Message:
        """Take the oldest error that is kept, with up to *count* bytes of what was sent.

        Never waits.  The next error in the queue becomes the pending one.

        EAGAIN
            None is kept.

        Source: ip(7), ipv6(7) IP_RECVERR; Linux ``ip_recv_error``, ``sock_dequeue_err_skb``.
        """
        if not so.pcb.errors:
            fail(EAGAIN)
        number, record = so.pcb.errors.popleft()
        so.buffer.cost -= record.cost
        following = so.pcb.errors[0] if so.pcb.errors else None
        if following is not None and following[1].origin is not None:
            so.error = following[0]
        elif record.origin is not None:
            so.error = 0
        if following is not None:
            so.wake(POLLERR)
        data = record.data
        return Message(data[:count], record.address,
                       (*told(so, record, returned=True),
                        *(record.control or (self.described(so, number, record),))),
                       MSG_ERRQUEUE | (MSG_TRUNC if len(data) > count else 0),
                       min(len(data), count))

    def described(self, so: Any, number: int, record: Record) -> tuple[int, int, bytes]:
        """The control message about an error: struct sock_extended_err, and who sent it.

        Of the host's own errors, which no packet of ICMP brought, that is nobody; they tell the
        MTU of the path.
        """
        six, packet = so.family == AF_INET6, record.origin
        kind = (IPPROTO_IPV6, IPV6_RECVERR) if six else (IPPROTO_IP, IP_RECVERR)
        if packet is None:
            four = ":" not in unmap(record.address.address)
            most = min(WHOLE4 - header_options(so) if four else WHOLE, self.node.loopback.mtu)
            return (*kind, struct.pack("=IBBBBII", number, LOCAL, 0, 0, 0, most, 0)
                    + bytes(28 if six else 16))
        origin = ICMP6 if packet.protocol == IPPROTO_ICMPV6 else ICMP
        return (*kind, struct.pack("=IBBBBII", number, origin, packet.payload.type,
                                   packet.payload.code, 0, 0, 0)
                + sockaddr(remap(packet.source) if six else packet.source))

