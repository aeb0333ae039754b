"""Loops that look at a queue or a lock, and wait in no call for what other threads do."""

import collections
import queue
import threading
import time

items = queue.Queue()
done = []


def work():
    while (item := items.get()) is not None:
        time.sleep(0.01)
        done.append(item)


worker = threading.Thread(target=work)
worker.start()
for number in range(5):
    items.put(number)
while not items.empty():
    pass
print("empty")
items.put(None)
worker.join()
print(done)

simple, lock = queue.SimpleQueue(), threading.RLock()
waiting = collections.deque()


def give():
    for number in range(3):
        time.sleep(0.01)
        simple.put(number)
        with lock:
            waiting.append(number)


giver = threading.Thread(target=give)
giver.start()
while simple.qsize() < 1:
    with threading.Lock():
        pass
while True:
    with lock:
        if len(waiting) == 3:
            break
giver.join()
print(list(waiting), simple.qsize())
