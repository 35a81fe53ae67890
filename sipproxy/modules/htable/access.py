"""The shortest ways into a table: what routes call for `$sht`, `$shtinc` and `$shtdec`.

They mean what the methods of the same purpose in :class:`Table` mean. For a table in this process's
memory everything that cannot change is settled when the function is made, so that a read costs
little more than a dict's own.
"""

from collections.abc import Callable
from typing import TypeGuard

from sipproxy.core.context import Context
from sipproxy.core.values import INT_MAX, INT_MIN, Value
from sipproxy.modules.htable.local import LAST_PART, LocalStore
from sipproxy.modules.htable.store import Store
from sipproxy.modules.htable.table import Table

Reader = Callable[[Context, str], Value]
Writer = Callable[[Context, str, Value], None]


def _is_bare(store: Store) -> TypeGuard[LocalStore]:
    """Whether its dicts may be used without it: not where a kind of it looks on."""
    return type(store) is LocalStore


def reader(table: Table) -> Reader:
    """`$sht(t=>key)`."""
    store = table.store
    if not _is_bare(store):
        return lambda ctx, key: table.value(key, ctx.now)
    parts, part_of = store.parts, hash
    initval = table.spec.initval

    def read(ctx: Context, key: str) -> Value:
        cell = parts[part_of(key) & LAST_PART].get(key)
        return initval if cell is None else cell[0]

    def read_living(ctx: Context, key: str) -> Value:
        cell = parts[part_of(key) & LAST_PART].get(key)
        # last < int(now), without rounding at each read.
        if cell is None or 0 < cell[1] <= ctx.now - 1:
            return initval
        return cell[0]

    return read_living if table.spec.autoexpire else read


def writer(table: Table) -> Writer:
    """`$sht(t=>key) = value`; undefined takes the key out."""
    store, spec = table.store, table.spec
    put, remove = table.put, store.remove
    autoexpire = spec.autoexpire

    def write_by_rule(ctx: Context, key: str, value: Value) -> None:
        if value is None:
            remove(key)
        else:
            put(key, value, ctx.now)

    if not _is_bare(store) or spec.maxitems or not spec.updateexpire:
        return write_by_rule
    parts, part_of = store.parts, hash

    def write(ctx: Context, key: str, value: Value) -> None:
        if value is None:
            remove(key)
        else:
            parts[part_of(key) & LAST_PART][key] = value, 0

    def write_living(ctx: Context, key: str, value: Value) -> None:
        if value is None:
            remove(key)
        else:
            parts[part_of(key) & LAST_PART][key] = value, int(ctx.now) + autoexpire

    return write_living if autoexpire else write


def counter(table: Table, by: int) -> Reader:
    """`$shtinc(t=>key)` and `$shtdec(t=>key)`."""
    store, add = table.store, table.add
    autoexpire = table.spec.autoexpire
    keeps_time = not table.spec.updateexpire

    def count(ctx: Context, key: str) -> Value:
        return add(key, by, ctx.now)

    if not _is_bare(store):
        return count
    parts, part_of = store.parts, hash
    last_number = INT_MAX if by > 0 else INT_MIN

    def count_here(ctx: Context, key: str) -> Value:
        """A living number below the limit, by far the usual case, without the rule's detour."""
        part = parts[part_of(key) & LAST_PART]
        cell = part.get(key)
        if cell is None:
            return add(key, by, ctx.now)
        value, last = cell
        now = int(ctx.now) if autoexpire else 0
        if value.__class__ is not int or 0 < last < now or value == last_number:
            return add(key, by, ctx.now)
        value += by
        part[key] = value, last if keeps_time else now + autoexpire
        return value

    return count_here
