"""How a call fails: Linux's error numbers, their texts, and the exception for each.

``OSError(11, ...)`` becomes a ``BlockingIOError`` only on a host whose EAGAIN is 11, and
in a browser EAGAIN is 6; so number, text and class are chosen here, from Linux's table,
and never by the host.

    number --> (name, text, class) --> raise

May not know: sockets, or anything above.

Sources: <asm-generic/errno-base.h>, <asm-generic/errno.h>; strerror(3) of glibc 2.36;
PEP 3151 for the classes.
"""

from typing import Any, NoReturn

IMMUTABLETYPE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE

TABLE = """
   1 EPERM            Operation not permitted
   2 ENOENT           No such file or directory
   3 ESRCH            No such process
   4 EINTR            Interrupted system call
   5 EIO              Input/output error
   6 ENXIO            No such device or address
   7 E2BIG            Argument list too long
   9 EBADF            Bad file descriptor
  11 EAGAIN           Resource temporarily unavailable
  12 ENOMEM           Cannot allocate memory
  13 EACCES           Permission denied
  14 EFAULT           Bad address
  16 EBUSY            Device or resource busy
  17 EEXIST           File exists
  19 ENODEV           No such device
  20 ENOTDIR          Not a directory
  21 EISDIR           Is a directory
  22 EINVAL           Invalid argument
  23 ENFILE           Too many open files in system
  24 EMFILE           Too many open files
  25 ENOTTY           Inappropriate ioctl for device
  28 ENOSPC           No space left on device
  29 ESPIPE           Illegal seek
  30 EROFS            Read-only file system
  32 EPIPE            Broken pipe
  33 EDOM             Numerical argument out of domain
  34 ERANGE           Numerical result out of range
  35 EDEADLK          Resource deadlock avoided
  36 ENAMETOOLONG     File name too long
  38 ENOSYS           Function not implemented
  40 ELOOP            Too many levels of symbolic links
  42 ENOMSG           No message of desired type
  61 ENODATA          No data available
  64 ENONET           Machine is not on the network
  71 EPROTO           Protocol error
  74 EBADMSG          Bad message
  75 EOVERFLOW        Value too large for defined data type
  77 EBADFD           File descriptor in bad state
  87 EUSERS           Too many users
  88 ENOTSOCK         Socket operation on non-socket
  89 EDESTADDRREQ     Destination address required
  90 EMSGSIZE         Message too long
  91 EPROTOTYPE       Protocol wrong type for socket
  92 ENOPROTOOPT      Protocol not available
  93 EPROTONOSUPPORT  Protocol not supported
  94 ESOCKTNOSUPPORT  Socket type not supported
  95 EOPNOTSUPP       Operation not supported
  96 EPFNOSUPPORT     Protocol family not supported
  97 EAFNOSUPPORT     Address family not supported by protocol
  98 EADDRINUSE       Address already in use
  99 EADDRNOTAVAIL    Cannot assign requested address
 100 ENETDOWN         Network is down
 101 ENETUNREACH      Network is unreachable
 102 ENETRESET        Network dropped connection on reset
 103 ECONNABORTED     Software caused connection abort
 104 ECONNRESET       Connection reset by peer
 105 ENOBUFS          No buffer space available
 106 EISCONN          Transport endpoint is already connected
 107 ENOTCONN         Transport endpoint is not connected
 108 ESHUTDOWN        Cannot send after transport endpoint shutdown
 109 ETOOMANYREFS     Too many references: cannot splice
 110 ETIMEDOUT        Connection timed out
 111 ECONNREFUSED     Connection refused
 112 EHOSTDOWN        Host is down
 113 EHOSTUNREACH     No route to host
 114 EALREADY         Operation already in progress
 115 EINPROGRESS      Operation now in progress
"""

NAMES: dict[int, str] = {}
TEXTS: dict[int, str] = {}
for _line in TABLE.strip().splitlines():
    _number, _name, _text = _line.split(None, 2)
    NAMES[int(_number)], TEXTS[int(_number)] = _name, _text

EPERM, ENOENT, ESRCH, EINTR, EIO, ENXIO, E2BIG, EBADF, EAGAIN = 1, 2, 3, 4, 5, 6, 7, 9, 11
ENOMEM, EACCES, EFAULT, EBUSY, EEXIST, ENODEV, ENOTDIR, EISDIR = 12, 13, 14, 16, 17, 19, 20, 21
EINVAL = 22
ENFILE, EMFILE, ENOTTY, ENOSPC, ESPIPE, EROFS = 23, 24, 25, 28, 29, 30
EPIPE, EDOM, ERANGE = 32, 33, 34
EDEADLK, ENAMETOOLONG, ENOSYS, ELOOP = 35, 36, 38, 40
ENOMSG, ENODATA, ENONET, EPROTO, EBADMSG, EBADFD = 42, 61, 64, 71, 74, 77
EOVERFLOW, EUSERS, ENOTSOCK, EDESTADDRREQ, EMSGSIZE, EPROTOTYPE = 75, 87, 88, 89, 90, 91
ENOPROTOOPT, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EOPNOTSUPP, EPFNOSUPPORT = 92, 93, 94, 95, 96
EAFNOSUPPORT, EADDRINUSE, EADDRNOTAVAIL, ENETDOWN, ENETUNREACH = 97, 98, 99, 100, 101
ENETRESET, ECONNABORTED, ECONNRESET, ENOBUFS, EISCONN, ENOTCONN = 102, 103, 104, 105, 106, 107
ESHUTDOWN, ETOOMANYREFS, ETIMEDOUT, ECONNREFUSED, EHOSTDOWN = 108, 109, 110, 111, 112
EHOSTUNREACH, EALREADY, EINPROGRESS = 113, 114, 115
EWOULDBLOCK, ENOTSUP = EAGAIN, EOPNOTSUPP

CLASSES: dict[int, type[OSError]] = {
    EAGAIN: BlockingIOError,
    EALREADY: BlockingIOError,
    EINPROGRESS: BlockingIOError,
    EPIPE: BrokenPipeError,
    ESHUTDOWN: BrokenPipeError,
    ECONNABORTED: ConnectionAbortedError,
    ECONNREFUSED: ConnectionRefusedError,
    ECONNRESET: ConnectionResetError,
    EEXIST: FileExistsError,
    ENOENT: FileNotFoundError,
    EINTR: InterruptedError,
    EISDIR: IsADirectoryError,
    ENOTDIR: NotADirectoryError,
    EACCES: PermissionError,
    EPERM: PermissionError,
    ESRCH: ProcessLookupError,
    ETIMEDOUT: TimeoutError,
}


class Deadlock(RuntimeError):
    """Everybody waits and nobody can wake: an operating system would wait for ever.

    The message names each thread, the call it is in and what that call waits for.  It is
    raised in the main thread if that waits, otherwise in another.

    >>> from bsdsockets import Deadlock, Machine
    >>> machine = Machine()
    >>> one, other = machine.load("socket").socketpair()
    >>> try:
    ...     other.recv(1)
    ... except Deadlock as deadlock:
    ...     print(str(deadlock).replace(f"recv({other.fileno()})", "recv"))
    nobody can ever wake: MainThread in recv: waits for something to read
    >>> one.close(); other.close(); machine.close()
    """


def error(number: int) -> OSError:
    """Make the exception for the error *number*, one of Linux's that `TABLE` has.

    KeyError
        The table has no such number.

    >>> error(ECONNREFUSED)
    ConnectionRefusedError(111, 'Connection refused')
    """
    if number in CLASSES:
        return CLASSES[number](number, TEXTS[number])
    plain = OSError()  # given a number, it would choose a class by the host's numbers
    plain.args = plain.errno, plain.strerror = number, TEXTS[number]
    return plain


def fail(number: int) -> NoReturn:
    """Raise the exception for the error *number*.

    >>> fail(EOPNOTSUPP)
    Traceback (most recent call last):
    OSError: [Errno 95] Operation not supported
    """
    raise error(number)


def type_name(value: Any) -> str:
    """What C calls the type of a value, tp_name: that of a type made in C has its module.

    >>> from array import array
    >>> type_name(b""), type_name(array("i")), type_name(error(EINVAL))
    ('bytes', 'array.array', 'OSError')
    """
    kind = type(value)
    made_in_c = kind.__flags__ & IMMUTABLETYPE and kind.__module__ != "builtins"
    return f"{kind.__module__}.{kind.__name__}" if made_in_c else kind.__name__


def contiguous(value: Any) -> memoryview:
    """The bytes of an argument, which C takes only where they lie side by side."""
    view = memoryview(value)
    if not view.c_contiguous:
        raise BufferError("memoryview: underlying buffer is not C-contiguous")
    return view
