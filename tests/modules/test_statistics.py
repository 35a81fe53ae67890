"""statistics: numbers as the cfg writes them; the rest is recorded in statistics-values."""

import pytest

from sipproxy.errors import CfgError
from sipproxy.modules.statistics import amount
from sipproxy.testing import load_cfg_text, request

HEAD = '#!KAMAILIO\nloadmodule "pv.so"\nloadmodule "statistics.so"\n'


@pytest.mark.parametrize(
    ("text", "number"),
    [("5", 5), ("+5", 5), ("-5", -5), ("", 0), ("-", 0), ("70000", 4464), ("-65537", -1)],
)
def test_amounts(text: str, number: int) -> None:
    assert amount(text) == number


@pytest.mark.parametrize("text", ["x", "1x", " 1", "--1", "0x1"])
def test_no_amounts(text: str) -> None:
    with pytest.raises(ValueError, match="is no number"):
        amount(text)


def test_a_wrong_name_gets_a_suggestion() -> None:
    with pytest.raises(CfgError) as caught:
        load_cfg_text(
            f'{HEAD}modparam("statistics", "variable", "calls")\n'
            'request_route { update_stat("call", "+1"); }'
        )
    assert 'no statistic is named "call"; did you mean "calls"?' in str(caught.value)


def test_updates_and_resets() -> None:
    proxy = load_cfg_text(
        f'{HEAD}modparam("statistics", "variable", "calls")\n'
        'modparam("statistics", "variable", "all/NO_RESET")\n'
        'request_route { update_stat("calls", "+2"); update_stat("all", "2"); }\n'
        'route[R] { $var(n) = "calls"; reset_stat("$var(n)"); reset_stat("all"); }'
    )
    proxy.feed(request())
    proxy.feed(request())
    proxy.run_route("R", request())
    proxy.feed(request())
    found = proxy.host.statistics.of("script")
    assert [(one.name, one.value) for one in found] == [("all", 6), ("calls", 2)]
