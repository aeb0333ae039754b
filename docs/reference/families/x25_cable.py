"""Join two X.25 interfaces of this machine, x25a and x25b, until interrupted.

A TUN device is a network interface whose other end is a program.  Two of them, told that they are
X.25 interfaces, become two ends of a line when this program copies packets between them:

    1001 ── x25a ══ this program ══ x25b ── 2002        (the numbers each interface leads to)

Needs root, the modules x25 and tun.  Run x25_call.py meanwhile.
"""

import errno
import fcntl
import os
import select
import socket
import struct

TUNSETIFF, TUNSETLINK, IFF_TUN, ARPHRD_X25 = 0x400454CA, 0x400454CD, 1, 271  # linux/if_tun.h
SIOCADDRT, SIOCSIFFLAGS, IFF_UP = 0x890B, 0x8914, 1
DATA, CONNECT = 0, 1  # the first byte between the packet layer and an interface
RESTART_REQUEST, RESTART_CONFIRMATION = 0xFB, 0xFF


def interface(name):
    """Make an X.25 interface; return the program's end of it."""
    end = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH22x", name, IFF_TUN))
    fcntl.ioctl(end, TUNSETLINK, ARPHRD_X25)
    with socket.socket(type=socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", name, IFF_UP))
    return end


def route(x25, digits, name):
    """Numbers that begin with these digits are reached through this interface."""
    fcntl.ioctl(x25, SIOCADDRT, struct.pack("=16sI200s", digits, len(digits), name))


def passed_on(packet):
    """Whether a packet goes to the other end, and what to send or to answer.

    Four bytes of the TUN driver, one of the interface, then the X.25 packet.  Each end first asks
    its modem for a connection and restarts the line; both are answered here.
    """
    if packet[4] == CONNECT:
        return False, packet
    if packet[4] == DATA and packet[7] == RESTART_REQUEST:
        return False, packet[:7] + bytes([RESTART_CONFIRMATION])
    return True, packet


def main():
    try:
        x25 = socket.socket(socket.AF_X25, socket.SOCK_SEQPACKET)
    except OSError as error:
        print(f"AF_X25: {error.strerror} ({errno.errorcode[error.errno]})")
        return
    with x25:
        a, b = interface(b"x25a"), interface(b"x25b")
        route(x25, b"1001", b"x25a")
        route(x25, b"2002", b"x25b")
    print("x25a and x25b are joined: 1001 through x25a, 2002 through x25b", flush=True)
    while True:
        for end in select.select([a, b], [], [])[0]:
            on, packet = passed_on(os.read(end, 4096))
            other = b if end == a else a
            os.write(other if on else end, packet)


if __name__ == "__main__":
    main()
