"""An end: a daemon is left where it waits, other threads are waited for, the status is kept."""

import atexit
import socket
import sys
import threading
import time

listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=listener.accept, daemon=True).start()
atexit.register(lambda: print("at exit", threading.active_count()))


def work():
    time.sleep(0.1)
    print("the thread ends")


threading.Thread(target=work).start()
print("main ends")
sys.exit("with a message")
