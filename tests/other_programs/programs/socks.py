"""A SOCKS 5 server in threads, and a client through it."""

import socket
import struct
import threading


def exactly(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def copy(source, target):
    try:
        while data := source.recv(4096):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def handle(client):
    with client:
        _, count = exactly(client, 2)
        exactly(client, count)
        client.sendall(b"\5\0")
        _, command, _, kind = exactly(client, 4)
        assert (command, kind) == (1, 1)
        address = socket.inet_ntoa(exactly(client, 4))
        port = struct.unpack("!H", exactly(client, 2))[0]
        try:
            remote = socket.create_connection((address, port), timeout=5)
        except ConnectionRefusedError:
            client.sendall(b"\5\5\0\1" + bytes(6))
            return
        with remote:
            name = remote.getsockname()
            client.sendall(b"\5\0\0\1" + socket.inet_aton(name[0]) + struct.pack("!H", name[1]))
            back = threading.Thread(target=copy, args=(remote, client))
            back.start()
            copy(client, remote)
            back.join()


def serve(listener):
    for _ in range(2):
        threading.Thread(target=handle, args=(listener.accept()[0],)).start()


def echo(listener):
    with listener.accept()[0] as connection:
        while data := connection.recv(1000):
            connection.sendall(data[::-1])


def ask(proxy, target):
    with socket.create_connection(proxy) as sock:
        sock.sendall(b"\5\1\0")
        assert exactly(sock, 2) == b"\5\0"
        sock.sendall(b"\5\1\0\1" + socket.inet_aton(target[0]) + struct.pack("!H", target[1]))
        answer = exactly(sock, 10)
        print("reply", answer[1])
        if answer[1] == 0:
            sock.sendall(b"through the proxy")
            print(exactly(sock, 17))


proxy, target = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
threads = [
    threading.Thread(target=serve, args=(proxy,)),
    threading.Thread(target=echo, args=(target,)),
]
for thread in threads:
    thread.start()
ask(proxy.getsockname(), target.getsockname())
target.close()
ask(proxy.getsockname(), target.getsockname() if target.fileno() >= 0 else ("127.0.0.1", 1))
for thread in threads:
    thread.join()
proxy.close()
