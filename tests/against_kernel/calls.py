"""The calls made in every state: each of `socket`'s methods with its telling arguments.

A call is one line about `a`.  `new` lines first make what the call needs (a listener to connect
to, a socket whose address is taken); their own results are not recorded.
"""

from __future__ import annotations

from dataclasses import dataclass

from .subjects import Subject

Program = tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """One call with what has to stand before it."""

    line: str
    before: Program = ()


COMMON = (
    "a.accept()[1]",
    "a.bind(TAKEN)",
    "a.bind(at(a))",
    "a.connect(at(a))",
    "a.connect_ex(at(a))",
    "a.close()",
    "detached(a)",
    "look(quiet(a.dup()))",
    "a.fileno() >= 0",
    "a.getpeername()",
    "a.getsockname()",
    "a.getsockopt(SOL_SOCKET, SO_ACCEPTCONN)",
    "a.getsockopt(SOL_SOCKET, SO_ERROR)",
    "a.getsockopt(SOL_SOCKET, SO_TYPE)",
    "a.getsockopt(SOL_SOCKET, SO_DOMAIN)",
    "a.getsockopt(SOL_SOCKET, SO_PROTOCOL)",
    "a.getsockopt(SOL_SOCKET, SO_REUSEADDR)",
    "a.getsockopt(SOL_SOCKET, 9999)",
    "a.getsockopt(9999, 1)",
    "a.getsockopt(SOL_SOCKET, SO_LINGER, 8)",
    "a.getblocking()",
    "a.listen()",
    "a.listen(-1)",
    "a.recv(0)",
    "a.recv(1)",
    "a.recv(4)",
    "a.recv(100)",
    "a.recv(100, MSG_PEEK)",
    "a.recv(100, MSG_DONTWAIT)",
    "a.recv(100, MSG_WAITALL)",
    "a.recv(100, MSG_OOB)",
    "a.recv(1, MSG_OOB | MSG_PEEK)",
    "a.recv(100, MSG_ERRQUEUE)",
    "a.recvfrom(0)",
    "a.recvfrom(100)",
    "a.recvfrom(100, MSG_PEEK)",
    "a.recvfrom_into(bytearray(4))",
    "a.recv_into(bytearray(4))",
    "a.recv_into(bytearray(0))",
    "receive(a, 100)",
    "receive(a, 4)",
    "receive(a, 0)",
    "receive(a, 100, 64)",
    "receive(a, 100, 64, MSG_PEEK)",
    "receive(a, 100, 128, MSG_ERRQUEUE)",
    "a.send(b'')",
    "a.send(b'x')",
    "a.send(b'x', MSG_DONTWAIT)",
    "a.send(b'x', MSG_NOSIGNAL)",
    "a.send(b'xy', MSG_OOB)",
    "a.send(b'x', MSG_MORE)",
    "a.send(b'x', MSG_EOR)",
    "a.send(b'x', MSG_DONTROUTE)",
    "a.send(b'x', MSG_CONFIRM)",
    "a.sendall(b'xyz')",
    "a.sendmsg([b'x', b'yz'])",
    "a.sendmsg([])",
    "a.sendmsg([b'x'], [(SOL_SOCKET, 77, b'1234')])",
    "a.sendto(b'x', at(a))",
    "a.setblocking(True)",
    "a.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)",
    "a.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)",
    "a.setsockopt(SOL_SOCKET, SO_LINGER, linger(1, 0))",
    "a.setsockopt(SOL_SOCKET, SO_ERROR, 1)",
    "a.setsockopt(SOL_SOCKET, 9999, 1)",
    "a.setsockopt(9999, 1, 1)",
    "a.setsockopt(SOL_SOCKET, SO_REUSEADDR, b'')",
    "a.shutdown(SHUT_RD)",
    "a.shutdown(SHUT_WR)",
    "a.shutdown(SHUT_RDWR)",
    "a.shutdown(3)",
    "a.shutdown(-1)",
    "poll(a, 0x23DF)",
    "poll(a, 0)",
    "chosen(a)",
    "told(watch(a, 0x23DF))",
)
TRUNCATING = (  # on TCP, CPython returns bytes that nobody wrote (tcp(7): the data is discarded)
    "receive(a, 4, 64, MSG_PEEK | MSG_TRUNC)",
    "a.recv_into(bytearray(4), 0, MSG_TRUNC)",
)
STREAM = (
    "fill(a, 65536)",
    "drain(a)",
)
INTERNET = (
    "a.getsockopt(IPPROTO_IP, IP_TTL)",
    "a.getsockopt(IPPROTO_IP, IP_MTU)",
    "a.setsockopt(IPPROTO_IP, IP_TTL, 9)",
    "a.setsockopt(IPPROTO_IP, IP_TTL, 0)",
    "a.bind(('192.0.2.77', 0))",
    "a.bind(('255.255.255.255', 0))",
    "a.bind(('224.0.0.1', 0))",
    "a.bind(ANY)",
    "a.connect(('127.0.0.1', 0))",
    "a.connect(('0.0.0.0', 9))",
    "a.connect(('255.255.255.255', 9))",
    "a.connect(('224.0.0.1', 9))",
)
INTERNET6 = (
    "a.getsockopt(IPPROTO_IPV6, IPV6_UNICAST_HOPS)",
    "a.getsockopt(IPPROTO_IPV6, IPV6_V6ONLY)",
    "a.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)",
    "a.setsockopt(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9)",
    "a.setsockopt(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 256)",
    "a.getsockopt(IPPROTO_IP, IP_TTL)",
    "a.bind(('2001:db8::77', 0))",
    "a.bind(('::ffff:127.0.0.1', 0))",
    "a.bind(('ff02::1', 0))",
    "a.bind(('fe80::1', 0))",
    "a.bind(ANY6)",
    "a.connect(('::1', 0))",
    "a.connect(('::', 9))",
)
TCP = (
    "state(a)",
    "a.getsockopt(IPPROTO_TCP, TCP_NODELAY)",
    "a.getsockopt(IPPROTO_TCP, TCP_KEEPIDLE)",
    "a.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)",
    "a.setsockopt(IPPROTO_TCP, TCP_CORK, 1)",
    "a.setsockopt(IPPROTO_TCP, TCP_KEEPIDLE, 0)",
    "a.setsockopt(IPPROTO_TCP, TCP_DEFER_ACCEPT, 1)",
)
UNIX = (
    "a.bind('new')",
    "a.bind('')",
    "a.bind(abstract('new'))",
    "a.bind('no/such/directory')",
    "a.bind('x' * 107)",
    "a.connect('nothing there')",
    "a.connect(abstract('nothing there'))",
    "a.connect('')",
    "a.sendto(b'x', 'nothing there')",
    "a.sendto(b'x', abstract('nothing there'))",
    "a.sendto(b'x', '')",
    "a.sendmsg([b'x'], rights(SPARE))",
    "a.sendmsg([b''], rights(SPARE))",
    "a.sendmsg([b'x'], [(SOL_SOCKET, SCM_RIGHTS, b'1')])",
    "a.sendmsg([b'x'], [(SOL_SOCKET, SCM_RIGHTS, struct.pack('i', 99999))])",
    "passed(a)[1]",
    "passed(a, 100, 0)[1]",
    "credentials(a)",
    "a.getsockopt(SOL_SOCKET, SO_PASSCRED)",
    "a.setsockopt(SOL_SOCKET, SO_PASSCRED, 1)",
    "a.getsockopt(IPPROTO_TCP, TCP_NODELAY)",
)
WITH_LISTENER = (
    "a.connect(TARGET)",
    "a.connect_ex(TARGET)",
    "a.sendto(b'x', TARGET)",
    "a.sendto(b'', TARGET)",
    "a.sendto(b'x', MSG_OOB, TARGET)",
    "a.sendmsg([b'x'], [], 0, TARGET)",
)


def calls(subject: Subject) -> list[Call]:
    """Return the calls that are made in every state of a type."""
    lines = list(COMMON)
    if "6" in subject.name:
        lines += INTERNET6
    elif subject.kind != "unix":
        lines += INTERNET
    if subject.kind == "stream":
        lines += TCP
    if subject.kind == "unix":
        lines += UNIX
    if subject.kind != "stream":
        lines += TRUNCATING
    if subject.kind in ("stream", "unix"):
        lines += STREAM
    made = [_call(line, subject) for line in lines]
    return made + [_towards(line, subject) for line in WITH_LISTENER]


def _call(line: str, subject: Subject) -> Call:
    """Fill in an address that somebody already has, or a socket to pass.

    Never `a` itself: a socket in its own queue is freed by the kernel's collector, some time later.
    """
    if "SPARE" in line:
        return Call(line.replace("SPARE", "t"), ("t = udgram()",))
    if "TAKEN" not in line:
        return Call(line)
    own = "'taken'" if subject.kind == "unix" else subject.lo
    return Call(line.replace("TAKEN", "at(t)"), (f"t = {subject.make}", f"t.bind({own})"))


def _towards(line: str, subject: Subject) -> Call:
    """Fill in the address of a fresh listener or receiver of the same type."""
    own = "'target'" if subject.kind == "unix" else subject.lo
    before = [f"t = {subject.make}", f"t.bind({own})"]
    if subject.kind == "stream" or subject.name in ("unix stream", "unix seqpacket"):
        before.append("t.listen()")
    return Call(line.replace("TARGET", "at(t)"), tuple(before))
