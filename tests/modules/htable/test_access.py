"""The shortest ways agree with the table's own; test_stores compares them at length."""

import pytest

from sipproxy.core.context import Context
from sipproxy.modules.htable import access
from sipproxy.modules.htable.local import LocalStore
from sipproxy.modules.htable.spec import TableSpec
from sipproxy.modules.htable.table import Table


def context(now: float) -> Context:
    # Only `now` is looked at.
    return Context(None, None, now, None, "event")  # type: ignore[arg-type]


@pytest.mark.parametrize("attributes", ["", "initval=9"])
@pytest.mark.parametrize("autoexpire", [0, 5])
@pytest.mark.parametrize("last", [0, 1, 99, 100, 101])
@pytest.mark.parametrize("now", [100.0, 100.999, 101.0])
def test_reader(attributes: str, autoexpire: int, last: int, now: float) -> None:
    table = Table(TableSpec.parse(f"t=>autoexpire={autoexpire};{attributes}"), LocalStore())
    table.store["k"] = "v", last
    read = access.reader(table)
    assert read(context(now), "k") == table.value("k", now)
    assert read(context(now), "none") == table.value("none", now)


@pytest.mark.parametrize("updateexpire", [0, 1])
@pytest.mark.parametrize("autoexpire", [0, 5])
def test_writer(autoexpire: int, updateexpire: int) -> None:
    text = f"t=>autoexpire={autoexpire};updateexpire={updateexpire}"
    quick, slow = (Table(TableSpec.parse(text), LocalStore()) for _ in range(2))
    write = access.writer(quick)
    for now, value in ((100.9, 1), (103.0, "text"), (104.5, 2)):
        write(context(now), "k", value)
        slow.put("k", value, now)
        assert quick.store.get("k") == slow.store.get("k")
    write(context(105.0), "k", None)
    write(context(105.0), "k", None)
    assert quick.store.get("k") is None


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize("attributes", ["", "initval=0", "autoexpire=5", "autoexpire=5;initval=0"])
def test_counter(attributes: str, by: int) -> None:
    quick, slow = (Table(TableSpec.parse(f"t=>{attributes}"), LocalStore()) for _ in range(2))
    quick.store["k"] = slow.store["k"] = 5, 100
    count = access.counter(quick, by)
    for now in (100.5, 101.5, 110.0):
        for key in ("k", "none"):
            assert count(context(now), key) == slow.add(key, by, now)
            assert quick.store.get(key) == slow.store.get(key)
