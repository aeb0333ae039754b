"""The states of a TCP connection: RFC 9293's figure 5 as a table, and nothing else.

The table says where each event leads; what is sent on the way is `tcp_input`'s and
`tcp`'s business.  The pictures of the documentation are drawn from it.

May not know: anything but the names.

Sources: RFC 9293 3.3.2 and figure 5, with the errata's arrow from SYN-RECEIVED to
CLOSE-WAIT; Linux has the same and CLOSE for CLOSED.
"""

CLOSED = "CLOSED"
LISTEN = "LISTEN"
SYN_SENT = "SYN-SENT"
SYN_RECEIVED = "SYN-RECEIVED"
ESTABLISHED = "ESTABLISHED"
FIN_WAIT_1 = "FIN-WAIT-1"
FIN_WAIT_2 = "FIN-WAIT-2"
CLOSE_WAIT = "CLOSE-WAIT"
CLOSING = "CLOSING"
LAST_ACK = "LAST-ACK"
TIME_WAIT = "TIME-WAIT"

# event: what happens to a connection
PASSIVE_OPEN = "passive open"
ACTIVE_OPEN = "active open"
SYN_COMES = "SYN comes"
SYN_ACK_COMES = "SYN,ACK comes"
ACK_OF_SYN = "ACK of SYN comes"
CLOSE = "close"
FIN_COMES = "FIN comes"
ACK_OF_FIN = "ACK of FIN comes"
TIMEOUT = "2 MSL pass"
ABORT = "RST, abort or timeout"

TABLE: dict[tuple[str, str], str] = {
    (CLOSED, PASSIVE_OPEN): LISTEN,
    (CLOSED, ACTIVE_OPEN): SYN_SENT,
    (LISTEN, SYN_COMES): SYN_RECEIVED,
    (LISTEN, CLOSE): CLOSED,
    (SYN_SENT, SYN_COMES): SYN_RECEIVED,
    (SYN_SENT, SYN_ACK_COMES): ESTABLISHED,
    (SYN_SENT, CLOSE): CLOSED,
    (SYN_RECEIVED, ACK_OF_SYN): ESTABLISHED,
    (SYN_RECEIVED, FIN_COMES): CLOSE_WAIT,
    (SYN_RECEIVED, CLOSE): FIN_WAIT_1,
    (ESTABLISHED, CLOSE): FIN_WAIT_1,
    (ESTABLISHED, FIN_COMES): CLOSE_WAIT,
    (FIN_WAIT_1, ACK_OF_FIN): FIN_WAIT_2,
    (FIN_WAIT_1, FIN_COMES): CLOSING,
    (FIN_WAIT_2, FIN_COMES): TIME_WAIT,
    (CLOSE_WAIT, CLOSE): LAST_ACK,
    (CLOSING, ACK_OF_FIN): TIME_WAIT,
    (LAST_ACK, ACK_OF_FIN): CLOSED,
    (TIME_WAIT, TIMEOUT): CLOSED,
    **{(state, ABORT): CLOSED for state in (
        LISTEN, SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT,
        CLOSING, LAST_ACK, TIME_WAIT)},
}

# What TCP_INFO says: Linux's numbers, <netinet/tcp.h>.
NUMBERS = {ESTABLISHED: 1, SYN_SENT: 2, SYN_RECEIVED: 3, FIN_WAIT_1: 4, FIN_WAIT_2: 5,
           TIME_WAIT: 6, CLOSED: 7, CLOSE_WAIT: 8, LAST_ACK: 9, LISTEN: 10, CLOSING: 11}

SYNCHRONIZED = frozenset({ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK})
MAY_RECEIVE = frozenset({ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2})
MAY_SEND = frozenset({ESTABLISHED, CLOSE_WAIT})


def after(state: str, event: str) -> str:
    """The state that *event* leads to; an event that cannot happen stays where it is.

    >>> after(ESTABLISHED, FIN_COMES)
    'CLOSE-WAIT'
    >>> after(CLOSE_WAIT, FIN_COMES)
    'CLOSE-WAIT'
    """
    return TABLE.get((state, event), state)
