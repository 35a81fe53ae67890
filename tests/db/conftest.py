"""Databases for tests: a file with Kamailio's tables, and an Offload that stands alone."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, insert

from sipproxy.clock import VirtualClock
from sipproxy.core.offload import Offload
from sipproxy.core.timers import TimerQueue
from sipproxy.core.waiting import Wait
from sipproxy.db.schema import kamailio_tables

Play = Callable[[Coroutine[Any, None, Any]], Any]


@pytest.fixture
def offload() -> Offload:
    return Offload(TimerQueue(), VirtualClock())


@pytest.fixture
def play(offload: Offload) -> Play:
    """Run a coroutine to its end, as a proxy on a virtual clock does."""

    def run(coroutine: Coroutine[Any, None, Any]) -> Any:
        over: list[Any] = []

        def step() -> None:
            try:
                wait = coroutine.send(None)
            except StopIteration as stop:
                over.append(stop.value)
                return
            assert isinstance(wait, Wait)
            wait.then(step)

        step()
        offload.settle()
        assert over, "it waits for what will never come"
        return over[0]

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An SQLite file with Kamailio's tables and the users alice and bob."""
    path = tmp_path / "kamailio.db"
    tables = kamailio_tables()
    engine = create_engine(f"sqlite:///{path}")
    tables.create_all(engine)
    users = [{"username": n, "domain": "example.com", "ha1": n * 2} for n in ("alice", "bob")]
    with engine.begin() as connection:
        connection.execute(insert(tables.tables["subscriber"]), users)
    engine.dispose()
    return path
