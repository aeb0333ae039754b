"""Everything of the library that waits, with limits."""

import concurrent.futures
import contextvars
import queue
import sched
import threading
import time

begin = time.monotonic()
event = threading.Event()
threading.Timer(0.2, event.set).start()
print(event.wait(0.1), event.wait(5))
numbers = queue.Queue(1)
try:
    numbers.get(timeout=0.1)
except queue.Empty:
    print("empty")
numbers.put(1)
try:
    numbers.put(2, timeout=0.1)
except queue.Full:
    print("full")
scheduler = sched.scheduler()
scheduler.enter(0.1, 1, print, ("scheduled",))
scheduler.run()
condition = threading.Condition()
with condition:
    print(condition.wait(0.1))
barrier = threading.Barrier(2)
threading.Thread(target=barrier.wait).start()
barrier.wait()
print(threading.Semaphore(0).acquire(timeout=0.1))
with concurrent.futures.ThreadPoolExecutor() as pool:
    held = threading.Event()
    futures = [pool.submit(time.sleep, 0), pool.submit(time.sleep, 0.1), pool.submit(held.wait)]
    print(len(concurrent.futures.wait(futures, timeout=0.5).done))
    try:
        futures[2].result(timeout=0.01)
    except concurrent.futures.TimeoutError:
        print("not yet")
    held.set()
variable = contextvars.ContextVar("variable", default=0)
variable.set(3)
for run in (variable.get, lambda: contextvars.copy_context().run(variable.get)):
    print(run())
simple = queue.SimpleQueue()
threading.Timer(0.1, simple.put, (5,)).start()
print(simple.get(timeout=2))
local = threading.local()
local.value = 1
thread = threading.Thread(target=lambda: print(hasattr(local, "value")))
thread.start()
thread.join()
print(threading.get_ident() == threading.main_thread().ident, threading.active_count())
print(1 < time.monotonic() - begin < 30)
