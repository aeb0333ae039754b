"""Programs about one feature each: where sockets meet, what travels beside the data, names.

`python -m tests.against_kernel.features` prints every line that the model answers differently.
A feature is here when the states of one socket (`exhaustive`) do not show it.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator

from .differences import deliberate
from .filter_programs import FILTERS
from .found import FOUND
from .found_wide import FOUND_WIDE
from .found_windows import FOUND_WINDOWS
from .subjects import Program, lines
from .worlds import Kernel, Model, World, answers

GROUP = "'224.1.2.3'"
JOIN = f"inet_aton({GROUP}) + inet_aton('127.0.0.1')"
PKTINFO, RECVERR, RECVTTL, MULTICAST_ALL = "8", "11", "12", "49"

PROGRAMS = {
    "the buffers of both ends of a connection": "l = tcp(); l.bind(LO); l.listen(); a = tcp(); "
    "option(a, SOL_SOCKET, SO_SNDBUF); a.connect(at(l)); b, peer = accept(l); "
    "[option(each, SOL_SOCKET, which) for each in (a, b) for which in (SO_SNDBUF, SO_RCVBUF)]",
    "MSG_WAITALL ends at the urgent byte": "l = tcp(); l.bind(LO); l.listen(); a = tcp(); "
    "a.connect(at(l)); b, peer = accept(l); b.send(b'ab'); b.send(b'!', MSG_OOB); b.send(b'cdef'); "
    "a.setblocking(True); a.recv(4, MSG_WAITALL); a.recv(4, MSG_WAITALL); b.send(b'gh'); "
    "b.shutdown(SHUT_WR); a.recv(4, MSG_WAITALL)",
    "a segment with an option and data made by a program is answered": "r = socket.socket("
    "AF_INET, SOCK_RAW, IPPROTO_TCP); r.setblocking(False); r.sendto(bytes.fromhex("
    "'115cad9d000003e8000000006002040010440000020403e861626364'), LO); "
    "[r.recv(99)[24:34] for _ in range(2)]; r.recv(99)",
    "IPV6_PKTINFO of a datagram to IPv4": "r = udp(); r.bind(LO); a = udp6(); "
    + "; ".join(
        f"a.sendmsg([b'x'], [(IPPROTO_IPV6, IPV6_PKTINFO, inet_pton(AF_INET6, {own!r}) + {rest})], "
        "0, mapped(r)); r.recvfrom(9)[1][0]"
        for own in ("::ffff:127.0.0.1", "::ffff:127.0.0.9", "::1", "::ffff:9.9.9.9")
        for rest in ("bytes(3)", "bytes(4)", "bytes(5)", "b'\\1' + bytes(3)")),
    "TCP_INFO counts bytes and segments with data": "l = tcp(); l.bind(LO); l.listen(); "
    "a = tcp(); a.connect(at(l)); b, peer = accept(l); a.send(b'one'); b.recv(9); "
    "b.send(b'three'); a.recv(9); a.send(b'seven..'); b.recv(9); "
    "struct.unpack('=Q', a.getsockopt(IPPROTO_TCP, TCP_INFO, 248)[128:136]); "
    "struct.unpack('=II', a.getsockopt(IPPROTO_TCP, TCP_INFO, 248)[152:160]); "
    "struct.unpack('=Q', b.getsockopt(IPPROTO_TCP, TCP_INFO, 248)[128:136]); "
    "struct.unpack('=II', b.getsockopt(IPPROTO_TCP, TCP_INFO, 248)[152:160])",
    "TCP_INFO is as long as Linux 6.18 has it": "l = tcp(); "
    "len(l.getsockopt(IPPROTO_TCP, TCP_INFO, 400)); l.getsockopt(IPPROTO_TCP, TCP_INFO, 400)[248:]",
    "peeking steps over the urgent byte": "l = tcp(); l.bind(LO); l.listen(); a = tcp(); "
    "a.connect(at(l)); b, peer = accept(l); b.send(b'x!', MSG_OOB); b.send(b'yz'); "
    "a.recv(9, MSG_PEEK); a.recv(9); a.recv(9, MSG_PEEK); a.recv(1, MSG_PEEK); "
    "a.recv(9, MSG_PEEK | MSG_OOB); a.recv(9); a.recv(9)",
    "SOCK_PACKET is a type of AF_PACKET": "a = socket.socket(AF_INET, 10, 0x300); "
    "a.getsockopt(SOL_SOCKET, SO_DOMAIN); a.getsockopt(SOL_SOCKET, SO_TYPE); "
    "socket.socket(AF_INET6, 10, 0x300); socket.socket(AF_UNIX, 10)",
    "the port of a connection is taken, with its address": "l = tcp(); l.bind(LO); l.listen(); "
    "a = tcp(); a.connect(at(l)); b = tcp(); b.bind(at(a)); b.bind(of(a, '127.0.0.2')); "
    "c = tcp(); c.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); c.bind(at(a)); d = udp(); "
    "d.bind(at(a)); e = udp(); e.connect(at(d)); f = udp(); f.bind(at(e)); "
    "f.bind(of(e, '127.0.0.2'))",
    "a checksum where IPV6_CHECKSUM says": "a = socket.socket(AF_INET6, SOCK_RAW, 253); "
    "b = socket.socket(AF_INET6, SOCK_RAW, 253); b.setblocking(False); "
    "a.getsockopt(IPPROTO_IPV6, 7); a.setsockopt(IPPROTO_IPV6, 7, 3); "
    "a.setsockopt(IPPROTO_IPV6, 7, 2); a.getsockopt(IPPROTO_IPV6, 7); "
    "a.sendto(b'ab??cd', ('::1', 0)); b.recv(99); a.sendto(b'abc', ('::1', 0)); b.recv(99); "
    "a.setsockopt(IPPROTO_IPV6, 7, -5); a.getsockopt(IPPROTO_IPV6, 7); "
    "b.setsockopt(IPPROTO_IPV6, 7, 0); a.sendto(b'ab??cd', ('::1', 0)); b.recv(99); "
    "c = socket.socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6); c.getsockopt(IPPROTO_IPV6, 7); "
    "c.setsockopt(IPPROTO_IPV6, 7, 2); c.setsockopt(IPPROTO_IPV6, 7, -1)",
    "filters keep types of ICMP away": "a = socket.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); "
    "a.setblocking(False); a.getsockopt(255, 1, 8); a.setsockopt(255, 1, bytes(4)); "
    "a.setsockopt(255, 1, b'\\xfe\\xff'); a.getsockopt(255, 1, 8); "
    "a.sendto(b'\\x08\\0\\xf7\\xfc\\0\\1\\0\\2', ('127.0.0.1', 0)); a.recv(99)[20:21]; a.recv(99); "
    "b = socket.socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6); b.setblocking(False); "
    "b.getsockopt(58, 1, 40); b.setsockopt(58, 1, bytes(16) + b'\\1'); b.getsockopt(58, 1, 40); "
    "b.sendto(b'\\x80\\0\\0\\0\\0\\1\\0\\2', ('::1', 0)); b.recv(99)[:1]; b.recv(99); "
    "c = socket.socket(AF_INET, SOCK_RAW, 253); c.setsockopt(255, 1, bytes(4)); "
    "c.getsockopt(255, 1, 4); c.setsockopt(255, 2, bytes(4)); "
    "d = socket.socket(AF_INET6, SOCK_RAW, 253); d.setsockopt(58, 1, bytes(32)); "
    "d.getsockopt(58, 1, 32)",
    "multicast reaches every member": f"a = udp(); b = udp(); c = udp(); "
    "a.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); b.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); "
    f"a.bind(ANY); b.bind(at(a)); "
    f"a.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, {JOIN}); "
    f"b.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, {JOIN}); "
    "c.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, inet_aton('127.0.0.1')); "
    f"c.sendto(b'all', of(a, {GROUP})); a.recv(9); b.recv(9); "
    "c.setsockopt(IPPROTO_IP, IP_MULTICAST_LOOP, 0); "
    f"c.sendto(b'not us', of(a, {GROUP})); a.recv(9); b.recv(9)",
    "a member hears the senders that it asked for, and another member's are everybody's": "a = "
    "udp(); b = udp(); t = tcp(); r = rawudp(); a.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); "
    "b.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); a.bind(ANY); b.bind(at(a)); "
    + "; ".join(
        change + "".join(
            f"; to_group('239.1.2.3', at(a)[1], {sender!r}); a.recv(9); b.recv(9); r.recv(99)[28:]"
            for sender in ("127.0.0.1", "127.0.0.2"))
        for change in (
            "a.setsockopt(IPPROTO_IP, 46, at_index(1, '239.1.2.3', '127.0.0.2'))",
            f"b.setsockopt(IPPROTO_IP, {MULTICAST_ALL}, 0)",
            "t.setsockopt(IPPROTO_IP, 42, at_index(1, '239.1.2.3'))",
            "b.setsockopt(IPPROTO_IP, 42, at_index(1, '239.1.2.3'))",
            "b.setsockopt(IPPROTO_IP, 38, inet_aton('239.1.2.3') + inet_aton('127.0.0.1') * 2)",
            "a.setsockopt(IPPROTO_IP, 48, filter_at(1, 0, 1, '239.1.2.3', '127.0.0.2'))",
            "a.setsockopt(IPPROTO_IP, 47, at_index(1, '239.1.2.3', '127.0.0.2'))",
            "a.setsockopt(IPPROTO_IP, 41, filter_by('127.0.0.1', 1, 0, '239.1.2.3'))",
            "b.setsockopt(IPPROTO_IP, 36, inet_aton('239.1.2.3') + inet_aton('127.0.0.1'))",
            "t.close()",
        )),
    **{f"a range of three ports for {kind}() that {how}": "l = tcp(); l.bind(LO); l.listen(9); "
       "u = udp(); u.bind(LO); " + "; ".join(
           f"{name} = {kind}(); {name}.setsockopt(IPPROTO_IP, 51, 45002 << 16 | 45000); "
           f"{name}.{call}; 45000 <= {name}.getsockname()[1] <= 45002" for name in "abcd")
       for kind, other in (("tcp", "l"), ("udp", "u"))
       for how, call in (("binds", "bind(LO)"), ("connects", f"connect(at({other}))"))},
    **{f"a sender of {kind}() is told when its packets went": f"r = {kind}(); r.bind({at}); "
       f"a = {kind}(); " + "; ".join(
           f"a.setsockopt(SOL_SOCKET, 37, {flags}); option(a, SOL_SOCKET, 37, 8); "
           "a.sendto(b'abc', at(r)); a.sendto(b'defg', at(r)); poll(a, 0); "
           + "receive(a, 99, 99, MSG_ERRQUEUE); " * 4
           + "poll(a, 0); receive(a, 99, 99, MSG_ERRQUEUE)"
           for flags in ("0x12", "0x92", "0x192", "0x82", "0x890", "0x992"))
       + "; " + "; ".join(f"a.sendmsg([b'x'], [(SOL_SOCKET, 37, struct.pack('=I', {flags}))], 0, "
                          "at(r)); receive(a, 99, 99, MSG_ERRQUEUE)"
                          for flags in ("0", "2", "0x100", "0x200", "0x10", "0x80"))
       for kind, at in (("udp", "LO"), ("udp6", "LO6"), ("experiment", "LO"),
                        ("experiment6", "LO6"))},
    "a receiver is told when a datagram came": "r = udp(); r.bind(LO); a = udp(); "
    + "; ".join(f"stamping(r, {flags}); r.setsockopt(SOL_SOCKET, 29, {old}); "
                "a.sendto(b'abc', at(r)); receive(r, 99, 99)"
                for flags in ("0x18", "8", "0x20018", "0x80") for old in "01"),
    "multicast membership": f"a = udp(); "
    f"a.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, {JOIN}); "
    f"a.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, {JOIN}); "
    f"a.setsockopt(IPPROTO_IP, IP_DROP_MEMBERSHIP, {JOIN}); "
    f"a.setsockopt(IPPROTO_IP, IP_DROP_MEMBERSHIP, {JOIN}); "
    "a.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, inet_aton('10.0.0.1') + inet_aton('127.0.0.1')); "
    "a.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, b'short'); "
    "a.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, inet_aton('224.1.2.3') + inet_aton('9.9.9.9'))",
    "multicast to a group bound": f"a = udp(); a.bind(({GROUP}, 0)); "
    f"a.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, {JOIN}); b = udp(); "
    "b.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, inet_aton('127.0.0.1')); "
    "b.sendto(b'x', at(a)); a.recv(9); b.sendto(b'x', of(a, '127.0.0.1')); a.recv(9)",
    "broadcast needs permission": "a = udp(); a.bind(ANY); b = udp(); "
    "b.sendto(b'x', of(a, '127.255.255.255')); b.connect(of(a, '127.255.255.255')); "
    "b.setsockopt(SOL_SOCKET, SO_BROADCAST, 1); b.sendto(b'x', of(a, '127.255.255.255')); "
    "a.recv(9); b.connect(of(a, '127.255.255.255')); b.send(b'y'); a.recv(9)",
    "a dual-stack server sees IPv4 as mapped": "a = tcp6(); a.bind(ANY6); a.listen(); "
    "b = tcp(); b.connect(of(a, '127.0.0.1')); c, peer = accept(a); look(c); look(b); "
    "c.send(b'x'); b.recv(9)",
    "IPV6_V6ONLY refuses IPv4": "a = tcp6(); a.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1); "
    "a.bind(ANY6); a.listen(); b = tcp(); b.connect(of(a, '127.0.0.1')); c = tcp(); "
    "c.bind(of(a, '0.0.0.0')); c.listen()",
    "IPV6_V6ONLY stays once bound": "a = tcp6(); a.bind(ANY6); "
    "a.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1); a.getsockopt(IPPROTO_IPV6, IPV6_V6ONLY)",
    "mapped UDP": "a = udp6(); a.bind(ANY6); b = udp(); b.sendto(b'x', of(a, '127.0.0.1')); "
    "a.recvfrom(9); b.bind(LO); a.sendto(b'y', mapped(b)); b.recvfrom(9); a.connect(mapped(b)); "
    "a.send(b'z'); b.recvfrom(9); look(a)",
    "UDP over IPv4 from a socket connected over IPv6": "a = udp6(); a.connect(('::1', 9)); "
    "a.sendto(b'x', ('::ffff:224.0.0.1', 9)); a.sendto(b'x', ('::ffff:255.255.255.255', 9)); "
    "a.sendto(b'x', ('::ffff:127.0.0.1', 9)); a.recv(9)",
    "IP_PKTINFO names the source and the way, or leaves both to the routes": "b = udp(); "
    f"b.bind(ANY); b.setsockopt(IPPROTO_IP, {PKTINFO}, 1); a = udp(); a.bind(('127.0.0.5', 0)); "
    + "".join(
        f"a.sendmsg([b'x'], [(IPPROTO_IP, {PKTINFO}, struct.pack('=i4s4s', {index}, "
        f"inet_aton({own!r}), bytes(4)))], 0, of(b, {to!r})); receive(b, 9, 128); "
        for index, own in ((0, "0.0.0.0"), (1, "0.0.0.0"), (0, "127.0.0.9"), (1, "127.0.0.9"))
        for to in ("127.0.0.1", "0.0.0.0", "0.0.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255"))
    + "look(a)",
    "the error queue tells which message failed": f"a = udp(); "
    f"a.setsockopt(IPPROTO_IP, {RECVERR}, 1); a.connect(nobody()); a.send(b'lost'); poll(a); "
    "a.send(b'x'); a.recv(9); receive(a, 9, 128, MSG_ERRQUEUE)[0]; "
    "receive(a, 9, 128, MSG_ERRQUEUE)",
    "where a datagram came in": f"a = udp(); a.bind(ANY); "
    f"a.setsockopt(IPPROTO_IP, {PKTINFO}, 1); a.setsockopt(IPPROTO_IP, {RECVTTL}, 1); "
    "a.setsockopt(IPPROTO_IP, IP_RECVTOS, 1); b = udp(); "
    "b.setsockopt(IPPROTO_IP, IP_TTL, 7); b.setsockopt(IPPROTO_IP, IP_TOS, 16); "
    "b.sendto(b'x', of(a, '127.0.0.5')); receive(a, 9, 128); "
    "b.sendto(b'x', of(a, '127.0.0.1')); receive(a, 9, 16); b.sendto(b'x', of(a, '127.0.0.1')); "
    "receive(a, 9, 24)",
    "where an IPv6 datagram came in": "a = udp6(); a.bind(ANY6); "
    "a.setsockopt(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1); "
    "a.setsockopt(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1); "
    "a.setsockopt(IPPROTO_IPV6, IPV6_RECVTCLASS, 1); b = udp6(); "
    "b.setsockopt(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 7); "
    "b.setsockopt(IPPROTO_IPV6, IPV6_TCLASS, 16); b.sendto(b'x', of(a, '::1')); "
    "receive(a, 9, 128); b.sendto(b'x', of(a, '::1')); receive(a, 9, 40)",
    "hop limit for one message": "a = udp6(); a.bind(LO6); "
    "a.setsockopt(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1); b = udp6(); "
    "b.sendmsg([b'x'], [(IPPROTO_IPV6, IPV6_HOPLIMIT, struct.pack('i', 3))], 0, at(a)); "
    "receive(a, 9, 128); "
    "b.sendmsg([b'x'], [(IPPROTO_IPV6, IPV6_HOPLIMIT, struct.pack('i', 300))], 0, at(a))",
    "time to live for one message": f"a = udp(); a.bind(LO); "
    f"a.setsockopt(IPPROTO_IP, {RECVTTL}, 1); b = udp(); "
    "b.sendmsg([b'x'], [(IPPROTO_IP, IP_TTL, struct.pack('i', 3))], 0, at(a)); "
    "receive(a, 9, 128)",
    "datagrams keep their bounds": "a = udp(); a.bind(LO); b = udp(); b.bind(LO); "
    "b.sendto(b'', at(a)); b.sendto(b'12345', at(a)); b.sendto(b'end', at(a)); a.recvfrom(9); "
    "receive(a, 3); a.recv(9); b.sendto(b'x' * 65507, at(a)); len(a.recv(70000)); "
    "b.sendto(b'x' * 65508, at(a)); b.sendto(b'12345', at(a)); a.recv(3, MSG_TRUNC)[:3]; "
    "a.recv(9)",
    "a connected socket hears its peer alone": "a = udp(); a.bind(LO); b = udp(); b.bind(LO); "
    "c = udp(); c.bind(LO); a.connect(at(b)); c.sendto(b'c', at(a)); b.sendto(b'b', at(a)); "
    "a.recvfrom(9); a.recvfrom(9); a.connect(at(c)); c.sendto(b'c', at(a)); a.recvfrom(9)",
    "the connected socket has the better claim": "a = udp(); "
    "a.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); a.bind(LO); c = udp(); "
    "c.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); c.bind(at(a)); b = udp(); b.bind(LO); "
    "a.connect(at(b)); b.sendto(b'1', at(a)); a.recv(9); c.recv(9); d = udp(); "
    "d.sendto(b'2', at(a)); a.recv(9); c.recv(9)",
    "corked datagrams are one": "a = udp(); a.bind(LO); b = udp(); b.connect(at(a)); "
    "b.send(b'one ', MSG_MORE); b.send(b'and ', MSG_MORE); a.recv(99); b.send(b'two'); a.recv(99); "
    "b.setsockopt(IPPROTO_UDP, 1, 1); b.send(b'three '); b.send(b'four'); a.recv(99); "
    "b.setsockopt(IPPROTO_UDP, 1, 0); a.recv(99)",
    "corked TCP waits": "l = tcp(); l.bind(LO); l.listen(); a = tcp(); a.connect(at(l)); "
    "b, peer = accept(l); a.setsockopt(IPPROTO_TCP, TCP_CORK, 1); a.send(b'one'); b.recv(9); "
    "a.setsockopt(IPPROTO_TCP, TCP_CORK, 0); b.recv(9); a.send(b'two', MSG_MORE); b.recv(9); "
    "a.send(b'three'); b.recv(9)",
    "urgent data, one byte": "l = tcp(); l.bind(LO); l.listen(); a = tcp(); a.connect(at(l)); "
    "b, peer = accept(l); a.send(b'abc', MSG_OOB); poll(b); b.recv(9); b.recv(9, MSG_OOB); "
    "b.recv(9, MSG_OOB); poll(b); a.send(b'd', MSG_OOB); a.send(b'e', MSG_OOB); a.send(b'f'); "
    "b.recv(9, MSG_OOB); b.recv(9); b.recv(9); b.recv(9)",
    "a backlog holds one more than asked for": "l = tcp(); l.bind(LO); l.listen(1); a = tcp(); "
    "a.connect(at(l)); b = tcp(); b.connect(at(l)); c = tcp(); c.connect(at(l)); look(a); look(b); "
    "look(c); d, peer = accept(l); e, peer = accept(l); f, peer = accept(l)",
    "a UNIX backlog too": "l = ustream(); l.bind('l'); l.listen(1); a = ustream(); a.connect('l'); "
    "b = ustream(); b.connect('l'); c = ustream(); c.connect('l'); d, peer = accept(l); "
    "c.connect('l')",
    "closing a listener resets those who wait": "l = tcp(); l.bind(LO); l.listen(); a = tcp(); "
    "a.connect(at(l)); a.send(b'x'); l.close(); look(a); a.recv(9); a.send(b'x')",
    "simultaneous open": "a = tcp(); a.bind(LO); b = tcp(); b.bind(LO); "
    "a.connect(at(b)); b.connect(at(a))",
    "TIME_WAIT holds the port": "l = tcp(); l.bind(LO); l.listen(); a = tcp(); a.connect(at(l)); "
    "b, peer = accept(l); p = at(l); b.close(); a.close(); l.close(); c = tcp(); c.bind(p); "
    "c.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); c.bind(p)",
    "TIME_WAIT with SO_REUSEADDR in both runs": "l = tcp(); "
    "l.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); l.bind(LO); l.listen(); a = tcp(); "
    "a.connect(at(l)); b, peer = accept(l); p = at(l); b.close(); a.close(); l.close(); "
    "c = tcp(); c.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); c.bind(p); c.listen()",
    "the client's TIME_WAIT does no harm": "l = tcp(); l.bind(LO); l.listen(); a = tcp(); "
    "a.connect(at(l)); b, peer = accept(l); p = at(l); a.close(); b.close(); l.close(); c = tcp(); "
    "c.bind(p); c.listen()",
    "a connection holds the port": "l = tcp(); l.bind(LO); l.listen(); a = tcp(); "
    "a.connect(at(l)); b, peer = accept(l); p = at(l); l.close(); c = tcp(); c.bind(p); "
    "c.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); c.bind(p)",
    "SO_REUSEPORT shares by connection": "a = tcp(); a.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1); "
    "a.bind(LO); a.listen(); b = tcp(); b.bind(at(a)); "
    "c = tcp(); c.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1); c.bind(at(a)); c.listen()",
    "stale paths": "a = ustream(); a.bind('p'); a.listen(); a.close(); b = ustream(); "
    "b.connect('p'); c = ustream(); c.bind('p'); unlink('p'); c.bind('p'); c.listen(); "
    "b.connect('p'); look(b)",
    "a renamed path still leads there": "a = ustream(); a.bind('p'); a.listen(); "
    "os.rename('p', 'q'); b = ustream(); b.connect('p'); b.connect('q'); b.getpeername()",
    "a path that is no socket": "open('p', 'w').close(); a = ustream(); a.connect('p'); "
    "a.bind('p'); a.connect('p/q'); a.bind('p/q')",
    "the wrong type behind a path": "a = udgram(); a.bind('p'); b = ustream(); b.connect('p'); "
    "c = useq(); c.connect('p'); d = ustream(); d.bind('q'); d.listen(); e = udgram(); "
    "e.connect('q'); e.sendto(b'x', 'q')",
    "long paths": "a = ustream(); a.bind('x' * 107); a.getsockname() == 'x' * 107; b = ustream(); "
    "b.bind('y' * 108); b.bind('y' * 109); b.bind(b'\\0' + b'z' * 107); "
    "b.bind(b'\\0' + b'z' * 108)",
    "modes of a path": "a = ustream(); a.bind('p'); a.listen(); oct(os.stat('p').st_mode); "
    "os.chmod('p', 0); b = ustream(); b.connect('p')",
    "passed descriptors": "a, b = pair(SOCK_STREAM); c, d = pair(SOCK_STREAM); "
    "a.sendmsg([b'x'], rights(c, d)); c.close(); d.send(b'in flight'); "
    "e, peer = first(passed(b)); e.recv(20); a.sendmsg([b''], rights(d)); passed(b)[1]",
    "descriptors are cut off with their room": "a, b = pair(SOCK_STREAM); "
    "c, d = pair(SOCK_STREAM); "
    "a.sendmsg([b'x'], rights(c, d)); passed(b, 9, 1)[1]; a.sendmsg([b'x'], rights(c)); b.recv(9); "
    "a.sendmsg([b'one'], rights(c)); a.send(b'two'); b.recv(99); b.recv(99)",
    "descriptors mark a boundary": "a, b = pair(SOCK_STREAM); c, d = pair(SOCK_STREAM); "
    "a.send(b'before'); a.sendmsg([b'with'], rights(c)); a.send(b'after'); receive(b, 99, 64); "
    "receive(b, 99, 64); receive(b, 99, 64)",
    "credentials on each message": "a, b = pair(SOCK_DGRAM); "
    "b.setsockopt(SOL_SOCKET, SO_PASSCRED, 1); a.send(b'x'); receive(b, 9, 64); credentials(b); "
    "a.sendmsg([b'x'], [(SOL_SOCKET, SCM_CREDENTIALS, struct.pack('3i', 1, 2, 3))])",
    "SO_PASSCRED binds an unbound sender": "a = udgram(); a.bind('p'); b = udgram(); "
    "b.setsockopt(SOL_SOCKET, SO_PASSCRED, 1); b.sendto(b'x', 'p'); a.recvfrom(9)",
    "SO_PEEK_OFF of TCP goes back by what is read": "l = tcp(); l.bind(LO); l.listen(); "
    "a = tcp(); a.connect(at(l)); b, peer = accept(l); b.setsockopt(SOL_SOCKET, 42, 0); "
    "a.send(b'0123456789'); b.recv(4, MSG_PEEK); b.recv(3); b.getsockopt(SOL_SOCKET, 42); "
    "b.recv(3, MSG_PEEK); b.recv(99); b.getsockopt(SOL_SOCKET, 42); a.send(b'abc'); "
    "b.recv(9, MSG_PEEK)",
    "a socket of IPv4 takes an address of IPv4 in the clothes of IPv6": "a = udp(); "
    "a.bind(('::ffff:127.0.0.1', 0)); a.sendto(b'x', of(a, '::FFFF:7f00:1')); a.recv(9); look(a); "
    "a.connect(('::ffff:127.0.0.1%lo', 9)); a.connect(('::127.0.0.1', 9))",
    "what is collected for IPv6 stays whole where that is asked for": "a = udp6(); "
    "a.connect(('::1', 9)); a.setsockopt(IPPROTO_IPV6, 23, 2); a.send(b'x' * 10, MSG_MORE); "
    "a.send(b'x' * 65479); a.send(b'x' * 10, MSG_MORE); a.send(b'x' * 65478); "
    "a.setsockopt(IPPROTO_IPV6, 23, 0); a.send(b'x' * 10, MSG_MORE); a.send(b'x' * 65479)",
    "an epoll instance whose number is closed is closed without an error": "e = select.epoll(); "
    "os.close(e.fileno()); e.close(); e.closed",
    "what goes to a group comes from the address of IP_MULTICAST_IF": "b = udp(); b.bind(ANY); "
    "a = udp(); " + "".join(
        f"a.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, {value}); "
        "a.sendto(b'x', of(b, '224.0.0.1')); b.recvfrom(9); "
        for value in ("inet_aton('127.0.0.9')", "struct.pack('8xi', 1)", "bytes(4)",
                      "struct.pack('=4x4si', inet_aton('127.0.0.8'), 1)",
                      "struct.pack('=4x4si', inet_aton('192.0.2.1'), 1)"))
    + "a.connect(of(b, '224.0.0.1')); look(a)",
    "a datagram that cannot be sent when UDP_CORK ends is lost": "a = udp(); "
    "a.connect(('127.0.0.1', 9)); a.setsockopt(IPPROTO_UDP, 103, 2); "
    "a.send(b'x' * 6000, MSG_MORE); a.setsockopt(IPPROTO_UDP, 1, 0); a.getsockopt(IPPROTO_UDP, 1)",
    "SO_PEEK_OFF walks along": "a, b = pair(SOCK_STREAM); a.send(b'0123456789'); "
    "b.setsockopt(SOL_SOCKET, 42, 0); b.recv(3, MSG_PEEK); b.recv(3, MSG_PEEK); b.recv(2); "
    "b.recv(3, MSG_PEEK); b.getsockopt(SOL_SOCKET, 42)",
    "buffers are doubled and bounded": "a = udp(); cycle(a, SOL_SOCKET, SO_SNDBUF, 10000); "
    "cycle(a, SOL_SOCKET, SO_RCVBUF, 10000); cycle(a, SOL_SOCKET, SO_SNDBUF, 1); "
    "cycle(a, SOL_SOCKET, SO_RCVBUF, 1); cycle(a, SOL_SOCKET, SO_SNDBUF, 1 << 30); "
    "cycle(a, SOL_SOCKET, SO_RCVBUF, 1 << 30)",
    "edge-triggered epoll": "a, b = pair(SOCK_STREAM); e = watch(b, EPOLLIN | EPOLLET); told(e); "
    "a.send(b'1'); told(e); told(e); a.send(b'2'); told(e); b.recv(1); told(e); "
    "b.recv(9); told(e); "
    "a.close(); told(e); told(e)",
    "one-shot epoll": "a, b = pair(SOCK_STREAM); e = watch(b, EPOLLIN | EPOLLONESHOT); "
    "a.send(b'1'); told(e); a.send(b'2'); told(e); e.modify(b, EPOLLIN | EPOLLONESHOT); told(e); "
    "told(e); e.modify(b, EPOLLIN); told(e); told(e); e.unregister(b); told(e)",
    "epoll's errors": "a, b = pair(SOCK_STREAM); e = watch(a, EPOLLIN); e.register(a); "
    "e.modify(b, 0); e.unregister(b); e.register(e); a.close(); told(e); e.register(9999); "
    "b.close(); e.close(); e.poll(0); e.register(a)",
    "epoll and a closed duplicate": "a, b = pair(SOCK_STREAM); e = watch(a, EPOLLIN); "
    "d = quiet(a.dup()); a.close(); b.send(b'x'); told(e); d.close(); told(e)",
    "epoll of epoll": "a, b = pair(SOCK_STREAM); e = watch(a, EPOLLIN); f = watch(e, EPOLLIN); "
    "told(f); b.send(b'x'); told(f); a.recv(9); told(f)",
    "who shuts down is told first": "a, b = pair(SOCK_STREAM); e = watch(a, 0); "
    "e.register(b, EPOLLIN | EPOLLET); b.shutdown(SHUT_RDWR); told(e); "
    "c, d = pair(SOCK_SEQPACKET); f = watch(c, EPOLLIN); f.register(d, EPOLLIN); "
    "d.shutdown(SHUT_RDWR); told(f)",
    "epoll tells in the order of readiness": "a, b = pair(SOCK_DGRAM); c, d = pair(SOCK_DGRAM); "
    "e = watch(a, EPOLLIN); e.register(c, EPOLLIN | EPOLLRDHUP); d.send(b'x'); b.send(b'x'); "
    "[n == a.fileno() for n, _ in e.poll(0)]; [n == a.fileno() for n, _ in e.poll(0, 1)]; "
    "[n == a.fileno() for n, _ in e.poll(0, 1)]",
    "select's errors": "a, b = pair(SOCK_STREAM); select.select([a], [b], [], 0)[0]; "
    "select.select([-1], [], [], 0); select.select(['x'], [], [], 0); a.close(); "
    "select.select([a], [], [], 0); select.select([], [], [], -1)",
    "poll's errors": "a, b = pair(SOCK_STREAM); p = select.poll(); p.register(a); p.modify(b, 1); "
    "p.poll('x'); n = a.fileno(); a.close(); "
    "[bits(mask) for number, mask in p.poll(0)]",
    "arguments out of range": "a = tcp(); a.bind(('127.0.0.1', 70000)); a.bind(('127.0.0.1', -1)); "
    "a.bind(('127.0.0.1',)); a.bind('x'); a.bind(('127.0.0.1', 'x')); a.connect(('x\\0', 1)); "
    "a.recv(-1); a.recv('x'); a.send('x'); a.sendto(b'x'); a.listen('x'); a.listen(1 << 40); "
    "a.shutdown('x'); a.setsockopt(1, 2); a.setsockopt(1, 2, None, 'x'); a.getsockopt(1, 2, -1); "
    "a.getsockopt(1, 2, 2000); a.recv_into(b'x'); a.recv_into(bytearray(2), 5); "
    "a.recv_into(bytearray(2), -1); a.sendmsg(1); a.sendmsg([1]); a.sendmsg([b'x'], [1]); "
    "a.recvmsg(-1); a.recvmsg(1, -1); a.recvmsg_into([b'x']); a.settimeout(-1); a.settimeout('x'); "
    "a.getsockname(1); a.fileno(1)",
    "arguments of IPv6": "a = tcp6(); a.bind(('::1', 0, 1 << 20)); a.bind(('::1', 0, -1)); "
    "a.bind(('::1', 0, 0, 99)); a.bind(('::1', 0, 0, 0, 0)); a.bind(('127.0.0.1', 0)); "
    "a.bind(('fe80::1', 0, 0, 1)); a.bind(('::1%lo', 0)); a.getsockname()",
    "new sockets": "socket.socket(AF_INET, SOCK_RDM); socket.socket(AF_INET, SOCK_SEQPACKET); "
    "socket.socket(AF_INET, SOCK_STREAM, IPPROTO_UDP); socket.socket(AF_INET, SOCK_DGRAM, 6); "
    "socket.socket(AF_INET, SOCK_STREAM, 99); socket.socket(AF_UNIX, SOCK_STREAM, 1).proto; "
    "socket.socket(AF_UNIX, SOCK_STREAM, 5); socket.socket(AF_UNIX, SOCK_RAW).type; "
    "socket.socket(AF_UNIX, SOCK_RDM); socket.socket(AF_INET, 77); socket.socket(99, 1); "
    "socket.socket(-1, -1, -1, -5); socket.socket(AF_INET, SOCK_RAW); socket.socket(AF_INET6, 3); "
    "socket.socketpair(AF_INET); socket.socketpair(AF_UNIX, SOCK_RDM); socket.socket(300); "
    "socket.socket(fileno=-1); socket.socket(fileno=9999); socket.socket(fileno='x')",
}
HOSTS = ("None", "'127.0.0.1'", "'::1'", "'127.1'", "'0x7f.1'", "'::ffff:1.2.3.4'",
         "'fe80::1%lo'", "b'127.0.0.1'", "1")  # fmt: skip
SERVICES = ("None", "0", "80", "'80'", "'http'", "'-1'", "'70000'", "''", "b'80'")
HINTS = ("", ", AF_INET", ", AF_INET6", ", 0, SOCK_STREAM", ", 0, SOCK_DGRAM", ", 0, 0, 6",
         ", 0, SOCK_STREAM, 17", ", 0, SOCK_RAW", ", 99", ", 0, 99",
         ", 0, SOCK_STREAM, 0, AI_PASSIVE", ", 0, SOCK_STREAM, 0, AI_NUMERICHOST",
         ", 0, SOCK_STREAM, 0, AI_NUMERICSERV", ", 0, SOCK_STREAM, 0, AI_CANONNAME",
         ", AF_INET6, SOCK_STREAM, 0, AI_V4MAPPED",
         ", AF_INET6, 1, 0, AI_V4MAPPED | AI_ALL")  # fmt: skip
TEXTS = ("'1.2.3.4'", "'1.2.3'", "'1'", "'1.2.3.256'", "'0x10.010.8'", "' 1.2.3.4'", "'1.2.3.4 '",
         "'01.2.3.4'", "'::'", "'::1'", "'1::2::3'", "':::'", "'1:2:3:4:5:6:7:8'", "'::1.2.3.4'",
         "'1:2:3:4:5:6:7::'", "'::ffff:1.2.3.4'", "'g::'", "'::1%lo'", "''", "'x'")  # fmt: skip


def _names() -> Iterator[tuple[str, Program]]:
    """Yield the look-ups: of what every machine knows, and of what needs no looking up."""
    asked = itertools.product(HOSTS, SERVICES, HINTS)
    yield "getaddrinfo", tuple(f"getaddrinfo({h}, {s}{more})" for h, s, more in asked)
    yield "getnameinfo", tuple(
        f"getnameinfo({address}, {flags})"
        for address in ("('127.0.0.1', 80)", "('::1', 80)", "('::1', 80, 0, 0)", "('x.invalid', 1)",
                        "('127.0.0.1', 70000)", "('127.0.0.1',)", "'x'", "('fe80::1', 80, 0, 1)",
                        "('127.0.0.1', 'x')")
        for flags in ("NI_NUMERICHOST | NI_NUMERICSERV", "NI_NUMERICHOST",
                      "NI_NUMERICHOST | NI_DGRAM")
    )  # fmt: skip
    yield "texts", tuple(
        f"{call}({first}{text})"
        for text in TEXTS
        for call, first in (("inet_aton", ""), ("inet_pton", "AF_INET, "),
                            ("inet_pton", "AF_INET6, "))
    )  # fmt: skip
    groups = ("0" * 32, "0" * 31 + "1", "20010db8" + "0" * 24, "0001000000000001" * 2,
              "0" * 20 + "ffff01020304", "0" * 24 + "01020304", "00010002000300040005000600070008",
              "0" * 24 + "00010000", "fe80" + "0" * 20 + "12345678", "ff" * 16)  # fmt: skip
    yield "texts of addresses", tuple(f"inet_ntop(AF_INET6, bytes.fromhex({g!r}))" for g in groups)
    yield "services", lines(
        "getservbyname('http'); getservbyname('http', 'tcp'); getservbyname('domain', 'udp'); "
        "getservbyname('nothing'); getservbyname('http', 'x'); getservbyport(80); "
        "getservbyport(53, 'udp'); getservbyport(1); getservbyport(70000); getservbyport(-1); "
        "getprotobyname('tcp'); getprotobyname('udp'); getprotobyname('icmp'); "
        "getprotobyname('nothing'); gethostbyname('127.0.0.1'); gethostbyname('255.255.255.255'); "
        "gethostbyname(''); gethostbyname('<broadcast>'); "
        "htons(1); htons(65536); htons(-1); htonl(1); htonl(1 << 32); ntohs(256); ntohl(1); "
        "inet_ntoa(b'1234'); inet_ntoa(b'123'); inet_ntop(AF_INET, b'123'); "
        "inet_ntop(99, b'1234'); "
        "inet_pton(99, '1'); if_nameindex(); if_nametoindex('lo'); if_nametoindex('x'); "
        "if_indextoname(1); if_indextoname(99); CMSG_LEN(0); CMSG_LEN(1); CMSG_SPACE(0); "
        "CMSG_SPACE(1); CMSG_SPACE(9); CMSG_LEN(-1); CMSG_SPACE(1 << 63); getdefaulttimeout(); "
        "has_ipv6; socket.close(9999); socket.close(-1); socket.dup(9999)"
    )


FEATURES: dict[str, Program] = {
    name: lines(text)
    for name, text in (PROGRAMS | FOUND | FOUND_WIDE | FOUND_WINDOWS | FILTERS).items()}
FEATURES |= dict(_names())


def main() -> int:
    """Compare the worlds, feature by feature."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernel-twice", action="store_true")
    parser.add_argument("--only", default="", help="only features whose name contains this")
    parser.add_argument("--show", action="store_true", help="print the kernel's answers")
    arguments = parser.parse_args()
    left = Kernel()
    rights: list[World] = (
        [Kernel()] if arguments.kernel_twice else [Model(), Model(by_segments=True)])
    different = 0
    for (name, program), right in itertools.product(FEATURES.items(), rights):
        if arguments.only not in name:
            continue
        here, there = answers(World.run, left, right, program)
        if here != there or arguments.show:
            print(name)
        for line, one, other in zip(program, here, there, strict=True):
            if one != other and not deliberate(line, one, other):
                different += 1
                print(f"    {line}\n        kernel: {one}\n        model:  {other}")
            elif arguments.show or (here != there and len(program) < 60):
                print(f"    {line:60} {one}")
    print(f"{len(FEATURES)} features, {different} lines differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
