"""The same program gives the same run: on every CPython, under hash randomisation, every time.

    programs    what is run: threads, asyncio, HTTP, backpressure, datagrams
    trace       the child: runs one program on a machine of its own and prints every event
"""
