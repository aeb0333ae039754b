"""Wrong arguments: every function and method, each argument in turn, as CPython refuses them.

    template "x.recv(1, {})"  x  value "1 << 31"  -->  class and text of the error, or the result

`python -m tests.against_kernel.arguments` prints what differs.  The number of arguments is never
wrong: what CPython's C says of that is a deliberate difference.
"""

from __future__ import annotations

import itertools
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from .worlds import Kernel, Model, World

VALUES = ("'x'", "'\\0'", "None", "1.5", "1 << 31", "-(1 << 31) - 1", "1 << 32", "1 << 63",
          "1 << 64",
          "-1", "True", "b'\\xfe'", "[]", "-(1 << 64)", "(1, 2)", "object()")  # fmt: skip

TEMPLATES = """
x.recv({}) | x.recv(1, {}) | x.recv(-1, {}) | x.recvfrom({}) | x.recvfrom(1, {})
x.recv_into({}) | x.recv_into(buffer, {}) | x.recv_into(buffer, 0, {})
x.recv_into(buffer, flags={}) | x.recvfrom_into({}) | x.recvfrom_into(buffer, {})
x.recvfrom_into(buffer, 0, {}) | x.recvmsg({}) | x.recvmsg(1, {}) | x.recvmsg(1, 0, {})
x.recvmsg_into({}) | x.recvmsg_into([{}]) | x.recvmsg_into([buffer], {})
x.recvmsg_into([buffer], 0, {}) | x.send({}) | x.send(b'', {}) | x.sendall({})
x.sendall(b'', {}) | u.sendto(b'a', {}) | u.sendto(b'a', {}, there) | u.sendto({}, there)
u.sendto(b'a', 0, {}) | u.sendto(b'a', ('127.0.0.1', {})) | u.sendto(b'a', ({}, 9, 0))
x.sendmsg({}) | x.sendmsg([{}]) | x.sendmsg([b''], {}) | x.sendmsg([b''], [{}])
x.sendmsg([b''], [({}, 1, b'')]) | x.sendmsg([b''], [(1, {}, b'')])
x.sendmsg([b''], [(1, 1, {})]) | x.sendmsg([b''], [[1, 1, {}]]) | x.sendmsg([b''], [(1, {})])
x.sendmsg([b''], [(1, 1, b'', {})]) | x.sendmsg([b''], [], {}) | x.sendmsg([b''], [], 0, {})
u.sendmsg([b''], [], 0, {}) | server.listen({}) | x.shutdown({}) | t.settimeout({}) | u.bind({})
u.bind(({}, 0, 0)) | u.bind(('127.0.0.1', {})) | u6.bind(('::1', {})) | u6.bind(('::1', 0, {}))
u6.bind(('::1', 0, 0, {})) | u6.bind(('1.2.3.4', {})) | u6.bind(({}, {}, 1, 2, 3))
u.connect({}) | u.connect_ex({}) | u.getsockopt({}, 1) | u.getsockopt(1, {})
u.getsockopt(1, 2, {}) | u.setsockopt({}, 2, 1) | u.setsockopt(1, {}, 1)
u.setsockopt(1, 2, {}) | u.setsockopt(1, 2, None, {}) | u.setsockopt(1, 2, {}, 4)
u.setsockopt({}, 2, None, 4) | poll.register({}) | poll.register(0, {}) | poll.modify(0, {})
poll.modify({}, 1) | poll.unregister({}) | select.select({}, [], [], 0)
select.select([{}], [], [], 0) | epoll.register({}) | epoll.register(0, {})
epoll.register(x, {}) or epoll.unregister(x) | epoll.modify(x, {}) | epoll.unregister({})
epoll.poll(0, {}) | select.epoll({}) | select.epoll(1, {}) | socket.socket({})
socket.socket(AF_INET, {}) | socket.socket(AF_INET, SOCK_STREAM, {}) | socket.socket(fileno={})
socket.socketpair({}) | socket.socketpair(AF_UNIX, {})
socket.socketpair(AF_UNIX, SOCK_STREAM, {}) | socket.fromfd(u, {}, 1) | socket.htons({})
socket.ntohs({}) | socket.htonl({}) | socket.ntohl({}) | socket.inet_aton({})
socket.inet_ntoa({}) | socket.inet_pton(AF_INET, {}) | socket.inet_pton({}, '1')
socket.inet_ntop(AF_INET, {}) | socket.inet_ntop({}, bytes(4)) | socket.CMSG_LEN({})
socket.CMSG_SPACE({}) | socket.if_indextoname({}) | socket.if_nametoindex({})
socket.getservbyname({}) | socket.getservbyname('http', {}) | socket.getservbyport({})
socket.getservbyport(80, {}) | socket.getprotobyname({}) | socket.gethostbyname(({}, 1))
socket.setdefaulttimeout({}) | socket.getaddrinfo('127.0.0.1', {})
socket.getaddrinfo('127.0.0.1', 80, {}) | socket.getaddrinfo('127.0.0.1', 80, 0, {})
socket.getaddrinfo('127.0.0.1', 80, 0, 1, {}) | socket.getaddrinfo('127.0.0.1', 80, 0, 1, 0, {})
socket.getnameinfo({}, 0) | socket.getnameinfo(('127.0.0.1', {}), 3)
socket.getnameinfo(there, {}) | socket.getnameinfo(('::1', 80, {}, 0), 3)
socket.getnameinfo(('::1', 80, 0, {}), 3) | socket.create_server({})
socket.create_server(there, family={}) | socket.create_server(here, backlog={})
socket.send_fds(x, {}, []) | socket.send_fds(x, [b'a'], {}) | socket.recv_fds(x, {}, 1)
socket.recv_fds(x, 1, {}) | x.makefile({}) | x.makefile('rb', {}) | x.sendfile({})
x.set_inheritable({})
"""

SETTING = """
server = socket.create_server(("127.0.0.1", 0))
t = socket.create_connection(server.getsockname())
u, u6 = socket.socket(AF_INET, SOCK_DGRAM), socket.socket(AF_INET6, SOCK_DGRAM)
x, y = socket.socketpair()
for each in (t, u, u6, x):
    each.setblocking(False)
here, there, buffer = ("127.0.0.1", 0), ("127.0.0.1", 9), bytearray(5)
epoll, poll = select.epoll(), select.poll()
"""

KEPT = r"makefile\(b|create_server\(b|(makefile|settimeout|setdefaulttimeout)\(None"
"""Not asked: what makes a warning, and what would make later calls wait."""


def lines() -> Iterator[str]:
    """Yield every call, in one order."""
    templates = [each for each in map(str.strip, re.split(r"[|\n]", TEMPLATES)) if each]
    for template, value in itertools.product(templates, VALUES):
        line = template.replace("{}", value)
        if not re.search(KEPT, line):
            yield line


def shown(value: Any) -> str:
    """Return a result without what the host decides; close what it opened."""
    if isinstance(value, tuple):
        return ", ".join(map(shown, value))
    if hasattr(value, "close"):
        value.close()
        return type(value).__name__
    return repr(value)


def answers(world: World) -> list[tuple[str, str]]:
    """Make every call in a world; return each with its result or error."""
    names: dict[str, Any] = dict(world.modules)
    names |= {name: value for name, value in vars(names["socket"]).items() if name.isupper()}
    exec(SETTING, names)
    result = []
    for line in lines():
        try:
            text = shown(eval(line, names))
        except Exception as error:
            text = f"{type(error).__name__}: " + re.sub(r"0x[0-9a-f]+", "0x", str(error))
        result.append((line, text))
        names["socket"].setdefaulttimeout(None)
    for each in ("server", "t", "u", "u6", "x", "y", "epoll"):
        names[each].close()
    return result


def main() -> int:
    """Print every call that the two answer differently."""
    # Bytes name descriptors too.  Beyond the process's table of them Linux's select looks at
    # none and says ready, so the table is made to have the numbers, and nothing is left open.
    os.dup2(0, 300)
    os.closerange(3, 301)
    with tempfile.TemporaryDirectory() as home:
        os.chdir(home)  # where u.bind and its like make nothing, and others might
        kernel, model = answers(Kernel()), answers(Model())
    differ = [(line, one, other) for (line, one), (_, other) in zip(kernel, model, strict=True)
              if one != other]
    for line, one, other in differ:
        print(f"{line}\n    kernel: {one}\n    model:  {other}")
    print(f"{len(kernel)} calls with a wrong argument, {len(differ)} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
