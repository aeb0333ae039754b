"""A child ends although daemon threads of it wait, and finalizers close its sockets then."""

import subprocess
import sys

CHILD = """
import os, select, socket, threading

class Server:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.epoll = select.epoll()
        self.epoll.register(self.listener, select.EPOLLIN)
        self.pair = socket.socketpair()
        self.itself = self  # only the collector ends it, when the interpreter does

    def __del__(self, write=os.write):
        sent = self.pair[0].send(b"a farewell")
        self.pair[0].close()
        self.epoll.close()
        write(1, b"sent %d" % sent)

kept = Server()
threading.Thread(target=socket.socketpair()[0].recv, args=[1], daemon=True).start()
socket.create_connection(kept.listener.getsockname()).close()
"""

for _ in range(2):
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, timeout=30)
    print(done.returncode, done.stdout, done.stderr)
