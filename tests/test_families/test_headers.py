"""SOCK_RAW over IPv4 with the header: IP_HDRINCL and protocol 255, as raw(7) says."""

import struct
from typing import Any

import pytest

from bsdsockets import Machine
from bsdsockets.machine.host import Host
from bsdsockets.network.wire import checksum

HERE = ("127.0.0.1", 0)
EXPERIMENT = 253  # RFC 3692: a protocol for experiments


@pytest.fixture
def socket(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(Host, "privileged", property(lambda self: True))
    return Machine().load("socket")


def header(body: bytes, source: str = "127.0.0.1", number: int = EXPERIMENT, length: int = 0,
           words: int = 5) -> bytes:
    addresses = bytes(map(int, source.split("."))) + bytes((127, 0, 0, 1))
    return struct.pack("!BBHHHBBH", 0x40 | words, 4, length, 7, 0, 9, number, 0) + addresses + body


def raw(socket: Any, number: int, included: bool = False) -> Any:
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, number)
    sock.settimeout(1)
    if included:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
    return sock


def test_a_socket_of_protocol_255_includes_the_header_from_the_start(socket: Any) -> None:
    with raw(socket, socket.IPPROTO_RAW) as whole, raw(socket, EXPERIMENT) as plain:
        values = [each.getsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL)
                  for each in (whole, plain)]
    assert values == [1, 0]


def test_the_length_and_the_checksum_are_filled_in_and_the_rest_is_the_programs(
        socket: Any) -> None:
    with raw(socket, socket.IPPROTO_RAW) as sender, raw(socket, EXPERIMENT) as receiver:
        assert sender.sendto(header(b"hello!", length=5), HERE) == 26
        packet, source = receiver.recvfrom(100)
    assert packet[:10].hex() == "4504001a0007000009fd"
    assert checksum(packet[:20]) == 0
    assert (packet[20:], source) == (b"hello!", HERE)


def test_a_source_of_zeros_is_filled_in_and_another_is_believed(socket: Any) -> None:
    with raw(socket, EXPERIMENT, included=True) as sock:
        senders = []
        for source in "0.0.0.0", "192.0.2.1":
            sock.sendto(header(b"x", source), HERE)
            senders.append(sock.recvfrom(100)[1][0])
    assert senders == ["127.0.0.1", "192.0.2.1"]


def test_a_datagram_made_by_hand_reaches_a_udp_socket(socket: Any) -> None:
    with raw(socket, socket.IPPROTO_RAW) as sender, socket.socket(
            type=socket.SOCK_DGRAM) as receiver:
        receiver.bind(HERE)
        receiver.settimeout(1)
        udp = struct.pack("!HHHH", 4444, receiver.getsockname()[1], 8 + 3, 0) + b"udp"
        sender.sendto(header(udp, number=socket.IPPROTO_UDP), HERE)
        assert receiver.recvfrom(10) == (b"udp", ("127.0.0.1", 4444))


@pytest.mark.parametrize("wrong", [b"", header(b"")[:19], header(b"", words=15),
                                   header(b"", words=4)])
def test_what_is_no_header_is_einval(socket: Any, wrong: bytes) -> None:
    with raw(socket, EXPERIMENT, included=True) as sock, pytest.raises(OSError) as caught:
        sock.sendto(wrong, HERE)
    assert caught.value.errno == 22
