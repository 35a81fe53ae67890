"""What changes between two looks at a table."""

from collections.abc import Iterator

import pytest

from sipproxy.cli.table_sources import Row
from sipproxy.cli.table_watch import Change, TooMany, changes


class Time:
    """A clock that waiting moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def wait(self, seconds: float) -> None:
        self.now += seconds


def looks(*tables: dict[str, int | str]) -> Iterator[list[Row]]:
    for table in tables:
        yield [Row(key, value, 5) for key, value in table.items()]


def test_changes() -> None:
    time = Time()
    seen = looks({"a": 1, "b": "x"}, {"a": 1, "b": "x"}, {"a": "1", "c": 2}, {"c": 2})
    found = changes(lambda: next(seen), 1.0, 3.0, 100, lambda: time.now, time.wait)
    assert list(found) == [
        Change(1002.0, "changed", "a", "1", 1),
        Change(1002.0, "removed", "b", None, "x"),
        Change(1002.0, "added", "c", 2, None),
        Change(1003.0, "removed", "a", None, "1"),
    ]


def test_the_last_look_is_at_the_end() -> None:
    time = Time()
    seen = looks({}, {"a": 1}, {"a": 2})
    found = changes(lambda: next(seen), 1.0, 1.5, 100, lambda: time.now, time.wait)
    assert [one.at for one in found] == [1001.0, 1001.5]


def test_without_an_end_it_goes_on() -> None:
    time = Time()
    seen = looks({}, {}, {}, {"a": 1})
    found = changes(lambda: next(seen), 1.0, None, 100, lambda: time.now, time.wait)
    assert next(found) == Change(1003.0, "added", "a", 1, None)


def test_too_many_keys() -> None:
    seen = looks({"a": 1, "b": 2})
    with pytest.raises(TooMany, match="more than 1 keys"):
        list(changes(lambda: next(seen), 1.0, None, 1, lambda: 0.0, print))
