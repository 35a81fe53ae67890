"""Contacts and a location service for the tests of usrloc."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sipproxy.core.contact import Contact
from sipproxy.modules.usrloc import Usrloc
from sipproxy.testing.bench import Bench
from tests.bases import Base
from tests.phones import Phones

Maker = Callable[..., Contact]


@pytest.fixture
def contact() -> Maker:
    """Makes contacts: `contact("sip:a@b", q=500)`."""

    def make(uri: str = "sip:a@b", **fields: Any) -> Contact:
        plain = Contact(
            *(uri, f"ruid of {uri}", 0, -1, "call", 1, "", "", "", None, 0, 0, 0, "", 0, -1, 0)
        )
        return plain._replace(**fields)

    return make


@pytest.fixture
def bench() -> Bench[Usrloc]:
    """The module, not started yet."""
    return Bench(Usrloc)


@pytest.fixture
def tables(base: Base) -> Base:
    """The tables of locations in a database of each kind."""
    base.make("location", "location_attrs")
    return base


@pytest.fixture
def lite(tmp_path: Path) -> Base:
    """The tables of locations in SQLite."""
    base = Base("sqlite", f"sqlite:///{tmp_path}/lite.db")
    base.make("location", "location_attrs")
    return base


@pytest.fixture(autouse=True)
def _close(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever database a test leaves open is closed."""
    left: list[Phones] = []
    start = Phones.start

    def noted(self: Phones) -> None:
        start(self)
        left.append(self)

    monkeypatch.setattr(Phones, "start", noted)
    yield
    for phones in left:
        phones.served.proxy.host.databases.close()
