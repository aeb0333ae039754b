"""The words in which the judge's programs are written, beside `socket`'s own.

Executed once in every world, so `socket` and `select` are that world's.  Every socket made by
these words is non-blocking: "would block" is then an answer (EAGAIN) that both worlds can give.
A program printed by the judge carries the source of the words it uses.
"""

# ruff: noqa: F403, F405, I001 -- programs use the socket module's constants by their own names,
# and the modules' names must be bound after what they hold of the same name.
from select import *
from socket import *
import fcntl
import os
import select
import socket
import struct

LO = ("127.0.0.1", 0)
LO6 = ("::1", 0)
MAPPED = ("::ffff:127.0.0.1", 0)
ANY = ("0.0.0.0", 0)
ANY6 = ("::", 0)
ECHO = b"\x08\x00\xeb\xe6\x12\x34\x00\x01data!!"
ECHO6 = b"\x80\x00\x00\x00\x12\x34\x00\x01data!!"
CAPACITY = 1 << 22
POLLED = 0x2007  # IN, PRI, OUT, RDHUP; ERR, HUP and NVAL are always told
TCP_STATES = str.split(
    "? ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE CLOSE_WAIT "
    "LAST_ACK LISTEN CLOSING NEW_SYN_RECV"
)
EVENTS = str.split("IN PRI OUT ERR HUP NVAL RDNORM RDBAND WRNORM WRBAND MSG . . RDHUP")


def quiet(made):
    """Make a new socket non-blocking and return it."""
    made.setblocking(False)
    return made


def tcp():
    return quiet(socket.socket(AF_INET, SOCK_STREAM))


def tcp6():
    return quiet(socket.socket(AF_INET6, SOCK_STREAM))


def udp():
    return quiet(socket.socket(AF_INET, SOCK_DGRAM))


def udp6():
    return quiet(socket.socket(AF_INET6, SOCK_DGRAM))


def ustream():
    return quiet(socket.socket(AF_UNIX, SOCK_STREAM))


def udgram():
    return quiet(socket.socket(AF_UNIX, SOCK_DGRAM))


def useq():
    return quiet(socket.socket(AF_UNIX, SOCK_SEQPACKET))


def icmp():
    return quiet(socket.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP))


def icmp6():
    """Return a raw socket of ICMPv6 that ICMP6_FILTER keeps MLD's reports from.

    Linux sends those on its loopback interface a moment after somebody has joined a group.
    """
    made = quiet(socket.socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6))
    made.setsockopt(IPPROTO_ICMPV6, 1, bytes(17) + b"\x80" + bytes(14))
    return made


def experiment():
    return quiet(socket.socket(AF_INET, SOCK_RAW, 253))


def experiment6():
    return quiet(socket.socket(AF_INET6, SOCK_RAW, 253))


def rawudp():
    return quiet(socket.socket(AF_INET, SOCK_RAW, IPPROTO_UDP))


def rawudp6():
    """Make a raw socket that fills in UDP's checksum, at offset 6."""
    made = quiet(socket.socket(AF_INET6, SOCK_RAW, IPPROTO_UDP))
    made.setsockopt(IPPROTO_IPV6, IPV6_CHECKSUM, 6)
    return made


def header6():
    return quiet(socket.socket(AF_INET6, SOCK_RAW, IPPROTO_RAW))


def datagram(receiver, data=b"data"):
    """Return UDP's header and data for a socket, without a checksum."""
    return struct.pack("!HHHH", 7, receiver.getsockname()[1], 8 + len(data), 0) + data


def packet6(data=b"data", protocol=253):
    """Return a whole packet of IPv6 from and to this host."""
    lo = inet_pton(AF_INET6, "::1")
    return struct.pack("!IHBB", 6 << 28, len(data), protocol, 64) + lo + lo + data


def pair(kind):
    left, right = socket.socketpair(AF_UNIX, kind)
    return quiet(left), quiet(right)


def accept(listener):
    connection, peer = listener.accept()
    return quiet(connection), peer


def at(other):
    """Return where the other socket can be reached: its own name."""
    return other.getsockname()


def mapped(other):
    """Return the other socket's IPv4 address as an IPv4-mapped IPv6 one."""
    host, port = other.getsockname()[:2]
    return ("::ffff:" + host, port)


def of(other, host):
    """Return the other socket's port on the given host."""
    return (host, other.getsockname()[1])


def nobody(family=AF_INET):
    """Return an address at which nobody listens."""
    with socket.socket(family, SOCK_STREAM) as asked:
        asked.bind(LO if family == AF_INET else LO6)
        return asked.getsockname()


def abstract(name):
    return b"\0" + os.fsencode(name)


def fill(sender, size=1024):
    """Send until it would block."""
    for _ in range(CAPACITY):
        try:
            sender.send(b"." * size)
        except BlockingIOError:
            return "full"
    return "never full"


def count_fill(sender, size):
    """Send until it would block and return how many calls that took."""
    for number in range(CAPACITY):
        try:
            sender.send(b"." * size)
        except BlockingIOError:
            return number
    return "never full"


def flood(sender, size, count=300):
    """Send more than a receiver has room for."""
    for _ in range(count):
        sender.send(b"." * size)
    return count


def drain(receiver, size=65536):
    """Receive until it would block or ends, and return how many bytes came and how it ended."""
    total = 0
    for _ in range(CAPACITY):
        try:
            data = receiver.recv(size)
        except OSError as error:
            return total, error.with_traceback(None)
        if not data:
            return total, "end"
        total += len(data)
    return total, "never empty"


def bits(mask):
    """Return the names of poll's bits."""
    return "|".join(name for at, name in enumerate(EVENTS) if mask >> at & 1) or "0"


def poll(asked, interest=POLLED):
    """Return poll's answer for one socket, without waiting."""
    poller = select.poll()
    poller.register(asked, interest)
    return bits(dict(poller.poll(0)).get(asked.fileno(), 0))


def poll_for(asked, interest):
    """Wait until poll has something to tell of one socket, and return it."""
    poller = select.poll()
    poller.register(asked, interest)
    return [bits(mask) for _, mask in poller.poll()]


def timed(asked, seconds):
    """Give a socket a timeout and return it."""
    asked.settimeout(seconds)
    return asked


def chosen(asked):
    """Return select's three answers for one socket."""
    answer = select.select([asked], [asked], [asked], 0)
    return "".join(letter for letter, found in zip("rwx", answer, strict=True) if found)


def watch(asked, interest):
    """Return a new epoll object that watches one socket."""
    watcher = select.epoll()
    watcher.register(asked, interest)
    return watcher


def told(watcher):
    """Return what an epoll object reports, without waiting."""
    return [bits(mask & 0x3FFF) for _, mask in watcher.poll(0)]


def state(asked):
    """Return the TCP state as TCP_INFO tells it.

    FIN_WAIT stands for FIN_WAIT1 and FIN_WAIT2: Linux delays the ACK of a FIN by up to 40 ms of
    wall-clock time, so which of the two is seen depends on how fast the program runs.
    """
    return TCP_STATES[asked.getsockopt(IPPROTO_TCP, TCP_INFO, 1)[0]].rstrip("12")


def option(asked, level, name, size=0):
    """Return an option's value, as bytes when a size is given."""
    return asked.getsockopt(level, name, size) if size else asked.getsockopt(level, name)


def cycle(asked, level, name, value):
    """Set an option and return what it then reads back."""
    asked.setsockopt(level, name, value)
    return asked.getsockopt(level, name)


def linger(on, seconds):
    return struct.pack("ii", on, seconds)


def name(asked, which):
    """Return a name of a socket, or the error."""
    try:
        return getattr(asked, which)()
    except OSError as error:
        return error.with_traceback(None)  # which would keep the socket alive


def look(asked):
    """Return what can be seen of a socket without changing it: state, readiness, both names."""
    if asked.fileno() < 0:
        return ("closed",)
    seen = [poll(asked), name(asked, "getsockname"), name(asked, "getpeername")]
    if asked.type == SOCK_STREAM and asked.family != AF_UNIX:
        seen.insert(0, state(asked))
    return tuple(seen)


def rights(*sockets):
    """Return SCM_RIGHTS ancillary data that carries sockets."""
    numbers = [each.fileno() for each in sockets]
    return [(SOL_SOCKET, SCM_RIGHTS, struct.pack(f"{len(numbers)}i", *numbers))]


def passed(receiver, data_size=100, room=4, flags=0):
    """Receive one message and return the sockets it carried, its data and its flags."""
    data, ancillary, flags, _ = receiver.recvmsg(data_size, CMSG_SPACE(4 * room), flags)
    found = []
    for _, kind, value in ancillary:
        if kind == SCM_RIGHTS:
            numbers = struct.unpack(f"{len(value) // 4}i", value[: len(value) // 4 * 4])
            found += [quiet(socket.socket(fileno=number)) for number in numbers]
    return found, (data, len(found), flags)


def first(of_passed):
    """Return the first of the sockets that were passed, and close the others."""
    (carried, *others), peer = of_passed
    for other in others:
        other.close()
    return carried, peer


def taken(receiver, flags=0):
    """Receive one message that carries one socket and return that socket."""
    (carried,), peer = passed(receiver, flags=flags)
    return carried, peer


def ioctl(asked, request):
    """Return the int that an ioctl gives: how much waits, or whether the mark is next."""
    return struct.unpack("i", fcntl.ioctl(asked, request, bytes(4)))[0]


def credentials(asked):
    """Return SO_PEERCRED, the process as "me"."""
    pid, uid, gid = struct.unpack("3i", asked.getsockopt(SOL_SOCKET, SO_PEERCRED, 12))
    return ("me" if pid == os.getpid() else pid, uid, gid)


def closed(asked):
    """Close a socket and say so."""
    asked.close()
    return asked.fileno()


def detached(asked):
    """Take a socket's descriptor away from it, and close that."""
    number = asked.detach()
    if number >= 0:
        socket.close(number)
    return number >= 0


def unlink(path):
    return os.unlink(path)


def receive(receiver, size=100, room=0, flags=0):
    """Return recvmsg's answer; a process's number in it is replaced."""
    data, ancillary, flags, sender = receiver.recvmsg(size, room, flags)
    seen = []
    for level, kind, value in ancillary:
        if (level, kind) == (SOL_SOCKET, SCM_CREDENTIALS):
            pid, uid, gid = struct.unpack("3i", value)
            value = ("me" if pid == os.getpid() else pid, uid, gid)
        elif level == SOL_SOCKET and kind == SCM_RIGHTS:
            for number in struct.unpack(f"{len(value) // 4}i", value[: len(value) // 4 * 4]):
                socket.close(number)
            value = f"{len(value)} bytes of descriptors"
        elif level == SOL_SOCKET:
            value = len(value)  # a time stamp
        elif (level, kind) == (IPPROTO_IP, 20):
            value = value[4:]  # IP_RECVORIGDSTADDR, without the port
        elif (level, kind) == (IPPROTO_IPV6, 74):
            value = value[4:]  # IPV6_ORIGDSTADDR, without the port
        seen.append((level, kind, value))
    return data, seen, flags, sender


def stamping(asker, flags):
    """Set SO_TIMESTAMPING; what came before has a stamp where anybody on the machine asked."""
    for _ in range(400):
        try:
            asker.recv(1)
        except BlockingIOError:
            break
        except OSError:
            pass
    return asker.setsockopt(SOL_SOCKET, 37, flags)


def sockaddr(host):
    """Return a struct sockaddr_storage with an address."""
    if ":" in host:
        return struct.pack("=HxxI16s104x", AF_INET6, 0, inet_pton(AF_INET6, host))
    return struct.pack("=Hxx4s120x", AF_INET, inet_aton(host))


def at_index(index, *hosts):
    """Return a struct group_req, or with a sender a struct group_source_req."""
    return struct.pack("=I4x", index) + b"".join(map(sockaddr, hosts))


def filter_at(index, mode, count, group, *senders):
    """Return a struct group_filter that says it has *count* senders."""
    tail = b"".join(map(sockaddr, senders))
    return at_index(index, group) + struct.pack("=II", mode, count) + tail


def filter_by(own, mode, count, group, *senders):
    """Return a struct ip_msfilter that says it has *count* senders."""
    head = inet_aton(group) + inet_aton(own) + struct.pack("=II", mode, count)
    return head + b"".join(map(inet_aton, senders))


def to_group(group, port, sender="127.0.0.1"):
    """Send a sender's own address to a group on the loopback interface."""
    with udp() as made:
        made.bind((sender, 0))
        made.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, inet_aton("127.0.0.1"))
        return made.sendto(sender.encode(), (group, port))
