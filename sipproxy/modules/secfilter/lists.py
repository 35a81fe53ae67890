"""Lists of beginnings, black and white (Kamailio modules/secfilter/secfilter_db.c)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sipproxy.text import lower


class PrefixList:
    """Texts in order; asks which of them a text begins with, whatever the case of ASCII letters."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self._places: dict[int, dict[str, int]] = {}
        """By length, the place of each entry."""

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def add(self, entry: str) -> None:
        """Put an entry at the end."""
        folded = lower(entry)
        self._places.setdefault(len(folded), {}).setdefault(folded, len(self.entries))
        self.entries.append(entry)

    def place(self, text: str) -> int | None:
        """The place of the first entry that the text begins with."""
        if not self._places:
            return None
        folded = lower(text)
        size = len(folded)
        found = [
            places[folded[:length]]
            for length, places in self._places.items()
            if length <= size and folded[:length] in places
        ]
        return min(found, default=None)

    def starts(self, text: str) -> bool:
        """Whether the text begins with an entry."""
        return self.place(text) is not None

    def holds(self, text: str) -> bool:
        """Whether the text is an entry."""
        folded = lower(text)
        return folded in self._places.get(len(folded), ())


@dataclass(slots=True)
class Colour:
    """What is known to be bad, or good."""

    ua: PrefixList = field(default_factory=PrefixList)
    country: PrefixList = field(default_factory=PrefixList)
    domain: PrefixList = field(default_factory=PrefixList)
    ip: PrefixList = field(default_factory=PrefixList)
    user: PrefixList = field(default_factory=PrefixList)


KINDS = ("ua", "country", "domain", "ip", "user")
"""What stands in a list, in the order of the table's numbers."""


class Lists:
    """All lists. A reload makes others."""

    def __init__(self) -> None:
        self.black = Colour()
        self.white = Colour()
        self.destinations = PrefixList()
        """Numbers that may not be called."""

    def add(self, action: object, kind: object, text: object) -> None:
        """A row of the table: action 0 black, 1 white, 2 a destination. Raises ValueError.

        With action 2 other kinds than 0 go to the black lists, as in Kamailio.
        """
        if not isinstance(action, int) or not 0 <= action <= 2:
            raise ValueError(f"unknown action {action!r}")
        if not isinstance(kind, int) or not 0 <= kind < len(KINDS):
            raise ValueError(f"unknown type {kind!r}")
        if not isinstance(text, str):
            raise ValueError(f"no text but {text!r}")
        if action == 2 and kind == 0:
            self.destinations.add(text)
        else:
            colour = self.white if action == 1 else self.black
            getattr(colour, KINDS[kind]).add(text)


def kind_of(word: str) -> int:
    """The number of a kind by its name or the beginning of it; raises ValueError."""
    for number, kind in enumerate(KINDS):
        if kind.startswith(word):
            return number
    raise ValueError(f"unknown type {word}")
