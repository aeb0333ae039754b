"""A network of one's own: only `lo`, no port or abstract name in use, no packet can leave.

Linux's network namespaces give it to root, and to others where user namespaces are allowed.
Without it the judge still runs on the system's own loopback; raw sockets then need root.
"""

import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


def enter() -> bool:
    """Move this process into a new network namespace with `lo` up; say whether it worked."""
    uid, gid = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
            return False
        _become_root(uid, gid)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
    return True


def _become_root(uid: int, gid: int) -> None:
    """Map the user to root of the new user namespace (user_namespaces(7))."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
