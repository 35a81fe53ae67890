"""`sipproxy sweep`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.day import Day

Sipproxy = Callable[..., Any]


def test_a_table_a_curve_and_the_knee(sipproxy: Sipproxy, day: "Day") -> None:
    said = sipproxy("sweep", day.pcap, "-f", day.guard, "--auth", "capture", "--set", "MAX=3..5")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("knee: MAX=4: good users hit 0 of 3")
    assert "<- now" in said.out and "good users hit" in said.out.splitlines()[-1]


def test_the_same_output_with_one_process_and_with_three(sipproxy: Sipproxy, day: "Day") -> None:
    words = ("sweep", day.pcap, "-f", day.guard, "--auth", "capture", "--set", "MAX=2..5", "--csv")
    assert sipproxy(*words, "--jobs", "1").out == sipproxy(*words, "--jobs", "3").out


def test_json_and_fail_if(sipproxy: Sipproxy, day: "Day") -> None:
    words = ("sweep", day.pcap, "-f", day.guard, "--auth", "capture", "--set", "MAX=3..5")
    said = sipproxy(*words, "--json", "--fail-if", "knee.good.blocked>0")
    assert said.code == 0
    assert json.loads(said.out)["knee"]["set"] == {"MAX": "4"}
    said = sipproxy(*words, "--csv", "--fail-if", "now.good.blocked>0")
    assert (said.code, said.err) == (1, "sipproxy: now.good.blocked>0: it is 1\n")


def test_attackers_from_a_file(sipproxy: Sipproxy, day: "Day", tmp_path: Path) -> None:
    path = tmp_path / "them"
    path.write_text("# whoever asks\n192.0.2.50\n")
    words = ("sweep", day.pcap, "-f", day.guard, "--auth", "capture", "--set", "MAX=3,4")
    report = json.loads(sipproxy(*words, "--attackers", str(path), "--json").out)
    assert report["attackers"]["found_by"] == "as listed"
    assert [row["address"] for row in report["attackers"]["addresses"]] == ["192.0.2.50"]


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        ([], "Missing option '--set'", 2),
        (["--set", "MAX"], "'MAX' is no NAME=VALUES: MAX=3..20, BAN=60,300,900", 2),
        (["--set", "MAXX=3"], 'defines no MAXX (did you mean "MAX"?)', 2),
        (["--set", "UNUSED=3"], "defines UNUSED and does not use it", 2),
        (["--set", "MAX=9..3"], "9..3 is no range", 2),
        (["--set", "MAX=1..50", "--set", "BAN=1..50"], "50 x 50 = 2500 settings are more", 2),
        (["--set", "MAX=3,)"], "sipproxy: with MAX=):", 1),
        (["--set", "MAX=3", "--attackers", "/nowhere"], "cannot read /nowhere", 2),
        (["--set", "MAX=3", "--fail-if", "knee>1"], "knee is no number", 2),
    ],
)
def test_what_is_wrong(
    sipproxy: Sipproxy, day: "Day", words: list[str], said: str, code: int
) -> None:
    found = sipproxy("sweep", day.pcap, "-f", day.guard, "--auth", "capture", *words)
    assert found.code == code
    assert said in found.err
