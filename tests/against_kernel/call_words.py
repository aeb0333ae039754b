"""The words for AF_X25 and AF_AX25, beside those of `vocabulary`, `link_words` and `old_words`.

Executed with theirs.  What a kernel leaves of its memory behind an address is cut off.
"""

# ruff: noqa: F403, F405, I001 -- as in vocabulary.py; executed with its words at hand
from socket import *
import contextlib
import ctypes
import errno
import os
import socket
import struct

X25_LEVEL, AX25_LEVEL = 262, 257
FACILITIES, USER_DATA, CAUSE, MATCH, APPROVE, APPROVED = (
    0x89E2, 0x89E4, 0x89E6, 0x89E7, 0x89E8, 0x89E9)
ROUND = 0
"""The number of the program, which a world writes here."""


def xs():
    return quiet(socket.socket(AF_X25, SOCK_SEQPACKET))


def xn(digits=b""):
    """The bytes of a struct sockaddr_x25."""
    return struct.pack("=H16s", AF_X25, digits)


def ax(kind=SOCK_SEQPACKET, protocol=0):
    return quiet(socket.socket(AF_AX25, kind, protocol))


def mark():
    """Three letters that are this program's own."""
    return "".join(chr(65 + ROUND // 26**power % 26) for power in (2, 1, 0))


def sign(text):
    """The 7 bytes of a callsign; N0 stands for this program's letters."""
    call, _, ssid = text.replace("N0", mark()).partition("-")
    return bytes(ord(letter) << 1 for letter in call.ljust(6)) + bytes([int(ssid or 0) << 1])


def an(text, *ways, count=None, family=AF_AX25):
    """The bytes of a struct sockaddr_ax25, of a full one where there are digipeaters."""
    short = struct.pack("=H7s3xi", family, sign(text), len(ways) if count is None else count)
    return short + b"".join(map(sign, ways)).ljust(56, b"\0") if ways else short


def shown(sock, address):
    """An address without what is behind it."""
    if sock.family == AF_X25:
        return address[2:].partition(b"\0")[0], len(address)
    count, own = int.from_bytes(address[12:16], "little"), sign("N0")[:3]
    calls = address[2:9], address[16:16 + 7 * min(count, 8)]
    return *(each.replace(own, b"own") for each in calls), len(address)


def iname(sock, which="getsockname"):
    return shown(sock, cname(sock, which)[0])


def icaught(sock, size=100, flags=0):
    """recvfrom() with the sender, where one is told."""
    data, name = ctypes.create_string_buffer(max(size, 1)), ctypes.create_string_buffer(128)
    length = ctypes.c_uint(128)
    count = failing(libc.recvfrom(sock.fileno(), data, ctypes.c_size_t(size), flags, name,
                                  ctypes.byref(length)))
    sender = name.raw[:length.value]
    return data.raw[:min(count, size)], count, shown(sock, sender) if sender else None


def itaken(sock):
    """accept(); where nobody calls it is EAGAIN, for which Linux would wait."""
    if sock.getsockopt(SOL_SOCKET, SO_ACCEPTCONN) and "IN" not in poll(sock):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    name, length = ctypes.create_string_buffer(128), ctypes.c_uint(128)
    number = failing(libc.accept(sock.fileno(), name, ctypes.byref(length)))
    made = quiet(socket.socket(sock.family, sock.type, sock.proto, fileno=number))
    return made, shown(sock, name.raw[:length.value])


def iclosed(sock):
    """Close a socket; one that listens first takes its calls, which Linux would forget."""
    with sock:
        for _ in range(10):
            if sock.getsockopt(SOL_SOCKET, SO_ACCEPTCONN) and "IN" in poll(sock):
                with contextlib.suppress(OSError):  # it may have ended
                    itaken(sock)[0].close()


def facilities(*values):
    return struct.pack("=6I", *values)


def user_data(data, length=None):
    return struct.pack("=I128s", len(data) if length is None else length, data)


def told_data(sock):
    """The user data of a call."""
    answer = control(sock, USER_DATA, bytes(132))
    return answer[4:4 + struct.unpack("=I", answer[:4])[0]]
