"""Module jansson, beside the recorded cases."""

import pytest

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.values import Value
from sipproxy.modules.jansson import Jansson
from sipproxy.testing.bench import Bench


class Cell:
    """A variable that keeps what is written."""

    def __init__(self, value: Value = None) -> None:
        self.value = value
        self.access = PvAccess(lambda ctx: self.value, self._write)

    def _write(self, ctx: Context, value: Value) -> None:
        self.value = value


@pytest.fixture
def bench() -> Bench[Jansson]:
    return Bench(Jansson)


def test_what_fails_writes_nothing(bench: Bench[Jansson]) -> None:
    cell = Cell('{"a":{"b":1}}')
    assert not bench.module.jansson_set(bench.ctx, "int", "a.c.d[0]", "1", cell.access)
    assert not bench.module.jansson_get(bench.ctx, "a.c", "{", cell.access)
    assert not bench.module.jansson_array_size(bench.ctx, "a", '{"a":1}', cell.access)
    assert cell.value == '{"a":{"b":1}}'
    assert len(bench.lines()) == 3


def test_objects_become_extended_avps_and_back(bench: Bench[Jansson]) -> None:
    cell = Cell()
    assert bench.module.jansson_xdecode(bench.ctx, '[{"a":1,"n":null},{"b":"x"}]', "r")
    assert bench.ctx.xavps["r"] == [[("b", "x")], [("n", None), ("a", 1)]]
    assert bench.module.jansson_xencode(bench.ctx, "r", cell.access)
    assert cell.value == '{"b": "x"}'
    assert not bench.module.jansson_xencode(bench.ctx, "other", cell.access)
    assert not bench.module.jansson_xdecode(bench.ctx, "5", "r")
