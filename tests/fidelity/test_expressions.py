"""Expressions give what a real Kamailio gave: value, type and truth, or refusal on its line.

`expressions.json` holds the answers (`record.py` wrote it): `[expression, value, if, while]`, where
a value is `i:5`, `s:abc`, `null` or `fail` (a run-time error: the statement does nothing), a truth
is 1 or 0, and either may be `refused` (a parse error on that line), `refused elsewhere`, or `no
start` (it parses, but the server refuses to start).
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sipproxy.errors import CfgError
from sipproxy.testing import load_cfg_text

GOLDEN: dict[str, Any] = json.loads(
    Path(__file__).with_name("expressions.json").read_text(encoding="utf-8")
)
REFUSED = ("refused", "refused elsewhere", "no start")
KINDS = {"v": 1, "i": 2, "w": 3}  # probe, and its column in a row
BATCH = 60
HEAD = """\
#!KAMAILIO
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
"""


class Case(NamedTuple):
    """One probe of one expression, and Kamailio's answer."""

    name: str
    kind: str
    expression: str
    answer: str

    @property
    def text(self) -> str:
        template: str = GOLDEN["probes"][self.kind]
        return template.replace("{expression}", self.expression).replace("{number}", self.name)


def cases() -> Iterator[Case]:
    for number, row in enumerate(GOLDEN["rows"]):
        for kind, column in KINDS.items():
            yield Case(str(number), kind, row[0], row[column])


CASES = list(cases())
ACCEPTED = [case for case in CASES if case.answer not in REFUSED]
# An expression refused as a value is refused everywhere: ask once, and where the verdicts differ.
TURNED_DOWN = [
    case
    for case, value in zip(CASES, (CASES[3 * (n // 3)] for n in range(len(CASES))), strict=True)
    if case.answer in REFUSED and (case is value or value.answer not in REFUSED)
]


def cfg_text(some: list[Case]) -> str:
    """A cfg that runs the probes in order."""
    body = "".join(case.text for case in some)
    return f"{HEAD}{GOLDEN['parts']}request_route {{\n{GOLDEN['prelude']}{body}}}\n"


def logged(answer: str) -> str:
    """What a probe logs when the outcome is `answer`."""
    kind, colon, value = answer.partition(":")
    if answer == "null":
        return "<null>|1"
    if answer == "fail":
        return "~|~1"
    if not colon:
        return answer
    if kind == "s":
        return f"{value}|{value}1"
    return f"{value}|{(int(value) + 1 + (1 << 31)) % (1 << 32) - (1 << 31)}"


def batches(some: list[Case]) -> list[Any]:
    return [
        pytest.param(some[at : at + BATCH], id=f"from-{some[at].name}{some[at].kind}")
        for at in range(0, len(some), BATCH)
    ]


def test_there_are_enough_of_every_outcome() -> None:
    answers = [case.answer.split(":")[0] for case in CASES]
    assert len(GOLDEN["rows"]) >= 2200
    assert sum(row[1] not in REFUSED for row in GOLDEN["rows"]) >= 2000
    assert min(answers.count(kind) for kind in ("i", "s", "fail", "refused", "0", "1")) >= 100


@pytest.mark.parametrize("some", batches(ACCEPTED))
def test_expressions_evaluate_as_recorded(some: list[Case]) -> None:
    proxy = load_cfg_text(cfg_text(some))
    run = proxy.feed(GOLDEN["message"].encode())
    answers = dict(re.findall(r"(?m)@(\w+) (.*)$", "\n".join(map(str, run.log))))
    wrong = [
        f"{case.kind} {case.expression}: {answers.get(case.name + case.kind)!r}, "
        f"Kamailio {logged(case.answer)!r}"
        for case in some
        if answers.get(case.name + case.kind) != logged(case.answer)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("some", batches(TURNED_DOWN))
def test_refused_expressions_are_refused(some: list[Case]) -> None:
    wrong = []
    for case in some:
        text = cfg_text([case])
        line = text[: text.index(case.text)].count("\n") + 1
        template = GOLDEN["probes"][case.kind]
        line += template[: template.index("{expression}")].count("\n")
        try:
            load_cfg_text(text)
        except CfgError as error:
            if case.answer == "refused" and error.problems[0].span.line != line:
                wrong.append(f"{case.kind} {case.expression}: {error.problems[0]}, not line {line}")
        else:
            wrong.append(f"{case.kind} {case.expression}: accepted")
    assert not wrong, "\n".join(wrong)
