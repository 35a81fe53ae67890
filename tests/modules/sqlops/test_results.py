"""Values of results and what `$dbr` may hold."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from sipproxy.core.values import Value
from sipproxy.modules.sqlops import Sqlops
from sipproxy.modules.sqlops.results import Kept, Key, value_of
from sipproxy.testing.bench import Bench


@pytest.mark.parametrize(
    ("found", "value"),
    [
        (5, 5),
        (2**31, "2147483648"),
        (-(2**31), -(2**31)),
        ("x", "x"),
        (b"a\xff", "a\udcff"),
        (0.5, None),
        (Decimal("1.5"), None),
        (None, None),
        (datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC), 1_000_000_000),
    ],
)
def test_values(found: object, value: Value) -> None:
    assert value_of(found) == value


def test_a_day_is_its_first_second() -> None:
    assert value_of(date(2020, 1, 2)) == int(datetime(2020, 1, 2).timestamp())


KEPT = Kept(("a", "b"), ((1, "x"), (2, None)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("r=>rows", 2),
        (" r => cols ", 2),
        ("r=>[0,1]", "x"),
        ("r=>[ 1 , 0 ]", 2),
        ("r=>[1,1]", None),
        ("r=>[2,0]", None),
        ("r=>[-1,0]", None),
        ("r=>[0,-1]", None),
        ("r=>colname[1]", "b"),
        ("r=>colname[2]", None),
        ("r=>[$word(row),0]", 2),
        ("r=>[$word(none),0]", None),
        ("r=>[0,$word(text)]", None),
    ],
)
def test_keys(text: str, value: Value) -> None:
    bench = Bench(Sqlops)
    bench.words.update(row=1, text="1")
    key = Key(text, bench.host)
    assert key.name == "r"
    assert key.read(bench.ctx, KEPT) == value


@pytest.mark.parametrize("text", ["r", "r=>", "r=>row", "r=>[0]", "r=>[0,1", "=>rows", "r=>[x,0]"])
def test_keys_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"dbr|invalid literal"):
        Key(text, Bench(Sqlops).host)
