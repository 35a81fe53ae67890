"""SQLAlchemy statements made ready once: SQL text in the database's dialect, parameters in order.

What is executed later is text and plain values at the driver's level: a prepared statement costs
SQLAlchemy nothing at run time. Its type conversions are bypassed: values are int, float, str, bytes
and None.
"""

from collections.abc import Sequence
from typing import TypeAlias

from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import ClauseElement

from sipproxy import text as wire
from sipproxy.errors import DatabaseError

SqlValue: TypeAlias = int | float | str | bytes | None
Row: TypeAlias = tuple[SqlValue, ...]
Parameters: TypeAlias = tuple[SqlValue, ...] | dict[str, SqlValue]
"""As the driver takes them: in order, or by name."""


class Statement:
    """A statement in the SQL of one dialect; `names` are its parameters in the caller's order."""

    __slots__ = ("_constants", "_order", "_straight", "names", "sql")

    def __init__(self, element: ClauseElement, dialect: Dialect, names: Sequence[str]) -> None:
        """`names`: the `bindparam`s in the order of the values; else as they stand in the text.

        Raises ValueError for a list of values (`in_`), whose length a prepared text cannot leave
        open, and DatabaseError for names that the dialect cannot write.
        """
        try:
            compiled = element.compile(dialect=dialect)
        except SQLAlchemyError as error:
            raise DatabaseError(f"no SQL for this: {error}") from None
        self.sql = wire.presentable(str(compiled))
        if "__[POSTCOMPILE" in self.sql:
            raise ValueError("a prepared statement takes no list of values")
        positions = getattr(compiled, "positiontup", None)
        binds = getattr(compiled, "binds", {})
        self._order: tuple[str, ...] | None = None if positions is None else tuple(positions)
        used = tuple(binds) if positions is None else tuple(dict.fromkeys(positions))
        self._constants: dict[str, SqlValue] = {
            name: binds[name].effective_value for name in used if not binds[name].required
        }
        self.names = tuple(names) or tuple(n for n in used if n not in self._constants)
        self._straight = self._order == self.names

    def arrange(self, values: Sequence[SqlValue]) -> Parameters:
        """The driver's parameters for values in the order of `names`."""
        if self._straight:
            return tuple(values)
        if len(values) != len(self.names):
            raise ValueError(f"{len(values)} values for the parameters {', '.join(self.names)}")
        given = {**self._constants, **dict(zip(self.names, values, strict=True))}
        if self._order is None:
            return given
        return tuple(given[name] for name in self._order)


def presentable(parameters: Parameters) -> Parameters:
    """The same with texts that are valid UTF-8: nothing else leaves for a database."""
    if isinstance(parameters, dict):
        return {name: _presentable(value) for name, value in parameters.items()}
    return tuple(map(_presentable, parameters))


def _presentable(value: SqlValue) -> SqlValue:
    return wire.presentable(value) if isinstance(value, str) else value
