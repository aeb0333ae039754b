"""Options of TIPC's sockets, and what poll says of them.

    modelled   TIPC_DEST_DROPPABLE TIPC_CONN_TIMEOUT
    kept       TIPC_IMPORTANCE TIPC_SRC_DROPPABLE, which read back
    read       how much waits: TIPC_SOCK_RECVQ_DEPTH, TIPC_SOCK_RECVQ_USED

May not know: names, messages.

Sources: <linux/tipc.h>; Linux ``tipc_setsockopt``, as 6.1 answers.
"""

import struct
from typing import Any

from ..machine.constants import (
    POLLIN,
    POLLOUT,
    POLLRDHUP,
    POLLRDNORM,
    SOCK_DGRAM,
    SOCK_RDM,
    SOCK_SEQPACKET,
    SOCK_STREAM,
)
from ..machine.errors import EINVAL, ENOPROTOOPT, fail
from .protocol import BOTH, HANGUP, RECEIVE
from .records import OPENING, Connections

SOL_TIPC, IMPORTANCE, SOURCE_DROPPABLE, DROPPABLE, TIMEOUT = 271, 127, 128, 129, 130
NODE_QUEUE, QUEUE, GROUP, QUEUE_USED = 131, 132, 135, 137  # to be read only
SETTABLE = (IMPORTANCE, SOURCE_DROPPABLE, DROPPABLE, TIMEOUT)
MOST_IMPORTANT = 3


class TipcOptions(Connections):
    """What a program sets and asks."""

    @staticmethod
    def is_connected(so: Any) -> bool:
        return so.type in (SOCK_STREAM, SOCK_SEQPACKET)

    def ready(self, so: Any) -> int:
        """TIPC tells of POLLIN and POLLOUT, and of no band."""
        mask = 0
        if so.dead:
            return POLLIN | POLLRDNORM | HANGUP
        if so.shutdown & RECEIVE:
            mask |= POLLRDHUP | POLLIN | POLLRDNORM
        if so.shutdown == BOTH:
            mask |= HANGUP
        if so.queue is not None:
            waiting: Any = so.pcb.asking or so.queue.completed
        else:
            waiting = so.buffer.records
        if waiting:
            mask |= POLLIN | POLLRDNORM
        writable = so.queue is None and so.pcb.state != OPENING
        return mask | (POLLOUT if writable else 0)

    @staticmethod
    def value_of(so: Any, number: int) -> int:
        without = so.type in (SOCK_DGRAM, SOCK_RDM)
        default = {SOURCE_DROPPABLE: int(so.type == SOCK_DGRAM), DROPPABLE: int(without),
                   TIMEOUT: 8000, QUEUE: len(so.buffer), QUEUE_USED: so.buffer.cost}
        return int(so.options.get((SOL_TIPC, number), default.get(number, 0)))

    def get_option(self, so: Any, level: int, number: int, room: int) -> bytes:
        if level != SOL_TIPC:
            fail(ENOPROTOOPT)
        if number not in (*SETTABLE, NODE_QUEUE, QUEUE, GROUP, QUEUE_USED) or room < 4:
            fail(EINVAL)
        return struct.pack("=i", self.value_of(so, number))[:room]

    def set_option(self, so: Any, level: int, number: int, value: bytes) -> None:
        if level != SOL_TIPC:
            fail(ENOPROTOOPT)
        if number not in SETTABLE or len(value) < 4:
            fail(EINVAL)
        if number == SOURCE_DROPPABLE and so.type == SOCK_STREAM:
            fail(ENOPROTOOPT)
        wanted = struct.unpack("=i", value[:4])[0]
        if number == IMPORTANCE:
            if wanted > MOST_IMPORTANT:
                fail(EINVAL)
            if wanted < 0:
                return  # taken, and nothing changes
        else:  # a time has two bytes
            wanted = wanted & 0xFFFF if number == TIMEOUT else int(bool(wanted))
        so.options[level, number] = wanted
