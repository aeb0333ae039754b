"""Programs about TCP's windows and memory: each shows a rule that other programs do not need.

`features` runs these with its own.  What a burst of many small segments does is left out: Linux's
congestion window lets some of them wait, and the model has none.
"""

TCP = "l = tcp(); l.bind(LO); l.listen(); a = tcp(); a.connect(at(l)); b, peer = accept(l); "
QUEUED = "ioctl(a, 0x5411); ioctl(a, 0x894B)"  # not acknowledged; of that, not sent
CLAMPS = "; ".join(f"option({name}, IPPROTO_TCP, TCP_WINDOW_CLAMP)" for name in "ab")


def clamped(value: str) -> str:
    """A connection whose second end has set TCP_WINDOW_CLAMP."""
    return TCP.replace("l.bind", f"l.setsockopt(IPPROTO_TCP, TCP_WINDOW_CLAMP, {value}); l.bind", 1)


def sized(value: str) -> str:
    """A connection whose second end has set TCP_MAXSEG."""
    return TCP.replace("l.bind", f"l.setsockopt(IPPROTO_TCP, TCP_MAXSEG, {value}); l.bind", 1)


FOUND_WINDOWS = {
    "POLLOUT goes when more than two thirds of the send buffer's memory are taken": TCP
    + "a.setsockopt(SOL_SOCKET, SO_SNDBUF, 3000); a.setsockopt(IPPROTO_TCP, TCP_CORK, 1); "
    "a.send(b'z' * 3168); poll(a); a.send(b'z'); poll(a); c = tcp(); c.connect(at(l)); "
    "next(n for n in range(400) if c.send(b'z' * 10000) and 'OUT' not in poll(c)); "
    "c.send(b'z' * 5000000); ioctl(c, 0x5411); ioctl(c, 0x894B)",
    "a long call looks at what has come meanwhile": TCP + "a.send(b'z' * 4000000); " + QUEUED
    + "; poll(a); c = tcp6(); c.bind(LO6); c.listen(); d = tcp6(); d.connect(at(c)); "
    "d.send(b'z' * 127); d.send(b'z' * 4000000); ioctl(d, 0x5411); ioctl(d, 0x894B)",
    "a header can say 16 bits of a window that is not scaled": clamped("30000")
    + "a.send(b'z' * 15000); option(a, IPPROTO_TCP, TCP_MAXSEG); " * 3 + QUEUED
    + "; a.send(b'z' * 100000); " + f"{QUEUED}; {CLAMPS}",
    "the room of one segment beside the window is without time stamps": sized("536")
    + f"{CLAMPS}; a.send(b'z' * 400); a.send(b'z' * 524); {CLAMPS}",
    "segments that were sent at once show together what data costs": TCP
    + f"[a.send(b'z' * 20000) for _ in range(2)][-1]; b.send(b'z' * 4000000); {CLAMPS}",
    "a FIN alone takes memory until it is read": "; ".join(
        f"{TCP}{first}a.shutdown(SHUT_WR); {then}b.setsockopt(IPPROTO_TCP, TCP_QUICKACK, 1); "
        "ioctl(a, 0x5411)"
        for first in ("", "a.send(b'x'); b.recv(1); ")
        for then in ("", "b.recv(5); ", "b.recv(5, MSG_PEEK); ", "b.recv(0); ")),
    "data that the sender has let go shares its memory with the FIN": "; ".join(
        f"{TCP}a.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1); {first}"
        "b.setsockopt(IPPROTO_TCP, TCP_QUICKACK, 0); a.send(b'two'); "
        f"a.send(b'three'{flags}); a.shutdown(SHUT_WR); ioctl(a, 0x5411); {then}; ioctl(a, 0x5411)"
        for first, size in (("a.send(b'one'); ", 11), ("", 8)) for flags in ("", ", MSG_MORE")
        for then in (f"b.recv({size})", f"b.recv({size + 1})", f"b.recv({size}); b.recv(9)",
                     f"b.recv({size}, MSG_PEEK)")),
    "memory is shared by so many parts": "; ".join(
        TCP + f"{first}[b.send(b'z' * {size}) for _ in range({count})][-1]; b.shutdown(SHUT_WR); "
        "struct.unpack('=I', a.getsockopt(IPPROTO_TCP, TCP_INFO, 236)[232:])"
        for first in ("", "b.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1); ")
        for size in (127, 128, 1000) for count in (16, 17, 18, 20, 34, 36, 40)),
    "a window's limit is never less than half the least buffer": "; ".join(
        TCP.replace("l.bind", f"l.setsockopt({option}); l.bind", 1)
        + f"a.send(b'z' * 32700); {CLAMPS}"
        for option in ("SOL_SOCKET, SO_RCVBUF, 1", "SOL_SOCKET, SO_RCVBUF, 2000")),
    "a buffer and a limit of the window: the less counts": "; ".join(
        TCP.replace("l.bind", f"l.setsockopt(SOL_SOCKET, SO_RCVBUF, {room}); l.setsockopt("
                    f"IPPROTO_TCP, TCP_WINDOW_CLAMP, {clamp}); l.bind", 1)
        + f"{CLAMPS}; {then}"
        for room, clamp, then in (
            (20000, 30000, f"a.send(b'z' * 100000); {QUEUED}"),
            (30000, 20000, f"a.send(b'z' * 100000); {QUEUED}"),
            (100000, 90000, f"a.send(b'z' * 100000); {QUEUED}"),
            (60000, 90000, "a.send(b'z'); "
             "struct.unpack('=I', a.getsockopt(IPPROTO_TCP, TCP_INFO, 232)[228:])"))),
    "what is sent goes from one part of memory to the next": "; ".join(
        TCP.replace("l.bind", "l.setsockopt(SOL_SOCKET, SO_RCVBUF, 200000); l.bind", 1)
        + f"[a.send(b'z' * {size}) for _ in range({count})][-1]; b.shutdown(SHUT_WR); "
        "struct.unpack('=I', b.getsockopt(IPPROTO_TCP, TCP_INFO, 236)[232:])"
        for size, count in ((12000, 17), (20000, 12), (30000, 10), (40000, 8), (50000, 6))),
    "the first window is full segments, with time stamps where they are known": "; ".join(
        TCP.replace("a.connect", f"a.setsockopt(IPPROTO_TCP, TCP_MAXSEG, {size}); a.connect", 1)
        .replace("tcp()", make).replace("LO", lo)
        + "; ".join(f"struct.unpack('=I', {name}.getsockopt(IPPROTO_TCP, TCP_INFO, 68)[64:])"
                    for name in "ab")
        for size in (88, 500) for make, lo in (("tcp()", "LO"), ("tcp6()", "LO6"))),
    "a limit that grows takes the window along": sized("20000")
    + "a.send(b'z' * 1000, MSG_MORE); a.send(b'z' * 1000); "
    "struct.unpack('=I', b.getsockopt(IPPROTO_TCP, TCP_INFO, 68)[64:])",
    "from 128 bytes on a segment lets the window grow": "; ".join(
        TCP + "[a.send(b'z' * 1000) for _ in range(100)][-1]; len(b.recv(500000)); "
        f"a.send(b'z' * {size}); ioctl(a, 0x5411)" for size in (127, 128)),
    "what was sent at once costs memory once": TCP.replace(
        "l.bind", "l.setsockopt(SOL_SOCKET, SO_RCVBUF, 2000); l.bind", 1)
    + "a.setsockopt(SOL_SOCKET, SO_SNDBUF, 5000); a.send(b'z' * 32700, MSG_EOR); "
    "len(b.recv(32768)); a.send(b'z' * 500000)",
    "a window that is not worth a segment is none": TCP
    + "[a.send(b'z' * 20000) for _ in range(8)][-1]; len(b.recv(65536)); "
    f"struct.unpack('=I', b.getsockopt(IPPROTO_TCP, TCP_INFO, 236)[232:]); {QUEUED}; "
    "c = tcp6(); c.bind(LO6); c.listen(); d = tcp6(); d.connect(at(c)); e, peer = accept(c); "
    "d.send(b'z' * 70000); d.send(b'z' * 65536); len(e.recv(32768)); ioctl(d, 0x894B)",
    "a window that is not scaled opens by whole segments": "; ".join(
        TCP.replace("l.bind", "l.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096); l.bind", 1)
        + f"a.send(b'z' * 32768); len(b.recv({size})); len(b.recv(9000)); "
        "struct.unpack('=I', b.getsockopt(IPPROTO_TCP, TCP_INFO, 236)[232:])"
        for size in (1000, 3000, 65536)),
    "TCP_WINDOW_CLAMP takes the window back before it is told": TCP
    + "b.setsockopt(IPPROTO_TCP, TCP_WINDOW_CLAMP, 4000); "
    "struct.unpack('=I', b.getsockopt(IPPROTO_TCP, TCP_INFO, 68)[64:]); a.send(b'z' * 500000); "
    f"{QUEUED}",
}
