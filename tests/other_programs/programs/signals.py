"""Signals: handlers, alarms, a child's too, the wakeup descriptor, Ctrl-C in a call that waits."""

import os
import select
import signal
import socket
import threading
import time
import warnings

a, b = socket.socketpair()
for sock in (a, b):
    sock.setblocking(False)
print(signal.set_wakeup_fd(b.fileno()))
signal.signal(signal.SIGALRM, lambda number, frame: print("handler", number))
print(signal.getsignal(signal.SIGALRM).__name__)
signal.setitimer(signal.ITIMER_REAL, 0.1)
print(select.select([a], [], [], 5)[0] == [a], a.recv(10))
print(signal.set_wakeup_fd(-1) == b.fileno())
signal.setitimer(signal.ITIMER_REAL, 0.1)
signal.pause()


def interrupt():
    time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGINT)


with socket.create_server(("127.0.0.1", 0)) as listener:
    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    try:
        listener.accept()
    except KeyboardInterrupt:
        print("interrupted")


print(os.kill(os.getpid(), 0))  # who is there


def refuse(number, frame):
    raise InterruptedError("by a handler")


signal.signal(signal.SIGUSR1, refuse)
timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1))
timer.start()
try:
    threading.Event().wait()
except InterruptedError as error:
    print(error)

interrupter.join()
timer.join()
warnings.simplefilter("ignore", DeprecationWarning)  # of fork, while the system ends a thread
signal.setitimer(signal.ITIMER_REAL, 1000)
child = os.fork()
if not child:  # which has no alarm yet, and nothing handles the one that it sets
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    while signal.setitimer(signal.ITIMER_REAL, 0.1) == (0.0, 0.0):
        a.setblocking(True)
        a.recv(1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(signal.setitimer(signal.ITIMER_REAL, 0)[0] > 900)
