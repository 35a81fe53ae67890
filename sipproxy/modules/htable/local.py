"""Cells in this process's memory: one worker, a replay, a test."""

from collections.abc import Iterable, Iterator
from itertools import chain
from operator import is_

from sipproxy.modules.htable.store import Cell, Rule

PARTS = 256
LAST_PART = PARTS - 1
PIECE = 250
"""The most keys that :meth:`LocalStore.expired` answers at a time."""


class LocalStore:
    """Dicts of cells. A key lies in `parts[hash(key) & LAST_PART]`.

    They are many so that nothing takes long when there are a million keys: one dict would have to
    be looked through in one go, and each time it grows, all keys would move at once.
    """

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts: list[dict[str, Cell]] = [{} for _ in range(PARTS)]

    def get(self, key: str) -> Cell | None:
        """The cell of a key, expired or not; None when there is none."""
        return self.parts[hash(key) & LAST_PART].get(key)

    def __setitem__(self, key: str, cell: Cell) -> None:
        self.parts[hash(key) & LAST_PART][key] = cell

    def remove(self, key: str) -> bool:
        """Take a key out; False when there was none."""
        return self.parts[hash(key) & LAST_PART].pop(key, None) is not None

    def change(self, key: str, rule: Rule, now: int) -> Cell | None:
        """Replace the key's cell by what the rule makes of it, and answer what the rule did."""
        part = self.parts[hash(key) & LAST_PART]
        cell = rule(part.get(key), now)
        if cell is not None:
            part[key] = cell
        return cell

    def expired(self, now: int) -> Iterator[list[str]]:
        """The keys whose last second lies before `now`, in pieces that may be empty."""
        for part in filter(None, self.parts):
            keys = [key for key, cell in part.items() if 0 < cell[1] < now]
            yield []  # looking through a part was work enough
            while keys:
                # Let go of as they are given: memory that a million keys took goes back bit by bit.
                piece = keys[-PIECE:]
                del keys[-PIECE:]
                yield piece

    def take_expired(self, key: str, now: int) -> Cell | None:
        """Take a cell out and answer it, if its last second lies before `now`."""
        part = self.parts[hash(key) & LAST_PART]
        cell = part.get(key)
        if cell is None or not 0 < cell[1] < now:
            return None
        del part[key]
        return cell

    def items(self) -> Iterator[tuple[str, Cell]]:
        """All keys and cells in any fixed order; not to be used beside a write."""
        return chain.from_iterable(part.items() for part in self.parts)

    def clear(self) -> None:
        """Take everything out."""
        for part in self.parts:
            part.clear()

    def behind(self, place: int, after: str) -> list[tuple[str, Cell]]:
        """The cells of a place from 0 to LAST_PART in order, from its first one ("") on, or from
        behind a key (">key")."""
        part = self.parts[place]
        return sorted((k, c) for k, c in part.items() if k > after[1:] or not after)

    def fill(self, items: Iterable[tuple[str, Cell]]) -> None:
        """Put in many cells."""
        parts, part_of = self.parts, hash
        for key, cell in items:
            parts[part_of(key) & LAST_PART][key] = cell

    def copy(self) -> "LocalStore":
        """Another store with the cells of this instant: 10 ms for a million."""
        copy = LocalStore()
        copy.parts[:] = [part.copy() for part in self.parts]
        return copy

    def written_since(self, before: "LocalStore") -> Iterator[tuple[str, Cell]]:
        """The cells that are other objects than in a copy made before."""
        for part, then in zip(self.parts, before.parts, strict=True):
            # Most parts were not touched, and that is found out without a step of Python's.
            same = len(part) == len(then) and all(map(is_, part.values(), then.values()))
            if not same:
                yield from ((key, cell) for key, cell in part.items() if then.get(key) is not cell)

    def swap(self, other: "LocalStore") -> None:
        """Exchange all cells with another store's, in one step."""
        self.parts[:], other.parts[:] = other.parts, self.parts[:]

    def let_go(self) -> Iterator[None]:
        """Take everything out bit by bit: the memory of a million cells takes a while to give."""
        while self.parts:
            self.parts.pop().clear()
            yield

    def __len__(self) -> int:
        return sum(map(len, self.parts))
