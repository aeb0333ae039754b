"""The words of programs that ask more widely, beside those of `vocabulary`.

What waits here waits 4 ms, by SO_RCVTIMEO and SO_SNDTIMEO or by Python's timeout.
"""

# ruff: noqa: F403, F405, I001 -- as in vocabulary.py; executed with its words at hand
from socket import *
import ctypes
import os
import resource
import select
import socket
import struct

AT_MOST = 4000  # microseconds


def told_of(watcher, most, *known):
    """Return what an epoll object reports, and of which: the place of each among *known*."""
    places = {each.fileno(): at for at, each in enumerate(known)}
    return [(places.get(number, "?"), bits(mask & 0x3FFF))
            for number, mask in watcher.poll(0, most)]


def watches(watcher, interest):
    """Return what poll tells of an epoll object, and what select does."""
    poller = select.poll()
    poller.register(watcher, interest)
    return [bits(mask) for _, mask in poller.poll(0)], len(select.select([watcher], [], [], 0)[0])


def patient(asked, call, *arguments):
    """Call a method that waits as long as SO_RCVTIMEO and SO_SNDTIMEO let it."""
    for option in (SO_RCVTIMEO, SO_SNDTIMEO):
        asked.setsockopt(SOL_SOCKET, option, struct.pack("qq", 0, AT_MOST))
    asked.setblocking(True)
    try:
        answer = getattr(asked, call)(*arguments)
    finally:
        asked.setblocking(False)
    return told_peer(answer)


def brief(asked, call, *arguments):
    """Call a method that waits as long as Python's timeout lets it."""
    asked.settimeout(AT_MOST / 1e6)
    try:
        answer = getattr(asked, call)(*arguments)
    finally:
        asked.setblocking(False)
    return told_peer(answer)


def told_peer(answer):
    """Of what accept() returns, the peer: the connection is closed."""
    if isinstance(answer, tuple) and hasattr(answer[0], "getsockname"):
        answer[0].close()
        return "accepted", answer[1]
    return answer


def scarce(what, asked):
    """Do what needs a descriptor when there is none left."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open("/dev/null", os.O_RDONLY)
    os.close(lowest)
    doing = {
        "accept": asked.accept, "dup": asked.dup, "epoll": select.epoll,
        "pair": lambda: len(socket.socketpair()),
        "socket": lambda: socket.socket(asked.family, asked.type),
        "receive": lambda: receive(asked, 1000, 64),
        "peek": lambda: receive(asked, 0, 64, MSG_PEEK),
    }[what]
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        return doing()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def into(receiver, sizes, room=0, flags=0):
    """Return what recvmsg_into writes into buffers of these sizes, and the rest of its answer."""
    buffers = [bytearray(b"." * size) for size in sizes]
    count, ancillary, flags, sender = receiver.recvmsg_into(buffers, room, flags)
    carried = 0
    for level, kind, value in ancillary:
        if (level, kind) == (SOL_SOCKET, SCM_RIGHTS):
            for number in struct.unpack(f"{len(value) // 4}i", value[: len(value) // 4 * 4]):
                socket.close(number)
                carried += 1
    return count, list(map(bytes, buffers)), len(ancillary), carried, flags, sender


def counted(asked):
    """Return what TCP_INFO says that does not depend on the moment: the state, bytes received."""
    told = asked.getsockopt(IPPROTO_TCP, TCP_INFO, 160)
    return state(asked), struct.unpack("=Q", told[128:136])[0]


def interface(asked, request, name=b"lo", value=b""):
    """Return what an ioctl tells of an interface, or changes of it."""
    return control(asked, request, struct.pack("16s24s", name, value))


MEMORY = []  # of programs: a pointer keeps nothing


def fprog(*steps, count=None, place=None):
    """Return a struct sock_fprog for a program of classic BPF, of so many instructions."""
    memory = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    MEMORY.append(memory)
    place = ctypes.addressof(memory) if place is None else place
    return struct.pack("@HP", len(steps) if count is None else count, place)


def filtered(asked, *steps):
    """Put a program of classic BPF on a socket."""
    asked.setsockopt(SOL_SOCKET, 26, fprog(*steps))
    return asked


def told_unreachable(watcher, code, kind=3):
    """Tell this host, as a router would, that the last segment *watcher* saw did not arrive."""
    segments = []
    while True:
        try:
            segments.append(watcher.recv(65535))
        except BlockingIOError:
            break
    four = segments[-1][0] >> 4 == 4
    quoted = segments[-1][:28 if four else 48]
    message = bytearray(struct.pack("!BBHI", kind, code, 0, 0) + quoted)
    if four:
        total = sum(struct.unpack(f"!{len(message) // 2}H", message))
        total = (total & 0xFFFF) + (total >> 16)
        message[2:4] = struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF)
    made = (AF_INET, SOCK_RAW, IPPROTO_ICMP) if four else (AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)
    with socket.socket(*made) as router:
        return router.sendto(message, ("127.0.0.1" if four else "::1", 0))


def frames_of(ethertype):
    """Return a packet socket that sees what goes out and comes in, without the link's header."""
    return quiet(socket.socket(AF_PACKET, SOCK_DGRAM, htons(ethertype)))
