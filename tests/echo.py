"""Two ends in one program, for the tests that need a conversation and not a particular one."""

THREADED = """\
import socket, threading

def serve(listener):
    connection, _ = listener.accept()
    with connection:
        while data := connection.recv(100):
            connection.sendall(data)

with socket.create_server(("127.0.0.1", 0)) as listener:
    thread = threading.Thread(target=serve, args=(listener,))
    thread.start()
    with socket.create_connection(listener.getsockname()) as client:
        client.sendall(b"hello")
        client.recv(100)
    thread.join()
"""

ASYNCIO = """\
import asyncio
async def echo(reader, writer):
    writer.write(await reader.read(9)); writer.close()
async def main():
    async with await asyncio.start_server(echo, '127.0.0.1', 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b'ping'); print(await reader.read()); writer.close()
asyncio.run(main())
"""
