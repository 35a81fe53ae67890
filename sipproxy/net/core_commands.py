"""The RPC commands of the core itself: `core.*` (Kamailio core/core_cmd.c)."""

import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from typing import cast

from sipproxy import __version__
from sipproxy.core.host import Host
from sipproxy.core.log import INFO, report
from sipproxy.core.machine import process_memory
from sipproxy.core.waiting import Wait
from sipproxy.errors import RpcError
from sipproxy.rpc.arguments import LooseStr
from sipproxy.rpc.dispatch import Registry
from sipproxy.rpc.signature import Handler
from sipproxy.rpc.values import NamedArray, Struct, Value
from sipproxy.script.defines import KAMAILIO_VERSION

KAMAILIO = ".".join(map(str, KAMAILIO_VERSION))
VERSION_LINE = f"sipproxy {__version__} (compatible with kamailio {KAMAILIO})"
"""What core.version answers."""

_DAY = 86400


class CoreCommands:
    """What the server tells about itself; `stop` ends it (core.kill)."""

    def __init__(
        self,
        host: Host,
        defines: list[str],
        stop: Callable[[], None],
        arguments: list[str],
        started: float,
        reload: Callable[[Callable[[Sequence[str]], None]], None],
    ) -> None:
        """`reload` begins to read the cfg again, and tells what is wrong when that is over."""
        self._host = host
        self._defines = defines
        self._stop = stop
        self._arguments = arguments
        self._started = started
        self._reload = reload

    def register(self, registry: Registry) -> None:
        """Add all commands to the registry."""
        plain: tuple[tuple[str, Handler], ...] = (
            ("version", self.version),
            ("flags", self.flags),
            ("info", self.info),
            ("runinfo", self.runinfo),
            ("uptime", self.uptime),
            ("kill", self.kill),
            ("reload", self.reload),
            ("shmmem", self.shmmem),
            ("tcp_info", self.tcp_info),
            ("aliases_list", self.aliases_list),
            ("sockets_list", self.sockets_list),
        )
        arrays: tuple[tuple[str, Handler], ...] = (
            ("prints", self.prints),
            ("printi", self.printi),
            ("echo", self.echo),
            ("ps", self.ps),
            ("psx", self.psx),
            ("psa", self.psa),
            ("pwd", self.pwd),
            ("arg", self.arg),
            ("modules", self.modules),
            ("ppdefines", self.ppdefines),
            ("tcp_list", self.tcp_list),
        )
        for name, handler in plain:
            registry.add(f"core.{name}", handler)
        for name, handler in arrays:
            registry.add(f"core.{name}", handler, array=True)

    def version(self) -> Value:
        """Returns the version string of the server."""
        return VERSION_LINE

    def flags(self) -> Value:
        """Returns what this build can do."""
        return "UDP, TCP, IPV6, DNS"

    def info(self) -> Value:
        """Verbose info: version, interpreter, abilities."""
        return {
            "version": VERSION_LINE,
            "id": __version__,
            "compiler": f"{platform.python_implementation()} {platform.python_version()}",
            "compiled": "",
            "flags": self.flags(),
        }

    def runinfo(self) -> Value:
        """Run-time info: version, interpreter, times."""
        seconds = self._uptime()
        days, rest = divmod(seconds, _DAY)
        return {
            "name": "sipproxy",
            "version": __version__,
            "sourceid": KAMAILIO,
            "compiler": f"{platform.python_implementation()} {platform.python_version()}",
            "compiled": "",
            "time_now": time.ctime(self._host.now()),
            "time_started": time.ctime(self._started),
            "uptime_secs": seconds,
            "utime_days": f"{days}d {rest // 3600}h {rest // 60 % 60}m {rest % 60}s",
        }

    def uptime(self) -> Value:
        """Returns uptime of the server."""
        return {
            "now": time.ctime(self._host.now()),
            "up_since": time.ctime(self._started),
            "uptime": self._uptime(),
        }

    def _uptime(self) -> int:
        return int(self._host.now()) - int(self._started)

    def prints(self, *texts: str) -> Value:
        """Returns the string parameters."""
        return list(texts)

    def printi(self, *numbers: int) -> Value:
        """Returns the integer parameters."""
        return list(numbers)

    def echo(self, *texts: LooseStr) -> Value:
        """Returns back its parameters."""
        return list(texts)

    def ps(self) -> Value:
        """Returns the description of running processes."""
        return [item for row in self._host.processes() for item in row]

    def psx(self) -> Value:
        """Returns the detailed description of running processes."""
        return [
            {"IDX": index, "PID": pid, "DSC": text}
            for index, (pid, text) in enumerate(self._host.processes())
        ]

    def psa(self) -> Value:
        """Returns the list with all attributes of running processes."""
        return [
            {"index": index, "pid": pid, "status": 1, "rank": index, "description": text}
            for index, (pid, text) in enumerate(self._host.processes())
        ]

    def pwd(self) -> Value:
        """Returns the working directory of the server."""
        return [os.getcwd()]

    def arg(self) -> Value:
        """Returns the list of command line arguments."""
        return list(self._arguments)

    def kill(self) -> Value:
        """Ends the server, as SIGTERM does."""
        report(self._host.log, INFO, "core", "stopped by core.kill")
        self._stop()
        return None

    async def reload(self) -> Value:
        """Reads the cfg again and serves by it, if nothing is wrong in it, as SIGHUP does."""
        wait = Wait()
        self._reload(wait.finish)
        complaints = cast(Sequence[str], await wait)
        if complaints:
            more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
            raise RpcError(500, f"not reloaded: {complaints[0]}{more}")
        return {"reloaded": self._host.cfg_file}

    def shmmem(self, unit: str = "b") -> Value:
        """Returns memory info: there is no shared arena here, so it is the process's own."""
        shift = {"b": 0, "k": 10, "m": 20, "g": 30}.get(unit[:1].lower())
        if shift is None or unit[1:].lower() not in ("", "b"):
            raise RpcError(500, "bad param, (use b|k|m|g)")
        sizes = process_memory()
        fragments = sizes.pop("fragments")
        shifted: dict[str, Value] = {name: size >> shift for name, size in sizes.items()}
        return shifted | {"fragments": fragments}

    def tcp_info(self) -> Value:
        """Returns TCP related info: how many connections there are and what waits in them."""
        self._need_tcp()
        settings, streams = self._host.settings, self._host.streams
        return {
            "readers": int(any(one.proto == "tcp" for one in self._host.own.sockets)),
            "max_connections": settings.tcp_max_connections,
            "max_tls_connections": settings.tls_max_connections,
            "opened_connections": len(streams.rows()),
            "opened_tls_connections": 0,
            "write_queued_bytes": streams.queued,
        }

    def tcp_list(self) -> Value:
        """Returns the list of TCP connections."""
        self._need_tcp()
        rows: list[Value] = [
            {
                "id": row.number,
                "type": row.proto.upper(),
                "state": row.state,
                "timeout": row.timeout,
                "lifetime": row.lifetime,
                "ref_count": 1,
                "src_ip": row.remote[0],
                "src_port": row.remote[1],
                "dst_ip": row.local[0],
                "dst_port": row.local[1],
            }
            for row in self._host.streams.rows()
        ]
        return rows

    def _need_tcp(self) -> None:
        if self._host.settings.disable_tcp:
            raise RpcError(500, "tcp support disabled")

    def modules(self) -> Value:
        """Lists the modules of the cfg, the one loaded last first."""
        return [name for name in reversed(self._host.modules) if name != "core"]

    def ppdefines(self) -> Value:
        """Lists the names of the preprocessor's defines."""
        return list(self._defines)

    def sockets_list(self) -> Value:
        """Lists the sockets the server listens on."""
        rows = [
            (
                "socket",
                Struct(
                    (
                        ("proto", one.proto),
                        ("address", one.address),
                        ("port", str(one.port)),
                        *_advertised(one.advertise),
                        ("mcast", "no"),
                        ("mhomed", "no"),
                        ("virtual", "no"),
                    )
                ),
            )
            for one in self._host.own.sockets
        ]
        return NamedArray(tuple(rows))

    def aliases_list(self) -> Value:
        """Lists the names by which messages may mean this server."""
        rows = [
            (
                "alias",
                Struct((("proto", proto or "*"), ("address", name), ("port", port or "*"))),
            )
            for name, port, proto in self._host.settings.alias
        ]
        return {"myself_callbacks": "no", "aliases": NamedArray(tuple(rows))}


def _advertised(advertise: tuple[str, int] | None) -> tuple[tuple[str, Value], ...]:
    if advertise is None:
        return ()
    host, port = advertise
    return (("advertise", f"{host}:{port}" if port else host),)


def command_line() -> list[str]:
    """The words the process was started with."""
    return ["sipproxy", *sys.argv[1:]]
