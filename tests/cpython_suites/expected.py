"""What cannot pass on the model, and which skips are in order; each with its reason.

A test that is listed and passes is reported as stale: the lists say what is true today.
Patterns are those of `fnmatch`, matched against the test's id without "test.".
"""

from __future__ import annotations

from fnmatch import fnmatchcase

PROCESS = "starts another process and talks to it over a descriptor"

FAILURES: dict[str, str] = {
    "test_ssl.BasicSocketTests.test_ssl_types": "a class of the model is Python's, not C's, and "
    "its attributes can be set",
}

SKIPS: dict[str, str] = {
    "": "the suite skips it without a word: SelectSelector and PollSelector lack what it patches",
    "*is tested by TestLinuxAbstractNamespace*": "the suite tests it there on Linux",
    "*IPPROTO_SCTP*": "SCTP is outside these families",
    "*SocketCan required*": "CAN is outside these families",
    "*CAN * required*": "CAN is outside these families",
    "*RDS sockets required*": "RDS is outside these families",
    "*QIPCRTR sockets required*": "QIPCRTR is outside these families",
    "*Bluetooth sockets required*": "Bluetooth is outside these families",
    "*Bluetooth L2CAP required*": "Bluetooth is outside these families",
    "*AF_ALG required*": "the kernel's cryptography is outside these families",
    "*VSOCK*": "virtual machines' sockets are outside these families",
    "*TIPC*": "TIPC is outside this issue",
    "*Hyper-V*": "Windows has it",
    "*HyperV*": "Windows has it",
    "*AF_HYPERV*": "Windows has it",
    "*Windows*": "Windows has it",
    "*macOS*": "macOS has it",
    "*KqueueSelector*": "BSD and macOS have it",
    "*DevpollSelector*": "Solaris has it",
    "*can't be run reliably as root*": "CGI scripts need a user who is not root",
    "*Linux specific test*": "the test is for the others",
    "*Numeric scope id does not work*": "needs an interface with a link-local address",
    "*Resource 'python.org' is not available*": "nothing leaves the machine",
}


def reason_to_fail(test: str) -> str | None:
    """Return why a test cannot pass on the model, or None."""
    short = test.removeprefix("test.")
    return next((why for pattern, why in FAILURES.items() if fnmatchcase(short, pattern)), None)


def reason_to_skip(detail: str) -> str | None:
    """Return why a skip with such a message is in order, or None."""
    return next((why for pattern, why in SKIPS.items() if fnmatchcase(detail, pattern)), None)
