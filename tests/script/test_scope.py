"""What a compilation notes on its way."""

from typing import Any

import pytest

from sipproxy.errors import Problem, Span
from sipproxy.script.emit import Emitter, Positions
from sipproxy.script.scope import Scope, route_key

SPAN = Span("x.cfg", 1, 1, 1, 2)


@pytest.fixture
def scope(bench: Any) -> Scope:
    fields: dict[str, Any] = {
        "host": bench.host,
        "emit": Emitter(Positions({})),
        "routes": {},
        "functions": {},
        "uses_rc": False,
        "ending": set(),
        "suspending": set(),
        "recursive": set(),
        "int_variables": frozenset(),
        "keeps_message": True,
    }

    return Scope(**fields)


def test_keys_of_routes() -> None:
    assert route_key("route", "A") == "route[A]"
    assert route_key("request_route", "") == "request_route"


def test_a_problem_is_noted_once(scope: Scope) -> None:
    for _ in range(2):
        scope.error(SPAN, "bad", "better")
        scope.warn(SPAN, "odd")
    assert scope.problems == [
        Problem(SPAN, "bad", "better"),
        Problem(SPAN, "odd", "", "warning"),
    ]


def test_what_it_knows(scope: Scope) -> None:
    before = scope.any_suspends
    scope.suspending.add("A")
    assert (before, scope.any_suspends) == (False, True)
    assert list(scope.names()) == list(scope.host.functions)
