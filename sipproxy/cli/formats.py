"""Findings of `check` for programs: JSON, SARIF 2.1.0, and the commands of GitHub's workflows."""

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from sipproxy import __version__
from sipproxy.errors import Problem, Span
from sipproxy.text import presentable

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(problems: Sequence[Problem]) -> str:
    """A list of objects: place, severity, id, message, hint. Columns count characters from 1."""
    return _text(
        [
            {
                "file": presentable(problem.span.file),
                "line": problem.span.line,
                "column": problem.span.column,
                "end_line": problem.span.end_line,
                "end_column": problem.span.end_column,
                "severity": problem.severity,
                "id": problem.id,
                "message": presentable(problem.message),
                "hint": presentable(problem.hint),
            }
            for problem in problems
        ]
    )


def as_sarif(problems: Sequence[Problem]) -> str:
    """A log of one run (OASIS SARIF 2.1.0) with the ids it names as its rules."""
    from sipproxy.lint import catalogue

    titles, severities = catalogue.ids(), catalogue.severities()
    used = sorted({problem.id for problem in problems})
    rules = [
        {
            "id": id,
            "shortDescription": {"text": titles[id]},
            "fullDescription": {"text": catalogue.explanation(id)},
            "defaultConfiguration": {"level": severities[id]},
        }
        for id in used
    ]
    driver = {"name": "sipproxy", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, used.index(problem.id)) for problem in problems],
    }
    return _text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _result(problem: Problem, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": problem.id,
        "ruleIndex": index,
        "level": problem.severity,
        "message": {"text": _message(problem)},
        "locations": [{"physicalLocation": _place(problem.span)}],
    }
    origins = list(_origins(problem.span))
    if origins:
        text = {"text": "this comes from here"}
        result["relatedLocations"] = [
            {"id": number, "message": text, "physicalLocation": _place(span)}
            for number, span in enumerate(origins, 1)
        ]
    return result


def _origins(span: Span) -> list[Span]:
    found = []
    origin = span.origin
    while origin is not None:
        found.append(origin)
        origin = origin.origin
    return found


def _place(span: Span) -> dict[str, Any]:
    uri = quote(span.file.encode("utf-8", "surrogateescape"), safe="/:@!$&'()*+,;=~")
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    return {"artifactLocation": {"uri": uri}, "region": region}


def as_github(problems: Sequence[Problem]) -> str:
    """A workflow command for each problem, which GitHub shows beside the line."""
    lines = []
    for problem in problems:
        word = {"note": "notice"}.get(problem.severity, problem.severity)
        span = problem.span
        place = f"file={_property(span.file)},line={span.line},endLine={span.end_line}"
        if span.line == span.end_line:
            place += f",col={span.column},endColumn={span.end_column}"
        lines.append(f"::{word} {place},title={problem.id}::{_data(_message(problem))}\n")
    return "".join(lines)


def _data(text: str) -> str:
    return presentable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _message(problem: Problem) -> str:
    text = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
    return presentable(text)


def _text(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


WRITERS: Mapping[str, Callable[[Sequence[Problem]], str]] = MappingProxyType(
    {"json": as_json, "sarif": as_sarif, "github": as_github}
)
"""What writes each format of `--format`, besides text."""
