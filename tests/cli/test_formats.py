"""What `check --format` writes."""

import json
import re
from typing import Any

import pytest

from sipproxy.cli.formats import WRITERS, as_github, as_json, as_sarif
from sipproxy.errors import Problem, Span
from sipproxy.lint.catalogue import ids

INCLUDE = Span("main.cfg", 3, 1, 3, 20)
PROBLEMS = [
    Problem(Span("a b.cfg", 2, 5, 2, 9), "50 % wrong", "use x, y: z", "warning", "SP101"),
    Problem(Span("inc.cfg", 7, 1, 9, 2, INCLUDE), "unknown\nfunction", "", "error", "SP002"),
    Problem(Span("a b.cfg", 4, 1, 4, 2), "\udcff \U0001f4de", "", "note", "SP409"),
]


def test_json() -> None:
    first, _, last = json.loads(as_json(PROBLEMS))
    assert first == {
        "file": "a b.cfg",
        "line": 2,
        "column": 5,
        "end_line": 2,
        "end_column": 9,
        "severity": "warning",
        "id": "SP101",
        "message": "50 % wrong",
        "hint": "use x, y: z",
    }
    assert last["message"] == "� \U0001f4de"
    assert json.loads(as_json([])) == []


def test_github() -> None:
    warning, error, note = as_github(PROBLEMS).splitlines()
    assert warning == (
        "::warning file=a b.cfg,line=2,endLine=2,col=5,endColumn=9,title=SP101"
        "::50 %25 wrong (use x, y: z)"
    )
    assert error == "::error file=inc.cfg,line=7,endLine=9,title=SP002::unknown%0Afunction"
    assert note.startswith("::notice file=")
    assert as_github([]) == ""
    windows = Problem(Span("c:,%.cfg", 1, 1, 1, 2), "x", "", "note", "SP409")
    assert "file=c%3A%2C%25.cfg," in as_github([windows])


def run_of(problems: list[Problem]) -> dict[str, Any]:
    log = json.loads(as_sarif(problems))
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def test_sarif_says_what_is_required() -> None:
    """The required properties and the ranges of the standard's schema (OASIS SARIF 2.1.0, 3.13)."""
    run = run_of(PROBLEMS)
    assert set(run) == {"tool", "columnKind", "results"}
    assert run["columnKind"] == "unicodeCodePoints"
    driver = run["tool"]["driver"]
    assert driver["name"] == "sipproxy" and re.match(r"\d+\.\d+", driver["version"])
    named = [rule["id"] for rule in driver["rules"]]
    assert named == sorted({problem.id for problem in PROBLEMS})
    for result in run["results"]:
        assert named[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        for place in (*result["locations"], *result.get("relatedLocations", ())):
            physical = place["physicalLocation"]
            assert re.fullmatch(r"[\w./%~-]+", physical["artifactLocation"]["uri"])
            assert all(number >= 1 for number in physical["region"].values())
            assert set(physical["region"]) == {"startLine", "startColumn", "endLine", "endColumn"}
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"] == ids()[rule["id"]]
        assert rule["fullDescription"]["text"].startswith(rule["id"])
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")


def test_sarif_places() -> None:
    first, second, _ = run_of(PROBLEMS)["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b.cfg"
    assert place["region"] == {"startLine": 2, "startColumn": 5, "endLine": 2, "endColumn": 9}
    assert first["message"]["text"] == "50 % wrong (use x, y: z)"
    assert "relatedLocations" not in first
    (origin,) = second["relatedLocations"]
    assert origin["id"] == 1
    assert origin["physicalLocation"]["artifactLocation"]["uri"] == "main.cfg"


@pytest.mark.parametrize("form", WRITERS)
def test_nothing_found(form: str) -> None:
    text = WRITERS[form]([])
    assert text == "" or json.loads(text) == [] or not run_of([])["results"]
