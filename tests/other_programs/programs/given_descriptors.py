"""A server that is given its socket as a descriptor, and says that it is of another family."""

import io
import os
import socket
import sys


def say(call, *arguments):
    try:
        result = call(*arguments)
    except OSError as error:
        print(call.__name__, error)
    else:
        print(call.__name__, result[0] if isinstance(result, tuple) else result)


for real, address in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET6, ("::1", 0))):
    for shown in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):
        print(real.name, "as", shown.name)
        with socket.socket(real) as own:
            given = socket.fromfd(own.fileno(), shown, socket.SOCK_STREAM)
            if shown == socket.AF_UNIX:
                say(given.getsockname)
            if shown != real:
                other = "x" if shown == socket.AF_UNIX else ("127.0.0.1", 9)
                other = ("::1", 9) if shown == socket.AF_INET6 else other
                say(given.bind, other)
                say(given.connect, other)
            own.bind(address)
            given.listen()
            with socket.create_connection(own.getsockname()[:2]):
                connection, peer = given.accept()
                if (real, shown) != (socket.AF_INET6, socket.AF_INET):  # room for a part of it
                    print(connection.family.name, peer[0], given.getsockname()[0])
                connection.close()
            given.close()

with socket.create_server(("127.0.0.1", 0)) as server:
    before, sys.stdin = sys.stdin, io.StringIO("not a file")
    kept = os.dup(0)
    os.dup2(server.fileno(), 0)  # as an inetd does
    with socket.socket(fileno=os.dup(0)) as inherited:
        print(inherited.getsockname() == server.getsockname())
    os.dup2(kept, 0)
    os.close(kept)
    print(sys.stdin.read())
    sys.stdin = before
