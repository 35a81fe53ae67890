"""What `--set` says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.replay.sweep_values import Grid, parse_sets
from sipproxy.replay.variants import SetError


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("N=3..6", ["3", "4", "5", "6"]),
        ("N=3..20..5", ["3", "8", "13", "18"]),
        ("N=-1..1", ["-1", "0", "1"]),
        ("N=60,300,900", ["60", "300", "900"]),
        ("N=1..3,2..4,9", ["1", "2", "3", "4", "9"]),
        ("N=yes,no", ["yes", "no"]),
        ('N="a,b","c"', ['"a,b"', '"c"']),
        ("N=10.0.0.1", ["10.0.0.1"]),
        ('N="open,2', ['"open,2']),
    ],
)
def test_values(text: str, values: list[str]) -> None:
    assert parse_sets([text]).values == {"N": values}


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["N"], "'N' is no NAME=VALUES"),
        (["9N=1"], "'9N=1' is no NAME=VALUES"),
        (["N="], "N= has an empty value"),
        (["N=1,,2"], "N=1,,2 has an empty value"),
        (["N=5..3"], "N: 5..3 is no range: LOW..HIGH or LOW..HIGH..STEP"),
        (["N=1..5..0"], "N: 1..5..0 is no range"),
        (["N=1..1001"], "N: 1..1001 has more than 1000 values: take a step"),
        (["N=1..999999999999"], "has more than 1000 values"),
        (["N=1", "N=2"], "N is swept twice"),
        (["N=1..40", "M=1..40"], "40 x 40 = 1600 settings are more than 1000"),
    ],
)
def test_what_is_wrong(texts: list[str], said: str) -> None:
    with pytest.raises(SetError) as caught:
        parse_sets(texts)
    assert said in str(caught.value)


def test_the_last_name_changes_fastest() -> None:
    grid = parse_sets(["A=1,2", "B=x,y"])
    assert len(grid) == 4
    assert [f"{row['A']}{row['B']}" for row in grid] == ["1x", "1y", "2x", "2y"]
    with pytest.raises(SetError, match="1001 settings are more than 1000"):
        Grid({"A": ["x"] * 1001})


@given(st.text())
def test_any_text_has_values_or_is_refused(text: str) -> None:
    try:
        grid = parse_sets([f"N={text}"])
    except SetError:
        return
    assert 0 < len(grid) <= 1000 and all(row["N"] for row in grid)
