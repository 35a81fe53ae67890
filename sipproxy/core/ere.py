"""POSIX extended regular expressions as text: how large a pattern is, and what it is in Python.

libc has the last word on what a pattern means; `translate` therefore knows only the common part
of the language, whose meaning is beyond doubt, and gives up on the rest by returning None.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_MAX_DEPTH = 200  # nested groups; libc's parser recurses
_MAX_LENGTH = 65_536
_MAX_GROWTH = 1_000  # atoms that intervals may add when libc writes them out

_ASCII = frozenset(range(128))
_ANY = frozenset(range(1, 256))
_HIGH = frozenset(range(128, 256))
_INTERVAL = re.compile(r"\{([0-9]*)(,?)([0-9]*)\}")

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \t",
    "cntrl": "\x01-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@[-`{-~",
    "space": "\t-\r ",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


class TooComplex(Exception):
    """A pattern is too long, too deep, or too large once its intervals are written out."""


class _NotCommon(Exception):
    """The pattern uses something that `translate` leaves to libc."""


@dataclass(frozen=True, slots=True)
class Translation:
    """A pattern for Python's `re` that finds a match where the POSIX pattern finds one.

    `source` wants the flags ASCII and DOTALL, with IGNORECASE and MULTILINE as the case may be.
    `byte_agnostic`: it may be applied to text; else only to ASCII, since bytes are counted.
    A search over n characters takes at most `factor` * n ** `degree` steps. For a pattern with
    back-references only that estimate means anything.
    """

    source: str
    byte_agnostic: bool
    factor: int
    degree: int

    def longest_text(self, steps: int) -> int:
        """Characters that can be searched within so many steps."""
        return int((steps / self.factor) ** (1 / self.degree)) if self.degree else 1 << 30


@dataclass(frozen=True, slots=True)
class Survey:
    """What a pattern contains: how many groups, any back-reference, `^`, or `)` without `(`."""

    groups: int
    backrefs: bool
    carets: bool
    stray: bool


def survey(pattern: str) -> Survey:
    """Look over a pattern; raises TooComplex for what libc could not be trusted with."""
    if len(pattern) > _MAX_LENGTH:
        raise TooComplex(f"longer than {_MAX_LENGTH} characters")
    groups, backrefs, carets, stray = 0, False, False, False
    sizes, atom = [0], 0  # of the open groups, and of the last atom in the innermost one
    at, end = 0, len(pattern)
    while at < end:
        char = pattern[at]
        after = at + 1
        if char == "(":
            groups += 1
            sizes.append(0)
            if len(sizes) > _MAX_DEPTH:
                raise TooComplex(f"more than {_MAX_DEPTH} nested groups")
        elif char == ")" and len(sizes) > 1:
            atom = sizes.pop() + 1
            sizes[-1] += atom
        elif char == "{" and (interval := _INTERVAL.match(pattern, at)):
            copies = max(int(interval[1][:6] or 0), int(interval[3][:6] or 0), 1)
            sizes[-1] += atom * (copies - 1)
            atom *= copies
            after = interval.end()
        elif char not in "*+?":
            after = _after_atom(pattern, at)
            carets = carets or char == "^"
            stray = stray or char == ")"
            backrefs = backrefs or (char == "\\" and "1" <= pattern[at + 1 : after] <= "9")
            atom = 1
            sizes[-1] += 1
        at = after
        if sizes[-1] > _MAX_GROWTH + end:
            raise TooComplex("its intervals make it too large")
    return Survey(groups, backrefs, carets, stray)


def _after_atom(pattern: str, at: int) -> int:
    """Where the atom at `at` ends: an escape, a bracket expression or a character."""
    char = pattern[at]
    if char == "\\":
        return at + 2
    if char != "[":
        return at + 1
    end = at + (2 if pattern.startswith("^", at + 1) else 1)
    end += pattern.startswith("]", end)
    while end < len(pattern) and pattern[end] != "]":
        if pattern[end : end + 2] in ("[:", "[.", "[="):
            end = pattern.find(pattern[end + 1] + "]", end + 2) + 1 or len(pattern)
        end += 1
    return end + 1


def translate(pattern: str, ignore_case: bool, newline: bool) -> Translation | None:
    """The same pattern for Python's `re`, or None when it must be left to libc.

    `pattern` must be one that libc accepts. `newline` is REG_NEWLINE.
    """
    if not pattern.isascii() or "\0" in pattern:
        return None
    translator = _Translator(pattern, ignore_case, newline)
    try:
        source = translator.alternatives()
    except _NotCommon:
        return None
    if translator.factor > 1 << 16 or translator.at < len(pattern):
        return None
    free_start = newline or not translator.anchored
    return Translation(
        source,
        translator.byte_agnostic and translator.wide_pluses < 2,
        translator.factor,
        translator.degree + free_start,
    )


class _Translator:
    """Recursive descent over one pattern, writing Python source and counting its cost."""

    def __init__(self, pattern: str, ignore_case: bool, newline: bool) -> None:
        self.pattern = pattern
        self.ignore_case = ignore_case
        self.newline = newline
        self.at = 0
        self.depth = 0
        self.factor = 1
        self.degree = 0
        self.byte_agnostic = True
        self.wide_pluses = 0
        self.anchored = True
        self.dot = _ANY - {10} if newline else _ANY

    def alternatives(self) -> str:
        """`branch | branch ...` up to the end or an unopened `)`."""
        branches = [self._branch()]
        while self.pattern.startswith("|", self.at):
            self.at += 1
            branches.append(self._branch())
        self.factor *= len(branches)
        return "|".join(branches)

    def _branch(self) -> str:
        parts = [self._anchor("^")]
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)$":
            parts.append(self._piece())
        if parts == [""]:
            raise _NotCommon  # an empty branch
        parts.append(self._anchor("$"))
        if self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            raise _NotCommon
        if not self.depth and not parts[0]:
            self.anchored = False
        return "".join(parts)

    def _anchor(self, char: str) -> str:
        """An anchor in its usual place, or "" if there is none.

        Elsewhere libc takes the line feed it has just passed for a line's end, asked or not.
        """
        if not self.pattern.startswith(char, self.at):
            return ""
        if self.depth:
            raise _NotCommon
        self.at += 1
        if char == "^":
            return "^"
        return r"(?![^\0\n])" if self.newline else r"(?![^\0])"

    def _piece(self) -> str:
        if self.pattern.startswith("(", self.at):
            return self._group()
        if re.match(r"\\[1-9]", self.pattern[self.at : self.at + 2]):
            self.at += 2
            self.degree += 1
            return self._quantifier()
        members = self._set()
        quantifier = self._quantifier()
        self._count(quantifier, wide=members >= _HIGH)
        return self._source(members) + quantifier

    def _group(self) -> str:
        self.at += 1
        self.depth += 1
        inside = self.alternatives()
        self.depth -= 1
        if not self.pattern.startswith(")", self.at):
            raise _NotCommon
        self.at += 1
        quantifier = self._quantifier()
        if quantifier not in ("", "?"):
            raise _NotCommon  # loops over groups are where backtracking explodes
        self._count(quantifier, wide=False)
        return f"(?:{inside}){quantifier}"

    def _quantifier(self) -> str:
        """The quantifier at hand, if any, in Python's spelling."""
        rest = self.pattern[self.at : self.at + 1]
        if rest == "{":
            interval = _INTERVAL.match(self.pattern, self.at)
            if not interval or not interval[1]:
                raise _NotCommon
            self.at = interval.end()
            text = interval[0]
        elif rest and rest in "*+?":
            self.at += 1
            text = rest
        else:
            return ""
        if self.pattern[self.at : self.at + 1] in ("*", "+", "?", "{"):
            raise _NotCommon  # to Python the second one means lazy or possessive
        return text

    def _count(self, quantifier: str, wide: bool) -> None:
        """Add what a quantified atom costs, and note whether bytes and characters agree on it."""
        if quantifier == "?":
            self.factor *= 2
        elif quantifier:
            self.degree += "," in quantifier or quantifier in "*+"
        if wide:
            self.byte_agnostic = self.byte_agnostic and quantifier in ("*", "+")
            self.wide_pluses += quantifier == "+"

    def _set(self) -> frozenset[int]:
        """The bytes that the single-character atom at hand matches."""
        char = self.pattern[self.at]
        if char == ".":
            self.at += 1
            return self.dot
        if char == "[":
            return self._bracket()
        if char in "*+?{^":
            raise _NotCommon
        if char == "\\":
            self.at += 1
            char = self.pattern[self.at]
            if char.isalnum() or char in "<>`'":
                raise _NotCommon
        self.at += 1
        return self._fold({ord(char)})

    def _bracket(self) -> frozenset[int]:
        end = _after_atom(self.pattern, self.at)
        inside = self.pattern[self.at + 1 : end - 1]
        self.at = end
        negated = inside.startswith("^")
        members = self._fold(self._members(inside[negated:]))
        if not negated:
            return members
        return self.dot - members

    def _members(self, text: str) -> set[int]:
        members: set[int] = set()
        at = 0
        while at < len(text):
            if text.startswith("[:", at):
                close = text.find(":]", at)
                members |= self._class(text[at + 2 : close])
                at = close + 2
            elif text[at : at + 2] in ("[.", "[="):
                raise _NotCommon
            elif text.startswith("-", at + 1) and at + 2 < len(text):
                if text[at + 2] == "[":
                    raise _NotCommon
                first, last = text[at], text[at + 2]
                if self.ignore_case:  # libc folds the ends of a range, then ranges
                    first, last = first.upper(), last.upper()
                members.update(range(ord(first), ord(last) + 1))
                at += 3
            else:
                members.add(ord(text[at]))
                at += 1
        return members

    def _class(self, name: str) -> set[int]:
        members: set[int] = set()
        for part in re.findall(r"(?s).-.|.", _CLASSES[name]):
            members.update(range(ord(part[0]), ord(part[-1]) + 1))
        return members

    def _fold(self, members: Iterable[int]) -> frozenset[int]:
        """Every byte that libc folds to one of the members' upper-case letters."""
        if not self.ignore_case:
            return frozenset(members)
        upper = {ord(chr(m).upper()) for m in members}
        return frozenset(c for c in _ASCII if ord(chr(c).upper()) in upper)

    def _source(self, members: frozenset[int]) -> str:
        """Python source of a set of bytes; of those from 128 up it holds all or none."""
        negated = not members.isdisjoint(_HIGH)
        listed = [chr(c) for c in sorted(_ASCII - members if negated else members)]
        letters = {c.lower() for c in listed} if self.ignore_case else set(listed)
        if len(letters) == 1 and not negated:
            return re.escape(letters.pop())
        return "[" + "^" * negated + "".join(f"\\x{ord(c):02x}" for c in listed) + "]"
