"""What an ATM circuit does: opened on an interface, with a quality of service, it carries frames.

    SO_ATMQOS --> bind or connect, which are one --> send, receive: records of AAL5

    interface 0   takes every frame and gives none back, as Linux's adummy
    1, 2, ...     made by ioctl(SIOCSIFATMTCP); 1 and 2 are joined, 3 and 4, ...: what Linux's
                  atmtcp and a process that copies between them make

Left out: cells, rates, what AAL0 does with a frame, a circuit whose numbers are given later
(ATM_VCI_UNSPEC), signalling (AF_ATMSVC).

May not know: descriptors, threads, time.

Sources: ITU-T I.363.5; <linux/atm.h>, <linux/atmdev.h>; ``net/atm/common.c`` for the order of
checks; the calls as recorded on Linux 5.10 and 6.1 (docs/reference/families/atmpvc.md,
tests/on_old_kernels/details/atmpvc.txt).
"""

import itertools
import struct
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..machine.constants import AF_ATMPVC, MSG_DONTWAIT, MSG_PEEK
from ..machine.errors import (
    EADDRINUSE,
    EAFNOSUPPORT,
    EBADFD,
    EINVAL,
    EISCONN,
    EMSGSIZE,
    ENODEV,
    ENOTCONN,
    EOPNOTSUPP,
    EPERM,
    EPROTOTYPE,
    fail,
)
from ..machine.host import Host
from ..network.frames import Frame, receive
from ..network.node import Node
from .protocol import WRITABLE_BAND, Message
from .records import OPEN, TIOCINQ, TIOCOUTQ, End, Records, family_of

ANY, UNSPECIFIED, FIRST_FREE = -1, -2, 32  # VCIs below FIRST_FREE are reserved
MOST_VARIATION = 9999  # ATM_MAX_CDV
SO_ATMQOS, QOS_SIZE, SO_SETCLP = 0x42020054, 84, 0x42000004  # at the level SOL_ATM, 264
TO, BACK, AAL = 0, 40, 80  # where a struct atm_qos has two directions and the layer
NO_CLASS, UBR, ANY_CLASS = 0, 1, 5  # classes of traffic
AAL5_OR_DEFAULT, AAL0 = (5, 0), 13
LARGEST = {5: 65535, AAL0: 52}  # bytes of a frame
DUMMY_BITS, OTHER_BITS = (4, 12), (8, 16)  # of paths and of channels that an interface has
SIOCSIFATMTCP = 0x6180
ETH_P_ATM = 0x8884  # no frame on a wire: how circuits' frames are told apart here
SIZE = 12


class AtmAddress(NamedTuple):
    """A circuit: interface, virtual path, virtual channel."""

    itf: int
    vpi: int
    vci: int

    def pack(self) -> bytes:
        """A struct sockaddr_atmpvc."""
        return struct.pack("=H2xhhi", AF_ATMPVC, *self)

    @classmethod
    def unpack(cls, data: bytes) -> "AtmAddress":
        return cls(*struct.unpack("=4xhhi", data))


@dataclass(eq=False)
class AtmEnd(End):
    """What the protocol keeps: the circuit and its quality."""

    circuit: AtmAddress | None = None
    partial: AtmAddress | None = None  # what a call said of it, where the rest is to come
    quality: bytes = b""
    largest: int = 0
    low_priority: int = 0  # of cells: SO_SETCLP


def _around(low: int, last: int, top: int) -> list[int]:
    """The numbers from *low* to before *top*, those from *last* on first."""
    start = last if last < top else low
    return [*range(start, top), *range(low, start)]


class Circuits(Records):
    """The circuits of one host."""

    name_of = "atm"
    end = AtmEnd
    refuses = ~(MSG_DONTWAIT | MSG_PEEK)

    def __init__(self, host: Host, node: Node) -> None:
        self.host, self.node = host, node
        self.interfaces = 1
        self.open: dict[tuple[AtmAddress, int], Any] = {}  # by circuit and direction
        self.last = 0, FIRST_FREE  # where the search for a free circuit ended
        receive(node, ETH_P_ATM, self.arrive)

    # Names: bind and connect are the same call

    def bind(self, so: Any, address: bytes) -> None:
        """Open a circuit; waits for nothing.

        *address* is a sockaddr_atmpvc: -1 as interface, path or channel is any, channels from 32.

        EINVAL
            Not 12 bytes; path and channel are 0; more bits than the interface has; a class of
            traffic that is still open; frames longer than the adaptation layer's.
        EAFNOSUPPORT
            An address of another family.
        EBADFD
            The quality of service is not set.
        EISCONN
            The socket has a circuit.
        ENODEV
            There is no such interface.
        EPERM
            A reserved channel, from an unprivileged process.
        EADDRINUSE
            Another socket has the circuit.
        EPROTOTYPE
            An adaptation layer that is none.
        """
        if len(address) != SIZE:
            fail(EINVAL)
        if family_of(address) != AF_ATMPVC:
            fail(EAFNOSUPPORT)
        if not so.pcb.quality:
            fail(EBADFD)
        if so.pcb.circuit is not None:
            fail(EISCONN)
        wanted = self._completed(so, AtmAddress.unpack(address))
        if ANY_CLASS in (so.pcb.quality[TO], so.pcb.quality[BACK]):
            fail(EINVAL)
        if wanted.itf == ANY:
            wanted = wanted._replace(itf=0)
        if not 0 <= wanted.itf < self.interfaces:
            fail(ENODEV)
        bits = OTHER_BITS if wanted.itf else DUMMY_BITS
        for number, room in zip(wanted[1:], bits, strict=True):
            if number not in (ANY, UNSPECIFIED) and number >> room:
                fail(EINVAL)
        if 0 < wanted.vci < FIRST_FREE and not self.host.privileged:
            fail(EPERM)
        used = [at for at in (TO, BACK) if so.pcb.quality[at] != NO_CLASS]
        circuit = self._choose(wanted, bits, used)
        self._adapt(so)
        self.release(so)
        self.open |= {(circuit, at): so for at in used}
        if UNSPECIFIED in circuit:
            so.pcb.partial = circuit  # as Linux does, which waits for the numbers in another call
        else:
            so.pcb.partial, so.pcb.circuit, so.pcb.state = None, circuit, OPEN

    @staticmethod
    def _completed(so: Any, wanted: AtmAddress) -> AtmAddress:
        """*wanted* with what a call before has said of it; the rest must be said now."""
        before = so.pcb.partial
        if before is not None:
            path, channel = (new if old == UNSPECIFIED else old
                             for old, new in zip(before[1:], wanted[1:], strict=True))
            wanted = wanted._replace(vpi=path, vci=channel)
        if not (wanted.vpi or wanted.vci) or (before and UNSPECIFIED in wanted[1:]):
            fail(EINVAL)
        return wanted

    def _choose(self, wanted: AtmAddress, bits: tuple[int, int], used: list[int]) -> AtmAddress:
        """Put numbers in the place of any: the first free from where the last search ended."""
        paths, channels = (
            [said] if said != ANY else _around(low, last, 1 << room)
            for said, low, last, room in zip(wanted[1:], (0, FIRST_FREE), self.last, bits,
                                             strict=True))
        for path, channel in itertools.product(paths, channels):
            found = AtmAddress(wanted.itf, path, channel)
            if any((found, at) in self.open for at in used):
                continue
            if ANY in wanted[1:]:
                self.last = max(path, 0), max(channel, FIRST_FREE)
            return found
        fail(EADDRINUSE)

    @staticmethod
    def _adapt(so: Any) -> None:
        """See that frames fit the adaptation layer; 0 is as long as it has them."""
        aal = so.pcb.quality[AAL]
        most = LARGEST.get(aal, LARGEST[5])
        if aal not in (*AAL5_OR_DEFAULT, AAL0):
            fail(EPROTOTYPE)
        for at in (TO, BACK):
            largest = struct.unpack_from("=i", so.pcb.quality, at + 20)[0]
            if so.pcb.quality[at] != NO_CLASS and largest > most:
                fail(EINVAL)
        so.pcb.largest = struct.unpack_from("=I", so.pcb.quality, 20)[0] or most
        filled = bytearray(so.pcb.quality)
        filled[AAL] = aal or AAL5_OR_DEFAULT[0]
        for at in (TO, BACK):
            variation, largest = struct.unpack_from("=ii", filled, at + 16)
            if filled[at] != NO_CLASS:
                struct.pack_into("=ii", filled, at + 16, variation or MOST_VARIATION,
                                 largest or most)
        so.pcb.quality = bytes(filled)

    def connect(self, so: Any, address: bytes, wait: bool) -> bool:
        """Open a circuit: the same as `bind`, in another word."""
        self.bind(so, address)
        return True

    def name(self, so: Any) -> bytes:
        """The circuit; ENOTCONN while there is none."""
        if so.pcb.circuit is None:
            fail(ENOTCONN)
        return bytes(so.pcb.circuit.pack())

    peer = name

    # Data

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int:
        """Send a frame.

        ENOTCONN
            There is no circuit.
        EISCONN
            An address is given: the circuit says where.
        EMSGSIZE
            More than the quality of service allows.
        """
        circuit = so.pcb.circuit
        if circuit is None:
            fail(ENOTCONN)
        if address is not None:
            fail(EISCONN)
        if len(data) > so.pcb.largest:
            fail(EMSGSIZE)
        if data and circuit.itf:
            far = circuit._replace(itf=(circuit.itf - 1 ^ 1) + 1)
            frame = Frame(1, ETH_P_ATM, data, 0, far)
            self.node.loopback.transmit(frame)  # type: ignore[arg-type]
        return len(data)

    def arrive(self, frame: Frame) -> None:
        so = self.open.get((frame.about, BACK))
        if so is not None:
            self.give(so, frame.data, None)

    def shutdown(self, so: Any, how: int) -> None:
        """Nothing: Linux's says yes and does nothing."""

    def release(self, so: Any) -> None:
        self.open = {key: other for key, other in self.open.items() if other is not so}

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take a frame; waits for one.  There is no address with it.

        ENOTCONN
            There is no circuit.
        EOPNOTSUPP
            A flag other than MSG_DONTWAIT and MSG_PEEK.
        """
        if so.pcb.circuit is None:
            fail(ENOTCONN)
        return super().receive(so, count, flags)

    def ready(self, so: Any) -> int:
        """Without a class of traffic for what is sent, nothing can be."""
        mask = super().ready(so)
        return mask if so.pcb.quality[:1] > b"\0" else mask & ~WRITABLE_BAND

    # Quality of service, interfaces

    def set_option(self, so: Any, level: int, number: int, value: bytes) -> None:
        """SO_ATMQOS, a struct atm_qos, whose largest frame is modelled; SO_SETCLP.

        EINVAL
            Another option, or another size than its number says; no class of traffic in either
            direction, or two that differ; one with rates, and no rate.  Another class or adaptation
            layer for an open circuit.
        EOPNOTSUPP
            The quality of an open circuit.
        """
        if number == SO_SETCLP and len(value) == 4:
            so.pcb.low_priority = int(value != bytes(4))
            return
        if number != SO_ATMQOS or len(value) != QOS_SIZE:
            fail(EINVAL)
        to, back = value[TO], value[BACK]
        if not to and not back:
            fail(EINVAL)
        if to != back and to and back and ANY_CLASS not in (to, back):
            fail(EINVAL)
        for at, kind in ((TO, to), (BACK, back)):
            rates = value[at + 4:at + 16]
            if kind not in (NO_CLASS, UBR, ANY_CLASS) and not any(rates):
                fail(EINVAL)
        if so.pcb.circuit is not None:
            same = all(value[at] == so.pcb.quality[at] for at in (TO, BACK, AAL))
            fail(EOPNOTSUPP if same else EINVAL)
        so.pcb.quality = value

    def get_option(self, so: Any, level: int, number: int, room: int) -> bytes:
        """The quality that was set, or SO_SETCLP.

        EINVAL
            Another option, another size, or no quality was set.
        """
        if number == SO_SETCLP and room == 4:
            return struct.pack("=i", so.pcb.low_priority)
        if number != SO_ATMQOS or room != QOS_SIZE or not so.pcb.quality:
            fail(EINVAL)
        return bytes(so.pcb.quality)

    def ioctl(self, so: Any, request: int, argument: bytes) -> tuple[int, bytes]:
        """What waits and is free; SIOCSIFATMTCP makes another interface and returns its number.

        EINVAL
            TIOCINQ, TIOCOUTQ: there is no circuit.  A request that no part of ATM knows.
        EPERM
            An interface, from an unprivileged process.
        """
        if request in (TIOCOUTQ, TIOCINQ):
            if so.pcb.circuit is None:
                fail(EINVAL)
            return 0, self.queue_size(so, request)
        if request != SIOCSIFATMTCP:
            fail(EINVAL)
        if not self.host.privileged:
            fail(EPERM)
        self.interfaces += 1
        return self.interfaces - 1, argument
