"""The definition of a table: `modparam("htable", "htable", "name=>attr=value;attr=value;")`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sipproxy.core.suggest import suggestion
from sipproxy.core.values import INT_MAX, INT_MIN
from sipproxy.errors import ModuleError

_MAX_COLUMNS = 8
_UINT_MAX = 0xFFFF_FFFF

_WS = r"[ \t\r\n]*"
_DEFINITION = re.compile(rf"{_WS}([^= \t\r\n]*){_WS}=>{_WS}(.*)", re.DOTALL)
_ATTRIBUTE = re.compile(
    rf"""{_WS}(?P<name>[^=;,\ \t\r\n]*){_WS}
    (?P<given>={_WS}(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<bare>[^;,'"\ \t\r\n]*)){_WS})?
    (?P<end>[;,]|\Z)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table as the cfg defines it. Durations are seconds; `autoexpire` 0 means never.

    `initval` is what a missing key reads as. `maxitems` is ours: so many keys have room, 0 means as
    many as memory holds. `columns` are those of `cols`, whose values are joined by `coldelim`, NULL
    as `colnull`. `reloadat` is how many seconds lie between two reloads. `ignored` is text after a
    comma, which Kamailio accepts and does not read.
    """

    name: str
    size: int = 4
    autoexpire: int = 0
    updateexpire: int = 1
    initval: int | None = None
    dbtable: str = ""
    dbmode: int = 0
    columns: tuple[str, ...] = ()
    coldelim: str = ","
    colnull: str = "*"
    reloadat: int = 0
    dmqreplicate: int = 0
    maxitems: int = 0
    ignored: str = ""

    @property
    def slots(self) -> int:
        """How many slots the table has: 2^size; 8 for a size up to 1, 2^14 for one over 31."""
        if self.size <= 1:
            return 8
        return 1 << (14 if self.size > 31 else self.size)

    @classmethod
    def parse(cls, text: str, *, newer: bool = False) -> "TableSpec":
        """Read a definition; raises ModuleError naming what is wrong in it.

        With `newer` there is what Kamailio 6.1 has.
        """
        known = _ATTRIBUTES + _NEWER if newer else _ATTRIBUTES
        found = _DEFINITION.fullmatch(text)
        if found is None:
            raise ModuleError(f'htable "{text}": a definition is written name=>attribute=value;...')
        values: dict[str, str] = {}
        ignored = ""
        for name, value, rest in _attributes(text, found[2]):
            if name not in known:
                hint = suggestion(name, known)
                raise _wrong(text, f'unknown attribute "{name}"' + (f" ({hint})" if hint else ""))
            if value is None:
                raise _wrong(text, f'attribute "{name}" has no value')
            # Of an attribute given twice the first counts: Kamailio keeps the list backwards.
            values.setdefault(name, value)
            ignored = rest
        numbers = {name: _number(text, name, values[name]) for name in _UNSIGNED if name in values}
        initval = _number(text, "initval", values["initval"]) if "initval" in values else None
        columns = _columns(text, values.get("cols", ""))
        return cls(
            found[1],
            **numbers,
            initval=initval,
            dbtable=values.get("dbtable", ""),
            columns=columns,
            coldelim=_character(text, "coldelim", values.get("coldelim", ",")),
            colnull=_character(text, "colnull", values.get("colnull", "*")),
            ignored=ignored,
        )


_UNSIGNED = ("size", "autoexpire", "updateexpire", "dbmode", "dmqreplicate", "maxitems", "reloadat")
_NEWER = ("coldelim", "colnull", "reloadat")
_ATTRIBUTES = (*(name for name in _UNSIGNED if name not in _NEWER), "initval", "dbtable", "cols")


def _wrong(text: str, problem: str) -> ModuleError:
    return ModuleError(f'htable "{text}": {problem}')


def _attributes(text: str, body: str) -> Iterator[tuple[str, str | None, str]]:
    """(name, value or None, text after a comma) of each attribute; raises ModuleError."""
    body = body.removesuffix(";")
    at = 0
    while at < len(body) or (at and body[at - 1] == ";"):
        found = _ATTRIBUTE.match(body, at)
        if found is None:
            raise _wrong(text, f'cannot read "{body[at:].strip()}"')
        if not found["name"] and not found["given"] and found["end"] != ",":
            raise _wrong(text, "an attribute is missing after ;")
        value = None if found["given"] is None else found["single"] or found["double"]
        if found["given"] is not None and value is None:
            value = found["bare"] or ""
        if value == "" and found["end"] and found["bare"] is not None:
            raise _wrong(text, f'attribute "{found["name"]}" has no value')
        comma = found["end"] == ","
        yield found["name"], value, body[found.end() :] if comma else ""
        if comma:
            return
        at = found.end()


def _number(text: str, name: str, value: str) -> int:
    """A whole number in decimal digits with an optional sign; an empty text is 0."""
    least, most = (INT_MIN, INT_MAX) if name == "initval" else (0, _UINT_MAX)
    digits = value[1:] if value[:1] == "+" or (value[:1] == "-" and least < 0) else value
    if digits.strip("0123456789"):
        raise _wrong(text, f'{name} needs a number, not "{value}"')
    number = int(digits.lstrip("0")[:20] or "0") * (-1 if value[:1] == "-" else 1)
    if not least <= number <= most:
        raise _wrong(text, f"{name} must be between {least} and {most}, not {value}")
    return number


def _columns(text: str, value: str) -> tuple[str, ...]:
    """The columns of `cols`: the key's, then one or more for the value."""
    if not value:
        return ()
    columns = tuple(value.split(","))
    if len(columns) < 2:
        raise _wrong(text, "cols needs at least two columns: the key and a value")
    if len(columns) > _MAX_COLUMNS:
        raise _wrong(text, f"cols takes at most {_MAX_COLUMNS} columns, not {len(columns)}")
    return columns


def _character(text: str, name: str, value: str) -> str:
    """One character; for `colnull` it may be none."""
    if len(value) > 1 or (not value and name != "colnull"):
        raise _wrong(text, f"{name} is one character, not {value!r}")
    return value
