"""The RPC commands `ul.*`; fault texts and shapes are Kamailio's (ul_rpc.c)."""

from collections.abc import Mapping
from typing import Any

from sipproxy import text as wire
from sipproxy.core.answer import NamedArray
from sipproxy.core.bindings import NotStored
from sipproxy.core.contact import DELETED, PERMANENT, Q_UNSET, Contact, Contacts, socket_text
from sipproxy.core.module import rpc
from sipproxy.core.ruid import Ruids
from sipproxy.errors import DatabaseError, RpcError
from sipproxy.modules.usrloc import order
from sipproxy.modules.usrloc.params import NO_DB
from sipproxy.modules.usrloc.store import Records
from sipproxy.modules.usrloc.stored import Stored
from sipproxy.modules.usrloc.table import Table

Row = Mapping[str, object]

_CALL_ID = "dfjrewr12386fd6-343@kamailio.rpc"
_USER_AGENT = "kamailio SIP Router - RPC Server"
_PATH = "dummypath"
_CSEQ = 1
"""What stands in contacts that an operator added."""

_NO_AOR = "Not enough parameters (table and AOR to lookup)"
_NOT_SET = "[not set]"
_STATES = ("CS_NEW", "CS_SYNC", "CS_DIRTY")


class Commands(Stored):
    """What an operator may ask and do."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._ruids = Ruids(host, "ulcx")

    @rpc("ul.dump")
    def _dump(self, brief: str = "") -> Row:
        """Dump user location tables."""
        tables = self.newest_first()
        rows = [("Domain", self._dumped(table, brief == "brief")) for table in tables]
        return {"Domains": NamedArray(tuple(rows))}

    def _dumped(self, table: Table, brief: bool) -> Row:
        records: Records = []
        most = 0
        for slot in table.by_slot():
            most = max(most, len(slot))
            records += slot
        now = int(self.host.now())
        if brief:
            rows = NamedArray(tuple(("AoR", aor) for aor, _ in records))
        else:
            rows = NamedArray(tuple(("Info", self._record(*row, now)) for row in records))
        return {
            "Domain": table.name,
            "Size": table.store.size,
            "AoRs": rows,
            "Stats": {"Records": len(records), "Max-Slots": most},
        }

    def _record(self, aor: str, contacts: Contacts, now: int) -> Row:
        return {"AoR": aor, "HashID": self.hash_of(aor), "Contacts": _shown(contacts, now)}

    @rpc("ul.lookup", missing=_NO_AOR)
    async def _lookup(self, table: str, aor: str) -> Row:
        """Lookup one AOR in the usrloc location table."""
        found, aor = self._place(table, aor)
        contacts = await found.read(aor)
        if not contacts:
            raise RpcError(500, "AOR not found in location table")
        now = int(self.host.now())
        valid = tuple(contact for contact in contacts if contact.is_valid(now))
        if not valid:
            raise RpcError(500, "AOR has no contacts")
        return {"AoR": aor, "Contacts": _shown(valid, now)}

    @rpc("ul.rm", missing=_NO_AOR)
    async def _rm(self, table: str, aor: str) -> None:
        """Delete an address of record including its contacts."""
        found, aor = self._place(table, aor)
        try:
            await found.change(aor, lambda contacts: ())
        except NotStored:
            raise RpcError(500, "Failed to delete AOR") from None

    @rpc("ul.rm_contact", missing="Not enough parameters (table, AOR and contact)")
    async def _rm_contact(self, table: str, aor: str, contact: str) -> None:
        """Delete a contact from an AOR record."""
        found, aor = self._place(table, aor)

        def without(contacts: Contacts) -> Contacts:
            if not contacts:
                raise RpcError(404, "AOR not found")
            code, gone = self._find(contacts, contact)
            if code < 0:
                raise RpcError(500, "Internal error (can't get contact)")
            if gone is None:
                raise RpcError(404, "Contact not found")
            return self.removed(contacts, gone)

        try:
            await found.change(aor, without)
        except NotStored:
            raise RpcError(500, "Internal error (can't delete contact)") from None

    @rpc("ul.flush")
    async def _flush(self) -> None:
        """Flush the usrloc memory cache to DB."""
        self.sweep_now()
        await self.follow()

    @rpc("ul.add", missing="Not enough parameters or wrong format")
    async def _add(
        self,
        table: str,
        aor: str,
        contact: str,
        expires: int,
        q: float,
        path: str,
        flags: int,
        cflags: int,
        methods: int,
        received: str = "",
        socket: str = "",
    ) -> None:
        """Add a new contact for an address of record."""
        found, aor = self._place(table, aor)
        new = self._made(contact, _set(path))._replace(
            ruid=self._ruids.next(),
            expires=expires + int(self.host.now()) if expires else PERMANENT,
            q=Q_UNSET if q == -1 else int(q * 1000),
            flags=flags,
            cflags=cflags,
            keepalive=1 if cflags & self.nat_flag else 0,
            methods=methods,
            received=_set(received),
            socket=self._socket(_set(socket)),
        )

        def change(contacts: Contacts) -> Contacts:
            code, old = self._find(contacts, contact)
            if code < 0:
                raise RpcError(500, "Can't get record")
            return self.updated(contacts, old, new) if old else self.added(contacts, new)

        try:
            await found.change(aor, change)
        except NotStored as error:
            raise RpcError(500, f"Can't {error.what} contact") from None

    @rpc("ul.db_users")
    async def _db_users(self, table: str = "") -> int:
        """Tell number of different unexpired users (AoRs) in database table (db_mode!=0 only)."""
        return await self._count_rows(table, "users", "AoR")

    @rpc("ul.db_contacts")
    async def _db_contacts(self, table: str = "") -> int:
        """Tell number of unexpired contacts in database table (db_mode=3 only)."""
        return await self._count_rows(table, "contacts", "contact")

    @rpc("ul.db_expired_contacts")
    async def _db_expired_contacts(self, table: str = "") -> int:
        """Tell number of expired contacts in database table (db_mode=3 only)."""
        return await self._count_rows(table, "over", "contact")

    async def _count_rows(self, table: str, what: str, of: str) -> int:
        if self.db_mode == NO_DB:
            raise RpcError(500, f"Command is not supported in db_mode={NO_DB}")
        if not table:
            raise RpcError(500, "Not enough parameters (table to lookup)")
        try:
            return await self.rows(table).count(what, int(self.host.now()))
        except DatabaseError as error:
            self.complain(str(error))
            raise RpcError(500, f"Failed to query {of} count") from None

    def _place(self, name: str, aor: str) -> tuple[Table, str]:
        """The table of that name, and the record's name as it stands there."""
        table = self.tables.get(name)
        if table is None:
            raise RpcError(500, "Domain table not found")
        user, at, _ = aor.partition("@")
        if not self.use_domain:
            aor = user
        elif not at:
            raise RpcError(500, "Domain missing in AOR")
        return table, aor if self.case_sensitive else wire.lower(aor)

    def _find(self, contacts: Contacts, uri: str) -> tuple[int, Contact | None]:
        wanted = self._made(uri, _PATH)._replace(cseq=_CSEQ + 1)
        now, mode, delay = int(self.host.now()), self.matching_mode, self.cseq_delay
        return order.find_address(contacts, wanted, now, mode=mode, delay=delay)

    def _made(self, uri: str, path: str) -> Contact:
        """A contact as an operator makes it."""
        server = getattr(self.host.settings, "server_id", 0)
        return Contact(
            *(uri, "", PERMANENT, Q_UNSET, _CALL_ID, _CSEQ, _USER_AGENT, "", path, None),
            *(0, 0, 0, "", 0, -1, 0),
            server_id=server,
            last_keepalive=int(self.host.now()),
        )

    def _socket(self, text: str) -> tuple[str, str, int] | None:
        """One of our sockets by its text."""
        wanted = ((s.proto, s.address, s.port) for s in self.host.own.sockets)
        return next((socket for socket in wanted if socket_text(socket) == text), None)


def _set(text: str) -> str:
    """What an operator gave; `.` and `0` stand for nothing."""
    return "" if text in (".", "0") else text


def _shown(contacts: Contacts, now: int) -> NamedArray:
    return NamedArray(tuple(("Contact", _contact(contact, now)) for contact in contacts))


def _contact(c: Contact, now: int) -> Row:
    return {
        "Address": c.uri,
        "Expires": _expires(c.expires, now),
        "Q": -1.0 if c.q == Q_UNSET else c.q / 1000,
        "Call-ID": c.callid,
        "CSeq": c.cseq,
        "User-Agent": c.user_agent or _NOT_SET,
        "Received": c.received or _NOT_SET,
        "Path": c.path or _NOT_SET,
        "State": _STATES[c.state],
        "Flags": c.flags,
        "CFlags": c.cflags,
        "Socket": socket_text(c.socket) if c.socket else _NOT_SET,
        "Methods": c.methods,
        "Ruid": c.ruid or _NOT_SET,
        "Instance": c.instance or _NOT_SET,
        "Reg-Id": c.reg_id,
        "Server-Id": c.server_id,
        "Tcpconn-Id": c.connection,
        "Keepalive": c.keepalive,
        "Last-Keepalive": c.last_keepalive,
        "KA-Roundtrip": c.roundtrip,
        "Last-Modified": c.last_modified,
    }


def _expires(expires: int, now: int) -> int | str:
    if expires in (PERMANENT, DELETED):
        return "permanent" if expires == PERMANENT else "deleted"
    return "expired" if now > expires else expires - now
