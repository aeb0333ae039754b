"""What is open, as programs read it in /proc/net: this program's own lines of each table."""

import contextlib
import ctypes
import fcntl
import os
import re
import socket
import stat
import struct
import tempfile
import time
from pathlib import Path

HOST, HOST6 = "127.0.0.1", "::1"
NEW_NETWORK, SET_FLAGS, UP = 0x40000000, 0x8914, 1

ctypes.CDLL(None).unshare(NEW_NETWORK)  # where no other program's sockets are
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH22x", b"lo", UP))


def made(family, kind, address=None, protocol=0):
    sock = socket.socket(family, kind, protocol)
    if address is not None:
        sock.bind(address)
    return sock


def meet(listener, address):
    return socket.create_connection(address), listener.accept()[0]


def mine(name, ports, of="/proc/net"):
    """The lines with a port or an inode of ours, which have names; without what kernels count."""
    inodes = {}
    for number in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(OSError):  # the directory's own
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                inodes[str(os.fstat(number).st_ino)] = f"descriptor{number}"
    head, *lines = Path(of, name).read_text().splitlines()
    found = []
    for line in lines:
        words = [inodes.get(word, word) for word in line.split()]
        line = " ".join(words[1:])
        line = re.sub(r":([0-9A-F]{4})\b", lambda m: ports.get(int(m[1], 16), ":" + m[1]), line)
        line = re.sub(r"03:[0-9A-F]{8}", "03:soon", line)
        waits_for_ack = re.search(r" 0[45] \d{8}:", line)  # or has it: that of a FIN is late
        if re.search("descriptor|port|room", line) and not waits_for_ack:
            found.append(re.sub(r" \d+ [0-9a-f]{16}.*", "", line))
    return " ".join(head.split()), sorted(found)


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    stream, datagram, raw = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW
    four, six = socket.AF_INET, socket.AF_INET6
    listener, listener6 = made(four, stream, (HOST, 0)), made(six, stream, ("::", 0))
    for each in (listener, listener6):
        each.listen()
    client, server = meet(listener, listener.getsockname())
    client.send(b"hello")
    closed_first, closed_last = meet(listener, listener.getsockname())
    ended = closed_first.getsockname()[1]
    closed_first.close()
    closed_last.close()
    half, gone = meet(listener, listener.getsockname())
    gone.close()
    mapped, of_mapped = meet(listener6, (HOST, listener6.getsockname()[1]))
    waits = socket.create_connection((HOST6, listener6.getsockname()[1]))
    bound, free = made(four, stream, (HOST, 0)), made(four, stream)
    receiver, receiver6 = made(four, datagram, ("", 0)), made(six, datagram, (HOST6, 0))
    sender = made(four, datagram)
    sender.connect((HOST, receiver.getsockname()[1]))
    sender.send(b"abc")
    light = made(four, datagram, (HOST, 0), 136)
    ping, ping6 = made(four, raw, None, 1), made(six, raw, None, 58)
    door = made(socket.AF_UNIX, stream, "room")
    door.listen()
    guest, late = made(socket.AF_UNIX, stream), made(socket.AF_UNIX, stream)
    guest.connect("room")
    host = door.accept()[0]
    late.connect("room")
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    hidden = made(socket.AF_UNIX, datagram, b"\0a room")
    link, to_programs = made(socket.AF_NETLINK, raw, (0, 1)), made(socket.AF_NETLINK, raw, None, 2)
    frames = made(socket.AF_PACKET, raw)
    names = {"listener": listener, "listener6": listener6, "client": client, "mapped": mapped,
             "half": half, "waits": waits, "bound": bound, "receiver": receiver,
             "receiver6": receiver6, "sender": sender, "light": light}
    ports = {sock.getsockname()[1]: f":port_of_{name}" for name, sock in names.items()}
    ports[ended] = ":port_that_ended"
    for _ in range(500):
        if any("port_that_ended" in line and " 06 " in line for line in mine("tcp", ports)[1]):
            break
        time.sleep(0.01)
    for name in ("tcp", "tcp6", "udp", "udp6", "udplite", "raw", "raw6", "unix", "netlink",
                 "packet"):
        head, lines = mine(name, ports)
        print(name, head, *[each.replace(str(os.getpid()), "pid") for each in lines], sep="\n  ")
    print(mine("tcp", ports) == mine("tcp", ports, "/proc/self/net"))
    with open("/proc/net/tcp", "rb") as table:
        print(table.readline()[:10], table.readable(), table.closed)
    links = [os.readlink(f"/proc/self/fd/{each.fileno()}") for each in (listener, client, server)]
    print(len(set(links)), links[0] == f"socket:[{os.fstat(listener.fileno()).st_ino}]")
    number = os.fstat(door.fileno()).st_ino
    if os.fork() == 0:
        print(number == os.fstat(door.fileno()).st_ino)
        print(len(mine("tcp", ports)[1]), flush=True)
        pair, own = socket.socketpair(), socket.create_server((HOST, 0))
        for table, socks in ("unix", pair), ("tcp", (own, listener)):
            with open(f"/proc/net/{table}") as lines:
                inodes = {word for line in lines for word in line.split()[6:10]}
            print(inodes >= {str(os.fstat(each.fileno()).st_ino) for each in socks}, flush=True)
        os._exit(0)
    os.wait()
