"""Programs that `wide_generator` found the model wrong about: one for each cause, shrunk.

`features` runs these with its own.
"""

import itertools

TCP = "l = tcp(); l.bind(LO); l.listen(0); c = tcp(); c.connect(at(l)); "

FOUND_WIDE = {
    "the descriptor is looked at before the buffers are counted": "a = udp(); "
    "a.sendmsg([b'x'] * 1025); into(a, [1] * 1025); a.close(); a.sendmsg([b'x'] * 1025); "
    "into(a, [1] * 1025); a.sendmsg([b'x'] * 1025, [1])",
    "the level of UDP-Lite has UDP's options": "; ".join(
        f"a = {made}; cycle(a, 136, 1, 1); option(a, IPPROTO_UDP, 1); cycle(a, 136, 103, 9); "
        "a.setsockopt(136, 1, b'12'); a.setsockopt(136, 99, 1); option(a, 136, 99); "
        "a.getsockopt(136, 1, 2)"
        for made in ("udp()", "udp6()", "tcp()", "experiment()", "ustream()",
                     "quiet(socket.socket(AF_INET, SOCK_DGRAM, 136))")),
    "no room for the name of an interface that is gone": "a = useq(); a.setsockopt(1, 62, 70); "
    "a.getsockopt(1, 25, 2); a.getsockopt(1, 25, 15); a.getsockopt(1, 25, 16); option(a, 1, 62)",
    "who is bound to an interface that is gone hears nothing": "; ".join(
        f"a = {made}; a.setsockopt(1, 62, 70); b = {made}; b.sendto({data}, {to}); look(a); look(b)"
        for made, data, to in (("icmp()", "ECHO", "LO"), ("icmp6()", "ECHO6", "LO6"),
                               ("experiment()", "b'x'", "LO")))
    + "; " + "; ".join(
        f"a = {kind}(); a.bind({lo}); a.setsockopt(1, 62, 70); b = {kind}(); b.connect(at(a)); "
        "b.send(b'x'); a.recv(9); look(b); "
        f"l = {made}(); l.bind({lo}); l.listen(); l.setsockopt(1, 62, 70); c = {made}(); "
        "c.connect(at(l)); look(c); look(l)"
        for kind, made, lo in (("udp", "tcp", "LO"), ("udp6", "tcp6", "LO6"))),
    **{f"a connection of {kind} bound to an interface that is gone": "; ".join(
        f"l = {kind}(); l.bind({lo}); l.listen(); a = {kind}(); a.connect(at(l)); "
        "a.connect(at(l)); b, peer = accept(l); a.setsockopt(1, 62, 70); " + then
        for then in (
            "a.send(b'one'); b.recv(9); b.send(b'two'); a.recv(9); poll(a); poll(b); "
            "a.getsockopt(6, TCP_INFO, 8)[0]; b.getsockopt(6, TCP_INFO, 8)[0]; ioctl(a, 0x5411); "
            "option(b, 1, 4)",
            "a.send(b'one'); b.recv(9); a.setsockopt(1, 62, 0); b.settimeout(3); b.recv(9); "
            "a.send(b'two'); b.recv(9)",
            "b.send(b'two'); a.recv(9); b.send(b'x'); b.close(); a.recv(9)",
            "a.close(); b.recv(9); b.send(b'x'); b.recv(9)",
            "a.shutdown(SHUT_WR); b.recv(9); a.getsockopt(6, TCP_INFO, 8)[0]; a.connect(at(l))",
            "a.setsockopt(1, 13, linger(1, 0)); a.close(); b.recv(9)",
            f"l.setsockopt(1, 62, 70); c = {kind}(); c.connect(at(l)); c.connect(at(l))"))
       for kind, lo in (("tcp", "LO"), ("tcp6", "LO6"))},
    "a connected socket loses its way with its interface": "; ".join(
        f"l = {kind}(); l.bind({lo}); a = {kind}(); a.connect(at(l)); l.connect(at(a)); "
        "a.setsockopt(1, 62, 70); a.send(b'x'); l.recv(9); l.send(b'y'); a.recv(9); l.send(b'y'); "
        "l.recv(9); a.connect(at(l)); a.setsockopt(1, 62, 0); a.send(b'x'); l.recv(9)"
        for kind, lo in (("udp", "LO"), ("udp6", "LO6"))),
    **{f"IPV6_PKTINFO to {to}": "r = udp6(); r.bind(LO6); " + "; ".join(
        f"a = udp6(); a.setsockopt(*{option}); a.sendmsg([b'x'], [(IPPROTO_IPV6, IPV6_PKTINFO, "
        f"inet_pton(AF_INET6, {own!r}) + struct.pack('i', {index}))], 0, {to}); "
        "receive(r, 9)[:1]"
        for option in ((1, 6, 1), (41, 78, 1), (1, 62, 1), (1, 62, 70), (41, 17, 1))
        for own in ("::", "::1", "fe80::2", "2001:db8::5", "::ffff:127.0.0.1")
        for index in (0, 1, 7))
       for to in ("at(r)", "('fe80::1', 9, 0, 1)", "('ff12::1', 9, 0, 7)", "('ff02::1', 9)")},
    **{f"IP_PKTINFO to {to}": "r = udp(); r.bind(ANY); " + "; ".join(
        f"a = udp(); a.setsockopt(*{option}); a.sendmsg([b'x'], [(0, 8, struct.pack('i', {index}) "
        f"+ inet_aton({own!r}) + bytes(4))], 0, {to}); receive(r, 9)[:1]"
        for option in ((1, 6, 1), (0, 15, 1), (0, 19, 1), (1, 62, 1), (1, 62, 70))
        for own in ("0.0.0.0", "127.0.0.9", "9.9.9.5", "224.0.0.1") for index in (0, 1, 7))
       for to in ("of(r, '127.0.0.1')", "('9.9.9.9', 9)", "('224.0.0.5', 9)",
                  "('255.255.255.255', 9)")},
    "what is collected goes the way of its first piece": "; ".join(
        f"r = {make}(); r.bind(ANY); r.setsockopt(0, IP_ADD_MEMBERSHIP, inet_aton('224.1.2.3') "
        f"+ inet_aton('127.0.0.1')); a = {make}(); a.setsockopt(0, IP_MULTICAST_IF, "
        "inet_aton('127.0.0.1')); " + "; ".join(
            f"a.sendto(b'one', MSG_MORE, of(r, '{first}')); a.sendto(b'two', of(r, '{last}')); "
            "receive(r, 99)[:2]"
            for first, last in itertools.product(
                ("224.1.2.3", "224.1.2.9", "224.0.0.1", "127.0.0.1"), repeat=2))
        for make in ("udp", "experiment")),
    **{f"the TTL of what {make}() collects is that of the end": f"r = {make}(); r.bind(ANY); "
       "r.setsockopt(0, IP_ADD_MEMBERSHIP, inet_aton('224.1.2.3') + inet_aton('127.0.0.1')); "
       f"[r.setsockopt(0, each, 1) for each in (12, 13)]; a = {make}(); "
       "a.setsockopt(0, IP_MULTICAST_IF, inet_aton('127.0.0.1')); " + "; ".join(
           f"a.setsockopt(0, 33, 9); a.setsockopt(0, 2, 7); a.setsockopt(0, 1, 8); "
           f"a.sendto(b'one', MSG_MORE, of(r, {first!r})); a.setsockopt(0, 33, 5); "
           f"a.setsockopt(0, 2, 3); a.setsockopt(0, 1, 16); a.sendto(b'two', of(r, {last!r})); "
           "receive(r, 0, 300)[1]; a.sendmsg([b'a'], [(0, 2, struct.pack('i', 7))], MSG_MORE, "
           f"of(r, {first!r})); a.sendmsg([b'b'], [(0, 2, struct.pack('i', 8))], 0, "
           f"of(r, {last!r})); receive(r, 0, 300)[1]"
           for first, last in itertools.product(("224.1.2.3", "127.0.0.1"), repeat=2))
       for make in ("udp", "experiment")},
    "what has no way while lo is down": "; ".join(
        f"r = {kind}(); r.bind({lo}); a = {kind}(); a.connect(at(r)); b = {kind}(); b.bind({lo}); "
        f"c = {kind}(); d = {kind}(); d.setsockopt(1, 25, b'lo'); e = {kind}(); "
        "e.setsockopt(1, 25, b'lo'); e.connect(at(r)); x = experiment6(); x.connect(LO6); "
        "y = tcp6(); y.bind(LO6); interface(r, 0x8914, value=struct.pack('H', 0x48)); "
        "a.send(b'x'); e.send(b'x'); x.send(b'x'); " + "; ".join(
            f"{sender}.sendto(b'x', {to})" for to in tos for sender in "bcd")
        + f"; [each.connect_ex({tos[1]}) for each in (b, c, y, {stream}())]; r.recv(9); "
        "interface(r, 0x8914, value=struct.pack('H', 0x49)); a.send(b'x'); r.recv(9)"
        for kind, stream, lo, tos in (
            ("udp", "tcp", "LO", ("at(r)", "('9.9.9.9', 9)", "('224.0.0.5', 9)",
                                  "('127.255.255.255', 9)", "('255.255.255.255', 9)")),
            ("udp6", "tcp6", "LO6", ("at(r)", "('2001:db8::1', 9)", "('ff02::1', 9, 0, 1)",
                                     "('fe80::1', 9, 0, 1)", "('::ffff:127.0.0.1', 9)")))),
    **{f"what ICMP says of segments of {kind}, asked for {asked}": "; ".join((
        f"l = {kind}(); l.bind({lo}); l.listen(); a = {kind}(); a.connect(at(l)); "
        f"a.connect(at(l)); b, peer = accept(l); a.setsockopt({level}, {option}, {asked}); "
        f"a.setsockopt(6, 1, 1); filtered(b, (6,0,0,0)); w = frames_of({ethertype})",
        *(f"a.send(b'x'); told_unreachable(w, {code}, {what}); poll(a); a.recv(9); "
          "option(a, 1, 4); a.recv(9)" for what, code in errors),
        f"told_unreachable(w, 1, {errors[0][0]}); b.setsockopt(1, 27, 0); b.send(b'y'); a.recv(9); "
        f"option(a, 1, 4); told_unreachable(w, 1, {errors[0][0]}); option(b, 1, 4)",
        *(f"l = {kind}(); l.bind({lo}); l.listen(); filtered(l, (6,0,0,0)); a = {kind}(); "
          f"a.setsockopt({level}, {option}, {asked}); a.connect(at(l)); "
          f"told_unreachable(w, {code}, {what}); poll(a); a.getsockopt(6, TCP_INFO, 8)[0]; "
          "a.connect(at(l)); option(a, 1, 4)" for what, code in errors)))
       for asked in (0, 1) for kind, lo, ethertype, level, option, errors in (
           ("tcp", "LO", 0x800, 0, 11,
            (*((3, code) for code in (0, 1, 2, 3, 5, 9, 13)), (4, 0), (11, 0), (12, 0))),
           ("tcp6", "LO6", 0x86DD, 41, 25,
            (*((1, code) for code in range(7)), (3, 0), (4, 0))))},
    "which extension headers let a raw socket that is shut down fail": "; ".join(
        f"a = {made}(); a.setsockopt(IPPROTO_IPV6, {option}, bytes(16)); a.shutdown(SHUT_WR); "
        f"a.sendto({data}, LO6)" for made in ("experiment6", "icmp6") for option in (54, 59, 55)
        for data in ("b'y' * 8", "b'y' * 3000")),
    "TCP_FASTOPEN is the listener's alone": TCP + "l.setsockopt(6, 23, 5); "
    "a = tcp(); a.connect(at(l)); b, peer = accept(l); option(b, 6, 23); option(l, 6, 23)",
    "what a great datagram costs its sender": "a = udgram(); a.bind('a'); b = udgram(); "
    + "; ".join(f"b.sendto(b'z' * {size}, at(a)); ioctl(b, 0x5411); a.recv(9)" for size in (
        16064, 16065, 85696, 85697, 100000, 131072, 150000, 200000, 212000)),
    "descriptors that travel are lost where there is none left": "a, b = pair(SOCK_STREAM); "
    "c = udp(); a.sendmsg([b'with'], rights(c, c)); scarce('peek', b); scarce('receive', b); "
    "b.recv(9); a.sendmsg([b'with'], rights(c, c)); receive(b, 9, 64)",
    "who began to connect before is told so when the time is over": TCP
    + "a = tcp(); patient(a, 'connect', at(l)); patient(a, 'connect', at(l)); "
    "patient(a, 'connect_ex', LO); b = tcp(); b.connect(at(l)); patient(b, 'connect', at(l)); "
    "brief(b, 'connect', at(l))",
    "what waits to be sent is asked of no listener": TCP
    + "ioctl(l, 0x894B); ioctl(c, 0x894B); ioctl(udp(), 0x894B)",
    "MSG_PEEK tells of descriptors beyond its bytes": "a, b = pair(SOCK_STREAM); c = udp(); "
    "a.send(b'one'); a.send(b'two'); a.sendmsg([b'with'], rights(c)); a.send(b'three'); "
    "receive(b, 1, 64, MSG_PEEK); receive(b, 4, 64, MSG_PEEK); receive(b, 99, 64, MSG_PEEK); "
    "receive(b, 3, 64); receive(b, 3, 64); receive(b, 1, 64); receive(b, 1, 64, MSG_PEEK)",
    "an urgent byte that is passed over is counted for ever": "a, b = pair(SOCK_STREAM); "
    "a.send(b'a', MSG_OOB); ioctl(b, 0x541B); b.recv(9, MSG_PEEK); b.recv(9); ioctl(b, 0x541B); "
    "a.send(b'bc', MSG_OOB); b.recv(9, MSG_OOB); ioctl(b, 0x541B); b.recv(9); ioctl(b, 0x541B); "
    "a.send(b'd', MSG_OOB); a.send(b'e', MSG_OOB); b.recv(9); b.recv(9); ioctl(b, 0x541B)",
    "an urgent byte that is passed over takes its descriptors along": "; ".join(
        f"a, b = pair(SOCK_STREAM); c, d = pair(SOCK_DGRAM); a.sendmsg([b'x'], rights(d), "
        f"MSG_OOB); d.close(); {first}; b.recv(9); c.send(b'x')"
        for first in ("b.recv(9, MSG_PEEK)", "b.recv(9, MSG_OOB)", "receive(b, 9, 64, MSG_OOB)",
                      "a.send(b'y')")),
    "MSG_PEEK of nothing ends at descriptors": "a, b = pair(SOCK_STREAM); "
    "a.sendmsg([b'zz'], rights(a), MSG_OOB); receive(b, 0, 16, MSG_PEEK); "
    "receive(b, 0, 24, MSG_PEEK); c, d = pair(SOCK_STREAM); c.send(b'zz', MSG_OOB); "
    "receive(d, 0, 16, MSG_PEEK)",
    "IPV6_PKTINFO names the interface to send by": "; ".join(
        f"a = udp6(); a.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, {device}); "
        f"a.setsockopt(IPPROTO_IPV6, IPV6_PKTINFO, bytes(16) + struct.pack('i', {index})); "
        "a.sendto(b'x', ('::1', 9)); a.connect(('::1', 9)); a.sendto(b'x', ('::ffff:127.0.0.1', 9))"
        for device in ("b''", "b'lo'") for index in (0, 1, 7)),
    "IPV6_PKTINFO of a message beside that of the socket": "; ".join(
        f"a = udp6(); {before}; " + "; ".join(
            f"a.sendmsg([b'a'], [(IPPROTO_IPV6, IPV6_PKTINFO, inet_pton(AF_INET6, {host!r}) "
            f"+ struct.pack('i', {index}))], 0, ('::1', 9))"
            for host in ("::1", "::2", "::") for index in (0, 1, 7))
        for before in ("poll(a)", "a.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b'lo')",
                       "a.setsockopt(IPPROTO_IPV6, IPV6_PKTINFO, b'\\xff' * 20)")),
    "the FIN is a byte that was received": TCP.replace("listen(0)", "listen()")
    + "b, peer = accept(l); b.send(b'abc'); counted(c); b.shutdown(SHUT_WR); counted(c); "
    "c.recv(9); counted(c); c.shutdown(SHUT_WR); counted(b)",
    "a group of IPv6 that is not of a link needs no interface": "; ".join(
        f"a = {made}; a.bind(('ff05::2', 0)); a.bind(('ff02::2', 0)); a.getsockname()[0]"
        for made in ("udp6()", "icmp6()", "tcp6()")),
    "a group of IPv4 from a socket that IPv6 connected": "a = udp6(); a.bind(ANY6); "
    "a.connect(at(a)); a.sendto(b'x', of(a, '::ffff:239.1.1.1')); a.connect(mapped(udp())); "
    "a.connect(('::ffff:255.255.255.255', 9)); b = icmp6(); b.bind(('ff02::1:7', 0, 0, 1)); "
    "b.connect(MAPPED); b.sendto(ECHO6, LO6)",
    "a packet that is too long is told with where it was to go": "n = ('127.0.0.1', 9); "
    + "; ".join(
        f"a = {made}; a.setsockopt({option}, 1); a.sendto(bytes(70000), {to}); "
        f"receive(a, 9, 99, MSG_ERRQUEUE); a.sendto(bytes(65530), {to}); "
        f"receive(a, 9, 99, MSG_ERRQUEUE); a.connect({to}); a.send(bytes(65600)); "
        "receive(a, 9, 99, MSG_ERRQUEUE); a.send(bytes(65530)); receive(a, 9, 99, MSG_ERRQUEUE)"
        for made, option, to in (
            ("udp()", "IPPROTO_IP, 11", "n"), ("udp6()", "IPPROTO_IPV6, 25", "('::1', 9)"),
            ("udp6()", "IPPROTO_IP, 11", "('::ffff:127.0.0.1', 9)"),
            ("experiment()", "IPPROTO_IP, 11", "n"),
            ("experiment6()", "IPPROTO_IPV6, 25", "('::1', 0)")))
    + "; a = udp(); a.setsockopt(IPPROTO_IP, 11, 1); a.connect(n); a.send(bytes(30000), MSG_MORE); "
    "a.send(bytes(40000)); receive(a, 9, 99, MSG_ERRQUEUE); a.send(b'x'); "
    "a.setsockopt(IPPROTO_IP, IP_OPTIONS, b'\\1\\1\\1\\0'); a.send(bytes(65507)); "
    "receive(a, 9, 99, MSG_ERRQUEUE)",
    "a datagram keeps the kind of its first way": "; ".join(
        f"a = udp(); a.bind(LO); {join}; a.sendto(b'', MSG_MORE, ('{group}', 9)); "
        "a.connect(at(a)); a.sendto(b'x', ('127.0.0.1', 9)); a.recv(9)"
        for group in ("224.0.0.1", "224.1.2.3") for join in ("poll(a)", (
            "a.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, "
            "inet_aton('224.1.2.3') + inet_aton('127.0.0.1'))"))),
    "who may send is asked before there is room": "; ".join(
        f"a = {made}; a.bind({lo}); a.connect(at(a)); a.setsockopt(SOL_SOCKET, SO_SNDBUF, 5); "
        "a.send(bytes(65507)); a.shutdown(SHUT_WR); a.send(bytes(65507)); a.send(bytes(65600))"
        for made, lo in (("udp()", "LO"), ("udp6()", "LO6")))
    + "; b = udp(); b.bind(LO); b.connect(at(b)); b.setsockopt(SOL_SOCKET, SO_RCVBUF, 200000); "
    "flood(b, 65490, 20); drain(b)",
    "an error gives back what ICMP quotes": "; ".join(
        f"a = {made}; a.setsockopt({option}, 1); a.connect({to}); a.send({head} + bytes({size})); "
        "len(a.recv(9999, MSG_ERRQUEUE))"
        for made, option, to, head in (
            ("udp()", "IPPROTO_IP, 11", "nobody()", "b''"),
            ("udp6()", "IPPROTO_IPV6, 25", "nobody(AF_INET6)", "b''"),
            ("rawudp()", "IPPROTO_IP, 11", "LO", "bytes(3) + b'\\7' + (8).to_bytes(2) + bytes(2)"),
            ("rawudp6()", "IPPROTO_IPV6, 25", "LO6", "bytes(3) + b'\\7' + bytes(4)"))
        for size in (500, 512, 520, 521, 1184, 1185, 5000)),
    "an address of another host": "r = udp(); r.bind(LO); q = udp6(); q.bind(LO6); " + "; ".join(
        f"a = {made}; a.setsockopt({option}, 1); a.bind({own}); a.sendto(b'x', at({to})); "
        f"{to}.recvfrom(9); a.connect(at({to})); a.getsockname()[0]; a.send(b'y'); "
        f"{to}.recvfrom(9); a.sendto(b'x', ('224.0.0.1', 9)); a.sendto(b'x', LO); "
        f"t = {made.replace('udp', 'tcp')}; t.setsockopt({option}, 1); t.bind({own}); "
        f"t.connect(at({to})); look(t); a.connect(nobody({family})); a.send(b'x'); a.recv(9)"
        for made, option, own, to, family in (
            ("udp()", "IPPROTO_IP, 15", "('9.9.9.9', 0)", "r", "AF_INET"),
            ("udp()", "IPPROTO_IP, IP_TRANSPARENT", "('9.9.9.9', 0)", "r", "AF_INET"),
            ("udp6()", "IPPROTO_IPV6, 78", "('2001:db8::1', 0)", "q", "AF_INET6"),
            ("udp6()", "IPPROTO_IPV6, 75", "('2001:db8::1', 0)", "q", "AF_INET6")))
    + "; i = icmp(); i.setsockopt(IPPROTO_IP, IP_TRANSPARENT, 1); "
    "p = (IPPROTO_IP, 8, struct.pack('i4s4s', 1, inet_aton('9.9.9.9'), bytes(4))); "
    "i.sendmsg([ECHO], [p], 0, ANY); i.recv(99); i.recv(99); i.bind(('9.9.9.9', 0)); "
    "i.sendto(ECHO, LO); i.recv(99); j = icmp6(); j.setsockopt(IPPROTO_IPV6, 75, 1); "
    "j.bind(('2001:db8::1', 0)); j.sendto(ECHO6, LO6); j.recv(99)",
    "to another host by the interface that there is": "; ".join(
        f"a = {made}; a.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b'lo'); a.connect({to}); look(a)"
        for made, to in (
            ("udp()", "('10.1.1.1', 9)"), ("tcp()", "('10.1.1.1', 9)"),
            ("icmp()", "('10.1.1.1', 9)"), ("udp6()", "('::ffff:10.1.1.1', 9)"),
            ("tcp6()", "('::ffff:10.1.1.1', 9)"), ("udp6()", "('2001:db8::1', 9)"),
            ("tcp6()", "('2001:db8::1', 9)")))
    + "; a = udp(); a.bind(LO); a.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b'lo'); "
    "a.connect(('240.0.0.1', 9)); a.send(b'x'); a.recv(9); r = udp(); r.bind(ANY); "
    "a.sendto(b'x', of(r, '240.0.0.1')); r.recv(9)",
    "the interface of an address is that of its socket": "; ".join(
        f"a = {made}; a.bind(({host!r}, 0)); a.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b'lo'); "
        f"a.bind(({host!r}, 0)); a.getsockname()[3]; "
        "a.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b''); a.getsockname()[3]"
        for made in ("udp6()", "icmp6()") for host in ("fe80::1", "ff02::1:7", "ff05::2")),
    "marks and bytes of what is over": "l = ustream(); l.bind('l'); l.listen(); ioctl(l, 0x8905); "
    "c = ustream(); c.connect('l'); ioctl(l, 0x8905); " + "; ".join(
        f"l = {made}; l.listen(8); a = {made}; a.connect(at(l)); l.close(); a.connect_ex(at(a)); "
        "ioctl(a, 0x894B); ioctl(a, 0x5411)" for made in ("tcp()", "tcp6()"))
    + "; a = tcp6(); a.bind(('::ffff:127.0.0.1', 0)); a.connect(('::2', 9)); a.connect(LO6); "
    "b = experiment6(); b.bind(LO6); b.connect(MAPPED); b.connect(LO6)",
    "what a failed connect and a level forget": "a = tcp6(); a.setsockopt(SOL_SOCKET, 42, 0); "
    "a.connect_ex(nobody(AF_INET6)); a.connect_ex(LO6); option(a, SOL_SOCKET, 42); b = header6(); "
    "b.bind(of(b, '::1')); b.connect(of(b, '::ffff:239.1.1.1')); look(b); c = experiment6(); "
    "option(c, 58, 41, 40); c.setsockopt(58, 41, 1); option(icmp6(), 58, 41, 40)",
    "hosts as a program may write them": "a = udp6(); a.connect(('<broadcast>', 9)); "
    "a.connect(('255.255.255.255', 70000)); b = udp(); b.connect((bytearray(b'127.1'), 9)); "
    "b.getpeername()[0]; b.connect(('127.1', 9)); socket.getaddrinfo('*', '*'); "
    "[info[4] for info in socket.getaddrinfo('*', 80, 0, 1)]; "
    "socket.getaddrinfo('127.0.0.1%lo', 80, AF_INET6); socket.gethostbyname('a\\0b'); "
    "socket.gethostbyname_ex(b'127.0.0.1'); socket.getnameinfo(('127.0.0.1', 80, 0, 0), 3)",
    "a listener that is shut down forgets its window": "l = tcp(); l.bind(LO); l.listen(); "
    "l.setsockopt(IPPROTO_TCP, 10, 2); l.shutdown(SHUT_RDWR); option(l, IPPROTO_TCP, 10)",
    "SO_RCVLOWAT tells again of what is enough": "l = tcp(); l.bind(LO); l.listen(); a = tcp(); "
    "a.connect_ex(at(l)); b, peer = accept(l); e = watch(b, EPOLLIN | EPOLLET); a.send(b'12345'); "
    + "; ".join(f"b.setsockopt(SOL_SOCKET, SO_RCVLOWAT, {low}); len(e.poll(0)); len(e.poll(0))"
                for low in (3, 20, 5)),
    "memory for IPv6's longest packets": "; ".join(
        f"a = {made}; a.bind(LO6); a.connect(at(a)); a.setsockopt(SOL_SOCKET, 32, {size}); "
        f"a.setsockopt(IPPROTO_IPV6, 59, bytes({more})); a.send(b'z' * {longest - more}); "
        f"a.send(b'z' * {longest + 1 - more}); a.send(b'z' * 65519); a.send(b'z' * 65520); "
        "a.shutdown(SHUT_WR); a.send(b'z')"
        for made, longest, size in (("udp6()", 65488, 16578), ("udp6()", 65488, 16579),
                                    ("experiment6()", 65496, 16580))
        for more in (0, 8)),
    "headers that IP does not take are stamped, and data in pages": "a = header6(); a.bind(LO6); "
    "stamping(a, 0x9A); a.sendto(b'z' * 1000, 0, at(a)); look(a); "
    "b = udp(); b.bind(LO); c = udp(); c.connect(at(b)); c.setsockopt(IPPROTO_UDP, 103, 4096); "
    "stamping(c, 0x18A); c.setsockopt(SOL_SOCKET, SO_RCVBUF, 5); c.send(b'z' * 1000); look(c); "
    "[size for size in (len(receive(c, 2000, 400, MSG_ERRQUEUE)[0]),)]; look(c)",
    "an interface is named by the address, another by the socket": "; ".join(
        f"a = {made}; a.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b'lo'); "
        f"a.connect(('{host}', 9, 0, {scope}))" for made in ("udp6()", "tcp6()", "experiment6()")
        for host in ("fe80::1", "ff02::1") for scope in (0, 7)),
    "who shares a port when one has taken SO_REUSEPORT back": "; ".join(
        "; ".join(f"{name} = {made}; {name}.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)"
                  for name, (made, _) in zip("abc", three, strict=True))
        + f"; a.bind({three[0][1]}); b.bind(of(a, {three[1][1]}[0])); "
        f"{back}.setsockopt(SOL_SOCKET, SO_REUSEPORT, 0); c.bind(of(a, {three[2][1]}[0])); "
        "a.listen(); b.listen(); c.listen(); a.close(); b.close(); c.close()"
        for back, *kinds in (("a", "tcp()", "tcp6()"), ("b", "udp()", "udp6()"))
        for three in itertools.product(((kinds[0], "LO"), (kinds[0], "ANY"), (kinds[1], "LO6"),
                                        (kinds[1], "ANY6")), repeat=3)),
    "what is no flag, and no time": "a = udp(); a.settimeout(10**400); a.settimeout(-10**400); "
    "[a.setblocking(each) for each in (True, 2, -1, 0)]; "
    "a.setblocking(None); a.setblocking(1.5); a.setblocking('x'); a.setblocking(1 << 63); "
    "a.settimeout(-0.0); a.gettimeout(); a.setblocking(1 << 40); a.gettimeout()",
    "what is left over is said of a refused request too": "b = nl(); b.setsockopt(270, 11, 64); "
    "asked(b, 18, 5, way('127.0.0.1') + attribute(4, b'\\1\\0\\0\\0'), pid=5)",
    "a socket stays bound to an interface that is not there": "; ".join(
        f"a = {made}; a.{call}(('{host}', 9, 0, 7)); a.getsockopt(SOL_SOCKET, 25, 16); "
        "a.getsockopt(SOL_SOCKET, 62); a.connect(('::1', 9)); a.connect(('fe80::1', 9)); "
        "a.sendto(b'x', ('ff02::1', 9)); a.connect(('fe80::1', 9, 0, 1)); "
        "a.setsockopt(SOL_SOCKET, 25, b''); a.connect(('::1', 9)); a.getsockopt(SOL_SOCKET, 62)"
        for made in ("udp6()", "tcp6()", "experiment6()") for call in ("bind", "connect")
        for host in ("fe80::1", "ff02::1", "::1")),
    "an interface by its index": "; ".join(
        f"a = {made}; a.getsockopt(SOL_SOCKET, 62); a.setsockopt(SOL_SOCKET, 62, {index}); "
        "a.getsockopt(SOL_SOCKET, 62); a.getsockopt(SOL_SOCKET, 25, 16); a.connect(LO)"
        for made in ("udp()", "tcp()", "ustream()") for index in (0, 1, 7, -1)),
    "IPV6_CHECKSUM at the level of raw sockets": "; ".join(
        f"a = socket.socket(AF_INET6, SOCK_RAW, {number}); a.getsockopt(SOL_RAW, 7); "
        + "; ".join(f"a.setsockopt({level}, 7, {value}); a.getsockopt(SOL_RAW, 7); "
                    "a.getsockopt(IPPROTO_IPV6, 7)"
                    for level in ("SOL_RAW", "IPPROTO_IPV6") for value in (2, -1, 3, 0))
        for number in (58, 253)),
    "options of IPv6 that a message names twice": "a = udp6(); a.bind(LO6); "
    "header = b'\\0\\0\\1\\4' + bytes(4); " + "; ".join(
        f"a.sendmsg([b'x'], [(IPPROTO_IPV6, each, header) for each in {kinds}], 0, at(a))"
        for kinds in ((54,), (54, 54), (59, 59), (54, 59), (55, 55), (54, 59, 54))),
    "listen forgets what TCP_QUICKACK said": "l = tcp(); l.setsockopt(IPPROTO_TCP, 12, 0); "
    "l.bind(LO); l.getsockopt(IPPROTO_TCP, 12); l.listen(); l.getsockopt(IPPROTO_TCP, 12)",
    "what is left of IP on an interface that is down, or narrow": "c = udp(); d = udp(); "
    "d.bind(LO); e = tcp(); e.bind(LO); e.listen(); " + "; ".join(
        f"interface(c, {request}, b'lo', struct.pack('{kind}', {value}))[:0]; "
        "interface(c, 0x8915)[16:24]; interface(c, 0x8921)[16:20]; interface(c, 0x8913)[16:18]; "
        "a = udp(); a.bind(LO); a.connect(at(d)); a.getsockopt(IPPROTO_IP, 14); "
        "a.send(b'x'); d.recv(9); b = udp6(); b.bind(LO6); b.connect(('::1', 9)); "
        "b.getsockopt(IPPROTO_IPV6, 24); b.sendto(b'x', ('::1', 9)); f = tcp(); "
        "f.connect(at(e)); g = tcp6(); g.connect(('::1', 1)); udp().bind(ANY)"
        for request, kind, value in (
            (0x8922, "i", 1500), (0x8914, "H", 0), (0x8914, "H", 1), (0x8922, "i", 1279),
            (0x8914, "H", 0), (0x8914, "H", 0x41), (0x8922, "i", 1280), (0x8914, "H", 0),
            (0x8914, "H", 1), (0x8922, "i", 67), (0x8922, "i", -1), (0x8922, "i", 65536),
            (0x8914, "H", 0), (0x8914, "H", 1))),
}
