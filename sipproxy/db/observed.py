"""Looking on while a database is asked."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import wraps
from typing import Any

from sipproxy.db.database import Database, Step

Told = Callable[[str, object, object], None]
"""Called with a statement, its parameters, and what it gave: rows, or how many it changed."""


def observe(database: Database, told: Told) -> None:
    """From now on tell of each statement that a route gives this database, when it was done.

    What fails is not told of. What is read and written at the start, and in bulk, is not either.
    """
    ways: list[tuple[str, Callable[..., object]]]
    ways = [(name, _observed) for name in ("fetch", "change", "ask")]
    if type(database).apply is not Database.apply:  # that one calls change for each step
        ways.append(("apply", _steps_observed))
    for name, observed in ways:
        setattr(database, name, observed(getattr(database, name), told))


def _observed(run: Callable[..., Awaitable[Any]], told: Told) -> Callable[..., Awaitable[Any]]:
    @wraps(run)
    async def ran(sql: str, *parameters: object) -> Any:
        result = await run(sql, *parameters)
        told(sql, parameters[0] if parameters else (), result)
        return result

    return ran


def _steps_observed(
    run: Callable[[Sequence[Step]], Coroutine[Any, Any, list[int]]], told: Told
) -> Callable[[Sequence[Step]], Coroutine[Any, Any, list[int]]]:
    @wraps(run)
    async def ran(steps: Sequence[Step]) -> list[int]:
        counts = await run(steps)
        for (sql, parameters), count in zip(steps, counts, strict=True):
            told(sql, parameters, count)
        return counts

    return ran
