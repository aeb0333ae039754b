"""Loops that ask again and again, and never wait, come to their end when another thread acts."""

import os
import select
import socket
import threading
import time


def shortly(function, *arguments):
    def act():
        time.sleep(0.02)
        function(*arguments)

    thread = threading.Thread(target=act)
    thread.start()
    return thread


def main():
    one, other = socket.socketpair()
    one.setblocking(False)
    with one, other, select.epoll() as epoll:
        thread = shortly(other.send, b"1")
        while True:
            try:
                print(one.recv(10))
                break
            except BlockingIOError:
                pass
        thread.join()

        thread = shortly(other.send, b"2")
        while not select.select([one], [one], [])[0]:  # it can always be written
            pass
        print(one.recv(10))
        thread.join()

        thread = shortly(other.send, b"3")
        epoll.register(one)
        while not epoll.poll()[0][1] & select.EPOLLIN:
            pass
        print(one.recv(10))
        thread.join()

        lock = threading.Lock()
        lock.acquire()
        thread = shortly(lock.release)
        while not lock.acquire(blocking=False):
            pass
        thread.join()

        thread = shortly(print, "the thread")
        while thread.is_alive():
            pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        connection, _ = server.accept()
    finished = []

    def answer():
        while data := connection.recv(10):
            connection.sendall(data)

    def ask():
        while not finished:  # these two are never both waiting for long
            client.sendall(b"4")
            client.recv(10)

    with client, connection:
        threads = [threading.Thread(target=answer), threading.Thread(target=ask)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        finished.append(True)
        threads[1].join()
        client.shutdown(socket.SHUT_WR)
        threads[0].join()
        print("two that keep each other going")

    one, other, said, done = *(threading.Lock() for _ in range(2)), [], []
    condition = threading.Condition(threading.Lock())

    def take_all():
        while not done:
            with one, other, condition:  # and asks whether the last is taken
                condition.notify()

    thread = threading.Thread(target=take_all)
    thread.start()
    for lock in (one, other, condition):  # each is free for a moment
        with lock:
            said.append(1)
    done.append(1)
    thread.join()
    print(said)

    one, other = socket.socketpair()
    finished.clear()
    thread = shortly(finished.append, True)
    with one, other:
        while not finished:  # each call is done at once
            one.send(b"5")
            other.recv(1)
    thread.join()
    print("one that keeps itself going")

    event = threading.Event()
    thread = threading.Thread(target=event.wait)
    thread.start()
    reader, writer = os.pipe()
    for call, end in ((os.write, reader), (os.read, writer)):  # the wrong ones
        try:
            call(end, b"x" if call is os.write else 1)
        except OSError as error:
            print(error)
    event.set()
    thread.join()
    print("the end")


if __name__ == "__main__":
    main()
