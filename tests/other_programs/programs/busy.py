"""Loops that ask again and again, and never wait, come to their end when another thread acts."""

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
    print("the end")


if __name__ == "__main__":
    main()
