"""`sipproxy compare`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.day import Day

Sipproxy = Callable[..., Any]


def test_two_values_of_one_cfg(sipproxy: Sipproxy, day: "Day") -> None:
    words = (day.guard, day.guard, day.pcap, "--auth", "capture", "--a", "MAX=5")
    said = sipproxy("compare", *words)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("good users newly blocked by B: 1 of 3 known good\n")
    report = json.loads(sipproxy("compare", *words, "--json").out)
    assert (report["good"]["newly_blocked"], report["requests"]["newly_blocked"]) == (1, 6)


def test_two_cfgs(sipproxy: Sipproxy, day: "Day", tmp_path: Path) -> None:
    other = tmp_path / "other.cfg"
    other.write_text('loadmodule "sl.so"\nrequest_route { sl_send_reply("200", "OK"); }\n')
    words = (day.guard, str(other), day.pcap, "--auth", "capture")
    said = sipproxy("compare", *words, "--fail-if", "requests.newly_blocked>0")
    assert said.code == 0
    assert "good users that B does not block any more: 1" in said.out
    assert sipproxy("compare", *words, "--fail-if", "good.newly_passed==1").code == 1


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["--b", "MAX"], "--b MAX has no value: --b NAME=VALUE", 2),
        (["--b", "MAXX=4"], 'defines no MAXX (did you mean "MAX"?)', 2),
        (["--b", "UNUSED=4"], "defines UNUSED and does not use it", 2),
        (["--fail-if", "good.known"], "is no comparison of a name with a number", 2),
        (["--fail-if", "good.nobody>0"], "the report has no good.nobody", 2),
        (["--b", "MAX=)"], 'unexpected "MAX", expected a value', 1),
    ],
)
def test_what_is_wrong(
    sipproxy: Sipproxy, day: "Day", words: list[str], said: str, code: int
) -> None:
    found = sipproxy("compare", day.guard, day.guard, day.pcap, "--auth", "capture", *words)
    assert found.code == code
    assert said in found.err


def test_a_cfg_that_is_not_there(sipproxy: Sipproxy, day: "Day") -> None:
    found = sipproxy("compare", day.guard, "/nowhere.cfg", day.pcap)
    assert found.code == 2
    assert "/nowhere.cfg" in found.err
