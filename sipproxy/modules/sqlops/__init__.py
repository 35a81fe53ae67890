"""sqlops: queries that a cfg writes itself (Kamailio modules/sqlops).

A route that asks a database waits for the answer, other messages do not. Results belong to the run
that asked: what another message asks meanwhile does not change them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, INFO, report
from sipproxy.core.module import Module, function, modparam, modparam_method, pvar, transformation
from sipproxy.core.params import Plain
from sipproxy.core.values import Value, to_str
from sipproxy.errors import DatabaseError, ModuleError
from sipproxy.modules.sqlops.arguments import ConnectionName, Targets
from sipproxy.modules.sqlops.results import Kept, Key, value_of
from sipproxy.text import byte_length

if TYPE_CHECKING:
    from sipproxy.db.database import Database, Result

_CONNECTION = re.compile(r"\s*([^=\s]+)\s*=>\s*(.*)", re.DOTALL)
_COMMON = str.maketrans({"'": "\\'", '"': '\\"', "\\": "\\\\", "\0": "\\0"})
_ROWS, _NO_ROWS, _UNREAD = 1, 2, 3
_FAILED, _NOT_CONNECTED = -1, -2
_NOTHING = Kept()


class Connection:
    """One `sqlcon`: its URL, its database, and what the latest statement changed."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        self.database: Any = None
        self.connected = True
        self.changed = -1


class Sqlops(Module, name="sqlops"):
    """Connections by name, and functions that ask them."""

    tr_buf_size = modparam(2048, "bytes for what {sql.val} quotes; half of it is for the text")
    connect_mode = modparam(0, "1: the start goes on when a database cannot be reached")
    results_maxsize = modparam(32, "accepted; there may be as many results as are wanted")

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.connections: dict[str, Connection] = {}

    @modparam_method("sqlcon")
    def _connection(self, text: str) -> None:
        """A connection: `name=>url`."""
        found = _CONNECTION.fullmatch(text)
        if found is None:
            raise ModuleError(f"invalid sqlops parameter [{text}]: write name=>url")
        if found[1] in self.connections:
            raise ModuleError(f"duplicate connection name {found[1]}")
        self.connections[found[1]] = Connection(found[1], found[2])

    @modparam_method("sqlres")
    def _result(self, name: str) -> None:
        """Accepted: a result is there when it is first asked for."""

    def start(self) -> None:
        """Find the databases; raises ModuleError for a bad URL."""
        if self.tr_buf_size <= 0:
            raise ModuleError(f"tr_buf_size is over 0, not {self.tr_buf_size}")
        for connection in self.connections.values():
            connection.database = self.host.database(connection.url)

    def open(self) -> None:
        """Connect; raises ModuleError, but for connect_mode=1."""
        for connection in self.connections.values():
            try:
                connection.database.open()
            except DatabaseError as error:
                if self.connect_mode != 1:
                    raise ModuleError(f"sqlcon {connection.name}: {error}") from None
                connection.connected = False
                report(self.host.log, INFO, self.name, f"sqlcon {connection.name}: {error}")

    # -- functions

    @function(name="sql_query")
    async def _query(self, ctx: Context, con: ConnectionName, query: str, res: Plain) -> int:
        """Ask, and keep the rows for `$dbr(res=>...)`: 1 for rows, 2 for none, negative if failed.

        -2 says that the database of a `connect_mode=1` cannot be reached.
        """
        self._results(ctx)[res] = _NOTHING
        result = await self._asked(con, query)
        if isinstance(result, int):
            return result
        if not result.rows:
            return _NO_ROWS
        rows = tuple(tuple(map(value_of, row)) for row in result.rows)
        self._results(ctx)[res] = Kept(result.columns, rows)
        return _ROWS

    @function(name="sql_query")
    async def _query_alone(self, ctx: Context, con: ConnectionName, query: str) -> int:
        """Ask and keep nothing: 3 for rows, 2 for none."""
        result = await self._asked(con, query)
        if isinstance(result, int):
            return result
        return _UNREAD if result.rows else _NO_ROWS

    @function(name="sql_query_async")
    def _query_async(self, ctx: Context, con: ConnectionName, query: str) -> int:
        """Have a database server do something; the route does not wait. Files refuse: -1."""
        if self.connections[con.name].url.startswith(("sqlite:", "text:")):
            return self._fail("the db driver module doesn't support async query")
        self.host.begin(self._forgotten(con, query), lambda: None)
        return 1

    async def _forgotten(self, con: ConnectionName, query: str) -> None:
        await self._asked(con, query)

    @function(name="sql_xquery")
    async def _xquery(self, ctx: Context, con: ConnectionName, query: str, xavp: str) -> int:
        """Ask, and put an XAVP with the columns on top for each row, the first one topmost."""
        result = await self._asked(con, query)
        if isinstance(result, int):
            return result
        if not result.rows:
            return _NO_ROWS
        made: list[Any] = [
            list(zip(result.columns, map(value_of, row), strict=True)) for row in result.rows
        ]
        ctx.xavps[xavp] = made + ctx.xavps.get(xavp, [])
        return _ROWS

    @function(name="sql_pvquery")
    async def _pvquery(
        self, ctx: Context, con: ConnectionName, query: str, targets: Targets
    ) -> int:
        """Ask, and assign the columns to variables, row by row from the last to the first."""
        result = await self._asked(con, query)
        if isinstance(result, int):
            return result
        if not result.rows:
            return _NO_ROWS
        for row in reversed(result.rows):
            for variable, column in zip(targets.variables, row, strict=False):
                value = value_of(column)
                if value is not None or variable.avp_name is None:
                    variable.write(ctx, value)
            if len(row) > len(targets.variables):
                return self._fail(f"Missing pv spec for column {len(targets.variables) + 1}")
        return _ROWS

    @function(name="sql_result_free")
    def _free(self, ctx: Context, res: Plain) -> bool:
        """Empty a result."""
        self._results(ctx).pop(res, None)
        return True

    async def _asked(self, con: ConnectionName, query: str) -> Result | int:
        """What the database gave, or the code that tells why it gave nothing."""
        connection = self.connections[con.name]
        database = cast("Database", connection.database)
        if not connection.connected:
            try:
                await database.ask("SELECT 1")
            except DatabaseError as error:
                self._fail(f"failed to connect to database: {error}")
                return _NOT_CONNECTED
            connection.connected = True
        if database.before is not None:
            await database.before()
        try:
            result = await database.ask(query)
        except DatabaseError as error:
            return self._fail(f"cannot do the query [{query[:64]}]: {error}")
        connection.changed = result.changed
        return result

    def _fail(self, text: str) -> int:
        self.host.report_limited(ERROR, self.name, text, text[:20])
        return _FAILED

    def _results(self, ctx: Context) -> dict[str, Kept]:
        return cast(dict[str, Kept], ctx.scratch.setdefault(self.name, {}))

    # -- variables

    @pvar("dbr", bind=True)
    def _dbr(self, inner: str | None, index: str | None) -> PvAccess:
        """A result: `$dbr(res=>rows)`, `=>cols`, `=>[row,column]`, `=>colname[column]`."""
        if inner is None or index is not None:
            raise ValueError("write $dbr(name=>key)")
        key = Key(inner, self.host)
        return PvAccess(lambda ctx: key.read(ctx, self._results(ctx).get(key.name, _NOTHING)))

    @pvar("sqlrows", bind=True)
    def _sqlrows(self, inner: str | None, index: str | None) -> PvAccess:
        """How many rows the latest query of a connection touched; SQLite does not tell."""
        connection = self.connections.get((inner or "").strip())
        if connection is None or index is not None:
            raise ValueError(f"invalid connection [{inner}]: no sqlcon defines it")
        told = not connection.url.startswith("sqlite:")
        found = PvAccess(lambda ctx: connection.changed if told else None)
        found.absent = "" if not told else "<null>"
        return found

    # -- transformations

    @transformation("sql.val")
    def _val(self, value: Value) -> Value:
        """A value as SQL text: quoted, a number as it is, undefined as NULL."""
        return self._quoted(value, "NULL")

    @transformation("sql.val.int")
    def _val_int(self, value: Value) -> Value:
        """As `{sql.val}`, undefined as 0."""
        return self._quoted(value, "0")

    @transformation("sql.val.str")
    def _val_str(self, value: Value) -> Value:
        """As `{sql.val}`, undefined as an empty text."""
        return self._quoted(value, "''")

    def _quoted(self, value: Value, absent: str) -> Value:
        if value is None:
            return absent
        if isinstance(value, int):
            return to_str(value)
        if byte_length(value) > self.tr_buf_size // 2 - 1:
            self._fail("the buffer for {sql.val} is too short: see tr_buf_size")
            return None
        return f"'{value.translate(_COMMON)}'"
