"""The commands `sht_reload` and `sht_dump` of Kamailio 3's management interface (its htable.c)."""

from collections.abc import Sequence

from sipproxy.core.log import ERROR, report
from sipproxy.core.mi import TOO_FEW, MiNode, MiReply
from sipproxy.core.module import mi
from sipproxy.errors import DatabaseError
from sipproxy.modules.htable.commands import Commands

_NOT_RELOADED = MiReply(500, "ERROR Reloading data")
_NO_TABLE = MiReply(500, "no such hash table")


class Management(Commands):
    """What an operator of Kamailio 3 may ask and do; offered under compat 3.0."""

    @mi("sht_reload")
    async def _mi_reload(self, arguments: Sequence[MiNode]) -> MiReply:
        """Reload a hash table from database."""
        if not self.db_url:
            return _NOT_RELOADED
        name = _name(arguments)
        if isinstance(name, MiReply):
            return name
        if name not in self.tables or name not in self.stored:
            return _NO_TABLE
        try:
            await self.reload(name)
        except DatabaseError as error:
            report(self.host.log, ERROR, "htable", str(error))
            return _NOT_RELOADED
        return MiReply()

    @mi("sht_dump")
    def _mi_dump(self, arguments: Sequence[MiNode]) -> MiReply:
        """Dump content of a hash table: each slot that is not empty, and its items below."""
        name = _name(arguments)
        if isinstance(name, MiReply):
            return name
        table = self.tables.get(name)
        if table is None:
            return _NO_TABLE
        entries = (
            MiNode("Entry", str(slot), tuple(MiNode(key, str(cell[0])) for key, cell in items))
            for slot, items in table.by_slot()
        )
        return MiReply(nodes=tuple(entries))


def _name(arguments: Sequence[MiNode]) -> str | MiReply:
    """The name of a table that a request's first line gives, or what to answer without one."""
    if not arguments:
        return MiReply(400, TOO_FEW)
    return arguments[0].value or MiReply(500, "bad hash table name")
