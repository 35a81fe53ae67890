"""Tests of a report."""

import pytest

from sipproxy.replay.expect import Test, parse_tests

REPORT = {
    "good": {"blocked": 2, "users": [1, 2, 3]},
    "totals": {"answers": {"403": 7}},
    "cfg": "t.cfg",
    "open_loop": True,
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("good.blocked>0", True),
        ("good.blocked > 2", False),
        ("good.blocked==2.0", True),
        ("good.users<=3", True),
        ("totals.answers.403!=7", False),
        ("totals.answers.500>0", False),
        ("open_loop==1", True),
    ],
)
def test_comparisons(text: str, holds: bool) -> None:
    assert Test.parse(text).holds(REPORT) is holds


@pytest.mark.parametrize(
    "text", ["", "good.blocked", "good.blocked>x", "__import__('os')>0", "a>0 or b>0", "1>0"]
)
def test_what_is_no_comparison(text: str) -> None:
    with pytest.raises(ValueError, match="is no comparison"):
        parse_tests([text])


@pytest.mark.parametrize("text", ["good.bloked>0", "cfg>0", "good>0", "good.blocked.x>0"])
def test_names_that_are_no_number(text: str) -> None:
    with pytest.raises(ValueError, match=r"the report has no|is no number"):
        Test.parse(text).holds(REPORT)
