"""Programs that a program starts, in every way, talk to it by sockets."""

import concurrent.futures
import multiprocessing
import multiprocessing.managers
import os
import socket
import subprocess
import sys
import threading

SERVER = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    connection, _ = server.accept()
    with connection, connection.makefile("rb") as lines:
        for line in lines:
            connection.sendall(line.upper())
"""
CLIENT = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as client:
    client.sendall(b"from a shell's child")
    print(client.recv(100), flush=True)
"""
EXECUTED = """
import os, socket, sys
with socket.socket(fileno=int(sys.argv[1])) as inherited:
    try:
        os.fstat(int(sys.argv[2]))
    except OSError as error:
        print(error, flush=True)
    inherited.sendall(b"executed")
"""


def everything(sock):
    with sock, sock.makefile("rb") as stream:
        return stream.read()


def ask(port, text):
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(text)
        return client.recv(100)


def answer(listener, times=1):
    for _ in range(times):
        connection, _ = listener.accept()
        with connection:
            connection.sendall(connection.recv(100)[::-1])


def accept_in_a_child(listener, pipe):
    answer(listener)
    pipe.send("served")


def subprocesses():
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True
    ) as child:
        port = int(child.stdout.readline())
        print(ask(port, b"a line\n"))
    print(child.returncode)

    one, other = socket.socketpair()
    command = [sys.executable, "-c", "print(input()[::-1])"]
    with subprocess.Popen(command, stdin=other, stdout=other):
        other.close()
        one.sendall(b"its standard input\n")
        print(everything(one))

    one, other = socket.socketpair()
    command = [sys.executable, "-c", EXECUTED, str(other.fileno()), "12345"]
    with subprocess.Popen(command, pass_fds=[other.fileno()]):
        other.close()
        print(everything(one))


def shells():
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        command = f'{sys.executable} -c "$CLIENT" {server.getsockname()[1]}; echo end'
        with os.popen(command) as output:
            print(output.read())
        thread.join()
    print(os.waitstatus_to_exitcode(os.system("exit 3")))


def executed():
    one, other = socket.socketpair()
    closed, peer = socket.socketpair()
    other.set_inheritable(True)
    pid = os.fork()
    if pid == 0:
        numbers = [str(other.fileno()), str(closed.fileno())]
        os.execv(sys.executable, [sys.executable, "-c", EXECUTED, *numbers])
    other.close()
    closed.close()
    print(everything(one), everything(peer), os.waitpid(pid, 0)[1])

    status = os.posix_spawn(sys.executable, [sys.executable, "-c", "exit(4)"], os.environ)
    print(os.waitstatus_to_exitcode(os.waitpid(status, 0)[1]))


def spawned():
    context = multiprocessing.get_context("spawn")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        thread = threading.Thread(target=answer, args=(server, 2))
        thread.start()
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
            print(list(pool.map(ask, [port] * 2, [b"cba", b"fed"])))
        thread.join()

        mine, its = context.Pipe()
        child = context.Process(target=accept_in_a_child, args=(server, its))
        child.start()
        print(ask(port, b"a listening socket as an argument"), mine.recv())
        child.join()
        print(child.exitcode)
    with multiprocessing.managers.SyncManager(ctx=context) as manager:
        shared = manager.dict()
        shared["by"] = "a socket of its own"
        print(dict(shared))


if __name__ == "__main__":
    os.environ["CLIENT"] = CLIENT
    subprocesses()
    shells()
    executed()
    spawned()
