"""AF_PACKET on the model: which frames which sockets see, and what becomes of those sent."""

import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from bsdsockets import Machine
from bsdsockets.machine.host import Host
from bsdsockets.network.wire import checksum

from .both import ROOT, on_both

ALL, IP, EXPERIMENT = 0x0003, 0x0800, 0x88B5
SOCK_PACKET, SOL_PACKET, STATISTICS, IGNORE_OUTGOING = 10, 263, 6, 23
LOOPBACK, HOST, OUTGOING = 772, 0, 4
STRANGER, EVERYBODY = bytes([192, 0, 2, 9]), b"\xff" * 4
FRAME = bytes(12) + struct.pack("!H", EXPERIMENT) + b"a frame"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(Host, "privileged", property(lambda self: True))
    return Machine()


def packet(machine: Machine, kind: int, protocol: int, bound: bool = True) -> Any:
    socket: Any = machine.load("socket")
    sock = socket.socket(socket.AF_PACKET, kind, socket.htons(protocol))
    sock.settimeout(1)
    if bound:
        sock.bind(("lo", protocol))
    return sock


def frames(sock: Any) -> list[tuple[bytes, Any]]:
    """Everything that waits."""
    found = []
    sock.setblocking(False)
    while True:
        try:
            found.append(sock.recvfrom(65536))
        except BlockingIOError:
            return found


def test_a_socket_of_every_protocol_sees_a_frame_go_out_and_come_in(machine: Machine) -> None:
    with packet(machine, 3, ALL) as watcher, packet(machine, 3, EXPERIMENT) as sender:
        sender.send(FRAME)
        seen = frames(watcher)
    assert [address[2] for _, address in seen] == [OUTGOING, HOST]
    assert {data for data, _ in seen} == {FRAME}


def test_a_socket_does_not_see_its_own_frame_go_out(machine: Machine) -> None:
    with packet(machine, 3, ALL) as sock:
        sock.send(FRAME)
        assert [address[2] for _, address in frames(sock)] == [HOST]


def test_a_socket_of_one_protocol_sees_only_what_comes_in_with_it(machine: Machine) -> None:
    with packet(machine, 3, EXPERIMENT) as sock, packet(machine, 3, IP) as other:
        sock.send(FRAME)
        assert frames(sock) == [(FRAME, ("lo", EXPERIMENT, HOST, LOOPBACK, bytes(6)))]
        assert frames(other) == []


def test_protocol_0_receives_nothing_until_bind_names_one(machine: Machine) -> None:
    with packet(machine, 3, 0, bound=False) as sock, packet(machine, 3, EXPERIMENT) as sender:
        sender.send(FRAME)
        before = frames(sock)
        sock.bind(("lo", EXPERIMENT))
        sender.send(FRAME)
        assert (before, len(frames(sock))) == ([], 1)


def test_dgram_leaves_the_header_to_the_kernel_both_ways(machine: Machine) -> None:
    with packet(machine, 2, EXPERIMENT) as cooked, packet(machine, 3, EXPERIMENT) as raw:
        cooked.sendto(b"a frame", ("lo", EXPERIMENT, 0, 0, bytes(6)))
        assert [data for data, _ in frames(raw)] == [FRAME]
        assert [data for data, _ in frames(cooked)] == [b"a frame"]


def test_outgoing_frames_can_be_ignored(machine: Machine) -> None:
    with packet(machine, 3, ALL) as watcher, packet(machine, 3, EXPERIMENT) as sender:
        watcher.setsockopt(SOL_PACKET, IGNORE_OUTGOING, 1)
        sender.send(FRAME)
        assert [address[2] for _, address in frames(watcher)] == [HOST]


def test_statistics_count_what_came_and_what_was_lost_and_are_cleared_by_reading(
        machine: Machine) -> None:
    with packet(machine, 3, EXPERIMENT) as sock:
        sock.setsockopt(1, 8, 2304)  # SO_RCVBUF
        for _ in range(10):
            sock.send(FRAME)
        counts = [struct.unpack("=II", sock.getsockopt(SOL_PACKET, STATISTICS, 8))
                  for _ in range(2)]
        kept = len(frames(sock))
    assert counts[1] == (0, 0)
    seen, lost = counts[0]
    assert (seen, seen - lost) == (10, kept)
    assert lost


def made(source: bytes, to: bytes, protocol: int, payload: bytes) -> bytes:
    """A frame of IPv4, from anybody to anybody."""
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0,
                       source, to)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return bytes(12) + struct.pack("!H", IP) + head + payload


def test_a_udp_datagram_made_frame_and_all_reaches_its_socket(machine: Machine) -> None:
    socket: Any = machine.load("socket")
    with socket.socket(type=socket.SOCK_DGRAM) as receiver, packet(machine, 3, ALL) as maker:
        receiver.settimeout(1)
        receiver.bind(("", 0))
        port = receiver.getsockname()[1]
        datagram = struct.pack("!HHHH", 77, port, 13, 0) + b"first"
        maker.send(made(STRANGER, EVERYBODY, 17, datagram))
        assert receiver.recvfrom(10) == (b"first", ("192.0.2.9", 77))


def test_a_packet_that_nobody_can_have_sent_is_seen_and_dropped(machine: Machine) -> None:
    socket: Any = machine.load("socket")
    with (socket.socket(type=socket.SOCK_DGRAM) as receiver, packet(machine, 3, ALL) as watcher,
          socket.socket(type=socket.SOCK_DGRAM) as sender):
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        sender.sendto(b"first", receiver.getsockname())
        assert receiver.recv(10) == b"first"
        frame = frames(watcher)[0][0]
        watcher.send(frame)  # the same, but without its route
        assert [data for data, _ in frames(watcher)] == [frame]
        with pytest.raises(BlockingIOError):
            receiver.recv(10)


def test_a_packet_from_nobody_to_nobody_is_not_answered(machine: Machine) -> None:
    with packet(machine, 3, ALL) as watcher, packet(machine, 3, 0) as maker:
        frame = made(bytes(4), bytes(4), 17, struct.pack("!HHHH", 77, 9, 8, 0))
        maker.send(frame)
        assert {data for data, _ in frames(watcher)} == {frame}


def test_a_raw_socket_gets_the_packet_of_a_frame_and_not_the_frame(machine: Machine) -> None:
    socket = machine.load("socket")
    with (socket.socket(socket.AF_INET, socket.SOCK_RAW, 253) as raw,
          packet(machine, 3, IP) as maker):
        frame = made(STRANGER, EVERYBODY, 253, b"hello")
        maker.send(frame)
        raw.settimeout(1)
        assert raw.recv(100) == frame[14:]


def test_the_tcp_of_the_model_can_be_watched_from_the_first_segment_to_the_last(
        machine: Machine) -> None:
    socket: Any = machine.load("socket")
    with socket.create_server(("127.0.0.1", 0)) as server, packet(machine, 2, IP) as watcher:
        with (socket.create_connection(server.getsockname()) as client,
              server.accept()[0] as peer):
            client.sendall(b"hello")
            assert peer.recv(5) == b"hello"
        flags = [data[33] & 0x17 for data, _ in frames(watcher)]
    assert flags[:3] == [0x02, 0x12, 0x10]  # SYN, SYN+ACK, ACK
    assert sum(1 for each in flags if each & 1) == 2  # a FIN from each end


def test_scapy_reads_the_frames(machine: Machine) -> None:
    layers = pytest.importorskip("scapy.layers.l2")
    inet = pytest.importorskip("scapy.layers.inet")
    socket: Any = machine.load("socket")
    with (packet(machine, 3, ALL) as watcher, socket.socket(type=socket.SOCK_DGRAM) as sender):
        sender.sendto(b"seen", ("127.0.0.1", 9))
        frame = layers.Ether(frames(watcher)[0][0])
    assert (frame[inet.IP].src, frame[inet.UDP].dport, bytes(frame[inet.UDP].payload)) == (
        "127.0.0.1", 9, b"seen")
    given = frame[inet.IP].chksum, frame[inet.UDP].chksum
    del frame[inet.IP].chksum, frame[inet.UDP].chksum
    again = layers.Ether(bytes(frame))
    assert given == (again[inet.IP].chksum, again[inet.UDP].chksum)


def test_the_time_of_the_last_frame_is_there_when_one_was_received(machine: Machine) -> None:
    """packet(7): SIOCGSTAMP; ENOENT where no packet was received."""
    time: Any = machine.load("time")
    with packet(machine, 3, EXPERIMENT) as sock:
        sock.send(FRAME)
        with pytest.raises(FileNotFoundError):
            machine.calls.ioctl(sock.fileno(), 0x8906, bytes(16))
        came = time.time()
        time.sleep(2)
        sock.recv(100)
        seconds, parts = struct.unpack("=qq", machine.calls.ioctl(sock.fileno(), 0x8906,
                                                                  bytes(16))[1])
        nanoseconds = machine.calls.ioctl(sock.fileno(), 0x8907, bytes(16))[1]
    assert seconds + parts / 1e6 == pytest.approx(came, abs=0.001)
    assert struct.unpack("=qq", nanoseconds) == (seconds, parts * 1000)


def test_scapy_pings_the_models_host(machine: Machine) -> None:
    """Its own sr1(), unmodified: it sends and sniffs with AF_PACKET sockets."""
    pytest.importorskip("scapy.all")
    program = (
        "from scapy.all import IP, ICMP, conf, sr1, L3RawSocket\n"
        "conf.verb = 0\nconf.L3socket = L3RawSocket\n"
        "print(sr1(IP(dst='127.0.0.1') / ICMP(), timeout=5).summary())\n")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ping.py")
        path.write_text(program)
        result = subprocess.run([sys.executable, "-m", "bsdsockets", "run", str(path)], timeout=60,
                                env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
                                capture_output=True, text=True)
    assert result.stdout == "IP / ICMP 127.0.0.1 > 127.0.0.1 echo-reply 0\n", result.stderr


def test_sock_packet_names_the_interface_and_must_be_told_it_each_time(machine: Machine) -> None:
    socket: Any = machine.load("socket")
    with socket.socket(socket.AF_INET, SOCK_PACKET, socket.htons(ALL)) as sock:
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x", ("127.0.0.1", 9))
        assert sock.recvfrom(100)[1] == (LOOPBACK, b"lo".ljust(14, b"\0"))
        with pytest.raises(OSError, match="not connected"):
            sock.send(FRAME)
        assert sock.family == socket.AF_INET
        assert sock.getsockname() == ("", 0, 0, 0, b"")


def test_on_an_interface_that_is_down_sending_is_enetdown(machine: Machine) -> None:
    with packet(machine, 3, EXPERIMENT) as sock:
        machine.node.interfaces[0].flags &= ~1
        with pytest.raises(OSError, match="Network is down"):
            sock.send(FRAME)


def test_taps_are_gone_when_the_last_socket_is_closed(machine: Machine) -> None:
    packet(machine, 3, ALL).close()
    assert not machine.node.loopback.taps
    assert machine.node.loopback.plain


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="not run as root")
def test_options_and_what_is_told_of_a_frame_are_the_kernels() -> None:
    here, real = on_both("frames.py")
    assert here == real
    assert len(here) > 150
