import pytest

from sipproxy.errors import Span
from sipproxy.script.defines import MAX_DEFINES, MAX_IFDEFS, Conditions, Defines, DirectiveError

HERE = Span("a", 1, 1, 1, 2)


def test_what_is_defined_from_the_start() -> None:
    defines = Defines({"X": None, "Y": "5"}, (5, 6, 3))
    assert set(defines.values) == {
        "KAMAILIO_5",
        "KAMAILIO_5_6",
        "KAMAILIO_5_6_3",
        "SIPPROXY",
        "X",
        "Y",
    }
    assert defines.values["Y"] == "5"


def test_a_define_is_made_once_and_remade_on_demand() -> None:
    defines = Defines({}, (5, 6, 3))
    defines.define("X", "1", HERE)
    with pytest.raises(DirectiveError, match="X is defined already, at a:1:1"):
        defines.define("X", "2", HERE)
    defines.redefine("X", "3", HERE)
    assert defines.values["X"] == "3"
    defines.module_loaded("tm", HERE)
    defines.module_loaded("tm", HERE)
    assert "MOD_tm" in defines.values


def test_there_is_room_for_512() -> None:
    defines = Defines({}, (5, 6, 3))
    for number in range(MAX_DEFINES - len(defines.values)):
        defines.define(f"X{number}", "", HERE)
    defines.redefine("X0", "1", HERE)
    with pytest.raises(DirectiveError, match="more than 512 defines"):
        defines.define("ONE_MORE", "", HERE)


def test_conditions_nest() -> None:
    conditions = Conditions()
    assert conditions.active
    conditions.open(False, HERE)
    conditions.open(True, HERE)
    assert conditions.flip()
    conditions.close(HERE)
    assert list(conditions.unclosed()) == [HERE]
    conditions.close(HERE)
    assert not conditions.flip()
    conditions.close(HERE)
    assert conditions.extra == [HERE]


def test_a_false_condition_anywhere_switches_off() -> None:
    conditions = Conditions()
    states = []
    for step in (
        lambda: conditions.open(False, HERE),
        lambda: conditions.open(True, HERE),
        lambda: conditions.close(HERE),
        conditions.flip,
        conditions.flip,
    ):
        step()
        states.append(conditions.active)
    assert states == [False, False, False, True, False]


def test_conditions_nest_512_deep() -> None:
    conditions = Conditions()
    for _ in range(MAX_IFDEFS):
        conditions.open(True, HERE)
    with pytest.raises(DirectiveError):
        conditions.open(True, HERE)
