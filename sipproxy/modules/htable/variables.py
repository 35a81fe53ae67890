"""The pseudo-variables: `$sht` and its kin."""

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import pvar
from sipproxy.core.regex import RegexError
from sipproxy.core.values import Value
from sipproxy.modules.htable import access, matching
from sipproxy.modules.htable.base import HtableBase
from sipproxy.modules.htable.keyed import Keyed
from sipproxy.modules.htable.table import Record, Table


class Variables(HtableBase):
    """What a cfg reads and assigns. A table that nothing defines reads as undefined."""

    @pvar("sht", bind=True)
    def _sht(self, inner: str | None, index: str | None) -> PvAccess:
        """The value of a key: `$sht(table=>key)`."""
        table, keyed = self._table_in("sht", inner, index)
        if table is None:
            return PvAccess(_nothing, _refuse, (keyed.argument,))
        return PvAccess(access.reader(table), access.writer(table), (keyed.argument,))

    @pvar("shtinc", bind=True)
    def _shtinc(self, inner: str | None, index: str | None) -> PvAccess:
        """Add 1 to a key's number and read it: `$shtinc(table=>key)`."""
        return self._counter("shtinc", inner, index, 1)

    @pvar("shtdec", bind=True)
    def _shtdec(self, inner: str | None, index: str | None) -> PvAccess:
        """Subtract 1 from a key's number and read it: `$shtdec(table=>key)`."""
        return self._counter("shtdec", inner, index, -1)

    @pvar("shtex", bind=True)
    def _shtex(self, inner: str | None, index: str | None) -> PvAccess:
        """The seconds a key has left: `$shtex(table=>key)`; assigning sets them."""
        table, keyed = self._table_in("shtex", inner, index)
        if table is None:
            return PvAccess(_nothing, _refuse, (keyed.argument,))

        def read(ctx: Context, key: str) -> Value:
            return table.seconds_left(key, ctx.now)

        def show(ctx: Context, key: str) -> Value:
            return str(table.seconds_left(key, ctx.now) & 0xFFFF_FFFF)

        def write(ctx: Context, key: str, value: Value) -> None:
            table.expire_in(key, value if isinstance(value, int) else 0, ctx.now)

        left = PvAccess(read, write, (keyed.argument,), type="int")
        left.textual = PvAccess(show, None, (keyed.argument,), type="str")
        return left

    @pvar("shtcn", bind=True)
    def _shtcn(self, inner: str | None, index: str | None) -> PvAccess:
        """How many keys match: `$shtcn(table=>expression)`."""
        return self._count("shtcn", inner, index, matching.on_names)

    @pvar("shtcv", bind=True)
    def _shtcv(self, inner: str | None, index: str | None) -> PvAccess:
        """How many values match: `$shtcv(table=>expression)`."""
        return self._count("shtcv", inner, index, matching.on_values)

    @pvar("shtrecord", bind=True)
    def _shtrecord(self, inner: str | None, index: str | None) -> PvAccess:
        """What has expired: `$shtrecord(key)`, `$shtrecord(value)` in its event route."""
        if inner not in ("key", "value") or index is not None:
            raise ValueError("key or value can be asked for")
        position = Record._fields.index(inner)

        def read(ctx: Context) -> Value:
            record = ctx.record
            return record[position] if isinstance(record, Record) else None

        found = PvAccess(read)
        # Outside of its event route Kamailio reports an error: texts show nothing.
        found.absent = ""
        return found

    @pvar("shtitkey", bind=True)
    def _shtitkey(self, inner: str | None, index: str | None) -> PvAccess:
        """The key an iterator stands on: `$shtitkey(iterator)`."""
        name = _iterator_name("shtitkey", inner, index)

        def read(ctx: Context) -> Value:
            current = self.iterators.current(name)
            return None if current is None else current[0]

        return PvAccess(read)

    @pvar("shtitval", bind=True)
    def _shtitval(self, inner: str | None, index: str | None) -> PvAccess:
        """The value an iterator stands on: `$shtitval(iterator)`."""
        name = _iterator_name("shtitval", inner, index)

        def read(ctx: Context) -> Value:
            current = self.iterators.current(name)
            return None if current is None else current[1][0]

        return PvAccess(read)

    def _counter(self, name: str, inner: str | None, index: str | None, by: int) -> PvAccess:
        table, keyed = self._table_in(name, inner, index)
        count = _nothing if table is None else access.counter(table, by)
        return PvAccess(count, None, (keyed.argument,))

    def _count(
        self,
        name: str,
        inner: str | None,
        index: str | None,
        place: matching.Place,
    ) -> PvAccess:
        table, keyed = self._table_in(name, inner, index)
        if table is None:
            return PvAccess(_nothing, None, (keyed.argument,))

        def read(ctx: Context, expression: str) -> Value:
            try:
                return matching.count(table, expression, place, ctx.now)
            except RegexError:
                report(ctx.host.log, ERROR, "htable", f"bad re {expression}")
                return 0

        return PvAccess(read, None, (keyed.argument,), type="int")

    def _table_in(
        self, name: str, inner: str | None, index: str | None
    ) -> tuple[Table | None, Keyed]:
        if inner is None:
            raise ValueError(f"write ${name}(table=>key)")
        if index is not None:
            raise ValueError(f"${name} takes no index")
        keyed = Keyed.parse(inner)
        keyed.bind(self.host)
        table = self.tables.get(keyed.table)
        if table is None and keyed.table not in self.undefined:
            self.undefined.append(keyed.table)
        return table, keyed


def _iterator_name(name: str, inner: str | None, index: str | None) -> str:
    if not inner or index is not None:
        raise ValueError(f"write ${name}(iterator)")
    return inner


def _nothing(ctx: Context, key: str) -> Value:
    return None


def _refuse(ctx: Context, key: str, value: Value) -> None:
    """Kamailio's core reports the assignment, the htable module says nothing."""
    report(ctx.host.log, ERROR, "<core>", "setting pvar failed")
