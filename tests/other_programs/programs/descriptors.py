"""What a program does with a socket's descriptor besides sending and receiving."""

import copy
import fcntl
import gc
import os
import pickle
import select
import socket
import stat
import struct
import tempfile
import threading
import warnings
import weakref


def attempt(function, *arguments):
    try:
        print(function(*arguments))
    except (OSError, TypeError, ValueError) as error:
        print(type(error).__name__, error)


def counts(sock):
    return iter(lambda: len(sock.recv(65536)), 0)


a, b = socket.socketpair()
print(stat.S_ISSOCK(os.fstat(a.fileno()).st_mode), os.isatty(a.fileno()))
print(os.path.sameopenfile(a.fileno(), os.dup(a.fileno())))
print(os.path.sameopenfile(a.fileno(), b.fileno()))
print(os.fstat(a.fileno()).st_ino == os.fstat(a.fileno()).st_ino)
attempt(os.lseek, a.fileno(), 0, 0)
print(os.execve in os.supports_fd, os.readlink in os.supports_dir_fd)
attempt(os.readlink, 1.5)

# flags, by fcntl and by their own functions
flags = fcntl.fcntl(a, fcntl.F_GETFL)
fcntl.fcntl(a, fcntl.F_SETFL, flags | os.O_NONBLOCK)
attempt(a.recv, 1)
print(a.gettimeout(), os.get_blocking(a.fileno()))
fcntl.fcntl(a.fileno(), fcntl.F_SETFL, flags)
print(fcntl.fcntl(a, fcntl.F_GETFL) & os.O_NONBLOCK, a.get_inheritable())
fcntl.fcntl(a, fcntl.F_SETFD, 0)
print(a.get_inheritable())
number = fcntl.fcntl(a, fcntl.F_DUPFD, 50)
b.send(b"by another number")
with socket.socket(fileno=number) as again:
    print(number >= 50, again.recv(99))

# a child's O_NONBLOCK is the parent's too, and no other socket's
if not os.fork():
    fcntl.fcntl(b, fcntl.F_SETFL, fcntl.fcntl(b, fcntl.F_GETFL) | os.O_NONBLOCK)
    os._exit(0)
os.wait()
print(*(fcntl.fcntl(each, fcntl.F_GETFL) & os.O_NONBLOCK > 0 for each in (a, b)))
print(*(os.get_blocking(each.fileno()) for each in (a, b)))
os.set_blocking(b.fileno(), True)

# with a timeout of 0 too, the descriptor's own flag says whether a call waits
a.setblocking(False)
other = a.dup()
other.setblocking(True)
threading.Timer(0.1, b.send, (b"later",)).start()
print(a.gettimeout(), a.recv(9))
other.close()
a.setblocking(True)

# nothing to read, nothing to write; an offset is no file's that cannot seek
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as empty:
    fd = empty.fileno()
    print(os.read(fd, 0), os.readv(fd, [bytearray(0)]), os.writev(fd, [b"", b""]))
    for function, *arguments in (
            (os.write, b""), (os.write, 5), (os.read, -1), (os.readv, 5), (os.writev, 5),
            (os.pread, 1, 0), (os.preadv, [bytearray(1)], 0), (os.pwritev, [b"x"], -1),
            (os.preadv, [bytearray(1)], -1, os.RWF_NOWAIT)):
        attempt(function, fd, *arguments)
os.pwritev(b.fileno(), [b"ab", b"cd"], -1)
parts = [bytearray(3), bytearray(3)]
print(os.preadv(a.fileno(), parts, -1), parts)

# dup, dup2, detach, fromfd, reuse of a number
print(os.dup2(a.fileno(), 77))
attempt(os.dup2, 9999, 77)  # and 77 stays open
b.send(b"dup2")
print(os.read(77, 9))
os.close(77)
c = a.dup()
a.close()
b.send(b"dup")
print(c.recv(9))
d = socket.socket(fileno=c.detach())
print(c.fileno(), d.family.name, d.type.name)
with socket.fromfd(d.fileno(), socket.AF_UNIX, socket.SOCK_STREAM) as e:
    b.send(b"fromfd")
    print(e.recv(9))
lowest = d.fileno()
os.close(lowest)
attempt(d.recv, 1)
d.detach()
with socket.socket() as reused:
    print(reused.fileno() == lowest)
b.close()

# O_NONBLOCK goes along with a descriptor that is sent
one, other = socket.socketpair()
with one, other, socket.socket() as sent:
    sent.setblocking(False)
    socket.send_fds(one, [b"x"], [sent.fileno()])
    brought = socket.recv_fds(other, 1, 1)[1][0]
    print(os.get_blocking(brought))
    os.close(brought)

# a number that os.close() gave back names what has it now
with socket.socket(socket.AF_UNIX) as forgotten:
    socket.close(forgotten.fileno())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reused:
        reused.bind(("127.0.0.1", 0))
        print(forgotten.getsockname() == reused.getsockname())
        forgotten.detach()

# files and buffers
a, b = socket.socketpair()
with b.makefile("rw") as file:
    file.write("a line\n")
    file.flush()
    print(a.recv(99))
    a.sendall(b"one\ntwo\n")
    print(repr(file.readline()), repr(file.readline()))
with os.fdopen(os.dup(b.fileno()), "wb", 0) as file:
    file.write(b"by fdopen")
print(a.recv(99))
with open(b.fileno(), "rb", buffering=0, closefd=False) as file:
    a.send(b"by open")
    print(file.read(99))
for held, (read_end, write_end) in enumerate((os.pipe(), (b.detach(), a.detach()))):
    os.set_blocking(read_end, False)
    for mode, buffering in (("wb", -1), ("wb", 2), ("wb", 9000), ("w", -1), ("w", 1), ("w", 9000)):
        with open(write_end, mode, buffering, closefd=False) as file:
            for line in "x" * 2500 + "\n", "y" * 2500 + "\n", "z":
                file.write(line.encode() if "b" in mode else line)
            print(held, mode, buffering, attempt(lambda end: len(os.read(end, 9999)), read_end))
        print(attempt(lambda end: len(os.read(end, 9999)), read_end))
    for mode, buffering, encoding in (("w", 0, None), ("wb", -1, "utf-8"), ("r+b", -1, None)):
        attempt(open, os.dup(write_end), mode, buffering, encoding)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        open(write_end, "wb", 1, closefd=False).close()
    print([(str(each.message), each.filename == __file__) for each in caught])
a, b = socket.socketpair()
os.writev(a.fileno(), [b"ab", b"cd"])
parts = [bytearray(3), bytearray(3)]
print(os.readv(b.fileno(), parts), parts)
with tempfile.TemporaryFile() as file:
    file.write(b"x" * 100000)
    file.flush()
    received = []
    reader = threading.Thread(target=lambda sock: received.extend(counts(sock)), args=(b,))
    reader.start()
    file.seek(0)
    print(a.sendfile(file), file.tell(), a.sendfile(file, offset=5, count=10))
    print(os.sendfile(a.fileno(), file.fileno(), 99990, 100))
    source, _ = os.pipe()
    attempt(os.sendfile, a.fileno(), source, None, 1)
    a.close()
    reader.join()
    print(sum(received))

# who is told by a signal, the mode of a file that bind() makes
PROCESS, SET, GET, GROUP_SET, GROUP_GET, ASYNC = (
    os.getpid(), 0x8901, 0x8903, 0x8902, 0x8904, 0x5452)
with socket.socket() as sock:
    for request in (SET, GROUP_SET):
        for owner in (PROCESS, -os.getpgrp(), 0, 99999999, -(2**31)):
            attempt(lambda r, o: len(fcntl.ioctl(sock, r, struct.pack("i", o))), request, owner)
            print([struct.unpack("i", fcntl.ioctl(sock, each, bytes(4)))[0] == owner
                   for each in (GET, GROUP_GET)])
    fcntl.fcntl(sock, fcntl.F_SETOWN, PROCESS)
    print(fcntl.ioctl(sock, GET, bytes(4)) == struct.pack("i", PROCESS))
    for flag in (1, 0):
        fcntl.ioctl(sock, ASYNC, struct.pack("i", flag))
        print(bool(fcntl.fcntl(sock, fcntl.F_GETFL) & os.O_ASYNC))
for mode in (0o600, 0o1777, 0):
    with socket.socket(socket.AF_UNIX) as sock, tempfile.TemporaryDirectory() as directory:
        os.fchmod(sock.fileno(), mode)
        sock.bind(f"{directory}/door")
        os.fchmod(sock.fileno(), 0o640)
        print(oct(os.stat(f"{directory}/door").st_mode), oct(os.fstat(sock.fileno()).st_mode))
        os.fchown(sock.fileno(), 1, 1)
        print(os.fstat(sock.fileno()).st_uid)
with select.epoll.fromfd(-1) as epoll:
    print(epoll.poll(0))
attempt(select.epoll.fromfd, -2)
number = os.dup(0)
select.epoll.fromfd(number).close()  # of whatever it is
attempt(os.fstat, number)

# not a socket, not open, not to be copied
read_end, write_end = os.pipe()
attempt(lambda: socket.socket(fileno=read_end))
attempt(lambda: socket.socket(fileno=9999))
socket.close(write_end)
attempt(os.write, write_end, b"x")
for function in (pickle.dumps, copy.copy):
    attempt(function, b)
reference = weakref.ref(b)
b.close()
del b, reader
gc.collect()
print(reference())
print(pickle.loads(pickle.dumps(socket.AF_INET)), pickle.loads(pickle.dumps(TimeoutError("x"))))
