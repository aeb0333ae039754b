"""Every option there is here, in one table.

    modelled   it has its effect
    stored     it reads back as Linux's would, and has no effect here
    absent     not in the table: ENOPROTOOPT, or EOPNOTSUPP where the whole level is unknown

The page of options is made from `OPTIONS`.

Sources: Linux socket(7), ip(7), ipv6(7), tcp(7), udp(7), unix(7); defaults and limits as
Linux 6.18 shows them.
"""

import struct
from collections.abc import Callable
from typing import Any

from ..machine import constants as c
from ..machine.errors import EACCES, EINVAL, EPROTO
from ..protocols import raw_settings as r
from ..protocols.ip_control import ip_options
from ..protocols.tcp_states import CLOSED, LISTEN
from . import option as o
from . import option_filter as f
from . import option_groups as g
from . import option_ip as i
from .option import MODELLED, Option

TCP, UDP, IP, IP6, RAW6 = "t4 t6", "u4 u6", "t4 u4 r4 t6 u6", "t6 u6 r6", "r6"
NOT_STREAM, NOT_STREAM6 = "u4 r4 u6", "u6 r6"


def _level(level: int, usual: str, **same: Any) -> Callable[..., Option]:
    """What makes the options of one level: *usual* is the kind and *same* the rest of most."""
    def option(name: str, kind: str = usual, **rest: Any) -> Option:
        return Option(level, getattr(c, name), name, kind, **{**same, **rest})
    return option


_socket = _level(c.SOL_SOCKET, "int")
_modelled = _level(c.SOL_SOCKET, "int", status=MODELLED)
_tcp = _level(c.IPPROTO_TCP, "int", where=TCP)
_udp = _level(c.IPPROTO_UDP, "int", where=UDP)
_ip = _level(c.IPPROTO_IP, "byte", where=IP, least=0)
_ip6 = _level(c.IPPROTO_IPV6, "bool", where=IP6)

OF_SOCKETS = (
    _socket("SO_DEBUG", "bool", needs=bool, denied=EACCES),
    _modelled("SO_REUSEADDR", "bool", default=o.raw_is_shared),
    _modelled("SO_TYPE", settable="", read=lambda so: so.type),
    _modelled("SO_ERROR", settable="", read=o.pending),
    _socket("SO_DONTROUTE", "bool"),
    _modelled("SO_BROADCAST", "bool"),
    _modelled("SO_SNDBUF", read=lambda so: so.send_size,
              write=o.buffer_size("send_size", 4608, "write_maximum")),
    _modelled("SO_RCVBUF", read=lambda so: so.receive_size,
              write=o.buffer_size("receive_size", 2304, "read_maximum")),
    _modelled("SO_SNDBUFFORCE", readable=False, needs=o.always,
              write=o.buffer_size("send_size", 4608)),
    _modelled("SO_RCVBUFFORCE", readable=False, needs=o.always,
              write=o.buffer_size("receive_size", 2304)),
    _modelled("SO_KEEPALIVE", "bool"),
    _modelled("SO_OOBINLINE", "bool"),
    _socket("SO_NO_CHECK", "bool"),
    _socket("SO_PRIORITY", needs=o.urgent),
    _modelled("SO_LINGER", "linger", default=(0, 0), least=8),
    _modelled("SO_REUSEPORT", "bool", check=o.only_internet),
    _modelled("SO_PASSCRED", "bool", lacks=o.sends_far),
    _socket("SO_PASSSEC", "bool", lacks=o.sends_far),
    _modelled("SO_PEERCRED", "bytes", least=4, settable="", read=o.peer_credentials),
    _modelled("SO_RCVLOWAT", default=1, check=o.low_water),
    _socket("SO_SNDLOWAT", settable="", read=lambda so: 1),
    _modelled("SO_RCVTIMEO", "timeval", default=(0, 0), least=16),
    _modelled("SO_SNDTIMEO", "timeval", default=(0, 0), least=16),
    _modelled("SO_BINDTODEVICE", "bytes", least=0, check=o.device, read=o.device_name,
              room=o.room_for_name),
    _modelled("SO_ATTACH_FILTER", "bytes", write=f.attach, read=f.attached, room=f.length),
    _modelled("SO_DETACH_FILTER", readable=False, write=f.detach),
    _modelled("SO_LOCK_FILTER", "bool", check=f.lock),
    _modelled("SO_BPF_EXTENSIONS", settable="", read=lambda so: 64),
    _modelled("SO_BINDTOIFINDEX", low=0, same="SO_BINDTODEVICE", check=o.device_index),
    _modelled("SO_TIMESTAMP", "bool", check=o.one_timestamp),
    _modelled("SO_TIMESTAMPNS", "bool", check=o.one_timestamp),
    _modelled("SO_TIMESTAMPING", check=o.stamping, read=lambda so: struct.pack(
        "=ii", so.options.get("SO_TIMESTAMPING", 0), 0)),
    _modelled("SO_ACCEPTCONN", settable="", read=lambda so: int(so.queue is not None)),
    _modelled("SO_MARK", needs=o.always),
    _modelled("SO_PROTOCOL", settable="", read=lambda so: so.protocol_number),
    _modelled("SO_DOMAIN", settable="", read=lambda so: so.family),
    _modelled("SO_PEEK_OFF", default=-1, lacks=o.cannot_peek),
    _socket("SO_INCOMING_CPU", default=-1),
    _modelled("SO_COOKIE", "bytes", settable="", read=lambda so: struct.pack("=Q", so.number)),
    _modelled("SO_RXQ_OVFL", "bool"),
    _socket("SO_WIFI_STATUS", "bool"),
    _socket("SO_NOFCS", "bool"),
    _modelled("SO_SELECT_ERR_QUEUE", "bool"),
    _modelled("SO_RCVMARK", "bool"),
    _socket("SO_PREFER_BUSY_POLL", "bool", needs=bool),
    _socket("SO_BUSY_POLL", low=0),
)

OF_TCP = (
    _tcp("TCP_NODELAY", "bool", status=MODELLED),
    _tcp("TCP_MAXSEG", status=MODELLED, check=o.maximum_segment, read=o.read_segment),
    _tcp("TCP_CORK", "bool", status=MODELLED),
    _tcp("TCP_KEEPIDLE", default=7200, status=MODELLED, low=1, high=32767),
    _tcp("TCP_KEEPINTVL", default=75, status=MODELLED, low=1, high=32767),
    _tcp("TCP_KEEPCNT", default=9, status=MODELLED, low=1, high=127),
    _tcp("TCP_SYNCNT", default=6, status=MODELLED, low=1, high=127),
    _tcp("TCP_LINGER2", default=60, check=o.linger2),
    _tcp("TCP_DEFER_ACCEPT", status=MODELLED, check=o.deferred),
    _tcp("TCP_WINDOW_CLAMP", check=o.window_clamp, read=o.read_clamp),
    _tcp("TCP_INFO", "bytes", status=MODELLED, settable="", read=o.information),
    _tcp("TCP_QUICKACK", status=MODELLED, read=lambda so: int(not so.pcb.answers)),
    _tcp("TCP_CONGESTION", "bytes", default=b"cubic".ljust(16, b"\0"), least=1, check=o.congestion),
    _tcp("TCP_USER_TIMEOUT", status=MODELLED, low=0),
    _tcp("TCP_FASTOPEN", low=0, check=lambda so, value: min(
        o.only_in(CLOSED, LISTEN)(so, value), so.host.settings.somaxconn)),
    _tcp("TCP_FASTOPEN_CONNECT", low=0, high=1, check=o.only_in(CLOSED)),
    _tcp("TCP_THIN_LINEAR_TIMEOUTS", low=0, high=1),
    _tcp("TCP_THIN_DUPACK", low=0, high=1, read=lambda so: 0),
    _tcp("TCP_SAVE_SYN", low=0, high=2),
    _tcp("TCP_FASTOPEN_NO_COOKIE", low=0, high=1, check=o.only_in(CLOSED, LISTEN)),
    _tcp("TCP_INQ", status=MODELLED, low=0, high=1),
    _tcp("TCP_NOTSENT_LOWAT", status=MODELLED),
)

OF_UDP = (
    _udp("UDP_CORK", "bool", status=MODELLED),
    _udp("UDP_NO_CHECK6_TX", "bool", status=MODELLED),
    _udp("UDP_NO_CHECK6_RX", "bool", status=MODELLED),
    _udp("UDP_SEGMENT", status=MODELLED, low=0, high=0xFFFF),
    _udp("UDP_GRO", "bool", status=MODELLED),
)

OF_IP = (
    _ip("IP_TOS", status=MODELLED, check=i.service_and_priority),
    _ip("IP_TTL", least=1, default=64, status=MODELLED, low=1, high=255, usual=64),
    _ip("IP_HDRINCL", "flag", settable="r4", status=MODELLED),
    _ip("IP_OPTIONS", "bytes", default=b"", most=40, check=ip_options),
    _ip("IP_RECVOPTS", "flag"),
    _ip("IP_RETOPTS", "flag"),
    _ip("IP_PKTINFO", "flag", status=MODELLED),
    _ip("IP_MTU_DISCOVER", default=1, low=0, high=5, status=MODELLED),
    _ip("IP_RECVERR", "flag", status=MODELLED, check=i.keep_errors),
    _ip("IP_RECVTTL", "flag", status=MODELLED),
    _ip("IP_RECVTOS", "flag", status=MODELLED),
    _ip("IP_MTU", "int", settable="", read=i.path_mtu),
    _ip("IP_FREEBIND", "flag", least=1, status=MODELLED),
    _ip("IP_TRANSPARENT", "flag", least=1, status=MODELLED, needs=bool),
    _ip("IP_RECVORIGDSTADDR", "flag", status=MODELLED),
    _ip("IP_BIND_ADDRESS_NO_PORT", "flag", status=MODELLED),
    _ip("IP_MINTTL", least=1, status=MODELLED, low=0, high=255),
    _ip("IP_RECVERR_RFC4884", low=0, high=1),
    _ip("IP_MULTICAST_IF", "bytes", default=bytes(4), status=MODELLED,
        least=4, settable=NOT_STREAM, refusal=EINVAL, check=i.multicast_interface),
    _ip("IP_MULTICAST_TTL", least=1, default=i.multicast_ttl,
        settable=NOT_STREAM, refusal=EINVAL, status=MODELLED, low=0, high=255, usual=1),
    _ip("IP_MULTICAST_LOOP", "flag", least=1, default=1, status=MODELLED),
    _ip("IP_MULTICAST_ALL", least=1, low=0, high=1, status=MODELLED,
        default=lambda so: int(so.family == c.AF_INET)),
    _ip("IP_LOCAL_PORT_RANGE", least=4, most=4, status=MODELLED, check=i.port_range),
    _ip("IP_ADD_MEMBERSHIP", "bytes", least=8, settable=NOT_STREAM,
        refusal=EPROTO, readable=False, status=MODELLED, write=g.membership(True, False)),
    _ip("IP_DROP_MEMBERSHIP", "bytes", least=8, settable=NOT_STREAM,
        refusal=EPROTO, readable=False, status=MODELLED, write=g.membership(False, False)),
)

OF_IP6 = (
    _ip6("IPV6_V6ONLY", status=MODELLED, check=i.v6only),
    _ip6("IPV6_UNICAST_HOPS", "int", default=64, status=MODELLED, low=0, high=255, usual=64),
    _ip6("IPV6_MULTICAST_HOPS", "int", default=i.of_accepted(1, 64), settable=NOT_STREAM6,
         status=MODELLED, low=0, high=255, usual=1),
    _ip6("IPV6_MULTICAST_LOOP", "int", default=1, low=0, high=1, status=MODELLED),
    _ip6("IPV6_MULTICAST_IF", "int", default=i.of_accepted(0, 1), settable=NOT_STREAM6,
         status=MODELLED, check=i.interface_index),
    _ip6("IPV6_RECVPKTINFO", status=MODELLED),
    _ip6("IPV6_RECVHOPLIMIT", status=MODELLED),
    _ip6("IPV6_RECVTCLASS", status=MODELLED),
    _ip6("IPV6_RECVRTHDR"),
    _ip6("IPV6_RECVHOPOPTS"),
    _ip6("IPV6_RECVDSTOPTS"),
    _ip6("IPV6_RECVPATHMTU"),
    _ip6("IPV6_TCLASS", "int", status=MODELLED, low=0, high=255, usual=0,
         check=i.type_of_service),
    _ip6("IPV6_DONTFRAG", least=0, status=MODELLED),
    _ip6("IPV6_PATHMTU", "mtuinfo", settable="", read=i.path_mtu_information,
         room=lambda so: 32),
    _ip6("IPV6_HDRINCL", where=RAW6, status=MODELLED),
    _ip6("IPV6_CHECKSUM", "int", where=RAW6, status=MODELLED,
         read=r.checksum_offset, check=r.new_offset_but_icmp),
    _ip6("IPV6_JOIN_GROUP", "bytes", readable=False, least=20,
         settable=NOT_STREAM6, refusal=EPROTO, status=MODELLED, write=g.membership(True, True)),
    _ip6("IPV6_LEAVE_GROUP", "bytes", readable=False, least=20,
         settable=NOT_STREAM6, refusal=EPROTO, status=MODELLED, write=g.membership(False, True)),
    _ip6("IPV6_PKTINFO", "bytes", readable=False, least=20, null=EINVAL, check=i.sticky,
         status=MODELLED),
    _ip6("IPV6_MTU_DISCOVER", "int", default=1, low=0, high=5, status=MODELLED),
    _ip6("IPV6_MTU", "int", check=i.least_mtu, read=i.path_mtu),
    _ip6("IPV6_RECVERR", status=MODELLED, check=i.keep_errors),
    _ip6("IPV6_RECVERR_RFC4884", "int", low=0, high=1),
    _ip6("IPV6_MINHOPCOUNT", "int", status=MODELLED, low=0, high=255),
    _ip6("IPV6_ORIGDSTADDR", status=MODELLED),
    _ip6("IPV6_TRANSPARENT", status=MODELLED, same="IP_TRANSPARENT", needs=bool),
    _ip6("IPV6_FREEBIND", status=MODELLED, same="IP_FREEBIND"),
    _ip6("IPV6_AUTOFLOWLABEL", default=1, least=0),
    _ip6("IPV6_RECVFRAGSIZE", least=0),
    *(_ip6(name, "bytes", default=b"", least=0, unit=8, null=EINVAL, check=i.extension,
           needs=o.always)
      for name in ("IPV6_HOPOPTS", "IPV6_RTHDRDSTOPTS", "IPV6_DSTOPTS")),
    _ip6("IPV6_RTHDR", "bytes", default=b"", least=0, unit=8, null=EINVAL, check=i.no_routing),
    _ip6("IPV6_MULTICAST_ALL", default=1, status=MODELLED),
)

OF_RAW = (
    Option(c.SOL_RAW, c.IPV6_HDRINCL, "IPV6_HDRINCL", "bool", where="r6", status=MODELLED),
    Option(c.SOL_RAW, c.IPV6_CHECKSUM, "IPV6_CHECKSUM", where="r6", status=MODELLED,
           read=r.checksum_offset, check=r.new_offset),
    *(Option(level, 1, name, "bytes", where=where, least=0, status=MODELLED, default=bytes(size),
             lacks=r.has_no_filter, check=r.new_filter)
      for level, name, where, size in ((c.SOL_RAW, "ICMP_FILTER", "r4", 4),
                                       (c.SOL_ICMPV6, "ICMPV6_FILTER", RAW6, 32))),
)

JOINED = {"kind": "bytes", "readable": False, "status": MODELLED}
LISTS = {**JOINED, "readable": True, "read": g.unread}
SOURCE = {**JOINED, "least": 12, "most": 12}

OF_GROUPS = (
    _ip("IP_UNBLOCK_SOURCE", **SOURCE, write=g.source(excludes=True, add=False)),
    _ip("IP_BLOCK_SOURCE", **SOURCE, write=g.source(excludes=True, add=True)),
    _ip("IP_ADD_SOURCE_MEMBERSHIP", **SOURCE, write=g.source(excludes=False, add=True)),
    _ip("IP_DROP_SOURCE_MEMBERSHIP", **SOURCE, write=g.source(excludes=False, add=False)),
    _ip("IP_MSFILTER", **{**LISTS, "least": 16}, write=g.filters),
    *(option
      for six, make in ((False, _ip), (True, _ip6))
      for option in (
          make("MCAST_JOIN_GROUP", **{**JOINED, "least": 136}, write=g.at_interface(True, six)),
          make("MCAST_LEAVE_GROUP", **{**JOINED, "least": 136}, write=g.at_interface(False, six)),
          *(make(f"MCAST_{name}", **{**JOINED, "least": 264, "most": 2**31 if six else 264},
                 write=g.source_at_interface(excludes, add, six))
            for name, excludes, add in (
                ("BLOCK_SOURCE", True, True), ("UNBLOCK_SOURCE", True, False),
                ("JOIN_SOURCE_GROUP", False, True), ("LEAVE_SOURCE_GROUP", False, False))),
          make("MCAST_MSFILTER", **{**LISTS, "least": 144}, write=g.filters_at_interface(six)))),
)

OPTIONS: dict[tuple[int, int], Option] = {
    (option.level, option.number): option
    for group in (OF_SOCKETS, OF_TCP, OF_UDP, OF_IP, OF_IP6, OF_GROUPS, OF_RAW)
    for option in group}

# The levels that a socket looks into; elsewhere it has its own error for the whole level.
LEVELS = {
    c.SOL_SOCKET: "t4 u4 r4 t6 u6 r6 x", c.IPPROTO_TCP: TCP, c.IPPROTO_UDP: UDP,
    c.IPPROTO_IP: IP, c.IPPROTO_IPV6: IP6, c.SOL_RAW: "r4 r6",
    c.SOL_ICMPV6: RAW6, c.IPPROTO_UDPLITE: UDP,  # whose own are UDP's
}
