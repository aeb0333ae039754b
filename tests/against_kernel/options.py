"""The socket options that are tried, by level; numbers where CPython has no name.

Each is read and set, with telling values and lengths, on every type of socket: an option of
another protocol has its own error on each.
"""

from __future__ import annotations

from .subjects import Subject

OPTIONS = {
    "SOL_SOCKET": str.split(
        "SO_REUSEADDR SO_REUSEPORT SO_KEEPALIVE SO_BROADCAST SO_OOBINLINE SO_DONTROUTE SO_PRIORITY "
        "SO_SNDBUF SO_RCVBUF SO_RCVLOWAT SO_SNDLOWAT SO_PASSCRED SO_PASSSEC SO_MARK SO_ACCEPTCONN "
        "SO_TYPE SO_DOMAIN SO_PROTOCOL SO_ERROR SO_DEBUG SO_LINGER SO_RCVTIMEO SO_SNDTIMEO "
        "SO_BINDTODEVICE SO_PEERCRED SO_INCOMING_CPU "
        "11 26 27 29 32 33 35 40 42 41 43 44 45 48 69 75"
    ),  # NO_CHECK ATTACH_FILTER TIMESTAMP SNDBUFFORCE RCVBUFFORCE TIMESTAMPNS and others
    "IPPROTO_TCP": str.split(
        "TCP_NODELAY TCP_CORK TCP_KEEPIDLE TCP_KEEPINTVL TCP_KEEPCNT TCP_SYNCNT TCP_LINGER2 "
        "TCP_DEFER_ACCEPT TCP_WINDOW_CLAMP TCP_QUICKACK TCP_USER_TIMEOUT TCP_MAXSEG "
        "TCP_CONGESTION TCP_FASTOPEN TCP_NOTSENT_LOWAT 16 17 27 30 34 36"
    ),  # THIN_LINEAR_TIMEOUTS THIN_DUPACK SAVE_SYN FASTOPEN_CONNECT FASTOPEN_NO_COOKIE INQ
    "IPPROTO_UDP": ["1"],  # CORK
    "IPPROTO_IP": str.split(
        "IP_TTL IP_TOS IP_MULTICAST_TTL IP_MULTICAST_LOOP IP_MULTICAST_IF IP_TRANSPARENT "
        "IP_RECVTOS IP_HDRINCL IP_OPTIONS IP_RECVOPTS IP_RETOPTS IP_BIND_ADDRESS_NO_PORT "
        "IP_ADD_MEMBERSHIP IP_DROP_MEMBERSHIP 8 10 11 12 14 15 20 21 26 49"
    ),  # PKTINFO MTU_DISCOVER RECVERR RECVTTL MTU FREEBIND RECVORIGDSTADDR MULTICAST_ALL
    "IPPROTO_IPV6": str.split(
        "IPV6_V6ONLY IPV6_UNICAST_HOPS IPV6_MULTICAST_HOPS IPV6_MULTICAST_LOOP IPV6_MULTICAST_IF "
        "IPV6_RECVPKTINFO IPV6_RECVHOPLIMIT IPV6_RECVTCLASS IPV6_TCLASS IPV6_DONTFRAG "
        "IPV6_RECVRTHDR IPV6_RECVHOPOPTS IPV6_RECVDSTOPTS IPV6_RECVPATHMTU IPV6_PATHMTU "
        "IPV6_CHECKSUM IPV6_JOIN_GROUP IPV6_LEAVE_GROUP IPV6_HOPLIMIT IPV6_PKTINFO "
        "23 24 25 29 31 54 55 57 59 70 73 74 75 77 78"
    ),  # MTU_DISCOVER MTU RECVERR MULTICAST_ALL, extension headers, ORIGDSTADDR, FREEBIND ...
}
UNREAD = frozenset(
    str.split("SO_INCOMING_CPU SO_PEERCRED TCP_MAXSEG TCP_CONGESTION")
)
"""Options whose value is the machine's own affair, not that of the sockets: set, not read."""
VALUES = ("0", "1", "2", "-1", "5", "64", "255", "256", "4096", "1 << 20")
BYTES = ("b''", "b'\\1'", "b'\\2\\0'", "b'\\1\\0\\0'", "bytes(5)", "b'\\1\\0\\0\\0\\2'",
         "bytes(8)", "b'\\1' * 12", "bytes(16)", "bytes(64)")  # fmt: skip
GROUP = "inet_aton('224.1.2.3') + inet_aton('127.0.0.1')"
GROUP6 = "inet_pton(AF_INET6, 'ff02::7') + struct.pack('i', {})"
TIME = "struct.pack('qq', {}, {})"
TELLING = {
    "IP_ADD_MEMBERSHIP": (GROUP, GROUP, "inet_aton('10.0.0.1') * 2", GROUP + " + bytes(4)"),
    "IP_DROP_MEMBERSHIP": (GROUP, "inet_aton('224.9.9.9') * 2"),
    "IP_MULTICAST_IF": ("inet_aton('127.0.0.1')", "inet_aton('9.9.9.9')", "bytes(4)"),
    "IPV6_JOIN_GROUP": (GROUP6.format(1), GROUP6.format(0), GROUP6.format(7)),
    "IPV6_LEAVE_GROUP": (GROUP6.format(1), GROUP6.format(0)),
    "SO_RCVTIMEO": (TIME.format(0, 20000), TIME.format(-1, 0), TIME.format(0, 1000000)),
    "SO_SNDTIMEO": (TIME.format(0, 20000), TIME.format(1, -1), TIME.format(0, 0)),
    "51": ("45001 << 16 | 45000", "45002 << 16 | 45000", "45004 << 16 | 45000", "45000",
           "45000 << 16 | 45000", "45000 << 16 | 45001", "33000 << 16", "45009 << 16 | 9"),
    "SO_BINDTODEVICE": ("b'lo'", "b'lo\\0'", "b''", "b'nothere'"),
}
"""Values that an option is made for, where an int is none."""
TRIED = ("0", "1", "-1", "5", "256")
DATA = ("b''", "b'\\1'", "bytes(64)")
STATES = ("unbound", "connected", "listening")


def is_read(level: str, name: str) -> bool:
    """Say whether an option's value can be compared between two worlds."""
    return name not in UNREAD and f"{level}/{name}" not in UNREAD


def lines(subject: Subject) -> list[str]:
    """Return the calls that try every option on a type of socket."""
    made = []
    for level, names in OPTIONS.items():
        for name in names:
            if is_read(level, name):
                read = f"a.getsockopt({level}, {name}"
                made += [f"{read})", f"{read}, 3)", f"{read}, 64)"]
                made += [f"cycle(a, {level}, {name}, {value})" for value in TRIED]
            else:
                made += [f"a.setsockopt({level}, {name}, {value})" for value in TRIED]
            made += [f"a.setsockopt({level}, {name}, {data})" for data in DATA]
    return made
