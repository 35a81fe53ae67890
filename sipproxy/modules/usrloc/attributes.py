"""XAVPs that are kept with contacts, as rows of a table beside theirs: `location_attrs`."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, column, delete, insert, select
from sqlalchemy.sql import table as named_table

from sipproxy.core.contact import Contact
from sipproxy.core.context import XavpValue
from sipproxy.db.database import Database, Query, Step
from sipproxy.db.statement import Row
from sipproxy.modules.usrloc.columns import LAST_MODIFIED, Columns, Pairs
from sipproxy.modules.usrloc.params import Params

_TEXT, _NUMBER = 0, 1
"""Values of `atype`."""
_NAMES = ("username", "ruid", "aname", "atype", "avalue")


class Attributes:
    """What the XAVP of xavp_contact says of each contact; without that parameter nothing."""

    def __init__(self, params: Params, database: Database, name: str, columns: Columns) -> None:
        self._used = bool(params.xavp_contact)
        self._columns = columns
        self._database = database
        self._domain = bool(params.use_domain)
        self._by_ruid = params.db_ops_ruid == 1
        names = (*_NAMES, "domain") if self._domain else _NAMES
        self._table = named_table(f"{name}_attrs", *map(column, (*names, LAST_MODIFIED)))
        if self._used:
            self._prepare(names)

    def _prepare(self, names: tuple[str, ...]) -> None:
        prepare, c = self._database.prepare, self._table.c
        written = (*names, LAST_MODIFIED)
        given: dict[str, Any] = {name: bindparam(f"p_{name}") for name in written}
        numbers = [f"p_{name}" for name in written]
        self._insert: Query = prepare(insert(self._table).values(given), numbers)
        ruid = c.ruid == bindparam("k_ruid")
        self._delete_ruid: Query = prepare(delete(self._table).where(ruid))
        owner = ("username", "domain") if self._domain else ("username",)
        mine = [c[name] == bindparam(f"k_{name}") for name in owner]
        self._delete_owned: Query = prepare(
            delete(self._table).where(*mine, ruid), (*(f"k_{name}" for name in owner), "k_ruid")
        )
        self._of: Query = prepare(select(c.aname, c.atype, c.avalue).where(ruid))
        self._all: Query = prepare(select(c.ruid, c.aname, c.atype, c.avalue))

    def added(self, owner: Pairs, contact: Contact, now: int) -> list[Step]:
        """Write those of a contact."""
        if not self._used or not isinstance(contact.xavp, list):
            return []
        storable = self._database.storable
        names = [value for _, value in owner]
        modified = self._columns.moment(now)
        steps = []
        for name, value in contact.xavp:
            if isinstance(value, int | str):
                kind = _NUMBER if isinstance(value, int) else _TEXT
                row = [names[0], contact.ruid, storable(name), kind, storable(str(value))]
                steps.append(self._insert.step([*row, *names[1:], modified]))
        return steps

    def gone(self, owner: Pairs, contact: Contact) -> list[Step]:
        """Let go those of a contact."""
        if not self._used:
            return []
        if self._by_ruid:
            return [self._delete_ruid.step([contact.ruid])]
        return [self._delete_owned.step([*(value for _, value in owner), contact.ruid])]

    def left(self, ruids: Iterable[str]) -> list[Step]:
        """Let go those of contacts of which only the ruid is known."""
        return [self._delete_ruid.step([ruid]) for ruid in ruids] if self._used else []

    async def joined(self, contacts: list[Contact]) -> list[Contact]:
        """Contacts with theirs."""
        if not self._used:
            return contacts
        return [
            contact._replace(xavp=_xavp(await self._of.rows((contact.ruid,))))
            for contact in contacts
        ]

    def load(self) -> dict[str, XavpValue]:
        """Those of all contacts, by ruid; this blocks."""
        rows: dict[str, list[Row]] = {}
        if self._used:
            for ruid, *row in self._all.read():
                rows.setdefault(str(ruid), []).append(tuple(row))
        found = {ruid: _xavp(of) for ruid, of in rows.items()}
        return {ruid: xavp for ruid, xavp in found.items() if xavp is not None}


def _xavp(rows: Iterable[Row]) -> XavpValue | None:
    """The XAVP that rows hold, the latest row first; None for no row."""
    children: list[tuple[str, int | str | None]] = []
    for name, kind, value in rows:
        if kind == _TEXT:
            children.insert(0, (str(name), str(value)))
        elif kind == _NUMBER:
            children.insert(0, (str(name), _number(str(value))))
    return children or None


def _number(text: str) -> int:
    """The number that a text is; 0 for none, as Kamailio leaves it."""
    try:
        return int(text)
    except ValueError:
        return 0
