"""The commands `pkg.*` and `mod.*`: memory, as far as there is something to tell (pkg_stats.c)."""

import os
from typing import Any

from sipproxy.core.machine import process_memory
from sipproxy.core.module import Module, rpc
from sipproxy.errors import RpcError

_FILTERS = ("pid", "rank", "index")
_UNKNOWN = "memory is not counted by module here"


class MemoryCommands(Module):
    """There is one process and no arena of its own: sizes are those of the process."""

    host: Any

    @rpc("pkg.stats", array=True)
    def pkg_stats(self, kind: str = "", value: int | None = None) -> list[dict[str, object]]:
        """Private memory (pkg) statistics per process"""
        if kind and kind not in _FILTERS:
            raise RpcError(500, "Invalid filter type")
        if kind and value is None:
            raise RpcError(500, "One more parameter expected")
        rows = [
            self._row(index, pid, text)
            for index, (pid, text) in enumerate(self.host.processes())
            if not kind or value == (pid if kind == "pid" else index)
        ]
        if kind == "pid" and not rows:
            raise RpcError(500, "No such pid")
        return rows

    def _row(self, index: int, pid: int, text: str) -> dict[str, object]:
        sizes = process_memory() if pid == os.getpid() else {}
        return {
            "entry": index,
            "pid": pid,
            "rank": index,
            "used": sizes.get("used", 0),
            "free": sizes.get("free", 0),
            "real_used": sizes.get("real_used", 0),
            "total_size": sizes.get("total", 0),
            "total_frags": sizes.get("fragments", 0),
            "desc": text,
        }

    @rpc("pkg.info")
    def pkg_info(self) -> dict[str, object]:
        """Private memory (pkg) info per process"""
        return {"name": "process", "size": process_memory()["total"]}

    @rpc("mod.stats")
    @rpc("mod.mem_stats")
    @rpc("mod.mem_statsx")
    def mod_stats(self, *names: str) -> None:
        """Module memory usage statistics"""
        if not names:
            raise RpcError(500, 'Module name or "all" needed')
        raise RpcError(500, _UNKNOWN)
