"""TLS for sockets of the model: the interpreter's own ``_ssl``, reading from memory.

    ssl.SSLSocket (CPython's own ssl.py)
         |  _wrap_socket
    Connection (here): a record at a time  <--->  the socket's recv and send
         |  _wrap_bio
    OpenSSL, between two buffers in memory

``_ssl`` would read a descriptor of the host itself, and a socket of the model has none that it
could read.  As OpenSSL does there, no byte is taken from the socket beyond the record that is
wanted: what follows stays for `select` to tell of.

Keys and nonces come from the host, so what is sent differs from run to run.

Sources: RFC 8446 5.1 for the record; CPython ``Modules/_ssl.c``.
"""

import importlib.machinery
import importlib.util
import sys
import types
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

HEADER = 5  # bytes: type, version, length


class Records:
    """The records between a socket and two ends of memory, each with ``read`` and ``write``.

    No byte beyond the record that is wanted is taken from the socket.
    """

    def __init__(self, incoming: Any, outgoing: Any) -> None:
        self._in, self._out = incoming, outgoing
        self._head = b""  # of the record's header, what has come
        self._left = 0  # bytes of the record that are still to come
        self._waiting = b""  # to be sent

    def fill(self, receive: Callable[[int], bytes]) -> None:
        """Take the header of a record from the socket, or some of the rest."""
        data = receive(self._left or HEADER - len(self._head))
        if not data:
            self._in.write_eof()
            return
        self._in.write(data)
        if self._left:
            self._left -= len(data)
            return
        self._head += data
        if len(self._head) == HEADER:
            self._left, self._head = int.from_bytes(self._head[3:], "big"), b""

    def flush(self, send: Callable[[bytes], int], reads: bool) -> None:
        """Send what is to be sent; who *reads* leaves to a writer, maybe of another thread, what
        is its.
        """
        if self._waiting and reads:
            return
        self._waiting += self._out.read()
        while self._waiting:
            self._waiting = self._waiting[send(self._waiting):]


class Connection:
    """What stands for ``_ssl._SSLSocket``."""

    _written: Any  # by a write that could not send all
    _records: Records

    def __init__(self, ssl: Any, base: type, sock: Any, inner: Any, incoming: Any,
                 outgoing: Any) -> None:
        self.__dict__.update(_ssl=ssl, _base=base, _sock=weakref.ref(sock), _inner=inner,
                             _records=Records(incoming, outgoing), _written=None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__:
            self.__dict__[name] = value
        else:
            setattr(self._inner, name, value)

    def do_handshake(self) -> None:
        """Agree on keys."""
        self._complete("handshake", self._inner.do_handshake)

    def read(self, *arguments: Any) -> Any:
        """Read what was decrypted, or wait for the next record, within the timeout."""
        return self._complete("read", self._inner.read, *arguments)

    def write(self, data: Any, /) -> int:
        """Encrypt *data* and send it; called again after SSLWantWriteError, go on sending."""
        if self._written is None:
            self._written = self._complete("write", self._inner.write, data, flush=False)
        self._flush("write")
        done, self._written = self._written, None
        return done

    def shutdown(self) -> Any:
        """Say that nothing more comes, wait for the peer to say so, and return the socket."""
        self._complete("shutdown", self._inner.shutdown)
        return self._sock()

    def _complete(self, what: str, call: Any, *arguments: Any, flush: bool = True) -> Any:
        """Call until it is done, sending what it has to say and reading what it asks for."""
        self._flush(what)
        while True:
            try:
                result = call(*arguments)
            except self._ssl.SSLWantReadError:
                pass
            except self._ssl.SSLError:
                with suppress(OSError):
                    self._flush(what)  # the alert
                raise
            else:
                if flush:
                    self._flush(what)
                return result
            self._flush(what)
            self._fill(what)

    def _fill(self, what: str) -> None:
        self._records.fill(partial(self._transfer, what, "recv", self._ssl.SSLWantReadError,
                                   self._ssl.SSL_ERROR_WANT_READ))

    def _flush(self, what: str) -> None:
        self._records.flush(partial(self._transfer, what, "send", self._ssl.SSLWantWriteError,
                                    self._ssl.SSL_ERROR_WANT_WRITE), what == "read")

    def _transfer(self, what: str, call: str, want: Any, number: int, argument: Any) -> Any:
        """Call the socket, with its timeout; errors are what ``_ssl`` makes of them."""
        sock = self._sock()
        if sock is None or sock.fileno() < 0:
            raise self._ssl.SSLError("Underlying socket has been closed.")
        try:
            return getattr(self._base, call)(sock, argument)
        except BlockingIOError:
            word = "read" if call == "recv" else "write"
            raise want(number, f"The operation did not complete ({word})") from None
        except TimeoutError:
            word = f"{what} operation" if what in ("read", "write", "handshake") else what
            raise TimeoutError(f"The {word} timed out") from None


def _host() -> Any:
    """The interpreter's ``_ssl``, one for all: its exceptions are caught in both worlds."""
    if "_ssl" not in sys.modules:
        spec = (importlib.machinery.PathFinder.find_spec("_ssl")
                or importlib.machinery.BuiltinImporter.find_spec("_ssl"))
        if spec is None or spec.loader is None:
            raise ModuleNotFoundError("No module named '_ssl'", name="_ssl")
        sys.modules["_ssl"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["_ssl"]


def make(machine: Any) -> types.ModuleType:
    """Build ``_ssl`` for *machine*."""
    real = _host()

    class _SSLContext(real._SSLContext):  # type: ignore[name-defined]
        """The settings of TLS connections."""

        def _wrap_socket(self, sock: Any, server_side: bool, server_hostname: Any = None, *,
                         owner: Any = None, session: Any = None) -> Connection:
            incoming, outgoing = real.MemoryBIO(), real.MemoryBIO()
            inner = self._wrap_bio(incoming, outgoing, server_side, server_hostname,
                                   owner=owner, session=session)
            return Connection(real, machine.socket_type, sock, inner, incoming, outgoing)

    module = types.ModuleType("_ssl", real.__doc__)
    vars(module).update({name: value for name, value in vars(real).items()
                         if not name.startswith("__")}, _SSLContext=_SSLContext)
    return module
