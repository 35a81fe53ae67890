"""Raw sending, and names known from the start (Kamailio modules/corex/corex_lib.c)."""

from typing import cast

from sipproxy import text as wire
from sipproxy.core.addresses import packed
from sipproxy.core.context import Context
from sipproxy.core.dns.records import Record, Srv
from sipproxy.core.flow import STREAMS, Flow
from sipproxy.core.forward import asked_transport, next_hop, places_of, send_socket
from sipproxy.core.functions import Socket
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function, modparam_method
from sipproxy.core.sockets import ListenSocket
from sipproxy.errors import MessageError, ModuleError
from sipproxy.sip.uri import Uri

_PERMANENT = 2


class Sending(Module):
    """What leaves as it is: no Via, no edits."""

    @modparam_method("dns_cache")
    def dns_cache(self, text: str) -> None:
        """A record known from the start: `type=A;name=...;addr=...;ttl=...;flags=...`.

        Type A, AAAA or SRV (with priority, weight and port); flags 2: it never expires.
        """
        rows = (row.partition("=") for row in text.split(";") if row)
        given = {name.strip(): value.strip() for name, _, value in rows}
        try:
            kind, name, address = given["type"].upper(), given["name"], given["addr"]
            number = {n: int(given.get(n, 0)) for n in ("ttl", "flags", *Srv._fields[:3])}
            record: Record = address
            if kind == "SRV":
                record = Srv(number["priority"], number["weight"], number["port"], address)
            elif kind not in ("A", "AAAA") or len(packed(address)) != (4 if kind == "A" else 16):
                raise ValueError
        except (KeyError, ValueError):
            raise ModuleError(f"invalid record of a name: {text}") from None
        permanent = bool(number["flags"] & _PERMANENT)
        cache, now = self.host.names.cache, self.host.now()
        cache.add(name, kind, record, number["ttl"], now, permanent=permanent)

    @function("REQUEST", "FAILURE")
    async def send_udp(self, ctx: Context, target: str = "") -> int:
        """Send the request as it was received to `host[:port]`, else to `$du` or the R-URI."""
        return await self._send_request(ctx, target, "udp")

    @function("REQUEST", "FAILURE")
    async def send_tcp(self, ctx: Context, target: str = "") -> int:
        """As send_udp, by TCP."""
        return await self._send_request(ctx, target, "tcp")

    @function()
    async def send_data(self, ctx: Context, uri: str, data: str) -> int:
        """Send a text to a URI by the transport it names."""
        return await self._send_text(ctx, uri, data, None)

    @function()
    async def sendx(self, ctx: Context, uri: str, socket: str, data: str) -> int:
        """Send a text to a URI from this socket of ours, if it exists."""
        return await self._send_text(ctx, uri, data, self._find(socket) if socket else None)

    async def _send_request(self, ctx: Context, target: str, proto: str) -> int:
        try:
            uri = Uri.parse(f"sip:{target}") if target else next_hop(ctx)
        except MessageError:
            self._complain("send() - bad_uri dropping packet")
            return -5
        return await self._send(ctx, uri, ctx.msg.raw, None, proto)

    async def _send_text(
        self, ctx: Context, text: str, data: str, socket: ListenSocket | None
    ) -> int:
        try:
            uri = Uri.parse(text)
            proto = asked_transport(uri)
        except MessageError:
            self._complain(f"bad dst sip uri <{text}>")
            return -1
        return await self._send(ctx, uri, wire.encode(data), socket, proto)

    async def _send(
        self, ctx: Context, uri: Uri, data: bytes, socket: ListenSocket | None, proto: str
    ) -> int:
        places = await places_of(ctx, uri.host, uri.port or 0, proto)
        if not places:
            self._complain(f"failed to resolve [{uri.host}]")
            return -1
        place = places[0]
        if socket is not None and socket.proto != place.proto:
            socket = None
        socket = socket or send_socket(ctx, place.address, place.proto)
        if socket is None:
            self._complain(f"no socket for dst sip uri <{uri}>")
            return -1
        hints = ctx.forward_hints if place.proto in STREAMS else 0
        self.host.send(data, Flow(place.proto, socket.local, place[:2], 0, hints))
        return 1

    def _find(self, text: str) -> ListenSocket | None:
        """The socket of ours that a text means."""
        try:
            wanted = Socket.parse(text)
        except ValueError:
            return None
        own = self.host.own
        found = own.socket_at(wanted.address, wanted.port, wanted.proto)
        return cast("ListenSocket | None", found)

    def _complain(self, text: str) -> None:
        report(self.host.log, ERROR, "corex", text)
