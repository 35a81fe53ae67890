"""The statements that add records."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sipproxy.db.sqlite import SqliteDatabase
from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import ModuleError
from sipproxy.modules.acc import Acc
from sipproxy.modules.acc.extras import Field, read_extras
from sipproxy.modules.acc.rows import Rows
from sipproxy.testing.bench import START, Bench

FIELDS: list[Field] = [(name, name.upper()) for name in ("m", "f", "t", "c", "code", "reason")]
Make = Callable[..., Rows]


@pytest.fixture
def bench() -> Bench[Acc]:
    return Bench(Acc)


@pytest.fixture
def make(bench: Bench[Acc], tmp_path: Path) -> Make:
    """`make("name=$word(x)", parameter=value)`."""

    def rows(extra: str = "", **parameters: Any) -> Rows:
        for name, value in parameters.items():
            setattr(bench.module, name, value)
        base = SqliteDatabase(DatabaseUrl.parse(f"sqlite:///{tmp_path}/x"), bench.host.offload, 1.0)
        return Rows(bench.module, base, read_extras("db_extra", extra, bench.host, 64))

    return rows


def test_a_row(make: Make, bench: Bench[Acc]) -> None:
    bench.words["a"] = 5
    [(sql, values)] = make("one=$word(a);none=$word(b)").steps(bench.ctx, "acc", FIELDS, START)
    assert sql.startswith("INSERT INTO acc (method, from_tag, to_tag, callid, sip_code,")
    assert tuple(values)[:6] == ("M", "F", "T", "C", "CODE", "REASON")
    assert tuple(values)[7:] == ("5", "")


def test_what_has_no_value_may_be_null(make: Make, bench: Bench[Acc]) -> None:
    rows = make("none=$word(b)", acc_extra_nullable=1)
    [(_, values)] = rows.steps(bench.ctx, "acc", FIELDS, START)
    assert tuple(values)[-1] is None


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (0, ()),
        (1, (int(START), 250_000)),
        (2, (START,)),
        (4, ("2001-09-09",)),
    ],
)
def test_times(make: Make, bench: Bench[Acc], mode: int, expected: tuple[object, ...]) -> None:
    rows = make(time_mode=mode, time_format="%Y-%m-%d")
    [(_, values)] = rows.steps(bench.ctx, "acc", FIELDS, START)
    assert tuple(values)[7:] == expected


@pytest.mark.parametrize("table", ["", "x" * 64])
def test_names_of_tables(make: Make, bench: Bench[Acc], table: str) -> None:
    with pytest.raises(ValueError, match="is empty or too big"):
        make().steps(bench.ctx, table, FIELDS, START)


def test_two_columns_of_one_name(make: Make) -> None:
    with pytest.raises(ModuleError, match="two columns are called callid, x"):
        make("x=$word(a);x=$word(b);callid=$word(c)")
