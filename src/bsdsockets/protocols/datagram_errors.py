"""Errors about datagrams that were sent: the pending one, and the queue of MSG_ERRQUEUE.

    ICMP error, or EMSGSIZE here --> so.error
                                     so.pcb.errors, if IP_RECVERR or IPV6_RECVERR asks

May not know: UDP, descriptors, threads, time.

Sources: Linux ip(7), ipv6(7); RFC 1122 4.1.3.3.
"""

import struct
from collections import deque
from typing import Any

from ..machine.constants import (
    AF_INET6,
    MSG_ERRQUEUE,
    MSG_TRUNC,
    POLLERR,
)
from ..machine.errors import EAGAIN, fail
from ..network.addresses import ANY4
from .buffers import Record, packet_cost
from .icmp import came_back, error_number, is_fatal
from .internet import Internet, InternetAddress
from .ip_control import told
from .protocol import EVERYTHING, Message, wants_time


class DatagramErrors(Internet):
    """Keeps errors until somebody asks."""

    def wants_errors(self, so: Any, six: bool) -> bool:
        """True if *so* keeps errors about what it sent over this version of IP."""
        return bool(so.options.get("IPV6_RECVERR" if six else "IP_RECVERR"))

    def returned(self, so: Any, number: int, message: Message, six: bool, size: int = 0,
                 packet: Any = None) -> None:
        """An ICMP error about what *so* sent has come, a *packet* of *size* bytes."""
        if self.wants_errors(so, six):
            if so.pcb.errors is None:
                so.pcb.errors = deque()
            cost = packet_cost(size, 64 if six else 51)
            if so.buffer.cost + cost < so.receive_size:
                arrived = self.host.clock.now if packet and wants_time(so) else None
                record = Record(message.data, None, (), cost, packet, arrived)
                so.pcb.errors.append((message, record))
                so.buffer.cost += cost
        elif not so.pcb.remote or packet is None or not is_fatal(packet):
            return
        so.error = number or so.error
        so.wake(POLLERR | EVERYTHING)

    def local_error(self, so: Any, number: int) -> None:
        """Fail with *number*, and put it into the queue of errors if *so* asked for one."""
        six = so.family == AF_INET6
        if self.wants_errors(so, six):
            record = struct.pack("=IBBBBII", number, 1, 0, 0, 0, 65536, 0)
            address = struct.pack("=HHI16sI" if six else "=HHI8x", *((0,) * 3), *(
                (bytes(16), 0) if six else ()))
            kind = "IPV6_RECVERR" if six else "IP_RECVERR"
            to = InternetAddress(self.dressed(so, so.pcb.remote or ANY4), so.pcb.remote_port)
            self.returned(so, 0, Message(b"", to, ((*kind, record + address),), MSG_ERRQUEUE),
                          six)
        fail(number)

    def receive_error(self, so: Any, count: int) -> Message:
        """Take the oldest error that is kept, with up to *count* bytes of what was sent.

        Never waits.  The next error in the queue becomes the pending one.

        EAGAIN
            None is kept.

        Source: ip(7), ipv6(7) IP_RECVERR; Linux ``ip_recv_error``, ``sock_dequeue_err_skb``.
        """
        if not so.pcb.errors:
            fail(EAGAIN)
        message, record = so.pcb.errors.popleft()
        so.buffer.cost -= record.cost
        following = so.pcb.errors[0][0] if so.pcb.errors else None
        if following is not None and came_back(following):
            so.error = error_number(following)
        elif came_back(message):
            so.error = 0
        length = len(message.data)
        return message._replace(data=message.data[:count], length=min(length, count),
                                control=told(so, record, returned=True) + message.control,
                                flags=message.flags | (MSG_TRUNC if length > count else 0))
