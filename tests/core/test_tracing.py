"""Numbers and names of actions, as traces of Kamailio 5.6.3 show them (case debugger-trace)."""

import pytest

from sipproxy.core.functions import Core
from sipproxy.core.module import FunctionMark
from sipproxy.core.tracing import CORE_FUNCTIONS, Hits, function_number


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("setflag", (39, "setflag")),
        ("setuser", (9, "setuser")),
        ("rewriteuser", (9, "setuser")),
        ("sethostporttrans", (13, "sethostporttrans")),
        ("rewritehost", (7, "sethost")),
        ("force_rport", (55, "force_rport")),
        ("strip_tail", (46, "striptail")),
        ("log", (3, "log")),
    ],
)
def test_core_functions(name: str, shown: tuple[int, str]) -> None:
    assert CORE_FUNCTIONS[name] == shown


def test_they_are_functions_of_the_core() -> None:
    there = {mark.name for _, mark, _ in Core.declarations() if isinstance(mark, FunctionMark)}
    assert set(CORE_FUNCTIONS) - {"exec"} <= there


def test_functions_of_modules_by_their_arguments() -> None:
    assert [function_number(n, constant=True) for n in (0, 1, 2, 6, 7, 9)] == [
        *(24, 25, 26, 30, 31, 31)
    ]
    assert function_number(1, constant=False) == 32


def test_hits_by_line_are_those_of_its_busiest_statement() -> None:
    hits = Hits()
    numbers = [hits.number("a.cfg", 7, column) for column in (1, 20, 1)]
    assert numbers == [0, 1, 0]
    hits.number("b.cfg", 7, 1)
    hits.counts[0] += 5
    hits.counts[1] += 2
    assert hits.by_line() == {("a.cfg", 7): 5, ("b.cfg", 7): 0}
