"""The commands that the modules of a proxy declare, as a registry."""

from functools import partial

from sipproxy.core.host import Host
from sipproxy.core.log import ERROR, report
from sipproxy.rpc.dispatch import Registry, Report
from sipproxy.rpc.serve import run_json


def commands_of(host: Host, tell: Report | None = None) -> Registry:
    """All commands of the loaded modules; routes run commands by it too from now on.

    `tell` is told of commands that broke, else the log. Raises ModuleError for a name that two
    modules have, or a handler that cannot serve.
    """

    def write(name: str, error: Exception) -> None:
        report(host.log, ERROR, "core", f"RPC command {name} failed: {error!r}")

    registry = Registry(tell or write, host.begin)
    for name, declaration in host.rpcs.items():
        mark = declaration.mark
        registry.add(name, declaration.handler, array=mark.array, missing=mark.missing)
    registry.mi = host.mi
    host.run_json = partial(run_json, registry)
    return registry
