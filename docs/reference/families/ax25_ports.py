"""Make two AX.25 ports on this machine, bpq0 with the callsign PORT0 and bpq1 with PORT1.

The driver bpqether carries AX.25 in Ethernet frames; a veth pair is a cable with two Ethernet ends:

    PORT0 ── bpq0 ── veth0 ═════ veth1 ── bpq1 ── PORT1

Needs root, the modules ax25, bpqether and veth.  The program ends at once; the ports stay.
"""

import errno
import fcntl
import socket
import struct
from pathlib import Path

SIOCSIFFLAGS, IFF_UP, SIOCSIFHWADDR, ARPHRD_AX25 = 0x8914, 1, 0x8924, 3
RTM_NEWLINK, NLM_F_REQUEST_ACK, NLM_F_CREATE_NEW = 16, 0x5, 0x600
IFLA_LINKINFO, IFLA_INFO_KIND = 18, 1
T1 = 1000  # milliseconds; the first answer comes too early and is sent again after T1


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def make_cable():
    """What `ip link add type veth` asks the kernel; it chooses the names veth0 and veth1."""
    body = bytes(16) + attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, b"veth"))
    flags = NLM_F_REQUEST_ACK | NLM_F_CREATE_NEW
    header = struct.pack("=IHHII", 16 + len(body), RTM_NEWLINK, flags, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.send(header + body)
        answer = netlink.recv(4096)
    (error,) = struct.unpack_from("=i", answer, 16)
    if error:
        raise OSError(-error, "no veth pair")


def call_bytes(text):
    """The 7 bytes of a callsign without SSID."""
    return bytes(value << 1 for value in [*text.ljust(6).encode("ascii"), 0])


def bring_up(sock, name):
    fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH22x", name.encode(), IFF_UP))


def main():
    try:
        socket.socket(socket.AF_AX25, socket.SOCK_SEQPACKET).close()
    except OSError as error:
        print(f"AF_AX25: {error.strerror} ({errno.errorcode[error.errno]})")
        return
    make_cable()
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        for end in "veth0", "veth1":
            bring_up(sock, end)
        for port, call in ("bpq0", "PORT0"), ("bpq1", "PORT1"):
            address = struct.pack("=H7s", ARPHRD_AX25, call_bytes(call))
            fcntl.ioctl(sock, SIOCSIFHWADDR, struct.pack("16s24s", port.encode(), address))
            bring_up(sock, port)
            Path(f"/proc/sys/net/ax25/{port}/t1_timeout").write_text(str(T1))
            print(port, "is", call)


if __name__ == "__main__":
    main()
