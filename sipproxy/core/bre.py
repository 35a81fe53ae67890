"""POSIX basic regular expressions, written anew as the extended ones that core.regex knows.

What libc makes of a basic expression (`regcomp` without REG_EXTENDED) is meant, with its additions
`\\+`, `\\?` and `\\|`.
"""

import re
from functools import lru_cache

_BRACKET = re.compile(r"\[\^?\]?(?:\[:[^\]]*:\]|\[=.*?=\]|\[\..*?\.\]|[^\]])*\]", re.DOTALL)
_INTERVAL = re.compile(r"\\\{([0-9]*,?[0-9]*)\\\}")
_REPEATS = frozenset(("*", r"\+", r"\?"))
_LITERAL = frozenset("+?|(){}")
"""Operators of extended expressions that are plain characters in basic ones."""


@lru_cache(maxsize=1024)
def extended(pattern: str) -> str:
    """The extended expression that finds what the basic `pattern` finds.

    What is wrong with a pattern stays wrong, for the compiler to refuse. Raises ValueError for what
    would become right: a group closed that was not opened, an interval of nothing or of a
    repetition.
    """
    pieces: list[str] = []
    begins = True
    """At the start of an alternative: `*` is a plain character here, `^` is an anchor."""
    repeated = False
    """After a repetition: libc takes no `*` or interval on top of it."""
    depth = at = 0
    while at < len(pattern):
        piece, begun = _bracket(pattern, at) or _escaped(pattern, at) or (pattern[at], False)
        found = _INTERVAL.fullmatch(piece)
        repeats = not begins and piece in _REPEATS
        if found or repeats:
            if begins or (repeated and (found or piece == "*")):
                raise ValueError(f"nothing that {piece} could repeat")
            pieces.append(f"{{{found[1]}}}" if found else piece[-1])
        elif piece in _REPEATS:
            pieces.append("\\" + piece[-1])
        elif piece == "^":
            begun = begins and pieces[-1:] != ["^"]
            pieces.append("^" if begun else r"\^")
        elif piece == "$":
            pieces.append("$" if _ends(pattern, at + 1) else r"\$")
        elif piece in _LITERAL:
            pieces.append("\\" + piece)
        elif piece[0] == "\\" and piece[1:] in _LITERAL:
            depth += (piece == r"\(") - (piece == r"\)")
            if depth < 0:
                raise ValueError(r"a \) closes nothing")
            pieces.append(piece if piece[1] in "{}" else piece[1])
        else:
            pieces.append(piece)
        begins, repeated = begun, repeats or found is not None
        at += len(piece)
    return "".join(pieces)


def _bracket(pattern: str, at: int) -> tuple[str, bool] | None:
    """The bracket expression that begins here."""
    found = _BRACKET.match(pattern, at) if pattern[at] == "[" else None
    return (found[0], False) if found else None


def _escaped(pattern: str, at: int) -> tuple[str, bool] | None:
    r"""The escape or the interval that begins here, and whether an alternative begins after it."""
    if pattern[at] != "\\":
        return None
    found = _INTERVAL.match(pattern, at)
    if found:
        return found[0], False
    piece = pattern[at : at + 2]
    return piece, piece in (r"\(", r"\|")


def _ends(pattern: str, at: int) -> bool:
    """Whether an alternative ends here, so that a `$` before it is an anchor."""
    return at == len(pattern) or pattern.startswith((r"\)", r"\|"), at)
