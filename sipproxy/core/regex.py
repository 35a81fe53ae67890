"""POSIX extended regular expressions as Kamailio knows them; nothing else here matches text.

libc's `regcomp` decides what is a pattern: what it refuses, we refuse. It works in the C locale, so
a UTF-8 character is several bytes to it, `.` is one byte, and upper and lower case exist in ASCII
only. Texts end at a NUL byte, being C strings to libc.

A yes-or-no search is done by one of two engines:

* Python's `re`, where the pattern lies in the part of the language that `_translate` knows to mean
  the same in both, and where a backtracking search is provably short for the length of the text;
* libc's `regexec` for all else.

**Nothing runs away.** libc's own search takes time with the square of the text, and with back-
references any time at all. So a long text is searched in one pass by an automaton for "anything,
then the pattern"; where that cannot be, and for substitutions, texts beyond a length are refused,
for back-references a small one. Patterns that nest deeply, or grow huge when their intervals are
written out, are refused when they are compiled.
"""

import ctypes
from collections.abc import Callable
from functools import lru_cache
from re import ASCII, DOTALL, IGNORECASE, MULTILINE
from re import compile as re_compile

from sipproxy.core.ere import TooComplex, Translation, survey, translate
from sipproxy.core.values import EvalError
from sipproxy.text import decode, encode

Spans = tuple[tuple[int, int], ...]

_EXTENDED, _ICASE, _NEWLINE, _NOTBOL = 1, 2, 4, 1  # <regex.h>; the last is for regexec
_REGEX_T_SIZE = 256  # bytes set aside for a regex_t; it is 64 in glibc and musl
_ALL_CATEGORIES = 0x1FBF  # LC_ALL_MASK
_ANY_LENGTH = 65_536  # no text of one datagram is longer
_STEPS = 4_000_000  # what a backtracking search may cost, in the order of 20 ms
_SHORT = 2_000  # bytes that libc may search from every position
_LONGEST = 20_000  # the same where there is no other way: about a second at worst
_BACKREF_TEXT = 12  # bytes that back-references may be tried on when their cost is unknown
_RECOMPILE_AFTER = 20_000  # bytes searched by libc, whose automaton grows with each new text


class RegexError(EvalError):
    """A pattern is refused, or (at a search) too costly for this text.

    In an expression it makes the statement fail, as a bad pattern does in Kamailio.
    """


class Regex:
    """One compiled pattern, made by :func:`compile`.

    `search(text)` is truthy when the pattern is found anywhere in `text`; keep it and call it on
    the hot path. It raises RegexError only for a pattern with back-references.
    """

    __slots__ = ("_automaton", "_flags", "_limit", "_searched", "_survey", "pattern", "search")

    search: Callable[[str], object]

    def __init__(self, pattern: str, ignore_case: bool, newline: bool) -> None:
        self.pattern = pattern
        self._flags = _EXTENDED | _ICASE * ignore_case | _NEWLINE * newline
        self._searched = 0
        try:
            self._survey = survey(pattern)
        except TooComplex as error:
            raise RegexError(f'regular expression "{pattern}": {error}') from None
        self._automaton = _Automaton(pattern, self._flags)
        self._limit = _SHORT
        self.search = self._search_libc
        translation = translate(pattern, ignore_case, newline)
        if self._survey.backrefs:
            self._limit = translation.longest_text(_STEPS) if translation else _BACKREF_TEXT
        elif translation:
            flags = ASCII | DOTALL | (IGNORECASE if ignore_case else 0)
            flags |= MULTILINE if newline else 0
            found = re_compile(translation.source, flags).search
            self.search = self._guarded(translation, found)

    def _guarded(
        self, translation: Translation, fast: Callable[[str], object]
    ) -> Callable[[str], object]:
        """`fast` where it is right and short, libc elsewhere."""
        limit = translation.longest_text(_STEPS)
        slow = self._search_libc
        if not translation.byte_agnostic:
            return lambda text: fast(text) if text.isascii() and len(text) <= limit else slow(text)
        if limit < _ANY_LENGTH:
            return lambda text: fast(text) if len(text) <= limit else slow(text)
        return fast

    def _search_libc(self, text: str) -> bool:
        data = encode(text)
        if len(data) > self._limit:
            return self._search_long(data)
        self._shed(data)
        return self._automaton.execute(data)

    def _search_long(self, data: bytes) -> bool:
        """One pass over a long text, if the pattern allows it."""
        lines = b"\n" in data and bool(self._survey.carets or self._flags & _NEWLINE)
        if lines or self._survey.backrefs or self._survey.stray:
            self._refuse_beyond(_LONGEST, data)
            return self._automaton.execute(data)
        return _Automaton(f"^.*({self.pattern})", self._flags & ~_NEWLINE).execute(data)

    def match_spans(self, data: bytes, start: int = 0, *, not_bol: bool = False) -> Spans | None:
        """The leftmost longest match at or after `start`: (begin, end) of it and of each group.

        Offsets are in bytes from the beginning of `data`; a group that took no part is (-1, -1).
        `not_bol`: `start` is not the beginning of a line to `^`. None when nothing matches.
        Raises RegexError when the text is too long for the pattern (20,000 bytes; fewer with
        back-references).
        """
        rest = data[start:] if start else data
        self._refuse_beyond(_LONGEST, rest)
        self._shed(rest)
        spans = (_Span * (self._survey.groups + 1))()
        if not self._automaton.execute(rest, len(spans), spans, _NOTBOL * not_bol):
            return None
        return tuple((s.begin + start, s.end + start) if s.begin >= 0 else (-1, -1) for s in spans)

    def _refuse_beyond(self, length: int, data: bytes) -> None:
        if self._survey.backrefs:
            length = min(length, self._limit)
        if len(data) > length:
            raise RegexError(
                f'regular expression "{self.pattern}" could take too long on {len(data)} bytes '
                f"(it is tried on {length})"
            )

    def _shed(self, data: bytes) -> None:
        """From time to time drop the states that libc has gathered from the texts."""
        self._searched += len(data)
        if self._searched > _RECOMPILE_AFTER:
            self._automaton = _Automaton(self.pattern, self._flags)
            self._searched = len(data)


@lru_cache(maxsize=1024)
def compile(pattern: str, *, ignore_case: bool, newline: bool = False) -> Regex:
    """The compiled pattern, made once for as long as it is in use (the last 1,024 are kept).

    `newline` is REG_NEWLINE: `^` and `$` match at line ends, `.` and `[^...]` not across them.
    Raises RegexError, with libc's reason, for what Kamailio would refuse.
    """
    return Regex(pattern, ignore_case, newline)


class _Span(ctypes.Structure):
    """regmatch_t."""

    _fields_ = (("begin", ctypes.c_int), ("end", ctypes.c_int))
    begin: int
    end: int


class _Automaton:
    """A regex_t: what libc made of a pattern. Freed with this object."""

    __slots__ = ("_regex_t", "_regexec", "_regfree")

    def __init__(self, pattern: str, flags: int) -> None:
        libc, c_locale = _libc()
        self._regexec = libc.regexec
        self._regfree = None
        self._regex_t = ctypes.create_string_buffer(_REGEX_T_SIZE)
        before = libc.uselocale(c_locale)
        try:
            code = libc.regcomp(self._regex_t, encode(pattern), flags)
        finally:
            libc.uselocale(before)
        if code:
            reason = ctypes.create_string_buffer(128)
            libc.regerror(code, self._regex_t, reason, len(reason))
            raise RegexError(f'bad regular expression "{pattern}": {decode(reason.value)}')
        self._regfree = libc.regfree

    def execute(
        self,
        data: bytes,
        count: int = 0,
        spans: "ctypes.Array[_Span] | None" = None,
        flags: int = 0,
    ) -> bool:
        """Whether the pattern is found in `data`; fills `count` spans."""
        missed: int = self._regexec(self._regex_t, data, count, spans, flags)
        return not missed

    def __del__(self) -> None:
        if self._regfree is not None:
            self._regfree(self._regex_t)


@lru_cache(maxsize=1)
def _libc() -> tuple[ctypes.PyDLL, ctypes.c_void_p]:
    """libc's entry points, and the C locale that patterns are compiled in.

    PyDLL keeps the interpreter lock: a match is short, and a regex_t serves one thread at a time.
    """
    libc = ctypes.PyDLL(None)
    pointer, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    libc.regcomp.argtypes = (pointer, text, number)
    libc.regexec.argtypes = (pointer, text, ctypes.c_size_t, pointer, number)
    libc.regerror.argtypes = (number, pointer, pointer, ctypes.c_size_t)
    libc.regfree.argtypes = (pointer,)
    libc.regfree.restype = None
    libc.newlocale.argtypes = (number, text, pointer)
    libc.newlocale.restype = libc.uselocale.restype = pointer
    libc.uselocale.argtypes = (pointer,)
    return libc, libc.newlocale(_ALL_CATEGORIES, b"C", None)
