"""Reliable datagrams: TIPC, the one family in which SOCK_RDM means something.

Needs the module tipc.  One node is enough; addresses are services, pairs of numbers.
"""

import errno
import socket

SERVICE = 18888
ERRORS = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP"}  # not its other name, ENOTSUP
RANGE = (socket.TIPC_ADDR_NAMESEQ, SERVICE, 0, 50, socket.TIPC_NODE_SCOPE)


def one_of(instance):
    """The address of one instance of the service, wherever it is bound."""
    return (socket.TIPC_ADDR_NAME, SERVICE, instance, 0)


def attempt(who, what, function, *arguments):
    """Make a call, print what came of it and return it."""
    try:
        result = function(*arguments)
    except OSError as error:
        result = ERRORS[error.errno]
    shown = 0 if result is None else result
    print(f"{who}  {what}: {shown}")


def converse(service, client):
    attempt("service", "bind to 18888:0-50", service.bind, RANGE)
    attempt("service", "listen", service.listen)
    attempt("client", "sendto 18888:17", client.sendto, b"hello TIPC", one_of(17))
    data, sender = service.recvfrom(100)
    print("service  recvfrom:", data)
    attempt("service", "sendto the sender", service.sendto, b"reply", sender)
    attempt("client", "recv", client.recv, 100)
    attempt("client", "sendto 18888:99", client.sendto, b"nobody", one_of(99))


def main():
    try:
        service = socket.socket(socket.AF_TIPC, socket.SOCK_RDM)
    except OSError as error:
        print(f"AF_TIPC: {error.strerror} ({errno.errorcode[error.errno]})")
        return
    with service, socket.socket(socket.AF_TIPC, socket.SOCK_RDM) as client:
        service.settimeout(5)
        client.settimeout(5)
        converse(service, client)


if __name__ == "__main__":
    main()
