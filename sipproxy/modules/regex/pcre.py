"""Perl-compatible expressions, bounded: PCRE2 itself does the matching.

Patterns and texts are bytes to it, as to Kamailio, which uses its elder brother PCRE. What the two
read differently without a word is rewritten; what only PCRE takes (`[\\w-z]`, `\\C`) is refused.
"""

import re
from functools import lru_cache

import pcre2

from sipproxy.errors import SipproxyError
from sipproxy.text import decode

CASELESS, MULTILINE = int(pcre2.IGNORECASE), int(pcre2.MULTILINE)
DOTALL, EXTENDED = int(pcre2.DOTALL), int(pcre2.VERBOSE)

_ALWAYS, _AT_MOST = 8_000_000, 100_000_000
"""Calls of its inner match function that any search may cost, and that none may: 0.1 s, 1 s."""


_PIECES = re.compile(
    rb"\\Q.*?(?:\\E|\Z)|\\x\{(?P<braced>[0-9A-Fa-f]+)\}|\\x(?P<hex>[0-9A-Fa-f]{0,2})"
    rb"|\\(?P<case>[uU])|\\.|(?P<interval>\{,[0-9]+\})",
    re.DOTALL,
)


class PatternError(SipproxyError):
    """A pattern that PCRE refuses."""


class TooCostly(SipproxyError):
    """A search was given up: it went astray in the ways a pattern can match."""


class Pcre:
    """One compiled pattern."""

    __slots__ = ("_by_limit", "_flags", "pattern")

    def __init__(self, pattern: bytes, flags: int) -> None:
        self._flags = flags
        self._by_limit: dict[int, pcre2.Pattern] = {}
        try:
            self.pattern = _PIECES.sub(_as_pcre2, pattern)
            pcre2.compile(self.pattern, flags, jit=False)
        except pcre2.PatternError as error:
            shown = decode(pattern)
            raise PatternError(f"compilation of '{shown}' failed: {error}") from None

    def search(self, text: bytes) -> bool:
        """Whether the pattern is found in a text; raises TooCostly.

        PCRE counts anew at each place where a match may begin, so the limit goes down as texts get
        longer, in steps of two. Walking over the whole text is allowed at every place as long as
        that stays within the most; a text of 2,000 bytes has 4,096 calls at each of them.
        """
        places = 1 << len(text).bit_length()
        limit = max(_ALWAYS // places, min(2 * places, _AT_MOST // places))
        compiled = self._by_limit.get(limit)
        if compiled is None:
            bounded = b"(*LIMIT_MATCH=%d)%s" % (limit, self.pattern)
            compiled = self._by_limit[limit] = pcre2.compile(bounded, self._flags, jit=False)
        try:
            return compiled.search(text) is not None
        except pcre2.LibraryError as error:
            shown = decode(self.pattern)
            raise TooCostly(f"'{shown}' on a text of {len(text)} bytes: {error}") from None


def _as_pcre2(found: re.Match[bytes]) -> bytes:
    """One piece of a pattern, written so that PCRE2 takes it as PCRE does; raises PatternError."""
    if found["case"]:
        raise PatternError(f"PCRE does not support \\{decode(found['case'])}")
    if found["interval"]:
        return b"\\" + found[0]
    digits = found["hex"] if found["braced"] is None else found["braced"]
    if digits is None:
        return found[0]
    code = int(digits or b"0", 16)
    if code > 0xFF:
        raise PatternError(f"the character {decode(found[0])} is too large")
    return b"\\x%02x" % code


@lru_cache(maxsize=256)
def compiled(pattern: bytes, flags: int) -> Pcre:
    """A pattern, made once for as long as it is in use; raises PatternError."""
    return Pcre(pattern, flags)
