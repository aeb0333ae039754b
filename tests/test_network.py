"""The network layer: addresses, the bytes of packets, links with faults, captures."""

import io
import random
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bsdsockets import Machine
from bsdsockets.machine.events import PacketLost, PacketSent
from bsdsockets.network import wire
from bsdsockets.network.addresses import loose4
from bsdsockets.network.packets import ACK, SYN, Datagram, Icmp, Packet, Segment


@pytest.mark.parametrize(("text", "address"), [
    ("127.1", "127.0.0.1"), ("0177.0.0.1", "127.0.0.1"), ("0x7f.1", "127.0.0.1"),
    ("2130706433", "127.0.0.1"), ("256.1.1.1", None), ("1.2.3.4.5", None), ("", None),
])
def test_an_address_in_c_s_notations(text: str, address: str | None) -> None:
    assert loose4(text) == address


PACKETS = [
    Packet("127.0.0.1", "127.0.0.1", 6, Segment(1, 2, 3, 4, SYN | ACK, 65536, maximum=65483)),
    Packet("::1", "::1", 6, Segment(1, 2, 2**32 + 3, 4, ACK, 65536, b"odd")),
    Packet("127.0.0.1", "127.0.0.1", 17, Datagram(1, 2, b"")),
    Packet("::1", "::1", 17, Datagram(1, 2, b"data!")),
    Packet("127.0.0.1", "127.0.0.1", 1, Icmp(8, 0, 7, b"ping")),
    Packet("::1", "::1", 58, Icmp(128, 0, 7, b"ping")),
    Packet("127.0.0.1", "127.0.0.1", 1, Icmp(3, 3, about=Packet(
        "127.0.0.1", "127.0.0.1", 17, Datagram(9, 10, b"lost")))),
]


@pytest.mark.parametrize("packet", PACKETS)
def test_checksums_are_right(packet: Packet) -> None:
    """What is summed with its own checksum gives zero (RFC 1071)."""
    data = wire.encode(packet)
    six = data[0] >> 4 == 6
    body = data[40:] if six else data[20:]
    if six:
        assert len(body) == struct.unpack("!H", data[4:6])[0]
        pseudo = data[8:40] + struct.pack("!IHBB", len(body), 0, 0, packet.protocol)
    else:
        assert len(data) == struct.unpack("!H", data[2:4])[0]
        assert wire.checksum(data[:20]) == 0
        pseudo = data[12:20] + struct.pack("!BBH", 0, packet.protocol, len(body))
    assert wire.checksum((b"" if packet.protocol == 1 else pseudo) + body) == 0


def talk(socket: Any, family: int, host: str) -> None:
    """Handshake, data, urgent data and close; and a datagram that nobody takes."""
    with socket.socket(family) as server:
        server.bind((host, 0))
        server.listen()
        client = socket.create_connection(server.getsockname()[:2])
        connection, _ = server.accept()
        with client, connection:
            client.sendall(b"hello")
            assert connection.recv(9) == b"hello"
            connection.send(b"!", socket.MSG_OOB)
    with socket.socket(family, socket.SOCK_DGRAM) as nobody:
        nobody.sendto(b"lost", (host, 9))


def test_other_people_s_tools_read_a_capture_without_complaint(tmp_path: Path) -> None:
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.skip("tshark is not installed")
    machine = Machine()
    socket = machine.load("socket")
    end = machine.capture(tmp_path / "talk.pcap")
    talk(socket, socket.AF_INET, "127.0.0.1")
    talk(socket, socket.AF_INET6, "::1")
    end()
    options = [f"{protocol}.check_checksum:TRUE" for protocol in ("ip", "tcp", "udp")]
    read = subprocess.run(
        [tshark, "-r", str(tmp_path / "talk.pcap"), "-V",
         *(word for option in options for word in ("-o", option))],
        capture_output=True, text=True, timeout=60, check=True)
    assert "Transmission Control Protocol" in read.stdout
    assert "Destination unreachable" in read.stdout
    for complaint in ("Malformed", "[incorrect", "Checksum Status: Bad", "Bogus"):
        assert complaint not in read.stdout


def test_a_capture_begins_as_pcap_and_has_every_packet(tmp_path: Path) -> None:
    machine = Machine()
    socket = machine.load("socket")
    end = machine.capture(tmp_path / "talk.pcap")
    talk(socket, socket.AF_INET, "127.0.0.1")
    end()
    file = io.BytesIO((tmp_path / "talk.pcap").read_bytes())
    magic, major, minor, _, _, _, link = struct.unpack("<IHHiIII", file.read(24))
    assert (magic, major, minor, link) == (0xA1B2C3D4, 2, 4, 101)
    flags = []
    while head := file.read(16):
        _, _, captured, length = struct.unpack("<IIII", head)
        packet = file.read(captured)
        assert captured == length == struct.unpack("!H", packet[2:4])[0]
        if packet[9] == 6:
            flags.append(packet[33])
    assert flags[:3] == [2, 18, 16], "SYN, SYN+ACK, ACK"
    assert any(flag & 32 for flag in flags), "the urgent byte"


def test_a_lost_segment_is_sent_again_and_arrives_once() -> None:
    machine = Machine()
    socket = machine.load("socket")
    events: list[object] = []
    machine.observe(events.append)
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    connection, _ = server.accept()
    losses = [None, None, 0.0]
    machine.node.loopback.fault = lambda packet: (
        losses.pop(0) if losses and packet.payload.data else 0.0)
    with server, client, connection:
        client.sendall(b"hello")
        connection.settimeout(10)
        assert connection.recv(9) == b"hello"
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(9)
    assert sum(isinstance(event, PacketLost) for event in events) == 2
    assert sum(isinstance(event, PacketSent) and event.packet.payload.data == b"hello"
               for event in events) == 3


@pytest.mark.parametrize("seed", range(5))
def test_a_stream_over_a_bad_link_is_whole(seed: int) -> None:
    """A third of the packets lost, others late: what is read is what was sent."""
    machine = Machine(seed=seed)
    socket, threading = machine.load("socket"), machine.load("threading")
    chance = random.Random(seed)

    def fault(packet: Packet) -> float | None:
        return chance.choice([None, 0.001, 0.03])

    sent = bytes(range(256)) * 300
    received = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as server:
        machine.node.loopback.fault = fault

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                while data := connection.recv(5000):
                    received.extend(data)

        thread = threading.Thread(target=serve)
        thread.start()
        with socket.create_connection(server.getsockname()) as client:
            client.sendall(sent)
        thread.join()
    assert bytes(received) == sent
    machine.close()


def test_an_address_without_a_name_is_its_own_name() -> None:
    machine = Machine()
    socket = machine.load("socket")
    for address, name in (("127.0.0.1", "localhost"), ("::1", "localhost"),
                          ("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::1")):
        assert socket.getnameinfo((address, 80), socket.NI_NUMERICSERV) == (name, "80")
        if name == address:
            with pytest.raises(socket.gaierror, match="not known"):
                socket.getnameinfo((address, 80), socket.NI_NAMEREQD)
    machine.close()
