"""pyOpenSSL for sockets of the model: its own code, over another two ends of memory.

    OpenSSL.SSL.Connection(context, socket)        pyOpenSSL, unchanged
         |  SSL_set_fd, SSL_read, SSL_write ...
    Library (here)  <--- records --->  the machine's receive and send
         |  the same functions
    OpenSSL, between two buffers in memory

OpenSSL would read the descriptor from C, and a socket of the model is none that it could read.
What is asked of a connection without a socket, or on one of the host, goes to OpenSSL as it is.

May not know: pyOpenSSL, except where it keeps the functions.

Sources: OpenSSL's SSL_set_fd(3), SSL_get_error(3), BIO_s_mem(3); `tls` for the standard library's.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..face.tls import Records

WANT_READ, WANT_WRITE, SYSCALL = 2, 3, 5  # what SSL_get_error says
CALLS = ("SSL_do_handshake", "SSL_read", "SSL_peek", "SSL_write", "SSL_shutdown")
READS = ("SSL_read", "SSL_peek")
CHUNK = 65536  # bytes


class Memory:
    """An end of memory, as `Records` takes it."""

    def __init__(self, library: Any, ffi: Any) -> None:
        self._library, self._ffi = library, ffi
        self.bio = library.BIO_new(library.BIO_s_mem())

    def write(self, data: bytes) -> None:
        """Put *data* in."""
        self._library.BIO_write(self.bio, data, len(data))

    def write_eof(self) -> None:
        """Say that nothing more comes."""
        self._library.BIO_set_mem_eof_return(self.bio, 0)

    def read(self) -> bytes:
        """Take out all that is in."""
        data = b""
        room = self._ffi.new("char[]", CHUNK)
        while (size := self._library.BIO_read(self.bio, room, CHUNK)) > 0:
            data += self._ffi.buffer(room, size)[:]
        return data


class Link:
    """A connection's way to its socket."""

    def __init__(self, machine: Any, library: Any, ffi: Any, ssl: Any, number: int) -> None:
        self._machine, self._library, self._number = machine, library, number
        into, out = Memory(library, ffi), Memory(library, ffi)
        library.SSL_set_bio(ssl, into.bio, out.bio)  # which frees them in the end
        self._records = Records(into, out)
        self._done: tuple[str, int] | None = None  # a call whose result could not be sent
        self.failure: tuple[int, int] | None = None  # of the last call: the code, and errno

    def complete(self, name: str, ssl: Any, *arguments: Any) -> int:
        """Call a function until it is done, sending what it has to say, reading what it wants."""
        self.failure = None
        if not self._flush(name):
            return -1
        if self._done is not None and self._done[0] == name:
            (_, result), self._done = self._done, None
            return result
        while True:
            result = int(getattr(self._library, name)(ssl, *arguments))
            if not self._flush(name):
                self._done = (name, result) if result > 0 else None
                return -1
            if result > 0 or (result == 0 and name == "SSL_shutdown"):
                return result
            if self._library.SSL_get_error(ssl, result) != WANT_READ or not self._fill():
                return result

    def _fill(self) -> bool:
        """Read from the socket; False if it fails."""
        return self._do(WANT_READ, self._records.fill, lambda size: (
            self._machine.calls.receive(self._number, size, 0, None).data))

    def _flush(self, name: str) -> bool:
        """Send what is to be sent; False if it could not be."""
        return self._do(WANT_WRITE, self._records.flush, lambda data: (
            self._machine.calls.send(self._number, data, 0, None)), name in READS)

    def _do(self, want: int, step: Callable[..., None], *arguments: Any) -> bool:
        try:
            step(*arguments)
        except BlockingIOError:
            self.failure = (want, 0)
        except OSError as failure:
            self.failure = (SYSCALL, failure.errno or 0)
        return self.failure is None


class Library:
    """OpenSSL's functions, of which a few know the machine's sockets."""

    def __init__(self, machine: Any, real: Any, ffi: Any) -> None:
        self._machine, self._real, self._ffi = machine, real, ffi
        self._links: dict[int, Link] = {}  # by the address of the connection
        for name in CALLS:
            setattr(self, name, partial(self._call, name, getattr(real, name)))

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        setattr(self, name, value)
        return value

    def _of(self, ssl: Any) -> int:
        return int(self._ffi.cast("uintptr_t", ssl))

    def SSL_set_fd(self, ssl: Any, number: int) -> int:
        """Connect with a descriptor of either world; 1 if it could be."""
        if number not in self._machine.descriptors:
            return int(self._real.SSL_set_fd(ssl, number))
        self._links[self._of(ssl)] = Link(self._machine, self._real, self._ffi, ssl, number)
        return 1

    def SSL_free(self, ssl: Any) -> None:
        """Free a connection."""
        self._links.pop(self._of(ssl), None)
        self._real.SSL_free(ssl)

    def _call(self, name: str, real: Callable[..., int], ssl: Any, *arguments: Any) -> int:
        link = self._links.get(self._of(ssl))
        return real(ssl, *arguments) if link is None else link.complete(name, ssl, *arguments)

    def SSL_get_error(self, ssl: Any, result: int) -> int:
        """Say what a call's result means; errno is what the socket's was."""
        link = self._links.get(self._of(ssl))
        if link is None or link.failure is None or result > 0:
            return int(self._real.SSL_get_error(ssl, result))
        code, self._ffi.errno = link.failure
        return code


def adapt(machine: Any, module: Any) -> None:
    """Let pyOpenSSL's ``OpenSSL._util``, just imported, know the machine's sockets."""
    module.lib = Library(machine, module.lib, module.ffi)
