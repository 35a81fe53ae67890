"""Pipes: what each algorithm lets through; the controller's drop rates as Kamailio's came out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.pipes import (
    Algorithm,
    Feedback,
    Pipe,
    common_setpoint,
    rate_text,
    unknown_algorithm,
)


def burst(pipe: Pipe, messages: int, most: int = 0, drop_rate: int = 0) -> list[int]:
    return [pipe.push(most, drop_rate) for _ in range(messages)]


def test_taildrop_lets_the_first_pass() -> None:
    pipe = Pipe(Algorithm.TAILDROP, 3)
    assert burst(pipe, 5, most=3) == [1, 1, 1, -1, -1]
    pipe.tick(3, 0)
    assert (pipe.last_counter, pipe.counter, pipe.load) == (5, 0, 1)
    assert burst(pipe, 1, most=3) == [1]


def test_red_lets_all_pass_first_and_then_every_so_many() -> None:
    pipe = Pipe(Algorithm.RED, 2)
    assert burst(pipe, 8) == [1] * 8
    pipe.tick(2, 0)
    assert pipe.load == 4
    assert burst(pipe, 10) == [-1, -1, -1, 1, -1, -1, -1, 1, -1, -1]


def test_red_without_a_limit_lets_all_pass() -> None:
    pipe = Pipe(Algorithm.RED, 0)
    burst(pipe, 8)
    pipe.tick(0, 0)
    assert burst(pipe, 3) == [1, 1, 1]


def test_network_looks_at_what_waits() -> None:
    pipe = Pipe(Algorithm.NETWORK, 1000)
    assert burst(pipe, 2) == [0, 0]
    pipe.tick(1000, 1000)
    assert burst(pipe, 2) == [1, 1]
    pipe.tick(1000, 1001)
    assert burst(pipe, 2) == [-1, -1]


def test_no_algorithm_lets_all_pass() -> None:
    assert burst(Pipe(Algorithm.NOP, 0), 2) == [1, 1]


@given(st.integers(-50, 150), st.integers(0, 500))
def test_a_drop_rate_is_kept_exactly_over_a_hundred(rate: int, before: int) -> None:
    pipe = Pipe(Algorithm.FEEDBACK, 50)
    burst(pipe, before)
    refused = burst(pipe, 100, drop_rate=rate).count(-1)
    assert refused == min(max(rate, 0), 100)


def test_drop_rates_follow_the_load() -> None:
    feedback = Feedback()
    feedback.setpoint = 0.5
    rates = []
    for load in (0.4, 0.9, 0.8, 0.6, 0.2, 0.5, 0.3):
        feedback.update(load)
        rates.append(feedback.drop_rate)
    assert rates == [0, 10, 17, 20, 12, 12, 7]
    assert feedback.load == 0.3


def test_all_parts_of_the_controller() -> None:
    feedback = Feedback()
    feedback.kp, feedback.ki, feedback.kd = -10.0, -20.0, -40.0
    feedback.update(0.5)
    assert feedback.drop_rate == 5 + 10 + 20
    feedback.update(0.5)
    assert feedback.drop_rate == 5 + 20
    assert feedback.shown() == "ki[-20.000000] kp[-10.000000] kd[-40.000000] "


@pytest.mark.parametrize(("limits", "setpoint"), [([], -1), ([0], 0), ([50, 50], 50), ([100], 100)])
def test_one_setpoint(limits: list[int], setpoint: int) -> None:
    assert common_setpoint(limits) == setpoint


@pytest.mark.parametrize("limits", [[101], [-1], [50, 51], [50, 500]])
def test_no_common_setpoint(limits: list[int]) -> None:
    with pytest.raises(ValueError, match="FEEDBACK cpu load"):
        common_setpoint(limits)


def test_names() -> None:
    assert unknown_algorithm("taildorp") == (
        'unknown algorithm "taildorp"',
        'did you mean "TAILDROP"?',
    )
    assert unknown_algorithm("x")[1] == "there are NOP, RED, TAILDROP, FEEDBACK, NETWORK"


def test_rates() -> None:
    assert rate_text(20, 3) == "20 in 3 s, 6.67/s"
    assert rate_text(600, 10) == "600 in 10 s, 60/s"
    assert rate_text(0, 10) == "0 in 10 s, 0/s"


def test_a_pipe_of_the_same_kind_goes_on_where_another_was() -> None:
    before = Pipe(Algorithm.TAILDROP, 3)
    burst(before, 5, most=3)
    before.tick(3, 0)
    burst(before, 2, most=3)
    other, same = Pipe(Algorithm.RED, 3), Pipe(Algorithm.TAILDROP, 9)
    for pipe in (other, same):
        pipe.go_on_from(before)
    assert (same.counter, same.last_counter, same.load) == (2, 5, 1)
    assert (other.counter, other.last_counter, other.load) == (0, 0, 0)
