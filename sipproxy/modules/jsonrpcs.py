"""jsonrpcs: control by JSON-RPC 2.0 over HTTP, a FIFO, a datagram socket, and from the cfg itself
(Kamailio modules/jsonrpcs)."""

from typing import Any, Literal

from sipproxy.core.access import PvAccess
from sipproxy.core.bindings import HttpReplies
from sipproxy.core.context import Context
from sipproxy.core.endpoints import RpcEndpoint
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.core.module import Module, function, modparam, pvar, rpc
from sipproxy.core.params import LooseInt, LooseStr
from sipproxy.errors import ModuleError
from sipproxy.text import decode

_HTTP, _FIFO, _DATAGRAM = 1, 2, 4
_LEAST_PORT = 1024
_LEAST_PLACE = 6
"""Characters that Kamailio wants the datagram socket's name to have."""


class Jsonrpcs(Module, name="jsonrpcs"):
    """Declares the JSON-RPC sockets, which the server serves, and runs commands for the cfg."""

    transport = modparam(6, "Mask: 1 HTTP, 2 FIFO, 4 datagram; 0 is all that can be served.")
    dgram_socket = modparam("kamailio_rpc.sock", "Path of a unix socket, or udp:host:port.")
    dgram_mode = modparam(0o660, "Permissions of the datagram socket.")
    dgram_user = modparam(
        "", "User name or number that owns the datagram socket.", takes_numbers=True
    )
    dgram_group = modparam(
        "", "Group name or number that owns the datagram socket.", takes_numbers=True
    )
    dgram_workers = modparam(1, "Accepted; the server's own loop answers.")
    dgram_timeout = modparam(2000, "Accepted; an answer that cannot be sent at once is dropped.")
    fifo_name = modparam("kamailio_rpc.fifo", "Path of the FIFO.")
    fifo_mode = modparam(0o660, "Permissions of the FIFO.")
    fifo_user = modparam("", "User name or number that owns the FIFO.", takes_numbers=True)
    fifo_group = modparam("", "Group name or number that owns the FIFO.", takes_numbers=True)
    fifo_reply_dir = modparam("/tmp/", "Directory of the FIFOs that answers are written to.")
    pretty_format = modparam(1, "0: answers on one line.")

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._http: HttpReplies | None = None
        self._code = 0
        self._text: str | None = None
        self._body: str | None = None

    # -- start

    def start(self) -> None:
        """Find xhttp where HTTP is wanted; raises ModuleError for what cannot be served."""
        if self._wants(_HTTP):
            self._http = self.host.modules.get("xhttp")
            if self._http is None and self.transport & _HTTP:
                raise ModuleError('JSON-RPC over HTTP needs the module "xhttp" loaded before')
        if self._wants(_FIFO) and self.fifo_name and not self.fifo_reply_dir:
            raise ModuleError("fifo_reply_dir is empty")
        for name in ("fifo_mode", "dgram_mode"):
            if not getattr(self, name):
                self._report(WARN, f"{name}=0 is taken for 0600")
        if self._wants(_DATAGRAM) and self.dgram_socket:
            self._check_datagram(self.dgram_socket)

    def _wants(self, transport: int) -> bool:
        return not self.transport or bool(self.transport & transport)

    def _check_datagram(self, place: str) -> None:
        reason = ""
        if len(place) < _LEAST_PLACE:
            reason = f"it has less than {_LEAST_PLACE} characters"
        elif place.startswith("udp:"):
            host, colon, port = place.removeprefix("udp:").rpartition(":")
            if not (colon and host):
                reason = "no port"
            elif not (port.isascii() and port.isdigit() and _LEAST_PORT <= int(port) < 1 << 16):
                reason = f"{port!r} is no port from {_LEAST_PORT} to 65535"
        if reason:
            raise ModuleError(f"bad dgram_socket {place!r}: {reason}")

    def rpc_endpoints(self) -> list[RpcEndpoint]:
        """The sockets to serve."""
        endpoints = []
        pretty, optional = bool(self.pretty_format), not self.transport
        if self._wants(_FIFO) and self.fifo_name:
            endpoints.append(
                RpcEndpoint(
                    "jsonrpc",
                    "fifo",
                    self.fifo_name,
                    self.fifo_mode or 0o600,
                    self.fifo_user,
                    self.fifo_group,
                    pretty,
                    reply_dir=self.fifo_reply_dir,
                    optional=optional,
                )
            )
        if self._wants(_DATAGRAM) and self.dgram_socket:
            place = self.dgram_socket
            transport: Literal["unixd", "udp"] = "unixd"
            if place.startswith("udp:"):
                transport, place = "udp", place.removeprefix("udp:")
            endpoints.append(
                RpcEndpoint(
                    "jsonrpc",
                    transport,
                    place.removeprefix("unix:"),
                    self.dgram_mode or 0o600,
                    self.dgram_user,
                    self.dgram_group,
                    pretty,
                    optional=optional,
                )
            )
        return endpoints

    # -- from the cfg

    @function()
    async def jsonrpc_exec(self, ctx: Context, command: str) -> bool:
        """Run a JSON-RPC document; `$jsonrpl(...)` has the answer, false for what is no JSON."""
        if not command:
            self._report(ERROR, "jsonrpc_exec without a command")
            return False
        answer = await self._run(command)
        if answer is None:
            return False
        self._code, self._text, self._body = answer
        return True

    @function("REQUEST")
    async def jsonrpc_dispatch(self, ctx: Context) -> bool:
        """Run the JSON-RPC document that is the body of an HTTP request, and answer it.

        True, and nothing is done, for a message that is no HTTP; false for what is no JSON.
        """
        if not ctx.msg.is_http:
            return True
        if self._http is None:
            self._report(ERROR, "JSON-RPC over HTTP is not served: see transport")
            return False
        answer = await self._run(decode(ctx.msg.body))
        if answer is None:
            return False
        code, text, body = answer
        self._http.reply(ctx, code, text, "application/json", body)
        return True

    async def _run(self, document: str) -> tuple[int, str, str] | None:
        """(status, reason, document) of the answer; None for what is no JSON."""
        answer: Any = await self.host.run_json(document, bool(self.pretty_format))
        if answer is None:
            self._report(ERROR, f"invalid json doc [[{document[:200]}]]")
        return answer  # type: ignore[no-any-return]

    @pvar("jsonrpl", bind=True)
    def answer(self, inner: str | None, index: str | None) -> PvAccess:
        """The last answer of jsonrpc_exec: `code` (200, or a fault's), `text` (OK), `body`."""
        if inner == "code":
            return PvAccess(lambda ctx: self._code, type="int")
        if inner == "text":
            return PvAccess(lambda ctx: self._text)
        if inner == "body":
            return PvAccess(lambda ctx: self._body)
        raise ValueError("there are $jsonrpl(code), $jsonrpl(text) and $jsonrpl(body)")

    @rpc("jsonrpc.echo", array=True)
    def echo(self, text: LooseStr | None = None, number: LooseInt | None = None) -> list[str | int]:
        """Sample echo command: gives a text and a number back."""
        return [value for value in (text, number) if value is not None]

    def _report(self, level: int, text: str) -> None:
        report(self.host.log, level, self.name, text)
