"""TLS between a client and a server in threads, both ways at once, with a certificate checked."""

import os
import pathlib
import socket
import ssl
import threading

import test

places = pathlib.Path(test.__file__).parent.rglob("keycert.pem")
certificate = next(place for place in places)
listener = socket.create_server(("127.0.0.1", 0))


def serve():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    connection, _ = listener.accept()
    with context.wrap_socket(connection, server_side=True) as secure:
        while data := secure.recv(65536):
            secure.sendall(data.upper())
        secure.unwrap()


server = threading.Thread(target=serve)
server.start()
context = ssl.create_default_context(cafile=certificate)
with socket.create_connection(listener.getsockname()) as plain:
    secure = context.wrap_socket(plain, server_hostname="localhost")
    print(secure.version(), secure.getpeercert()["subject"][-1])
    secure.sendall(b"hello tls")
    print(secure.recv(100))
    data = os.urandom(3_000_000)
    received = []

    def read():
        while sum(map(len, received)) < len(data):
            received.append(secure.recv(65536))

    reader = threading.Thread(target=read)
    reader.start()
    for start in range(0, len(data), 100_000):  # more than there is room for: both sides wait
        secure.sendall(data[start : start + 100_000])
    reader.join()
    print(b"".join(received) == data.upper())
    secure.settimeout(0.1)
    try:
        secure.recv(1)
    except TimeoutError as error:
        print(error)
    secure.setblocking(False)
    try:
        secure.recv(1)
    except ssl.SSLWantReadError:
        print("wants to read")
    secure.setblocking(True)
    secure.unwrap()
server.join()
with (
    socket.create_server(("127.0.0.1", 0)) as silent,
    socket.create_connection(silent.getsockname()) as plain,
):
    plain.settimeout(0.1)
    try:
        context.wrap_socket(plain, server_hostname="localhost")
    except TimeoutError as error:
        print(str(error).partition("The ")[2])
listener.close()
