r"""A link carries packets from one interface to another: here, from loopback to itself.

    transmit(packet) ---> [ queue ] ---> node.deliver()      no delay
                    \---> clock ------> node.deliver()       a delay, in seconds

Sending only schedules.  Delivery is later: at the end of the system call, or when the
clock says so.  So no receiver runs inside a sender's call.

A *fault* decides what becomes of each packet: it returns a delay in seconds, or None for a
packet that is lost.

May not know: what is in a packet, who gets it.

Sources: Plan 9 ``loopbackmedium.c``; smoltcp ``phy/loopback.rs``.
"""

from collections import deque
from collections.abc import Callable

from ..machine.events import PacketComes, PacketLate, PacketLost, PacketSent
from ..machine.host import Host
from .packets import Packet

Fault = Callable[[Packet], float | None]


class Link:
    """A loopback link with a queue; *mtu* in bytes.

    ``fault`` is None, or is asked about every packet: it returns a delay in seconds, or None
    for a packet that is lost.  ``taps`` are called with each that is sent.

    >>> from bsdsockets import Machine
    >>> machine = Machine()
    >>> socket, time = machine.load("socket"), machine.load("time")
    >>> machine.node.loopback.fault = lambda packet: 0.2
    >>> with socket.create_server(("127.0.0.1", 0)) as server:
    ...     begin = time.monotonic()
    ...     socket.create_connection(server.getsockname()).close()
    ...     print(f"{time.monotonic() - begin:.1f} seconds: SYN, and what answers it")
    0.4 seconds: SYN, and what answers it
    >>> machine.close()
    """

    def __init__(self, host: Host, name: str, mtu: int = 65536) -> None:
        self.host = host
        self.name = name
        self.mtu = mtu
        self.queue: deque[Packet] = deque()
        self.is_up = True  # what is sent while it is down is lost
        self.fault: Fault | None = None
        self.taps: list[Callable[[Packet], object]] = []
        self.watchers: list[Callable[[Packet], None]] = []  # see what arrives
        self._observers = host.observers.callbacks
        self.arrive: Callable[[], object] = lambda: None

    @property
    def plain(self) -> bool:
        """True while nobody looks at the packets or interferes with them."""
        return self.is_up and not (
            self.queue or self._observers or self.watchers or self.taps or self.fault)

    def transmit(self, packet: Packet) -> None:
        """Send *packet*; it arrives later, or never, as the fault decides.  Waits for nothing."""
        if self.host.observers:
            self.host.observers.tell(PacketSent, self.name, packet)
        for tap in self.taps:
            tap(packet)
        delay = None if not self.is_up else self.fault(packet) if self.fault else 0.0
        if delay is None:
            self.host.observers.tell(PacketLost, self.name, packet)
        elif delay > 0:
            self.host.observers.tell(PacketLate, self.name, packet, delay)
            self.host.clock.after(delay, lambda: self._arrive_late(packet))
        else:
            self.queue.append(packet)

    def _arrive_late(self, packet: Packet) -> None:
        self.host.observers.tell(PacketComes, self.name, packet)
        self.queue.append(packet)
        self.arrive()
