"""How a server is to run, as far as its cfg does not say it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sipproxy.net.dns import NameServer
from sipproxy.net.output import DEV_LOG
from sipproxy.program import Program

RUN_DIR = "/run/sipproxy"
"""Where relative socket paths stand unless -Y or `rundir` names another place."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a server is to run, as far as the command line says it."""

    stderr: bool = True
    run_dir: str = ""
    debug: int | None = None
    log_format: str = "text"
    color: bool = False
    """Colours in the log on stderr, as with log_color=1."""
    syslog: str = DEV_LOG
    name_servers: tuple[NameServer, ...] = ()
    """Asked instead of those of resolv.conf."""
    wait_db: float = 0.0
    """Seconds that the start waits for databases that are not there yet."""
    reread: Callable[[], Program] | None = None
    """Reads the cfg again, for a reload; without it there is none."""
