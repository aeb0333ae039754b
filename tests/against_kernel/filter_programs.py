"""Programs about filters: what classic BPF may be, what it computes, what each socket shows it.

`features` runs these with its own.  ``filtered(socket, (code, if true, if false, k), ...)`` puts a
program on a socket; the codes are those of <linux/bpf_common.h>.
"""

from collections.abc import Iterable

LOAD4, LOAD2, LOAD1, LENGTH, RETURN_A = "0x20", "0x28", "0x30", "(0x80,0,0,0)", "(0x16,0,0,0)"
BESIDE, NETWORK, LINK = 0xFFFFF000, 0xFFF00000, 0xFFE00000
DROP, ALL = "(6,0,0,0)", "(6,0,0,0xffffffff)"

IMPOSSIBLE = (
    "", "(6,0,0,1), (5,0,0,0)", "(5,0,0,0), (6,0,0,1)", "(5,0,0,1), (6,0,0,1)",
    "(0x15,0,0,0), (6,0,0,1)", "(0x15,1,0,0), (6,0,0,1)", "(0x15,0,1,0), (6,0,0,1)",
    "(0x1d,0,0,0), (0x16,0,0,1)", "(0x34,0,0,0), (6,0,0,1)", "(0x34,0,0,2), (6,0,0,1)",
    "(0x3c,0,0,0), (6,0,0,1)", "(0x94,0,0,0), (6,0,0,1)", "(0x64,0,0,32), (6,0,0,1)",
    "(0x6c,0,0,32), (6,0,0,1)", "(0x74,0,0,31), (6,0,0,1)", "(0x60,0,0,0), (6,0,0,1)",
    "(2,0,0,0), (0x60,0,0,0), (6,0,0,1)", "(3,0,0,15), (0x61,0,0,15), (6,0,0,1)",
    "(3,0,0,16), (6,0,0,1)", "(0x15,1,0,0), (2,0,0,0), (0x60,0,0,0), (6,0,0,1)",
    "(0x15,0,1,0), (2,0,0,0), (0x60,0,0,0), (6,0,0,1)",
    "(2,0,0,0), (0x15,0,1,0), (2,0,0,1), (0x60,0,0,0), (6,0,0,1)",
    "(0x15,0,1,0), (5,0,0,1), (2,0,0,0), (0x60,0,0,0), (6,0,0,1)",
    "(0x0e,0,0,0)", "(0x16,0,0,0)", "(0x84,0,0,0), (6,0,0,1)", "(0x8c,0,0,0), (6,0,0,1)",
    "(0xffff,0,0,0), (6,0,0,1)", "(0x28,0,0,0xfffff000), (6,0,0,1)",
    "(0x20,0,0,0xfffff001), (6,0,0,1)", "(0x20,0,0,0xfffff040), (6,0,0,1)",
    "(0x20,0,0,0xffffffff), (6,0,0,1)", "(0x20,0,0,0xffffefff), (6,0,0,1)",
    "(0x40,0,0,0xffffffff), (6,0,0,1)", "(0xb1,0,0,0xffffffff), (6,0,0,1)",
    "(0x88,0,0,0), (6,0,0,1)", "(0xa1,0,0,0), (6,0,0,1)", "(0xb4,0,0,0), (6,0,0,1)",
    "*[(0,0,0,0)] * 4095, (6,0,0,1)", "*[(0,0,0,0)] * 4096, (6,0,0,1)",
)  # fmt: skip
ARITHMETIC = (
    (0x04, 7, 0, 3), (0x0C, 7, 4, 0), (0x14, 4, 0, 5), (0x1C, 4, 1, 0), (0x24, 0x10000001, 0, 0x20),
    (0x2C, 3, 3, 0), (0x34, 99, 0, 10), (0x3C, 99, 0, 0), (0x3C, 0xFFFFFFFF, 0xFFFFFFF0, 0),
    (0x94, 99, 0, 10), (0x9C, 99, 0, 0), (0x9C, 99, 7, 0), (0x44, 5, 0, 8), (0x54, 13, 0, 9),
    (0xA4, 15, 0, 5), (0x64, 1, 0, 3), (0x6C, 1, 35, 0), (0x74, 0x80000000, 0, 28),
    (0x7C, 16, 34, 0), (0x84, 0xFFFFFFFB, 0, 0), (0x34, 0xFFFFFFFF, 0, 0xFFFFFFF0),
    (0x94, 9, 0, 0xFFFFFFF0),
)  # fmt: skip
COMPARED = (
    (0x15, 1, 0, 1), (0x15, 1, 0, 2), (0x1D, 1, 1, 0), (0x25, 0xFFFFFFFF, 0, 1),
    (0x2D, 1, 0xFFFFFFFF, 0), (0x35, 5, 0, 5), (0x35, 5, 0, 0x80000000), (0x3D, 5, 6, 0),
    (0x45, 0x80000000, 0, 0x80000000), (0x45, 1, 0, 2), (0x4D, 3, 2, 0),
    (0x15, 0xFFFFFFFF, 0, 0xFFFFFFFF),
)  # fmt: skip
COMPUTING = (
    DROP, "(6,0,0,1)", "(6,0,0,8)", "(6,0,0,11)", "(6,0,0,18)", ALL, f"{LENGTH},{RETURN_A}",
    f"({LOAD1},0,0,17),(0x14,0,0,39),{RETURN_A}", f"({LOAD1},0,0,18),(6,0,0,99)",
    f"({LOAD2},0,0,17),(6,0,0,99)", f"({LOAD2},0,0,16),(6,0,0,99)",
    f"({LOAD4},0,0,15),(6,0,0,99)", f"({LOAD4},0,0,14),(6,0,0,99)",
    f"({LOAD1},0,0,{NETWORK + 9}),{RETURN_A}",
    f"({LOAD2},0,0,{LINK + 12}),(0x14,0,0,2038),{RETURN_A}", f"({LOAD4},0,0,{LINK - 16}),{ALL}",
    f"(0xb1,0,0,{NETWORK}),(0x87,0,0,0),{RETURN_A}",
    f"(1,0,0,4),(0x50,0,0,4),(0x14,0,0,36),{RETURN_A}", f"(1,0,0,4),(0x50,0,0,0xffffffff),{ALL}",
    f"(1,0,0,0xffffffff),(0x50,0,0,9),(0x14,0,0,36),{RETURN_A}",
    *(f"({LOAD4},0,0,{BESIDE + name}),(0x54,0,0,15),(4,0,0,9),{RETURN_A}"
      for name in (0, 4, 8, 20, 24, 28, 44, 48, 60)),
    f"(0,0,0,3),(1,0,0,9),({LOAD4},0,0,{BESIDE + 40}),{RETURN_A}",
    f"({LOAD4},0,0,{BESIDE + 56}),(0x44,0,0,8),(6,0,0,10)",
    *(f"(0,0,0,{a}),(1,0,0,{x}),({code},0,0,{k}),(4,0,0,8),(0x54,0,0,31),{RETURN_A}"
      for code, a, x, k in ARITHMETIC),
    *(f"(0,0,0,{a}),(1,0,0,{x}),({code},0,1,{k}),(6,0,0,9),(6,0,0,10)"
      for code, a, x, k in COMPARED),
    "(0,0,0,12),(2,0,0,3),(0,0,0,1),(1,0,0,9),(3,0,0,4),(0x61,0,0,3),(0x87,0,0,0),(0x16,0,0,0)",
    "(0,0,0,12),(7,0,0,0),(0,0,0,1),(0x87,0,0,0),(0x16,0,0,0)",
    "(0x81,0,0,0),(0x87,0,0,0),(0x14,0,0,3),(0x16,0,0,0)", "(5,0,0,1),(6,0,0,0),(6,0,0,10)",
)  # fmt: skip


def each(before: str, programs: Iterable[str], ask: str) -> str:
    """A program that tries filters, one after the other, on the socket that *ask* asks."""
    return before + "; ".join(f"filtered(r, {program}); {ask}" for program in programs)


JOINED = "l = {0}(); l.bind({1}); l.listen(); a = {0}(); a.connect(at(l)); a.connect(at(l)); " \
    "b, peer = accept(l); "
PAIR = JOINED.format("tcp", "LO")
BOTH = "a.getsockopt(6, TCP_INFO, 8)[0]; b.getsockopt(6, TCP_INFO, 8)[0]; "
HEADER = "(0x30,0,0,12),(0x74,0,0,2),(0x54,0,0,0x3c)"  # of TCP: how long it is
FRAMES = "r = quiet(socket.socket(AF_PACKET, {}, htons(0x800))); r.setsockopt(263, 8, 1); " \
    "a = experiment(); "
PASSING = "a.sendto(b'0123456789', LO); receive(r, 13, 0, MSG_TRUNC); receive(r, 0, 99)[1]"
VIEWS = (DROP, "(6,0,0,1)", "(6,0,0,30)", "(6,0,0,44)", ALL, f"{LENGTH},{RETURN_A}",
         f"({LOAD1},0,0,0),(4,0,0,2),{RETURN_A}", f"({LOAD1},0,0,{NETWORK}),{RETURN_A}",
         f"({LOAD2},0,0,{LINK + 12}),(0x14,0,0,2000),{RETURN_A}")

FILTERS = {
    "a filter is given, shown, locked and taken away": "a = udp(); a.setsockopt(1, 27, 0); "
    "a.setsockopt(1, 26, fprog()); filtered(a, (6,0,0,1)); option(a, 1, 26, 8); option(a, 1, 26); "
    "a.setsockopt(1, 26, fprog((6,0,0,1), count=0)); "
    "a.setsockopt(1, 26, fprog((6,0,0,1), count=5000)); "
    + "; ".join(f"a.setsockopt(1, 26, fprog((6,0,0,1), place={place}))"
                for place in ("0", "1", "1 << 63"))
    + "; a.setsockopt(1, 26, b'abc'); a.setsockopt(1, 26, b'abcd'); a.setsockopt(1, 26, bytes(24));"
    "a.setsockopt(1, 26, None, 16); a.getsockopt(1, 27); option(a, 1, 48); a.setsockopt(1, 48, 1); "
    "option(a, 1, 44); a.setsockopt(1, 44, 9); option(a, 1, 44); a.setsockopt(1, 44, 0); "
    "a.setsockopt(1, 44, 1); a.setsockopt(1, 26, b'abcd'); a.setsockopt(1, 26, b'abc'); "
    "filtered(a, (6,0,0,1)); a.setsockopt(1, 27, 0); a.setsockopt(1, 27, b'12'); "
    "a.getsockopt(1, 26, 3); filtered(udp(), *[(6,0,0,1)] * 4).getsockopt(1, 26, 3); "
    "filtered(udp(), *[(6,0,0,1)] * 3).getsockopt(1, 26, 24)",
    "which programs are possible": "a = udp(); " + "; ".join(
        f"filtered(a, {program})" for program in IMPOSSIBLE),
    "what a filter computes": each("r = udp(); r.bind(LO); a = udp(); ", COMPUTING,
                                   "a.sendto(b'0123456789', at(r)); receive(r, 99)"),
    "what a filter of UDP over IPv6 sees": each(
        "r = udp6(); r.bind(LO6); a = udp6(); ", VIEWS,
        "a.sendto(b'0123456789', at(r)); receive(r, 99)"),
    "what a filter of both sees of UDP over IPv4": each(
        "r = udp6(); r.bind(ANY6); a = udp(); ", VIEWS,
        "a.sendto(b'0123456789', of(r, '127.0.0.1')); receive(r, 99)"),
    "what a filter drops of UDP is counted": "l = udp(); l.bind(LO); l.setsockopt(1, 40, 1); "
    "a = udp(); filtered(l, (6,0,0,0)); a.sendto(b'1', at(l)); filtered(l, (6,0,0,9)); "
    "a.sendto(b'2', at(l)); receive(l, 9, 99); l.setsockopt(1, 27, 0); a.sendto(b'34', at(l)); "
    "receive(l, 9, 99); l.close(); a.sendto(b'x', at(l))",
    "a datagram that a filter has cut": "l = udp(); l.bind(LO); a = udp(); filtered(l, (6,0,0,12));"
    "a.connect(at(l)); a.send(b'0123456789'); poll(l); ioctl(l, 0x541B); "
    "receive(l, 2, 0, MSG_TRUNC); a.send(b'0123456789'); l.recv(2, MSG_PEEK); l.recv(9); "
    "a.setsockopt(17, 103, 4); filtered(l, (0x30,0,0,8),(0x15,0,1,0x34),(6,0,0,0),(6,0,0,10)); "
    "a.send(b'0123456789'); l.recv(9); l.recv(9); l.recv(9)",
    "what a filter of a raw socket sees": each("r = experiment(); a = experiment(); ", VIEWS,
                                               "a.sendto(b'0123456789', LO); receive(r, 99)"),
    "what a filter of a raw socket of IPv6 sees": each(
        "r = experiment6(); a = experiment6(); ", VIEWS,
        "a.sendto(b'0123456789', LO6); receive(r, 99)"),
    "what a filter drops of a raw socket is not counted": "a = experiment(); "
    "a.setsockopt(1, 40, 1); filtered(a, (6,0,0,0)); b = experiment(); b.sendto(b'1', LO); "
    "filtered(a, (6,0,0,99)); b.sendto(b'1', LO); receive(a, 99, 99)",
    "a filter lets answers to an echo through": "a = icmp(); b = icmp(); "
    "filtered(a, (0x30,0,0,20),(0x15,0,1,0),(6,0,0,99),(6,0,0,0)); b.sendto(ECHO, LO); "
    "a.recv(99)[20:21]; a.recv(99); b.recv(99)[20:21]; b.recv(99)[20:21]; a = icmp6(); "
    "b = icmp6(); filtered(a, (0x30,0,0,0),(0x15,0,1,129),(6,0,0,99),(6,0,0,0)); "
    "b.sendto(ECHO6, LO6); a.recv(99)[:1]; a.recv(99); b.recv(99)[:1]; b.recv(99)[:1]",
    "filters of UNIX datagrams": each(
        "a, r = pair(SOCK_DGRAM); ",
        (*VIEWS, f"({LOAD2},0,0,{LINK}),(6,0,0,9)",
         f"(0,0,0,3),({LOAD4},0,0,{BESIDE + 8}),(6,0,0,9)",
         f"(0,0,0,3),({LOAD4},0,0,{BESIDE + 4}),(6,0,0,9)"),
        "a.send(b'0123456789'); receive(r, 99); ioctl(a, 0x5411)")
    + "; a.send(b''); receive(r, 9); filtered(r, (6,0,0,0)); a.send(b''); receive(r, 9)",
    "filters of UNIX records": each(
        "a, r = pair(SOCK_SEQPACKET); ", ("(6,0,0,5)", DROP),
        "a.send(b'0123456789'); receive(r, 99); ioctl(a, 0x5411)")
    + "; r.shutdown(SHUT_RD); a.send(b'x'); r.close(); a.send(b'x'); a, b = pair(SOCK_STREAM); "
    "filtered(b, (6,0,0,0)); a.send(b'x'); b.recv(9)",
    "a filter comes before who may send": "a = udgram(); a.bind('a'); b = udgram(); b.bind('b'); "
    "c = udgram(); a.connect('b'); b.connect('a'); filtered(b, (6,0,0,0)); c.sendto(b'x', 'b'); "
    "b.shutdown(SHUT_RD); a.send(b'x'); c.sendto(b'x', 'z'); b.close(); a.send(b'x')",
    "a filter comes before room": "a = udgram(); a.bind('a'); b = udgram(); "
    "[b.sendto(b'x', 'a') for _ in range(11)]; b.sendto(b'x', 'a'); filtered(a, (6,0,0,0)); "
    "b.sendto(b'y', 'a'); a, b = pair(SOCK_DGRAM); c, d = pair(SOCK_STREAM); "
    "filtered(b, (6,0,0,0)); a.sendmsg([b'0123'], rights(d)); d.close(); c.recv(9)",
    "filters lose what begins a connection": "l = tcp(); l.bind(LO); l.listen(); "
    "filtered(l, (6,0,0,0)); a = tcp(); a.connect(at(l)); a.getsockopt(6, TCP_INFO, 8)[0]; look(l);"
    "l = tcp(); l.bind(LO); l.listen(); a = filtered(tcp(), (6,0,0,0)); a.connect(at(l)); "
    "a.getsockopt(6, TCP_INFO, 8)[0]; look(l); l = tcp(); l.bind(LO); l.listen(); "
    "filtered(l, (0x30,0,0,13),(0x45,0,1,2),(6,0,0,999),(6,0,0,0)); a = tcp(); a.connect(at(l)); "
    "a.getsockopt(6, TCP_INFO, 8)[0]; look(l)",
    "a connection has the filter of its listener": "l = tcp(); l.bind(LO); l.listen(); "
    "filtered(l, (6,0,0,999),(6,0,0,0)); l.setsockopt(1, 44, 1); a = tcp(); a.connect(at(l)); "
    "b, peer = accept(l); b.getsockopt(1, 26, 8); b.setsockopt(1, 27, 0); option(b, 1, 44)",
    **{f"filters of {kind}": JOINED.format(kind, at) + "filtered(b, (6,0,0,0)); a.send(b'0123'); "
       "b.recv(9); ioctl(a, 0x5411); b.setsockopt(1, 27, 0); b.send(b'x'); a.recv(9); "
       "a.send(b'45'); b.settimeout(5); b.recv(6, MSG_WAITALL); a.close(); b.recv(9)"
       for kind, at in (("tcp", "LO"), ("tcp6", "LO6"))},
    "filters lose what ends a connection": PAIR + "filtered(b, (6,0,0,0)); a.shutdown(SHUT_WR); "
    "b.recv(9); " + BOTH + "b.setsockopt(1, 27, 0); b.shutdown(SHUT_WR); " + BOTH + "a.recv(9); "
    + PAIR + "filtered(a, (6,0,0,0)); a.shutdown(SHUT_WR); b.recv(9); " + BOTH + "b.close(); "
    "a.recv(9); a.getsockopt(6, TCP_INFO, 8)[0]; " + PAIR + "filtered(b, (6,0,0,0)); "
    "a.setsockopt(1, 13, linger(1, 0)); a.close(); b.recv(9); b.getsockopt(6, TCP_INFO, 8)[0]; "
    "b.send(b'x'); b.recv(9); b.setsockopt(1, 27, 0); b.send(b'x'); b.recv(9)",
    "what a filter has cut from a segment comes again": PAIR
    + f"filtered(b, {HEADER},(4,0,0,2),{RETURN_A}); a.send(b'0123456'); b.recv(99); "
    "ioctl(a, 0x5411); filtered(b, (6,0,0,1)); b.recv(99)",
    "a filter looks at the first byte of a segment": PAIR
    + f"filtered(b, {HEADER},(7,0,0,0),(0x50,0,0,0),(0x15,0,1,0x30),(6,0,0,0),(6,0,0,0xffff)); "
    "a.send(b'123'); b.recv(9); a.send(b'0'); b.recv(9)",
    "what a filter of frames sees": each(FRAMES.format("SOCK_RAW"), (
        *VIEWS, *(f"({LOAD4},0,0,{BESIDE + name}),(0x54,0,0,15),(4,0,0,9),{RETURN_A}"
                  for name in (0, 4, 8, 20, 24, 28, 44, 48, 60))), PASSING),
    "what a filter of frames without headers sees": each(
        FRAMES.format("SOCK_DGRAM"), VIEWS, PASSING),
    "a filter knows what goes out": "p = quiet(socket.socket(AF_PACKET, SOCK_RAW, htons(3))); "
    "filtered(p, (0x28,0,0,0xfffff004),(0x15,0,1,4),(6,0,0,50),(6,0,0,0)); a = experiment(); "
    "a.sendto(b'x', LO); receive(p, 99); receive(p, 99); p.getsockopt(263, 6, 8); "
    "filtered(p, (6,0,0,0)); a.sendto(b'x', LO); p.getsockopt(263, 6, 8); receive(p, 9)",
    "a filter knows the tag of a VLAN": "p, q = (quiet(socket.socket(AF_PACKET, SOCK_RAW, "
    "htons(3))) for _ in range(2)); p.setsockopt(263, 8, 1); " + "; ".join(
        f"filtered(p, (0x20,0,0,0xfffff004),(0x15,0,1,4),(6,0,0,0),(0x20,0,0,{BESIDE + name}),"
        "(0x54,0,0,0xff),(4,0,0,1),(0x16,0,0,0)); q.sendto(bytes(12) + b'\\x81\\0\\0\\x07\\x08\\0' "
        "+ b'q' * 50, ('lo', 0)); receive(p, 99, 99)[:2]" for name in (44, 48, 60, 0)),
    "filters of netlink": "n = nl(); filtered(n, (6,0,0,0)); "
    "n.send(struct.pack('=IHHII', 20, 18, 0x301, 7, 0) + bytes(4)); n.recv(9999)[:16]; "
    "n = nl(); filtered(n, (0x30,0,0,4),(0x15,0,1,2),(6,0,0,20),(6,0,0,0)); "
    "n.send(struct.pack('=IHHII', 20, 99, 5, 7, 0) + bytes(4)); n.recv(9999)[:4]; n.recv(9); "
    "a = quiet(socket.socket(AF_NETLINK, SOCK_RAW, 2)); b = quiet(socket.socket(AF_NETLINK, "
    "SOCK_RAW, 2)); b.bind((0, 0)); filtered(b, (6,0,0,3)); a.sendto(b'01234', b.getsockname()); "
    "b.recv(9); filtered(b, (6,0,0,0)); a.sendto(b'01234', b.getsockname()); b.recv(9)",
}
