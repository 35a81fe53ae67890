"""Patterns of file names, as C's fnmatch takes them without flags: `*`, `?` and `[a-z]`."""

import re
from functools import lru_cache

from sipproxy.core import regex

_SPECIAL = ".^$*+?()[]{}|\\"
_SET_REST = re.compile(r"\]?(?:\[:[a-z]+:\]|[^\]])*\]")
"""What follows the `[` of a set, its `!` aside."""


@lru_cache(maxsize=256)
def compile(pattern: str, *, ignore_case: bool = False) -> regex.Regex:
    """The pattern as a regular expression, made once for as long as it is in use."""
    out = ""
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char in "*?":
            out += ".*" if char == "*" else "."
        elif char == "[" and (end := _set_end(pattern, at)):
            out += "[^" if pattern[at + 1] in "!^" else f"[{pattern[at + 1]}"
            out += pattern[at + 2 : end]
            at = end - 1
        else:
            at += char == "\\" and at + 1 < len(pattern)
            out += f"\\{pattern[at]}" if pattern[at] in _SPECIAL else pattern[at]
        at += 1
    return regex.compile(f"^{out}$", ignore_case=ignore_case)


def _set_end(pattern: str, at: int) -> int:
    """Behind the bracket that ends the set which begins at `at`; 0 when there is none."""
    first = at + 2 if pattern[at + 1 : at + 2] in ("!", "^") else at + 1
    found = _SET_REST.match(pattern, first)
    return found.end() if found else 0
