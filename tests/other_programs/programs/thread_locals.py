"""What is local to a thread ends with it, in it, before join() returns; it may use sockets."""

import socket
import threading

local = threading.local()
last = []


class Value:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("end of", self.name, threading.get_ident() == last[-1])


def work(name):
    last.append(threading.get_ident())
    local.value = Value(name)
    print("in the thread", name)


for name in "abc":
    thread = threading.Thread(target=work, args=(name,))
    thread.start()
    thread.join()
    print("joined")

one, other = socket.socketpair()


class Goodbye:
    def __del__(self):
        other.sendall(b"from the finalizer")
        other.close()


def say_goodbye():
    local.goodbye = Goodbye()


thread = threading.Thread(target=say_goodbye)
thread.start()
print(one.recv(100), one.recv(100))
thread.join()
one.close()


class Counted(threading.local):
    count = 0

    def __init__(self, start):
        self.count = start


counted = Counted(3)
counted.count += 1
thread = threading.Thread(target=lambda: print(vars(counted)))
thread.start()
thread.join()
print(vars(counted))
