"""The types of socket, and every state one socket of each type can be in, as programs.

In each program `a` is the socket in question; the others are its surroundings:
`l` a listener or a receiver, `b` the other end, `c` a third party.

Not reachable from Python, so not here: the state after connect(AF_UNSPEC), which `socket` cannot
express.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

Program = tuple[str, ...]


@dataclass(frozen=True)
class Subject:
    """A type of socket: how one is made, how it is addressed, and its states."""

    name: str
    make: str
    lo: str
    any: str
    kind: str
    states: dict[str, Program] = field(default_factory=dict)


def lines(text: str) -> Program:
    """Split a program written on one line."""
    return tuple(line.strip() for line in text.split(";"))


def _internet_stream(make: str, lo: str, any_: str) -> dict[str, Program]:
    served = f"l = {make}; l.bind({lo}); l.listen(8)"
    joined = f"{served}; a = {make}; a.connect(at(l)); a.connect(at(l)); b, peer = accept(l)"
    narrow = (
        f"l = {make}; l.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096); l.bind({lo}); l.listen(8); "
        f"a = {make}; a.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096); a.connect(at(l)); "
        "a.connect(at(l)); b, peer = accept(l); b.setsockopt(IPPROTO_TCP, TCP_QUICKACK, 1); "
        "fill(a)"
    )  # without QUICKACK the acknowledgement of the last bytes is a matter of wall-clock time
    reset = "b.setsockopt(SOL_SOCKET, SO_LINGER, linger(1, 0)); b.close()"
    family = "AF_INET6" if "6" in make else "AF_INET"
    states = {
        "unbound": f"a = {make}",
        "bound": f"a = {make}; a.bind({lo})",
        "bound to any": f"a = {make}; a.bind({any_})",
        "listening": f"a = {make}; a.bind({lo}); a.listen(8)",
        "listening unbound": f"a = {make}; a.listen(8)",
        "listening, one waits": f"a = {make}; a.bind({lo}); a.listen(8); b = {make}; "
        "b.connect(at(a))",
        "listening, one waits and left": f"a = {make}; a.bind({lo}); a.listen(8); b = {make}; "
        "b.connect(at(a)); b.send(b'late'); b.close()",
        "listening, one waits and reset": f"a = {make}; a.bind({lo}); a.listen(8); b = {make}; "
        f"b.connect(at(a)); {reset}",
        "listening, shut": f"a = {make}; a.bind({lo}); a.listen(8); a.shutdown(SHUT_RD)",
        "connecting": f"l = {make}; l.bind({lo}); l.listen(0); c = {make}; c.connect(at(l)); "
        f"a = {make}; a.connect(at(l))",
        "connected, not yet told": f"{served}; a = {make}; a.connect(at(l))",
        "refused": f"a = {make}; a.connect(nobody({family}))",
        "connected": joined,
        "accepted": f"{served}; b = {make}; b.connect(at(l)); a, peer = accept(l)",
        "connected to itself": f"a = {make}; a.bind({lo}); a.connect(at(a)); a.connect(at(a))",
        "data waits": f"{joined}; b.send(b'0123456789abcdef')",
        "urgent data waits": f"{joined}; b.send(b'01234'); b.send(b'5!', MSG_OOB); b.send(b'67')",
        "urgent data in line": f"{joined}; a.setsockopt(SOL_SOCKET, SO_OOBINLINE, 1); "
        "b.send(b'01'); b.send(b'!', MSG_OOB); b.send(b'67')",
        "full": narrow,
        "shut for reading": f"{joined}; a.shutdown(SHUT_RD)",
        "shut for writing": f"{joined}; a.shutdown(SHUT_WR)",
        "shut both ways": f"{joined}; a.shutdown(SHUT_RDWR)",
        "shut for reading, data waits": f"{joined}; b.send(b'0123456789'); a.shutdown(SHUT_RD)",
        "shut for writing, data waits": f"{joined}; b.send(b'0123456789'); a.shutdown(SHUT_WR)",
        "full, shut for writing": f"{narrow}; a.shutdown(SHUT_WR)",
        "full, peer shut for writing": f"{narrow}; b.shutdown(SHUT_WR)",
        "full, shut for writing both": f"{narrow}; a.shutdown(SHUT_WR); "
        "b.shutdown(SHUT_WR)",
        "peer shut for reading": f"{joined}; b.shutdown(SHUT_RD)",
        "peer shut for writing": f"{joined}; b.shutdown(SHUT_WR)",
        "peer shut for writing, data waits": f"{joined}; b.send(b'0123456789'); "
        "b.shutdown(SHUT_WR)",
        "peer shut both ways": f"{joined}; b.shutdown(SHUT_RDWR)",
        "both shut for writing, first": f"{joined}; a.shutdown(SHUT_WR); b.shutdown(SHUT_WR)",
        "both shut for writing, last": f"{joined}; b.shutdown(SHUT_WR); a.shutdown(SHUT_WR)",
        "peer closed": f"{joined}; b.close()",
        "peer closed, data waits": f"{joined}; b.send(b'0123456789'); b.close()",
        "peer closed, one send later": f"{joined}; b.close(); a.send(b'x')",
        "peer closed, reset told": f"{joined}; b.close(); a.send(b'x'); "
        "a.getsockopt(SOL_SOCKET, SO_ERROR)",
        "peer closed with unread data": f"{joined}; a.send(b'unread'); b.close()",
        "shut for writing, peer closed": f"{joined}; a.shutdown(SHUT_WR); b.close()",
        "peer closed, shut for writing": f"{joined}; b.close(); a.shutdown(SHUT_WR)",
        "peer reset": f"{joined}; {reset}",
        "peer reset, data waits": f"{joined}; b.send(b'0123456789'); {reset}",
        "peer reset, told": f"{joined}; {reset}; a.recv(1)",
        "peer reset, told, bound again": f"{joined}; {reset}; a.recv(1); a.shutdown(SHUT_RDWR); "
        f"a.bind({lo})",
        "shut for writing, peer reset": f"{joined}; a.shutdown(SHUT_WR); {reset}",
        "closed": f"a = {make}; a.close()",
    }
    return {name: lines(text) for name, text in states.items()}


def _internet_datagram(make: str, lo: str, any_: str) -> dict[str, Program]:
    level, recverr = (
        ("IPPROTO_IPV6", "25") if "6" in make else ("IPPROTO_IP", "11")
    )  # IPV6_RECVERR, IP_RECVERR
    met = f"b = {make}; b.bind({lo}); a = {make}; a.bind({lo}); a.connect(at(b)); b.connect(at(a))"
    left = f"b = {make}; b.bind({lo}); a = {make}; a.connect(at(b)); b.close()"
    states = {
        "unbound": f"a = {make}",
        "bound": f"a = {make}; a.bind({lo})",
        "bound to any": f"a = {make}; a.bind({any_})",
        "bound, one datagram waits": f"a = {make}; a.bind({lo}); b = {make}; b.bind({lo}); "
        "b.sendto(b'0123456789abcdef', at(a))",
        "bound, an empty datagram waits": f"a = {make}; a.bind({lo}); b = {make}; b.bind({lo}); "
        "b.sendto(b'', at(a))",
        "connected": met,
        "connected, not bound before": f"b = {make}; b.bind({lo}); a = {make}; a.connect(at(b))",
        "connected to itself": f"a = {make}; a.bind({lo}); a.connect(at(a))",
        "connected, two datagrams wait": f"{met}; b.send(b'0123456789abcdef'); b.send(b'second')",
        "connected, data from before": f"a = {make}; a.bind({lo}); c = {make}; "
        f"c.sendto(b'before', at(a)); b = {make}; b.bind({lo}); a.connect(at(b))",
        "peer closed": left,
        "peer closed, error waits": f"{left}; a.send(b'x')",
        "peer closed, error told": f"{left}; a.send(b'x'); a.recv(1)",
        "error queue": f"{left}; a.setsockopt({level}, {recverr}, 1); a.send(b'lost')",
        "shut for reading": f"{met}; a.shutdown(SHUT_RD)",
        "shut for writing": f"{met}; a.shutdown(SHUT_WR)",
        "shut both ways": f"{met}; a.shutdown(SHUT_RDWR)",
        "shut both ways, data waits": f"{met}; b.send(b'0123'); a.shutdown(SHUT_RDWR)",
        "peer shut both ways": f"{met}; b.shutdown(SHUT_RDWR)",
        "shut unconnected": f"a = {make}; a.bind({lo}); a.shutdown(SHUT_RDWR)",
        "closed": f"a = {make}; a.close()",
    }
    return {name: lines(text) for name, text in states.items()}


def _unix_stream(make: str, kind: str) -> dict[str, Program]:
    served = f"l = {make}; l.bind('l'); l.listen(8)"
    joined = f"{served}; a = {make}; a.connect('l'); b, peer = accept(l)"
    both = f"a, b = pair({kind})"
    small = "a.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096)"
    states = {
        "unbound": f"a = {make}",
        "bound": f"a = {make}; a.bind('a')",
        "bound to abstract": f"a = {make}; a.bind(abstract('a'))",
        "bound by itself": f"a = {make}; a.bind('')",
        "bound, unlinked": f"a = {make}; a.bind('a'); unlink('a')",
        "listening": f"a = {make}; a.bind('a'); a.listen(8)",
        "listening, one waits": f"a = {make}; a.bind('a'); a.listen(8); b = {make}; "
        "b.connect('a')",
        "listening, one waits and left": f"a = {make}; a.bind('a'); a.listen(8); b = {make}; "
        "b.connect('a'); b.send(b'late'); b.close()",
        "listening, shut": f"a = {make}; a.bind('a'); a.listen(8); a.shutdown(SHUT_RD)",
        "listening, full": f"a = {make}; a.bind('a'); a.listen(0); b = {make}; b.connect('a')",
        "refused": f"l = {make}; l.bind('l'); a = {make}; a.connect('l')",
        "backlog full": f"l = {make}; l.bind('l'); l.listen(0); c = {make}; c.connect('l'); "
        f"a = {make}; a.connect('l')",
        "connected, not accepted": f"{served}; a = {make}; a.connect('l')",
        "connected, listener closed": f"{served}; a = {make}; a.connect('l'); l.close()",
        "connected": joined,
        "connected and bound": f"{served}; a = {make}; a.bind('a'); a.connect('l'); "
        "b, peer = accept(l)",
        "accepted": f"{served}; b = {make}; b.connect('l'); a, peer = accept(l)",
        "pair": both,
        "data waits": f"{both}; b.send(b'0123456789abcdef'); b.send(b'second')",
        "empty record waits": f"{both}; b.send(b''); b.send(b'after')",
        "rights wait": f"{both}; c = udgram(); b.sendmsg([b'with'], rights(c)); b.send(b'after')",
        "full": f"{both}; {small}; fill(a)",
        "shut for reading": f"{both}; a.shutdown(SHUT_RD)",
        "shut for writing": f"{both}; a.shutdown(SHUT_WR)",
        "shut both ways": f"{both}; a.shutdown(SHUT_RDWR)",
        "shut for reading, data waits": f"{both}; b.send(b'0123456789'); a.shutdown(SHUT_RD)",
        "peer shut for reading": f"{both}; b.shutdown(SHUT_RD)",
        "peer shut for writing": f"{both}; b.shutdown(SHUT_WR)",
        "peer shut for writing, data waits": f"{both}; b.send(b'0123'); b.shutdown(SHUT_WR)",
        "peer shut both ways": f"{both}; b.shutdown(SHUT_RDWR)",
        "both shut for writing": f"{both}; a.shutdown(SHUT_WR); b.shutdown(SHUT_WR)",
        "peer closed": f"{both}; b.close()",
        "peer closed, data waits": f"{both}; b.send(b'0123456789'); b.close()",
        "peer closed with unread data": f"{both}; a.send(b'unread'); b.close()",
        "peer closed with unread data, data waits": f"{both}; a.send(b'unread'); "
        "b.send(b'0123'); b.close()",
        "peer closed with unread data, told": f"{both}; a.send(b'unread'); b.close(); a.recv(1)",
        "shut for writing, peer closed": f"{both}; a.shutdown(SHUT_WR); b.close()",
        "closed": f"a = {make}; a.close()",
    }
    if kind == "SOCK_STREAM":
        states["urgent data waits"] = f"{both}; b.send(b'01'); b.send(b'2!', MSG_OOB); b.send(b'3')"
    return {name: lines(text) for name, text in states.items()}


def _unix_datagram() -> dict[str, Program]:
    make, both = "udgram()", "a, b = pair(SOCK_DGRAM)"
    states = {
        "unbound": f"a = {make}",
        "bound": f"a = {make}; a.bind('a')",
        "bound to abstract": f"a = {make}; a.bind(abstract('a'))",
        "bound by itself": f"a = {make}; a.bind('')",
        "bound, one datagram waits": f"a = {make}; a.bind('a'); b = {make}; b.bind('b'); "
        "b.sendto(b'0123456789abcdef', 'a')",
        "bound, an empty datagram waits": f"a = {make}; a.bind('a'); b = {make}; "
        "b.sendto(b'', 'a')",
        "connected": f"b = {make}; b.bind('b'); a = {make}; a.connect('b')",
        "connected both ways": f"b = {make}; b.bind('b'); a = {make}; a.bind('a'); "
        "a.connect('b'); b.connect('a')",
        "connected to itself": f"a = {make}; a.bind('a'); a.connect('a')",
        "connected, peer connected elsewhere": f"b = {make}; b.bind('b'); c = {make}; "
        f"c.bind('c'); a = {make}; a.connect('b'); b.connect('c')",
        "connected, data from before": f"a = {make}; a.bind('a'); c = {make}; c.bind('c'); "
        f"c.sendto(b'before', 'a'); b = {make}; b.bind('b'); a.connect('b')",
        "pair": both,
        "two datagrams wait": f"{both}; b.send(b'0123456789abcdef'); b.send(b'second')",
        "an empty datagram waits": f"{both}; b.send(b''); b.send(b'after')",
        "rights wait": f"{both}; c = udgram(); b.sendmsg([b'with'], rights(c)); b.send(b'after')",
        "queue full": f"{both}; fill(a, 1)",
        "full": f"{both}; a.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096); fill(a)",
        "connected, queue full": f"b = {make}; b.bind('b'); a = {make}; a.connect('b'); fill(a, 1)",
        "shut for reading": f"{both}; a.shutdown(SHUT_RD)",
        "shut for writing": f"{both}; a.shutdown(SHUT_WR)",
        "shut both ways": f"{both}; a.shutdown(SHUT_RDWR)",
        "shut unconnected": f"a = {make}; a.shutdown(SHUT_RDWR)",
        "peer shut for reading": f"{both}; b.shutdown(SHUT_RD)",
        "peer shut for writing": f"{both}; b.shutdown(SHUT_WR)",
        "peer shut both ways": f"{both}; b.shutdown(SHUT_RDWR)",
        "peer closed": f"{both}; b.close()",
        "peer closed, data waits": f"{both}; b.send(b'0123456789'); b.close()",
        "peer closed with unread data": f"{both}; a.send(b'unread'); b.close()",
        "connected, peer closed": f"b = {make}; b.bind('b'); a = {make}; a.connect('b'); b.close()",
        "connected, peer closed, told": f"b = {make}; b.bind('b'); a = {make}; a.connect('b'); "
        "b.close(); a.send(b'x')",
        "closed": f"a = {make}; a.close()",
    }
    return {name: lines(text) for name, text in states.items()}


def _raw(make: str, host: str, echo: str) -> dict[str, Program]:
    states = {
        "unbound": f"a = {make}",
        "bound": f"a = {make}; a.bind(({host!r}, 0))",
        "connected": f"a = {make}; a.connect(({host!r}, 0))",
        "echo and reply wait": f"a = {make}; a.sendto({echo}, ({host!r}, 0))",
        "connected, echo and reply wait": f"a = {make}; a.connect(({host!r}, 0)); a.send({echo})",
        "shut both ways": f"a = {make}; a.connect(({host!r}, 0)); a.shutdown(SHUT_RDWR)",
        "closed": f"a = {make}; a.close()",
    }
    return {name: lines(text) for name, text in states.items()}


def _subjects() -> Iterator[Subject]:
    """Yield the types, with a name that is free, one for "any", and how they are treated."""
    for six in ("", "6"):
        tcp, udp, icmp = f"tcp{six}()", f"udp{six}()", f"icmp{six}()"
        lo, any_ = f"LO{six}", f"ANY{six}"
        host = "::1" if six else "127.0.0.1"
        yield Subject(f"tcp{six}", tcp, lo, any_, "stream", _internet_stream(tcp, lo, any_))
        yield Subject(f"udp{six}", udp, lo, any_, "datagram", _internet_datagram(udp, lo, any_))
        yield Subject(f"raw icmp{six}", icmp, lo, any_, "raw", _raw(icmp, host, f"ECHO{six}"))
    for kind, make in (("STREAM", "ustream()"), ("SEQPACKET", "useq()")):
        states = _unix_stream(make, f"SOCK_{kind}")
        yield Subject(f"unix {kind.lower()}", make, "'new'", "''", "unix", states)
    yield Subject("unix datagram", "udgram()", "'new'", "''", "unix", _unix_datagram())


SUBJECTS = tuple(_subjects())


def situations() -> Iterator[tuple[Subject, str, Program]]:
    """Yield every type with each of its states."""
    for subject in SUBJECTS:
        for name, program in subject.states.items():
            yield subject, name, program
