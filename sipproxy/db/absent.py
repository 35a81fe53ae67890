"""The database of a URL that nobody here can reach: whatever is asked of it fails."""

from collections.abc import Callable, Iterable, Iterator
from typing import NoReturn, TypeVar

from sqlalchemy.engine.default import DefaultDialect

from sipproxy.db.database import Change, Database, Result
from sipproxy.db.statement import Parameters, Row
from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError

T = TypeVar("T")


class AbsentDatabase(Database):
    """Stands, in a replay, for a database whose module is not there."""

    def __init__(self, scheme: str, asked: Callable[[], None]) -> None:
        """`asked` is called each time that something is wanted of it."""
        super().__init__(DatabaseUrl(scheme, "", "", "", 0, ""), DefaultDialect())
        self._asked = asked

    def _fail(self) -> NoReturn:
        self._asked()
        raise DatabaseError(f"databases of scheme {self.url.scheme!r} are not served")

    def open(self) -> None:
        self._fail()

    async def fetch(self, sql: str, parameters: Parameters) -> list[Row]:
        self._fail()

    async def change(self, sql: str, parameters: Parameters) -> int:
        self._fail()

    async def ask(self, sql: str) -> Result:
        self._fail()

    def read(self, sql: str, parameters: Parameters) -> list[Row]:
        self._fail()

    def stream(self, sql: str, parameters: Parameters, size: int) -> Iterator[list[Row]]:
        self._fail()

    def write(self, changes: Iterable[Change]) -> None:
        self._fail()

    async def aside(self, work: Callable[[], T]) -> T:
        return work()

    def close(self) -> None:
        """There is nothing to give back."""
