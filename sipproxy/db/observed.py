"""Looking on while a database is asked."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from sipproxy.db.database import Database

Told = Callable[[str, object, object], None]
"""Called with a statement, its parameters, and what it gave: rows, or how many it changed."""


def observe(database: Database, told: Told) -> None:
    """From now on tell of each statement that a route gives this database, when it was done.

    What fails is not told of. What is read and written at the start, and in bulk, is not either.
    """
    for name in ("fetch", "change", "ask"):
        setattr(database, name, _observed(getattr(database, name), told))


def _observed(run: Callable[..., Awaitable[Any]], told: Told) -> Callable[..., Awaitable[Any]]:
    @wraps(run)
    async def ran(sql: str, *parameters: object) -> Any:
        result = await run(sql, *parameters)
        told(sql, parameters[0] if parameters else (), result)
        return result

    return ran
