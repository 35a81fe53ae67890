"""Lists of variables."""

import pytest

from sipproxy.modules.pv import Pv
from sipproxy.modules.sqlops.arguments import Targets
from sipproxy.testing.bench import Bench


def test_variables_apart_by_any_separator() -> None:
    targets = Targets.parse(" $var(a), $avp(b);$var(c)\t$xavp(d=>e) ")
    targets.bind(Bench(Pv).host)
    assert [one.text for one in targets.variables] == [
        "$var(a)",
        "$avp(b)",
        "$var(c)",
        "$xavp(d=>e)",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [("a", "not 'a'"), ("$var(a) b", "not 'b'"), ("$var(", "is missing")],
)
def test_what_is_no_list(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Targets.parse(text)
