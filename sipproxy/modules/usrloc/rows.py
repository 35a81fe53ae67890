"""What is asked of a table of locations in a database, and what it is told (Kamailio
usrloc/ucontact.c, udomain.c)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, column, delete, func, insert, or_, select, update
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.sql import table as named_table

from sipproxy.core.contact import MEMORY_ONLY, Contact
from sipproxy.db.database import Database, Query, Step
from sipproxy.db.statement import Row, SqlValue
from sipproxy.modules.usrloc.attributes import Attributes
from sipproxy.modules.usrloc.columns import Columns, Found, Pairs, Unreadable
from sipproxy.modules.usrloc.params import Params

Steps = tuple[list[Step], list[Step]]
"""What is done, and what else is done where its last step touched no row."""

TABLE_VERSION = 9


class Rows:
    """One table. Methods raise DatabaseError; `complain` hears of rows that are no contacts."""

    def __init__(
        self,
        params: Params,
        database: Database,
        name: str,
        columns: Columns,
        complain: Callable[[str], None],
        server_id: int,
    ) -> None:
        self.name = name
        self.database = database
        self.columns = columns
        self.attributes = Attributes(params, database, name, columns)
        self._params = params
        self._complain = complain
        self._server_id = server_id
        self._queries: dict[tuple[str, ...], Query] = {}
        self._table = named_table(name, *map(column, (*columns.names, params.partition_column)))

    # -- what it is told

    def added(self, aor: str, contact: Contact, now: int) -> Steps:
        """A new contact."""
        if contact.flags & MEMORY_ONLY:
            return [], []
        owner, params = self.columns.owner(aor), self._params
        pairs = [*owner, *self.columns.values(contact), (params.partition_column, 0)]
        if not params.db_insert_null:
            pairs = [pair for pair in pairs if pair[1] is not None]
        steps = self.attributes.added(owner, contact, now)
        return [*steps, self._insert(pairs)], []

    def changed(self, aor: str, contact: Contact, now: int) -> Steps:
        """A contact whose row is there already."""
        if contact.flags & MEMORY_ONLY:
            return [], []
        params = self._params
        if params.db_update_as_insert:
            return self.added(aor, contact, now)
        owner = self.columns.owner(aor)
        by_instance = contact.instance and not params.db_ops_ruid
        identity = (self.columns.instance if by_instance else self.columns.identity)(aor, contact)
        steps = [
            *self.attributes.gone(owner, contact),
            *self.attributes.added(owner, contact, now),
            self._update(self.columns.values(contact), identity),
        ]
        if params.db_check_update != 1:
            return steps, []
        return steps, [self.added(aor, contact, now)[0][-1]]

    def gone(self, aor: str, contact: Contact) -> Steps:
        """A contact that is no more."""
        if contact.flags & MEMORY_ONLY:
            return [], []
        steps = self.attributes.gone(self.columns.owner(aor), contact)
        return [*steps, self._delete(self.columns.identity(aor, contact))], []

    def expired(self, now: int) -> Step:
        """All rows that have expired."""
        condition, values = self._over(now)
        return self._query(
            ("expired", *self._filter), lambda: delete(self._table).where(*condition)
        ).step(values)

    def connected(self) -> Step:
        """All rows of contacts that came by a connection."""

        def make() -> Any:
            connection = self._table.c[self._params.connection_id_column]
            return delete(self._table).where(connection > 0, *self._mine())

        return self._query(("connected", *self._filter), make).step(self._my_values())

    def _insert(self, pairs: Pairs) -> Step:
        names = tuple(name for name, _ in pairs)
        places = [f"p{at}" for at in range(len(names))]
        query = self._query(("insert", *names), lambda: self._insertion(names), places)
        return query.step(_values(pairs))

    def _insertion(self, names: tuple[str, ...]) -> Any:
        given: dict[str, Any] = {name: bindparam(f"p{at}") for at, name in enumerate(names)}
        if not self._params.db_insert_update:
            return insert(self._table).values(given)
        dialect = self.database.dialect.name
        if dialect == "mysql":
            added = mysql.insert(self._table).values(given)
            return added.on_duplicate_key_update({name: added.inserted[name] for name in names})
        if dialect == "postgresql":
            new = postgresql.insert(self._table).values(given)
            ruid = self._params.ruid_column
            return new.on_conflict_do_update(
                index_elements=[ruid],
                set_={name: new.excluded[name] for name in names if name != ruid},
            )
        return insert(self._table).prefix_with("OR REPLACE").values(given)

    def _update(self, pairs: Pairs, identity: Pairs) -> Step:
        # What a row is found by stays as it is.
        pairs = [pair for pair in pairs if pair not in identity]
        names = tuple(name for name, _ in pairs)
        condition = _names(identity)

        def make() -> Any:
            given: dict[str, Any] = {name: bindparam(f"p{at}") for at, name in enumerate(names)}
            return update(self._table).values(given).where(*self._same(condition))

        places = [f"p{at}" for at in range(len(names))]
        places += [f"k{at}" for at, name in enumerate(condition) if name[0] != " "]
        query = self._query(("update", *names, "where", *condition), make, places)
        return query.step([*_values(pairs), *_given(identity)])

    def _delete(self, identity: Pairs) -> Step:
        condition = _names(identity)
        query = self._query(
            ("delete", *condition), lambda: delete(self._table).where(*self._same(condition))
        )
        return query.step(_given(identity))

    def _same(self, names: Sequence[str]) -> list[ColumnElement[bool]]:
        """That columns have given values; a name that begins with a blank: that it has none."""
        return [
            self._table.c[name[1:]].is_(None)
            if name[0] == " "
            else self._table.c[name] == bindparam(f"k{at}")
            for at, name in enumerate(names)
        ]

    # -- what it is asked

    async def of(self, aor: str, now: int) -> list[Contact]:
        """The contacts of a record, in the order of their rows."""
        owner = self.columns.owner(aor)
        params = self._params
        order = "last_modified" if params.desc_time_order else params.q_column

        def make() -> Any:
            names = [name for name, _ in owner]
            return self._select().where(*self._same(names)).order_by(column(order))

        query = self._query(("of",), make)
        found = self._read(await query.rows(_values(owner)), now, connected=True)
        return await self.attributes.joined([contact for _, contact in found])

    async def by_ruid(self, ruid: str, now: int) -> Found | None:
        """The contact that a ruid names."""
        name = self._params.ruid_column
        query = self._query(("ruid",), lambda: self._select().where(*self._same([name])))
        return next(self._read(await query.rows((ruid,)), now, connected=True), None)

    async def without(self, ruid: str) -> bool:
        """Let the row of a ruid go; whether there was one."""
        sql, values = self._delete([(self._params.ruid_column, ruid)])
        return bool(await self.database.change(sql, values))

    async def over(self, now: int) -> list[Found]:
        """The contacts that have expired."""
        condition, values = self._over(now)
        query = self._query(("over", *self._filter), lambda: self._select().where(*condition))
        return list(self._read(await query.rows(values), now, connected=False))

    async def living(self, now: int) -> list[Found]:
        """The contacts that have not expired and do not stay for ever."""
        expires = self._table.c[self._params.expires_column]
        query = self._query(("living",), lambda: self._select().where(expires > bindparam("now")))
        rows = await query.rows((self.columns.moment(now),))
        return list(self._read(rows, now, connected=True))

    def load(self, now: int) -> Iterator[Found]:
        """All contacts; this blocks."""

        def make() -> Any:
            return self._select().where(*self._mine())

        query = self._query(("load", *self._filter), make)
        for piece in query.stream(self._my_values(), self._params.fetch_rows):
            yield from self._read(piece, now, connected=False)

    def probe(self) -> None:
        """See that the table can be asked; this blocks."""
        user = self._params.user_column

        def make() -> Any:
            return select(self._table.c[user]).where(*self._same([user]))

        self._query(("probe",), make).read(("dummy_user",))

    async def count(self, what: str, now: int) -> int:
        """How many `users` or `contacts` there are that are valid, or contacts that are `over`."""
        c, params = self._table.c, self._params
        expires = c[params.expires_column]
        owner = (c[params.user_column], func.coalesce(c[params.domain_column], ""))
        forever: Any = bindparam("forever")
        present: Any = bindparam("present")
        valid = or_(expires == forever, expires > present)
        over = (expires != forever) & (expires <= present)

        def make() -> Any:
            if what == "users":
                users = select(*owner).select_from(self._table).where(valid).distinct()
                return select(func.count()).select_from(users.subquery())
            rows = select(func.count()).select_from(self._table)
            return rows.where(over if what == "over" else valid)

        query = self._query(("count", what), make, ("forever", "present"))
        row = await query.first((self.columns.moment(0), self.columns.moment(now)))
        return int(row[0]) if row and row[0] is not None else 0

    def _select(self) -> Any:
        return select(*(self._table.c[name] for name in self.columns.names))

    def _read(self, rows: Sequence[Row], now: int, *, connected: bool) -> Iterator[Found]:
        for row in rows:
            try:
                yield self.columns.read(row, now=now, connected=connected)
            except Unreadable as error:
                self._complain(f"skipping record for {row[0]!r} in table {self.name}: {error}")

    def _over(self, now: int) -> tuple[list[ColumnElement[bool]], list[SqlValue]]:
        """That a row has expired, with the values of this condition."""
        expires = self._table.c[self._params.expires_column]
        until = now + 1 - max(self._params.rm_expired_delay, 0)
        condition = [expires < bindparam("until"), expires != bindparam("forever"), *self._mine()]
        moment = self.columns.moment
        return condition, [moment(until), moment(0), *self._my_values()]

    @property
    def _filter(self) -> tuple[str, ...]:
        return ("mine",) if self._params.server_id_filter else ()

    def _mine(self) -> list[ColumnElement[bool]]:
        """That a row is this server's, where server_id_filter wants that."""
        if not self._params.server_id_filter:
            return []
        return [self._table.c[self._params.server_id_column] == bindparam("server")]

    def _my_values(self) -> list[SqlValue]:
        return [self._server_id] if self._params.server_id_filter else []

    def _query(
        self, key: tuple[str, ...], make: Callable[[], Any], names: Sequence[str] = ()
    ) -> Query:
        """A prepared statement, made when it is wanted for the first time."""
        found = self._queries.get(key)
        if found is None:
            found = self._queries[key] = self.database.prepare(make(), names)
        return found


def _values(pairs: Pairs) -> list[SqlValue]:
    return [value for _, value in pairs]


def _given(pairs: Pairs) -> list[SqlValue]:
    return [value for _, value in pairs if value is not None]


def _names(pairs: Pairs) -> tuple[str, ...]:
    return tuple(name if value is not None else f" {name}" for name, value in pairs)
