"""The modparam db_scheme, beside its conformance case."""

import pytest

from sipproxy.modules.avpops.schemes import Columns, Scheme, read_scheme


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("a:table=t", Scheme("a", Columns(table="t"))),
        (" a : value_col = v ; ", Scheme("a", Columns(value="v"))),
        ("a:UUID_COL=u;username_col=n", Scheme("a", Columns(uuid="u", username="n"))),
        ("a:value_type=Integer;domain_col=d;", Scheme("a", Columns(domain="d"), numeric=True)),
        ("a:value_type=integer;value_type=string", Scheme("a")),
    ],
)
def test_schemes(text: str, scheme: Scheme) -> None:
    assert read_scheme(text) == scheme


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not of the form"),
        ("a", "not of the form"),
        ("a:", "not of the form"),
        (":table=t", "not of the form"),
        ("a:table", "around 2"),
        ("a:table=", "around 2"),
        ("a:table=t u", "around 2"),
        ("a:table=t;table=u", "table is given twice"),
        ("a:column=t", "unknown attribute <column>: expected domain_col, table"),
        ("a:value_type=float", "unknown value type <float>"),
    ],
)
def test_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_scheme(text)


def test_what_is_empty_is_taken_from_another() -> None:
    default = Columns("t", "u", "n", "d", "v", "a", "k")
    assert Columns(table="x", value="y").over(default) == Columns("x", "u", "n", "d", "y", "a", "k")
