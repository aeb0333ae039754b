"""``getifaddrs`` of the C library, by which programs learn the machine's interfaces.

    lo AF_PACKET --ifa_next--> lo AF_INET 127.0.0.1/8 --ifa_next--> lo AF_INET6 ::1/128

Left out: the data of a link (struct rtnl_link_stats) and broadcast addresses; both are NULL.

Sources: Linux getifaddrs(3), packet(7); <ifaddrs.h>.
"""

import ctypes
import itertools
from collections.abc import Iterator
from typing import Any

from ..machine.constants import AF_INET, AF_INET6, AF_PACKET
from ..network.addresses import sockaddr
from ..network.node import Interface
from ..protocols.packet_frames import LinkAddress

LINK = 20  # bytes of struct sockaddr_ll


class Entry(ctypes.Structure):
    """struct ifaddrs."""

    _fields_ = (("next", ctypes.c_void_p), ("name", ctypes.c_char_p), ("flags", ctypes.c_uint),
                ("address", ctypes.c_void_p), ("mask", ctypes.c_void_p),
                ("other", ctypes.c_void_p), ("data", ctypes.c_void_p))


def sockaddrs(interface: Interface) -> Iterator[tuple[int, bytes, bytes]]:
    """The addresses of an interface in C's form, with their masks: (family, address, mask)."""
    link = LinkAddress(0, interface.index, interface.hardware, 0, interface.address)
    yield AF_PACKET, link.pack().ljust(LINK, b"\0"), b""
    for own in interface.addresses:
        scope = interface.index if own.version == 6 and own.is_link_local else 0
        yield (AF_INET if own.version == 4 else AF_INET6,
               sockaddr(str(own.ip), 0, scope), sockaddr(str(own.netmask)))


class Interfaces:
    """getifaddrs() and freeifaddrs()."""

    def __init__(self, machine: Any) -> None:
        self._machine = machine
        self._lists: dict[int, list[Any]] = {}  # what C would have on its heap

    def getifaddrs(self, result: Any) -> int:
        """Write the address of the first entry where *result* points; returns 0."""
        entries = [entry for family in (AF_PACKET, AF_INET, AF_INET6)
                   for interface in self._machine.node.interfaces
                   for entry in self._entries(interface, family)]
        for entry, following in itertools.pairwise(entries):
            entry[0].next = ctypes.addressof(following[0])
        first = ctypes.addressof(entries[0][0])
        self._lists[first] = entries
        ctypes.memmove(result, ctypes.byref(ctypes.c_void_p(first)), ctypes.sizeof(ctypes.c_void_p))
        return 0

    @staticmethod
    def _entries(interface: Interface, wanted: int) -> Iterator[Any]:
        """The entries of an interface for a family, each with the memory that it refers to."""
        for family, *texts in sockaddrs(interface):
            if family == wanted:
                memory = [ctypes.create_string_buffer(text) if text else None for text in texts]
                address, mask = [part and ctypes.addressof(part) for part in memory]
                yield (Entry(None, interface.name.encode(), interface.flags, address, mask),
                       memory)

    def freeifaddrs(self, first: Any) -> None:
        """Free the list that begins with the entry *first*."""
        address = ctypes.cast(first, ctypes.c_void_p).value
        if address is not None:
            self._lists.pop(address, None)
