"""mqueue: queues of keys and values between routes (Kamailio modules/mqueue)."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Set
from typing import TYPE_CHECKING, Any, NamedTuple

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.core.module import Module, function, modparam, modparam_method, pvar, rpc
from sipproxy.core.values import Value, to_int, to_str
from sipproxy.errors import DatabaseError, ModuleError, RpcError
from sipproxy.text import lower

if TYPE_CHECKING:
    from sipproxy.db.database import Database

OLDEST, NEWEST = 1, 2
"""Modes of adding in which a key stands once in a queue: with its first value, or its last."""

_LOAD, _SAVE = (1, 2), (1, 3)
"""Database modes in which a queue is read at the start, and written at the end."""

_PART = re.compile(r"\s*([^=;\s]+)\s*(?:=\s*([^;\s]*))?\s*\Z")


class Item(NamedTuple):
    """What is put into a queue."""

    key: str
    value: str


class Queue:
    """One queue; `current` is the item that was fetched last."""

    __slots__ = ("add_mode", "current", "db_mode", "items", "most", "name")

    def __init__(self, name: str, most: int, add_mode: int, db_mode: int = 0) -> None:
        """`most` items are kept, the newest ones; 0 is any number."""
        self.name = name
        self.most = most
        self.add_mode = add_mode
        self.db_mode = db_mode
        self.items: deque[Item] = deque()
        self.current: Item | None = None

    def add(self, key: str, value: str) -> None:
        """Put an item at the end."""
        if self.add_mode in (OLDEST, NEWEST):
            there = next((item for item in self.items if item.key == key), None)
            if there is not None:
                if self.add_mode == OLDEST:
                    return
                self.items.remove(there)
        self.items.append(Item(key, value))
        if 0 < self.most < len(self.items):
            self.items.popleft()

    def fetch(self) -> bool:
        """Make the oldest item the current one; False when there is none."""
        self.current = self.items.popleft() if self.items else None
        return self.current is not None


class Mqueue(Module, name="mqueue"):
    """The queues of a cfg by name, the one defined last first."""

    db_url = modparam("", "Database with a table for each queue that has a dbmode.")
    mqueue_size = modparam(0, "Items kept in each queue of mqueue_name; 0 is any number.")
    mqueue_addmode = modparam(0, "How items are added to each queue of mqueue_name.")

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.queues: dict[str, Queue] = {}
        self._there: Set[str] = frozenset()
        """Names of the queues that the cfg before a reload had."""

    # -- parameters

    @modparam_method("mqueue")
    def define(self, text: str) -> None:
        """`name=N;size=5;addmode=1;dbmode=1`: addmode 1 keeps a key's first value, 2 its last."""
        given = dict(_parts(text))
        numbers = {name: to_int(given.get(name)) for name in ("size", "addmode", "dbmode")}
        self._define(Queue(given.get("name", ""), *numbers.values()))

    @modparam_method("mqueue_name")
    def define_plain(self, name: str) -> None:
        """A queue by its name alone, with mqueue_size and mqueue_addmode."""
        self._define(Queue(name, self.mqueue_size, self.mqueue_addmode))

    def _define(self, queue: Queue) -> None:
        if not queue.name:
            raise ModuleError("a queue has a name")
        if queue.name in self.queues:
            raise ModuleError(f'the queue "{queue.name}" is defined twice')
        self.queues = {queue.name: queue} | self.queues

    def start(self) -> None:
        if not self.queues:
            report(self.host.log, WARN, "mqueue", "no mqueue defined")
        for queue in self.queues.values():
            if queue.db_mode in (*_LOAD, *_SAVE) and not self.db_url:
                raise ModuleError(f'the queue "{queue.name}" has a dbmode, and there is no db_url')

    # -- functions

    @function()
    def mq_add(self, ctx: Context, queue: str, key: str, value: str) -> bool:
        """Put a key and a value at the end of a queue; false when there is no such queue."""
        found = self._named(queue)
        if found is not None:
            found.add(key, value)
        return found is not None

    @function()
    def mq_fetch(self, ctx: Context, queue: str) -> int:
        """Take the oldest item, for $mqk and $mqv: 1, -2 there is none, -1 no such queue."""
        found = self.queues.get(queue)
        if found is None:
            return -1
        return 1 if found.fetch() else -2

    @function()
    def mq_pv_free(self, ctx: Context, queue: str) -> None:
        """Forget the item that was fetched last."""
        if queue in self.queues:
            self.queues[queue].current = None

    @function()
    def mq_size(self, ctx: Context, queue: str) -> int:
        """How many items wait; -1 none, -2 there is no such queue."""
        found = self.queues.get(queue)
        if found is None:
            report(self.host.log, ERROR, "mqueue", f"mqueue {queue} not found")
            return -2
        return len(found.items) or -1

    def _named(self, name: str) -> Queue | None:
        found = self.queues.get(name)
        if found is None:
            report(self.host.log, ERROR, "mqueue", f"mqueue not found: {name}")
        return found

    # -- variables

    @pvar("mqk", bind=True)
    def key(self, inner: str | None, index: str | None) -> PvAccess:
        """The key of the item that was fetched last from a queue."""
        return self._access(inner, lambda queue: queue.current and (queue.current.key or None))

    @pvar("mqv", bind=True)
    def value(self, inner: str | None, index: str | None) -> PvAccess:
        """The value of the item that was fetched last from a queue."""
        return self._access(inner, lambda queue: queue.current and (queue.current.value or None))

    @pvar("mq_size", bind=True)
    def size(self, inner: str | None, index: str | None) -> PvAccess:
        """How many items wait in a queue."""
        return self._access(inner, lambda queue: len(queue.items))

    def _access(self, inner: str | None, read: Any) -> PvAccess:
        if not inner:
            raise ValueError("a queue has a name")
        name = self.host.format(inner)

        def get(ctx: Context) -> Value:
            found = self._named(name(ctx))
            result: Value = None if found is None else read(found)
            return result

        access = PvAccess(get)
        if name.constant is not None and name.constant not in self.queues:
            access.absent = ""
        return access

    # -- commands

    @rpc("mqueue.get_size")
    def get_size(self, *name: str) -> dict[str, int | str]:
        """Get size of mqueue."""
        queue = self._asked(name, 400, 404)
        return {"name": queue.name, "size": len(queue.items)}

    @rpc("mqueue.get_sizes", array=True)
    def get_sizes(self) -> list[dict[str, int | str]]:
        """Get sizes of all mqueues."""
        return [{"name": q.name, "size": len(q.items)} for q in self.queues.values()]

    @rpc("mqueue.fetch")
    def fetch(self, *name: str) -> dict[str, str]:
        """Fetch an element from the queue."""
        queue = self._asked(name, 500, 500)
        if not queue.fetch():
            raise RpcError(404, "Empty queue")
        item = queue.current
        if item is None or not item.key or not item.value:
            raise RpcError(500, "Unexpected error (result)")
        return {"key": item.key, "val": item.value}

    def _asked(self, name: tuple[str, ...], bad: int, unknown: int) -> Queue:
        if not name:
            raise RpcError(bad, "No queue name")
        found = self.queues.get(name[0])
        if found is None:
            report(self.host.log, ERROR, "mqueue", "no such mqueue")
            raise RpcError(unknown, "No such queue")
        return found

    # -- database

    def open(self) -> None:
        """Read the queues that are kept in the database, and empty their tables."""
        for queue in self.queues.values():
            if queue.db_mode in _LOAD and queue.name not in self._there:
                self._load(queue)

    def inherit(self, previous: Any) -> None:
        """Queues that were there are not read."""
        self._there = previous.queues.keys()

    def take_over(self, previous: Any) -> None:
        """A queue of a name that was there has its items."""
        for name in self._there & self.queues.keys():
            self.queues[name].items = previous.queues[name].items
            self.queues[name].current = previous.queues[name].current
        self._there = frozenset()

    def close(self) -> None:
        """Write the queues that are kept in the database."""
        for queue in self.queues.values():
            if queue.db_mode in _SAVE:
                self.host.begin(self._save(queue), _over)

    def _load(self, queue: Queue) -> None:
        from sqlalchemy import column, delete, select
        from sqlalchemy.sql import table

        database: Database = self.host.database(self.db_url)
        place: Any = table(queue.name, column("id"), column("key"), column("val"))
        try:
            database.open()
            statement = select(place.c.key, place.c.val).order_by(place.c.id)
            rows = database.prepare(statement).read()
        except DatabaseError as error:
            raise ModuleError(f'the queue "{queue.name}" cannot be read: {error}') from None
        for row in rows:
            queue.add(*(to_str(cell if isinstance(cell, int) else str(cell)) for cell in row))
        self.host.begin(self._change(queue, delete(place)), _over)

    async def _save(self, queue: Queue) -> None:
        from sqlalchemy import column, insert
        from sqlalchemy.sql import table

        place = table(queue.name, column("key"), column("val"))
        while queue.items:
            item = queue.items.popleft()
            await self._change(queue, insert(place), item)

    async def _change(self, queue: Queue, statement: Any, values: tuple[str, ...] = ()) -> None:
        database: Database = self.host.database(self.db_url)
        try:
            await database.execute(statement, values)
        except DatabaseError as error:
            text = f"the table of the queue {queue.name} cannot be changed: {error}"
            report(self.host.log, ERROR, "mqueue", text)


def _over() -> None:
    """Nobody waits for it."""


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Names and values of `name=value;name=value`; raises ModuleError."""
    for part in text.removesuffix(";").split(";"):
        found = _PART.match(part)
        if found is None or lower(found[1]) not in ("name", "size", "addmode", "dbmode"):
            raise ModuleError(f'"{part}" is no name=, size=, addmode= or dbmode= of a queue')
        yield lower(found[1]), found[2] or ""
