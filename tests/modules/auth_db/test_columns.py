"""The modparam load_credentials."""

from typing import Any

import pytest

from sipproxy.errors import ModuleError
from sipproxy.modules.auth_db.columns import Loaded, read_columns
from sipproxy.modules.pv import Pv
from sipproxy.testing.bench import Bench


@pytest.fixture
def bench() -> Bench[Pv]:
    made = Bench(Pv)
    made.module.start()
    return made


def columns(bench: Bench[Pv], text: str) -> list[tuple[str, str]]:
    return [(one.target.text, one.column) for one in read_columns(text, bench.host.pv)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rpid", [("$avp(rpid)", "rpid")]),
        ("rpid;", [("$avp(rpid)", "rpid")]),
        ("$avp(i:1) = rpid ; $var(x)=email", [("$var(x)", "email"), ("$avp(i:1)", "rpid")]),
        ("$avp(a)=x;b", [("$avp(b)", "b"), ("$avp(a)", "x")]),
    ],
)
def test_the_last_is_assigned_first(
    bench: Bench[Pv], text: str, expected: list[tuple[str, str]]
) -> None:
    assert columns(bench, text) == expected


def test_nothing_is_nothing(bench: Bench[Pv]) -> None:
    assert read_columns("", bench.host.pv) == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (";a", "is not"),
        ("$avp(x)=", "is not"),
        ("=a", "is not"),
        ("$nope(x)=a", "unknown pseudo-variable"),
        ("$ci=a", "cannot be written"),
    ],
)
def test_refused(bench: Bench[Pv], text: str, says: str) -> None:
    with pytest.raises(ModuleError, match=says):
        read_columns(text, bench.host.pv)


@pytest.mark.parametrize(
    ("value", "avp", "var"),
    [
        ("text", "text", "text"),
        (7, 7, 7),
        ("é".encode(), "é", "é"),
        (None, "before", 0),
        (1.5, "before", 0),
    ],
)
def test_values(bench: Bench[Pv], value: Any, avp: object, var: object) -> None:
    bench.write("$avp(x)", "before")
    bench.write("$var(x)", "before")
    for name in ("$avp(x)", "$var(x)"):
        Loaded("c", bench.host.pv(name)).write(bench.ctx, value)
    assert bench.read("$avp(x)") == avp
    assert bench.read("$var(x)") == var
