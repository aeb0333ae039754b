"""A scanner of ports: connect_ex, one after the other and with selectors."""

import errno
import selectors
import socket

servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
unused = socket.socket()
unused.bind(("127.0.0.1", 0))  # bound, not listening
targets = [server.getsockname() for server in (*servers, unused)]
for target in targets:
    with socket.socket() as sock:
        sock.settimeout(1)
        print(errno.errorcode.get(sock.connect_ex(target), "open"))

with selectors.DefaultSelector() as selector:
    for number, target in enumerate(targets):
        sock = socket.socket()
        sock.setblocking(False)
        print(errno.errorcode[sock.connect_ex(target)])
        selector.register(sock, selectors.EVENT_WRITE, number)
    found = {}
    while len(found) < len(targets):
        for key, _ in selector.select(timeout=5):
            error = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            found[key.data] = errno.errorcode.get(error, "open")
            selector.unregister(key.fileobj)
            key.fileobj.close()
    print(sorted(found.items()))
for server in (*servers, unused):
    server.close()
