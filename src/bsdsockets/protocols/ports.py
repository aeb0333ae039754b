"""Ports of a transport protocol: who has which, who may share one, which is free.

    port --> users: sockets bound to it, connections that came from it, TIME-WAIT remains

A user is anything with `bound_address`, `family`, `options` and `listening`; TIME-WAIT
keeps those of the socket it remains of, which is why SO_REUSEADDR must have been set on
the first run of a server for the second to profit.

May not know: segments, connections.

Sources: Linux ``inet_csk_bind_conflict`` and ``udp_lib_lport_inuse`` as observed;
socket(7) SO_REUSEADDR, SO_REUSEPORT; RFC 6056 for choosing a port.
"""

from hashlib import sha256
from typing import Any

from ..machine.constants import AF_INET6
from ..machine.errors import EADDRINUSE, EADDRNOTAVAIL, fail
from ..machine.host import Host
from ..network.addresses import ANY4, ANY6, is_any, is_mapped, unmap, version

PLACE_HOLDER = "127.0.0.6"  # LOOPBACK4_IPV6


def covers(user: Any, address: str) -> bool:
    """True if packets to *address* may be for *user*.

    Who is bound to :: is there for IPv4 too, unless IPV6_V6ONLY is set (RFC 3493 3.7, 5.3).
    Nothing comes by an interface that is not there: lo, the only one, has index 1.
    """
    if user.options.get("SO_BINDTODEVICE", 0) > 1:
        return False
    own = user.bound_address
    if unmap(own) == address:
        return True
    if not is_any(unmap(own)):
        return False
    if own != ANY6:
        return version(address) == 4
    return version(address) == 6 or not user.options.get("IPV6_V6ONLY")


def spans(user: Any) -> tuple[str | None, str | None]:
    """What *user* takes of IPv4 and of IPv6: an address, any, or nothing.

    An IPv6 socket that has its address from connect() seems to have 127.0.0.6 too, as on Linux.
    """
    own = user.bound_address
    if ":" not in own:
        return own, None
    if is_mapped(own):
        return unmap(own), None
    if user.options.get("IPV6_V6ONLY"):
        return None, own
    return (ANY4 if own == ANY6 else PLACE_HOLDER), own


def overlap(one: Any, other: Any) -> bool:
    """True if *one*, which is to be bound, could get what is for *other*."""
    mine, theirs = one.bound_address, other.bound_address
    if ":" in mine and PLACE_HOLDER in (spans(one)[0], spans(other)[0]):
        return mine == theirs or ANY6 in (mine, theirs)
    return any(mine is not None and theirs is not None
               and (mine == theirs or is_any(mine) or is_any(theirs))
               for mine, theirs in zip(spans(one), spans(other), strict=True))


def is_alike(kept: tuple[str, Any], so: Any) -> bool:
    """True if an address, with IPV6_V6ONLY or not, has that of *so* in it.

    Source: Linux ``sk_reuseport_match``, ``ipv6_rcv_saddr_equal``.
    """
    (theirs, only), own = kept, so.bound_address
    four = ":" not in own or is_mapped(own)
    if ":" not in theirs or (is_mapped(theirs) and four):
        both = not so.options.get("IPV6_V6ONLY") and (four or own == ANY6)
        return both and (is_any(unmap(theirs)) or unmap(theirs) == unmap(own))
    if theirs == ANY6:
        return own == ANY6 or not (only and four)
    return bool(theirs == own)


def one_of(group: list[Any], *names: str | int) -> Any:
    """The socket of a SO_REUSEPORT group that a conversation of these *names* belongs to.

    The same one each time, while the group stays as it is (Linux ``reuseport_select_sock``).
    """
    number = int.from_bytes(sha256(repr(names).encode()).digest()[:4])
    return group[number * len(group) >> 32]


class Ports:
    """The ports of one protocol on one host.

    `sharing`: the rule for two users that overlap; TCP and UDP have different ones.
    """

    def __init__(self, host: Host, listening_matters: bool) -> None:
        self.host = host
        self.users: dict[int, dict[Any, bool]] = {}  # True: see `add`
        self.shared: dict[int, tuple[str, Any]] = {}  # an address, IPV6_V6ONLY: see `check`
        self.listening_matters = listening_matters
        self.version = 0  # counts changes, so that what was found may be kept meanwhile
        low, high = host.settings.local_ports
        self._next = host.random.randrange((high - low) // 2)

    def conflict(self, so: Any, port: int, strict: bool = False) -> bool:
        """True if *so* cannot have *port* beside those who have it.

        *strict*: as when a free port is chosen; of TCP nothing may be shared then.
        """
        for user in self.in_order(port):
            if user is so or not overlap(so, user):
                continue
            alone = strict and self.listening_matters
            listens = self.listening_matters and user.listening
            if alone or not (self._both("SO_REUSEADDR", so, user) and not listens):
                if alone or not self._both("SO_REUSEPORT", so, user):
                    return True
                if not (self.listening_matters or strict):
                    return False  # UDP looks no further than the first of a group
        return False

    @staticmethod
    def _both(option: str, so: Any, user: Any) -> bool:
        return bool(so.options.get(option) and user.options.get(option))

    def in_order(self, port: int) -> list[Any]:
        """Who has the port, as Linux finds them: the newest first, groups of IPv6 at the end."""
        users = [*self.users.get(port, ())]
        if self.listening_matters:
            return users
        last = [user for user in users if self.users[port][user]]
        return [user for user in reversed(users) if user not in last] + last

    def claim(self, so: Any, port: int) -> int:
        """Give *so* the *port*, or a free one for 0, and return it.

        EADDRINUSE
            Somebody has it, or none is free.
        """
        port = port or self.free_port(so)
        self.check(so, port)
        last = so.family == AF_INET6 and so.options.get("SO_REUSEPORT")
        self.add(so, port, bool(last and not self.listening_matters))
        return port

    def check(self, so: Any, port: int) -> None:
        """Fail with EADDRINUSE if *so* cannot have *port*.

        Of TCP's ports Linux remembers an address that had SO_REUSEPORT.  Who has both binds and
        listens unasked, even beside one that has taken the option back.

        Source: Linux ``inet_csk_get_port``, ``inet_csk_update_fastreuse``.
        """
        option = so.options.get("SO_REUSEPORT")
        kept = self.shared.get(port) if option else None
        known = kept is not None and is_alike(kept, so)
        if not known and self.conflict(so, port):
            fail(EADDRINUSE)
        if not option:
            self.shared.pop(port, None)
        elif self.listening_matters and not known:
            self.shared[port] = so.bound_address, so.options.get("IPV6_V6ONLY")

    def free_port(self, so: Any) -> int:
        """Find a port that nobody has who overlaps with *so*."""
        low, count = self._range(so)
        if self.listening_matters and count > 1:
            count &= ~1  # Linux takes them in pairs, and of TCP's an odd one never
        for _ in range(count):
            port = self._advance(low, count)
            if port not in self.users or not self.conflict(so, port, strict=True):
                return port
        fail(EADDRINUSE)

    def _range(self, so: Any) -> tuple[int, int]:
        """The first port that may be chosen for *so*, and how many: IP_LOCAL_PORT_RANGE has a say
        as far as it lies within what the host allows.
        """
        low, high = self.host.settings.local_ports
        asked = so.options.get("IP_LOCAL_PORT_RANGE", 0) if so.options else 0
        if asked:
            first, last = asked & 0xFFFF, asked >> 16 & 0xFFFF
            low, high = (first if low <= first <= high else low,
                         last if low <= last <= high else high)
        return low, high - low + 1

    def _advance(self, low: int, count: int) -> int:
        port = low + self._next % count
        self._next += 1
        return port

    def port_for_connection(self, so: Any, usable: Any) -> int:
        """Find a port whose connection to some peer does not exist yet, and that nobody bound.

        EADDRNOTAVAIL
            Every port is taken.
        """
        low, count = self._range(so)
        for _ in range(count):
            port = self._advance(low, count)
            if port not in self.users or (all(self.users[port].values()) and usable(port)):
                return port
        fail(EADDRNOTAVAIL)

    def add(self, user: Any, port: int, chosen: bool = False) -> None:
        """Let *user* have the port; *chosen*: by connect(), which then shares it with its like, or
        of UDP: to be found last.

        Source: Linux ``__inet_hash_connect``, SOCK_CONNECT_BIND.
        """
        self.version += 1
        self.users.setdefault(port, {})[user] = chosen

    def remove(self, user: Any, port: int) -> None:
        users = self.users.get(port)
        self.version += 1
        if users and user in users:
            del users[user]
            if not users:
                del self.users[port]
                self.shared.pop(port, None)
