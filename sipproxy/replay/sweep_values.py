"""The values of a sweep: `3..20`, `3..20..2`, `60,300,900`, and the grid of all of them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod

from sipproxy.replay.variants import SetError

MOST = 1000
"""How many settings a sweep may have."""
_RANGE = re.compile(r"\s*(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?\s*\Z")
_PIECE = re.compile(r'(?:"[^"]*"|[^,"])*')
_NAME = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)


class Grid:
    """Every combination of the values of some defines; the last name changes fastest."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        """Raises SetError for more than a thousand settings."""
        self.values = values
        count = prod(map(len, values.values()))
        if count > MOST:
            shape = " x ".join(str(len(found)) for found in values.values())
            sum_ = f"{shape} = {count}" if len(values) > 1 else str(count)
            raise SetError(
                f"{sum_} settings are more than {MOST}: take narrower ranges, or a step (3..20..2)"
            )

    def __len__(self) -> int:
        return prod(map(len, self.values.values()))

    def __iter__(self) -> Iterator[dict[str, str]]:
        for row in product(*self.values.values()):
            yield dict(zip(self.values, row, strict=True))


def parse_sets(given: Iterable[str]) -> Grid:
    """A grid of `NAME=VALUES` texts; raises SetError."""
    values: dict[str, Sequence[str]] = {}
    for text in given:
        name, equals, rest = text.partition("=")
        if not equals or not _NAME.match(name):
            raise SetError(f"{text!r} is no NAME=VALUES: MAX=3..20, BAN=60,300,900")
        if name in values:
            raise SetError(f"{name} is swept twice: give all its values in one --set")
        values[name] = _values(name, rest)
    return Grid(values)


def _values(name: str, text: str) -> list[str]:
    """Numbers of ranges, and texts as they are; a comma in double quotes belongs to its text."""
    found: dict[str, None] = {}
    for piece in _split(text):
        numbers = _RANGE.match(piece)
        if numbers is None:
            found[piece.strip()] = None
            continue
        low, high, step = int(numbers[1]), int(numbers[2]), int(numbers[3] or 1)
        if low > high or step < 1:
            raise SetError(f"{name}: {piece.strip()} is no range: LOW..HIGH or LOW..HIGH..STEP")
        if (high - low) // step >= MOST:
            raise SetError(f"{name}: {piece.strip()} has more than {MOST} values: take a step")
        found.update((str(number), None) for number in range(low, high + 1, step))
    if "" in found:
        raise SetError(f"{name}={text} has an empty value")
    return list(found)


def _split(text: str) -> Iterator[str]:
    at = 0
    while at <= len(text):
        found = _PIECE.match(text, at)
        end = found.end() if found else at
        if end < len(text) and text[end] != ",":  # a quote that is not closed
            end = len(text)
        yield text[at:end]
        at = end + 1
