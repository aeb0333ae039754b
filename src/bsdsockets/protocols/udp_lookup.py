"""Which socket a datagram is for: one, or every one that has a part in a group.

    connected to the sender > bound to the address > of IPv4, bound to the interface
                                                                      arrive --> _find
    joined, or IP_MULTICAST_ALL; bound to the broadcast address       arrive --> _members

May not know: what becomes of the datagram.

Sources: RFC 1122 4.1.3.5; Linux ``compute_score``, ``__udp_is_mcast_sock``; ip(7) for
IP_MULTICAST_ALL.
"""

from typing import Any

from ..machine.constants import AF_INET
from ..network.addresses import is_any, unmap
from ..network.packets import Datagram, Packet
from .datagram import Datagrams
from .ip_control import UNHEARD
from .ports import covers, one_of


class UdpLookup(Datagrams):
    """Finds sockets by the port, the addresses and the groups of a datagram."""

    def _find(self, packet: Packet, datagram: Datagram) -> Any:
        """The socket that fits best: connected to the sender, the last time of all that are,
        then bound to the address.
        """
        users = self.ports.users.get(datagram.destination)
        if not users:
            return None
        best, best_score = None, -1
        for so in self.ports.in_order(datagram.destination) if len(users) > 1 else users:
            score = self._score(so, packet, datagram)
            if score > best_score or (best and score == best_score
                                      and so.pcb.since > best.pcb.since):
                best, best_score = so, score
        if best is None or best.pcb.remote or not best.options.get("SO_REUSEPORT"):
            return best
        group = [so for so in users if so.options.get("SO_REUSEPORT")
                 and self._score(so, packet, datagram) == best_score]
        return one_of(group, packet.destination, datagram.destination,
                      packet.source, datagram.source)

    def _score(self, so: Any, packet: Packet, datagram: Datagram) -> int:
        """How well a socket fits; -1 for not at all."""
        if not covers(so, packet.destination):
            return -1
        score = (2 if so.family == AF_INET else 1) + bool(so.options.get("SO_BINDTODEVICE"))
        if not is_any(unmap(so.bound_address)):
            score += 16
        end = so.pcb
        if end.remote:
            if end.remote != packet.source or end.remote_port not in (0, datagram.source):
                return -1
            score += 8
        return score

    def _members(self, packet: Packet, kind: str) -> list[Any]:
        """Every socket that a broadcast or multicast datagram is for.

        The first that Linux finds is the last: it gets the datagram, and the others copies.
        """
        users = self.ports.in_order(packet.payload.destination)
        first, *others = [so for so in users if self._takes(so, packet, kind)] or [None]
        return others if first is None else [*others, first]

    def _takes(self, so: Any, packet: Packet, kind: str) -> bool:
        end = so.pcb
        if end.remote and (end.remote != packet.source
                           or end.remote_port != packet.payload.source):
            return False
        covered = covers(so, packet.destination)
        if kind == "broadcast" or not covered:
            return covered
        group, source = packet.destination, packet.source
        if self.node.kind(group) != "multicast":  # the first piece was for a group
            return kind != UNHEARD
        return self.node.groups.hear(group, source) and self.hears(so, group, source)
