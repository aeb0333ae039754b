"""A server with a pool of threads, clients with a pool of their own."""

import concurrent.futures
import queue
import socket
import threading

jobs = queue.Queue()
listener = socket.create_server(("127.0.0.1", 0), backlog=50)


def work():
    while (connection := jobs.get()) is not None:
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                connection.sendall(line[::-1])


def serve():
    while True:
        connection, _ = listener.accept()
        if not connection.recv(1, socket.MSG_PEEK):
            connection.close()
            return
        jobs.put(connection)


def ask(number):
    with socket.create_connection(listener.getsockname()) as sock:
        sock.sendall(b"%d\n" % number)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(100), b""))


workers = [threading.Thread(target=work) for _ in range(4)]
server = threading.Thread(target=serve)
for thread in (*workers, server):
    thread.start()
with concurrent.futures.ThreadPoolExecutor(10) as pool:
    print(sorted(pool.map(ask, range(10, 40))))
socket.create_connection(listener.getsockname()).close()
server.join()
for _ in workers:
    jobs.put(None)
for thread in workers:
    thread.join()
listener.close()
