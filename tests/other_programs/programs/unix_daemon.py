"""A daemon at a path: it opens files for its clients and passes the descriptors."""

import os
import pathlib
import socket
import stat
import struct
import sys
import tempfile
import threading

directory = pathlib.Path(tempfile.mkdtemp())
path = directory / "daemon.socket"
(directory / "motd").write_text("hello from a file\n")


def serve(listener):
    while True:
        connection, _ = listener.accept()
        with connection:
            name = connection.recv(100).decode()
            if not name:
                return
            pid, uid, _ = struct.unpack(
                "3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            )
            assert (pid, uid) == (os.getpid(), os.getuid())
            try:
                descriptor = os.open(directory / name, os.O_RDONLY)
            except OSError as error:
                connection.sendall(str(error.strerror).encode())
                continue
            socket.send_fds(connection, [b"ok"], [descriptor, listener.fileno()])
            os.close(descriptor)


def ask(name):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        sock.sendall(name)
        if not name:
            return
        answer, descriptors, flags, _ = socket.recv_fds(sock, 100, 2)
        print(answer, len(descriptors), flags)
        if descriptors:
            with open(descriptors[0]) as file:
                print(file.read().strip())
            with socket.socket(fileno=descriptors[1]) as again:
                print(again.getsockname() == str(path), again.family.name)


with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(str(path))
    listener.listen()
    path.chmod(0o700)
    print(stat.S_ISSOCK(path.stat().st_mode), oct(path.stat().st_mode & 0o777))
    thread = threading.Thread(target=serve, args=(listener,))
    thread.start()
    ask(b"motd")
    ask(b"missing")
    ask(b"")
    thread.join()
try:
    socket.socket(socket.AF_UNIX).connect(str(path))
except OSError as error:
    print(error)
path.unlink()


def become_nobody():
    os.setgid(65534)
    os.setuid(65534)


def bind(name):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(name)
        status = os.stat(name)
        print(os.path.basename(name), oct(status.st_mode), status.st_uid, status.st_gid)


def closed_to_others():
    os.umask(0o077)
    bind("closed")
    bind(str(directory / "by its whole name"))


def open_to_all():
    os.umask(0)
    bind("open")


def nobody_where_anybody_may():
    become_nobody()
    os.umask(0o007)
    os.chdir("anybody's")
    bind("nobody's")


def nobody_where_root_may():
    become_nobody()
    bind("roots")


def nobody_at_roots_door():
    become_nobody()
    socket.socket(socket.AF_UNIX).connect("door")


# children have their own umask, user and directory
os.chdir(directory)
directory.chmod(0o755)
(directory / "anybody's").mkdir()
(directory / "anybody's").chmod(0o777)
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind("door")
    listener.listen()
    for in_child in (closed_to_others, open_to_all, nobody_where_anybody_may,
                     nobody_where_root_may, nobody_at_roots_door):  # fmt: skip
        child = os.fork()
        if child == 0:
            try:
                in_child()
            except OSError as error:
                print(in_child.__name__, error)
            finally:
                sys.stdout.flush()
                os._exit(0)
        os.waitpid(child, 0)
bind("parents")
