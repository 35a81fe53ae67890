"""SP0xx: the ids of what the scanner, the parser, the loader, the modules and the compiler say.

They find their problems where they work and know nothing of ids; the first row that fits the
severity and the message gives one. The last row of each severity fits everything.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sipproxy.errors import Problem


@dataclass(frozen=True, slots=True)
class Told:
    """One id; `pattern` is searched for in the message."""

    id: str
    severity: str
    title: str
    explanation: str
    pattern: re.Pattern[str]


def _told(id: str, severity: str, title: str, pattern: str, explanation: str) -> Told:
    return Told(id, severity, title, explanation, re.compile(pattern))


TOLD: tuple[Told, ...] = (
    _told(
        "SP002",
        "error",
        "a name that nothing has",
        r"^unknown (?!attribute)|is not defined$|^no loaded module is|has no parameter|"
        r"is not declared$|^(?:cannot read the cfg|cannot open)",
        "A function, pseudo-variable, transformation, route, flag, module, parameter or file is\n"
        "named that does not exist, or whose module is not loaded. The proxy does not start. What\n"
        "there is stands in modules.md.",
    ),
    _told(
        "SP003",
        "error",
        "a value of the wrong kind",
        r"type mismatch|\btakes\b|\bexpects\b|\bneeds\b|^parameter \d+ of |must be (?:at|between)",
        "An operand, an argument, or the value of a parameter is not of the kind that is wanted\n"
        "there, or there are too many or too few. Kamailio refuses most of these too.",
    ),
    _told(
        "SP001",
        "error",
        "the cfg is refused",
        "",
        "All other errors: of the syntax, of what Kamailio checks when it reads a cfg, and of\n"
        "modules that cannot do what they are told. The proxy does not start.",
    ),
    _told(
        "SP011",
        "warning",
        "a module that sipproxy has not",
        "is not part of sipproxy",
        "Kamailio has this module and sipproxy does not. Its parameters are not read, and a call\n"
        "of one of its functions is an error.",
    ),
    _told(
        "SP012",
        "warning",
        "no route block has this name",
        "^no route block is named",
        "A function is told the name of a route block that is not there, as in\n"
        '`t_on_failure("X")`. Kamailio says so when the function runs, or not at all.',
    ),
    _told(
        "SP013",
        "warning",
        "what reading passed over",
        r"skipped$|is passed over|is not closed|#!else|#!endif",
        "A character, the rest of a line or the rest of the file was not read as what it seems to\n"
        "be: a stray character, a comment without an end, words behind `#!else`.",
    ),
    _told(
        "SP010",
        "warning",
        "a remark of a module",
        "",
        "A module found something in its parameters or in a call that will hardly do what is\n"
        "meant.",
    ),
    _told(
        "SP021",
        "note",
        "a parameter without effect here",
        "has no effect here$",
        "sipproxy accepts this core parameter so that the cfg runs unchanged, and has nothing\n"
        "that it could set.",
    ),
    _told(
        "SP020",
        "note",
        "information from a module",
        "",
        "A module tells what follows from its parameters, such as the rate that a limit comes to.",
    ),
)

BAD_IGNORE = Told(
    "SP030",
    "warning",
    "a comment that ignores nothing",
    "The ids in `# sipproxy: ignore[...]` are separated by commas, and one of them is none that\n"
    "`sipproxy check --explain all` lists, or is the id of an error. Nothing is suppressed by it.",
    re.compile("$^"),
)
"""What is wrong with a comment that is to suppress something."""


def with_ids(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The problems, each with an id."""
    for problem in problems:
        yield problem if problem.id else replace(problem, id=_id_of(problem))


def _id_of(problem: Problem) -> str:
    return next(
        told.id
        for told in TOLD
        if told.severity == problem.severity and told.pattern.search(problem.message)
    )
