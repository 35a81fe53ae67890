"""A binding of an address-of-record to a place where its user is reached (Kamailio ucontact_t)."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from sipproxy.core.context import XavpValue

ALL_METHODS = 0xFFFF_FFFF
"""Methods of a contact that says nothing of them."""
Q_UNSET = -1
MEMORY_ONLY = 1
"""Bit of `Contact.flags`: kept in memory only."""
PERMANENT, DELETED = 0, 10
"""Values of `Contact.expires` that are no instant: for ever, and gone though not swept yet."""
NEW, STORED, CHANGED = range(3)
"""Values of `Contact.state`: what a database knows of it."""

Socket: TypeAlias = tuple[str, str, int]
"""One of our sockets: protocol, address and port."""


class Contact(NamedTuple):
    """A contact of a record, never changed in place.

    `expires`, `last_modified` and `last_keepalive` are Unix seconds; `q` counts in thousandths, -1
    for none; texts are empty where there is none. `ruid` names it as long as it lives. `state` is
    what a database knows of it: nothing, everything, or what it was before it changed.
    """

    uri: str
    ruid: str
    expires: int
    q: int
    callid: str
    cseq: int
    user_agent: str
    received: str
    path: str
    socket: Socket | None
    methods: int
    flags: int
    cflags: int
    instance: str
    reg_id: int
    connection: int
    last_modified: int
    server_id: int = 0
    state: int = 0
    keepalive: int = 0
    last_keepalive: int = 0
    roundtrip: int = 0
    xavp: XavpValue | None = None

    def is_valid(self, now: int) -> bool:
        """Whether it has not expired."""
        return self.expires > now or self.expires == PERMANENT


Contacts: TypeAlias = tuple[Contact, ...]
"""The contacts of one address-of-record, in the order in which they are tried."""

Change: TypeAlias = Callable[[Contacts], Contacts]
"""From the contacts that a record has to those it shall have.

It is pure: where several servers share the records it may be asked more than once.
"""


def socket_text(socket: Socket) -> str:
    """A socket as Kamailio writes it: `udp:127.0.0.1:5060`, IPv6 in brackets."""
    proto, host, port = socket
    return (
        f"{proto}:[{host}]:{port}" if ":" in host and host[0] != "[" else f"{proto}:{host}:{port}"
    )
