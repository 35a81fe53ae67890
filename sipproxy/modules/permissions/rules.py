"""The language of allow and deny files (Kamailio modules/permissions/parse_config.c, rule.c).

A line is `from [EXCEPT from] : to [EXCEPT to]`, each part a list of regular expressions with commas
between, in quotes where they hold a comma, a colon or a `#`; `ALL` stands for any text.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sipproxy.core import regex
from sipproxy.core.regex import Regex
from sipproxy.text import byte_length

_LONGEST_EXPRESSION = 255
_LONGEST_SIDE = 499

_SPACE = " \t\r\n\v\f"

Expressions = tuple[Regex, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """What stands before or after the colon; `wanted` None is ALL."""

    wanted: Expressions | None
    exceptions: Expressions

    def covers(self, text: str) -> bool:
        """Whether a text is meant; raises RegexError for a search that could run away."""
        if self.wanted is not None and not _any(self.wanted, text):
            return False
        return not _any(self.exceptions, text)


@dataclass(frozen=True, slots=True)
class Rule:
    """One line."""

    left: Side
    right: Side

    @classmethod
    def parse(cls, line: str) -> "Rule | None":
        """Read a line; None for an empty one or a comment. Raises ValueError."""
        code, colon = _code(line)
        if not code.strip(" \t"):
            return None
        if not 0 < colon < len(code) - 1:
            raise ValueError(f"failed to parse line: {line}")
        return cls(_side(code[:colon]), _side(code[colon + 1 :]))


class RuleFile:
    """The rules of one file; without any it neither allows nor denies."""

    def __init__(self, path: str, rules: Iterable[Rule] = ()) -> None:
        self.path = path
        self.rules = list(rules)

    def __bool__(self) -> bool:
        return bool(self.rules)

    def matches(self, left: str, right: str) -> bool:
        """Whether some rule covers both texts; raises RegexError."""
        return any(rule.left.covers(left) and rule.right.covers(right) for rule in self.rules)


def read_rules(text: str, complain: Callable[[str], None]) -> list[Rule]:
    """The rules of a file's text; a line that cannot be read is complained of and left out."""
    rules = []
    for line in text.split("\n"):
        try:
            rule = Rule.parse(line)
        except ValueError as error:
            complain(str(error))
            continue
        if rule is not None:
            rules.append(rule)
    return rules


def _any(expressions: Expressions, text: str) -> bool:
    return any(one.search(text) for one in expressions)


def _code(line: str) -> tuple[str, int]:
    """A line without its comment, and where the last colon outside of quotes stands, -1 without."""
    quoted = False
    colon = -1
    for at, char in enumerate(line):
        if char == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif char == ":":
            colon = at
        elif char == "#":
            return line[:at], colon
    return line, colon


def _side(text: str) -> Side:
    if byte_length(text) > _LONGEST_SIDE:
        raise ValueError(f"expression string is too long ({text})")
    wanted, found, exceptions = text.partition(" EXCEPT ")
    unlikely = _expressions(exceptions) if found else ()
    wanted = wanted.strip(_SPACE)
    return Side(None if wanted == "ALL" else _expressions(wanted), unlikely)


def _expressions(text: str) -> Expressions:
    """Expressions with commas between; raises ValueError."""
    words = []
    start = 0
    quoted = False
    for at, char in enumerate(f"{text},"):
        if char == '"':
            quoted = not quoted
        if at == len(text) or (char == "," and not quoted):
            words.append(_word(text[start:at]))
            start = at + 1
    return tuple(words)


def _word(text: str) -> Regex:
    """One expression, in quotes or not."""
    bare = text.strip(" \t").removeprefix('"').removesuffix('"')
    if not bare:
        raise ValueError(f"an expression is missing: {text!r}")
    if byte_length(bare) > _LONGEST_EXPRESSION:
        raise ValueError(f"expression too long <{bare}>({len(bare)})")
    try:
        return regex.compile(bare, ignore_case=True)
    except regex.RegexError as error:
        raise ValueError(str(error)) from None
