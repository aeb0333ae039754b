"""A server that its successor replaces, unnoticed by clients: the listening socket is passed on.

    python3 hand_over.py 50007 /run/user/1000/greeter.sock --name first
    python3 hand_over.py 50007 /run/user/1000/greeter.sock --name second     # first ends by itself

    second     connect       -->   first    is it the same user?  (SO_PEERCRED)
               <--  the listening socket    (SCM_RIGHTS)
               I have it    -->             removes the path, and ends
               accepts the clients

The port is never closed, so a client that comes in between waits in the backlog.  The path is open
to this user only.  Whoever connects there and does not say that it has the socket, changes nothing.
"""

import argparse
import contextlib
import errno
import os
import selectors
import signal
import socket
import stat
import struct
import sys
import time

CREDENTIALS = struct.Struct("iII")
LIMIT = 2.0
"""Seconds to wait for the other process, and for a client."""


def port_number(text: str) -> int:
    """Return *text* as a port; 0 asks the kernel for a free one."""
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
    return port


def is_same_user(connection: socket.socket) -> bool:
    """Tell whether the peer was our user, or root, when it called connect or listen."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return CREDENTIALS.unpack(raw)[1] in (0, os.geteuid())


def take_over(path: str) -> socket.socket | None:
    """Return the listening socket of the server that runs, or None if none does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(LIMIT)
        try:
            connection.connect(path)
        except FileNotFoundError:
            return None
        except ConnectionRefusedError:  # its file stayed behind
            if stat.S_ISSOCK(os.lstat(path).st_mode):
                os.unlink(path)
            return None
        if not is_same_user(connection):
            raise PermissionError(errno.EPERM, "another user's server", path)
        _, descriptors, flags, _ = socket.recv_fds(connection, 16, 1)
        received = [socket.socket(fileno=each) for each in descriptors]
        listens = [each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) for each in received]
        if listens != [1] or flags & socket.MSG_CTRUNC:
            for each in received:
                each.close()
            raise ConnectionError("the server that runs did not pass its socket")
        connection.sendall(b"!")
        connection.recv(1)  # b"": it has gone, and the path is free
        return received[0]


def open_control(path: str) -> socket.socket:
    """Return a socket that waits for a successor, open to this user only."""
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        control.bind(path)
        os.chmod(path, 0o600)  # between bind and listen nobody can connect yet
        control.listen(1)
    except OSError:
        control.close()
        raise
    return control


def is_handed_over(control: socket.socket, listener: socket.socket, path: str) -> bool:
    """Pass the listening socket to who has connected; return whether that was done."""
    successor, _ = control.accept()
    with successor, contextlib.suppress(OSError):
        successor.settimeout(LIMIT)
        if is_same_user(successor):
            socket.send_fds(successor, [b"yours"], [listener.fileno()])
            if successor.recv(1) == b"!":
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)  # the name is the successor's from now on
                return True
    return False


def greet(listener: socket.socket, name: str) -> None:
    """Tell one client who serves it, and wait until it has read that."""
    try:
        connection, _ = listener.accept()
    except BlockingIOError:  # the client has gone, or the other process was faster
        return
    except OSError as error:  # the client stays in the backlog
        if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ECONNABORTED):
            raise
        print(f"{error}; trying again", flush=True)
        time.sleep(0.1)
        return
    with connection, contextlib.suppress(OSError):
        connection.settimeout(LIMIT)
        connection.sendall(f"served by {name}\n".encode())
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
    print(f"{name} has served a client", flush=True)


def serve(listener: socket.socket, control: socket.socket, path: str, name: str) -> None:
    """Serve clients until a successor has taken over."""
    with selectors.DefaultSelector() as selector:
        listener.setblocking(False)  # for both processes: they share what the descriptors stand for
        selector.register(listener, selectors.EVENT_READ)
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is listener:
                    greet(listener, name)
                elif is_handed_over(control, listener, path):
                    print(f"{name} has handed over", flush=True)
                    return


def main() -> None:
    """Read the command line; take over or begin, and serve."""
    parser = argparse.ArgumentParser(description="A server that can be replaced while it runs.")
    parser.add_argument("port", type=port_number, help="0: any free port")
    parser.add_argument("path", help="where the successor asks for the listening socket")
    parser.add_argument("--name", default=f"process {os.getpid()}")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as on Ctrl-C: remove the file
    try:
        listener = take_over(arguments.path)
        begun = "took over" if listener else "listening on"
        with (
            listener or socket.create_server(("127.0.0.1", arguments.port)) as listener,
            open_control(arguments.path) as control,
        ):
            try:
                print(f"{begun} port {listener.getsockname()[1]}", flush=True)
                serve(listener, control, arguments.path, arguments.name)
            except BaseException:  # Ctrl-C, too; after a hand-over the file is the successor's
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(arguments.path)
                raise
    except OSError as error:
        sys.exit(f"{parser.prog}: {arguments.path}, port {arguments.port}: {error}")
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()
