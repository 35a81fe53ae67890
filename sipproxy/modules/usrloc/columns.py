"""Contacts as values of columns, and back (Kamailio usrloc/ucontact.c, udomain.c)."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sipproxy.core.contact import ALL_METHODS, Q_UNSET, STORED, Contact, Socket, socket_text
from sipproxy.core.sockets import PROTO_NUMBER, OwnAddresses
from sipproxy.core.values import wrap
from sipproxy.db.database import Database
from sipproxy.db.statement import SqlValue
from sipproxy.modules.usrloc.params import Params

Pairs = list[tuple[str, SqlValue]]
"""Columns with their values."""

LAST_MODIFIED = "last_modified"
"""A column whose name cannot be chosen."""

_UNSIGNED = 0xFFFF_FFFF


class Unreadable(ValueError):
    """A row is no contact; says why."""


class Found(NamedTuple):
    """A row: whose contact it holds."""

    aor: str
    contact: Contact


class Columns:
    """How one server writes contacts into the rows of one database, and reads them."""

    def __init__(self, params: Params, database: Database, own: OwnAddresses) -> None:
        self._params = params
        self._database = database
        self._own = own
        p = params
        self.names = (
            *(p.user_column, p.contact_column, p.expires_column, p.q_column, p.callid_column),
            *(p.cseq_column, p.flags_column, p.cflags_column, p.user_agent_column),
            *(p.received_column, p.path_column, p.socket_column, p.methods_column),
            *(LAST_MODIFIED, p.ruid_column, p.instance_column, p.reg_id_column),
            *(p.server_id_column, p.connection_id_column, p.keepalive_column, p.domain_column),
        )
        """What is read, in the order in which :meth:`read` takes it."""

    def moment(self, second: int) -> SqlValue:
        """What the columns of time hold for a Unix second."""
        return second if self._params.expires_type == 1 else self._database.moment(second)

    def owner(self, aor: str) -> Pairs:
        """The columns that name an address-of-record."""
        storable, params = self._database.storable, self._params
        if not params.use_domain:
            return [(params.user_column, storable(aor))]
        user, at, domain = aor.partition("@")
        if not at:
            user, domain = "", aor
        return [
            (params.user_column, storable(user)),
            (params.domain_column, storable(domain)),
        ]

    def identity(self, aor: str, contact: Contact) -> Pairs:
        """The columns that a row is found by."""
        p, storable = self._params, self._database.storable
        if p.db_ops_ruid:
            return [(p.ruid_column, contact.ruid)]
        pairs = self.owner(aor)
        pairs.append((p.contact_column, storable(contact.uri)))
        return [*pairs, *self._same(contact)]

    def instance(self, aor: str, contact: Contact) -> Pairs:
        """The columns that the row of a contact with an instance is found by, without ruids."""
        p = self._params
        pairs = self.owner(aor)
        pairs.append((p.instance_column, self._database.storable(contact.instance)))
        pairs.append((p.reg_id_column, wrap(contact.reg_id)))
        return pairs

    def _same(self, contact: Contact) -> Pairs:
        """What matching_mode wants to be alike besides the URI."""
        p, storable = self._params, self._database.storable
        if p.matching_mode in (1, 3):
            return [(p.callid_column, storable(contact.callid))]
        if p.matching_mode == 2:
            return [(p.path_column, storable(contact.path) if contact.path else None)]
        return []

    def values(self, contact: Contact) -> Pairs:
        """What a row says of a contact, None for nothing."""
        return list(self._values(contact))

    def _values(self, c: Contact) -> Iterator[tuple[str, SqlValue]]:
        p, text = self._params, self._text
        yield p.contact_column, self._database.storable(c.uri)
        yield p.expires_column, self.moment(c.expires)
        yield p.q_column, -1.0 if c.q == Q_UNSET else c.q / 1000
        yield p.callid_column, self._database.storable(c.callid)
        yield p.cseq_column, wrap(c.cseq)
        yield p.flags_column, wrap(c.flags)
        yield p.cflags_column, wrap(c.cflags)
        yield p.user_agent_column, self._database.storable(c.user_agent)
        yield p.received_column, text(c.received)
        yield p.path_column, text(c.path)
        yield p.socket_column, socket_text(c.socket) if c.socket else None
        yield p.methods_column, None if c.methods == ALL_METHODS else wrap(c.methods)
        yield LAST_MODIFIED, self.moment(c.last_modified)
        yield p.ruid_column, c.ruid
        yield p.instance_column, text(c.instance)
        yield p.reg_id_column, wrap(c.reg_id)
        yield p.server_id_column, wrap(c.server_id)
        yield p.connection_id_column, wrap(c.connection)
        yield p.keepalive_column, c.keepalive

    def _text(self, text: str) -> SqlValue:
        return self._database.storable(text) if text else None

    def read(self, row: Sequence[object], *, now: int, connected: bool) -> Found:
        """The contact of a row; `connected`: with its connection. Raises Unreadable."""
        user, uri, expires, q, callid, cseq, flags, cflags, agent, received, path, *rest = row
        socket, methods, modified, ruid, instance, reg_id, server, connection, _, domain = rest
        for value, name in (
            *((user, "username"), (uri, "contact"), (callid, "callid"), (ruid, "ruid")),
            *((expires, "expires"), (q, "q"), (cseq, "cseq"), (flags, "flags")),
            (cflags, "cflags"),
        ):
            if value is None or value == "":
                raise Unreadable(f"{name} is empty")
        aor = str(user)
        if self._params.use_domain:
            if not domain:
                raise Unreadable(f"the domain of the user {aor} is empty")
            aor = f"{aor}@{domain}"
        branch_flags = _number(cflags) & _UNSIGNED
        nat = self._nat_flag
        contact = Contact(
            str(uri),
            str(ruid),
            self._second(expires),
            _q(q),
            str(callid),
            _number(cseq),
            str(agent or ""),
            str(received or ""),
            str(path or ""),
            self._socket(str(socket or "")),
            ALL_METHODS if methods is None else _number(methods) & _UNSIGNED,
            _number(flags) & _UNSIGNED,
            branch_flags,
            str(instance or ""),
            _number(reg_id or 0) & _UNSIGNED,
            _number(-1 if connection is None or not connected else connection),
            0 if modified is None else self._second(modified),
            _number(server or 0),
            state=STORED,
            keepalive=1 if branch_flags & nat else 0,
            last_keepalive=now,
        )
        return Found(aor, contact)

    @property
    def _nat_flag(self) -> int:
        flag: int = self._params.nat_bflag
        return 0 if flag < 0 else 1 << flag

    def _second(self, moment: object) -> int:
        if self._params.expires_type == 1:
            return _number(moment)
        try:
            return self._database.second(moment)
        except ValueError as error:
            raise Unreadable(str(error)) from None

    def _socket(self, text: str) -> Socket | None:
        """One of our sockets by its text; None for no text and for another's."""
        if not text:
            return None
        proto, colon, place = text.partition(":")
        if proto not in PROTO_NUMBER:
            proto, place = "udp", text
        host, colon, port = place.rpartition(":")
        if not colon or "]" in port:
            host, port = place, "0"
        if not (host and port.isascii() and port.isdigit()):
            raise Unreadable(f"bad socket <{text}>")
        own = self._own.socket_at(host, int(port), proto)
        if own is not None:
            return own.proto, own.address, own.port
        if self._params.skip_remote_socket:
            raise Unreadable(f"the socket {text} is not one of ours")
        return None


def _number(value: object) -> int:
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError):
        raise Unreadable(f"{value!r} is no number") from None


def _q(value: object) -> int:
    try:
        q = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise Unreadable(f"{value!r} is no q") from None
    return Q_UNSET if q == -1 else int(q * 1000)
