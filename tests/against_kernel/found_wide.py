"""Programs that `wide_generator` found the model wrong about: one for each cause, shrunk.

`features` runs these with its own.
"""

TCP = "l = tcp(); l.bind(LO); l.listen(0); c = tcp(); c.connect(at(l)); "

FOUND_WIDE = {
    "the descriptor is looked at before the buffers are counted": "a = udp(); "
    "a.sendmsg([b'x'] * 1025); into(a, [1] * 1025); a.close(); a.sendmsg([b'x'] * 1025); "
    "into(a, [1] * 1025); a.sendmsg([b'x'] * 1025, [1])",
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
    "IPV6_PKTINFO names the interface to send by": "; ".join(
        f"a = udp6(); a.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, {device}); "
        f"a.setsockopt(IPPROTO_IPV6, IPV6_PKTINFO, bytes(16) + struct.pack('i', {index})); "
        "a.sendto(b'x', ('::1', 9)); a.connect(('::1', 9)); a.sendto(b'x', ('::ffff:127.0.0.1', 9))"
        for device in ("b''", "b'lo'") for index in (0, 1, 7)),
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
}
