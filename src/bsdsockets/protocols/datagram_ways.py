"""The way of datagrams: where they come from, and where what is collected goes.

    remote, control message, options --> choose_source --> the source address
    connect() over IPv4 --> aim --> the flow of what is collected

May not know: descriptors, threads, time.

Sources: Linux udp(7), ip(7), ipv6(7).
"""

import struct
from typing import Any

from ..machine.errors import EACCES, EAFNOSUPPORT, ENETUNREACH, fail
from ..network.addresses import (
    ANY4,
    ANY6,
    BROADCAST4,
    LOOPBACK4,
    is_any,
    is_mapped,
    pack,
    unmap,
    unpack,
)
from .datagram_errors import DatagramErrors
from .ip_control import PLAIN, Choices, check_source
from .ports import PLACE_HOLDER

Flow = tuple[str, str, int]  # from, to, port


def overwritten(six: Flow, four: Flow, port: int) -> Flow:
    """Where a datagram of IPv6 goes after connect() over IPv4 has written over its address.

    The two addresses and ports of IPv4 are its first twelve bytes then.
    """
    source, remote, remote_port = four
    ports = struct.pack("!HH", remote_port, port)
    written = pack(source) + pack(remote) + ports + pack(six[1])[12:]
    return six[0], unpack(written), six[2]


class DatagramWays(DatagramErrors):
    """Finds the way of each datagram."""

    def aim(self, so: Any, remote: str, port: int) -> None:
        """Note where connect() over IPv4 pointed, even where it failed.

        Linux has one place (``inet->cork.fl``) for the addresses of the peer, whose route is
        kept, and of the datagram that MSG_MORE collects: each may change the other's.
        """
        if ":" in remote:
            return
        end = so.pcb
        usual = ANY4 if end.source4 == ANY4 else LOOPBACK4
        flow = (self.own_source(so, 4) or usual, remote, port)
        end.flow = overwritten(end.flow, flow, so.shown_port) if (
            end.pending is not None and end.six) else flow

    def choose_source(self, so: Any, remote: str, choice: Choices = PLAIN) -> str:
        """The source address for packets to *remote*, or the error that there is no way.

        A message with IP_PKTINFO leaves it to the way there, where it names none: ip(7).
        """
        if ":" in remote or not choice.interface:
            self.check_device(so, remote)
        bound, chosen = so.bound_address, choice.source
        device = choice.interface or so.options.get("SO_BINDTODEVICE")
        kind, of_bound = self.node.kind(remote), self.node.kind(bound)
        if ":" not in remote and not chosen and (is_mapped(bound) or of_bound == "remote"):
            check_source(so, PLAIN._replace(source=unmap(bound)))
        has_own = self.node.kind(unmap(bound)) == "local"
        own = unmap(chosen or (bound if has_own else so.pcb.source))
        own = "" if chosen == ANY4 else own
        if ":" in own and ":" not in remote:
            own = PLACE_HOLDER if so.explicit_address else so.pcb.source4
        if chosen and chosen == remote and not (":" in remote and kind == "multicast"):
            source = chosen  # to itself, whoever that is
        elif own and self.node.kind(own) == "local" and ":" not in remote and (
                kind == "multicast" or remote == BROADCAST4):
            source = own  # the interface that has it is the way
        elif ":" not in remote and device and (
                kind in ("multicast", "remote") or remote == BROADCAST4):
            # whatever the routes say; but 127.0.0.1 is no address for the world beyond
            named = kind == "multicast" and so.options.get("IP_MULTICAST_IF chosen")
            source = self.multicast_source(so, remote) if named else ANY4
        elif ":" in remote and ((kind != "local" and (":" in own or not is_any(bound)))
                                or self.leads_away(so)):
            fail(ENETUNREACH)  # no source has to be found
        elif kind == "multicast":
            source = self.multicast_source(so, remote)
        else:
            source = self.node.source_for(remote)
        if kind == "broadcast" and not so.options.get("SO_BROADCAST"):
            fail(EACCES)
        usual = bound if of_bound == "local" else so.pcb.source or ANY6
        if ":" in remote and not chosen and (is_mapped(bound) or ":" not in usual):
            fail(EAFNOSUPPORT)  # it has an IPv4 address and no other
        return (chosen != ANY4 and self.own_source(so, 6 if ":" in remote else 4)) or source

    def multicast_source(self, so: Any, remote: str) -> str:
        """The address that IP_MULTICAST_IF gave for what goes to groups, if it chose an interface.

        ENETUNREACH
            It is none of this host.  Linux's loopback interface has no route for IPv6's groups.
        """
        if ":" in remote or not so.options.get("IP_MULTICAST_IF chosen"):
            return self.node.source_for(remote)
        source = unpack(so.options["IP_MULTICAST_IF"])
        if source != ANY4 and self.node.kind(source) != "local":
            fail(ENETUNREACH)
        return source
