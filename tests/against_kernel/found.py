"""Programs that a second generator found the model wrong about: one for each cause, shrunk.

That generator knows nothing of ours: it was written from Python's documentation and the manual
pages alone.  `features` runs these with its own.
"""

PAIR = (
    "l = tcp(); l.bind(LO); l.listen(8); a = tcp(); a.connect(at(l)); a.connect(at(l)); "
    "b, peer = accept(l); a.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1); "
)
JOIN = "inet_aton('224.1.1.1') + inet_aton('127.0.0.1')"
RESET = "b.setsockopt(SOL_SOCKET, SO_LINGER, linger(1, 0)); b.close(); "
INSTANCES = "p = select.epoll(); q = select.epoll(); r = select.epoll(); "

LOST = "e = ustream(); e.close(); select.select([a], [], [], 30)[0] == [a]"
"""Linux looks for lost sockets when a UNIX socket is closed, and closes them a moment later."""

FOUND = {
    "a null pointer in the place of an option's value": "a = tcp6(); b = udp(); c = ustream(); "
    + "; ".join(
        f"{name}.setsockopt({level}, {option}, None, {size})"
        for name, level, option in (
            ("a", "SOL_SOCKET", "SO_KEEPALIVE"), ("a", "SOL_SOCKET", "SO_BINDTODEVICE"),
            ("a", "IPPROTO_TCP", "TCP_NODELAY"), ("a", "IPPROTO_TCP", "99"),
            ("a", "IPPROTO_TCP", "TCP_CONGESTION"), ("a", "IPPROTO_IPV6", "IPV6_V6ONLY"),
            ("a", "IPPROTO_IPV6", "IPV6_UNICAST_HOPS"), ("a", "IPPROTO_IPV6", "IPV6_RTHDR"),
            ("a", "IPPROTO_IPV6", "IPV6_JOIN_GROUP"), ("a", "IPPROTO_IPV6", "IPV6_PKTINFO"),
            ("a", "IPPROTO_IPV6", "99"),
            ("b", "IPPROTO_IP", "IP_TTL"), ("b", "IPPROTO_IP", "IP_ADD_MEMBERSHIP"),
            ("b", "IPPROTO_IP", "IP_MULTICAST_IF"), ("b", "IPPROTO_IP", "95"),
            ("a", "IPPROTO_IP", "IP_MULTICAST_IF"), ("b", "IPPROTO_UDP", "1"),
            ("c", "SOL_SOCKET", "SO_PASSCRED"), ("c", "IPPROTO_TCP", "1"))
        for size in ("0", "1", "4", "8", "100", "-1", "1 << 31", "1 << 33")),
    "who gets copies, and in which order": "u = [udp() for _ in range(4)]; "
    "[s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1) for s in u]; [s.bind(('', 5555)) for s in u]; "
    f"[s.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, {JOIN}) for s in u]; "
    "v = [icmp() for _ in range(3)]; e = select.epoll(); "
    "[e.register(s, EPOLLIN) for s in u + v]; t = udp(); "
    "t.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, inet_aton('127.0.0.1')); "
    "t.sendto(b'x', ('224.1.1.1', 5555)); "
    "[[s.fileno() for s in u + v].index(n) for n, _ in e.poll(0)]; "
    "v[0].sendto(ECHO, ('127.0.0.1', 0)); "
    "[[s.fileno() for s in u + v].index(n) for n, _ in e.poll(0)]",
    "one segment, however small the send buffer": PAIR
    + "a.setsockopt(SOL_SOCKET, SO_SNDBUF, 1); a.send(b'z' * 65000); "
    "c = tcp6(); d = tcp6(); d.bind(LO6); d.listen(); c.connect(at(d)); c.connect(at(d)); "
    "c.setsockopt(SOL_SOCKET, SO_SNDBUF, 1); c.send(b'z' * 65000)",
    "MSG_MORE fills the segment it holds": PAIR
    + "a.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096); a.send(b'abcde', MSG_MORE); "
    "a.send(b'z' * 5000, MSG_MORE); a.send(b'z' * 5000, MSG_MORE); a.send(b'.'); "
    "len(b.recv(20000))",
    "TCP_MAXSEG, wanted and left": "l = tcp(); l.bind(LO); l.listen(8); a = tcp(); "
    "a.getsockopt(IPPROTO_TCP, TCP_MAXSEG); a.connect(at(l)); "
    "a.getsockopt(IPPROTO_TCP, TCP_MAXSEG); b, peer = accept(l); b.send(b'x'); "
    "a.getsockopt(IPPROTO_TCP, TCP_MAXSEG); b.getsockopt(IPPROTO_TCP, TCP_MAXSEG); "
    "c = tcp(); c.setsockopt(IPPROTO_TCP, TCP_MAXSEG, 1000); "
    "c.getsockopt(IPPROTO_TCP, TCP_MAXSEG); "
    "c.connect(at(l)); c.getsockopt(IPPROTO_TCP, TCP_MAXSEG); d, peer = accept(l); "
    "d.getsockopt(IPPROTO_TCP, TCP_MAXSEG); e = tcp(); e.connect_ex(nobody()); "
    "e.connect_ex(nobody()); "
    "e.getsockopt(IPPROTO_TCP, TCP_MAXSEG); f = tcp6(); f.connect_ex(nobody(AF_INET6)); "
    "f.connect_ex(nobody(AF_INET6)); f.getsockopt(IPPROTO_TCP, TCP_MAXSEG)",
    "MSG_TRUNC leaves a buffer of TCP as it is": PAIR
    + "x = bytearray(b'.....'); b.send(b'hello world'); a.recv_into(x, 5, MSG_TRUNC); bytes(x); "
    "a.recv_into(x, 5, MSG_TRUNC | MSG_PEEK); bytes(x); a.recv(9); "
    "c, d = pair(SOCK_STREAM); c.send(b'hello'); d.recv(3, MSG_TRUNC); "
    "e, f = pair(SOCK_DGRAM); e.send(b'hello'); f.recvmsg_into([x], 0, MSG_TRUNC); "
    "e.send(b'hello'); f.recvmsg(2, 0, MSG_TRUNC)",
    "MSG_WAITALL and MSG_PEEK, again and again": PAIR
    + "b.send(b'yz'); a.recv(4, MSG_PEEK | MSG_WAITALL); a.recv(4, MSG_PEEK | MSG_WAITALL); "
    "a.settimeout(0.01); a.recv(4, MSG_WAITALL); a.recv(4, MSG_WAITALL); a.recv(3, MSG_ERRQUEUE)",
    "instances of epoll that watch each other": INSTANCES
    + "s = select.epoll(); t = select.epoll(); u = select.epoll(); v = select.epoll(); "
    "p.register(q, EPOLLIN); q.register(r, EPOLLIN); r.register(s, EPOLLIN); "
    "s.register(t, EPOLLIN); "
    "t.register(u, EPOLLIN); u.register(v, EPOLLIN); v.register(p, EPOLLIN); "
    "p.register(p, EPOLLIN); "
    "r.register(q, EPOLLIN); p.register(r, EPOLLIN | EPOLLEXCLUSIVE); q.unregister(q); "
    "a, b = pair(SOCK_STREAM); t.register(a, EPOLLIN); b.send(b'x'); "
    "[len(each.poll(0)) for each in (p, q, r, s, t, u)]; a.recv(1); "
    "[len(each.poll(0)) for each in (p, q, r, s, t, u)]",
    "epoll and what it does not take": "p = select.epoll(); f = open('/proc/self/stat'); "
    "p.register(f, 1); f.close(); p.register(9999, 1); a, b = pair(SOCK_STREAM); "
    "p.register(a, EPOLLIN); a.close(); len(select.select([p], [], [], 0)[0]); "
    "q = select.epoll.fromfd(b.fileno()); q.register(b, 1); q.poll(0); "
    "c, d = pair(SOCK_STREAM); p.register(c, EPOLLPRI); d.send(b'o', MSG_OOB); "
    "[mask for _, mask in p.poll(0)]",
    "an entry of epoll is of a number and a file": "a, b = pair(SOCK_STREAM); n = a.fileno(); "
    "d = quiet(a.dup()); e = watch(a, EPOLLOUT); a.close(); c = udgram(); c.fileno() == n; "
    "e.modify(c, 0); e.register(c, EPOLLOUT); e.register(c, EPOLLIN); told(e); e.unregister(c); "
    "told(e); e.unregister(n); b.close(); told(e); d.close(); told(e); e.unregister(c)",
    "who stops listening is told after those it resets": "l = tcp(); l.bind(LO); l.listen(8); "
    "a = tcp(); a.connect(at(l)); e = watch(l, EPOLLOUT); e.register(a, EPOLLIN); "
    "l.shutdown(SHUT_RDWR); told(e)",
    "a notice that follows one that was taken is told": "b = udp(); b.bind(LO); a = udp(); "
    "a.connect(at(b)); a.setsockopt(SOL_SOCKET, 37, 0x102); e = watch(a, EPOLLET); a.send(b'1'); "
    "a.send(b'2'); told(e); a.recv(1, MSG_ERRQUEUE); told(e); a.setsockopt(IPPROTO_IP, 11, 0); "
    "look(a); a.recv(1, MSG_ERRQUEUE); look(a); told(e)",
    "descriptors travel only with bytes": "a, b = pair(SOCK_STREAM); "
    "a.sendmsg([], rights(a)); a.close(); b.recv(9)",
    "what waits in a stream that was read in part":
    "a, b = pair(SOCK_STREAM); a.send(b'z' * 1000); "
    "a.send(b'z' * 7); len(b.recv(203)); ioctl(b, 0x541B); c = useq(); c.bind('a'); c.listen(); "
    "ioctl(c, 0x541B); d = tcp(); d.connect_ex(nobody()); d.connect_ex(nobody()); "
    "ioctl(d, 0x5411)",
    "an address of a link needs its interface":
    "a = udp6(); b = tcp6(); a.connect(('ff02::1', 9)); "
    "a.connect(('fe80::1', 9)); a.connect(('fe80::1', 9, 0, 1)); "
    "a.connect(('ff02::1', 9, 0, 1)); "
    "b.connect(('ff02::1', 9)); b.connect(('fe80::1', 9)); b.connect(('fe80::1', 9, 0, 1)); "
    "a.connect(('fe80::1%lo', 9)); a.connect(('::1%lo', 9)); a.connect(('::1%', 9))",
    "an IPv4 group is no way to IPv6": "a = udp6(); a.bind(('::ffff:224.0.0.5', 0)); "
    "a.sendto(b'x', ('ff05::1', 9)); a.sendto(b'x', ('::1', 9)); "
    "a.connect(('ff02::5', 9, 0, 1)); "
    "a.connect(('::1', 9)); a.sendto(b'x', ('127.0.0.1', 9))",
    "who leaves a group names its interface": "a = udp(); "
    + "; ".join(
        f"a.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, {JOIN}); "
        f"a.setsockopt(IPPROTO_IP, IP_DROP_MEMBERSHIP, inet_aton({group!r}) + {rest})"
        for group in ("224.1.1.1", "0.0.0.0", "1.2.3.4")
        for rest in ("bytes(4)", "inet_aton('127.0.0.2')", "inet_aton('10.0.0.1')", "bytes(8)",
                     "bytes(4) + struct.pack('i', 1)", "bytes(4) + struct.pack('i', 2)")),
    "IP_MULTICAST_IF from struct ip_mreq": "a = udp(); "
    "a.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, bytes(4) + inet_aton('127.0.0.1')); "
    "a.getsockopt(IPPROTO_IP, IP_MULTICAST_IF, 4); "
    "a.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, inet_aton('127.0.0.1') + inet_aton('9.9.9.9')); "
    "tcp().setsockopt(IPPROTO_IP, IP_MULTICAST_IF, bytes(4))",
    "multicast and broadcast out of a device": "r = udp(); r.bind(ANY); "
    "r.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, inet_aton('224.0.0.5') + inet_aton('127.0.0.1')); "
    "t = udp6(); t.bind(ANY6); s = udp(); s.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b'lo'); "
    "s.sendto(b'x', of(r, '255.255.255.255')); s.setsockopt(SOL_SOCKET, SO_BROADCAST, 1); "
    "s.sendto(b'x', of(r, '255.255.255.255')); r.recvfrom(9); "
    "s.sendto(b'x', of(t, '255.255.255.255')); t.recvfrom(9); "
    "s.sendto(b'x', of(r, '224.0.0.5')); "
    "r.recvfrom(9); t.recvfrom(9); s.connect(of(r, '224.0.0.5')); s.getsockname(); s.send(b'y'); "
    "r.recvfrom(9); u = udp(); u.setsockopt(SOL_SOCKET, SO_BROADCAST, 1); "
    "u.sendto(b'x', of(t, '127.255.255.255')); t.recvfrom(9)",
    "UDP shares a port with the first of a group":
    "a = udp(); a.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); "
    "a.bind(ANY); b = udp(); b.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); "
    "b.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1); b.bind(of(a, '127.255.255.255')); c = udp6(); "
    "c.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1); c.bind(of(a, '::ffff:0.0.0.0')); "
    "d = udp(); d.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1); d.bind(at(a)); e = udp(); "
    "e.bind(at(a))",
    "a datagram goes to the newest that fits best":
    "a = udp(); a.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); "
    "a.bind(ANY); b = udp(); b.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); "
    "b.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1); b.bind(at(a)); c = udp(); "
    "c.sendto(b'x', of(a, '127.0.0.1')); a.recv(9); b.recv(9); d = udp6(); "
    "d.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); d.bind(of(a, '::ffff:127.0.0.1')); "
    "c.sendto(b'x', of(a, '127.0.0.1')); a.recv(9); b.recv(9); d.recv(9)",
    "options of IPv4 that Linux does not know": "a = udp(); "
    "a.setsockopt(IPPROTO_IP, IP_OPTIONS, b'\\xff\\x02\\0\\0'); "
    "a.getsockopt(IPPROTO_IP, IP_OPTIONS, 40); "
    "a.setsockopt(IPPROTO_IP, IP_OPTIONS, b'\\xe8\\x03\\0\\0'); "
    "a.setsockopt(IPPROTO_IP, IP_OPTIONS, b'\\xe8\\x05\\0\\0'); "
    "a.setsockopt(IPPROTO_IP, IP_OPTIONS, b'\\1\\xe8'); a.getsockopt(IPPROTO_IP, IP_OPTIONS, 40)",
    "a mark that was read out of line": "a, b = pair(SOCK_STREAM); a.send(b'bc', MSG_OOB); "
    "b.recv(2, MSG_OOB); b.recv(1); ioctl(b, 0x8905); a.send(b'd', MSG_OOB); ioctl(b, 0x8905)",
    "a call to what is in TIME-WAIT": PAIR
    + "a.shutdown(SHUT_WR); b.shutdown(SHUT_WR); l.shutdown(SHUT_RDWR); l.bind(at(l)); "
    "l.connect_ex(at(a)); look(l)",
    "what MSG_MORE holds, and lets go": PAIR
    + "a.send(b'a', MSG_MORE); b.recv(9); a.send(b'b', MSG_MORE); b.recv(9); "
    "a.send(b'c'); b.recv(9); "
    "a.send(b'd', MSG_MORE); a.shutdown(SHUT_WR); b.recv(9); b.recv(9)",
    "UDP_SEGMENT divides, UDP_GRO joins": "a = udp(); a.bind(LO); b = udp(); "
    + "; ".join(
        f"b.setsockopt(IPPROTO_UDP, 103, {size}); b.sendto(b'z' * {length}, at(a)); "
        "receive(a, 9000, 100, 0); receive(a, 9000, 100, 0); drain(a)"
        for size in (1, 3, 1000) for length in (0, 1, 3, 4, 128, 129, 2500))
    + "; a.setsockopt(IPPROTO_UDP, 104, 1); b.sendto(b'z' * 2500, at(a)); "
    "receive(a, 9000, 100, 0); "
    "b.sendmsg([b'abcdefgh'], [(17, 103, struct.pack('H', 3))], 0, at(a)); receive(a, 99, 100, 0); "
    "b.sendmsg([b'abcdefgh'], [(17, 103, struct.pack('H', 0))], 0, at(a)); receive(a, 99, 100, 0); "
    "b.sendmsg([b'x'], [(17, 103, b'abcd')], 0, at(a)); b.setsockopt(SOL_SOCKET, 11, 1); "
    "b.sendto(b'z' * 2500, at(a)); b.sendto(b'abc', MSG_MORE, at(a)); b.sendto(b'def', at(a)); "
    "receive(a, 9000, 100, 0)",
    "a datagram of IPv6 without a checksum": "a = udp6(); a.bind(LO6); b = udp6(); "
    "b.setsockopt(IPPROTO_UDP, 101, 5); b.getsockopt(IPPROTO_UDP, 101); b.sendto(b'x', at(a)); "
    "a.recv(9); a.setsockopt(IPPROTO_UDP, 102, 1); b.sendto(b'y', at(a)); a.recv(9); "
    "b.connect(nobody(AF_INET6)); b.send(b'z'); b.send(b'z'); "
    "c = udp(); c.setsockopt(IPPROTO_IP, IP_OPTIONS, None, 100)",
    "TCP_DEFER_ACCEPT lets connections wait for data": "l = tcp(); l.bind(LO); l.listen(1); "
    "l.setsockopt(IPPROTO_TCP, TCP_DEFER_ACCEPT, 5); a = tcp(); a.connect(at(l)); state(a); "
    "poll(l); taken(l); a.send(b'word'); poll(l); b, peer = accept(l); b.recv(9); "
    "b.getsockopt(IPPROTO_TCP, TCP_DEFER_ACCEPT); c = tcp(); c.connect(at(l)); "
    "c.shutdown(SHUT_WR); d, peer = accept(l); d.recv(9); e = tcp(); e.connect(at(l)); "
    "f = tcp(); f.connect(at(l)); poll(l); g = tcp(); g.connect(at(l)); accept(l)[1] == at(g); "
    "e.setsockopt(SOL_SOCKET, SO_LINGER, linger(1, 0)); e.close(); poll(l); "
    "l.setsockopt(IPPROTO_TCP, TCP_DEFER_ACCEPT, 0); poll(l); l.close(); look(f); f.send(b'x'); "
    "f.recv(1)",
    "a client's TCP_DEFER_ACCEPT lets its data bring the ACK": "l = tcp6(); l.bind(LO6); "
    "l.listen(); a = tcp6(); a.setsockopt(IPPROTO_TCP, TCP_DEFER_ACCEPT, 1); a.connect(at(l)); "
    "look(a); poll(l); a.send(b'x'); poll(l); b, peer = accept(l); b.recv(9); b.send(b'y'); "
    "a.recv(9); look(b)",
    "connect() to IPv4 writes over where a datagram of IPv6 goes": "r = icmp6(); d = udp6(); "
    "d.bind(LO6); a = udp6(); a.sendto(b'ab', MSG_MORE, at(d)); a.connect(('::ffff:127.0.0.1', 9));"
    " a.send(b'cd'); d.recv(9); len(r.recv(99)); r.recv(99); b = udp6(); "
    "b.setsockopt(IPPROTO_IPV6, 25, 1); b.sendto(b'ab', MSG_MORE, at(d)); "
    "b.connect(('::ffff:10.1.1.1', 9)); b.send(b'cd'); b.recv(9); len(r.recv(99))",
    "what a raw socket makes is read": "u = udp(); u.bind(LO); r = rawudp(); "
    "r.sendto(datagram(u), LO); u.recvfrom(9); r.sendto(datagram(u)[:9], LO); u.recvfrom(9); "
    "r.sendto(datagram(u)[:6] + b'xy', LO); u.recvfrom(9); r.sendto(b'', LO); len(r.recv(99)); "
    "v = udp6(); v.bind(LO6); s = rawudp6(); s.sendto(datagram(v), LO6); v.recvfrom(9); "
    "s.setsockopt(IPPROTO_IPV6, IPV6_CHECKSUM, -1); s.sendto(datagram(v), LO6); v.recvfrom(9)",
    "a segment made by a program is answered": "r = socket.socket(AF_INET, SOCK_RAW, IPPROTO_TCP); "
    "r.setblocking(False); l = tcp(); l.bind(('127.0.0.1', 44444)); l.listen(); "
    "r.sendto(bytes.fromhex('115cad9c000003e80000000050020400eaff0000'), LO); "
    "[r.recv(99)[33] for _ in range(3)]; r.recv(99); poll(l); "
    "r.sendto(bytes.fromhex('115cad9c000003e80000000050020400eafe0000'), LO); r.recv(99)[33]; "
    "r.recv(99)",
    "a protocol that nobody has": "i = icmp(); a = experiment(); a.bind(('127.0.0.5', 0)); "
    "a.connect(LO); a.send(b'short'); i.recv(99)[20:22]; a.recv(9); a.send(b'eight...'); "
    "a.recv(9); i6 = icmp6(); h = header6(); h.sendto(packet6(), LO6); i6.recv(99)[:2]; "
    "b = experiment6(); h.sendto(packet6(), LO6); b.recv(9); i6.recv(99)",
    "IPV6_HDRINCL": "h = header6(); b = experiment6(); h.getsockopt(IPPROTO_IPV6, 36); "
    "b.getsockopt(IPPROTO_IPV6, 36); h.sendto(packet6(), LO6); b.recvfrom(9); "
    "h.sendto(packet6() + b'more', LO6); b.recvfrom(9); h.sendto(packet6()[:-1], LO6); "
    "b.recvfrom(9); h.sendto(bytes(39), LO6); h.sendto(bytes(65536), LO6); "
    "h.sendto(bytes(65537), LO6); b.setsockopt(IPPROTO_IPV6, 36, 1); b.connect(LO6); "
    "b.send(packet6(b'own')); b.recv(9); b.shutdown(SHUT_WR); b.send(packet6()); "
    "u = udp6(); u.setsockopt(IPPROTO_IPV6, 36, 1); h.sendto(packet6(), ('::1', 7)); "
    "h.sendto(packet6(), ('::1', 256))",
    "the send buffer is as large as the segments want": "l = tcp(); "
    "l.setsockopt(IPPROTO_TCP, TCP_MAXSEG, 500); l.bind(LO); l.listen(); a = tcp(); "
    "a.connect(at(l)); b, peer = accept(l); option(b, SOL_SOCKET, SO_SNDBUF); "
    "m = tcp(); m.setsockopt(SOL_SOCKET, SO_SNDBUF, 8192); m.bind(LO); m.listen(); c = tcp(); "
    "c.connect(at(m)); d, peer = accept(m); option(d, SOL_SOCKET, SO_SNDBUF)",
    "MSG_EOR ends a segment that MSG_MORE holds": PAIR
    + "a.send(b'abc', MSG_EOR | MSG_MORE); b.recv(9); a.send(b'd', MSG_MORE); b.recv(9)",
    "what a datagram that is collected takes of the send buffer": "a = udp(); b = udp(); "
    "b.bind(LO); a.connect(at(b)); a.send(b'x', MSG_MORE); ioctl(a, 0x5411); "
    "a.send(b'z' * 700, MSG_MORE); ioctl(a, 0x5411); a.send(b''); ioctl(a, 0x5411); "
    "a.setsockopt(IPPROTO_UDP, 103, 5); a.send(b'z' * 500, MSG_MORE); ioctl(a, 0x5411)",
    "a UNIX socket may write while less than a quarter is used": "a, b = pair(SOCK_DGRAM); "
    "[a.send(b'z' * 200) for _ in range(41)]; poll(a); a.send(b'z'); poll(a)",
    "an inherited cork holds": "l = tcp(); l.setsockopt(IPPROTO_TCP, TCP_CORK, 1); l.bind(LO); "
    "l.listen(); a = tcp(); a.connect(at(l)); b, peer = accept(l); b.send(b'x'); a.recv(9); "
    "b.setsockopt(IPPROTO_TCP, TCP_CORK, 0); a.recv(9); r = experiment(); r.connect(LO); "
    "r.send(b'x', MSG_MORE); ioctl(r, 0x5411); r.send(b'yz'); ioctl(r, 0x5411)",
    "a collected datagram keeps the kind of its first way": "i = icmp(); r = udp(); r.bind(ANY); "
    + "; ".join(
        f"a = udp(); a.bind(LO); a.setsockopt(SOL_SOCKET, SO_BROADCAST, 1); "
        f"a.sendto(b'ab', MSG_MORE, of(r, {first!r})); a.connect({second}); a.send(b'c'); "
        "drain(r); drain(i); a.close()"
        for first in ("224.1.2.3", "127.255.255.255", "127.0.0.1")
        for second in ("of(r, '127.0.0.2')", "('127.0.0.1', 9)", "of(r, '224.1.2.3')")),
    "an address of a link binds to its interface": "; ".join(
        f"a = {made}(); a.bind(({host!r}, 0, 0, 1)); a.getsockname()[3]; "
        "a.getsockopt(SOL_SOCKET, SO_BINDTODEVICE, 16)"
        for made in ("udp6", "icmp6") for host in ("ff02::1", "ff05::1", "fe80::1")),
    "what wakes an edge": PAIR + "e = watch(b, EPOLLOUT | EPOLLET); f = watch(b, "
    "EPOLLOUT | EPOLLPRI | EPOLLET); told(e); told(f); a.send(b'x'); told(e); told(f); "
    "a.shutdown(SHUT_WR); told(e); told(f)",
    "nobody answers what is for many": "s = experiment(); s.connect(at(s)); s.shutdown(SHUT_RDWR); "
    "s.connect(of(s, '224.1.2.3')); s.send(ECHO); look(s); i = icmp(); r = rawudp(); "
    "r.sendto(datagram(i) + b'more', LO); len(i.recv(99))",
    "bound to IPv6, connecting over IPv4": "l = tcp6(); l.bind(LO6); "
    "l.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0); k = tcp(); k.bind(LO); k.listen(); "
    "l.connect(mapped(k)); look(l); accept(k)[1]; m = tcp6(); m.bind(LO6); "
    "m.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0); m.connect(mapped(k)); look(m)",
    "MSG_FASTOPEN waits for room first": "a = tcp(); a.bind(LO); a.listen(); a.settimeout(0.01); "
    "a.send(b'x', MSG_FASTOPEN); a.sendto(b'x', MSG_FASTOPEN, at(a))",
    "flags that Linux keeps for itself":
    "a = udp(); a.bind(LO); a.sendmsg([b'x'], [], -1, at(a)); "
    "a.recvmsg(9, 0, -(1 << 31)); a.sendmsg(['x'], [(1,)], 0, ('::1', 9)); "
    "a.sendmsg(['x'], [(1,)]); a.sendmsg([b'x'], [(1,)])",
    "who has a port may have the same connection again": "z = tcp(); z.bind(LO); p = at(z); "
    "z.close(); a = tcp(); a.bind(p); a.shutdown(SHUT_WR); "
    "a.connect(p); a.connect(p); a.connect(p); look(a); l = tcp6(); l.bind(LO6); l.listen(); "
    "b = tcp6(); b.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); b.bind(LO6); b.connect(at(l)); "
    "q = at(b); c, peer = accept(l); b.close(); d = tcp6(); "
    "d.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); d.bind(q); d.connect(at(l)); c.close(); "
    "d.connect(at(l)); d.connect(at(l)); look(d)",
    "TCP_MAXSEG before anybody answers": "a = tcp(); a.bind(LO); a.connect(at(a)); "
    "a.getsockopt(IPPROTO_TCP, TCP_MAXSEG); b = tcp6(); "
    "b.setsockopt(IPPROTO_TCP, TCP_MAXSEG, 700); "
    + "; ".join(["b.connect_ex(nobody(AF_INET6)); b.getsockopt(IPPROTO_TCP, TCP_MAXSEG)"] * 4),
    "MSG_PEEK shows an empty packet to a raw socket once": "; ".join(
        f"a = {made}; a.sendto(b'', at(a)); a.sendto(b'ab', at(a)); a.sendto(b'', at(a)); "
        "a.recv(5, MSG_PEEK); a.recv(5, MSG_PEEK); a.recv(5, MSG_PEEK); a.recv(5); "
        "a.recv(5, MSG_PEEK); a.recv(5); a.recv(5, MSG_PEEK); a.recv(5, MSG_PEEK); a.recv(5); "
        "a.recv(5)" for made in ("experiment6()", "udp6(); a.bind(LO6)")),
    "a destination's port is told where there is one": "a = experiment(); "
    "a.setsockopt(IPPROTO_IP, 20, 1); a.sendto(b'xyz', at(a)); a.sendto(b'xyzw', at(a)); "
    "receive(a, 99, 99); receive(a, 99, 99); b = experiment6(); "
    "b.setsockopt(IPPROTO_IPV6, 74, 1); b.sendto(b'xyz', at(b)); b.sendto(b'xyzw', at(b)); "
    "receive(b, 99, 99); receive(b, 99, 99); c = udp6(); c.setsockopt(IPPROTO_IPV6, 74, 1); "
    "c.setsockopt(IPPROTO_IPV6, 25, 1); n = nobody(AF_INET6); c.sendto(b'xyz', n); "
    "len(receive(c, 99, 199, MSG_ERRQUEUE)[1]); c.sendto(b'xyzw', n); "
    "len(receive(c, 99, 199, MSG_ERRQUEUE)[1])",
    "a raw socket of IPv6 has no way to IPv4": "a = header6(); a.shutdown(SHUT_WR); "
    "p = (IPPROTO_IPV6, IPV6_PKTINFO, inet_pton(AF_INET6, '::1') + struct.pack('i', 1)); "
    + "; ".join(f"a.sendmsg([bytes({size})], [p], 0, ({host!r}, 0))" for size in (39, 40)
                for host in ("::1", "::", "::ffff:0.0.0.0", "2001:db8::1")),
    "a header of IPv4 that is none": "a = socket.socket(AF_INET, SOCK_RAW, 255); "
    + "; ".join(["a.sendto(bytes(19), LO); a.sendto(bytes(20), LO); "
                 "a.sendto(b'F' + bytes(20), LO); a.shutdown(SHUT_WR)"] * 2),
    "no room for the urgent byte": "a, b = pair(SOCK_STREAM); b.send(b'x!', MSG_OOB); "
    "len(a.recvfrom(0, MSG_OOB | MSG_PEEK)[0]); len(receive(a, 0, 0, MSG_OOB)[0]); "
    "a.recv(9, MSG_OOB); a.recv(9); " + PAIR.replace("a, b", "c, d") + "b.send(b'x!', MSG_OOB); "
    "len(a.recvfrom(0, MSG_OOB)[0]); a.recv(9, MSG_OOB); a.recv(9)",
    "sockets that lie only in their own queues are closed": LOST.join((
        "a, b = pair(SOCK_STREAM); a.sendmsg([b'x'], rights(b)); b.close(); poll(a); ",
        "; poll(a); a.recv(9); a.send(b'x'); a, b = pair(SOCK_SEQPACKET); "
        "c, d = pair(SOCK_STREAM); a.sendmsg([b'x'], rights(c, d)); d.sendmsg([b'x'], rights(b)); "
        "c.sendmsg([b'x'], rights(d)); b.close(); c.close(); d.close(); poll(a); ",
        "; a.recv(9); f, b = pair(SOCK_DGRAM); u = udp(); u.bind(LO); p = at(u); "
        "a, d = pair(SOCK_STREAM); f.sendmsg([b'x'], rights(u, b, d)); b.close(); u.close(); "
        "d.close(); v = udp(); v.bind(p); ",
        "; f.send(b'x'); f.recv(9); v.bind(p); l = ustream(); l.bind('l'); l.listen(); "
        "a = ustream(); a.connect('l'); a.sendmsg([b'x'], rights(l)); l.close(); poll(a); ",
        "; a.recv(3); f = ustream(); f.connect('l'); a, b = pair(SOCK_STREAM); "
        "a.sendmsg([b'x'], rights(b)); d = quiet(b.dup()); b.close(); "
        "c = ustream(); c.close(); poll(a); taken(d)[1]; d.close(); poll(a); ",
        "; f, g = pair(SOCK_DGRAM); a, b = pair(SOCK_STREAM); f.sendmsg([b'x'], rights(f, b)); "
        "g.sendmsg([b'x'], rights(g)); a.send(b'x'); b.close(); f.close(); g.close(); ",
        "; poll(a); a.recv(3)")),
    "what goes with an urgent byte is closed when the call ends": "a, b = pair(SOCK_STREAM); "
    "a.send(b'x'); b.sendmsg([b'x'], rights(b), MSG_OOB); b.close(); a.recv(9); a.recv(9)",
    "an error comes before an urgent byte that nobody asks for": "a, b = pair(SOCK_STREAM); "
    "a.send(b'x'); b.send(b'!', MSG_OOB); b.close(); receive(a, 0, 0, MSG_PEEK); "
    "receive(a, 0, 0, MSG_PEEK); receive(a); receive(a)",
    "what a datagram in pages costs its receiver": "; ".join(
        f"a = {made}; a.connect(at(a)); a.setsockopt(IPPROTO_UDP, 104, {whole}); "
        f"a.setsockopt(IPPROTO_UDP, 103, {segment}); flood(a, {size}, 400); drain(a)"
        for made in ("udp(); a.bind(LO)", "udp6(); a.bind(LO6)") for whole in (0, 1)
        for size, segment in ((1, 5), (5, 2), (212, 500), (213, 500), (1000, 100), (20000, 5000)))
    + "; " + "; ".join(
        f"a = {made}; a.connect(at(a)); [a.send(b'z' * {first}, MSG_MORE) + a.send(b'z' * {then}) "
        "for _ in range(400)][-1]; drain(a)"
        for made in ("udp(); a.bind(LO)", "udp6(); a.bind(LO6)")
        for first, then in ((1, 1), (1, 200), (190, 1), (300, 200), (2000, 1000))),
    "a train that is refused leaves the send buffer": "a = udp6(); a.bind(LO6); a.connect(at(a)); "
    "a.setsockopt(IPPROTO_UDP, 103, 2); e = watch(a, EPOLLOUT | EPOLLET); told(e); told(e); "
    "a.send(b'z' * 1000); told(e); a.setsockopt(IPPROTO_UDP, 101, 1); a.send(b'zzz'); told(e); "
    "b = icmp6(); f = watch(b, EPOLLOUT | EPOLLET); told(f); b.sendto(b'ab', at(b)); told(f); "
    "c = socket.socket(AF_INET, SOCK_RAW, 255); g = watch(c, EPOLLOUT | EPOLLET); told(g); "
    "c.sendto(bytes(20), LO); told(g); c.sendto(bytes(19), LO); told(g)",
    "packets of IPv4 end at 65535 bytes": "l = tcp6(); l.bind(ANY6); l.listen(); a = tcp6(); "
    "a.connect(of(l, '::ffff:127.0.0.1')); b, peer = accept(l); c = udp(); c.connect(LO); "
    "d = udp6(); d.bind(LO6); d.connect(at(d)); e = experiment(); e.getsockopt(IPPROTO_IP, 14); "
    "e.connect(LO); " + "; ".join(
        f"{name}.getsockopt(IPPROTO_IP, 14); {name}.getsockopt(IPPROTO_IPV6, 24)"
        for name in "abcde"),
    "an error goes where an answer would go": "; ".join(
        f"r = {made}(); r.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); r.bind({first}); s = {made}(); "
        f"s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); s.bind(of(r, {host!r})); "
        f"n = nobody({family}); s.connect(n); r.sendto(b'x', n); s.recv(3); s.send(b'x'); "
        "s.recv(3); r.connect(n); s.send(b'x'); r.recv(3); s.recv(3)"
        for made, first, host, family in (
            ("udp", "ANY", "0.0.0.0", "AF_INET"), ("udp", "ANY", "127.0.0.1", "AF_INET"),
            ("udp6", "LO6", "::1", "AF_INET6"))),
    "of two with the same peer the last that connected hears it": "; ".join(
        f"a = udp(); b = udp(); c = udp(); c.bind(LO); a.setsockopt(SOL_SOCKET, {option}, 1); "
        f"b.setsockopt(SOL_SOCKET, {option}, 1); a.bind(LO); b.bind(at(a)); b.connect(at(c)); "
        "c.sendto(b'1', at(a)); a.recv(9); b.recv(9); a.connect(at(c)); c.sendto(b'2', at(a)); "
        "a.recv(9); b.recv(9); b.connect(at(c)); c.sendto(b'3', at(a)); a.recv(9); b.recv(9)"
        for option in ("SO_REUSEADDR", "SO_REUSEPORT")),
    "a raw packet keeps the kind of its first way": "a = icmp(); "
    "a.connect(ANY); a.sendto(ECHO, MSG_MORE, of(a, '224.1.2.3')); a.sendto(ECHO, at(a)); "
    "a.recv(100); a.send(ECHO, MSG_MORE); a.sendto(ECHO, of(a, '224.1.2.3')); len(a.recv(100)); "
    "b = icmp6(); b.connect(MAPPED); b.getsockopt(IPPROTO_IPV6, 24); c = icmp(); c.connect(LO); "
    "c.send(ECHO, MSG_MORE); c.connect(of(c, '224.1.2.3')); c.send(ECHO); look(c); d = icmp6(); "
    "d.connect(LO6); d.send(ECHO6, MSG_MORE); d.connect(of(d, 'ff01::1')); d.send(ECHO6); look(d)",
    "one datagram taken leaves a full pair without room":
    "a, b = pair(SOCK_DGRAM); count_fill(b, 1); b.shutdown(SHUT_RD); "
    "e = watch(b, EPOLLOUT | EPOLLET | EPOLLRDHUP); told(e); a.recvfrom(9); told(e)",
    "nothing is read where SO_PEEK_OFF is": PAIR
    + "b.send(b'ab'); cycle(a, SOL_SOCKET, 42, 64); receive(a, 0, 16, MSG_PEEK); a.recv(0)",
    "who makes the header says where from": "s = icmp(); r = icmp(); "
    "s.setsockopt(IPPROTO_IP, IP_HDRINCL, 1); "
    "p = (IPPROTO_IP, 8, struct.pack('i4s4s', 0, inet_aton('9.9.9.9'), bytes(4))); "
    "s.sendmsg([ECHO], [p], 0, LO); s.sendmsg([b'E' + bytes(8) + b'\\1' + bytes(30)], [p], 0, LO); "
    "r.recv(99); s.setsockopt(IPPROTO_IP, IP_HDRINCL, 0); s.sendmsg([ECHO], [p], 0, LO)",
    "what was not sent when a connection was lost, or given up": "n = nobody(); a = tcp(); "
    "a.setsockopt(IPPROTO_TCP, TCP_NOTSENT_LOWAT, 5); "
    + "a.listen(); a.shutdown(SHUT_RD); ioctl(a, 0x5411); ioctl(a, 0x894B); look(a); " * 3
    + "a = tcp(); " + "a.connect_ex(n); ioctl(a, 0x5411); ioctl(a, 0x894B); " * 4
    + "a.listen(); a.shutdown(SHUT_RD); ioctl(a, 0x5411); ioctl(a, 0x894B); "
    "l = tcp(); l.bind(LO); l.listen(); a = tcp(); a.connect_ex(at(l)); b, peer = accept(l); "
    + RESET + "a.connect_ex(n); ioctl(a, 0x5411); ioctl(a, 0x894B); a.listen(); "
    "a.shutdown(SHUT_RD); ioctl(a, 0x5411); a.connect_ex(n); ioctl(a, 0x5411); a.connect_ex(n); "
    "ioctl(a, 0x5411); ioctl(a, 0x894B); a = tcp(); a.connect_ex(at(l)); a.connect_ex(at(l)); "
    "b, peer = accept(l); a.send(b'abc', MSG_MORE); " + RESET + "ioctl(a, 0x5411); "
    "ioctl(a, 0x894B); a.connect_ex(n); ioctl(a, 0x5411)",
    "a FIN goes with the last data": PAIR + "a.send(b'abc'); a.send(b'defgh', MSG_MORE); "
    "a.shutdown(SHUT_WR); " + RESET + "ioctl(a, 0x5411); ioctl(a, 0x894B)",
    "odd pieces of ICMPv6, and of the mobility header": "a = icmp6(); a.connect(LO6); b = icmp6(); "
    "b.setsockopt(SOL_RAW, 7, -1); " + "; ".join(
        f"a.send(b'\\x80\\0\\0\\0\\0', MSG_MORE); a.send({piece}); a.recv(99); b.recv(99); "
        "b.recv(9)" for piece in (
            "b'ab'", "b'abc'", "b'ab\\0\\1'", "b'abgg'", "b'abcdef', MSG_MORE",
            "b'ab\\xff\\xfe\\0', MSG_MORE", "b'ab\\0\\1\\0\\0'"))
    + "; c = socket.socket(AF_INET6, SOCK_RAW, 135); c.setblocking(False); c.connect(LO6); "
    + "; ".join(f"c.send(b'abcde', MSG_MORE); c.send({piece}); c.recv(9, MSG_PEEK); c.recv(99)"
                for piece in ("b'abc'", "b'abcd'", "b'abcde'", "b'abcdef'", "b''"))
    + "; d = socket.socket(AF_INET, SOCK_RAW, 58); d.sendto(b'', LO); d.sendto(b'x', LO)",
    "a mapped address without a way leaves a socket of IPv6 its own": "a = tcp6(); "
    "a.connect_ex(MAPPED); a.connect_ex(MAPPED); "
    "a.connect(of(a, '::ffff:224.1.2.3')); a.bind(LO6); a.connect(at(a)); look(a)",
    "what TCP_INQ asked for outlives a connection that fails": "n = nobody(); a = tcp(); "
    "a.connect_ex(n); a.setsockopt(IPPROTO_TCP, 36, 1); a.connect_ex(n); a.connect_ex(n); "
    "a.send(b'x'); a.recvmsg(1, 99)",
    "how long netlink's attributes are": "s = nl(); s.setsockopt(270, 11, 1); " + "; ".join(
        f"asked(s, {kind}, 5, bytes([{family}]).ljust(8, b'\\0') + struct.pack('HH', {4 + size}, "
        f"{number}) + b'\\1' * {size})"
        for kind, family in ((20, 2), (21, 2), (20, 10), (21, 10), (22, 10))
        for number in (0, 1, 2, 3, 4, 6, 8, 9, 10, 11) for size in (0, 3, 4, 16)),
    "what is left of a request to netlink behind its attributes": "s = nl(); "
    "s.setsockopt(270, 11, 1); " + "; ".join(
        f"asked(s, {kind}, {flags}, bytes([{family}]).ljust({head}, b'\\0') + bytes({more}))"
        for kind, head, flags in ((16, 16, 5), (16, 16, 0x105), (18, 16, 5), (19, 16, 5),
                                  (20, 8, 5), (21, 8, 5), (22, 8, 5), (26, 12, 5))
        for family in (0, 2, 10) for more in (0, 3, 8))
    + "; " + "; ".join(f"asked(s, 20, 5, address('0.0.0.0', 24, {index}))" for index in (1, 7)),
    "two routes to one address stand in the order of their making": "s = nl(); "
    "asked(s, 20, 0x605, address('127.0.0.2', 24)); asked(s, 20, 0x605, address('127.0.0.1', 24)); "
    "asked(s, 26, 0x301, way('', AF_INET, 0)); asked(s, 21, 5, address('127.0.0.2', 24))",
    "IPV6_DONTFRAG is of some protocols, and of one packet": "; ".join(
        f"a = quiet(socket.socket(AF_INET6, {kind}, {number})); a.bind(LO6); to = "
        f"of(a, '::1') if {number} in (17, 136) and a.type == SOCK_DGRAM else LO6; "
        "a.setsockopt(IPPROTO_IPV6, 25, 1); " + "; ".join(
            f"a.setsockopt(IPPROTO_IPV6, {option}, {value}); a.sendto(b'\\1' * {size}, to); "
            f"how = [(IPPROTO_IPV6, 62, struct.pack('i', {whole}))]; "
            f"a.sendmsg([b'\\1' * {size}], how, 0, to); "
            f"a.sendmsg([b'\\1' * 60000], how, MSG_MORE, to); "
            f"a.sendto(b'\\1' * ({size} - 60000), to); receive(a, 1, 100, MSG_ERRQUEUE); drain(a)"
            for option, value in ((62, 0), (62, 1), (23, 2))
            for size in (65488, 65489, 65496, 65497) for whole in (0, 1))
        for kind, number in (("SOCK_DGRAM", 17), ("SOCK_DGRAM", 136), ("SOCK_RAW", 58),
                             ("SOCK_RAW", 135), ("SOCK_RAW", 253))),
    "a raw packet to one host that goes the way of a group": "a = rawudp(); a.bind(LO); "
    "b = rawudp(); u = udp(); x = experiment(); x.setsockopt(IPPROTO_IP, 11, 1); "
    + f"; u.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, {JOIN}); ".join(["; ".join(
        f"a.sendto(b'', MSG_MORE, ('{first}', 9)); a.sendto(datagram(a), ('{then}', 9)); "
        "len(a.recv(99)); len(b.recv(99)); x.sendto(b'abc', MSG_MORE, "
        f"('{first}', 9)); x.sendto(b'd', ('{then}', 9)); len(x.recv(99)); look(x)"
        for first, then in (("224.0.0.1", "127.0.0.1"), ("224.1.1.1", "127.0.0.1"),
                            ("224.1.1.1", "224.1.1.2"), ("224.1.1.2", "224.1.1.1"),
                            ("127.0.0.1", "224.1.1.1")))] * 2),
    "an acknowledgement lets a connection predict what comes": "l = tcp(); l.bind(LO); "
    "l.listen(); a = tcp(); a.connect(at(l)); b, peer = accept(l); a.send(b'hello'); "
    "a.send(b'h' * 100, MSG_MORE); b.recv(5000); b.send(b'hello'); look(b); a = tcp(); "
    "a.connect(at(l)); b, peer = accept(l); a.send(b'h' * 99, MSG_MORE); b.send(b'hello'); look(b)",
    "an urgent byte that has not come is not at hand": PAIR + "a.shutdown(SHUT_RDWR); "
    "b.send(b'h' * 99, MSG_OOB | MSG_MORE); ioctl(a, 0x541B); ioctl(a, 0x8905); look(a); look(b)",
    "a message of UNIX has no link in front of it": "a, b = pair(SOCK_DGRAM); "
    "filtered(b, (0x30, 0, 0, 0xFFE00000), (6, 0, 0, 9)); a.send(b'x'); b.recv(9); "
    "filtered(b, (0x30, 0, 0, 0xFFF00000), (6, 0, 0, 9)); a.send(b'x'); b.recv(9)",
    "a null pointer to packet sockets and netlink":
    "a = quiet(socket.socket(AF_PACKET, SOCK_DGRAM, 0)); " + "; ".join(
        f"a.setsockopt(263, {option}, None, {size})" for size in (0, 2, 4, 8, 36)
        for option in (1, 2, 5, 7, 8, 9, 10, 12, 13, 14, 17, 18, 19, 20, 23, 99))
    + "; b = nl(); " + "; ".join(
        f"b.setsockopt(270, {option}, None, {size})" for size in (0, 2, 4, 8)
        for option in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 99)),
    "nobody is told of what came from no host of IPv6": "d = header6(); e = icmp6(); " + "; ".join(
        f"d.sendto(struct.pack('!IHBB', 6 << 28, 4, 253, 64) + inet_pton(AF_INET6, {host!r}) + "
        "inet_pton(AF_INET6, '::1') + b'data', LO6); e.recv(99)"
        for host in ("::", "ff02::1", "::1")),
    "a fragment alone is nothing": "a = icmp(); a.setsockopt(IPPROTO_IP, IP_HDRINCL, 1); "
    "b = experiment(); p = quiet(socket.socket(AF_PACKET, SOCK_DGRAM, socket.htons(0x800))); "
    + "; ".join(
        f"a.sendto(struct.pack('!BxHHHBBH4s4s', 0x45, 0, 7, {place}, 64, {number}, 0, "
        "inet_aton('127.0.0.1'), inet_aton('127.0.0.1')) + b'\\0\\7\\0\\7\\0\\x0c\\0\\0data', LO); "
        "len(a.recv(99)); len(b.recv(99)); len(p.recv(99))"
        for number in (1, 17, 253) for place in (0, 0x4000, 0x2000, 1, 0x2001)),
    "what was for the address of nobody is answered": "a = icmp(); "
    "x = quiet(socket.socket(AF_INET, SOCK_RAW, 255)); " + "; ".join(
        f"x.sendto(struct.pack('!BxHHHBBH4s4s', 0x45, 0, 7, 0, 64, {number}, 0, bytes(4), {host}) "
        "+ b'\\0\\7\\0\\7\\0\\x0c\\0\\0data', LO); len(a.recv(99))"
        for number in (17, 253) for host in ("bytes(4)", "b'\\xff' * 4", "b'\\x7f\\0\\0\\1'")),
    "what a link that is down has of an address": "s = nl(); asked(s, 16, 5, link(1, 0, 1)); "
    "asked(s, 20, 5, address('192.0.2.7', 24)); asked(s, 26, 0x301, way('', AF_INET, 0)); "
    "asked(s, 20, 5, address('::1', 64, 1, AF_INET6)); "
    "asked(s, 21, 0xD, address('::1', 64, 1, AF_INET6)); asked(s, 16, 5, link(1, 1, 1)); "
    "asked(s, 26, 0x301, way('', AF_INET, 0)); asked(s, 21, 5, address('192.0.2.7', 24)); "
    "asked(s, 19, 0xD, link(1, 0x1041, 0)); asked(s, 18, 1, link(1)); "
    "asked(s, 19, 0xD, link(1, 0, 0x1000)); asked(s, 18, 1, link(1))",
    "an answer to nobody's address is for who was routed":
    "x = quiet(socket.socket(AF_INET, SOCK_RAW, 255)); e = icmp(); p = quiet(socket.socket("
    "AF_PACKET, SOCK_DGRAM, socket.htons(0x800))); " + "; ".join(
        "x.sendto(packet, LO); len(e.recv(99)); p.sendto(packet, ('lo', 0x800)); len(e.recv(99))"
        .replace("packet", "struct.pack('!BxHHHBBH4s4s', 0x45, 32, 7, 0, 64, 17, 0, inet_aton("
                 f"{here!r}), inet_aton({there!r})) + b'\\0\\7\\0\\7\\0\\x0c\\0\\0data'")
        for here, there in (("127.0.0.1", "0.0.0.0"), ("0.0.0.0", "0.0.0.0"),
                            ("127.0.0.1", "127.0.0.1"))),
    "connect() over IPv4 writes over where a packet of IPv6 goes": "; ".join(
        f"a = {kind}(); b = {kind}(); a.connect(at(a)); a.send(ECHO6, MSG_MORE); "
        f"a.connect(MAPPED); a.{last}(b'z' * 10{to}); receive(b); a.sendto(ECHO6, LO6); "
        "receive(b, 5)"
        for kind in ("icmp6", "experiment6", "rawudp6")
        for last, to in (("sendto", ", LO6"), ("send", ""))),
    "IPV6_HDRINCL of SOL_RAW": "; ".join(
        f"a = {kind}(); cycle(a, 255, 36, 3); a.setsockopt(255, 36, b''); option(a, 41, 36)"
        for kind in ("experiment6", "icmp6", "experiment", "udp6", "tcp6")),
    "IP_PKTINFO is for one datagram": "a = udp6(); a.bind(('::ffff:127.255.255.255', 0)); "
    + "; ".join([
        "a.sendmsg([b'x'], [(IPPROTO_IP, 8, struct.pack('i4s4x', 0, inet_aton('127.0.0.3')))], 0, "
        "of(a, '::ffff:127.0.0.2')); a.sendto(b'x', of(a, '::ffff:127.0.0.2'))"] * 2),
    "data for which there is no memory": "; ".join(
        "l = tcp(); l.bind(LO); l.listen(8); a = tcp(); a.connect(at(l)); b, peer = accept(l); "
        "a.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1); " + more for more in (
            "a.send(b'abcde', MSG_OOB); b.recv(5); a.send(b'z' * 5000); "
            "b.setsockopt(SOL_SOCKET, SO_RCVBUF, 255); a.send(b'z' * 17); ioctl(a, 0x5411); "
            "a.send(b'z' * 18); ioctl(a, 0x5411); b.setsockopt(SOL_SOCKET, SO_RCVBUF, 65536); "
            "a.send(b'z'); ioctl(a, 0x5411); drain(b)",
            "a.send(b'z' * 5000); b.setsockopt(SOL_SOCKET, SO_RCVBUF, 255); a.send(b'z'); "
            "ioctl(b, 0x541B); a.send(b'q', MSG_OOB); ioctl(b, 0x541B); a.send(b'z' * 17); "
            "ioctl(a, 0x5411); b.recv(1, MSG_OOB); look(a); look(b); drain(b); drain(b)",
            "a.send(b'q', MSG_OOB); b.setsockopt(SOL_SOCKET, SO_RCVBUF, 255); "
            "[(a.send(b'z' * n), ioctl(a, 0x5411), ioctl(b, 0x541B)) for n in (1, 2, 3, 4, 5)]; "
            "[(a.send(b'z' * n), ioctl(a, 0x5411), ioctl(b, 0x541B)) for n in (9, 500, 1000, 99)]",
            "a.send(b'q' * 5, MSG_OOB); b.recv(3); a.send(b'q' * 7000); b.recv(300); b.recv(300); "
            "a.send(b'y' * 200); b.setsockopt(SOL_SOCKET, SO_RCVBUF, 4000); a.send(b'x' * 100); "
            "ioctl(a, 0x5411); b.recv(4100); a.send(b'x' * 100); ioctl(a, 0x5411); b.recv(4100)")),
    "an error is met after all data, but not after files": "; ".join(
        "c = udp(); a, b = pair(SOCK_STREAM); b.send(b'x'); a.sendmsg([b'xyz'], "
        f"{more}); a.close(); b.recv(99, MSG_WAITALL); look(b); b.recv(9); b.recv(9)"
        for more in ("rights(c)", "[]")),
    "a FIN takes memory": "; ".join(
        "l = tcp6(); l.listen(); a = tcp6(); a.connect(at(l)); b, peer = accept(l); "
        "a.send(b'z' * 20000); b.send(b'z' * 20000); b.shutdown(SHUT_WR); len(b.recv(20001)); "
        f"a.send(b'z' * {size}); a.shutdown(SHUT_WR); option(a, IPPROTO_TCP, TCP_MAXSEG, 4)"
        for size in (0, 1, 128, 5000)),
    "a datagram to a group from a mapped address": "; ".join(
        f"a = udp6(); a.bind({own}); a.sendto(b'x', ('::ffff:224.1.2.3', 9)); a.recv(9)"
        for own in ("MAPPED", "ANY6", "('::ffff:127.255.255.255', 0)", "LO6")),
    "IPV6_DSTOPTS of a message": "; ".join(
        f"a = {kind}(); a.connect(LO6); b = {kind}(); b.sendto(datagram(udp6()), 0, LO6); "
        f"a.sendmsg([{data}], [(IPPROTO_IPV6, 59, bytes([0, 1, 30, 12]) + bytes(12))], 0, LO6); "
        "a.send(datagram(udp6()), MSG_MORE); b.sendto(datagram(udp6()), 0, LO6); a.shutdown(1); "
        f"a.sendmsg([{data}], [(IPPROTO_IPV6, 59, bytes([0, 1, 30, 12]) + bytes(12))], 0, LO6); "
        f"a.sendmsg([{data}], [(IPPROTO_IPV6, 59, bytes([0, 1, 30, 12]) + bytes(12))], 0, LO6); "
        "a.getsockopt(1, SO_ERROR)"
        for kind in ("rawudp6", "experiment6") for data in ("b'a'", "bytes(99)")),
    "how long a datagram may be beside options": "; ".join(
        f"a = udp6(); b = udp6(); b.bind({'LO6' if kind != 7 else 'MAPPED'}); " + "; ".join(
            f"a.sendmsg([bytes({size})], [({level}, {kind}, {value})], {flags}, at(b)); "
            "ioctl(a, 0x5411)" for size in sizes for flags in ("0", "MSG_MORE"))
        for level, kind, value, sizes in (
            (41, 54, "bytes([0, 0, 1, 4, 0, 0, 0, 0])", (65480, 65481, 65519, 65520)),
            (41, 59, "bytes([0, 1, 30, 12]) + bytes(12)", (65472, 65473, 65495, 65496)),
            (0, 7, "b'\\1' * 5", (65499, 65500)), (0, 7, "b'\\7\\3'", (5,)))),
    "a second fragment of what MSG_MORE collects": "a = udp6(); b = udp6(); a.connect(at(b)); "
    + "; ".join(
        f"a.setsockopt(SOL_SOCKET, SO_SNDBUF, {room}); a.send(bytes({size}), MSG_MORE); "
        "ioctl(a, 0x5411); a.send(b'z' * 17, MSG_MORE); ioctl(a, 0x5411); a.send(b'')"
        for room in (9000, 100000) for size in (65471, 65472, 65480, 65488, 65489, 65507)),
    "IPV6_TCLASS -1 of a message": "; ".join(
        f"a = {kind}; a.setsockopt(41, IPV6_RECVTCLASS, 1); a.connect(at(a)); "
        "a.setsockopt(41, IPV6_TCLASS, 7); receive(a, 9, 99); "
        "a.sendmsg([b'abc'], [(41, IPV6_TCLASS, struct.pack('i', -1))]); receive(a, 9, 99)"
        for kind in ("udp6(); a.bind(LO6)", "experiment6()")),
    "UDP_SEGMENT of a message does not ask for the way again": "a = udp(); b = udp(); b.bind(LO); "
    "a.connect(at(b)); a.sendto(b'x', MSG_MORE, of(b, '224.1.2.3')); a.sendto(b'y', 0, at(b)); "
    "a.sendmsg([b'a'], [(IPPROTO_UDP, 103, struct.pack('H', 3))]); b.recv(9); "
    "a.sendmsg([b'a'], [(IPPROTO_IP, IP_TOS, b'\\x20')]); b.recv(9); a.send(b'c'); b.recv(9)",
    "TCP_QUICKACK off puts the end of a handshake off": "; ".join(
        f"l = {kind}(); l.bind({own}); l.listen(); a = {kind}(); "
        "a.setsockopt(IPPROTO_TCP, TCP_QUICKACK, 0); a.connect(at(l)); b, peer = accept(l); "
        "look(a); a.send(b'x'); b, peer = accept(l); b.recv(9)"
        for kind, own in (("tcp", "LO"), ("tcp6", "LO6"), ("tcp6", "MAPPED"))),
    "urgent data goes when all of it is laid out": "l = tcp(); l.bind(LO); l.listen(); a = tcp(); "
    "a.setsockopt(IPPROTO_TCP, TCP_MAXSEG, 1000); a.connect(at(l)); b, peer = accept(l); "
    "b.setsockopt(IPPROTO_TCP, TCP_NOTSENT_LOWAT, 1000); b.send(b'z' * 4096, MSG_OOB); look(a); "
    "len(a.recv(9999)); b.send(b'z' * 4096); len(a.recv(9999))",
    "an urgent byte that comes after what tells of it": PAIR + "b.send(b'h'); "
    "a.setsockopt(IPPROTO_TCP, TCP_NODELAY, 0); a.send(b'z' * 536); b.send(b'abcde'); "
    "a.send(b'a'); a.send(b'z' * 17, MSG_EOR); a.send(b'z' * 535 + b'!', MSG_OOB); poll(b); "
    "b.recv(9, MSG_OOB | MSG_PEEK); ioctl(b, 0x541B); drain(b)",
    "what makes the way to a peer unknown": "b = udp(); b.bind(LO); c = udp(); c.bind(LO); "
    + "; ".join(
        f"a = udp(); a.bind(LO); a.connect(at(b)); a.setsockopt({level}, {option}, {value}); "
        "a.sendto(b'1', MSG_MORE, at(c)); a.send(b'2'); a.send(b'3'); a.setsockopt("
        f"{level}, {option}, {value}); a.send(b'4'); a.setsockopt({level}, {option}, {other}); "
        "a.send(b'5'); [b.recv(9) for _ in '12']; b.recv(9); c.recv(9); c.recv(9); c.recv(9)"
        for level, option, value, other in (
            (0, "IP_TOS", 0, 8), (0, "IP_TOS", 16, 0), (1, "SO_MARK", 0, 1), (1, "SO_MARK", 7, 7),
            (1, "SO_BINDTODEVICE", "b'lo'", "b'lo'"), (1, "SO_DONTROUTE", 0, 0))),
    "what is collected for a peer comes from where the last datagram did": "a = udp(); "
    "b = udp(); a.bind(LO); b.bind(LO); a.connect(at(b)); b.connect(at(a)); c = udp(); c.bind(LO); "
    "a.sendmsg([b'1'], [(IPPROTO_IP, 8, struct.pack('i8x', 1))], MSG_MORE, of(a, '224.1.2.3')); "
    "a.send(b'2'); a.send(b'3', MSG_MORE); a.send(b'4'); look(b); b.connect(at(c)); "
    "a.send(b'5', MSG_MORE); a.send(b'6'); look(b); a.connect(at(c)); a.send(b'7', MSG_MORE); "
    "a.send(b'8'); receive(c)",
    "names that are empty or addresses, and flags before the address": "; ".join(
        f"socket.{call}" for call in (
            "getservbyname('http', '')", "getservbyport(80, '')", "getservbyport(80)",
            "gethostbyaddr('')", "gethostbyname_ex('127.1')", "getnameinfo(5, 1 << 40)",
            "getnameinfo(5, 'x')", "getaddrinfo((), [], None)", "getaddrinfo((), 0, 1 << 40)")),
    "a time is a float or has an index": "; ".join(
        f"{call}(type('T', (), {methods})())" for methods in (
            "{'__index__': lambda t: 0}", "{'__float__': lambda t: 0.0}",
            "{'__index__': lambda t: 0, '__float__': lambda t: 7.0}", "{}")
        for call in ("udp().settimeout", "select.poll().poll",
                     "select.epoll().poll", "(lambda t: select.select([], [], [], t))")),
    "what C calls a type, and what nobody can set": "a = udp(); import_io = __import__('io'); "
    "a.send(import_io.BytesIO()); a.connect(import_io.BytesIO()); a.connect((import_io.BytesIO(), "
    "1)); a.send(type('S', (str,), {})()); socket.gethostbyname(import_io.BytesIO()); "
    "a.setsockopt(1, 2, import_io.BytesIO()); a.sendmsg_afalg(); b = ustream(); "
    "b.connect(memoryview(b'abcdef')[::2]); setattr(a, 'timeout', 1); delattr(a, 'timeout'); "
    "setattr(a, 'proto', 1); setattr(a, 'family', 1)",
    "protocols above 255, and what an address of a link has no room for":
    "a = quiet(socket.socket(AF_INET, SOCK_RAW, 256)); a.sendto(b'x', LO); a.recv(9); "
    "b = quiet(socket.socket(AF_INET6, SOCK_RAW, 257)); b.sendto(b'x', LO6); "
    "p = quiet(socket.socket(AF_PACKET, SOCK_RAW, 0)); p.bind(('lo', 0, 256, 65536)); "
    "p.getsockname()",
    "without TCP_QUICKACK the handshake waits for data": "l = tcp(); l.bind(LO); l.listen(); "
    "a = tcp(); a.setsockopt(IPPROTO_TCP, TCP_QUICKACK, 0); a.connect(at(l)); a.connect(at(l)); "
    "look(l); a.send(b'x'); look(l); b, peer = accept(l); b.recv(9)",
    "an urgent byte waits for all of a send, and each segment goes alone": "; ".join(
        PAIR + before + f"a.send(b'x' * {size}, MSG_OOB); ioctl(a, 0x5411); ioctl(b, 0x541B)"
        for size in (70000, 200000, 500000)
        for before in ("", "a.send(b'c' * 1472, MSG_OOB); a.send(b'c' * 20); "))
    + "; l = tcp(); l.setsockopt(SOL_SOCKET, SO_RCVBUF, 2048); l.bind(LO); l.listen(); a = tcp(); "
    "a.connect(at(l)); a.connect(at(l)); b, peer = accept(l); b.close(); "
    "a.send(b'b' * 300000, MSG_OOB)",
    "a receive buffer that is made smaller than what waits": "; ".join(
        PAIR + f"b.send(b'x' * {first}); len(a.recv(10000)); "
        f"a.setsockopt(SOL_SOCKET, SO_RCVBUF, {room}); a.send(b'zb'); b.send(b'y' * 70000); "
        "ioctl(a, 0x541B); ioctl(b, 0x5411); len(a.recv(10)); ioctl(b, 0x5411); look(b)"
        for first in (1, 4097) for room in (1, 5000, 20000)),
    "what TCP_INFO tells": PAIR + "; ".join(
        then + "; " + "; ".join(
            f"{end}.getsockopt(IPPROTO_TCP, TCP_INFO, 248)[{field}]" for end in "ab"
            for field in ("0:7", "24:44", "60:64", "84:92", "112:148", "152:160", "200:216"))
        for then in ("1", "a.send(b'x' * 100)", "b.recv(1000)", "b.send(b'y' * 100000)",
                     "len(a.recv(1000000))", "a.shutdown(SHUT_WR)"))
    + "; l.getsockopt(IPPROTO_TCP, TCP_INFO, 248)[:44]; "
    "d = tcp(); d.getsockopt(IPPROTO_TCP, TCP_INFO, 248)[:7]; "
    "d.getsockopt(IPPROTO_TCP, TCP_INFO, 248)[12:44]",
    "who acts for another": "a, b = pair(); l = ustream(); l.bind('root'); l.listen(); "
    "os.setegid(1001); os.seteuid(1000); c, d = pair(); c.getsockopt(SOL_SOCKET, SO_PEERCRED, 12)"
    "[4:]; e = ustream(); e.connect('root'); e.connect('.'); " + "; ".join(
        f"a.sendmsg([b'x'], [(SOL_SOCKET, 2, struct.pack('3i', os.getpid(), {user}, {group}))])"
        for user in (0, 5, 1000) for group in (0, 5, 1001))
    + "; os.seteuid(0); os.setegid(0)",
    "names of protocols, and null characters before ports": "; ".join(
        f"socket.getprotobyname({name!r})" for name in (
            "IPv6-ICMP", "ospf", "TCP", "Tcp", "IPV6", "IPv6", "UDPLite", "UDPLITE", "esp"))
    + "; socket.getnameinfo(('a\\0b', 'x'), 0); socket.gethostbyname_ex(b'127.0.0.1')",
    "what a constructor that fails leaves": "a = udp(); a.__init__(5, 5); a.family; a.type; "
    "a.fileno() >= 0; a.settimeout(2); a.bind(LO); a.__init__(fileno=-1); a.gettimeout(); "
    "select.select([1024], [], [], 0)",
    "addresses that nobody can hash, and arguments of ioctl": "a = udp(); "
    "a.bind(memoryview(bytearray(8))); a.sendto(b'x', memoryview(bytearray(8))); "
    + "; ".join(f"__import__('fcntl').ioctl(a, {request}, {value})" for request, value in (
        ("'x'", "[]"), ("0x541B", "[1, 2]"), ("0x541B", "int"), ("0x541B - (1 << 32)", "b'1234'"),
        ("0x541B", "bytearray(4)"), ("0x541B", "memoryview(b'12345678')[::2]"))),
    "parts of the kernel that do not know a request": "; ".join(
        f"a = quiet(socket.socket(AF_NETLINK, SOCK_RAW, {protocol})); " + "; ".join(
            f"a.sendto(struct.pack('IHHII', {length}, {kind}, {flags}, 7, 0) + bytes(8), (0, 0)); "
            "a.recv(100)"
            for kind in (0, 3, 99, 200) for flags in (0, 1, 4, 5) for length in (16, 24))
        + "; a.sendto(struct.pack('IHHII', 16, 99, 5, 1, 0) * 2, (0, 0)); a.recv(100); a.recv(100)"
        for protocol in (4, 9, 12, 15, 16)),
    "a connection over IPv4 has no headers of IPv6": "l = tcp6(); "
    + "".join(f"l.setsockopt(41, {option}, bytes([0, 1, 30, 12]) + bytes(12)); "
              for option in (54, 59)) + "l.listen(); "
    + "; ".join(f"a = {kind}(); a.connect(of(l, {host})); b, peer = accept(l); "
                "[b.getsockopt(41, n, 64) for n in (54, 55, 57, 59)]"
                for kind, host in (("tcp6", "'::1'"), ("tcp", "'127.0.0.1'"))),
    "what is shown of TCP_QUICKACK before and after an answer": "l = tcp(); l.listen(); a = tcp(); "
    "a.setsockopt(IPPROTO_TCP, TCP_QUICKACK, 0); a.connect(at(l)); "
    "a.getsockopt(IPPROTO_TCP, TCP_QUICKACK); a.send(b'x'); "
    "a.getsockopt(IPPROTO_TCP, TCP_QUICKACK); b, peer = accept(l); b.send(b'y'); ioctl(b, 0x5411)",
    "ports of which a filter leaves too little": "; ".join(
        f"a = {kind}(); b = {kind}(); a.setsockopt({level}, {option}, 1); " + "; ".join(
            f"filtered(a, (6, 0, 0, {size})); b.sendto(datagram(udp()), {to}); "
            "receive(a, 1, 99)" for size in sizes)
        for kind, level, option, to, sizes in (
            ("rawudp6", 41, 74, "LO6", (3, 4)), ("rawudp", 0, 20, "LO", (23, 24)))),
    "ICMPv6 shorter than its header is for nobody": "a = icmp6(); b = icmp6(); "
    "a.setsockopt(255, IPV6_CHECKSUM, -1); b.setsockopt(255, IPV6_CHECKSUM, -1); "
    + "; ".join(f"b.sendto(b'abcde'[:{size}], LO6); a.recv(9)" for size in (2, 3, 4)),
    "a call that does not wait ends with what is there": PAIR
    + "a.setsockopt(IPPROTO_TCP, TCP_NODELAY, 0); a.send(b'1' * 100); b.send(b'2' * 1400); "
    "b.shutdown(SHUT_WR); a.send(b'3' * 100); len(b.recv(2000)); a.send(b'abcde', MSG_EOR); "
    "a.send(b'x'); b.recv(1000, MSG_WAITALL); b.recv(9)",
    "TCP_INQ is asked for after the acknowledgement": PAIR
    + "a.setsockopt(IPPROTO_TCP, TCP_NODELAY, 0); a.send(b'abcde'); a.send(b'abcde'); b.recv(5); "
    "b.send(b'a'); a.send(b'z' * 17); b.recv(17); a.send(b'z' * 17, MSG_EOR); "
    "b.setsockopt(IPPROTO_TCP, 36, 1); a.send(b'z' * 1400); b.recv(5); receive(b, 1000, 64)",
    "a second fragment of what a raw socket collects": "a = rawudp6(); a.connect(LO6); "
    + "; ".join(
        f"a.send(bytes({size}), MSG_MORE); ioctl(a, 0x5411); a.send(bytes(17), MSG_MORE); "
        "ioctl(a, 0x5411); a.send(b'')" for size in (65472, 65479, 65480, 65488, 65496, 65497)),
    "addresses that somebody adds have sockets": "n = nl(); " + "; ".join(
        f"asked(n, 20, 5, address({own!r}, {length}))[1]" for own, length in (
            ("192.0.2.7", 24), ("192.0.2.8", 24), ("192.0.2.129", 25), ("10.1.1.1", 32),
            ("10.2.2.0", 31), ("0.5.5.5", 16)))
    + "; [(lambda s: (s.setsockopt(1, SO_BROADCAST, 1), s.connect_ex((h, 9)), s.getsockname()[0]))"
    "(udp()) for h in ('192.0.2.8', '192.0.2.129', '192.0.2.130', '192.0.2.5', '192.0.2.127', "
    "'192.0.2.128', '192.0.2.0', '192.0.2.255', '10.1.1.1', '10.1.1.2', '10.2.2.0', '10.2.2.1', "
    "'10.2.2.2', '0.5.5.5', '0.5.5.6', '127.9.9.9', '127.255.255.255', '255.255.255.255')]; "
    "l = tcp(); l.bind(ANY); l.listen(); "
    "a = tcp(); a.connect(of(l, '192.0.2.200')); b, peer = accept(l); look(a); look(b); "
    "a = tcp(); a.bind(LO); a.connect(of(l, '192.0.2.8')); b, peer = accept(l); a = tcp(); "
    "a.bind(('192.0.2.8', 0)); a.connect(of(l, '127.0.0.1')); b, peer = accept(l); u = udp(); "
    "u.bind(('192.0.2.130', 0)); v = udp(); v.sendto(b'x', at(u)); receive(u); "
    "u.sendto(b'y', of(v, '127.0.0.1')); receive(v); w = udp(); w.connect(of(w, '10.1.1.1')); "
    "w.send(b'x'); w.send(b'x'); asked(n, 21, 5, address('192.0.2.7', 24))[1]; "
    "[(lambda s: (s.connect_ex((h, 9)), s.getsockname()[0]))(udp()) for h in "
    "('192.0.2.8', '192.0.2.129', '192.0.2.5')]; asked(n, 21, 5, address('127.0.0.1', 8))[1]; "
    "udp().connect(('127.0.0.1', 9)); asked(n, 20, 5, address('127.0.0.5', 16))[1]; "
    "[(lambda s: (s.connect_ex((h, 9)), s.getsockname()[0]))(udp()) for h in "
    "('127.0.0.1', '127.0.0.5', '127.1.0.1')]",
    "loopback comes back with its own address": "s = nl(); "
    "asked(s, 21, 5, address('127.0.0.1', 8))[1]; asked(s, 20, 5, address('192.0.2.7', 24))[1]; "
    "asked(s, 16, 1, link(1, 0, 1)); asked(s, 16, 1, link(1, 1, 1)); "
    "asked(s, 22, 0x301, address('', 0, 0, 2)); reached('127.3.4.5'); "
    "asked(s, 21, 5, address('127.0.0.1', 8))[1]; asked(s, 26, 1, way('')); "
    "asked(s, 16, 1, link(1, 0, 1)); asked(s, 16, 1, link(1, 1, 1)); "
    "asked(s, 21, 5, address('192.0.2.7', 24))[1]",
    "no address of IPv6 for who is bound to an interface that is gone": "; ".join(
        f"a = {kind}(); {bound}; a.bind(({host!r}, 0)); a.getsockname()[0]"
        for kind in ("tcp6", "udp6", "icmp6")
        for bound in ("a.setsockopt(1, 62, 70)", "a.connect_ex(('fe80::1', 53, 0, 7))")
        for host in ("::1", "2001:db8::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
                     "::ffff:0.0.0.0", "fe80::1", "ff02::1")),
    "segments that a reset answers are counted": PAIR + "b.send(b'xyz'); a.send(b'x'); "
    "b.shutdown(SHUT_RDWR); a.send(b'y' * 99); look(a); look(b); " + "; ".join(
        f"{end}.getsockopt(IPPROTO_TCP, TCP_INFO, 248)[{field}]" for end in "ab"
        for field in ("24:28", "152:160")),
    "what is damaged counts as lost": "a = experiment6(); b = experiment6(); "
    "a.setsockopt(IPPROTO_IPV6, IPV6_CHECKSUM, 0); a.setsockopt(SOL_SOCKET, 40, 1); "
    "b.sendto(b'damaged', LO6); a.sendto(b'whole', LO6); a.recvmsg(9, 99); a.recvmsg(9, 99)",
}
