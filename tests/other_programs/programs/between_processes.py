"""What processes hand each other: descriptors, standard streams, names, credentials, signals."""

import contextlib
import multiprocessing
import os
import select
import signal
import socket
import struct
import sys
import tempfile
import threading
import time


def child_of(body, *arguments):
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            body(*arguments)
            sys.stdout.flush()
        finally:
            os._exit(0)
    return pid


def descriptors():
    ours, theirs = socket.socketpair()

    def give():
        reader, writer = os.pipe()
        os.write(writer, b"a pipe of the child's")
        socket.send_fds(theirs, [b"take"], [reader])

    pid = child_of(give)
    message, (number,), _, _ = socket.recv_fds(ours, 10, 1)
    print(message, os.read(number, 100), os.waitpid(pid, 0)[1])

    def take():
        _, (number,), _, _ = socket.recv_fds(theirs, 10, 1)
        with socket.socket(fileno=number) as connection:
            connection.sendall(b"the worker has it")

    pid = child_of(take)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        connection, _ = server.accept()
        socket.send_fds(ours, [b"c"], [connection.fileno()])
        connection.close()
        print(client.recv(100), client.recv(1), os.waitpid(pid, 0)[1])


def super_server():
    """As inetd does: the connection is the program's standard input and output."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            for number in (0, 1):
                os.dup2(connection.fileno(), number)
            print("from print", flush=True)
            command = "import sys; print(sys.stdin.readline().upper(), end='')"
            os.execv(sys.executable, [sys.executable, "-c", command])

        pid = child_of(serve)
        with socket.create_connection(server.getsockname()) as client:
            client.sendall(b"a line\n")
            print(client.makefile().read(), os.waitpid(pid, 0)[1])


def daemon(directory):
    """It closes whatever it may have inherited, and goes elsewhere."""

    def live():
        os.setsid()
        os.closerange(3, writer)
        os.closerange(writer + 1, 256)
        for number in range(3, 256):
            if number != writer:
                with contextlib.suppress(OSError):
                    os.close(number)
        os.chdir(directory)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("relative")
            server.listen()
            os.write(writer, b"!")
            connection, _ = server.accept()
            with connection:
                connection.sendall(connection.recv(100)[::-1])

    reader, writer = os.pipe()
    pid = child_of(live)
    os.read(reader, 1)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(f"{directory}/relative")
        client.sendall(b"nomead")
        print(client.recv(100), client.recv(1), client.getpeername() == "relative")
    os.waitpid(pid, 0)


def who(directory):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{directory}/who")
        server.listen()

        def ask():
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(f"{directory}/who")
                client.recv(1)

        pid = child_of(ask)
        connection, _ = server.accept()
        with connection:
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            print(struct.unpack("3i", credentials)[0] == pid)
        os.waitpid(pid, 0)

    def as_nobody():
        os.setgid(65534)
        os.setuid(65534)
        for kind in (socket.SOCK_STREAM, socket.SOCK_RAW):
            try:
                with socket.socket(socket.AF_INET, kind, 1 if kind == socket.SOCK_RAW else 0) as s:
                    s.bind(("127.0.0.1", 81))
            except OSError as error:
                print(error)

    os.waitpid(child_of(as_nobody), 0)


def epoll():
    """A child waits for a pipe and a socket at once."""
    reader, writer = os.pipe()
    ours, theirs = socket.socketpair()

    def wait():
        with select.epoll() as poll:
            poll.register(reader, select.EPOLLIN)
            poll.register(theirs, select.EPOLLIN)
            seen = [poll.poll(0.01)]
            theirs.sendall(b"ready")
            seen.append([number == reader for number, _ in poll.poll(10)])
            os.read(reader, 1)
            theirs.sendall(b"again")
            seen.append([number == theirs.fileno() for number, _ in poll.poll(10)])
            print(seen)

    pid = child_of(wait)
    seen = [ours.recv(10), os.write(writer, b"x"), ours.recv(10), ours.send(b"y")]
    print(os.waitpid(pid, 0)[1], seen)


def signals():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGTERM])

    def send():
        time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGUSR1)

    thread = threading.Thread(target=send)
    thread.start()
    print(signal.sigwait([signal.SIGUSR1]).name, signal.sigtimedwait([signal.SIGTERM], 0.01))
    thread.join()


def fork_server():
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe()
    child = context.Process(target=theirs.send, args=("by the fork server",))
    child.start()
    print(ours.recv())
    child.join()
    print(child.exitcode)


if __name__ == "__main__":
    descriptors()
    super_server()
    with tempfile.TemporaryDirectory() as directory:
        daemon(directory)
        who(directory)
    epoll()
    signals()
    fork_server()
