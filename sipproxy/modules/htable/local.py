"""Cells in this process's memory: one worker, a replay, a test."""

from typing import ClassVar

from sipproxy.modules.htable.store import Cell, Rule


class LocalStore(dict[str, Cell]):
    """A dict of cells, so that reading and writing cost what a dict costs."""

    __slots__ = ()
    exclusive: ClassVar[bool] = True

    def remove(self, key: str) -> bool:
        """Take a key out; False when there was none."""
        return self.pop(key, None) is not None

    def change(self, key: str, rule: Rule, now: int) -> Cell | None:
        """Replace the key's cell by what the rule makes of it, and answer what the rule did."""
        cell = rule(self.get(key), now)
        if cell is not None:
            self[key] = cell
        return cell

    def take_expired(self, now: int) -> list[tuple[str, Cell]]:
        """Take out and answer all cells whose last second lies before `now`, in any order."""
        expired = [item for item in self.items() if 0 < item[1][1] < now]
        for key, _ in expired:
            del self[key]
        return expired
