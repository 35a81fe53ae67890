"""What a table asks of the place that keeps its cells."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

Cell: TypeAlias = tuple[int | str, int]
"""A value, and the Unix second through which it lives (0: for ever). Never changed in place."""

Rule: TypeAlias = Callable[[Cell | None, int], Cell | None]
"""From the cell of a key (None: there is none) and the second it is now to the cell it becomes.

Answering None leaves everything as it is. A rule is pure: a store may call it more than once.
"""


class Store(Protocol):
    """Cells by key. A store knows no clock, no initial value, no route: all that is the table's.

    Where several processes share a store, each method is one step for all of them.
    """

    def get(self, key: str, /) -> Cell | None:
        """The cell of a key, expired or not; None when there is none."""

    def __setitem__(self, key: str, cell: Cell, /) -> None:
        """Put a cell in the place of whatever the key had."""

    def remove(self, key: str) -> bool:
        """Take a key out; False when there was none."""

    def change(self, key: str, rule: Rule, now: int) -> Cell | None:
        """Replace the key's cell by what the rule makes of it, and answer what the rule did."""

    def expired(self, now: int) -> Iterable[list[str]]:
        """The keys of all cells whose last second lies before `now`, in any order.

        They come in pieces, some of them empty, each after a bounded amount of work; between two
        pieces the store may be written. What was not there at the first piece may be left out.
        """

    def take_expired(self, key: str, now: int) -> Cell | None:
        """Take a cell out and answer it, if its last second lies before `now`; else None."""

    def items(self) -> Iterable[tuple[str, Cell]]:
        """All keys and cells in any fixed order; not to be used beside a write."""

    def clear(self) -> None:
        """Take everything out."""

    def __len__(self) -> int: ...
