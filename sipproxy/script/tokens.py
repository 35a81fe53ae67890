"""Where text comes from and what the scanner makes of it."""

from bisect import bisect_right

from sipproxy.errors import Span


class Source:
    """One file of a cfg as read: its name, text and line starts.

    `included` is the place of the include directive that brought it in.
    """

    __slots__ = ("_starts", "included", "name", "text")

    def __init__(self, name: str, text: str, included: Span | None = None) -> None:
        self.name = name
        self.text = text
        self.included = included
        self._starts: list[int] | None = None

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1, in characters."""
        starts = self._starts
        if starts is None:
            starts = self._starts = [0]
            at = self.text.find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = self.text.find("\n", at + 1)
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def span(self, start: int, end: int, origin: Span | None = None) -> Span:
        """The stretch between two offsets; `origin` defaults to where the file is included."""
        line, column = self.position(start)
        end_line, end_column = self.position(end)
        return Span(self.name, line, column, end_line, end_column, origin or self.included)


class Token:
    """One token: its terminal, its text as the grammar sees it, and where it stands.

    `text` is decoded for strings, `number` is the value of a NUMBER. `start` and `end` are offsets
    in `source`; inside an expansion they are those of the define's use, and `origin` is the
    define's own place.
    """

    __slots__ = ("end", "number", "origin", "source", "start", "text", "type")

    def __init__(
        self,
        type: str,
        text: str,
        source: Source,
        start: int,
        end: int,
        origin: Span | None = None,
        number: int = 0,
    ) -> None:
        self.type = type
        self.text = text
        self.source = source
        self.start = start
        self.end = end
        self.origin = origin
        self.number = number

    def __repr__(self) -> str:
        return f"Token({self.type}, {self.text!r}, {self.span})"

    @property
    def span(self) -> Span:
        """The token's place."""
        return self.source.span(self.start, self.end, self.origin)

    def to(self, last: "Token") -> Span:
        """The stretch from this token to the end of `last`; this token's own across files."""
        if last.source is not self.source or last.end < self.end:
            return self.span
        return self.source.span(self.start, last.end, self.origin)

    def begins_line(self) -> bool:
        """Whether only blanks stand before it on its line."""
        before = self.source.text.rfind("\n", 0, self.start) + 1
        return not self.source.text[before : self.start].strip()

    def begins_route(self) -> bool:
        """Whether a `[` or `{` follows, as behind the `route` of a definition."""
        return self.source.text[self.end : self.end + 80].lstrip()[:1] in ("[", "{")
