"""Show what passes an interface, a line for each frame, and keep it for Wireshark if asked to.

    sudo python3 watch_frames.py lo
    sudo python3 watch_frames.py eth0 --port 53 --frames 10 --write dns.pcap

An AF_PACKET socket is given a copy of each frame, with its link header:

    Ethernet 14        IPv4 20 and more, IPv6 40     TCP, UDP
    [ to | from | type ][ … | protocol | … | from | to ][ from port | to port | … ]
"""

import argparse
import contextlib
import signal
import socket
import struct
import sys
import time
from collections.abc import Generator
from typing import BinaryIO

ETH_P_ALL, ETH_P_IP, ETH_P_IPV6 = 0x0003, 0x0800, 0x86DD
PACKET_OUTGOING = 4
ETHERNET = (1, 772)
"""ARPHRD_ETHER and ARPHRD_LOOPBACK: interfaces whose frames begin with Ethernet's header."""
MOST = 262144
"""Bytes of a frame at most: offloading makes frames longer than any wire takes."""
PROTOCOLS = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6"}
TCP_FLAGS = "FSRPAU"


def ports_of(protocol: int, data: bytes) -> tuple[int, ...]:
    """Return source and destination port, if there are any."""
    return struct.unpack("!HH", data[:4]) if protocol in (6, 17) and len(data) >= 4 else ()


def described(frame: bytes) -> tuple[str, tuple[int, ...]]:
    """Return a frame as a line of text, and its ports."""
    (kind,) = struct.unpack_from("!H", frame, 12)
    packet = frame[14:]
    if kind == ETH_P_IP and len(packet) >= 20:
        packet = packet[: struct.unpack_from("!H", packet, 2)[0]]  # short frames are filled up
        protocol, after = packet[9], packet[4 * (packet[0] & 15) :]
        hosts = [socket.inet_ntop(socket.AF_INET, packet[at : at + 4]) for at in (12, 16)]
        if struct.unpack_from("!H", packet, 6)[0] & 0x1FFF:
            return f"{hosts[0]} > {hosts[1]} fragment", ()  # its ports were in the first one
    elif kind == ETH_P_IPV6 and len(packet) >= 40:
        protocol, after = packet[6], packet[40 : 40 + struct.unpack_from("!H", packet, 4)[0]]
        hosts = [f"[{socket.inet_ntop(socket.AF_INET6, packet[at : at + 16])}]" for at in (8, 24)]
    else:
        return f"type 0x{kind:04x}, {len(packet)} bytes", ()
    ports = ports_of(protocol, after)
    ends = [f"{host}:{port}" for host, port in zip(hosts, ports, strict=True)] if ports else hosts
    text = f"{ends[0]} > {ends[1]} {PROTOCOLS.get(protocol, f'protocol {protocol}')}"
    if protocol == 6 and len(after) >= 20:
        text += f" [{''.join(name for bit, name in enumerate(TCP_FLAGS) if after[13] >> bit & 1)}]"
        after = after[4 * (after[12] >> 4) :]
    elif protocol == 17:
        after = after[8:]
    return f"{text} {len(after)} bytes", ports


def frames(interface: str) -> Generator[tuple[bytes, bool], None, None]:
    """Yield each frame, and whether this machine has sent it."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:  # deaf until bind
        sock.bind((interface, ETH_P_ALL))
        hardware = sock.getsockname()[3]
        if hardware not in ETHERNET:
            raise OSError(f"{interface} is no Ethernet, but of hardware type {hardware}")
        print(f"watching {interface}", flush=True)
        while True:
            frame, (_, _, direction, _, _) = sock.recvfrom(MOST)
            if interface == "lo" and direction == PACKET_OUTGOING:
                continue  # on loopback each frame passes twice, out and in
            if len(frame) >= 14:
                yield frame, direction == PACKET_OUTGOING


def write_pcap(file: BinaryIO, frame: bytes) -> None:
    """Add a frame to a capture file: seconds, microseconds, bytes kept, bytes there were."""
    now = time.time_ns() // 1000
    file.write(struct.pack("=IIII", now // 1_000_000, now % 1_000_000, len(frame), len(frame)))
    file.write(frame)
    file.flush()


def watch(interface: str, port: int | None, count: int | None, file: BinaryIO | None) -> None:
    """Print, and write, so many frames, or, with None, frames without end."""
    if file:  # magic number, version 2.4, two unused words, longest frame, Ethernet
        file.write(struct.pack("=IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, MOST, 1))
        file.flush()
    with contextlib.closing(frames(interface)) as seen:
        for frame, sent in seen:
            text, ports = described(frame)
            if port is not None and port not in ports:
                continue
            print("out" if sent else "in ", text, flush=True)
            if file:
                write_pcap(file, frame)
            count = count and count - 1
            if count == 0:
                return


def main() -> None:
    """Read the command line and watch until the last frame or Ctrl-C."""
    parser = argparse.ArgumentParser(description="Show what passes an interface.")
    parser.add_argument("interface", help="such as lo or eth0")
    parser.add_argument("--port", type=int, help="only TCP and UDP to or from this port")
    parser.add_argument("--frames", type=int, metavar="N", help="end after N frames")
    parser.add_argument("--write", metavar="FILE", help="a capture file, for tcpdump or Wireshark")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as on Ctrl-C
    try:
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(open(arguments.write, "wb")) if arguments.write else None
            watch(arguments.interface, arguments.port, arguments.frames, file)
    except PermissionError as error:
        sys.exit(f"{parser.prog}: {arguments.interface}: {error}; be root, or have CAP_NET_RAW")
    except OSError as error:
        sys.exit(f"{parser.prog}: {arguments.interface}: {error}")
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()
