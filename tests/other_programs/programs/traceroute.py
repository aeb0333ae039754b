"""Echo and port unreachable over raw sockets, as ping and traceroute use them."""

import socket
import struct


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def echo_request(sequence):
    head = struct.pack("!BBHHH", 8, 0, 0, 0x1234, sequence)
    return struct.pack("!BBHHH", 8, 0, checksum(head + b"abcd"), 0x1234, sequence) + b"abcd"


with (
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as icmp,
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe,
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed,
):
    icmp.settimeout(2)
    for sequence in (1, 2):
        icmp.sendto(echo_request(sequence), ("127.0.0.1", 0))
        while True:
            packet, (sender, _) = icmp.recvfrom(1500)
            if packet[20] == 0 and packet[24:26] == b"\x12\x34":
                break
        print("echo reply", sender, packet[26:28], packet[28:])
    closed.bind(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    for ttl in (1, 2):
        probe.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        probe.sendto(b"probe", ("127.0.0.1", port))
        packet, (sender, _) = icmp.recvfrom(1500)
        print("type", packet[20], "code", packet[21], "from", sender, "about ttl", packet[36])
