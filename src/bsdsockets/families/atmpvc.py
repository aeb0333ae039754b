"""AF_ATMPVC: ATM's permanent circuits.  An address is ``itf.vpi.vci``, 12 bytes.

    2 family | 2 | 2 interface | 2 VPI | 4 VCI          the host's order; -1 is any

Every type but SOCK_STREAM makes a socket, and all of them are the same: records of AAL5.
The quality of service comes first: ``setsockopt(SOL_ATM, SO_ATMQOS)``, 84 bytes.  CPython
cannot write the address.

    interface 0   takes every frame and gives none back, as Linux's adummy
    1, 2, ...     made by ioctl(SIOCSIFATMTCP); 1 and 2 are joined, 3 and 4, ...: what Linux's
                  atmtcp and a process that copies between them make

Left out: cells, rates, AAL0, signalling (AF_ATMSVC).

Sources: ITU-T I.363.5; <linux/atm.h>, <linux/atmdev.h>; the calls as recorded on Linux 5.10
and 6.1 (docs/reference/families/atmpvc.md).
"""

import struct
from typing import Any, NamedTuple

from ..machine.constants import AF_ATMPVC, MSG_DONTWAIT, MSG_PEEK, SOCK_STREAM
from ..machine.errors import (
    EADDRINUSE,
    EAFNOSUPPORT,
    EBADFD,
    EINVAL,
    EISCONN,
    EMSGSIZE,
    ENODEV,
    ENOTCONN,
    ENOTTY,
    EOPNOTSUPP,
    EPERM,
    fail,
)
from ..machine.host import Host
from ..network.frames import Frame, receive
from ..network.node import Node
from ..protocols.records import OPEN, End, Records
from .family import Family

ANY, UNSPECIFIED, FIRST_FREE = -1, -2, 32  # VCIs below FIRST_FREE are reserved
SO_ATMQOS, QOS_SIZE = 0x42020054, 84  # at the level SOL_ATM, 264
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


class AtmEnd(End):
    """What the protocol keeps: the circuit and its quality."""

    def __init__(self) -> None:
        super().__init__()
        self.circuit: AtmAddress | None = None
        self.quality = b""
        self.largest = 0


class Circuits(Records):
    """The circuits of one host."""

    name_of = "atm"
    end = AtmEnd

    def __init__(self, host: Host, node: Node) -> None:
        self.host, self.node = host, node
        self.interfaces = 1
        self.open: dict[AtmAddress, Any] = {}
        receive(node, ETH_P_ATM, self.arrive)

    # Names: bind and connect are the same call

    def bind(self, so: Any, address: bytes) -> None:
        """Open a circuit.

        EINVAL
            Not 12 bytes, or path and channel are 0.
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
        """
        if len(address) != SIZE:
            fail(EINVAL)
        if address[:2] != struct.pack("=H", AF_ATMPVC):
            fail(EAFNOSUPPORT)
        if not so.pcb.quality:
            fail(EBADFD)
        if so.pcb.circuit is not None:
            fail(EISCONN)
        wanted = AtmAddress.unpack(address)
        if not (wanted.vpi or wanted.vci):
            fail(EINVAL)
        if wanted.itf == ANY:
            wanted = wanted._replace(itf=0)
        if not 0 <= wanted.itf < self.interfaces:
            fail(ENODEV)
        if 0 < wanted.vci < FIRST_FREE and not self.host.privileged:
            fail(EPERM)
        circuit = self._choose(wanted)
        self.open[circuit] = so
        so.pcb.circuit, so.pcb.state = circuit, OPEN

    def _choose(self, wanted: AtmAddress) -> AtmAddress:
        """Put numbers in the place of any."""
        path = max(wanted.vpi, 0)
        if wanted.vci >= 0:
            found = AtmAddress(wanted.itf, path, wanted.vci)
            if found in self.open:
                fail(EADDRINUSE)
            return found
        vci = FIRST_FREE
        while AtmAddress(wanted.itf, path, vci) in self.open:
            vci += 1
        return AtmAddress(wanted.itf, path, vci)

    def connect(self, so: Any, address: bytes, wait: bool) -> bool:
        self.bind(so, address)
        return True

    def name(self, so: Any) -> bytes:
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
        so = self.open.get(frame.about)
        if so is not None:
            self.give(so, frame.data, None)

    def check_receive(self, so: Any, flags: int) -> None:
        if so.pcb.circuit is None:
            fail(ENOTCONN)
        if flags & ~(MSG_DONTWAIT | MSG_PEEK):
            fail(EOPNOTSUPP)

    def shutdown(self, so: Any, how: int) -> None:
        """Nothing: Linux's says yes and does nothing."""

    def release(self, so: Any) -> None:
        if so.pcb.circuit is not None:
            del self.open[so.pcb.circuit]

    # Quality of service, interfaces

    def set_option(self, so: Any, level: int, number: int, value: bytes) -> None:
        """SO_ATMQOS: a struct atm_qos; its largest frame to send is modelled."""
        if number != SO_ATMQOS or len(value) != QOS_SIZE:
            fail(EINVAL)
        so.pcb.quality = value
        so.pcb.largest = struct.unpack_from("=i", value, 20)[0]

    def get_option(self, so: Any, level: int, number: int, room: int) -> bytes:
        if number != SO_ATMQOS or room != QOS_SIZE or not so.pcb.quality:
            fail(EINVAL)
        return bytes(so.pcb.quality)

    def ioctl(self, so: Any, request: int, argument: bytes) -> tuple[int, bytes]:
        """SIOCSIFATMTCP: make another interface; returns its number."""
        if request != SIOCSIFATMTCP:
            fail(ENOTTY)
        if not self.host.privileged:
            fail(EPERM)
        self.interfaces += 1
        return self.interfaces - 1, argument


class AtmFamily(Family):
    """ATM of one host."""

    number = AF_ATMPVC
    name = "AF_ATMPVC"
    any_address = b""
    in_python = False

    def __init__(self, host: Host, node: Node) -> None:
        super().__init__(host)
        self.circuits = Circuits(host, node)

    def choose(self, kind: int, number: int) -> tuple[int, int, Any]:
        if kind == SOCK_STREAM:
            fail(EINVAL)
        return kind, 0, self.circuits
