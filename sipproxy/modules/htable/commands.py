"""The RPC commands `htable.*`; fault texts and shapes are Kamailio's."""

import time
from collections import Counter
from collections.abc import Mapping

from sipproxy.core.log import ERROR, report
from sipproxy.core.module import rpc
from sipproxy.core.params import LooseInt, LooseStr
from sipproxy.errors import DatabaseError, RpcError
from sipproxy.modules.htable.filling import Filling
from sipproxy.modules.htable.table import Table

Row = Mapping[str, object]

_SET_DONE = "Ok. Key set to new value."
_NOT_SET = "Failed to set the item"
_NO_NAME = "No htable name given"
_NO_VALUE = "Not enough parameters (htable name, key name and value)"
_NO_LIFETIME = "Not enough parameters (htable name, key name, value and expire)"


class Commands(Filling):
    """What an operator may ask and do."""

    @rpc("htable.dump", array=True, missing=_NO_NAME)
    def _dump(self, name: str) -> list[Row]:
        """Dump the contents of hash table."""
        answer: list[Row] = []
        for slot, items in self._table(name).by_slot():
            cells = [
                {"name": key, "value": value, "type": "str" if isinstance(value, str) else "int"}
                for key, (value, _) in items
            ]
            answer.append({"entry": slot, "size": len(cells), "slot": cells})
        return answer

    @rpc("htable.get", missing="Not enough parameters (htable name and key name)")
    def _get(self, name: str, key: str) -> Row:
        """Get one key from a hash table."""
        cell = self._table(name).get(key, self.host.now())
        if cell is None:
            raise RpcError(500, "Key name doesn't exist in htable.")
        value, last = cell
        return {
            "item": {
                "name": key,
                "value": value,
                "flags": 2 if isinstance(value, str) else 0,
                "expire": _date(last) if last else "NEVER",
            }
        }

    @rpc("htable.sets", missing=_NO_VALUE)
    def _sets(self, name: str, key: str, value: LooseStr) -> str:
        """Set one key in a hash table to a string value."""
        return self._put(self._table(name), key, value)

    @rpc("htable.seti", missing=_NO_VALUE)
    def _seti(self, name: str, key: str, value: LooseInt) -> str:
        """Set one key in a hash table to an integer value."""
        return self._put(self._table(name), key, value)

    @rpc("htable.setex", missing="Not enough parameters (htable name, item name and expire)")
    def _setex(self, name: str, key: str, seconds: LooseInt) -> str:
        """Set expire in a hash table for the item referenced by key."""
        self._table(name).expire_in(key, seconds, self.host.now())
        return "Ok"

    @rpc("htable.setxs", missing=_NO_LIFETIME)
    def _setxs(self, name: str, key: str, value: LooseStr, seconds: int) -> str:
        """Set one key in a hash table to a string value and its expire value."""
        return self._set_living(name, key, value, seconds)

    @rpc("htable.setxi", missing=_NO_LIFETIME)
    def _setxi(self, name: str, key: str, value: LooseInt, seconds: int) -> str:
        """Set one key in a hash table to an integer value and its expire value."""
        return self._set_living(name, key, value, seconds)

    @rpc("htable.delete", missing="Not enough parameters (htable name & key name")
    def _delete(self, name: str, key: str) -> str:
        """Delete one key from a hash table."""
        if not self._table(name).delete(key):
            raise RpcError(404, "Key not found in htable.")
        return "Ok. Key deleted."

    @rpc("htable.flush", missing=_NO_NAME)
    def _flush(self, name: str) -> str:
        """Flush hash table."""
        self._table(name).clear()
        return "Ok. Htable flushed."

    @rpc("htable.listTables", array=True)
    def _list_tables(self) -> list[Row]:
        """List all htables."""
        return [
            {
                "name": table.spec.name,
                "dbtable": table.spec.dbtable,
                "dbmode": table.spec.dbmode,
                "expire": table.spec.autoexpire,
                "updateexpire": table.spec.updateexpire,
                "size": table.slots,
                "dmqreplicate": table.spec.dmqreplicate,
            }
            for table in self._all()
        ]

    @rpc("htable.stats", array=True)
    def _stats(self) -> list[Row]:
        """Statistics about htables."""
        return [_statistics(table) for table in self._all()]

    @rpc("htable.reload")
    async def _reload(self, name: str = "") -> str:
        """Reload hash table from database."""
        try:
            await self.reload(self._of_database(name))
        except DatabaseError as error:
            report(self.host.log, ERROR, "htable", str(error))
            raise RpcError(500, "Htable reload failed") from None
        return "Ok. Htable reloaded."

    @rpc("htable.store")
    async def _store(self, name: str = "") -> str:
        """Store hash table to database."""
        try:
            await self.store(self._of_database(name))
        except DatabaseError as error:
            report(self.host.log, ERROR, "htable", f"htable {name} is not stored: {error}")
            raise RpcError(500, "Storing htable failed") from None
        return "Ok. Htable successfully stored to DB."

    def _of_database(self, name: str) -> str:
        """The name of a table that has a database; raises RpcError for another."""
        if not self.db_url:
            raise RpcError(500, "No htable db_url")
        if not name:
            raise RpcError(500, _NO_NAME)
        self._table(name)
        if name not in self.stored:
            raise RpcError(500, "No database htable")
        return name

    def _set_living(self, name: str, key: str, value: int | str, seconds: int) -> str:
        table = self.tables.get(name)
        if table is None:
            raise RpcError(500, _NOT_SET)
        return self._put(table, key, value, seconds)

    def _put(self, table: Table, key: str, value: int | str, seconds: int = 0) -> str:
        if not table.put(key, value, self.host.now(), seconds):
            raise RpcError(500, _NOT_SET)
        return _SET_DONE

    def _table(self, name: str) -> Table:
        table = self.tables.get(name)
        if table is None:
            raise RpcError(500, "No such htable")
        return table

    def _all(self) -> list[Table]:
        if not self.tables:
            raise RpcError(500, "No htables")
        return self.newest_first()


def _statistics(table: Table) -> Row:
    sizes = Counter(table.slot_of(key) for key, _ in table.store.items())
    return {
        "name": table.spec.name,
        "slots": table.slots,
        "all": sizes.total(),
        "min": 0 if len(sizes) < table.slots else min(sizes.values()),
        "max": max(sizes.values(), default=0),
    }


def _date(second: int) -> str:
    """A Unix second in local time, as `htable.get` shows it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
