"""The deliberate differences between the model and the kernel: named, reasoned, few.

The page of differences is generated from this table; the judge lets nothing else pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """One deliberate difference: where it shows, and why it is there."""

    name: str
    reason: str
    line: str
    kernel: str = ".*"
    model: str = ".*"
    lasts: bool = False
    """What comes after it may differ too."""

    def matches(self, line: str, kernel: str, model: str) -> bool:
        """Say whether this difference explains what two worlds answered to a line."""
        pairs = ((self.line, line), (self.kernel, kernel), (self.model, model))
        return all(re.fullmatch(pattern, text, re.DOTALL) for pattern, text in pairs)


DELIBERATE: tuple[Difference, ...] = (
    Difference(
        name="the text of a TypeError about the number of arguments",
        reason="The model's methods are Python functions; CPython's are C and count differently. "
        "The class is the same.",
        line=r".*\(.*\)",
        kernel=r"TypeError: .*(takes|expected|exactly|single-segment).*",
        model=r"TypeError: .*",
    ),
    Difference(
        name="NETLINK_ROUTE: routes, rules, neighbours and queues that somebody makes",
        reason="A host of the model has the routes that its addresses make, no neighbours and no "
        "queues. Requests to make, delete or list others are refused with EOPNOTSUPP.",
        line=r".*",
        model=r".*\(b'\\xa1\\xff\\xff\\xff', \d+, (24|25|28|29|3[0234678]|78|88|90|100), .*",
        lasts=True,
    ),
    Difference(
        name="IP_MTU, IPV6_MTU and IPV6_PATHMTU where Linux has forgotten the way",
        reason="Linux reads them from the route that the last connect() or send() left. It forgets "
        "that route when an option changes or a connect() fails, and says ENOTCONN then, though "
        "the socket is connected. The model looks for the route again.",
        line=r".*\(\w+, IPPROTO_(IP, 14|IPV6, (24|IPV6_PATHMTU))\b.*\)",
        kernel="ENOTCONN",
        model=r"65535|65536|b'.*'",
    ),
    Difference(
        name="PACKET_AUXDATA of a frame that MSG_PEEK has shown",
        reason="Linux 6.18 writes the sender's address over the length that it kept, and gives "
        "that for the length from then on. The model gives the length.",
        line=r"caught\(.*\)",
        kernel=r".*\(263, 8, b'.{1,4}\\x00\\x00\\x00\\x11\\x00.*",
    ),
    Difference(
        name="SO_TIMESTAMPING: the stamp of what came before it was asked for",
        reason="Linux stamps every packet of the machine while any socket anywhere asks for "
        "stamps, and for a while after. The model stamps what comes to a socket that has asked.",
        line=r"receive\(.*\)",
        kernel=r".*\(1, 37, \d+\).*",
        model=r"(?!.*\(1, 37, \d+\)).*",
        lasts=True,
    ),
    Difference(
        name="IP_OPTIONS in the header that a raw socket sees",
        reason="The option is stored: the model's packets have headers of 20 bytes.",
        line=r"receive\(.*\)",
        kernel=r"\(b'[F-O].*",
        model=r"\(b'E.*",
    ),
    Difference(
        name="POLLOUT of TCP with a small send buffer",
        reason="Linux counts what a segment costs beside its bytes. A buffer of a few thousand "
        "bytes is full there with little, until the acknowledgement comes, up to 40 ms late. The "
        "model counts the bytes.",
        line=r"look\(\w+\)",
        kernel=r"\('(ESTABLISHED|CLOSE_WAIT)', '(?![^']*OUT)[^']*', .*",
        model=r"\('(ESTABLISHED|CLOSE_WAIT)', '[^']*OUT[^']*', .*",
        lasts=True,
    ),
)


def deliberate(line: str, kernel: str, model: str) -> Difference | None:
    """Return the deliberate difference that explains two answers, if there is one."""
    found = (each for each in DELIBERATE if each.matches(line, kernel, model))
    return next(found, None)
