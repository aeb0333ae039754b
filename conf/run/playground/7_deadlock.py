"""A deadlock: both sides wait for the other to speak first."""

import socket
import threading


def serve(listener):
    connection, _ = listener.accept()
    with connection:
        print("the server waits for", connection.recv(100))


with socket.create_server(("127.0.0.1", 0)) as listener:
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    with socket.create_connection(listener.getsockname()) as client:
        print("the client waits for", client.recv(100))
