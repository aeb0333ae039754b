"""Selectors: wait for several sockets at once."""

import selectors
import socket

with selectors.DefaultSelector() as selector, socket.create_server(("127.0.0.1", 0)) as listener:
    clients = [socket.create_connection(listener.getsockname()) for _ in range(3)]
    connections = [listener.accept()[0] for _ in clients]
    for number, connection in enumerate(connections):
        selector.register(connection, selectors.EVENT_READ, f"connection {number}")
    clients[2].sendall(b"third")
    clients[0].sendall(b"first")
    for key, _ in sorted(selector.select(), key=lambda ready: ready[0].data):
        print(key.data, key.fileobj.recv(100))
    for each in clients + connections:
        each.close()
