"""TFTP: a read request, blocks of 512 bytes, each acknowledged; the fifth is lost once."""

import hashlib
import socket
import struct
import threading

CONTENT = bytes(range(256)) * 10 + b"end"


def serve(listener):
    request, peer = listener.recvfrom(600)
    assert request == b"\0\1file\0octet\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.connect(peer)
        sock.settimeout(0.05)
        lose = 5
        for number in range(1, len(CONTENT) // 512 + 2):
            block = struct.pack("!HH", 3, number) + CONTENT[(number - 1) * 512 : number * 512]
            while True:
                if number == lose:
                    lose = 0
                else:
                    sock.send(block)
                try:
                    if sock.recv(600) == struct.pack("!HH", 4, number):
                        break
                except TimeoutError:
                    print("again", number)


with (
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener,
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
):
    listener.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, args=(listener,))
    thread.start()
    client.settimeout(5)
    client.sendto(b"\0\1file\0octet\0", listener.getsockname())
    content, number = b"", 0
    while True:
        packet, peer = client.recvfrom(600)
        opcode, block = struct.unpack("!HH", packet[:4])
        if block == number + 1:
            content, number = content + packet[4:], block
        client.sendto(struct.pack("!HH", 4, block), peer)
        if len(packet) < 516:
            break
    thread.join()
print(number, content == CONTENT, hashlib.sha256(content).hexdigest()[:8])
