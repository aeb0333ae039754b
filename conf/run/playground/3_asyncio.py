"""asyncio: ten clients of one server, one thread."""

import asyncio


async def echo(reader, writer):
    writer.write(await reader.read(100))
    await writer.drain()
    writer.close()


async def ask(address, word):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(word.encode())
    answer = await reader.read(100)
    writer.close()
    return answer.decode()


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        address = server.sockets[0].getsockname()
        words = [f"client {number}" for number in range(10)]
        print(await asyncio.gather(*(ask(address, word) for word in words)))


asyncio.run(main())
