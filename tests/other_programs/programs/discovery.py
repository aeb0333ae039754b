"""Services found by multicast on loopback."""

import socket
import struct
import threading

GROUP = "239.1.2.3"


def member():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


def join(sock):
    request = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton("127.0.0.1"))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)


def announce(name, sock):
    with sock:
        while True:
            question, peer = sock.recvfrom(100)
            if question == b"end":
                return
            sock.sendto(name, peer)


first, second = member(), member()
first.bind(("", 0))
port = first.getsockname()[1]
second.bind(("", port))
threads = []
for name, sock in ((b"printer", first), (b"scanner", second)):
    join(sock)
    threads.append(threading.Thread(target=announce, args=(name, sock)))
    threads[-1].start()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
    asker.settimeout(1)
    asker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
    asker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
    asker.sendto(b"who is there?", (GROUP, port))
    print(sorted(asker.recv(100) for _ in range(2)))
    try:
        asker.recv(100)
    except TimeoutError as error:
        print(error)
    asker.sendto(b"end", (GROUP, port))
for thread in threads:
    thread.join()
