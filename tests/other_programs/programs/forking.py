"""A process with sockets open makes children that do not touch them."""

import asyncio
import multiprocessing
import os
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path


def double(number):
    one, other = socket.socketpair()  # the child's own
    with one, other:
        one.sendall(bytes([2 * number]))
        return other.recv(1)[0]


async def serve_and_fork():
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        with multiprocessing.get_context("fork").Pool(1) as pool:
            return await asyncio.to_thread(pool.map, double, [1, 2, 3])


def main():
    one, other = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        one.close()
        other.close()
        os._exit(7)
    seen = []
    thread = threading.Thread(target=seen.append, args=("meanwhile",))
    thread.start()
    print(os.WEXITSTATUS(os.wait4(pid, 0)[1]))
    thread.join()
    print(seen)
    one.sendall(b"still here")
    print(other.recv(100))
    print(asyncio.run(serve_and_fork()))

    pid = os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "0.1")
    seen = []
    waiter = threading.Thread(target=lambda: seen.append(os.waitid(os.P_PID, pid, os.WEXITED)))
    waiter.start()
    while not seen:
        time.sleep(0.01)
    print(seen[0].si_pid == pid)
    import_from_two_threads()


def import_from_two_threads():
    """Both wait for one module, whose own code waits."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "slow_to_load.py").write_text("import time; time.sleep(0.1); done = True")
        sys.path.insert(0, directory)

        def load():
            import slow_to_load

            seen.append(slow_to_load.done)

        seen = []

        threads = [threading.Thread(target=load) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(seen)


if __name__ == "__main__":
    main()
