"""A sweep for people, as JSON, as CSV."""

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sipproxy.program import load_file
from sipproxy.replay.attackers import Attackers
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Captures
from sipproxy.replay.sweep import Sweep, Sweeper
from sipproxy.replay.sweep_report import as_csv, as_json_data, as_text
from sipproxy.replay.sweep_values import parse_sets

if TYPE_CHECKING:
    from tests.day import Day


@pytest.fixture(scope="module")
def swept(day: "Day") -> Sweep:
    sweeper = Sweeper(
        Captures([day.pcap]),
        lambda sets: load_file(day.guard, overrides=sets),
        manner=Manner(auth="capture"),
    )
    sweep = sweeper.prepare(parse_sets(["MAX=1..8"]))
    list(sweeper.run(sweep))
    return sweep


def test_the_answer_comes_first(swept: Sweep, day: "Day") -> None:
    lines = as_text(swept).splitlines()
    assert lines[:4] == [
        "knee: MAX=4: good users hit 0 of 3, attackers stopped 2 of 2 (75% of their requests)",
        "now: good users hit 1 of 3, attackers stopped 2 of 2 (80% of their requests)",
        "",
        f"{day.pcap} through {day.guard}, 8 settings",
    ]


def test_the_table(swept: Sweep) -> None:
    rows = [" ".join(line.split()) for line in as_text(swept).splitlines()]
    assert "3 1 of 3 2 2 of 2 80% 46 of 54 48 of 96 <- now" in rows
    assert "4 0 of 3 0 2 of 2 75% 44 of 54 44 of 96 <- knee" in rows
    assert "8 0 of 3 0 2 of 2 54% 36 of 54 36 of 96" in rows


def test_the_curve(swept: Sweep) -> None:
    """Good users hit to the right, attackers stopped upwards."""
    lines = as_text(swept).splitlines()
    start = lines.index(
        "attackers stopped (half for stopped at all, half by the share; K: the knee)"
    )
    field = [line[7:] for line in lines[start + 1 : start + 12]]
    dots = [
        (row, column)
        for row, text in enumerate(field)
        for column, c in enumerate(text)
        if c in "oK"
    ]
    assert dots == [(1, 0), (1, 30), (1, 60), (2, 0)]
    assert field[1][0] == "K"
    assert lines[-2].split() == ["0", "2", "of", "3"]


def test_good_users_hit_at_the_knee_are_named(swept: Sweep) -> None:
    bad = replace(swept, points=swept.points[:3])
    assert "knee: MAX=3: good users hit 1 of 3" in as_text(bad)
    assert "  good users hit there: bob@192.0.2.12\n" in as_text(bad)


def test_nobody_to_stop(swept: Sweep) -> None:
    text = as_text(replace(swept, attackers=Attackers({}, "the captures")))
    assert text.startswith("no attackers in the captures: nothing to stop (see --attackers)")
    assert "K: the knee" not in text


def test_json(swept: Sweep) -> None:
    data = json.loads(json.dumps(as_json_data(swept)))
    assert data["swept"] == {"MAX": [str(n) for n in range(1, 9)]}
    assert (data["good"]["known"], data["attackers"]["count"]) == (3, 2)
    assert data["attackers"]["addresses"][0] == {
        "address": "203.0.113.9",
        "why": "guessed passwords",
        "requests": 41,
    }
    assert len(data["points"]) == 8
    assert data["knee"] == data["points"][3]
    assert data["knee"]["good"]["blocked"] == 0
    assert data["now"]["good"]["users"] == ["bob@192.0.2.12"]
    assert data["points"][2]["attackers"]["blocked"] == 46


def test_csv(swept: Sweep) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(swept))))
    assert [row["MAX"] for row in rows] == [str(n) for n in range(1, 9)]
    assert [row["knee"] for row in rows] == ["0"] * 3 + ["1"] + ["0"] * 4
    assert (rows[2]["good_blocked"], rows[2]["attack_blocked"]) == ("1", "46")
