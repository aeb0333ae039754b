"""After a child has run, what this program computes takes time, and a timeout begins anew.

A clock that stood still while a thread computes would be behind the world in which children
live, and the next timeout would be over at once.
"""

import select
import socket
import subprocess
import sys
import threading
import time


def compute(seconds):
    """Keep the processor busy."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


done = subprocess.run([sys.executable, "-c", "print('a child')"], capture_output=True,
                      text=True, timeout=60)
print(done.stdout, end="")

before = time.monotonic()
compute(0.5)
print("computing took its time:", time.monotonic() - before >= 0.5)

before = time.time()
compute(0.5)
time.sleep(0.2)
print("and sleeping its own:", time.time() - before >= 0.7)

one, other = socket.socketpair()
with one, other:
    compute(0.5)
    before = time.monotonic()
    print(select.select([one], [], [], 0.2), time.monotonic() - before >= 0.2)
    thread = threading.Timer(0.1, other.send, [b"late, but in time"])
    thread.start()
    one.settimeout(60)
    print(one.recv(100))
    thread.join()

done = subprocess.run([sys.executable, "-c", "import sys; print(sys.stdin.read())"],
                      input="another child", capture_output=True, text=True, timeout=60)
print(done.stdout, end="")
