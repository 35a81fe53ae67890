"""db_text: databases with URLs text:///folder, a file for each table (Kamailio modules/db_text)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, modparam, rpc
from sipproxy.db.registry import TextOptions
from sipproxy.errors import DatabaseError, ModuleError

if TYPE_CHECKING:
    from sipproxy.db.database import Database


class DbText(Module, name="db_text"):
    """Loading it lets other modules use folders of text files."""

    db_mode = modparam(0, "1: a file that another program has changed is read again")
    db_delim = modparam(":", "the character between two fields")
    emptystring = modparam(0, "1: a field without a character is an empty text, not NULL")
    file_buffer_size = modparam(16384, "no effect: a field may be of any length")
    max_result_rows = modparam(100000, "no effect: there may be any number of rows")
    default_connection = modparam("", "the database of the command db_text.query")

    def start(self) -> None:
        """Tell what reads the files."""
        delimiter = self.db_delim
        if len(delimiter) != 1:
            report(self.host.log, ERROR, self.name, "db_delim is one character: it is : now")
            delimiter = ":"
        self.host.databases.text = TextOptions(
            delimiter, empty_texts=self.emptystring != 0, follows=self.db_mode != 0
        )

    @rpc("db_text.dump")
    def _dump(self) -> str:
        """Write back to disk modified tables: each is written when it is changed."""
        return "Dump OK"

    @rpc("db_text.query", array=True)
    async def _query(self, sql: str) -> list[str]:
        """Perform Live Query: the columns, the rows, and how many they are."""
        try:
            database = cast("Database", self.host.database(self.default_connection))
        except ModuleError:
            return [f"invalid connection : {self.default_connection}"]
        try:
            found = await database.ask(sql)
        except DatabaseError as error:
            report(self.host.log, ERROR, self.name, str(error))
            return ["error executing sql statement"]
        if not found.columns:
            return [f"{max(found.changed, 0)} affected rows"]
        if not found.rows:
            return ["statement returned 0 rows"]
        rows = [":".join("" if v is None else str(v) for v in row) for row in found.rows]
        return [" ".join(found.columns), *rows, f"\ntotal rows {len(rows)} / {len(rows)}"]
