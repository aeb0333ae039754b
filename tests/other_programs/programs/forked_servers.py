"""Servers that fork: before listening and after, for each connection, in a pool, as a daemon."""

import asyncio
import multiprocessing
import os
import select
import socket
import socketserver
import threading
import time


class Reverse(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline().strip()[::-1] + b"\n")


def ask(address, line):
    with socket.create_connection(address) as client:
        client.sendall(line + b"\n")
        with client.makefile("rb") as answer:
            return answer.read()


def in_a_child_for_each_connection():
    with socketserver.ForkingTCPServer(("127.0.0.1", 0), Reverse) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        print([ask(server.server_address, line) for line in (b"one", b"two", b"three")])
        server.shutdown()
        thread.join()


def serve_with_asyncio(listener):
    async def handle(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    async def main():
        async with await asyncio.start_server(handle, sock=listener) as server:
            await server.serve_forever()

    asyncio.run(main())


def ask_into(queue, address, line):
    queue.put(ask(address, line))


def in_a_daemon_process():
    context = multiprocessing.get_context("fork")
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    server = context.Process(target=serve_with_asyncio, args=(listener,), daemon=True)
    server.start()
    listener.close()
    queue = context.Queue()
    clients = [
        context.Process(target=ask_into, args=(queue, address, line)) for line in (b"a", b"b", b"c")
    ]
    for client in clients:
        client.start()
    print(sorted(queue.get() for _ in clients))
    for client in clients:
        client.join()
    server.terminate()
    server.join()
    try:
        socket.create_connection(address)
    except ConnectionRefusedError:
        print("refused, once the server has ended")


def the_calls_of_a_child(own, reading, writing):
    """What select, poll, epoll and the names of a socket say in a child."""
    writer = threading.Thread(target=os.write, args=(writing, b"x"))
    writer.start()
    print(select.select([reading, own], [], [], 20)[0] == [reading])
    writer.join()
    with select.epoll() as epoll:
        epoll.register(own, select.EPOLLIN)
        print(epoll.poll(0), own.type.name, own.getsockname(), own.getpeername())
    again = own.dup()
    again.setblocking(False)
    try:
        again.recv(1)
    except BlockingIOError:
        print("nothing yet")
    again.setblocking(True)
    again.sendall(b"from the child")
    print(again.recv(100), flush=True)


def both_ends_of_a_pair():
    own, other = socket.socketpair()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        other.close()
        the_calls_of_a_child(own, reading, writing)
        os._exit(5)
    own.close()
    print_after = other.recv(100)
    other.sendall(b"from the parent")
    print(other.recv(100), os.WEXITSTATUS(os.waitpid(pid, 0)[1]), print_after)
    os.close(reading)
    os.close(writing)
    other.close()


def as_a_daemon():
    """Twice forked; what began it ends before."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        time.sleep(0.05)
        with socket.create_server(("127.0.0.1", 0)) as server:
            answer = threading.Thread(target=lambda: server.accept()[0].send(b"daemon"))
            answer.start()
            with socket.create_connection(server.getsockname()) as client:
                os.write(writing, client.recv(100))
            answer.join()
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(writing)
    print(os.read(reading, 100), os.read(reading, 100))


if __name__ == "__main__":
    in_a_child_for_each_connection()
    in_a_daemon_process()
    both_ends_of_a_pair()
    as_a_daemon()
