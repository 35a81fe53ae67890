"""The cfg with how often each line ran, and what it decided."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log

from markupsafe import escape

from sipproxy.replay.gather import Gathered, Kind
from sipproxy.script.tree import Config

MOST_LINES = 6000
MOST_BYTES = 1_500_000
_ROW = 220
"""Bytes that a row takes beside its text, about."""
_AROUND = 4
"""Lines shown around those that ran, where the cfg is too long to be shown whole."""
_LONGEST = 400
_HEATS = 5
_URL = re.compile(r"(\b\w\w+://[^\s:/@\"']*:)[^\s@\"']+(@)")
_NAMED = re.compile(
    r"""(["']?\b\w*(?:secret|passw(?:or)?d|passphrase|private_?key)["']?[\s,=]+["'])[^"']+""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line; `hits` is None where no statement begins, `heat` from 0 to 5."""

    number: int
    text: str
    hits: int | None
    heat: int
    decided: str
    blocks: bool

    @property
    def is_remark(self) -> bool:
        """Whether it is a comment to its end."""
        text = self.text.lstrip()
        return text.startswith("//") or (text.startswith("#") and not text.startswith("#!"))


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of the cfg; a row of None stands for lines that are left out."""

    number: int
    name: str
    rows: list[Row | None]
    statements: int
    reached: int
    """How many lines with statements there are, and how many of them ran."""
    left_out: int


class Listing:
    """All files, the first file first."""

    def __init__(self, config: Config, gathered: Gathered) -> None:
        self.files: list[Listed] = []
        self._decided = decisions_by_line(gathered)
        self._hits = gathered.hits.by_line()
        self._most = max(self._hits.values(), default=0)
        self._places: dict[str, str] = {}
        self._left = MOST_BYTES
        room = MOST_LINES
        for number, (name, text) in enumerate(config.sources.items()):
            listed = self._file(number, name, text, room)
            room -= len(listed.rows)
            self.files.append(listed)

    def anchor(self, place: str) -> str:
        """The name that a link to `file:line` leads to; empty when the line is not shown."""
        return self._places.get(place, "")

    def _file(self, number: int, name: str, text: str, room: int) -> Listed:
        lines = text.split("\n")
        if lines and not lines[-1]:
            lines.pop()
        hits = {line: count for (file, line), count in self._hits.items() if file == name}
        shown = set(range(1, len(lines) + 1))
        if len(lines) > room:
            near = (at for at, count in hits.items() if count)
            shown &= {at + by for at in near for by in range(-_AROUND, _AROUND + 1)}
            shown = set(sorted(shown)[: max(room, 0)])
        rows: list[Row | None] = []
        left_out = 0
        for at, line in enumerate(lines, 1):
            if at in shown and self._left > 0:
                row = self._row(name, number, at, line, hits.get(at))
                self._left -= len(escape(row.text)) + _ROW
                rows.append(row)
                continue
            left_out += 1
            if rows and rows[-1] is not None:
                rows.append(None)
        reached = sum(1 for count in hits.values() if count)
        return Listed(number, name, rows, len(hits), reached, left_out)

    def _row(self, name: str, number: int, at: int, line: str, hits: int | None) -> Row:
        place = f"{name}:{at}"
        self._places[place] = f"L{number}-{at}"
        found = self._decided.get(place, Counter())
        decided = ", ".join(f"{what} × {count:,}" for (what, _), count in found.most_common())
        blocks = any(blocked for _, blocked in found)
        heat = 0
        if hits and self._most:
            heat = 1 + int((_HEATS - 1) * log(hits + 1) / log(self._most + 1))
        return Row(at, shown_line(line), hits, heat, decided, blocks)


def shown_line(line: str) -> str:
    """A line of the cfg without the passwords that can be told from other texts."""
    line = _URL.sub(r"\1***\2", line)
    line = _NAMED.sub(r"\1***", line)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"


def decisions_by_line(gathered: Gathered) -> Mapping[str, Counter[tuple[str, bool]]]:
    """What was decided by each `file:line` (a verdict or status, and whether it blocks)."""
    lines: dict[str, Counter[tuple[str, bool]]] = {}
    for kind, count in _kinds(gathered):
        what = str(kind.status) if kind.verdict == "answered" else kind.verdict
        lines.setdefault(kind.line, Counter())[what, kind.blocked] += count
    return lines


def _kinds(gathered: Gathered) -> Iterator[tuple[Kind, int]]:
    for story in gathered.stories.values():
        for kind, seen in story.told():
            yield kind, seen.count
