"""The commands `shm.*` and `corex.*_summary`: memory (Kamailio corex_rpc.c, corex_rpc_shm.c)."""

from sipproxy.core.log import INFO, report
from sipproxy.core.machine import process_memory
from sipproxy.core.module import Module, rpc
from sipproxy.errors import RpcError


class MemoryCommands(Module):
    """There is no shared arena: sizes are those of the process."""

    @rpc("shm.info")
    def shm_info(self) -> dict[str, object]:
        """Return shared memory info"""
        return {"name": "process", "size": process_memory()["total"]}

    @rpc("shm.stats")
    def shm_stats(self) -> dict[str, int]:
        """Return shared memory stats"""
        return process_memory()

    @rpc("shm.report")
    def shm_report(self) -> None:
        """Return shared memory report"""
        raise RpcError(500, "there is no shared memory whose pieces could be reported")

    @rpc("corex.shm_status")
    @rpc("corex.shm_summary")
    def shm_status(self) -> None:
        """Trigger shm status dump to syslog (log file)."""
        self._tell()

    @rpc("corex.pkg_summary")
    def pkg_summary(self, selector: str = "", value: int | None = None) -> None:
        """Trigger pkg summary dump to syslog (log file)."""
        if not selector or value is None:
            raise RpcError(400, "Selector and value not provided")
        self._tell()

    def _tell(self) -> None:
        sizes = ", ".join(f"{name}={size}" for name, size in process_memory().items())
        report(self.host.log, INFO, "corex", f"memory of the process: {sizes}")
