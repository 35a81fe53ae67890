"""The shortest ways into a table: what routes call for `$sht`, `$shtinc` and `$shtdec`.

They mean what the methods of the same purpose in :class:`Table` mean. Everything about the table
that cannot change is settled when the function is made, so that a read costs little more than the
store's own.
"""

from collections.abc import Callable

from sipproxy.core.context import Context
from sipproxy.core.values import INT_MAX, INT_MIN, Value
from sipproxy.modules.htable.table import Table

Reader = Callable[[Context, str], Value]
Writer = Callable[[Context, str, Value], None]


def reader(table: Table) -> Reader:
    """`$sht(t=>key)`."""
    find = table.store.get
    initval = table.spec.initval

    def read(ctx: Context, key: str) -> Value:
        cell = find(key)
        return initval if cell is None else cell[0]

    def read_living(ctx: Context, key: str) -> Value:
        cell = find(key)
        # last < int(now), without rounding at each read.
        if cell is None or 0 < cell[1] <= ctx.now - 1:
            return initval
        return cell[0]

    return read_living if table.spec.autoexpire else read


def writer(table: Table) -> Writer:
    """`$sht(t=>key) = value`; undefined takes the key out."""
    store = table.store
    remove = store.remove
    find, exclusive = store.get, store.exclusive
    put = table.put
    autoexpire = table.spec.autoexpire

    def write(ctx: Context, key: str, value: Value) -> None:
        if value is None:
            remove(key)
        else:
            store[key] = value, 0

    def write_living(ctx: Context, key: str, value: Value) -> None:
        if value is None:
            remove(key)
        else:
            store[key] = value, int(ctx.now) + autoexpire

    def write_keeping(ctx: Context, key: str, value: Value) -> None:
        cell = find(key) if exclusive else None
        if value is None:
            remove(key)
        elif cell is None:
            put(key, value, ctx.now)
        else:
            store[key] = value, cell[1]

    if not table.spec.updateexpire:
        return write_keeping
    return write_living if autoexpire else write


def counter(table: Table, by: int) -> Reader:
    """`$shtinc(t=>key)` and `$shtdec(t=>key)`."""
    change = table.store.change
    rule = table.adding(by)
    autoexpire = table.spec.autoexpire

    def count(ctx: Context, key: str) -> Value:
        cell = change(key, rule, int(ctx.now) if autoexpire else 0)
        return None if cell is None else cell[0]

    if not table.store.exclusive or not table.spec.updateexpire:
        return count
    store = table.store
    find = store.get
    last_number = INT_MAX if by > 0 else INT_MIN

    def count_here(ctx: Context, key: str) -> Value:
        """A living number below the limit, by far the usual case, without the rule's detour."""
        cell = find(key)
        if cell is None:
            return count(ctx, key)
        value, last = cell
        now = int(ctx.now) if autoexpire else 0
        if value.__class__ is not int or 0 < last < now or value == last_number:
            return count(ctx, key)
        value += by
        store[key] = value, now + autoexpire
        return value

    return count_here
