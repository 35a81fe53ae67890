"""Tests of a report: names of its JSON compared with numbers; nothing is evaluated."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Any

_TEST = re.compile(r"\s*([a-z_]+(?:\.[a-z0-9_]+)*)\s*(==|!=|>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\s*\Z")
_COMPARE = {"==": eq, "!=": ne, ">=": ge, "<=": le, ">": gt, "<": lt}


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison; the name is a path in the report: `good.blocked`, `totals.answers.403`."""

    __test__ = False
    text: str
    path: tuple[str, ...]
    operator: str
    number: float

    @classmethod
    def parse(cls, text: str) -> "Test":
        """Raises ValueError."""
        found = _TEST.match(text)
        if found is None:
            raise ValueError(f"{text!r} is no comparison of a name with a number: good.blocked>0")
        return cls(text.strip(), tuple(found[1].split(".")), found[2], float(found[3]))

    def value(self, report: Mapping[str, Any]) -> float:
        """The number of the report, or how long a list is; a status that is not there counts 0.

        Raises ValueError for a name that the report does not have.
        """
        at: Any = report
        for name in self.path:
            if not isinstance(at, Mapping) or (name not in at and not name.isdigit()):
                raise ValueError(f"{self.text}: the report has no {'.'.join(self.path)}")
            at = at.get(name, 0)
        if isinstance(at, list):
            return len(at)
        if not isinstance(at, int | float):
            raise ValueError(f"{self.text}: {'.'.join(self.path)} is no number")
        return at

    def holds(self, report: Mapping[str, Any]) -> bool:
        """Whether it is so; raises ValueError as :meth:`value` does."""
        return bool(_COMPARE[self.operator](self.value(report), self.number))


def parse_tests(texts: Iterable[str]) -> list[Test]:
    """All of them; raises ValueError for the first that is none."""
    return [Test.parse(text) for text in texts]
