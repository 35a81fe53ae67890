"""srv_query, naptr_query and what they found: `$srvquery`, `$naptrquery` (Kamailio ipops_pv.c)."""

import re
from collections.abc import Callable
from typing import Any

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.dns.records import Naptr, Srv
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function, pvar
from sipproxy.core.values import Value

_MOST = 32
_NO_NAME = -2
_WRITTEN = re.compile(
    r"[ \t]*(\w+)[ \t]*=>[ \t]*(\w+)[ \t]*(?:\[[ \t]*(\$.*|-?\d+)[ \t]*\][ \t]*)?", re.ASCII
)
_SRV = {"port": "port", "priority": "priority", "target": "target", "weight": "weight"}
_NAPTR = {
    "order": "order",
    "pref": "preference",
    "flags": "flags",
    "services": "service",
    "regex": "regexp",
    "replace": "replacement",
}


class Queries(Module):
    """Records of other kinds than addresses; a route waits for those that are not known."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._srv: dict[str, tuple[Srv, ...]] = {}
        self._naptr: dict[str, tuple[Naptr, ...]] = {}

    @function(outside=True)
    async def srv_query(self, ctx: Context, name: str, key: str) -> int:
        """Look SRV records up for `$srvquery(key=>...)`: 1, or -2 without a name.

        They stand by priority, those of one priority drawn by their weights.
        """
        if not name:
            return _NO_NAME
        found = await self.host.names.lookup(name, "SRV")
        rows = self.host.locator.drawn([row for row in found if isinstance(row, Srv)])
        self._srv[key] = tuple(rows[:_MOST])
        return 1

    @function(outside=True)
    async def naptr_query(self, ctx: Context, name: str, key: str) -> int:
        """Look NAPTR records up for `$naptrquery(key=>...)`: 1, or -2 without a name."""
        if not name:
            return _NO_NAME
        found = await self.host.names.lookup(name, "NAPTR")
        self._naptr[key] = tuple(row for row in found if isinstance(row, Naptr))[:_MOST]
        return 1

    @pvar("srvquery", bind=True)
    def srvquery(self, inner: str | None, index: str | None) -> PvAccess:
        """`$srvquery(key=>count)`, `port[n]`, `priority[n]`, `target[n]`, `weight[n]`."""
        return self._access(inner, self._srv, _SRV)

    @pvar("naptrquery", bind=True)
    def naptrquery(self, inner: str | None, index: str | None) -> PvAccess:
        """`$naptrquery(key=>count)`, or of `[n]` order, pref, flags, services, regex, replace."""
        return self._access(inner, self._naptr, _NAPTR)

    def _access(self, inner: str | None, found: dict[str, Any], fields: dict[str, str]) -> PvAccess:
        """What reads a field of a found record; raises ValueError for what is not written so."""
        written = _WRITTEN.fullmatch(inner or "")
        if written is None:
            raise ValueError(f"it is written key=>count or key=>{next(iter(fields))}[0]")
        key, what, place = written.groups()
        if what == "count":
            return PvAccess(lambda ctx: len(found.get(key, ())), type="int")
        if what not in fields or place is None:
            raise ValueError(f"count and {', '.join(fields)} exist, with an index behind these")
        field, at = fields[what], self._index(place)

        def get(ctx: Context) -> Value:
            rows = found.get(key, ())
            position = at(ctx)
            if not isinstance(position, int):
                report(self.host.log, ERROR, "ipops", "failed to evaluate index variable!")
                return None
            position += len(rows) if position < 0 else 0
            value: Value = None
            if 0 <= position < len(rows):
                value = getattr(rows[position], field)
            return value

        return PvAccess(get)

    def _index(self, text: str) -> Callable[[Context], Value]:
        """What gives the index: a variable or a number."""
        if text.startswith("$"):
            access: PvAccess = self.host.pv(text)
            return access.read
        number = int(text)
        return lambda ctx: number
