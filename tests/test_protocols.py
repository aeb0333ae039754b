"""The protocols, named after the sentences of their standards, in their order."""

import errno
import random
import struct
from collections.abc import Callable
from typing import Any

import pytest

from bsdsockets import Machine
from bsdsockets.machine.events import PacketSent, StateChanged
from bsdsockets.network.packets import ACK, SYN, Packet, Segment
from bsdsockets.protocols import tcp_states as states
from bsdsockets.protocols.buffers import StreamBuffer

LO = ("127.0.0.1", 0)
SIOCOUTQ, SIOCOUTQNSD = 0x5411, 0x894B


class Talk:
    """A connected pair of TCP sockets on a machine of its own, and what was seen."""

    def __init__(self, fault: Callable[[Packet], float | None] | None = None,
                 watched: bool = True) -> None:
        self.machine = Machine()
        self.socket = self.machine.load("socket")
        self.time = self.machine.load("time")
        self.events: list[Any] = []
        if watched:  # or it takes the short ways
            self.machine.observe(self.events.append)
        self.server = self.socket.create_server(LO)
        self.client = self.socket.create_connection(self.server.getsockname())
        self.connection, _ = self.server.accept()
        self.machine.node.loopback.fault = fault

    def states(self, socket_number: int) -> list[str]:
        return [event.after for event in self.events
                if isinstance(event, StateChanged) and event.socket == socket_number]

    def data_segments(self) -> list[int]:
        """The lengths of the segments with data, in order."""
        return [len(event.packet.payload.data) for event in self.events
                if isinstance(event, PacketSent) and event.packet.payload.data]

    def state(self, sock: Any) -> str:
        number = sock.getsockopt(self.socket.IPPROTO_TCP, self.socket.TCP_INFO, 1)[0]
        return next(state for state, known in states.NUMBERS.items() if known == number)

    def bytes_of(self, sock: Any, request: int) -> int:
        """SIOCOUTQ: bytes not acknowledged; SIOCOUTQNSD: of these, bytes not sent."""
        answer = self.machine.load("fcntl").ioctl(sock.fileno(), request, bytes(4))
        return int.from_bytes(answer, "little")

    def __enter__(self) -> "Talk":
        return self

    def __exit__(self, *details: object) -> None:
        for each in (self.client, self.connection, self.server):
            each.close()
        self.machine.close()


# RFC 9293 3.3.2: the states


def test_every_state_can_be_reached_and_every_connection_can_end() -> None:
    reached = {after for (_, _), after in states.TABLE.items()}
    assert reached == set(states.NUMBERS)
    assert all(states.after(state, states.ABORT) == states.CLOSED for state in reached)


def test_a_client_that_closes_first_goes_through_time_wait() -> None:
    with Talk() as talk:
        talk.client.close()
        assert talk.connection.recv(1) == b""
        talk.connection.close()
    seen = talk.states(2)
    assert seen[:4] == ["SYN-SENT", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"]
    assert talk.states(3)[-3:] == ["CLOSE-WAIT", "LAST-ACK", "CLOSED"]


def test_a_socket_that_connects_to_itself_opens_simultaneously() -> None:
    machine = Machine()
    socket = machine.load("socket")
    changes: list[Any] = []
    machine.observe(changes.append)
    with socket.socket() as alone:
        alone.bind(LO)
        alone.connect(alone.getsockname())
        assert alone.getpeername() == alone.getsockname()
        alone.send(b"hello")
        assert alone.recv(9) == b"hello"
    seen = [event.after for event in changes if isinstance(event, StateChanged)]
    assert seen[:3] == ["SYN-SENT", "SYN-RECEIVED", "ESTABLISHED"]


# RFC 9293 3.5: establishing


def test_a_port_nobody_listens_on_answers_with_a_reset() -> None:
    with Talk() as talk, talk.socket.socket() as other:
        talk.server.close()
        address = talk.connection.getsockname()
        talk.client.close()
        talk.connection.close()
        with pytest.raises(ConnectionRefusedError):
            other.connect(address)


def test_the_window_clamp_is_what_a_syn_could_tell_until_it_is_answered() -> None:
    machine = Machine()
    socket = machine.load("socket")

    def clamp(sock: Any) -> int:
        return int(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP))

    with socket.socket() as sock, socket.create_server(LO) as server:
        told = [clamp(sock), clamp(server)]
        sock.setblocking(False)
        for number in errno.EINPROGRESS, errno.ECONNREFUSED:  # when it is told, all is forgotten
            assert sock.connect_ex(("127.0.0.1", 9)) == number
            told.append(clamp(sock))
        sock.setblocking(True)
        sock.connect(server.getsockname())
        assert [*told, clamp(sock)] == [0, 0, 65535 << 10, 0, 65536]
    machine.close()


@pytest.mark.parametrize("backlog", [0, 1, 2, 5])
def test_a_full_queue_drops_a_request_which_is_sent_again(backlog: int) -> None:
    machine = Machine()
    socket = machine.load("socket")
    with socket.create_server(LO, backlog=backlog) as server:
        clients = []
        for _ in range(backlog + 2):
            client = socket.socket()
            client.setblocking(False)
            assert client.connect_ex(server.getsockname()) == errno.EINPROGRESS
            clients.append(client)
        done = [client.connect_ex(server.getsockname()) for client in clients]
        assert done == [0] * (backlog + 1) + [errno.EALREADY], "one more than the backlog"
        server.accept()[0].close()
        clients[-1].setblocking(True)
        clients[-1].connect(server.getsockname())
        for client in clients:
            client.close()


def test_a_connection_that_nobody_answers_ends_after_131_seconds() -> None:
    machine = Machine()
    socket, time = machine.load("socket"), machine.load("time")
    sent = []
    machine.node.loopback.fault = lambda packet: sent.append(round(time.monotonic() - began))
    with socket.socket() as client:
        began = time.monotonic()
        with pytest.raises(TimeoutError) as caught:
            client.connect(("127.0.0.1", 80))
        assert caught.value.errno == errno.ETIMEDOUT
        assert round(time.monotonic() - began) == 131
    # Linux 6.5 and later: five waits of a second, and then each twice the last
    assert sent == [0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67]


# (TCP_SYNCNT, TCP_USER_TIMEOUT in milliseconds): seconds, as measured on Linux 6.18
@pytest.mark.parametrize("repetitions, milliseconds, seconds", [
    (1, 0, 3), (2, 0, 7), (3, 0, 19), (0, 100, 1), (0, 6000, 6), (1, 6000, 6), (1, 30000, 7)])
def test_syncnt_and_the_user_timeout_say_how_long_connect_tries(
        repetitions: int, milliseconds: int, seconds: int) -> None:
    machine = Machine()
    socket, time = machine.load("socket"), machine.load("time")
    machine.node.loopback.fault = lambda packet: None
    with socket.socket() as client:
        if repetitions:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, repetitions)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        began = time.monotonic()
        assert client.connect_ex(("127.0.0.1", 80)) == errno.ETIMEDOUT
        assert round(time.monotonic() - began, 3) == seconds


# RFC 9293 3.6: closing


def test_unread_data_turns_a_close_into_a_reset() -> None:
    with Talk() as talk:
        talk.client.send(b"never read")
        talk.connection.close()
        with pytest.raises(ConnectionResetError):
            talk.client.recv(1)


def test_a_half_closed_connection_still_carries_data_the_other_way() -> None:
    with Talk() as talk:
        talk.client.shutdown(talk.socket.SHUT_WR)
        assert talk.connection.recv(1) == b""
        talk.connection.send(b"goodbye")
        assert talk.client.recv(9) == b"goodbye"


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_time_wait_keeps_the_port_unless_both_runs_set_so_reuseaddr(
        first: int, second: int) -> None:
    machine = Machine()
    socket = machine.load("socket")

    def run(port: int, reuse: int) -> int:
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
            server.bind(("127.0.0.1", port))
            server.listen()
            with socket.create_connection(server.getsockname()):
                server.accept()[0].close()
            return int(server.getsockname()[1])

    port = run(0, first)
    if first and second:
        run(port, second)
    else:
        with pytest.raises(OSError, match="Address already in use"):
            run(port, second)
        machine.load("time").sleep(61)
        run(port, second)


# RFC 9293 3.7 and 3.8: data


def test_nagle_holds_a_small_segment_while_one_is_not_acknowledged() -> None:
    with Talk(lambda packet: 0.01) as talk:
        for _ in range(3):
            talk.client.send(b"x")
        assert talk.connection.recv(9) == b"x"
        talk.time.sleep(1)
        assert talk.data_segments() == [1, 2]


def test_nodelay_sends_every_small_segment_at_once() -> None:
    with Talk(lambda packet: 0.01) as talk:
        talk.client.setsockopt(talk.socket.IPPROTO_TCP, talk.socket.TCP_NODELAY, 1)
        for _ in range(3):
            talk.client.send(b"x")
        talk.time.sleep(1)
        assert talk.data_segments() == [1, 1, 1]


def test_a_cork_holds_what_does_not_fill_a_segment() -> None:
    with Talk() as talk:
        talk.client.setsockopt(talk.socket.IPPROTO_TCP, talk.socket.TCP_CORK, 1)
        talk.client.send(b"head")
        talk.client.send(b"body")
        assert talk.data_segments() == []
        talk.client.setsockopt(talk.socket.IPPROTO_TCP, talk.socket.TCP_CORK, 0)
        assert talk.data_segments() == [8]


def test_a_sender_stops_when_both_buffers_are_full_and_goes_on_when_one_is_read() -> None:
    with Talk() as talk:
        talk.client.setblocking(False)
        sent = 0
        with pytest.raises(BlockingIOError):
            while True:
                sent += talk.client.send(bytes(50_000))
        received = 0
        while received < sent:
            received += len(talk.connection.recv(100_000))
        assert received == sent
        assert talk.client.send(b"more") == 4


def test_one_byte_of_a_stream_is_urgent() -> None:
    with Talk() as talk:
        talk.client.send(b"ab", talk.socket.MSG_OOB)
        assert talk.connection.recv(9) == b"a"
        assert talk.connection.recv(9, talk.socket.MSG_OOB) == b"b"


# RFC 1122 4.2.3.6 and RFC 5482


def test_keepalive_finds_out_that_the_peer_is_gone() -> None:
    with Talk() as talk:
        client, socket = talk.client, talk.socket
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
            client.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        talk.machine.node.loopback.fault = lambda packet: None
        began = talk.time.monotonic()
        with pytest.raises(TimeoutError):
            client.recv(1)
        assert round(talk.time.monotonic() - began) == 25


def test_the_user_timeout_bounds_how_long_data_may_stay_unacknowledged() -> None:
    with Talk(lambda packet: None) as talk:
        talk.client.setsockopt(talk.socket.IPPROTO_TCP, talk.socket.TCP_USER_TIMEOUT, 5000)
        talk.client.send(b"into the void")
        began = talk.time.monotonic()
        with pytest.raises(TimeoutError):
            talk.client.recv(1)
        assert round(talk.time.monotonic() - began, 3) == 5


@pytest.mark.parametrize("host, level, hops, least",
                         [("127.0.0.1", 0, 2, 21), ("::1", 41, 16, 73)])
@pytest.mark.parametrize("ttl, passes", [(63, False), (64, True), (255, True)])
@pytest.mark.parametrize("listening", [True, False])
def test_tcp_drops_what_came_too_far(host: str, level: int, hops: int, least: int, ttl: int,
                                     passes: bool, listening: bool) -> None:
    socket = Machine().load("socket")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server, socket.socket(
            family) as client:
        if listening:
            server.setsockopt(level, least, 64)
        client.setsockopt(level, hops, ttl)
        client.settimeout(0.5)
        if listening and not passes:
            with pytest.raises(TimeoutError):
                client.connect(server.getsockname())
            return
        client.connect(server.getsockname())
        connection, _ = server.accept()
        with connection:
            connection.setsockopt(level, least, 64)
            connection.settimeout(0.5)
            client.send(b"here")
            if passes:
                assert connection.recv(9) == b"here"
            else:
                with pytest.raises(TimeoutError):
                    connection.recv(9)


def test_tcp_inq_tells_how_much_is_left_and_counts_the_end() -> None:
    socket = Machine().load("socket")
    tcp, inq = socket.IPPROTO_TCP, 36
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(tcp, inq, 1)
        client = socket.create_connection(server.getsockname())
        connection, _ = server.accept()  # inherits it
        client.send(b"0123456789")

        def left(count: int, flags: int = 0) -> int:
            ((level, kind, value),) = connection.recvmsg(count, 99, flags)[1]
            assert (level, kind) == (tcp, inq)
            return int.from_bytes(value, "little")

        assert [left(4), left(4, socket.MSG_PEEK), left(0), left(2)] == [6, 6, 6, 4]
        client.close()
        assert [left(3), left(9), left(9)] == [2, 1, 1]
        connection.close()


def test_segments_carry_the_ttl_and_the_service_that_were_set() -> None:
    with Talk() as talk:
        talk.client.setsockopt(talk.socket.IPPROTO_IP, talk.socket.IP_TTL, 7)
        talk.client.setsockopt(talk.socket.IPPROTO_IP, talk.socket.IP_TOS, 0x10)
        talk.client.send(b"from the client")
        talk.connection.send(b"from the server")
        carried = {event.packet.payload.data[-6:]: (event.packet.ttl, event.packet.tos)
                   for event in talk.events
                   if isinstance(event, PacketSent) and event.packet.payload.data}
        assert carried == {b"client": (7, 0x10), b"server": (64, 0)}


# UDP, RFC 1122 4.1, and UNIX


def test_a_connected_datagram_socket_learns_that_nobody_has_the_port() -> None:
    socket = Machine().load("socket")
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", 9))
        client.send(b"x")
        with pytest.raises(ConnectionRefusedError):
            client.recv(1)


def test_without_a_free_port_bind_and_connect_of_udp_say_so_differently() -> None:
    machine = Machine()
    machine.host.settings.local_ports = (5000, 5001)
    socket = machine.load("socket")
    held = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(3)]
    for each in held[:2]:
        each.bind(("127.0.0.1", 0))
    for call, number in ((lambda: held[2].bind(("", 0)), errno.EADDRINUSE),
                         (lambda: held[2].connect(("127.0.0.1", 9)), errno.EAGAIN),
                         (lambda: held[2].sendto(b"x", ("127.0.0.1", 9)), errno.EAGAIN)):
        with pytest.raises(OSError) as raised:
            call()
        assert raised.value.errno == number
    for each in held:
        each.close()


def test_a_notice_tells_when_a_datagram_went_and_is_an_error_to_nobody() -> None:
    socket = Machine().load("socket")
    with socket.socket(type=socket.SOCK_DGRAM) as receiver, socket.socket(
            type=socket.SOCK_DGRAM) as sender:
        receiver.bind(("127.0.0.1", 0))
        sender.setsockopt(socket.SOL_SOCKET, 37, 2 | 0x80)  # SO_TIMESTAMPING: SND, numbered
        for number in range(2):
            sender.sendto(b"data", receiver.getsockname())
            data, [(_, kind, told)], flags, address = sender.recvmsg(99, 99, 0x2000)
            assert data.endswith(b"data") and len(data) == 14 + 20 + 8 + 4
            assert struct.unpack("=I4B2I", told[:16]) == (errno.ENOMSG, 4, 0, 0, 0, 0, number)
            assert (kind, address) == (11, None) and flags & 0x2000
        assert not sender.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        assert receiver.recv(9) == b"data"


@pytest.mark.parametrize("option, control, told", [(0, [], 0), (7, [], 7), (7, [5], 5)])
def test_so_rcvmark_tells_the_mark_of_the_sender(option: int, control: list[int],
                                                 told: int) -> None:
    socket = Machine().load("socket")
    mark = (socket.SOL_SOCKET, 36)  # SO_MARK
    with socket.socket(type=socket.SOCK_DGRAM) as receiver, socket.socket(
            type=socket.SOCK_DGRAM) as sender:
        receiver.bind(("127.0.0.1", 0))
        receiver.setsockopt(socket.SOL_SOCKET, 75, 1)
        if option:
            sender.setsockopt(*mark, option)
        chosen = [(*mark, struct.pack("i", each)) for each in control]
        sender.sendmsg([b"x"], chosen, 0, receiver.getsockname())
        assert receiver.recvmsg(9, 99)[1] == [(*mark, struct.pack("i", told))]


def test_an_error_that_came_back_says_what_recvmsg_was_asked_to_tell() -> None:
    socket = Machine().load("socket")
    ip, returned, ttl, service = socket.IPPROTO_IP, 11, 12, 13  # IP_RECVERR, RECVTTL, RECVTOS
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        for option in (returned, ttl, service):
            client.setsockopt(ip, option, 1)
        client.sendto(b"lost", ("127.0.0.1", 9))
        data, control, flags, _ = client.recvmsg(9, 200, socket.MSG_ERRQUEUE)
        assert (data, flags) == (b"lost", socket.MSG_ERRQUEUE)
        assert control[0] == (ip, socket.IP_TTL, struct.pack("i", 64))
        assert control[1] == (ip, socket.IP_TOS, b"\xc0")
        assert [kind for _, kind, _ in control[2:]] == [returned]


def test_who_ends_ip_recverr_loses_the_errors_that_wait() -> None:
    socket, select = (machine := Machine()).load("socket"), machine.load("select")
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.IPPROTO_IP, 11, 1)
        client.sendto(b"lost", ("127.0.0.1", 9))
        client.setsockopt(socket.IPPROTO_IP, 11, 0)
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED
        poll = select.poll()
        poll.register(client)
        assert poll.poll(0) == [(client.fileno(), select.POLLOUT)]


@pytest.mark.parametrize("mode, flag", [(0, 0), (1, 0x40), (2, 0x40), (3, 0x40), (4, 0)])
def test_ip_mtu_discover_decides_about_do_not_fragment(mode: int, flag: int) -> None:
    socket = Machine().load("socket")
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, 200) as raw:
        raw.setsockopt(socket.IPPROTO_IP, 10, mode)
        raw.sendto(b"x", ("127.0.0.1", 0))
        assert raw.recv(99)[6] == flag


def test_every_member_of_a_group_has_a_copy() -> None:
    socket = Machine().load("socket")
    group = struct.pack("4s4s", socket.inet_aton("224.0.0.251"), socket.inet_aton("127.0.0.1"))
    members = []
    for _ in range(2):
        member = socket.socket(type=socket.SOCK_DGRAM)
        member.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        member.bind(("", 5353))
        member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        members.append(member)
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                          socket.inet_aton("127.0.0.1"))
        sender.sendto(b"hello", ("224.0.0.251", 5353))
    for member in members:
        assert member.recv(9) == b"hello"
        member.close()


def test_a_descriptor_travels_and_stays_open_on_its_way() -> None:
    socket = Machine().load("socket")
    a, b = socket.socketpair()
    c, d = socket.socketpair()
    with a, b, d:
        socket.send_fds(a, [b"here"], [c.fileno()])
        c.close()
        _, numbers, _, _ = socket.recv_fds(b, 9, 1)
        with socket.socket(fileno=numbers[0]) as again:
            again.send(b"still open")
            assert d.recv(20) == b"still open"


# Buffers


def test_a_stream_buffer_is_one_run_of_bytes_whatever_is_done_to_it() -> None:
    chance, buffer, expected = random.Random(7), StreamBuffer(), b""
    for _ in range(5000):
        size = chance.randrange(1, 9)
        if chance.random() < 0.5:
            data = chance.randbytes(size)
            buffer.append(data)
            expected += data
        elif chance.random() < 0.3:
            skip = chance.randrange(9)
            assert buffer.peek(size, skip) == expected[skip:skip + size]
        else:
            assert buffer.take(size) == expected[:size]
            expected = expected[size:]
        buffer.check()
    assert buffer.take(10**6) == expected


# RFC 9293 3.8.6.2.2: when to send a window update


def test_who_reads_a_little_tells_the_sender_nothing() -> None:
    """Also where the connection and its first bytes took the fast path, without segments."""
    machine = Machine()
    socket = machine.load("socket")
    with socket.create_server(LO) as server, socket.create_connection(
            server.getsockname()) as client:
        connection, _ = server.accept()
        client.send(b"by the fast path")
        seen: list[Any] = []
        stop = machine.observe(seen.append)
        client.send(b"by segments")
        assert connection.recv(99) == b"by the fast path" + b"by segments"
        sent = [str(event.packet.payload) for event in seen if isinstance(event, PacketSent)]
        stop()
        assert sent == ["PSH+ACK 11 bytes", "ACK 0 bytes"]
        connection.close()
    machine.close()


# RFC 6191: a new connection where there was one


@pytest.mark.parametrize(("peer_closes", "seconds", "again"), [
    (True, 0.5, False), (True, 1.5, True), (False, 1.5, False)])
def test_a_port_that_the_system_chooses_meets_the_same_peer_a_second_after_time_wait_began(
        peer_closes: bool, seconds: float, again: bool) -> None:
    machine = Machine()
    socket, time = machine.load("socket"), machine.load("time")
    with socket.create_server(LO) as server:
        address = server.getsockname()
        machine.settings.local_ports = (address[1] + 1,) * 2  # the one that is next
        client = socket.create_connection(address)
        connection, _ = server.accept()
        client.close()
        if peer_closes:
            connection.close()
        time.sleep(seconds)
        with socket.socket() as second:
            assert second.connect_ex(address) == (0 if again else errno.EADDRNOTAVAIL)
            second.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        with socket.socket() as third:  # a reset leaves nothing behind, nor does what was replaced
            if again:
                third.bind(("127.0.0.1", address[1] + 1))
    machine.close()


def test_a_port_that_anybody_bound_is_never_chosen_for_a_connection() -> None:
    """As on Linux 6.18, whose ip_local_port_range was as narrow; the server's own port first."""
    machine = Machine()
    socket = machine.load("socket")
    with socket.create_server(LO) as server, socket.create_server(LO) as other:
        low = server.getsockname()[1]
        machine.settings.local_ports = (low, low + 2)  # theirs, and the one that is next
        shared = socket.create_connection(other.getsockname())
        assert shared.getsockname()[1] == low + 2

        def connect() -> int:
            with socket.create_connection(server.getsockname()) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return int(client.getsockname()[1])

        assert connect() == low + 2  # beside another that connect() chose it for
        with socket.socket() as bound:
            for each in (shared, bound):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((LO[0], low + 2))
            with pytest.raises(OSError, match="Cannot assign"):
                connect()
        assert connect() == low + 2
        shared.close()
    machine.close()


def test_a_window_that_the_fast_path_left_is_known_to_the_sender() -> None:
    """So that reading tells nothing, also where the FIN that ended the fast path was lost."""
    machine = Machine()
    socket = machine.load("socket")
    with socket.create_server(LO) as server, socket.create_connection(
            server.getsockname()) as client:
        connection, _ = server.accept()
        client.send(b"by the fast path")
        machine.node.loopback.fault = lambda packet: None
        client.shutdown(socket.SHUT_WR)
        seen: list[Any] = []
        stop = machine.observe(seen.append)
        assert connection.recv(99) == b"by the fast path"
        stop()
        assert not [event for event in seen if isinstance(event, PacketSent)]
        connection.close()
    machine.close()


# RFC 9293 3.8.4: keep-alives; tcp(7): TCP_DEFER_ACCEPT


def test_what_comes_puts_the_first_probe_off() -> None:
    machine = Machine()
    socket, time = machine.load("socket"), machine.load("time")
    with socket.create_server(LO) as server, socket.create_connection(
            server.getsockname()) as client:
        connection, _ = server.accept()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10)
        begin, seen = time.monotonic(), list[float]()
        machine.observe(lambda event: seen.append(round(event.time - begin))
                        if isinstance(event, PacketSent) else None)
        time.sleep(8)
        connection.send(b"x")
        time.sleep(11)
        assert seen == [8, 8, 18, 18]  # the data and the probe, each with its acknowledgement
        connection.close()
    machine.close()


# RFC 9293 3.8.6.3: delayed acknowledgments


def test_each_acknowledgement_that_is_delayed_goes_with_data_or_after_40_milliseconds() -> None:
    machine = Machine()
    socket, time = machine.load("socket"), machine.load("time")
    with socket.create_server(LO) as server, socket.create_connection(
            server.getsockname()) as client:
        connection, _ = server.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
        begin, seen = time.monotonic(), list[tuple[int, str]]()
        machine.observe(lambda event: seen.append(
            (round((event.time - begin) * 1000), str(event.packet.payload)))
            if isinstance(event, PacketSent) else None)
        client.send(b"one")
        connection.send(b"answer")
        client.send(b"two")
        time.sleep(1)
        assert seen == [(0, "PSH+ACK 3 bytes"), (0, "PSH+ACK 6 bytes"), (0, "ACK 0 bytes"),
                        (0, "PSH+ACK 3 bytes"), (40, "ACK 0 bytes")]
        connection.close()
    machine.close()


@pytest.mark.parametrize("watched", [False, True])
def test_who_answers_acknowledges_late_and_nagle_waits_for_that(watched: bool) -> None:
    """Linux: the second of two small sends comes with the acknowledgement of the first."""
    with Talk(watched=watched) as talk:
        for _ in range(2):
            talk.client.send(b"question")
            assert talk.connection.recv(9) == b"question"
            talk.connection.send(b"answer")
            assert talk.client.recv(9) == b"answer"
        talk.client.send(b"HEAD")
        talk.client.send(b"ER")
        assert talk.connection.recv(9) == b"HEAD"
        begin = talk.time.monotonic()
        assert talk.connection.recv(9) == b"ER"
        assert round(talk.time.monotonic() - begin, 3) == 0.04


@pytest.mark.parametrize("watched", [False, True])
def test_who_only_reads_acknowledges_what_was_read(watched: bool) -> None:
    """After the first sixteen, which go at once, reading all there is brings the rest."""
    with Talk(watched=watched) as talk:
        begin = talk.time.monotonic()
        for number in range(40):
            talk.client.send(b"%2d" % number)
            assert talk.connection.recv(9) == b"%2d" % number
        assert talk.bytes_of(talk.client, SIOCOUTQ) == 0
        talk.client.send(b"40")
        assert talk.bytes_of(talk.client, SIOCOUTQ) == 2
        assert talk.connection.recv(9) == b"40"
        assert talk.bytes_of(talk.client, SIOCOUTQ) == 0
        assert talk.time.monotonic() - begin < 0.001


@pytest.mark.parametrize("watched", [False, True])
def test_quickack_says_whether_a_socket_answers_and_acknowledges_when_it_is_set(
        watched: bool) -> None:
    with Talk(watched=watched) as talk:
        option = talk.socket.IPPROTO_TCP, talk.socket.TCP_QUICKACK
        assert talk.client.getsockopt(*option) == talk.connection.getsockopt(*option) == 1
        talk.client.send(b"question")
        talk.connection.send(b"answer")
        assert talk.connection.getsockopt(*option) == 0
        talk.client.send(b"next")
        assert talk.bytes_of(talk.client, SIOCOUTQ) == 4
        talk.connection.setsockopt(*option, 1)
        assert talk.connection.getsockopt(*option) == 1
        assert talk.bytes_of(talk.client, SIOCOUTQ) == 4  # not all is read
        assert talk.connection.recv(20) == b"questionnext"
        assert talk.bytes_of(talk.client, SIOCOUTQ) == 0


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize(("first", "wait"), [(b"", 0.004), (b"x", 0.04)])
def test_a_fin_that_comes_alone_is_acknowledged_late(watched: bool, first: bytes,
                                                     wait: float) -> None:
    with Talk(watched=watched) as talk:
        talk.client.sendall(first)
        talk.client.shutdown(talk.socket.SHUT_WR)
        assert talk.state(talk.client) == states.FIN_WAIT_1
        assert talk.bytes_of(talk.client, SIOCOUTQ) == 1
        talk.time.sleep(wait - 0.001)
        assert talk.state(talk.client) == states.FIN_WAIT_1
        talk.time.sleep(0.002)
        assert talk.state(talk.client) == states.FIN_WAIT_2


@pytest.mark.parametrize("watched", [False, True])
def test_a_late_acknowledgement_that_is_lost_is_asked_for_again(watched: bool) -> None:
    lost = [None, 0.0]
    with Talk(watched=watched) as talk:
        talk.connection.setsockopt(talk.socket.IPPROTO_TCP, talk.socket.TCP_QUICKACK, 0)
        talk.client.send(b"hello")
        talk.machine.node.loopback.fault = lambda packet: lost.pop(0) if lost else 0.0
        talk.time.sleep(0.05)
        assert talk.bytes_of(talk.client, SIOCOUTQ) == 5
        talk.time.sleep(1)
        assert talk.bytes_of(talk.client, SIOCOUTQ) == 0
        assert talk.connection.recv(9) == b"hello"


def test_a_small_segment_may_follow_a_full_one_that_is_on_its_way() -> None:
    """Minshall's version of Nagle's rule, as Linux has it: only small ones wait for small ones."""
    with Talk(lambda packet: 0.01) as talk:
        full = talk.client.getsockopt(talk.socket.IPPROTO_TCP, talk.socket.TCP_MAXSEG)
        for data in (bytes(full), b"small", b"smaller"):
            talk.client.send(data)
        assert talk.data_segments() == [full, 5]
        assert talk.bytes_of(talk.client, SIOCOUTQNSD) == 7


def test_a_handshake_that_waits_for_data_repeats_nothing_meanwhile() -> None:
    machine = Machine()
    socket, time = machine.load("socket"), machine.load("time")
    with socket.create_server(LO) as server, socket.socket() as client:
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5)
        begin, seen = time.monotonic(), list[int]()
        machine.observe(lambda event: seen.append(round(event.time - begin)) if isinstance(
            event, PacketSent) and str(event.packet.payload).startswith("SYN+ACK") else None)
        client.connect(server.getsockname())
        time.sleep(10)
        assert seen == [0, 7]  # three waits of 1, 2 and 4 seconds, for 5 that were asked for
    machine.close()


def test_keepalive_that_was_asked_for_before_begins_with_the_connection() -> None:
    """Also with one that the fast path has made."""
    machine = Machine()
    socket, time = machine.load("socket"), machine.load("time")
    with socket.create_server(LO) as server, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10)
        client.connect(server.getsockname())
        seen: list[Any] = []
        machine.observe(seen.append)
        time.sleep(11)
        assert len([event for event in seen if isinstance(event, PacketSent)]) == 2
    machine.close()


# RFC 6298 2.2: when the first measurement is made


@pytest.mark.parametrize(("delay", "repeated"), [(0.0, 0.2), (0.1, 0.6)])
def test_the_way_of_the_handshake_says_when_data_is_sent_again(
        delay: float, repeated: float) -> None:
    """RTO is R + 4 * R/2, and at least 0.2 s more than R; R is here there and back."""
    with Talk() as talk:
        link, socket, time = talk.machine.node.loopback, talk.socket, talk.time
        link.fault = lambda packet: delay
        with socket.create_connection(talk.server.getsockname()) as client:
            link.fault = lambda packet: None
            before, begin = len(talk.events), time.monotonic()
            client.send(b"lost")
            time.sleep(repeated + 0.1)
            sent = [round(event.time - begin, 3) for event in talk.events[before:]
                    if isinstance(event, PacketSent) and event.packet.payload.data]
            assert sent == [0, repeated]


# RFC 9293 3.10.7.3, first: an acknowledgment that is not acceptable


def test_in_syn_sent_an_acknowledgement_of_nothing_is_answered_with_a_reset() -> None:
    machine = Machine()
    socket = machine.load("socket")
    link = machine.node.loopback
    link.fault = lambda packet: None
    with socket.socket() as client:
        client.setblocking(False)
        seen: list[Any] = []
        machine.observe(seen.append)
        assert client.connect_ex(("127.0.0.1", 9)) == errno.EINPROGRESS
        syn = next(event.packet for event in seen if isinstance(event, PacketSent))
        link.queue.append(Packet("127.0.0.1", "127.0.0.1", 6, Segment(
            9, syn.payload.source, 1000, syn.payload.sequence + 7, SYN | ACK, 65536)))
        seen.clear()
        machine.node.deliver()
        assert [str(event.packet.payload) for event in seen if isinstance(event, PacketSent)] == [
            "RST 0 bytes"]
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    machine.close()
