"""Pipes, event descriptors and timers of the system beside sockets, in every selector."""

import os
import select
import selectors
import socket
import threading
import time

read_end, write_end = os.pipe()


def later(function, *arguments):
    def run():
        time.sleep(0.1)
        function(*arguments)

    threading.Thread(target=run).start()


later(os.write, write_end, b"select")
print(select.select([read_end], [], [], 5)[0] == [read_end], os.read(read_end, 9))
later(os.write, write_end, b"read")
print(os.read(read_end, 9))  # waits, and the other thread goes on
poll = select.poll()
poll.register(read_end, select.POLLIN)
poll.register(write_end, select.POLLOUT)
print(poll.poll(0) == [(write_end, select.POLLOUT)])
with select.epoll() as epoll:
    epoll.register(read_end, select.EPOLLIN)
    print(epoll.poll(0.01))
    later(os.write, write_end, b"epoll")
    print(epoll.poll(5) == [(read_end, select.EPOLLIN)], os.read(read_end, 9))
    epoll.unregister(read_end)
    event = os.eventfd(0)
    epoll.register(event, select.EPOLLIN)
    later(os.eventfd_write, event, 3)
    print(epoll.poll(5) == [(event, select.EPOLLIN)], os.eventfd_read(event))
    try:
        epoll.register(os.open(__file__, os.O_RDONLY), select.EPOLLIN)
    except PermissionError as error:
        print(error)
a, b = socket.socketpair()
with selectors.DefaultSelector() as selector:
    selector.register(read_end, selectors.EVENT_READ)
    selector.register(a, selectors.EVENT_READ)
    later(b.send, b"x")
    print([key.fileobj is a for key, _ in selector.select(5)])
a.close()
b.close()
os.close(write_end)
print(select.select([read_end], [], [], 5)[0] == [read_end], os.read(read_end, 9))
