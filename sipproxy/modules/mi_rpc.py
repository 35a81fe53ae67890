"""mi_rpc: the commands of Kamailio 3's management interface called by RPC (modules/mi_rpc there).

Kamailio 5 has neither the module nor those commands any more; it is there under compat 3.0.
"""

from collections.abc import Iterator, Sequence
from inspect import isawaitable
from itertools import chain
from typing import Any

from sipproxy.core.log import ERROR, report
from sipproxy.core.mi import MiNode, MiReply
from sipproxy.core.module import Module, modparam, rpc
from sipproxy.core.params import LooseStr
from sipproxy.errors import RpcError
from sipproxy.text import byte_length

_MISSING = "command parameter missing"
_MOST_LINE = 511
_MOST_LEVELS = 31


class MiRpc(Module, name="mi_rpc", until="3.0"):
    """`kamcmd mi sht_dump TABLE`: an argument is a value; behind `--name` it has a name."""

    rpc_url = modparam("", "Accepted; the command rpc, which it is for, came with Kamailio 4.")

    @rpc("mi", array=True, missing=_MISSING)
    async def mi(self, command: str, *arguments: LooseStr) -> list[str]:
        """Execute MI command."""
        reply = await self._run(command, arguments)
        self._raise_failure(reply)
        return list(_lines(reply.nodes, "\t", ""))

    @rpc("mi_fifo", array=True, missing=_MISSING)
    async def mi_fifo(self, command: str, *arguments: LooseStr) -> list[str]:
        """Execute MI command, with the answer as its FIFO gives it."""
        reply = await self._run(command, arguments)
        return [*_with_status(reply), "\n"]

    @rpc("mi_dg", array=True, missing=_MISSING)
    async def mi_dg(self, command: str, *arguments: LooseStr) -> list[str]:
        """Execute MI command, with the answer as its datagram socket gives it."""
        return list(_with_status(await self._run(command, arguments)))

    @rpc("mi_xmlrpc", array=True, missing=_MISSING)
    async def mi_xmlrpc(self, command: str, *arguments: LooseStr) -> list[str]:
        """Execute MI command, with the answer as XML-RPC gives it."""
        reply = await self._run(command, arguments)
        self._raise_failure(reply)
        return list(_lines(reply.nodes, "", "\n"))

    async def _run(self, command: str, arguments: Sequence[str]) -> MiReply:
        """What the command answers; raises RpcError."""
        handler = self.host.mi.get(command)
        if handler is None:
            raise RpcError(500, "command not available")
        nodes = _nodes(arguments)
        try:
            answer: Any = handler(nodes)
            reply: MiReply = await answer if isawaitable(answer) else answer
        except Exception as error:
            report(self.host.log, ERROR, self.name, f"{command} failed: {error}")
            raise RpcError(500, "execution failed") from error
        return reply

    def _raise_failure(self, reply: MiReply) -> None:
        if not 200 <= reply.code <= 299:
            raise RpcError(reply.code, reply.reason)


def _nodes(arguments: Sequence[str]) -> list[MiNode]:
    """Arguments as a request's lines; raises RpcError for a name without its value."""
    nodes: list[MiNode] = []
    given = iter(arguments)
    for value in given:
        name = None
        if value.startswith("--"):
            name = value[2:] or None
            following = next(given, None)
            if following is None:
                raise RpcError(500, "cannot parse parameters")
            value = following
        nodes.append(MiNode(name, value))
    return nodes


def _with_status(reply: MiReply) -> Iterator[str]:
    return chain((f"{reply.code} {reply.reason}\n",), _lines(reply.nodes, "\t", "\n"))


def _lines(nodes: Sequence[MiNode], indent: str, end: str, level: int = 0) -> Iterator[str]:
    """A line for each node, those below indented; raises RpcError for one that is too long."""
    if level > _MOST_LEVELS:
        return
    for node in nodes:
        line = f"{indent * level}{node.name or ''}:: {node.value or ''}{end}"
        if byte_length(line) > _MOST_LINE:
            raise RpcError(500, "Line too long")
        yield line
        yield from _lines(node.below, indent, end, level + 1)
