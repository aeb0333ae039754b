"""X.25, AX.25, IPX, AppleTalk, ATM and TIPC on the model: what the recorded flows leave out."""

import ast
import errno
import struct
from pathlib import Path
from typing import Any

import pytest

import bsdsockets
from bsdsockets import Machine, sockaddr
from bsdsockets.machine.host import Host
from bsdsockets.network.frames import Frame
from bsdsockets.protocols.tipc_end import TipcAddress
from bsdsockets.protocols.x25_packet import (
    CALL,
    CLEAR,
    DATA,
    INTERRUPT,
    RECEIVE_READY,
    RESET,
    Facilities,
    X25Packet,
    decode,
    encode,
)

SEQPACKET, MSG_OOB, MSG_EOR = 5, 1, 128


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(Host, "privileged", property(lambda self: True))
    return Machine(profile="every module")


def make(machine: Machine, family: str, kind: int = SEQPACKET, protocol: int = 0) -> Any:
    socket: Any = machine.load("socket")
    sock = socket.socket(getattr(socket, family), kind, protocol)
    sock.settimeout(1)
    return sock


def x25_call(machine: Machine) -> tuple[Any, Any, Any]:
    """Listener, caller and the called end of a call."""
    server, client = make(machine, "AF_X25"), make(machine, "AF_X25")
    sockaddr.bind(server, sockaddr.X25("1001"))
    server.listen(1)
    sockaddr.bind(client, sockaddr.X25("2002"))
    sockaddr.connect(client, sockaddr.X25("1001"))
    return server, client, sockaddr.accept(server)[0]


# X.25


@pytest.mark.parametrize("packet", [
    X25Packet(1, CALL, b"user", called="12345", calling="6789", facilities=Facilities(3, 4, 8, 9)),
    X25Packet(4095, DATA, b"part", send=7, receive=3, more=True),
    X25Packet(1, RECEIVE_READY, receive=5), X25Packet(1, DATA, b"q", qualified=True),
    X25Packet(2, CLEAR, b"\1\0"),
    X25Packet(2, INTERRUPT, b"!")])
def test_an_x25_packet_is_read_as_it_was_written(packet: X25Packet) -> None:
    assert decode(encode(packet)) == packet


def test_a_record_goes_in_packets_of_128_bytes_with_m_set_in_all_but_the_last(
        machine: Machine) -> None:
    sent: list[X25Packet] = []
    for interface in machine.node.interfaces[1:3]:
        interface.link.taps.append(lambda frame: sent.append(decode(frame.data[1:])))
    server, client, called = x25_call(machine)
    with server, client, called:
        sent.clear()
        client.send(bytes(300), MSG_EOR)
        assert called.recv(1000) == bytes(300)
        data = [packet for packet in sent if packet.kind == DATA]
    assert [(len(packet.data), packet.more) for packet in data] == [
        (128, True), (128, True), (44, False)]


def test_no_more_packets_are_sent_than_the_window_allows(machine: Machine) -> None:
    outstanding, most = 0, 0

    def count(frame: Frame) -> None:
        nonlocal outstanding, most
        packet = decode(frame.data[1:])
        if packet is not None and packet.kind == DATA:
            outstanding += 1
            most = max(most, outstanding)
        elif packet is not None and packet.kind == RECEIVE_READY:
            outstanding = 0

    server, client, called = x25_call(machine)
    for interface in machine.node.interfaces[1:3]:
        interface.link.taps.append(count)
    with server, client, called:
        client.send(bytes(5000), MSG_EOR)
        assert len(called.recv(5000)) == 5000
    assert most == 2


def test_an_interrupt_overtakes_what_waits_and_is_read_with_msg_oob(machine: Machine) -> None:
    server, client, called = x25_call(machine)
    with server, client, called:
        with pytest.raises(OSError, match="Invalid argument"):
            called.recv(10, MSG_OOB)
        client.send(b"ordinary", MSG_EOR)
        client.send(b"x" * 40, MSG_OOB)
        assert called.recv(100, MSG_OOB) == b"x" * 32
        assert called.recv(100) == b"ordinary"


def test_a_call_to_a_number_that_nobody_listens_for_is_refused(machine: Machine) -> None:
    with make(machine, "AF_X25") as client:
        sockaddr.bind(client, sockaddr.X25("2002"))
        with pytest.raises(ConnectionRefusedError):
            sockaddr.connect(client, sockaddr.X25("10019"))
        with pytest.raises(ConnectionRefusedError):  # SO_ERROR has told; connect tells it again
            sockaddr.connect(client, sockaddr.X25("3003"))
        with pytest.raises(OSError, match="unreachable"):
            sockaddr.connect(client, sockaddr.X25("3003"))


def test_without_a_number_of_its_own_a_socket_cannot_call(machine: Machine) -> None:
    with make(machine, "AF_X25") as client, pytest.raises(OSError, match="Invalid argument"):
        sockaddr.connect(client, sockaddr.X25("1001"))


def test_a_cleared_call_can_be_neither_read_nor_written(machine: Machine) -> None:
    server, client, called = x25_call(machine)
    with server, called:
        client.close()
        with pytest.raises(OSError, match="not connected"):
            called.recv(10)
        with pytest.raises(BrokenPipeError):
            called.send(b"x", MSG_EOR)


def test_after_a_reset_what_was_not_acknowledged_is_sent_again(machine: Machine) -> None:
    """X.25 4.4.3: both ends count from 0; x25(7): the program is not told."""
    server, client, called = x25_call(machine)
    at_caller = machine.node.interfaces[1]  # calls to 1001 leave here
    with server, client, called:
        client.send(b"first", MSG_EOR)
        at_caller.link.fault = lambda packet: None  # the line loses what the caller sends
        client.send(b"second", MSG_EOR)
        at_caller.link.fault = None
        for side in (1, 2):  # the network resets the channel at both ends
            machine.node.deliver()
            machine.families[9].protocol.arrive(
                Frame(machine.node.interfaces[side].index, 0x0805, b"\0" + encode(
                    X25Packet(1, RESET, bytes(2)))))
        assert (called.recv(100), called.recv(100)) == (b"first", b"second")
        called.send(b"answer", MSG_EOR)
        assert client.recv(100) == b"answer"


def test_a_call_carries_user_data_that_the_called_end_reads(machine: Machine) -> None:
    server, client = make(machine, "AF_X25"), make(machine, "AF_X25")
    with server, client:
        sockaddr.bind(server, sockaddr.X25("1001"))
        server.listen(1)
        sockaddr.bind(client, sockaddr.X25("2002"))
        given = struct.pack("=I128s", 4, b"\1\0\0\0")
        machine.calls.ioctl(client.fileno(), 0x89E5, given)
        sockaddr.connect(client, sockaddr.X25("1001"))
        with sockaddr.accept(server)[0] as called:
            assert machine.calls.ioctl(called.fileno(), 0x89E4, bytes(132))[1] == given


def test_channels_are_free_again_when_their_calls_have_ended(machine: Machine) -> None:
    for _ in range(3):
        for sock in x25_call(machine):
            sock.close()
    assert machine.families[9].protocol.calls == {}


# AX.25


def stations(machine: Machine) -> tuple[Any, Any]:
    server, client = make(machine, "AF_AX25"), make(machine, "AF_AX25")
    sockaddr.bind(server, sockaddr.AX25("N0SRV-1", ("PORT1",)))
    sockaddr.bind(client, sockaddr.AX25("N0CLI-2", ("PORT0",)))
    return server, client


def test_a_station_that_does_not_listen_is_silent_and_an_interface_says_no(
        machine: Machine) -> None:
    server, client = stations(machine)
    client.settimeout(None)
    with server, client:
        before = machine.clock.now
        with pytest.raises(TimeoutError):
            sockaddr.connect(client, sockaddr.AX25("N0SRV-1"))
        assert machine.clock.now - before == pytest.approx(100, abs=1)  # ten times T1
    with make(machine, "AF_AX25") as client:
        sockaddr.bind(client, sockaddr.AX25("N0CLI-2", ("PORT0",)))
        with pytest.raises(ConnectionRefusedError):
            sockaddr.connect(client, sockaddr.AX25("PORT1"))


def test_a_request_that_is_lost_is_sent_again_after_t1(machine: Machine) -> None:
    server, client = stations(machine)
    client.settimeout(None)
    server.listen()
    lost: list[Any] = []
    link = machine.node.interfaces[3].link
    link.fault = lambda packet: None if not lost and not lost.append(packet) else 0.0
    with server, client:
        sockaddr.connect(client, sockaddr.AX25("N0SRV-1"))
        assert machine.clock.now >= 10
        with sockaddr.accept(server)[0] as connection:
            client.send(b"hello")
            assert connection.recv(100) == b"hello"


def test_more_records_than_the_window_arrive_in_order(machine: Machine) -> None:
    server, client = stations(machine)
    server.listen()
    with server, client:
        sockaddr.connect(client, sockaddr.AX25("N0SRV-1"))
        with sockaddr.accept(server)[0] as connection:
            for each in range(30):
                client.send(bytes([each]))
            assert [connection.recv(10)[0] for _ in range(30)] == list(range(30))


# IPX, AppleTalk, ATM


def test_ipx_has_no_option_of_another_level(machine: Machine) -> None:
    with make(machine, "AF_IPX", 2) as sock:
        for attempt in (lambda: sock.setsockopt(6, 1, 1), lambda: sock.getsockopt(6, 1)):
            with pytest.raises(OSError) as refused:
                attempt()
            assert refused.value.errno == errno.ENOPROTOOPT  # Linux ipx_setsockopt


def test_a_broadcast_of_ipx_reaches_every_socket_with_the_number(machine: Machine) -> None:
    a, b, c = (make(machine, "AF_IPX", 2) for _ in range(3))
    internal = struct.pack("=HH", 4, 2) + struct.pack("!I6sBB", 7, b"\0\0\0\0\0\1", 0, 1)
    machine.calls.ioctl(a.fileno(), 0x8916, bytes(16) + internal)
    with a, b, c:
        for sock, node in (a, 1), (b, 2):
            sockaddr.bind(sock, sockaddr.IPX(7, f"{node:012x}", 0x5000))
        sockaddr.sendto(c, b"all", sockaddr.IPX(7, "f" * 12, 0x5000))
        assert [sock.recv(10) for sock in (a, b)] == [b"all", b"all"]


def test_without_an_address_of_the_host_appletalk_sockets_cannot_be_bound(
        machine: Machine) -> None:
    with make(machine, "AF_APPLETALK", 2) as sock:
        with pytest.raises(OSError, match="assign"):
            sockaddr.bind(sock, sockaddr.AppleTalk(0, 0, 130))
        with pytest.raises(OSError, match="buffer space"):
            sockaddr.getsockname(sock)


def test_of_appletalk_sockets_that_a_datagram_fits_the_last_one_gets_it(machine: Machine) -> None:
    first, last = (make(machine, "AF_APPLETALK", 2) for _ in range(2))
    with first, last:
        routerless = struct.pack("!BxHBxBxHH2x", 0, 9, 66, 2, 0, 0xFFFE)
        lo = struct.pack("=H", 5) + routerless
        machine.calls.ioctl(first.fileno(), 0x8916, b"lo".ljust(16, b"\0") + lo)
        for sock, node in ((first, 66), (last, 0)):
            sockaddr.bind(sock, sockaddr.AppleTalk(9, node, 150))
        sockaddr.sendto(last, b"\4x", sockaddr.AppleTalk(9, 0, 150))
        assert last.recv(9) == b"\4x"


def test_joined_atm_interfaces_carry_frames_both_ways_and_the_dummy_none(
        machine: Machine) -> None:
    direction = struct.pack("=B3xiiiii16x", 1, 0, 0, 0, 0, 100)
    quality = direction + direction + struct.pack("=B3x", 5)
    socks = [make(machine, "AF_ATMPVC", 2, 5) for _ in range(3)]
    for _ in range(2):
        machine.calls.ioctl(socks[0].fileno(), 0x6180, bytes(4))
    for itf, sock in enumerate(socks):
        sock.setsockopt(264, 0x42020054, quality)
        sockaddr.connect(sock, sockaddr.ATMPVC(itf, 0, 100))
    dummy, one, two = socks
    with dummy, one, two:
        one.send(b"there")
        two.send(b"back")
        dummy.send(b"nowhere")
        assert (two.recv(100), one.recv(100)) == (b"there", b"back")
        with pytest.raises(TimeoutError):
            dummy.recv(100)


# TIPC


@pytest.mark.parametrize(("data", "failure"), [
    (b"", errno.EINVAL), (struct.pack("=H13x", 30), errno.EINVAL),
    (struct.pack("=H14x", 2), errno.EAFNOSUPPORT)])
def test_an_address_of_tipc_is_whole_and_of_its_family(data: bytes, failure: int) -> None:
    with pytest.raises(OSError) as refused:
        TipcAddress.unpack(data)
    assert refused.value.errno == failure


def test_what_a_reliable_datagram_cannot_reach_comes_back_with_the_reason(
        machine: Machine) -> None:
    sender, receiver = make(machine, "AF_TIPC", 4), make(machine, "AF_TIPC", 4)
    gone = receiver.getsockname()
    receiver.close()
    with sender:
        sender.setsockopt(271, 129, 0)  # TIPC_DEST_DROPPABLE, which is set from the start
        assert sender.sendto(b"to nobody", gone) == 9
        data, control, _, _ = sender.recvmsg(100, 1000)
    assert data == b""
    assert control == [(271, 1, struct.pack("=II", 2, 9)), (271, 2, b"to nobody")]


def test_what_a_datagram_cannot_reach_is_lost(machine: Machine) -> None:
    sender, receiver = make(machine, "AF_TIPC", 2), make(machine, "AF_TIPC", 2)
    gone = receiver.getsockname()
    receiver.close()
    with sender:
        sender.sendto(b"to nobody", gone)
        with pytest.raises(TimeoutError):
            sender.recv(100)


def test_a_range_of_a_service_is_sent_to_all_and_one_instance_to_one_in_turn(
        machine: Machine) -> None:
    a, b, sender = (make(machine, "AF_TIPC", 4) for _ in range(3))
    with a, b, sender:
        for sock in a, b:
            sock.bind((1, 18888, 0, 50, 3))
        sender.sendto(b"all", (1, 18888, 7, 7))
        assert (a.recv(10), b.recv(10)) == (b"all", b"all")
        for _ in range(2):
            sender.sendto(b"one", (2, 18888, 7, 0))
        assert (a.recv(10), b.recv(10)) == (b"one", b"one")


def test_of_sockets_with_the_same_name_the_newest_is_first_and_the_first_range_counts(
        machine: Machine) -> None:
    old, new, low, sender = (make(machine, "AF_TIPC", 4) for _ in range(4))
    with old, new, low, sender:
        for sock in old, new:
            sock.bind((1, 18888, 10, 50, 3))
        low.bind((1, 18888, 5, 60, 3))
        for instance, found in ((5, low), (10, low)):
            sender.sendto(b"one", (2, 18888, instance, 0))
            assert found.recv(10) == b"one"
        low.bind((1, 18888, 5, 60, -3))  # offered no longer
        for found in new, old, new:
            sender.sendto(b"one", (2, 18888, 10, 0))
            assert found.recv(10) == b"one"


def test_a_request_for_a_connection_that_may_be_dropped_is_not_answered(machine: Machine) -> None:
    service, caller = make(machine, "AF_TIPC", 1), make(machine, "AF_TIPC", 1)
    with service, caller:
        caller.setsockopt(271, 129, 1)  # TIPC_DEST_DROPPABLE
        caller.setsockopt(271, 130, 300)
        with pytest.raises(TimeoutError):
            caller.connect(service.getsockname())


def test_a_datagram_of_whom_it_asked_ends_the_wait_for_a_connection(machine: Machine) -> None:
    asked, caller = make(machine, "AF_TIPC", 4), make(machine, "AF_TIPC", 5)
    with asked, caller:
        caller.setblocking(False)
        assert caller.connect_ex(asked.getsockname()) == errno.EINPROGRESS
        asked.sendto(b"no listener", caller.getsockname())
        with pytest.raises(ConnectionRefusedError):
            caller.recv(99)
        assert caller.recvmsg(99)[:3] == (b"no listener", [], 0)


@pytest.mark.parametrize(("end", "why"), [("close", 2), ("shutdown", 5)])
@pytest.mark.parametrize("kind", [1, 5])
def test_the_end_of_a_connection_is_a_message_with_what_nobody_read(
        machine: Machine, kind: int, end: str, why: int) -> None:
    service, caller = make(machine, "AF_TIPC", kind), make(machine, "AF_TIPC", kind)
    with service, caller:
        service.listen()
        caller.setblocking(False)
        assert caller.connect_ex(service.getsockname()) == errno.EINPROGRESS
        connection, _ = service.accept()
        with connection:
            connection.setblocking(False)
            assert connection.send(b"unread") == 6
            caller.close() if end == "close" else caller.shutdown(2)
            if end == "close":
                with pytest.raises(ConnectionResetError):
                    connection.recv(99)
            told = [(271, 1, struct.pack("=II", why, 6)), (271, 2, b"unread")]
            assert connection.recvmsg(99, 300)[:3] == (b"", told, 0)
            with pytest.raises(BlockingIOError):
                connection.recv(99)


# The shape


FAMILIES = Path(bsdsockets.__file__).parent / "families"


def test_no_family_imports_another() -> None:
    allowed = {"family", "internet"}  # what two share, no family themselves
    for path in FAMILIES.glob("*.py"):
        found = {node.module for node in ast.walk(ast.parse(path.read_text()))
                 if isinstance(node, ast.ImportFrom) and node.level == 1}
        assert found <= allowed, path.name


def test_every_family_says_where_its_facts_are_from() -> None:
    for path in FAMILIES.glob("*.py"):
        text = ast.get_docstring(ast.parse(path.read_text())) or ""
        assert path.name in ("__init__.py", "family.py") or "Sources:" in text, path.name


def test_every_family_is_a_short_file() -> None:
    """An address, a table, and what is special: at most 150 lines of code without docstrings."""
    for path in FAMILIES.glob("*.py"):
        text = path.read_text()
        prose = {line for node in ast.walk(ast.parse(text))
                 if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
                 and ast.get_docstring(node)
                 for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)}
        code = [line for number, line in enumerate(text.splitlines(), 1)
                if number not in prose and line.strip() and not line.strip().startswith("#")]
        assert len(code) <= 150, path.name
