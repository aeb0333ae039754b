"""What a packet socket says of frames, and its options; run on model and kernel alike."""

import errno
import socket
import struct

SOL_PACKET, AUXDATA, PEEK_TRUNC = 263, 8, 0x22
MODELLED = (3, 4, 6, 7, 8, 9, 10, 12, 14, 17, 19, 20, 23, 25)
EXPERIMENT, ALL, IP = 0x88B5, 0x0003, 0x0800
FRAME = bytes(12) + struct.pack("!H", EXPERIMENT) + b"a frame"


def attempt(what, function, *arguments):
    try:
        result = function(*arguments)
    except OSError as error:
        result = errno.errorcode[error.errno]
    print(f"{what}: {result}")


def make(protocol=EXPERIMENT, kind=socket.SOCK_RAW):
    sock = socket.socket(socket.AF_PACKET, kind, socket.htons(protocol))
    sock.bind(("lo", protocol))
    sock.settimeout(5)
    return sock


def auxiliary():
    for kind in socket.SOCK_RAW, socket.SOCK_DGRAM:
        with make(kind=kind) as receiver, make() as sender:
            attempt("before", receiver.getsockopt, SOL_PACKET, AUXDATA)
            receiver.setsockopt(SOL_PACKET, AUXDATA, 1)
            attempt("after", receiver.getsockopt, SOL_PACKET, AUXDATA)
            for size, room, flags in (100, 100, 0), (3, 100, 0), (100, 0, 0), (3, 100, PEEK_TRUNC):
                sender.send(FRAME)
                attempt(f"{size}, {room}, {flags}", receiver.recvmsg, size, room, flags)
    for protocol in ALL, IP:
        with make(protocol) as receiver, socket.socket(type=socket.SOCK_DGRAM) as sender:
            receiver.setsockopt(SOL_PACKET, AUXDATA, 1)
            sender.sendto(b"x", ("127.0.0.1", 9))
            data, control, flags, address = receiver.recvmsg(100, 100)
            print(len(data), control, flags, address)


def options():
    with make() as sock:
        for option in MODELLED:
            attempt(f"option {option}", sock.getsockopt, SOL_PACKET, option, 8)
        for option in MODELLED:
            for value in 0, 1, 7, b"\1":
                attempt(f"set {option} to {value}", sock.setsockopt, SOL_PACKET, option, value)
                attempt("  reads", sock.getsockopt, SOL_PACKET, option, 8)
        for option in 1, 2:
            for index, kind, length in (1, 0, 6), (1, 1, 6), (1, 2, 6), (1, 9, 6), (99, 1, 6), (
                    1, 0, 9):
                member = struct.pack("=iHH8x", index, kind, length)
                attempt(f"member {option, index, kind, length}", sock.setsockopt, SOL_PACKET,
                        option, member)
            attempt("a short one", sock.setsockopt, SOL_PACKET, option, bytes(8))
        attempt("another level", sock.setsockopt, 6, 1, 1)
        attempt("another level", sock.getsockopt, 6, 1)


if __name__ == "__main__":
    auxiliary()
    options()
