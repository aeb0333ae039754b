"""X.25's calls are set up here: names, listeners, who gets a call.

    connect:  CALL --------> the listener with the number, which accepts at once
              <-------- ACCEPTED, or CLEAR
    connect again: what came of it

A connect() takes the role of a listener from its socket, whatever comes of it.

May not know: descriptors, threads, what is said in a call.

Sources: ITU-T X.25; <linux/x25.h>; Linux x25(7), ``net/x25/af_x25.c`` for the order of checks;
the answers as seen on Linux 6.1 (docs/reference/families/x25.md).
"""

from typing import Any

from ..machine.errors import (
    EALREADY,
    EINVAL,
    EISCONN,
    ENETUNREACH,
    EOPNOTSUPP,
    fail,
)
from ..machine.host import Host
from ..network.frames import ETH_P_X25, find, send
from ..network.node import Interface, Node
from .protocol import CONNECTING, UNCONNECTED
from .records import OPEN, OPENING
from .x25_call import ANYBODY, Call, digits_of, pack
from .x25_packet import (
    ACCEPTED,
    CALL,
    CLEAR,
    DATA,
    RECEIVE_READY,
    Facilities,
    X25Packet,
    encode,
)
from .x25_settings import Settings


class SetUp(Settings):
    """How the calls of one host begin; `so.state` is what connect() has been told."""

    name_of = "x25"
    end = Call
    tells_length = False

    def __init__(self, host: Host, node: Node) -> None:
        super().__init__(host, node)
        self.listeners: list[Any] = []
        self.calls: dict[tuple[int, int], Any] = {}

    # Names

    def bind(self, so: Any, address: bytes) -> None:
        """Take a number; any socket may have any.  Fifteen spaces are every number.

        EINVAL
            Not 18 bytes, not digits, or the socket has a number.
        """
        text = digits_of(address)
        if so.pcb.name or (text not in ("", ANYBODY) and not text.isdigit()):
            fail(EINVAL)
        so.pcb.name = pack(text)

    def name(self, so: Any) -> bytes:
        return so.pcb.name or pack("")

    # Calls

    def listen(self, so: Any, backlog: int) -> None:
        """Take calls for the socket's number; without one, there are none.

        EINVAL
            The socket is in a call, or was.
        EOPNOTSUPP
            It listens already.
        """
        if so.state != UNCONNECTED:
            fail(EINVAL)
        if so.queue is not None:
            fail(EOPNOTSUPP)
        so.start_queue(backlog)
        self.listeners.append(so)

    def connect(self, so: Any, address: bytes, wait: bool) -> bool | None:
        """Call a number; waits until the call is accepted or cleared.

        *address* is a sockaddr_x25.  The call carries the facilities and the user data that were
        set, and both ends have the facilities of the answer.

        EISCONN, EALREADY
            There is a call, or one is being set up.
        EINVAL
            Not an address, or the socket has no number of its own.
        ENETUNREACH
            No route to the number, or no free channel.
        ECONNREFUSED
            The call was cleared.
        """
        if so.state == CONNECTING:
            return self.asked_again(so, EALREADY)
        if so.pcb.state == OPEN:
            fail(EISCONN)
        self._listen_no_more(so)
        so.state = UNCONNECTED
        called = digits_of(address)
        interface = self._way_to(called)
        if interface is None:
            fail(ENETUNREACH)
        so.pcb.interface, so.pcb.facilities = None, so.pcb.facilities.limited()
        if not so.pcb.name:
            fail(EINVAL)
        so.state = CONNECTING
        self._open(so, interface, self._free(interface), address)
        so.pcb.state = OPENING
        self._send(so, X25Packet(so.pcb.channel, CALL, so.pcb.user_data, called=called,
                                 calling=digits_of(so.pcb.name), facilities=so.pcb.facilities))
        so.pcb.user_data = b""
        return None

    def _listen_no_more(self, so: Any) -> None:
        if so in self.listeners:
            self.listeners.remove(so)
            self.release_queue(so)
            so.queue, so.listening = None, False

    def _way_to(self, number: str) -> Interface | None:
        """The interface of the longest route that the number begins with."""
        fitting = [digits for digits in self.routes if number.startswith(digits)]
        return find(self.node, self.routes[max(fitting, key=len)]) if fitting else None

    def _free(self, interface: Interface) -> int:
        return next(channel for channel in range(1, 4096)
                    if (interface.index, channel) not in self.calls)

    def _open(self, so: Any, interface: Interface, channel: int, remote: bytes) -> None:
        so.pcb.interface, so.pcb.channel, so.pcb.remote = interface, channel, remote
        self.calls[interface.index, channel] = so

    def _called(self, interface: Interface, packet: X25Packet) -> None:
        """A call comes: the listener's new socket accepts it, or it is cleared."""
        so = self._listener(packet)
        agreed = so and so.pcb.facilities.agree(packet.facilities or Facilities())
        if so is None or agreed is None or so.queue.is_full():
            send(interface, ETH_P_X25, b"\0" + encode(X25Packet(packet.channel, CLEAR, b"\1\0")),
                 0)
            return
        end = Call()
        end.name, end.state = pack(packet.called), OPEN
        end.facilities, end.approves, end.user_data = agreed, so.pcb.approves, packet.data
        asked_throughput = bool(packet.facilities and packet.facilities.throughput)
        end.told_facilities = agreed._replace(
            reverse=0, throughput=agreed.throughput if asked_throughput else 0)
        child = so.new_connection(end)
        self._open(child, interface, packet.channel, pack(packet.calling))
        if not end.approves:
            self.answer(child)

    def _listener(self, packet: X25Packet) -> Any:
        """Who gets a call: the one whose user data it begins with, else the oldest.

        A call with less user data than is to match is anybody's.
        """
        best = None
        for so in self.listeners:
            if not so.pcb.name or digits_of(so.pcb.name) not in (ANYBODY, packet.called):
                continue
            length = so.pcb.match
            if not length or len(packet.data) < length:
                best = best or so
            elif packet.data.startswith(so.pcb.user_data[:length].ljust(length, b"\0")):
                return so
        return best

    def answer(self, so: Any) -> None:
        """Accept the call."""
        self._send(so, X25Packet(so.pcb.channel, ACCEPTED, facilities=so.pcb.told_facilities))

    def _send(self, so: Any, packet: X25Packet) -> None:
        """Send a packet; what came is acknowledged with it if it can say so."""
        call = so.pcb
        if packet.kind in (DATA, RECEIVE_READY):
            packet = packet._replace(receive=call.wanted)
            call.told = call.wanted
            if call.timer is not None:
                call.timer.cancel()
                call.timer = None
        send(call.interface, ETH_P_X25, b"\0" + encode(packet), 0)
