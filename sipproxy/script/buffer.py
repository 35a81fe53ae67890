"""The text being scanned: one file, with the values of its defines spliced in as they are used."""

from sipproxy.errors import Problem, Span
from sipproxy.script.tokens import Source


class Buffer:
    """What is left of one file, and where each piece of it stands in the file.

    `text[at:]` is still to be read. A stretch that a define put in stands where the define's name
    stood. Offsets given to the methods are offsets in `text`.
    """

    __slots__ = ("_active", "_expanded", "_shift", "_use", "at", "source", "text")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0
        self._shift = 0  # an offset in the file is the offset in the text less this ...
        self._expanded = 0  # ... but for what a define put in: it ends here ...
        self._use = (0, 0)  # ... and stands there in the file
        # the defines being expanded, outer ones first: name, place, how much text follows each
        self._active: list[tuple[str, Span | None, int]] = []

    def place(self, start: int, end: int) -> tuple[int, int, Span | None]:
        """Offsets in the file of a stretch of the text, and the define it came from."""
        if start >= self._expanded:
            return start - self._shift, end - self._shift, None
        last = self._use[1] if end <= self._expanded else end - self._shift
        left = len(self.text) - start
        origin = next((place for _, place, rest in reversed(self._active) if left > rest), None)
        return self._use[0], last, origin

    def span(self, start: int, end: int) -> Span:
        """The place of a stretch of the text."""
        return self.source.span(*self.place(start, end))

    def problem(
        self, start: int, end: int, message: str, hint: str = "", severity: str = "error"
    ) -> Problem:
        """A finding about a stretch of the text."""
        return Problem(self.span(start, end), message, hint, severity)

    def end_of_line(self, start: int) -> int:
        """Where the line that holds `start` ends, before its line end."""
        end = self.text.find("\n", start)
        return len(self.text) if end < 0 else end

    def splice(self, name: str, value: str, defined: Span | None, start: int, end: int) -> bool:
        """Put a define's value in place of its name; False when that would never end."""
        left = len(self.text) - start
        if start >= self._expanded:
            self._active.clear()
            self._use = (start - self._shift, end - self._shift)
            self._expanded = end
        else:
            while self._active and left <= self._active[-1][2]:
                self._active.pop()
            if any(name == active for active, _, _ in self._active):
                return False
        self._active.append((name, defined, len(self.text) - end))
        added = len(value) - end
        self.text = value + self.text[end:]
        self.at = 0
        self._shift += added
        self._expanded += added
        return True
