"""db_scheme, other tables to load from: `name:table=t;value_col=v` (Kamailio avpops_parse.c)."""

import re
from dataclasses import dataclass, field, replace

from sipproxy.text import lower

_NAME = re.compile(r"\s*([^:\s]+)\s*:\s*(?=\S)", re.ASCII)
_ITEM = re.compile(r"([^=\s]+)\s*=\s*([^;\s]+)\s*(?:;\s*|\Z)", re.ASCII)
_COLUMNS = {
    "uuid_col": "uuid",
    "username_col": "username",
    "domain_col": "domain",
    "value_col": "value",
    "table": "table",
}
_TYPES = {"string": False, "integer": True}


@dataclass(frozen=True, slots=True)
class Columns:
    """The table and its columns as they stand in SQL; an empty one is another's to say."""

    table: str = ""
    uuid: str = ""
    username: str = ""
    domain: str = ""
    value: str = ""
    attribute: str = ""
    type: str = ""

    def over(self, default: "Columns") -> "Columns":
        """The same with what is empty taken from `default`."""
        empty = {name: getattr(default, name) for name in self.__slots__ if not getattr(self, name)}
        return replace(self, **empty)


@dataclass(frozen=True, slots=True)
class Scheme:
    """A named table with one value in each row, which is a number where `numeric`."""

    name: str
    columns: Columns = field(default_factory=Columns)
    numeric: bool = False


def read_scheme(text: str) -> Scheme:
    """Read `name:attribute=value;...`; raises ValueError."""
    head = _NAME.match(text)
    if head is None:
        raise ValueError(f"{text!r} is not of the form name:table=t;value_col=v")
    given: dict[str, str] = {}
    numeric, at = False, head.end()
    while at < len(text):
        item = _ITEM.match(text, at)
        if item is None:
            raise ValueError(f"parse error in {text!r} around {at}")
        name, value, at = lower(item[1]), item[2], item.end()
        if name == "value_type":
            if lower(value) not in _TYPES:
                raise ValueError(f"unknown value type <{value}>: expected string or integer")
            numeric = _TYPES[lower(value)]
            continue
        column = _COLUMNS.get(name)
        if column is None:
            known = ", ".join(sorted([*_COLUMNS, "value_type"]))
            raise ValueError(f"unknown attribute <{item[1]}>: expected {known}")
        if column in given:
            raise ValueError(f"{item[1]} is given twice")
        given[column] = value
    return Scheme(head[1], Columns(**given), numeric)
