"""asyncio: streams, datagrams, UNIX sockets, low-level calls, signals, children, pipes, limits."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
import threading


async def main():
    loop = asyncio.get_running_loop()
    d = tempfile.mkdtemp()

    async def h(r, w):
        w.write((await r.read(100)).upper())
        await w.drain()
        w.close()

    s = await asyncio.start_unix_server(h, d + "/s")
    r, w = await asyncio.open_unix_connection(d + "/s")
    w.write(b"unix")
    print(await r.read())
    w.close()
    s.close()
    await s.wait_closed()

    class P(asyncio.DatagramProtocol):
        def connection_made(self, t):
            self.t = t

        def datagram_received(self, x, a):
            self.t.sendto(x.upper(), a)

    t, _p = await loop.create_datagram_endpoint(P, local_addr=("127.0.0.1", 0))
    c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    c.setblocking(False)
    await loop.sock_connect(c, t.get_extra_info("sockname"))
    await loop.sock_sendall(c, b"dgram")
    print(await loop.sock_recv(c, 10))
    t.close()
    s1 = await asyncio.start_server(h, "127.0.0.1", 0, reuse_port=True)
    port = s1.sockets[0].getsockname()[1]
    s2 = await asyncio.start_server(h, "127.0.0.1", port, reuse_port=True)
    print(len(s2.sockets))
    low = socket.create_server(("127.0.0.1", 0))
    low.setblocking(False)

    async def acc():
        x, _a = await loop.sock_accept(low)
        await loop.sock_sendall(x, await loop.sock_recv(x, 9))
        x.close()

    tk = asyncio.create_task(acc())
    x = socket.socket()
    x.setblocking(False)
    await loop.sock_connect(x, low.getsockname())
    await loop.sock_sendall(x, b"low")
    print(await loop.sock_recv(x, 9))
    await tk
    got = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, got.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await got.wait()
    print("signal")
    loop.remove_signal_handler(signal.SIGUSR1)
    proc = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print(input().upper())", stdin=-1, stdout=-1
    )
    print(await proc.communicate(b"sub\n"), proc.returncode)
    print(await loop.run_in_executor(None, lambda: 5), await asyncio.to_thread(lambda: 6))
    threading.Timer(1, lambda: loop.call_soon_threadsafe(got.clear)).start()
    while got.is_set():
        await asyncio.sleep(0.3)
    found = await loop.getaddrinfo("localhost", 80, family=socket.AF_INET, type=socket.SOCK_STREAM)
    print(found[0][4])
    rp, wp = os.pipe()
    rd = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(rd), os.fdopen(rp, "rb"))
    os.write(wp, b"pipe\n")
    print(await rd.readline())
    try:
        async with asyncio.timeout(2):
            await asyncio.sleep(100)
    except TimeoutError:
        print("timeout")
    async with asyncio.TaskGroup() as tg:
        a = tg.create_task(asyncio.sleep(1, "a"))
        b = tg.create_task(asyncio.sleep(2, "b"))
    print(a.result(), b.result())


asyncio.run(main())
