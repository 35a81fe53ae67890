"""A cfg with other values for some of its defines."""

from collections.abc import Mapping

import pytest

from sipproxy.program import Program, load_text
from sipproxy.replay.variants import SetError, check_used, variant

CFG = """#!define MAX 3
#!substdef "!BAN!300!g"
#!define UNUSED 1
#!ifdef WIDE
#!define EXTRA 5
#!endif
debug=MAX
log_prefix="BAN"
"""


def load(sets: Mapping[str, str]) -> Program:
    return load_text(CFG, file="x.cfg", overrides=sets)


def test_a_variant_has_the_values_and_says_them() -> None:
    found = variant(load, {"MAX": "2", "BAN": "60"})
    assert found.program.settings.debug == 2
    assert str(found) == "x.cfg MAX=2 BAN=60"
    assert str(variant(load, {})) == "x.cfg"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("MAXX", 'x.cfg defines no MAXX (did you mean "MAX"?)'),
        ("EXTRA", "x.cfg defines no EXTRA"),
        ("SIPPROXY", "x.cfg defines no SIPPROXY"),
        ("UNUSED", "x.cfg defines UNUSED and does not use it: no value makes a difference"),
    ],
)
def test_a_name_that_cannot_be_meant(name: str, said: str) -> None:
    with pytest.raises(SetError) as caught:
        variant(load, {name: "7"})
    assert str(caught.value).startswith(said)


def test_the_value_it_has_is_no_proof_that_it_is_unused() -> None:
    assert variant(load, {"UNUSED": "1"}).program.config.items == load({}).config.items
    with pytest.raises(SetError):
        check_used(load({}), "UNUSED", [load({"UNUSED": "1"}), load({"UNUSED": "2"})])
    check_used(load({}), "MAX", [load({"MAX": "3"}), load({"MAX": "4"})])
