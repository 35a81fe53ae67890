"""The database of avpops, and avp_db_query: AVPs from a query (Kamailio avpops_db.c)."""

import re
from typing import Any, Self, cast

from sipproxy.core.context import Context
from sipproxy.core.log import ERROR
from sipproxy.core.module import Module, function, modparam
from sipproxy.core.params import Parsed
from sipproxy.core.pvspec import PvSyntaxError, pv_texts
from sipproxy.core.values import wrap
from sipproxy.db.database import Database
from sipproxy.db.statement import Row, SqlValue
from sipproxy.errors import DatabaseError, ModuleError
from sipproxy.modules.avpops import values
from sipproxy.modules.avpops.arguments import Name, avp_of
from sipproxy.modules.avpops.changes import ROUTES
from sipproxy.text import byte_length, decode

_LONGEST_QUERY = 1023
_FAILED, _NOTHING = -1, -2
_ASKS = re.compile(r"\s*\(?\s*(?:select|show|with|pragma|explain|describe|values)\b", re.IGNORECASE)


def need_database(host: Any, function: str) -> None:
    """Raise ValueError where the cfg gives avpops no database."""
    if not host.modules["avpops"].db_url:
        raise ValueError(f"you have to configure db_url for using {function}")


class Targets(Parsed):
    """`$avp(a);$avp(b)`: where the columns of a result go."""

    __slots__ = ("_texts", "names")

    names: list[Name]

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take the variables apart; they are looked up by :meth:`bind`."""
        try:
            return cls(pv_texts(text, "AVPs"))
        except PvSyntaxError as error:
            raise ValueError(error.message) from None

    def bind(self, host: Any) -> None:
        """Look the names up; raises ValueError for what is no AVP."""
        self.names = [avp_of(host, text)[0] for text in self._texts]


class Query(Parsed):
    """A query that may hold pseudo-variables; refused where there is no database."""

    __slots__ = ("_text", "format")

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take the text; it is read by :meth:`bind`."""
        return cls(text)

    def bind(self, host: Any) -> None:
        """Look its variables up; raises ResolveError, and ValueError without a db_url."""
        need_database(host, "avp_db_query")
        self.format = host.format(self._text)


class DatabaseFunctions(Module):
    """Functions on the database of `db_url`."""

    db_url = modparam("", "Database that the functions avp_db_... ask.", kind=str)
    avp_table = modparam("", "Table of the preferences; must be set with `db_url`.", kind=str)

    def start(self) -> None:
        """Find the database; raises ModuleError for a bad URL or no table."""
        self._database: Database | None = None
        if self.db_url:
            if not self.avp_table:
                raise ModuleError("db_url is set and avp_table is empty")
            self._database = cast(Database, self.host.database(self.db_url))

    def open(self) -> None:
        """Connect; raises DatabaseError."""
        if self._database is not None:
            self._database.open()

    @function(*ROUTES)
    async def avp_db_query(self, ctx: Context, query: Query, targets: Targets | None = None) -> int:
        """Write the rows of a result to AVPs, the first row on top; else to `$avp(i:1)` and so on.

        1 for rows, -2 for none, -1 where the query failed. Quote texts by `{s.escape.common}`.
        """
        sql = query.format(ctx)
        if not sql or byte_length(sql) > _LONGEST_QUERY or self._database is None:
            self.host.report_limited(ERROR, "avpops", "cannot print the query", "query")
            return _FAILED
        try:
            rows = await self._asked(self._database, sql)
        except DatabaseError as error:
            self.host.report_limited(ERROR, "avpops", f"cannot do the query: {error}", "query")
            return _FAILED
        for row in reversed(rows):
            _write(ctx, row, None if targets is None else targets.names)
        return 1 if rows else _NOTHING

    async def _asked(self, database: Database, sql: str) -> list[Row]:
        """The rows of a query; none for what only changes something."""
        if database.dialect.paramstyle in ("format", "pyformat"):
            sql = sql.replace("%", "%%")
        if _ASKS.match(sql):
            return await database.fetch(sql, ())
        await database.change(sql, ())
        return []


def _write(ctx: Context, row: Row, names: list[Name] | None) -> None:
    """Add the values of a row to the AVPs of their columns; NULL and empty texts are left out."""
    for number, column in enumerate(row if names is None else row[: len(names)]):
        value = _value(column)
        if value is None or value == "":
            continue
        if names is None:
            ctx.avps.setdefault(number + 1, []).insert(0, value)
        else:
            values.add(ctx, names[number], value)


def _value(column: SqlValue) -> int | str | None:
    """A column as an AVP holds it; numbers with a fraction are left out, as in Kamailio."""
    match column:
        case bool() | int():
            return wrap(int(column))
        case bytes():
            return decode(column)
        case float():
            return None
    return column
