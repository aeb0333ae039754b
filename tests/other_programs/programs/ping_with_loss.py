"""UDP ping: the server loses every third request, the client waits, backs off, asks again."""

import socket
import threading


def serve(sock):
    seen = 0
    while True:
        data, peer = sock.recvfrom(2048)
        if data == b"stop":
            return
        seen += 1
        if seen % 3:
            sock.sendto(data.upper(), peer)


with (
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
):
    server.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, args=(server,))
    thread.start()
    client.connect(server.getsockname())
    for number in range(6):
        delay = 0.05
        while True:
            client.settimeout(delay)
            client.send(b"ping %d" % number)
            try:
                print(client.recv(2048))
                break
            except TimeoutError as error:
                print(error)
                delay *= 2
    client.send(b"stop")
    thread.join()
