"""Contacts and a location service for the tests of usrloc."""

from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.core.contact import Contact
from sipproxy.modules.usrloc import Usrloc
from sipproxy.testing.bench import Bench

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
