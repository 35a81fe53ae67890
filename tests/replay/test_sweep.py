"""One capture, many settings."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from sipproxy.errors import CfgError
from sipproxy.program import Program, load_file
from sipproxy.replay.people import Good
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Captures
from sipproxy.replay.sweep import Sweep, Sweeper
from sipproxy.replay.sweep_runs import RunError
from sipproxy.replay.sweep_values import parse_sets
from sipproxy.replay.variants import SetError

if TYPE_CHECKING:
    from tests.day import Day


def load(day: "Day", sets: Mapping[str, str]) -> Program:
    return load_file(day.guard, overrides=sets)


@pytest.fixture(scope="module")
def sweeper(day: "Day") -> Sweeper:
    manner = Manner(auth="capture")
    return Sweeper(Captures([day.pcap]), partial(load, day), manner=manner)


@pytest.fixture(scope="module")
def swept(sweeper: Sweeper) -> Sweep:
    sweep = sweeper.prepare(parse_sets(["MAX=1..6", "BAN=5,300"]))
    assert [point.sets for point in sweeper.run(sweep, 2)] == list(sweep.grid)
    return sweep


def test_good_users_hit_and_attackers_stopped(swept: Sweep) -> None:
    rows = {
        (p.sets["MAX"], p.sets["BAN"]): (p.good_blocked, p.good_requests, p.stopped)
        for p in swept.points
    }
    assert rows["3", "300"] == (1, 2, 2), "bob mistypes thrice and has the right one then"
    assert rows["4", "300"] == (0, 0, 2)
    assert rows["1", "300"][0] == 2
    blocked = [p.attack_blocked for p in swept.points if p.sets["BAN"] == "300"]
    assert blocked == sorted(blocked, reverse=True) and blocked[0] == 50
    point = swept.points[5]
    assert (point.good, point.names, point.attackers) == (3, ["bob@192.0.2.12"], 2)
    assert (point.attack_requests, point.requests, point.blocked) == (54, 96, 48)
    assert point.share == pytest.approx((37 / 41 + 9 / 13) / 2)
    assert point.effect == pytest.approx((1 + point.share) / 2)
    assert point.score == pytest.approx(point.effect - 1 / 3)


def test_the_knee_and_the_cfgs_own_values(swept: Sweep) -> None:
    knee = swept.knee
    assert knee is not None and knee.sets == {"MAX": "4", "BAN": "300"}
    assert knee.score == max(point.score for point in swept.points)
    assert swept.own == {"MAX": "3", "BAN": "300"}
    assert replace(swept.here, sets=swept.points[5].sets, seconds=0) == replace(
        swept.points[5], seconds=0
    )


def test_of_equal_points_the_one_that_hits_fewer(swept: Sweep) -> None:
    worse = replace(swept.points[0], share=0.9, good_blocked=1, good=2, good_requests=1)
    better = replace(swept.points[0], share=0.4, good_blocked=0, good=2)
    later = replace(better, sets={"MAX": "9"})
    assert replace(swept, points=[worse, better, later]).knee is better
    assert replace(swept, points=[]).knee is None


def test_as_many_processes_as_one_likes(sweeper: Sweeper, swept: Sweep) -> None:
    alone = sweeper.prepare(swept.grid)
    list(sweeper.run(alone, 1))
    assert [replace(point, seconds=0) for point in alone.points] == [
        replace(point, seconds=0) for point in swept.points
    ]


def test_attackers_may_be_listed(sweeper: Sweeper) -> None:
    listed = replace(sweeper, listed=Good(["192.0.2.50"]))
    sweep = listed.prepare(parse_sets(["MAX=3"]))
    (point,) = listed.run(sweep)
    assert (point.attackers, point.stopped, point.attack_requests, point.share) == (1, 0, 18, 0.0)
    nobody = replace(sweeper, listed=Good())
    sweep = nobody.prepare(parse_sets(["MAX=3"]))
    assert next(nobody.run(sweep)).attackers == 0 and sweep.knee is None


@pytest.mark.parametrize("given", ["MAXX=3", "UNUSED=3,4"])
def test_a_name_that_makes_no_difference(sweeper: Sweeper, given: str) -> None:
    with pytest.raises(SetError):
        sweeper.prepare(parse_sets([given]))


def test_a_value_that_no_cfg_can_have(sweeper: Sweeper) -> None:
    with pytest.raises(CfgError) as caught:
        sweeper.prepare(parse_sets(["MAX=3,)"]))
    assert caught.value.__notes__ == ["with MAX=):"]


def test_a_setting_that_fails_in_a_worker(sweeper: Sweeper, swept: Sweep) -> None:
    def fails(sets: Mapping[str, str]) -> Program:
        if sets.get("BAN") == "300":
            raise SetError("no such ban")
        return sweeper.load(sets)

    failing = replace(sweeper, load=fails)
    with pytest.raises(RunError, match="no such ban"):
        list(failing.run(swept, 2))
