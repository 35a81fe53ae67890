"""Htable modules on benches."""

import pytest

from sipproxy.modules.htable import Htable
from sipproxy.testing.bench import START, Bench


@pytest.fixture
def start() -> float:
    """The instant at which a bench's clock stands first."""
    return START


class Tables:
    """Makes benches with tables."""

    def __call__(
        self, *definitions: str, compat: str = "5.6", **params: str | int
    ) -> Bench[Htable]:
        """A started module with those tables and modparams."""
        bench = Bench(Htable, compat)
        for definition in definitions:
            bench.module.define(definition)
        for name, value in params.items():
            setattr(bench.module, name, value)
        bench.module.start()
        return bench


@pytest.fixture
def load() -> Tables:
    """`load("a=>size=4", timer_interval=1)`: a started module with those tables."""
    return Tables()
