"""A bar for people who wait at a terminal; anywhere else there is none."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sipproxy.replay.progress import NO_PROGRESS, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from sipproxy.replay.capture import Packet

_AT_ONCE = 2000
"""Packets between two looks at the bar."""


@contextmanager
def progress_on_terminal() -> Iterator[Progress]:
    """Something to show on stderr, if that is a terminal; it is gone when the work is done.

    `NO_COLOR` and `TERM=dumb` are kept.
    """
    if not sys.stderr.isatty():
        yield NO_PROGRESS
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("packets"),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield _Shown(bars)


class _Shown:
    """Packets counted on the way."""

    def __init__(self, bars: "Bars") -> None:
        self._bars = bars

    def through(
        self, packets: "Iterable[Packet]", what: str, count: int | None
    ) -> "Iterator[Packet]":
        bars = self._bars
        task = bars.add_task(what, total=count)
        done = 0
        for done, packet in enumerate(packets, 1):
            if done % _AT_ONCE == 0:
                bars.update(task, completed=done)
            yield packet
        bars.update(task, completed=done, total=done)
