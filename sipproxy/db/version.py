"""The check of a table's version that Kamailio's modules make at start (lib/srdb1/db.c)."""

from sqlalchemy import bindparam, column, select
from sqlalchemy.sql import table as named_table

from sipproxy.db.database import Database
from sipproxy.errors import DatabaseError, ModuleError


def table_version(database: Database, name: str) -> int:
    """The version a table has, 0 when none is told; raises DatabaseError."""
    version = named_table(database.version_table, column("table_name"), column("table_version"))
    query = database.prepare(
        select(version.c.table_version).where(version.c.table_name == bindparam("name"))
    )
    rows = query.read((name,))
    if not rows:
        return 0
    found = rows[0][0]
    if len(rows) != 1 or not isinstance(found, int):
        raise DatabaseError(f"the table {database.version_table} has no number for {name}")
    return found


def check_version(database: Database, name: str, expected: int) -> None:
    """Raises ModuleError when the table is of another version, or that cannot be told."""
    try:
        found = table_version(database, name)
    except DatabaseError as error:
        raise ModuleError(f"the version of the table {name} cannot be told: {error}") from None
    if found != expected:
        raise ModuleError(
            f"invalid version {found} for table {name} found, expected {expected} "
            f'(check table structure and table "{database.version_table}")'
        )
