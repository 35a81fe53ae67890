"""`/pattern/replacement/flags`, as `{re.subst}` and the subst functions take it (core/re.c)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.pvspec import PvSpec, pv_at
from sipproxy.core.regex import Regex, RegexError
from sipproxy.core.regex import compile as compile_regex
from sipproxy.core.values import to_str
from sipproxy.text import decode, encode

Piece = str | int | PvAccess | None
"""Of a replacement: text, number of a group, a pseudo-variable, or None for the request URI."""

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class EmptyMatch(ValueError):
    """The pattern matched nothing at all, where Kamailio gives up."""


@dataclass(frozen=True, slots=True)
class Substitution:
    """A compiled substitution; `everywhere` is the flag `g`."""

    regex: Regex
    pieces: tuple[Piece, ...]
    everywhere: bool

    @classmethod
    def parse(cls, text: str, resolve: Callable[[PvSpec], PvAccess]) -> Self:
        """Read `/re/repl/flags` with any separator. Raises ValueError or PvSyntaxError."""
        mark = text[:1]
        end = _pattern_end(text, mark)
        if len(text) < 3 or mark == "\\" or end < 0:
            raise ValueError(f"{text!r} is not of the form /pattern/replacement/flags")
        pieces, at = _replacement(text, end + 1, mark, resolve)
        flags = text[at:]
        if set(flags) - set("isg"):
            raise ValueError(f"unknown flag in {flags!r}: i, s and g exist")
        try:
            regex = compile_regex(text[1:end], ignore_case="i" in flags, newline="s" not in flags)
        except RegexError as error:
            raise ValueError(str(error)) from None
        return cls(regex, pieces, "g" in flags)

    def apply(self, ctx: Context, text: str) -> tuple[str, int]:
        """The text after the substitution, and how often the pattern was found.

        Raises EmptyMatch, and RegexError where the text is too long for the pattern.
        """
        data = encode(text).partition(b"\0")[0]
        out = b""
        at = count = 0
        for start, end, replacement in self.hits(ctx, data):
            out += data[at:start] + replacement
            at = end
            count += 1
        return decode(out + data[at:]), count

    def hits(self, ctx: Context, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """What to replace: start, end and replacement of each match, in order.

        Raises EmptyMatch, and RegexError where the text is too long for the pattern.
        """
        at = 0
        bol = True
        while spans := self.regex.match_spans(data, at, not_bol=not bol):
            start, end = spans[0]
            if start == end:
                raise EmptyMatch("the pattern matches an empty text")
            yield start, end, self._replaced(ctx, data, spans)
            if not self.everywhere:
                return
            bol = data[end - 1 : end] in (b"\n", b"\r")
            at = end

    def _replaced(self, ctx: Context, data: bytes, spans: tuple[tuple[int, int], ...]) -> bytes:
        out = b""
        for piece in self.pieces:
            match piece:
                case str():
                    out += encode(piece)
                case int():
                    start, end = spans[piece] if piece < len(spans) else (-1, -1)
                    out += data[max(start, 0) : max(end, 0)]
                case None:
                    out += encode(ctx.ruri)
                case _:
                    out += encode(to_str(piece.read(ctx)))
        return out


def _pattern_end(text: str, mark: str) -> int:
    at = text.find(mark, 1) if mark else -1
    while at > 0 and text[at - 1] == "\\":
        at = text.find(mark, at + 1)
    return at


def _replacement(
    text: str, start: int, mark: str, resolve: Callable[[PvSpec], PvAccess]
) -> tuple[tuple[Piece, ...], int]:
    """The pieces of the replacement, and where the flags begin."""
    pieces: list[Piece] = []
    at = start
    while at < len(text):
        char = text[at]
        if char == mark:
            return tuple(pieces), at + 1
        if char == "\\" and at + 1 < len(text):
            at += 1
            pieces.append(_escaped(text[at]))
        elif text.startswith("$$", at):
            at += 1
            pieces.append(char)
        elif char == "$":
            spec, end = pv_at(text, at)
            pieces.append(resolve(spec))
            at = end - 1
        else:
            pieces.append(char)
        at += 1
    raise ValueError(f"{mark} is missing behind the replacement of {text!r}")


def _escaped(char: str) -> Piece:
    if char == "u":
        return None
    if char.isascii() and char.isdigit():
        return int(char)
    return _ESCAPES.get(char, char)
