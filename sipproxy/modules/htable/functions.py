"""The functions of the cfg language: sht_rm, sht_lock, sht_iterator_next..."""

from collections.abc import Callable

from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.core.module import function
from sipproxy.core.regex import RegexError
from sipproxy.modules.htable import matching
from sipproxy.modules.htable.base import HtableBase
from sipproxy.modules.htable.iterators import Walk, WalkError
from sipproxy.modules.htable.keyed import Keyed
from sipproxy.modules.htable.table import Table, hash_of
from sipproxy.text import byte_length

_CELL_SIZE = 72
"""Bytes of Kamailio's ht_cell_t on a 64 bit machine, which sht_print counts in."""


class Functions(HtableBase):
    """Every function may be called in every kind of route. Texts of log lines are Kamailio's."""

    @function()
    def sht_print(self, ctx: Context) -> None:
        """Write the content of all tables to the log at level ERR."""
        for table in self.newest_first():
            spec = table.spec
            self._error(f"htable[{spec.name}] hid: {hash_of(spec.name)} exp: {spec.autoexpire}>")
            cells = {slot: list(items) for slot, items in table.by_slot()}
            for slot in range(table.slots):
                self._error(f"htable[{slot}] -- <{len(cells.get(slot, ()))}>")
                for key, (value, last) in cells.get(slot, ()):
                    text = isinstance(value, str)
                    size = _CELL_SIZE + byte_length(key) + 1
                    size += byte_length(value) + 1 if isinstance(value, str) else 0
                    self._error(f"\tcell: {key}")
                    self._error(
                        f"\thid: {hash_of(key)} msize: {size} flags: {2 if text else 0}"
                        f" expire: {last}"
                    )
                    self._error(f"\tv-{'s' if text else 'i'}:{value}")

    @function()
    def sht_rm(self, ctx: Context, table: str, key: str) -> bool:
        """Take a key out of a table; true also when it was not there."""
        found = self._named(table)
        if found is not None and not key:
            self._error("cannot get the item table name")
        elif found is not None:
            found.delete(key)
        return found is not None and bool(key)

    @function()
    def sht_rm_name_re(self, ctx: Context, expression: Keyed) -> bool:
        """Take out the keys that match: `sht_rm_name_re("table=>regex")`."""
        return self._remove_matching(ctx, expression, matching.on_names)

    @function()
    def sht_rm_value_re(self, ctx: Context, expression: Keyed) -> bool:
        """Take out the keys whose text values match: `sht_rm_value_re("table=>regex")`."""
        return self._remove_matching(ctx, expression, matching.on_values)

    @function()
    def sht_rm_name(self, ctx: Context, table: str, operator: str, value: str) -> bool:
        """Take out the keys that match (`re`) or start with (`sw`) a text."""
        return self._remove(table, operator, value, matching.on_names)

    @function()
    def sht_rm_value(self, ctx: Context, table: str, operator: str, value: str) -> bool:
        """Take out the keys whose text values match (`re`) or start with (`sw`) a text."""
        return self._remove(table, operator, value, matching.on_values)

    @function(name="sht_has_name")
    @function()
    def sht_match_name(self, ctx: Context, table: str, operator: str, value: str) -> bool:
        """Whether some key is, is not, matches or starts with a text: `eq ne re sw`."""
        return self._any(table, operator, value, matching.on_names)

    @function(name="sht_has_str_value")
    @function()
    def sht_match_str_value(self, ctx: Context, table: str, operator: str, value: str) -> bool:
        """Whether some text value is, is not, matches or starts with a text: `eq ne re sw`."""
        return self._any(table, operator, value, matching.on_values)

    @function()
    def sht_reset(self, ctx: Context, table: str) -> bool:
        """Empty a table."""
        found = self._named(table, "cannot get hash table name")
        if found is not None:
            found.clear()
        return found is not None

    @function()
    async def sht_lock(self, ctx: Context, key: Keyed) -> int:
        """Lock the slot of a key for this message, as often as it is called: `"table=>key"`."""
        table = self.tables.get(key.table)
        if table is None:
            self._error("cannot get $sht root")
            return -11
        slot = key.table, table.slot_of(key.format(ctx))
        if not self.locks.lock(ctx, slot) and not await self.locks.wait(ctx, slot):
            text = f"slot {slot[1]} of {key.table} was taken from a message that held it too long"
            self._error(text)
        if self._unlock_all not in ctx.at_end:
            ctx.at_end.append(self._unlock_all)
        return 1

    @function()
    def sht_unlock(self, ctx: Context, key: Keyed) -> int:
        """Undo one sht_lock of the same slot."""
        table = self.tables.get(key.table)
        if table is None:
            self._error("cannot get $sht root")
            return -11
        self.locks.unlock(ctx, (key.table, table.slot_of(key.format(ctx))))
        return 1

    @function()
    def sht_setxs(self, ctx: Context, table: str, key: str, value: str, seconds: int) -> bool:
        """Write a text with its own seconds to live."""
        return self._put_living(table, key, value, seconds, ctx.now)

    @function()
    def sht_setxi(self, ctx: Context, table: str, key: str, value: int, seconds: int) -> int:
        """Write a number with its own seconds to live; ends the script before Kamailio 6.0."""
        if not self._put_living(table, key, value, seconds, ctx.now):
            return -1
        return 1 if self.host.compat == "6.1" else 0

    @function(since="6.1")
    def sht_is_null(self, ctx: Context, table: str, key: str) -> int:
        """With compat 6.1, whether a key has no value: 1, else -1; -2 in a table with initval.

        2 without such a table and 3 without a name or key are true too, as in Kamailio.
        """
        if not table or not key:
            self._error(f"cannot get the {'item' if table else 'hash'} table name")
            return 3
        found = self.tables.get(table)
        if found is None:
            return 2
        if found.spec.initval is not None:
            return -2
        return 1 if found.get(key, ctx.now) is None else -1

    @function(since="6.1")
    def sht_inc(self, ctx: Context, table: str, key: str) -> bool:
        """With compat 6.1, add 1 to a key's number."""
        return self._add(table, key, 1, ctx.now)

    @function(since="6.1")
    def sht_dec(self, ctx: Context, table: str, key: str) -> bool:
        """With compat 6.1, subtract 1 from a key's number."""
        return self._add(table, key, -1, ctx.now)

    @function()
    def sht_iterator_start(self, ctx: Context, iterator: str, table: str) -> bool:
        """Begin a walk over a table; four can go on at a time."""
        if not table:
            self._error("cannot get hash table name")
            return False
        found = self.tables.get(table)
        started = self._walk(iterator, lambda: self.iterators.start(iterator, found))
        if started and found is None:
            self._error(f"cannot get hash table [{table}]")
        return started and found is not None

    @function()
    def sht_iterator_next(self, ctx: Context, iterator: str) -> bool:
        """Step to the next key; false at the end, after which it begins anew."""
        return self._walk(iterator, lambda: self.iterators.walk(iterator).step())

    @function()
    def sht_iterator_end(self, ctx: Context, iterator: str) -> bool:
        """Give an iterator back."""
        return self._walk(iterator, lambda: self.iterators.end(iterator))

    @function()
    def sht_iterator_rm(self, ctx: Context, iterator: str) -> int:
        """Take the current key out and step to the next; -2 when it was the last."""
        code = -2

        def remove(walk: Walk) -> None:
            nonlocal code
            code = 1 if walk.remove() else -2

        return code if self._on_cell(iterator, remove) else -1

    @function()
    def sht_iterator_sets(self, ctx: Context, iterator: str, value: str) -> bool:
        """Give the current key a text."""
        return self._on_cell(iterator, lambda walk: walk.put(value, ctx.now))

    @function()
    def sht_iterator_seti(self, ctx: Context, iterator: str, value: int) -> bool:
        """Give the current key a number."""
        return self._on_cell(iterator, lambda walk: walk.put(value, ctx.now))

    @function()
    def sht_iterator_setex(self, ctx: Context, iterator: str, seconds: int) -> bool:
        """Let the current key live that many seconds from now."""
        return self._on_cell(iterator, lambda walk: walk.expire_in(seconds, ctx.now))

    def _remove_matching(
        self,
        ctx: Context,
        expression: Keyed,
        place: matching.Place,
    ) -> bool:
        table = self.tables.get(expression.table)
        return table is None or self._remove_where(table, "re", expression.format(ctx), place)

    def _remove(
        self,
        name: str,
        operator: str,
        value: str,
        place: matching.Place,
    ) -> bool:
        table = self._asked(name, operator, value)
        operators = ("re", "sw", "ew", "in") if self.host.compat == "6.1" else ("re", "sw")
        if table is None or not self._knows(operator, operators):
            return False
        return self._remove_where(table, operator, value, place)

    def _remove_where(
        self,
        table: Table,
        operator: str,
        value: str,
        place: matching.Place,
    ) -> bool:
        if not value:
            return False
        try:
            test = matching.text_test(operator, value)
            assert test is not None
            table.remove_where(place(test))
        except RegexError:
            self._error(f"bad re {value}")
            return False
        return True

    def _any(
        self,
        name: str,
        operator: str,
        value: str,
        place: matching.Place,
    ) -> bool:
        table = self._asked(name, operator, value)
        if table is None or not self._knows(operator, ("eq", "ne", "re", "sw")):
            return False
        try:
            test = matching.text_test(operator, value)
            assert test is not None
            cell_test = place(test)
            return any(cell_test(key, cell) for key, cell in table.store.items())
        except RegexError:
            self._error(f"bad re {value}")
            return False

    def _asked(self, name: str, operator: str, value: str) -> Table | None:
        """The table of a call with a match operator, when no argument is empty."""
        for text, what in (
            (name, "cannot get the hash table name"),
            (operator, "cannot get the match operation"),
            (value, "cannot the get match value"),
        ):
            if not text:
                self._error(what)
                return None
        return self._named(name)

    def _knows(self, operator: str, operators: tuple[str, ...]) -> bool:
        if operator in operators:
            return True
        report(self.host.log, WARN, "htable", f"unsupported match operator: {operator}")
        return False

    def _named(self, name: str, empty: str = "cannot get the hash table name") -> Table | None:
        table = self.tables.get(name)
        if table is None:
            self._error(f"cannot get hash table [{name}]" if name else empty)
        return table

    def _put_living(self, name: str, key: str, value: int | str, seconds: int, now: float) -> bool:
        table = self.tables.get(name)
        if table is None or not key:
            missing = "cannot get item name" if name else "cannot get htable name"
            self._error(f"No such htable: {name}" if name and key else missing)
            return False
        return table.put(key, value, now, seconds)

    def _add(self, name: str, key: str, by: int, now: float) -> bool:
        if not name or not key:
            self._error(f"cannot get the {'item' if name else 'hash'} table name")
            return False
        table = self.tables.get(name)
        if table is None:
            self._error(f"cannot get htable {name}")
            return False
        done = table.add(key, by, now) is not None
        if not done:
            self._error(f"failed updating $sht({name}=>{key})")
        return done

    def _walk(self, iterator: str, act: Callable[[], object]) -> bool:
        if not iterator:
            self._error("cannot get iterator name")
            return False
        try:
            return act() is not False
        except WalkError as error:
            self._error(str(error))
            return False

    def _on_cell(self, iterator: str, act: Callable[[Walk], None]) -> bool:
        return self._walk(iterator, lambda: act(self.iterators.used(iterator)))

    def _unlock_all(self, ctx: Context) -> None:
        for table, slot in self.locks.release(ctx):
            text = f"slot {slot} of {table} was still locked at the end of the message: unlocked"
            report(self.host.log, WARN, "htable", text)

    def _error(self, text: str) -> None:
        report(self.host.log, ERROR, "htable", text)
