"""How many descriptors there may be: asked for, lowered, reached, raised again."""

import errno
import os
import resource
import socket

soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
print(0 < soft <= hard)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
print(resource.getrlimit(resource.RLIMIT_NOFILE) == (64, hard))
print(resource.prlimit(0, resource.RLIMIT_NOFILE) == (64, hard))

sockets = []
try:
    while True:
        sockets.append(socket.socket())
except OSError as error:
    print(errno.errorcode[error.errno], sockets[-1].fileno())
try:
    sockets[0].dup()
except OSError as error:
    print(errno.errorcode[error.errno])
try:
    os.open(os.devnull, os.O_RDONLY)
except OSError as error:
    print(errno.errorcode[error.errno])

resource.setrlimit(resource.RLIMIT_NOFILE, (65, hard))
print(sockets[0].dup().fileno() < 65)
resource.prlimit(0, resource.RLIMIT_NOFILE, (soft, hard))
with socket.socket() as one:
    print(one.fileno() >= 64, resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard))

for limits in ((hard + 1, hard), (1, 2, 3), ("many", hard)):
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    except (ValueError, TypeError) as error:
        print(type(error).__name__, error)
for each in sockets:
    each.close()
print(resource.getrlimit(resource.RLIMIT_CORE)[0] >= 0 or "unlimited")
