"""Where `sipproxy table` finds tables: a running server, or a file that a server's snapshot is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from sipproxy.clock import SystemClock
from sipproxy.errors import RpcError, SipproxyError
from sipproxy.rpc.values import Struct, Value
from sipproxy.text import byte_length

NEVER, OWN = 0, -1
"""Seconds to live of a row to be set: for ever, or what the table gives."""

_PAGE = 250
"""Rows in one request or answer: a server does about a millisecond's work for them."""
_REQUEST = 40_000
"""Bytes of rows in one request: a server takes 65,535 at most."""


class Row(NamedTuple):
    """A key with its value and the seconds it has left, None for no end."""

    key: str
    value: int | str
    left: int | None


class Wish(NamedTuple):
    """A key to be set: `seconds` over 0, NEVER or OWN. `place` says where it was asked for."""

    key: str
    value: int | str
    seconds: int
    place: str = ""


class NotHere(SipproxyError):
    """The source has no such table or key, or does not do that."""


class Source(Protocol):
    """What is looked at. Methods raise NotHere, RpcError and net.rpc_client.NoServer."""

    def tables(self) -> list[Mapping[str, Any]]:
        """Name and number of keys (`items`) of each table, and what else is known."""

    def rows(self, table: str, keys: str = "", values: str = "") -> Iterator[Row]:
        """Every living key in any order; only those whose key and value the expressions find."""

    def get(self, table: str, key: str) -> Row | None:
        """One key, None when there is none."""


class Live:
    """The tables of a running server."""

    def __init__(self, link: Any) -> None:
        """`link` is a net.rpc_client.Link."""
        self._link = link

    def tables(self) -> list[Mapping[str, Any]]:
        """See :meth:`Source.tables`."""
        return [plain(one) for one in self._call("sipproxy.table.list")]

    def rows(self, table: str, keys: str = "", values: str = "") -> Iterator[Row]:
        """See :meth:`Source.rows`. They are asked for page by page as they are wanted."""
        place, after = 0, ""
        while place >= 0:
            found = self._call("sipproxy.table.page", table, place, after, _PAGE, keys, values)
            page = plain(found[0])
            place, after = page["place"], page["after"]
            yield from map(_row, page["rows"] or ())

    def get(self, table: str, key: str) -> Row | None:
        """See :meth:`Source.get`."""
        try:
            return _row(plain(self._call("sipproxy.table.get", table, key)[0]))
        except RpcError as fault:
            if fault.code == 404:
                return None
            raise

    def set(self, table: str, wishes: Iterable[Wish]) -> Iterator[tuple[Wish, str]]:
        """Set many keys; gives each with the reason why it was not set, "" where it was."""
        for batch in _batches(wishes):
            fields = [
                text
                for wish in batch
                for text in (wish.key, _type(wish.value), str(wish.value), str(wish.seconds))
            ]
            answer = plain(self._call("sipproxy.table.set", table, *fields)[0])
            refused = {one["row"]: str(one["reason"]) for one in answer["refused"] or ()}
            for number, wish in enumerate(batch):
                yield wish, refused.get(number, "")

    def remove(self, table: str, keys: Sequence[str]) -> int:
        """Remove keys; how many there were."""
        removed = 0
        for batch in _batches(Wish(key, 0, OWN) for key in keys):
            names = [wish.key for wish in batch]
            removed += plain(self._call("sipproxy.table.rm", table, *names)[0])["removed"]
        return removed

    def _call(self, method: str, *arguments: int | str) -> Sequence[Value]:
        try:
            found: Sequence[Value] = self._link.call(method, *arguments)
        except RpcError as fault:
            if fault.reason == "No such htable":
                raise NotHere(f"there is no table {arguments[0]!r}") from None
            if f"command {method} not found" in fault.reason:
                raise NotHere("the server has no htables: its cfg does not load htable") from None
            raise
        return found


class SnapshotFile:
    """The tables in a file that htable's parameter `snapshot` named. They are only looked at."""

    def __init__(self, path: str) -> None:
        """Reads the file through; raises NotHere for one that is damaged, and OSError."""
        from sipproxy.modules.htable.snapshot import Damaged, Snapshot

        self._snapshot = Snapshot(path)
        self._counts: dict[str, int] = {}
        try:
            for table, cells in self._snapshot.load():
                living = sum(1 for _, cell in cells if _left(cell[1]) != 0)
                self._counts[table] = self._counts.get(table, 0) + living
        except Damaged as error:
            raise NotHere(f"{path}: {error}") from None

    def tables(self) -> list[Mapping[str, Any]]:
        """See :meth:`Source.tables`."""
        return [{"name": name, "items": count} for name, count in self._counts.items()]

    def rows(self, table: str, keys: str = "", values: str = "") -> Iterator[Row]:
        """See :meth:`Source.rows`."""
        if table not in self._counts:
            raise NotHere(f"there is no table {table!r}, or nothing in it")
        wanted = _test(keys, values)
        for name, cells in self._snapshot.load():
            for key, (value, last) in cells if name == table else ():
                left = _left(last)
                if left != 0 and wanted(key, str(value)):
                    yield Row(key, value, left)

    def get(self, table: str, key: str) -> Row | None:
        """See :meth:`Source.get`."""
        return next((row for row in self.rows(table) if row.key == key), None)


_LEAST_TIME = 1_000_000_000
"""A table without autoexpire may have kept small numbers, which mean nothing."""


def _left(last: int) -> int | None:
    """Seconds until a cell's last one is over, 0 where it is; None for no end."""
    return None if last < _LEAST_TIME else max(0, last - int(SystemClock().now()))


def _test(keys: str, values: str) -> Any:
    from sipproxy.core.regex import RegexError
    from sipproxy.core.regex import compile as compile_regex

    try:
        found = [
            compile_regex(text, ignore_case=True, newline=True).search if text else bool
            for text in (keys, values)
        ]
    except RegexError as error:
        raise NotHere(str(error)) from None
    return lambda key, value: (not keys or found[0](key)) and (not values or found[1](value))


def _row(fields: Mapping[str, Any]) -> Row:
    left = fields["left"]
    return Row(fields["key"], fields["value"], None if left < 0 else left)


def _type(value: int | str) -> str:
    return "str" if isinstance(value, str) else "int"


def _batches(wishes: Iterable[Wish]) -> Iterator[list[Wish]]:
    """The wishes in groups that fit a request."""
    batch: list[Wish] = []
    size = 0
    for wish in wishes:
        own = byte_length(wish.key) + byte_length(str(wish.value)) + 32
        if batch and (size + own > _REQUEST or len(batch) == _PAGE):
            yield batch
            batch, size = [], 0
        batch.append(wish)
        size += own
    if batch:
        yield batch


def plain(value: Value) -> Any:
    """A value of an answer with dicts for structs, lists for unnamed ones, None for empty ones."""
    if isinstance(value, Struct):
        if not value.members:
            return None
        if value.members[0][0] is None:
            return [plain(item) for _, item in value.members]
        return {name: plain(item) for name, item in value.members}
    return value
