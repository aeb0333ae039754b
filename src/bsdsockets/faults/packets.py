"""Faults of the network: datagrams lost, overtaken, doubled; everything late.

    transmit(packet) --> verdict: 0.0   on time
                                  0.01  late, so that the next one overtakes it
                                  None  lost

UDP and UDP-Lite promise none of what these take away.  Datagrams of UNIX sockets go by no
network: Linux loses none and keeps their order.

Sources: RFC 768; RFC 1122 4.1; POSIX.1-2024 2.10.6 (SOCK_DGRAM).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from ..machine.constants import IPPROTO_UDP, IPPROTO_UDPLITE
from ..machine.events import PacketSent
from ..network.packets import Packet
from .fault import Fault, judge

DATAGRAMS = (IPPROTO_UDP, IPPROTO_UDPLITE)


@dataclass(frozen=True)
class DatagramFault(Fault):
    """What happens to the first datagram, and to later ones by chance."""

    spares_the_next: ClassVar[bool] = False

    share: float = 0.25

    def start(self, machine: Any) -> Callable[[], None]:
        chance = self.chance(machine)
        before: list[bool] = []

        def verdict(packet: Packet) -> float | None:
            if packet.protocol not in DATAGRAMS:
                return 0.0
            spared = before == [True] and self.spares_the_next
            hit = not before or (chance.random() < self.share and not spared)
            before[:] = [hit]
            return self.strike(machine, packet) if hit else 0.0

        return judge(machine, verdict)

    def strike(self, machine: Any, packet: Packet) -> float | None:
        """Do it to this datagram; returns its delay, or None to lose it."""
        raise NotImplementedError


@dataclass(frozen=True)
class LostDatagrams(DatagramFault):
    """The first datagram is lost, and a *share* of the later ones."""

    name: ClassVar[str] = "lost datagrams"
    label: ClassVar[str] = "Lost datagrams"
    sentence: ClassVar[str] = ("The first UDP datagram never arrives, nor does one in four of "
                               "the later ones. The sender is not told.")
    rule: ClassVar[str] = ("RFC 768: delivery is not guaranteed; routers and full receive "
                           "buffers drop datagrams.")

    def strike(self, machine: Any, packet: Packet) -> float | None:
        return None


@dataclass(frozen=True)
class ReorderedDatagrams(DatagramFault):
    """The first datagram is overtaken, and a *share* of the later ones: each is late by
    *seconds*.
    """

    name: ClassVar[str] = "reordered datagrams"
    label: ClassVar[str] = "Reordered datagrams"
    sentence: ClassVar[str] = ("The first UDP datagram and some of the later ones are "
                               "late, and those sent after them arrive before them.")
    rule: ClassVar[str] = "RFC 768 promises no order; two datagrams may take different ways."
    spares_the_next: ClassVar[bool] = True  # which overtakes it

    share: float = 0.5
    seconds: float = 0.01

    def strike(self, machine: Any, packet: Packet) -> float | None:
        return self.seconds


@dataclass(frozen=True)
class DuplicatedDatagrams(DatagramFault):
    """The first datagram arrives twice, and a *share* of the later ones."""

    name: ClassVar[str] = "duplicated datagrams"
    label: ClassVar[str] = "Duplicated datagrams"
    sentence: ClassVar[str] = ("The first UDP datagram and one in four of the later ones "
                               "arrive twice.")
    rule: ClassVar[str] = ("RFC 768: duplicate protection is not guaranteed; a link that "
                           "repeats a frame duplicates what is in it.")

    def strike(self, machine: Any, packet: Packet) -> float | None:
        machine.host.observers.tell(PacketSent, "lo", packet)
        machine.node.loopback.queue.append(packet)
        return 0.0


@dataclass(frozen=True)
class SlowNetwork(Fault):
    """Every packet takes *seconds* to arrive, in virtual time."""

    name: ClassVar[str] = "slow network"
    label: ClassVar[str] = "Slow network"
    sentence: ClassVar[str] = ("Every packet of TCP and UDP takes a tenth of a second to "
                               "arrive, as from another continent.")
    rule: ClassVar[str] = ("No delay is promised: recv waits, or fails with EAGAIN, until "
                           "something has come.")

    seconds: float = 0.1

    def start(self, machine: Any) -> Callable[[], None]:
        return judge(machine, lambda packet: self.seconds)
