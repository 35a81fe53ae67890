"""Expressions of `$shtcn`, `$shtcv`; the numbers were seen on Kamailio 5.6.3."""

import pytest

from sipproxy.core.regex import RegexError
from sipproxy.modules.htable.local import LocalStore
from sipproxy.modules.htable.matching import count, leading_int, on_names, on_values, text_test
from sipproxy.modules.htable.spec import TableSpec
from sipproxy.modules.htable.table import Table


@pytest.fixture
def table() -> Table:
    made = Table(TableSpec("a"), LocalStore())
    values: dict[str, int | str] = {"abc": "xyz", "abd": "xwt", "cab": 12, "dab": "12", "x.y": 5}
    for key, value in values.items():
        made.put(key, value, 0.0)
    return made


@pytest.mark.parametrize(
    ("expression", "names", "values"),
    [
        ("a.*", 4, 0),
        ("^a", 2, 0),
        ("^b", 0, 0),
        ("~~b.$", 2, 0),
        ("~~^.A", 2, 0),
        ("~%ab", 2, 0),
        ("%~ab", 2, 0),
        ("==abc", 1, 0),
        ("==ABC", 0, 0),
        ("==ab", 0, 0),
        ("x.*", 1, 2),
        ("1", 0, 1),
        ("~~^x", 1, 2),
        ("~%x", 0, 0),
        ("%~x", 1, 2),
        ("==12", 0, 1),
        ("eq12", 0, 1),
        ("eq5", 0, 1),
        ("eq5z", 0, 1),
        ("eq+5", 0, 1),
        ("eqz", 0, 0),
        ("**", 5, 5),
        ("**anything", 5, 5),
        ("~~", 0, 0),
        ("~%", 0, 0),
        ("==", 0, 0),
        ("eq", 0, 0),
        ("", 0, 0),
        ("ne12", 0, 0),
        ("gt4", 0, 0),
        ("~", 0, 0),
    ],
)
def test_count(table: Table, expression: str, names: int, values: int) -> None:
    assert count(table, expression, on_names, 0.0) == names
    assert count(table, expression, on_values, 0.0) == values


def test_lines_of_a_value_are_apart() -> None:
    table = Table(TableSpec("a"), LocalStore())
    table.put("k", "a\nb", 0.0)
    assert [count(table, e, on_values, 0.0) for e in ("^b", "a.b", "a$")] == [1, 0, 1]


def test_expired_cells_count_until_they_are_swept() -> None:
    table = Table(TableSpec("a", autoexpire=1), LocalStore())
    table.put("k", "v", 10.0)
    assert table.value("k", 20.0) is None
    assert count(table, "k", on_names, 20.0) == count(table, "v", on_values, 20.0) == 1
    assert sum(map(len, table.sweep(20.0))) == 1
    assert count(table, "**", on_names, 20.0) == 0


def test_in_6_1_expired_cells_do_not_count() -> None:
    table = Table(TableSpec("a", autoexpire=1), LocalStore(), newer=True)
    for key, value, now in (("k1", "v", 10.0), ("k2", 5, 10.0), ("k3", "v", 19.0), ("k4", 5, 19.0)):
        table.put(key, value, now)
    assert [count(table, "k", on_names, now) for now in (11.9, 12.0, 20.9, 21.0)] == [4, 2, 2, 0]
    assert [count(table, "v", on_values, now) for now in (11.9, 12.0)] == [2, 1]
    assert [count(table, "eq5", on_values, now) for now in (11.9, 12.0)] == [2, 1]
    assert count(table, "**", on_values, 30.0) == 4


def test_bad_expression(table: Table) -> None:
    with pytest.raises(RegexError):
        count(table, "[k", on_names, 0.0)


@pytest.mark.parametrize(
    ("operator", "operand", "yes", "no"),
    [
        ("re", "^U", "user", "xuser"),
        ("eq", "user", "user", "User"),
        ("ne", "user", "User", "user"),
        ("sw", "us", "user", "User"),
        ("ew", "er", "user", "users"),
        ("in", "se", "user", "uSer"),
    ],
)
def test_operators(operator: str, operand: str, yes: str, no: str) -> None:
    test = text_test(operator, operand)
    assert test is not None
    assert test(yes)
    assert not test(no)


def test_unknown_operator() -> None:
    assert text_test("xx", "a") is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0),
        ("12", 12),
        ("-7x", -7),
        ("+", 0),
        ("x5", 0),
        ("2147483648", 2147483647),
        ("-99999999999", -2147483648),
        ("000000000000012", 12),
    ],
)
def test_leading_int(text: str, number: int) -> None:
    assert leading_int(text) == number
