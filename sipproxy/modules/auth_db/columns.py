"""The modparam load_credentials: columns of the user's row and what takes their values."""

from collections.abc import Callable
from dataclasses import dataclass

from sipproxy import text as wire
from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.resolve import ResolveError
from sipproxy.db.statement import SqlValue
from sipproxy.errors import ModuleError


@dataclass(frozen=True, slots=True)
class Loaded:
    """One column, as it is written in the SQL, and the pseudo-variable that gets its value."""

    column: str
    target: PvAccess

    def write(self, ctx: Context, value: SqlValue) -> None:
        """Assign a value of the row; an AVP gets none for NULL."""
        if isinstance(value, bytes):
            value = wire.decode(value)
        if isinstance(value, float):
            value = None
        if value is None and self.target.text.startswith(("$avp(", "$(avp(")):
            return
        self.target.write(ctx, value)


def read_columns(text: str, find: Callable[[str], PvAccess]) -> tuple[Loaded, ...]:
    """`$avp(x)=column;other` in the order of assignment, which is from the last to the first.

    A column alone goes to the AVP of its name. Raises ModuleError.
    """
    found: list[Loaded] = []
    parts = text.split(";")
    if not parts[-1]:
        parts.pop()
    for part in parts:
        target, equals, column = part.rpartition("=")
        column = column.strip()
        name = target.strip() if equals else f"$avp({column})"
        if not column or not name:
            raise ModuleError(f'load_credentials: "{part}" is not $variable=column')
        try:
            access = find(name)
        except ResolveError as error:
            raise ModuleError(f"load_credentials: {error}") from None
        if access.set is None:
            raise ModuleError(f"load_credentials: {name} cannot be written")
        found.insert(0, Loaded(column, access))
    return tuple(found)
