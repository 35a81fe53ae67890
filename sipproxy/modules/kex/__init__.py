"""kex: flags of branches and of the script, `$du`, statistics (Kamailio modules/kex)."""

import os
from functools import partial
from typing import Any

from sipproxy.core.access import Format, PvAccess
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.machine import process_memory
from sipproxy.core.module import function, pvar
from sipproxy.core.statistics import Statistic
from sipproxy.errors import MessageError
from sipproxy.modules.kex.commands import StatsCommands
from sipproxy.modules.kex.core_stats import CoreStats
from sipproxy.modules.kex.memory import MemoryCommands
from sipproxy.sip.uri import Uri

_MEMORY = {
    "fragments": "fragments",
    "free_size": "free",
    "max_used_size": "max_used",
    "real_used_size": "real_used",
    "total_size": "total",
    "used_size": "used",
}
"""Statistics of the group `shmem`, and what core.shmmem calls them."""


class Kex(StatsCommands, MemoryCommands, name="kex"):
    """Small extensions of the core's functions."""

    script_flags = 0
    """Flags of the script while the module pv, which shows them as `$sf`, is not loaded."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._ids = 0
        self._id_start = ""

    def start(self) -> None:
        self._home: Any = self.host.modules.get("pv", self)
        self._debug: int | None = None
        statistics = self.host.statistics
        CoreStats(statistics, self.host.traffic)
        for name, size in _MEMORY.items():
            statistics.add(Statistic("shmem", name, reading=partial(_size, size)))

    # -- names

    @pvar("sruid")
    def sruid(self, ctx: Context) -> str:
        """Another id at each reading: `srid`, server_id if set, start, process, a hexadecimal count
        with its low digit first.
        """
        self._ids += 1
        if not self._id_start:
            server = getattr(self.host.settings, "server_id", 0) or 0
            shown = f"{server & 0xFFFF_FFFF:x}-" if server else ""
            self._id_start = f"srid-{shown}{int(ctx.now):x}-{os.getpid():x}-"
        return self._id_start + f"{self._ids:x}"[::-1]

    # -- flags of the script

    @function()
    def setsflag(self, ctx: Context, flag: int) -> bool:
        """Set a flag of the script."""
        if not 0 <= flag <= 31:
            return False
        self._home.script_flags |= 1 << flag
        return True

    @function()
    def resetsflag(self, ctx: Context, flag: int) -> bool:
        """Clear a flag of the script."""
        if not 0 <= flag <= 31:
            return False
        self._home.script_flags &= ~(1 << flag)
        return True

    @function()
    def issflagset(self, ctx: Context, flag: int) -> bool:
        """Whether a flag of the script is set."""
        return 0 <= flag <= 31 and bool(self._home.script_flags >> flag & 1)

    # -- flags of branches

    @function()
    def setbflag(self, ctx: Context, flag: int, branch: int = 0) -> bool:
        """Set a flag of a branch; 0 is the R-URI's own."""
        owner = _owner(ctx, flag, branch)
        if owner is None:
            return False
        owner.bflags |= 1 << flag
        return True

    @function()
    def resetbflag(self, ctx: Context, flag: int, branch: int = 0) -> bool:
        """Clear a flag of a branch."""
        owner = _owner(ctx, flag, branch)
        if owner is None:
            return False
        owner.bflags &= ~(1 << flag)
        return True

    @function()
    def isbflagset(self, ctx: Context, flag: int, branch: int = 0) -> bool:
        """Whether a flag of a branch is set."""
        owner = _owner(ctx, flag, branch)
        return owner is not None and bool(owner.bflags >> flag & 1)

    # -- the next hop

    @function()
    def setdsturi(self, ctx: Context, uri: str) -> bool:
        """Set `$du`."""
        if not uri:
            return False
        ctx.dst_uri = uri
        return True

    @function()
    def resetdsturi(self, ctx: Context) -> None:
        """Clear `$du`."""
        ctx.dst_uri = ""

    @function()
    def isdsturiset(self, ctx: Context) -> bool:
        """Whether `$du` is set."""
        return bool(ctx.dst_uri)

    # -- the rest

    @function()
    def is_myself(self, ctx: Context, text: str) -> bool:
        """Whether a URI or a host name means this proxy."""
        own = self.host.own
        if text[:4].lower() != "sip:" and text[:5].lower() != "sips:":
            return bool(own.is_myself(text))
        try:
            uri = Uri.parse(text)
        except MessageError:
            report(self.host.log, ERROR, "kex", f"failed to parse uri [{text}]")
            return False
        return bool(own.is_myself(uri.host, uri.port or 0, uri.transport or ""))

    @function(name="pv_printf")
    @function(name="avp_printf")
    def pv_printf(self, ctx: Context, target: PvAccess, text: Format) -> None:
        """Write a text to a variable."""
        target.write(ctx, text(ctx))

    @function()
    def setdebug(self, ctx: Context, level: int) -> None:
        """Log as if the core parameter debug had this value."""
        if self._debug is None:
            self._debug = self.host.log.threshold
        self.host.log.threshold = level

    @function()
    def resetdebug(self, ctx: Context) -> None:
        """Log by the core parameter debug again."""
        if self._debug is not None:
            self.host.log.threshold = self._debug
            self._debug = None


def _size(name: str) -> int:
    return process_memory()[name]


def _owner(ctx: Context, flag: int, branch: int) -> Any:
    """What holds the flags of a branch; None for a flag or a branch that does not exist."""
    if not 0 <= flag <= 31 or branch < 0:
        return None
    if branch == 0:
        return ctx
    if not ctx.touched("branches") or branch > len(ctx.branches):
        return None
    return ctx.branches[branch - 1]
