"""What UDP and raw sockets share: connecting to a peer, records with their senders, errors.

    send    --> node.send                  receive <-- so.buffer: RecordQueue
    ICMP error that comes back --> so.error, and the error queue if IP_RECVERR asks for it

May not know: descriptors, threads, time.

Sources: Linux udp(7), ip(7); the order of checks as Linux 6.18 shows it.
"""

from typing import Any

from ..machine.constants import (
    AF_INET,
    AF_INET6,
    IPPROTO_UDP,
    MSG_DONTROUTE,
    MSG_DONTWAIT,
    MSG_ERRQUEUE,
    MSG_OOB,
    MSG_PEEK,
    MSG_TRUNC,
)
from ..machine.errors import (
    EAFNOSUPPORT,
    EDESTADDRREQ,
    ENOTCONN,
    EOPNOTSUPP,
    EPIPE,
    fail,
)
from ..network.addresses import (
    ANY4,
    LOOPBACK4,
    is_any,
    is_mapped,
    is_of_link,
    unmap,
)
from .buffers import Record, RecordQueue, look
from .datagram_end import DatagramEnd
from .datagram_ways import DatagramWays
from .internet import InternetAddress
from .ip_control import Choices, check_source, choices, told
from .protocol import (
    ARRIVED,
    CONNECTED,
    EVERYTHING,
    RECEIVE,
    SEND,
    WRITABLE_BAND,
    Message,
    ends_mask,
    error_mask,
    move_peek,
    peek_offset,
)


class Datagrams(DatagramWays):
    """Datagrams over IP, whatever their protocol."""

    def attach(self, so: Any) -> None:
        """Make what is kept for a new socket: no peer, and an empty queue of records."""
        so.pcb = DatagramEnd()
        so.buffer = RecordQueue()

    def is_active(self, so: Any) -> bool:
        """True once connect() has named a peer; bind() then fails with EINVAL."""
        return bool(so.pcb.remote)

    # Connecting

    def connect(self, so: Any, address: InternetAddress, wait: bool) -> bool:
        """Note the peer; nothing is sent.

        EINVAL
            The address is local to a link of IPv6, and none is named.
        ENETUNREACH
            An address of IPv4, and the socket is for IPv6 only; there is no route.
        EACCES
            A broadcast address, without SO_BROADCAST.
        EAFNOSUPPORT
            An address of IPv6, and the socket is bound to one of IPv4.

        Source: POSIX.1-2024 connect(); Linux ``__ip4_datagram_connect``.
        """
        self.prepare(so)
        end = so.pcb
        self.check_scope(so, address)
        remote = self.wire(so, address.address)
        try:
            source = self.choose_source(so, remote)
            if is_any(unmap(so.bound_address)):
                so.bound_address = self.dressed(so, source)
            end.source = end.source or source
            end.source4 = end.source4 or (source if ":" not in source else "")
        finally:
            self.aim(so, remote, address.port)
        self.ports.version += 1
        if (remote, address.port) != (end.remote, end.remote_port):
            end.since = self.ports.version
        end.remote, end.remote_port = remote, address.port
        so.state = CONNECTED
        return True

    def prepare(self, so: Any) -> None:
        """What happens before anything is sent: a port is chosen."""

    # Sending

    def send(self, so: Any, data: bytes, flags: int = 0, address: Any = None,
             control: tuple[Any, ...] = ()) -> int | None:
        """Send *data* as one packet; returns its length.  Never waits: the link takes all.

        EMSGSIZE, EOPNOTSUPP
            Too long for any; MSG_OOB.
        EINVAL, EDESTADDRREQ
            Port 0; no address is given, and none is connected to.
        EINVAL, ENODEV
            A control message that there is not, or with a value that cannot be.
        ENETUNREACH, EACCES, EAFNOSUPPORT
            No way there; broadcast without SO_BROADCAST; IPv6 from an address of IPv4.
        EMSGSIZE, ECONNREFUSED and others, EPIPE
            Too long for IP; the pending error; shut down for sending.

        Not modelled: EAGAIN, as the link is never slow.
        Source: POSIX.1-2024 sendmsg(); udp(7), raw(7); Linux ``udp_sendmsg``, ``raw_sendmsg``.
        """
        self.prepare(so)
        self.check_size(so, data, flags)
        if address is not None:
            remote, port = self.target(so, address.address), address.port
        else:
            remote, port = so.pcb.remote, so.pcb.remote_port
            if not remote:
                fail(EDESTADDRREQ)
        mapped = so.family == AF_INET6 and ":" not in remote
        if mapped:
            self.check_size4(data, flags)
        if mapped or address is not None:  # Linux hands it to IPv4 as if it were given
            self.check_port(so, port)
        scope = address.scope if address is not None and is_of_link(remote) else 0
        chosen = choices(so, control, remote, self.node.kind(remote) == "multicast", scope)
        if chosen.source and address is not None and ":" not in remote and is_any(
                unmap(address.address)):
            # where it seems to come from: this host has that address too
            remote = LOOPBACK4 if chosen.source == ANY4 else chosen.source
        fresh = address is not None or bool(flags & MSG_DONTROUTE) or any(
            level != IPPROTO_UDP for level, _, _ in control)
        source, remote, port = self.route(so, data, fresh, remote, port, chosen)
        self.check_length(so, data, remote, port, chosen)
        self.check_state(so, chosen)
        self.transmit(so, source, remote, port, data, chosen)
        if so.waiters and not so.pcb.collecting:
            so.wake(WRITABLE_BAND)  # what was sent has left the send buffer
        return len(data)

    def route(self, so: Any, data: bytes, fresh: bool, remote: str, port: int,
              chosen: Choices) -> tuple[str, str, int]:
        """Where a packet goes from, and to: an address and a port.

        *fresh*: the call has said something of its own about that.
        """
        check_source(so, chosen)
        usual = self.choose_source(so, remote, chosen)
        if ":" in remote and is_mapped(chosen.source):
            fail(EAFNOSUPPORT)
        return usual if chosen.source in ("", ANY4) else chosen.source, remote, port

    def target(self, so: Any, address: str) -> str:
        """The address that a packet to *address* carries."""
        return self.wire(so, address)

    def check_state(self, so: Any, chosen: Choices) -> None:
        """Fail with the pending error, or because the socket is shut down for sending."""
        if so.error:
            so.fail_pending()
        if so.shutdown & SEND:
            fail(EPIPE)

    def check_size(self, so: Any, data: bytes, flags: int) -> None:
        if flags & MSG_OOB:
            fail(EOPNOTSUPP)

    def check_size4(self, data: bytes, flags: int) -> None:
        """The same for IPv4 beneath a socket of IPv6."""

    def check_port(self, so: Any, port: int) -> None:
        """Fail if the port cannot be sent to at all."""

    def check_length(self, so: Any, data: bytes, remote: str, port: int, _: Choices) -> None:
        """Fail with EMSGSIZE if *data* does not fit into a packet."""

    def transmit(self, so: Any, source: str, remote: str, port: int, data: bytes,
                 chosen: Choices) -> None:
        raise NotImplementedError

    # Receiving

    def accept_record(self, so: Any, record: Record) -> bool:
        """Put a datagram into the buffer, or lose it if there is no room."""
        buffer = so.buffer
        if not self.fits(so, record):
            so.pcb.drops += 1
            return False
        if so.options and so.options.get("SO_RXQ_OVFL"):
            record = record._replace(drops=so.pcb.drops)
        buffer.append(record)
        if so.waiters:
            so.wake(ARRIVED)
        return True

    def hears(self, so: Any, group: str, source: str) -> bool:
        """True if what *source* sends to a group is for *so*: as it is a member, or, if it is
        none, because of IP_MULTICAST_ALL what other members here hear.
        """
        for member in so.groups:
            if member.group == group:
                return bool(member.hears(source))
        everything = "IPV6_MULTICAST_ALL" if ":" in group else "IP_MULTICAST_ALL"
        usual = int(":" in group or so.family == AF_INET)
        return bool(so.options.get(everything, usual))

    def fits(self, so: Any, record: Record) -> bool:
        """True if there is room; an empty buffer takes anything."""
        cost = so.buffer.cost
        return not cost or bool(cost + record.cost <= so.receive_size)

    def receive(self, so: Any, count: int, flags: int = 0) -> Message | None:
        """Take one datagram; what does not fit is lost, and MSG_TRUNC says so.

        None while none is there; shut down for receiving, a call that may wait gets b"".

        EAGAIN
            MSG_ERRQUEUE, and no error is kept.
        ECONNREFUSED and others
            The pending error, once.

        Source: POSIX.1-2024 recvmsg(); udp(7); Linux ``udp_recvmsg``.
        """
        if flags & MSG_ERRQUEUE:
            return self.receive_error(so, count)
        if so.error:
            so.fail_pending()
        if not so.buffer.records:
            if so.shutdown & RECEIVE and not flags & MSG_DONTWAIT:
                return Message(b"")
            return None
        if so.options:
            return self._taken(so, count, flags)
        record = self.first(so) if flags & MSG_PEEK else self.take(so)
        if record is None:
            return None
        data = record.data
        size = len(data)
        return Message(data if size <= count else data[:count], record.address, (),
                       0 if size <= count else MSG_TRUNC, size)

    def _taken(self, so: Any, count: int, flags: int) -> Message | None:
        """The same for a socket with options: SO_PEEK_OFF, and what it asked to be told."""
        peek = flags & MSG_PEEK
        record = self.first(so) if peek else self.take(so)
        skip, offset = 0, peek_offset(so, flags)
        if offset >= 0:
            record, skip = look(so.buffer.records, offset)
        if record is None:
            return None
        size = len(record.data)
        data = record.data[skip:skip + count]
        copied = size if flags & MSG_TRUNC else len(data)
        move_peek(so, copied if peek else -copied)
        cut = MSG_TRUNC if len(data) == count < size - skip or (
            skip and count <= size - skip) else 0
        return Message(data, record.address, told(so, record), cut, size)

    def first(self, so: Any) -> Record | None:
        """The record that MSG_PEEK shows."""
        return so.buffer.records[0]

    def take(self, so: Any) -> Record | None:
        """Remove the next record."""
        return so.buffer.take()

    # Ending, readiness, names

    def shutdown(self, so: Any, how: int) -> None:
        """End receiving, sending or both: *how* is RECEIVE, SEND or their sum.

        Nothing is sent, and everybody who waits wakes.  After RECEIVE a call that waits
        returns b"", and what has come can still be read; after SEND send() fails with EPIPE.

        ENOTCONN
            There is no peer.  What is asked for happens all the same.

        Source: POSIX.1-2024 shutdown(); Linux ``inet_shutdown``.
        """
        so.shutdown |= how
        so.wake(EVERYTHING)
        if not so.pcb.remote:
            fail(ENOTCONN)

    def release(self, so: Any) -> None:
        """The last close: give the port back; what was not read is lost.

        Never waits and never fails: what was sent is on the link, and IP keeps no copy.

        Source: POSIX.1-2024 close(); RFC 1122 4.1.
        """
        so.dead = True
        if so.port:
            self.ports.remove(so, so.port)

    def ready(self, so: Any) -> int:
        """What poll() says, as a mask of POLLIN and its like.

        POLLIN
            A record waits, or the socket is shut down for receiving.
        POLLOUT
            Always, unless what MSG_MORE and UDP_CORK collect takes half of the send buffer.
        POLLERR
            An error is pending, or one is in the queue that MSG_ERRQUEUE reads.
        POLLHUP, POLLRDHUP
            The socket is shut down in both directions, or for receiving.

        Source: Linux ``datagram_poll``.
        """
        mask = WRITABLE_BAND
        if so.pcb.pending is not None and so.pcb.used + 1 >= so.send_size >> 1:
            mask = 0
        if so.error or so.pcb.errors:
            mask |= error_mask(so)
        return mask | ends_mask(so, bool(so.buffer.records))

    def peer(self, so: Any) -> InternetAddress:
        """The address and the port that connect() named.

        ENOTCONN
            The socket is not connected, or to port 0.

        Source: POSIX.1-2024 getpeername(); Linux ``inet_getname``.
        """
        end = so.pcb
        if not end.remote or not end.remote_port:
            fail(ENOTCONN)
        return InternetAddress(self.dressed(so, end.remote), end.remote_port)
