"""UDP: datagrams between ports.

    send --> Datagram --> node ... node --> receive --> the socket with the port
                                               |
                                               +--> ICMP port unreachable, if none has it

May not know: descriptors, threads, time.

Sources: RFC 768; RFC 1122 4.1; Linux udp(7).
"""

from contextlib import suppress
from typing import Any

from ..machine.constants import (
    AF_INET,
    IPPROTO_UDP,
    MSG_MORE,
    MSG_OOB,
)
from ..machine.errors import EAGAIN, EINVAL, EMSGSIZE, ENOBUFS, EOPNOTSUPP, fail
from ..network.addresses import ANY4
from ..network.node import Node
from ..network.packets import Datagram, Packet
from ..network.wire import encode_payload, most_quoted
from .buffers import Record, packet_cost
from .filtering import kept_of
from .icmp import IcmpErrors
from .internet import InternetAddress
from .ip_control import UNHEARD, Choices, hops, may_fragment, prepared
from .ports import Ports
from .protocol import WRITABLE_BAND, arrival
from .udp_lookup import UdpLookup
from .udp_segments import FIRST6, WHOLE6, condensed, head_of, made, paged_cost, parts

REROUTING = ("SO_DONTROUTE", "SO_BINDTODEVICE", "SO_BINDTOIFINDEX")
MAPPED_ANY = "::ffff:0.0.0.0"
IN_TWO6 = 67144  # what two packets of IPv6 cost, the greatest and the rest
SHORT = 65000  # bytes that fit into a datagram whatever its headers
_tuple = tuple.__new__
UDP_HEADER = 8  # bytes
LONGEST = 65535  # bytes that a length field counts, headers included


def trimmed(packet: Packet) -> Packet:
    """A packet that a program made, without what is behind the length that UDP's header says."""
    behind = len(packet.made) and len(encode_payload(packet)) - 8 - len(packet.payload.data)
    return packet._replace(made=packet.made[:-behind]) if behind else packet


class Udp(UdpLookup):
    """UDP of one host; UDP-Lite is the same with another number."""

    name_of = "udp"

    def __init__(self, node: Node, errors: IcmpErrors, number: int = IPPROTO_UDP) -> None:
        super().__init__(node, Ports(node.host, listening_matters=False))
        self.number = number
        self.errors = errors
        node.register(number, self.arrive)
        errors.register(number, self.refused)

    def prepare(self, so: Any) -> None:
        """Choose a port if the socket has none.

        EAGAIN
            None is free.

        Source: Linux ``inet_autobind``; bind() says EADDRINUSE for that.
        """
        if not so.port:
            try:
                self.autobind(so)
            except OSError:
                fail(EAGAIN)

    def check_size(self, so: Any, data: bytes, flags: int) -> None:
        if so.family == AF_INET:
            self.check_size4(data, flags)

    def check_size4(self, data: bytes, flags: int) -> None:
        if len(data) > 0xFFFF:
            fail(EMSGSIZE)
        if flags & MSG_OOB:
            fail(EOPNOTSUPP)

    def check_port(self, so: Any, port: int) -> None:
        if port == 0:
            fail(EINVAL)

    def check_length(self, so: Any, data: bytes, remote: str, port: int,
                     chosen: Choices) -> None:
        six = ":" in remote
        if self._is_too_long(so, len(data), six, chosen):
            self.too_long(so, remote, port)
        more = chosen.options
        if six and len(data) + more > WHOLE6 and 2 * so.send_size + more < FIRST6:
            self.check_state(so, chosen)
            fail(ENOBUFS)  # the second of its two fragments finds no room

    @staticmethod
    def _is_too_long(so: Any, size: int, six: bool, chosen: Choices) -> bool:
        """True if a datagram with *size* bytes does not fit into a packet, with what else is there.

        IPV6_DSTOPTS counts twice.  Source: Linux ``ip6_append_data``.
        """
        whole = size + chosen.options + chosen.behind
        return whole > LONGEST - (8 if six else 28) or (
            six and whole > WHOLE6 and chosen.stays_whole6(so))

    def connect(self, so: Any, address: InternetAddress, wait: bool) -> bool:
        """Note the peer and the way there; nothing is sent, and nothing waits.

        The errors are those of `Datagrams.connect`; EAGAIN, where no port is free, comes first.

        Source: udp(7); Linux ``__ip4_datagram_connect``, ``__ip6_datagram_connect``.
        """
        end = so.pcb
        end.routed, end.known = False, None
        end.routed = super().connect(so, address, wait)
        return True

    def route(self, so: Any, data: bytes, fresh: bool, remote: str, port: int,
              chosen: Choices) -> tuple[str, str, int]:
        end = so.pcb
        kept = not fresh and so.family == AF_INET and not so.options.get("SO_DONTROUTE")
        if kept and end.routed and self.node.loopback.is_up:
            if end.collecting:
                end.flow = end.flow[0], remote, port
            return end.flow
        way = super().route(so, data, fresh, remote, port, chosen)
        end.routed |= kept
        if end.collecting:
            end.flow = way
        return way

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int | None:
        """Send one datagram, or with MSG_MORE and UDP_CORK add to one that goes later.

        The errors are those of `Datagrams.send`; a piece that follows can fail only with
        EMSGSIZE and EOPNOTSUPP, or EINVAL where it is IPv4's and the datagram IPv6's.

        Source: RFC 768; udp(7); Linux ``udp_sendmsg``.

        >>> from bsdsockets import Machine
        >>> machine = Machine(); socket = machine.load("socket")
        >>> one, two = (socket.socket(type=socket.SOCK_DGRAM) for _ in "12")
        >>> two.bind(("127.0.0.1", 0)); one.connect(two.getsockname())
        >>> one.send(b"one, ", socket.MSG_MORE), one.send(b"two"), two.recv(99)
        (5, 3, b'one, two')
        >>> one.close(); two.close(); machine.close()
        """
        end = so.pcb
        known = end.known
        if known is not None and known[0] == self.ports.version and known[1] == address:
            size = len(data)
            usual = size <= SHORT and not (flags or control or so.error or so.shutdown)
            if usual and end.pending is None and self.node.loopback.plain:
                cost = packet_cost(size, known[4])
                record = _tuple(Record, (data, known[3], (), cost, known[5], None, False, 0))
                self.accept_record(known[2], record)
                if so.waiters:
                    so.wake(WRITABLE_BAND)
                return size
        if end.pending is not None or flags & MSG_MORE or so.options.get("UDP_CORK"):
            return self._collect(so, data, flags, address, control)
        plain = self.node.loopback.plain and not so.options and not control
        sent = super().send(so, data, flags, address, control)
        if plain:
            self._remember(so, end, address)
        return sent

    def _collect(self, so: Any, data: bytes, flags: int, address: Any, control: Any) -> int:
        """MSG_MORE and UDP_CORK: add to the datagram that is being made, which is sent later.

        Only the first piece is sent as if alone: what it asks for counts, and what it finds.
        """
        end = so.pcb
        if end.pending is None:
            end.collecting = True
            try:
                super().send(so, data, flags, address, control)
            finally:
                end.collecting = False
        else:
            self._check_piece(so, end, data, flags, address)
            end.pending += data
            end.used += len(data)
            end.pages += len(data)
        if not flags & MSG_MORE and not so.options.get("UDP_CORK"):
            self.uncork(so)
        return len(data)

    def _check_piece(self, so: Any, end: Any, data: bytes, flags: int, address: Any) -> None:
        six = end.six
        mapped = address is not None and ":" in address.address and (
            ":" not in self.wire(so, address.address))
        if mapped or not six:
            self.check_size4(data, flags)
        if mapped and six:
            fail(EINVAL)  # the datagram that is being collected is one of IPv6
        before, more = len(end.pending), end.chosen.options
        too_long = self._is_too_long(so, before + len(data), six, end.chosen)
        second = six and before + more <= WHOLE6 < before + len(data) + more
        if too_long or (second and end.used > 2 * so.send_size):
            end.pending = None
            so.wake(WRITABLE_BAND)  # what was collected has left the send buffer
            if too_long:
                self.too_long(so, *end.flow[1:])
            fail(ENOBUFS)
        if second:
            cost = packet_cost(len(data), head_of(end.flow[1]))
            end.used = max(end.used + cost, IN_TWO6 - more) - len(data)

    def _remember(self, so: Any, end: Any, address: Any) -> None:
        """Keep what the next datagram to *address* would find: the fast path."""
        if address is not None:
            remote, port = self.wire(so, address.address), address.port
        elif so.family == AF_INET:
            _, remote, port = end.flow
        else:
            remote, port = end.remote, end.remote_port
        if self.node.kind(remote) != "local":
            return
        source = self.choose_source(so, remote)
        packet = Packet(source, remote, self.number, Datagram(so.port, port, b""))
        target = self._find(packet, packet.payload)
        if target is not None and not target.options:
            sender = InternetAddress(self.dressed(target, source), so.port)
            end.known = (self.ports.version, address, target, sender, head_of(remote),
                         packet._replace(interface=0))

    def uncork(self, so: Any) -> None:
        """Send what was collected, if anything was, as one datagram."""
        end = so.pcb
        if end.pending is None:
            return
        data, end.pending = end.pending, None
        source, remote, port = end.flow
        self._go(so, source, remote, port, data, end.chosen, end.pages, end.kind)
        so.wake(WRITABLE_BAND)

    def option_changed(self, so: Any, option: str) -> None:
        """Do what an option asks for at once: UDP_CORK off sends what was collected.

        Every option may change where datagrams go, so what `send` remembers is forgotten.
        """
        self.ports.version += 1
        about = so.options.get("IP_TOS", 0), so.options.get("SO_MARK", 0)
        if option in REROUTING or about != so.pcb.about:
            so.pcb.routed, so.pcb.about = False, about
        if option == "UDP_CORK" and not so.options["UDP_CORK"]:
            with suppress(OSError):  # what cannot be sent is lost
                self.uncork(so)

    def transmit(self, so: Any, source: str, remote: str, port: int, data: bytes,
                 chosen: Choices) -> None:
        end = so.pcb
        if end.collecting:
            end.flow, end.pending, end.chosen = (source, remote, port), data, chosen
            end.known, end.six, end.kind = None, ":" in remote, self.node.kind(remote)
            if end.kind == "multicast" and not self.node.groups.hear(remote, source):
                end.kind = UNHEARD
            end.pages = len(data) if chosen.segment else 0
            in_two = end.six and len(data) + chosen.options > WHOLE6
            end.used = IN_TWO6 - chosen.options if in_two else (
                paged_cost(len(data), end.pages, remote))
        else:
            pages = len(data) if chosen.segment else 0
            self._go(so, source, remote, port, data, chosen, pages)

    def _go(self, so: Any, source: str, remote: str, port: int, data: bytes,
            chosen: Choices, pages: int, routed: str = "") -> None:
        try:
            datagram = made(so, remote, port, data, chosen, pages)
        except OSError:
            so.wake(WRITABLE_BAND)  # it has been in the send buffer
            raise
        packet = Packet(source, remote, self.number, datagram,
                        hops(so, chosen, remote, routed or self.node.kind(remote)),
                        chosen.tos, fragment=may_fragment(so), mark=chosen.mark, routed=routed)
        if chosen.stamps:
            self.stamp(so, packet, chosen.stamps)
        self.node.send(packet)

    def arrive(self, packet: Packet) -> None:
        """Give a datagram to the socket with its port, or answer that there is none.

        One for a group or a broadcast address goes to every socket that has a part in it, and
        nobody answers; any other to the one that fits best: connected to the sender, bound to
        the address, of IPv4; of several equals that share the port by SO_REUSEPORT, to the one
        that a hash of both ends names.  Without room in the receive buffer it is lost.

        Source: RFC 768; RFC 1122 4.1.3.1, 4.1.3.5; Linux ``__udp4_lib_rcv``, ``compute_score``.
        """
        datagram = packet.payload
        if isinstance(datagram, bytes):
            return  # a program made it, and it is none
        kind = packet.routed or self.node.kind(packet.destination)
        if kind in ("multicast", "broadcast", UNHEARD):
            for so in self._members(packet, kind):
                self._give(so, packet, datagram)
            return
        so = self._find(packet, datagram)
        if so is None:
            if not datagram.unchecked:
                self.errors.port_unreachable(trimmed(packet))
        else:
            self._give(so, packet, datagram)

    def _give(self, so: Any, packet: Packet, datagram: Datagram) -> None:
        if not (datagram.segment or datagram.unchecked):
            self._give_one(so, packet, datagram)
            return
        for part in parts(so, datagram, ":" in packet.source):
            self._give_one(so, packet._replace(payload=part), part)

    def _give_one(self, so: Any, packet: Packet, datagram: Datagram) -> None:
        source = self.dressed(so, packet.source)
        if packet.source == ANY4 and so.family != AF_INET:
            source = MAPPED_ANY
        sender = InternetAddress(source, datagram.source)
        data, pages = datagram.data, datagram.pages
        cost = paged_cost(len(data), pages, packet.source)
        if "SO_ATTACH_FILTER" in so.options:
            count = kept_of(so, packet, UDP_HEADER)
            if not count:
                so.pcb.drops += 1
                return
            data = data[:count - UDP_HEADER]
        if len(data) > WHOLE6 and ":" in packet.source:
            cost = IN_TWO6
        record = Record(data, sender, (), cost, prepared(so, packet), arrival(so))
        if pages and 2 * so.buffer.cost > so.receive_size and self.fits(so, record):
            record = record._replace(cost=condensed(len(data), pages, packet.source))
        self.accept_record(so, record)

    def first(self, so: Any) -> Record | None:
        """The record that is next; looking at it is the beginning of a batch too."""
        so.pcb.batch = so.pcb.batch or len(so.buffer.records)
        return super().first(so)

    def take(self, so: Any) -> Record:
        """Remove the next record.  What it cost is free with the last of a batch.

        Linux takes all that waits at once, and gives the room back a quarter of the buffer at
        a time (``udp_rmem_release``).
        """
        buffer, end = so.buffer, so.pcb
        if not end.batch and len(buffer.records) == 1:
            return buffer.take()
        end.batch = (end.batch or len(buffer.records)) - 1
        record: Record = buffer.records.popleft()
        end.deficit += record.cost
        if not end.batch or end.deficit >= so.receive_size >> 2:
            buffer.cost -= end.deficit
            end.deficit = 0
        return record

    def refused(self, packet: Packet, about: Packet, number: int) -> None:
        """An ICMP error, *number* as an errno, about a datagram sent from here.

        The socket that an answer would go to learns of it, be it another one of its port: a
        connected one of ECONNREFUSED, one with IP_RECVERR or IPV6_RECVERR of any error, with
        what was sent (MSG_ERRQUEUE).

        Source: RFC 1122 4.1.3.3; ip(7) IP_RECVERR; Linux ``__udp4_lib_err``.
        """
        datagram = about.payload
        so = self._find(
            about._replace(source=about.destination, destination=about.source),
            datagram._replace(source=datagram.destination, destination=datagram.source))
        if so is not None:
            to = InternetAddress(self.dressed(so, about.destination), datagram.destination)
            six = ":" in packet.source
            headers = 48 if six else 28
            quoted = datagram.data[:most_quoted(six) - headers]
            self.returned(so, number, to, quoted, six, 8 + headers + len(quoted), packet)
