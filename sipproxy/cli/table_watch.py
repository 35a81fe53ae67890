"""What changes in a table, seen by looking at it again and again."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from sipproxy.cli.table_sources import Row
from sipproxy.errors import SipproxyError


class Change(NamedTuple):
    """A change that was seen at a Unix time; what is not there is None."""

    at: float
    kind: Literal["added", "changed", "removed"]
    key: str
    value: int | str | None
    before: int | str | None


class TooMany(SipproxyError):
    """There are more keys than may be looked at again and again."""


def changes(
    look: Callable[[], Iterable[Row]],
    every: float,
    seconds: float | None,
    limit: int,
    now: Callable[[], float],
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Change]:
    """The changes since the first look, until `seconds` are over; raises TooMany.

    `now` tells the time, `wait` lets seconds pass.
    """
    began = now()
    before = _seen(look(), limit)
    while seconds is None or now() - began < seconds:
        wait(every if seconds is None else min(every, max(0.0, began + seconds - now())))
        after = _seen(look(), limit)
        yield from _between(before, after, now())
        before = after


def _seen(rows: Iterable[Row], limit: int) -> dict[str, int | str]:
    seen: dict[str, int | str] = {}
    for row in rows:
        seen[row.key] = row.value
        if len(seen) > limit:
            raise TooMany(f"more than {limit} keys")
    return seen


def _between(
    before: dict[str, int | str], after: dict[str, int | str], at: float
) -> Iterator[Change]:
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if new is None:
            yield Change(at, "removed", key, None, old)
        elif old is None:
            yield Change(at, "added", key, new, None)
        elif old != new:
            yield Change(at, "changed", key, new, old)
