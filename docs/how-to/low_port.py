"""A server on a port below 1024 that runs without privileges.

    sudo python3 low_port.py 80 --user www-data        # binds as root, then becomes www-data
    systemd-socket-activate -l 80 python3 low_port.py  # the port comes ready, as descriptor 3

It gives each client its user's number and closes.  What has to be done as root is one function,
and it is over before the first client is let in.
"""

import argparse
import contextlib
import errno
import os
import pwd
import signal
import socket
import sys
import time

FIRST_PASSED = 3
"""The number of the first descriptor that systemd passes: sd_listen_fds(3)."""


def port_number(text: str) -> int:
    """Return *text* as a port; 0 asks the kernel for a free one."""
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
    return port


def passed_listener() -> socket.socket | None:
    """Return the listening socket that whoever started this process has made for it."""
    if os.environ.pop("LISTEN_PID", "") != str(os.getpid()):
        return None
    count = int(os.environ.pop("LISTEN_FDS", "0"))
    if count != 1:
        raise OSError(f"{count} sockets were passed, and one is wanted")
    listener = socket.socket(fileno=FIRST_PASSED)
    if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        listener.close()
        raise OSError("the socket that was passed does not listen")
    listener.set_inheritable(False)
    return listener


def become(user: str) -> None:
    """Give up root's rights, in this order and for good."""
    entry = pwd.getpwnam(user)
    os.setgroups(os.getgrouplist(entry.pw_name, entry.pw_gid))  # while it is still allowed
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)  # real, effective and saved: no way back
    with contextlib.suppress(PermissionError):
        os.setuid(0)
        raise OSError("root's rights are still there")


def open_listener(host: str, port: int, user: str) -> socket.socket:
    """Return the listening socket; after this the process has no privileges."""
    listener = passed_listener() or socket.create_server((host, port))
    try:
        if os.geteuid() == 0:
            become(user)
    except (OSError, KeyError):
        listener.close()
        raise
    return listener


def accept(listener: socket.socket) -> socket.socket:
    """Return the next connection; wait while the process has no descriptor for it."""
    while True:
        try:
            return listener.accept()[0]
        except OSError as error:  # the client stays in the backlog
            if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ECONNABORTED):
                raise
            print(f"{error}; trying again", flush=True)
            time.sleep(0.1)


def serve(listener: socket.socket, clients: int | None) -> None:
    """Tell so many clients, or, with None, clients without end, which user serves them."""
    while clients is None or clients > 0:
        with accept(listener) as connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            connection.sendall(b"served by user %d\n" % os.geteuid())
        clients = clients and clients - 1


def main() -> None:
    """Read the command line and serve until the last client, Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description="Serve on a port below 1024, without privileges.")
    parser.add_argument("port", nargs="?", type=port_number, default=80)
    parser.add_argument("--host", default="127.0.0.1", help="IPv4 address to listen on")
    parser.add_argument("--user", default="nobody", help="whom to become, when started by root")
    parser.add_argument("--clients", type=int, metavar="N", help="end after N clients")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as on Ctrl-C
    try:
        with open_listener(arguments.host, arguments.port, arguments.user) as listener:
            print(f"listening on port {listener.getsockname()[1]}", flush=True)
            serve(listener, arguments.clients)
    except KeyError as error:
        sys.exit(f"{parser.prog}: {error.args[0]}")
    except PermissionError as error:
        sys.exit(f"{parser.prog}: port {arguments.port}: {error}; ports below 1024 need privilege")
    except OSError as error:
        sys.exit(f"{parser.prog}: port {arguments.port}: {error}")
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()
