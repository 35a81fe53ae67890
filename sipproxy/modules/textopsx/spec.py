"""`Name[index].param`, as the functions on header values name what they change."""

import re
from typing import Self

from sipproxy.core.params import Parsed
from sipproxy.sip.names import header_id

DEEPEST = 10
"""How far from the end a value may be counted."""

_SPEC = re.compile(
    r"[ \t\r\n]*(?P<name>[A-Za-z0-9_-]+)[ \t\r\n]*"
    r"(?P<brackets>\[[ \t\r\n]*(?P<index>\*|[+-]?[0-9]+)?[ \t\r\n]*\])?[ \t\r\n]*"
    r"(?:\.[ \t\r\n]*(?P<param>[A-Za-z0-9_-]+))?\Z"
)


class Spec(Parsed):
    """A header's name, which of its values, and a parameter of them.

    `id` is the name as rows have it; `index` counts from 1, or from -1 at the end; `indexed` says
    that brackets are written, `every` that they hold `*`.
    """

    __slots__ = ("every", "id", "index", "indexed", "name", "param")

    default_index = 1

    def __init__(self, name: str, index: int, indexed: bool, every: bool, param: str) -> None:
        self.id = header_id(name)
        self.name = name
        self.index = index
        self.indexed = indexed
        self.every = every
        self.param = param

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text."""
        found = _SPEC.match(text)
        if found is None or not header_id(found["name"]):
            raise ValueError(f"cannot parse header in {text!r}: write Name[index].param")
        every = found["index"] == "*"
        index = 0 if every else int(found["index"] or 0)
        if index < -DEEPEST:
            raise ValueError(f"index cannot be lower than {-DEEPEST}")
        spec = cls(
            found["name"],
            index or cls.default_index,
            found["brackets"] is not None,
            every,
            found["param"] or "",
        )
        spec.check()
        return spec

    def check(self) -> None:
        """Raise ValueError for what the function does not take."""


class Place(Spec):
    """Where append_hf_value and insert_hf_value put a value."""

    __slots__ = ()

    def check(self) -> None:
        if self.every or self.param:
            raise ValueError("neither an asterisk nor a parameter is possible here")


class LastPlace(Place):
    """A place that is at the end unless it says where."""

    __slots__ = ()
    default_index = -1


class Assigned(Spec):
    """What assign_hf_value assigns to."""

    __slots__ = ()

    def check(self) -> None:
        if self.every and not self.param:
            raise ValueError("an asterisk needs a parameter here")


class Listed(Spec):
    """A header whose values are a set."""

    __slots__ = ()

    def check(self) -> None:
        if self.indexed or self.param:
            raise ValueError("neither index nor parameter is possible here")
