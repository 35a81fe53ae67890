"""`#!subst` and its kin: rules that rewrite every later string and pseudo-variable of a cfg.

Facts from Kamailio 5.6 `src/core/re.c` (the expression) and `ppcfg.c` (when it is applied).
"""

import re
from collections.abc import Callable, Mapping

from sipproxy.core import regex
from sipproxy.script.defines import DirectiveError
from sipproxy.text import decode, encode

_STATIC = re.compile(
    r"\$\$|\$(env|def|defn|defv)\(([^()]*)\)|\$\((env|def|defn|defv)\(([^()]*)\)\)"
)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
_PIECE = re.compile(
    r"\\(?P<group>[0-9])|\\(?P<escaped>[\s\S])|(?P<pv>\$\([^\n]*?\)\)|\$\w+\(.*?\))"
)


def evaluate(text: str, defines: Mapping[str, str], environ: Mapping[str, str]) -> str:
    """`text` with `$env(X)`, `$def(X)`, `$defn(X)` and `$$` replaced; others stay as they are.

    An unset one becomes `<null>`, as Kamailio prints it.
    """

    def value(match: re.Match[str]) -> str:
        kind, name = match[1] or match[3], match[2] or match[4]
        if kind is None:
            return "$"
        return (environ if kind == "env" else defines).get(name, "<null>")

    return _STATIC.sub(value, text) if "$" in text else text


class Substitution:
    """One rule `/regex/replacement/flags`, with any character as separator.

    Flags: `g` all hits instead of the first, `i` ignore case, `s` let `.` match line ends.
    The replacement may hold `\\0` to `\\9` and `$env(X)`. Raises DirectiveError.
    """

    __slots__ = ("_evaluate", "_everywhere", "_regex", "pattern", "replacement")

    def __init__(self, rule: str, evaluated: Callable[[str], str]) -> None:
        self.pattern, self.replacement, flags = _split(rule)
        if flags.strip("gis"):
            raise DirectiveError(f'unknown flag in the subst expression "{rule}"', "g, i and s are")
        self._everywhere = "g" in flags
        self._evaluate = evaluated
        try:
            self._regex = regex.compile(
                self.pattern, ignore_case="i" in flags, newline="s" not in flags
            )
        except regex.RegexError as error:
            raise DirectiveError(str(error)) from None

    def apply(self, text: str) -> str:
        """`text` with what the rule hits replaced; unchanged when a hit is empty."""
        if not self._regex.search(text):
            return text
        data = encode(text)
        made: list[bytes] = []
        at = 0
        spans = self._regex.match_spans(data)
        while spans is not None:
            start, end = spans[0]
            if start == end:
                return text
            made += data[at:start], encode(self._expand(data, spans))
            at = end
            if not self._everywhere:
                break
            spans = self._regex.match_spans(data, at, not_bol=data[at - 1 : at] not in b"\r\n")
        made.append(data[at:])
        return decode(b"".join(made))

    def _expand(self, data: bytes, spans: regex.Spans) -> str:
        def piece(match: re.Match[str]) -> str:
            if match["group"]:
                number = int(match["group"])
                start, end = spans[number] if number < len(spans) else (0, 0)
                return decode(data[max(start, 0) : max(end, 0)])
            if match["escaped"]:
                return _LETTERS.get(match["escaped"], match["escaped"])
            return self._evaluate(match["pv"])

        return _PIECE.sub(piece, self.replacement)


def _split(rule: str) -> tuple[str, str, str]:
    """Regex, replacement and flags; a separator is escaped by a backslash."""
    if len(rule) < 3 or rule[0] == "\\":
        raise DirectiveError(f'bad subst expression "{rule}"', "it reads /regex/text/flags")
    separator = re.escape(rule[0])
    match = re.fullmatch(
        rf"{separator}(.*?)(?<!\\){separator}((?:[^\\]|\\.)*?){separator}(.*)", rule, re.DOTALL
    )
    if match is None:
        raise DirectiveError(
            f'the subst expression "{rule}" lacks a "{rule[0]}"', "it reads /regex/text/flags"
        )
    return match[1], match[2], match[3]
