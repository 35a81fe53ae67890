"""Transactions of our own requests, and the ACK to a 2xx of theirs (Kamailio modules/tm/uac.c)."""

from collections.abc import Callable

from sipproxy import __version__
from sipproxy import text as wire
from sipproxy.core.context import DROP, Context
from sipproxy.core.flow import Flow
from sipproxy.core.forward import BAD_ADDRESS, NO_SOCKET, own_via, places_of
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import function
from sipproxy.core.sockets import ListenSocket
from sipproxy.errors import MessageError
from sipproxy.modules.tm.relay import target_of
from sipproxy.modules.tm.request import BadRequest, OwnRequest
from sipproxy.modules.tm.suspending import Suspending
from sipproxy.modules.tm.transaction import Branch, Transaction
from sipproxy.sip.build import rebuild
from sipproxy.sip.message import Message
from sipproxy.sip.nameaddr import NameAddr

Done = Callable[[int, Message | None], None]
"""Told of the final reply: its status, and the message, None for one that was made up."""

_EVENT = "event_route[tm:local-request]"


class Local(Suspending):
    """Sends requests of our own, and takes their replies."""

    def send_own(
        self, request: OwnRequest, socket: ListenSocket | None = None, done: Done | None = None
    ) -> None:
        """Send a request in a transaction; `done` is told of its end, 478 or 500 if it could not.

        It leaves by `socket`, else by the one that suits its next hop. The digest answers to a
        challenge are whoever's who sends it again.
        """
        self.host.begin(self._send_own(request, socket, done or _nobody), _nothing)

    async def _send_own(self, request: OwnRequest, socket: ListenSocket | None, done: Done) -> None:
        outside = self.host.outside()
        found = await self._way(outside, _first_hop(request), socket)
        if isinstance(found, int):
            report(self.host.log, ERROR, "tm", f"no way for a request of our own ({found})")
            done(478, None)
            return
        flow, socket = found
        t, sent = self._own_transaction(outside, request, flow, socket, done)
        if self.host.has_block(_EVENT):
            ctx = Context(t.request, flow, self.host.now(), self.host, "event")
            ctx.transaction = t
            await self.host.run_block(_EVENT, ctx)
            self.adopt(t, ctx)
            ctx.finish()
            if ctx.end & DROP:
                self._dropped(t, done)
                return
            if ctx.touched("lumps") or ctx.new_ruri is not None:
                lumps = ctx.lumps
                sent = rebuild(t.request, lumps, new_ruri=ctx.new_ruri)
                t.request = Message.parse(sent, source=flow.local, dest=flow.remote)
        b = Branch(0, t.request.ruri, t.invite)
        b.flow, b.sent, b.first_of_step = flow, sent, True
        b.on_failure, b.on_reply = t.on_failure, t.on_reply
        t.branches.append(b)
        self.host.send(sent, flow)
        self.start_branch(t, b)

    def _own_transaction(
        self, outside: Context, request: OwnRequest, flow: Flow, socket: ListenSocket, done: Done
    ) -> tuple[Transaction, bytes]:
        """The transaction of a request of our own, and its bytes."""
        call_id, tag = f"{self.host.chance.token(16)}@{socket.address}", self.host.chance.token(32)

        def written(branch: str) -> bytes:
            via = own_via(outside, socket, branch)
            return request.written(via, call_id, tag, self.agent, _sent_from(socket))

        msg = Message.parse(written("z9hG4bK"), source=flow.local, dest=flow.remote)
        t = Transaction(msg, flow, self.host.now(), None)
        t.local, t.done = True, done
        self.enter(t)
        self.tallies.own_created += 1
        sent = written(f"z9hG4bK{t.hash_index:x}.{t.token}.0")
        t.request = Message.parse(sent, source=flow.local, dest=flow.remote)
        return t, sent

    def _dropped(self, t: Transaction, done: Done) -> None:
        """The event route wants the request not sent."""
        t.done = None
        t.status = 500
        self.drive(t, "release")
        done(500, None)

    async def _way(
        self, outside: Context, uri: str, socket: ListenSocket | None
    ) -> tuple[Flow, ListenSocket] | int:
        """How a URI is reached; an error code where it is not."""
        try:
            where = target_of(uri)
        except MessageError:
            return BAD_ADDRESS
        places = await places_of(outside, where.host, where.port, where.proto)
        for address, port, proto in places:
            own = socket or self.host.own.socket_for((address, 0), proto)
            if own is not None and own.proto == proto:
                return Flow(proto, own.local, (address, port)), own
        return NO_SOCKET if places else BAD_ADDRESS

    @property
    def agent(self) -> str:
        """Our User-Agent line: the cfg's, ours, or none."""
        settings = self.host.settings
        given = getattr(settings, "user_agent_header", "")
        if given:
            return f"{given}\r\n"
        if not getattr(settings, "server_signature", 1):
            return ""
        return f"User-Agent: sipproxy ({__version__})\r\n"

    # -- replies

    def local_reply(self, t: Transaction, b: Branch, status: int, ctx: Context | None) -> None:
        """A reply to a request of our own: acknowledged, and whoever sent it is told."""
        msg = None if ctx is None else ctx.msg
        if t.invite and 200 <= status < 300 and msg is not None:
            if t.reply:
                self.host.send(t.reply, t.reply_flow)
            else:
                self.host.begin(self._acknowledge(t, b, msg), _nothing)
        if status >= 200 and t.status < 200:
            t.status = status
            self.drive(t, "release")
            done, t.done = t.done, None
            if done is not None:
                done(status, msg)

    async def _acknowledge(self, t: Transaction, b: Branch, msg: Message) -> None:
        """The ACK to a 2xx, by the routes of the reply (RFC 3261 section 13.2.2.4).

        It is kept as the transaction's reply for further 2xx, and has the INVITE's branch, as
        Kamailio's.
        """
        assert b.flow is not None
        try:
            contact = NameAddr.parse_list(msg.header("contact") or "")[0].uri
            rows = [NameAddr.parse_list(row.value) for row in msg.rows("record-route")]
            routes = [str(route) for row in rows for route in row][::-1]
        except (MessageError, IndexError):
            contact, routes = t.request.ruri, []
        flow = await self._ack_flow(b.flow, msg, routes, contact)
        socket = self.host.own.socket_at(*flow.local, flow.proto)
        if socket is None:
            return
        branch = f"z9hG4bK{t.hash_index:x}.{t.token}.0"
        head = [
            f"ACK {contact} SIP/2.0",
            f"Via: {own_via(self.host.outside(), socket, branch)}",
            f"From: {t.request.header('from')}",
            f"Call-ID: {t.request.call_id}",
            f"To: {msg.header('to')}",
            f"CSeq: {t.request.cseq.number} ACK",
            *([f"Route: {', '.join(routes)}"] if routes else []),
        ]
        text = "\r\n".join(head) + f"\r\n{self.agent}Content-Length: 0\r\n\r\n"
        t.reply, t.reply_flow = wire.encode(text), flow
        self.host.send(t.reply, flow)

    async def _ack_flow(self, sent: Flow, msg: Message, routes: list[str], contact: str) -> Flow:
        """Where the ACK goes, by local_ack_mode; as the INVITE went where that is no place."""
        if self.local_ack_mode == 1:
            return sent
        if self.local_ack_mode == 2:
            return Flow(sent.proto, sent.local, msg.source)
        try:
            uri = NameAddr.parse(routes[0]).uri if routes else contact
        except MessageError:
            return sent
        found = await self._way(self.host.outside(), uri, None)
        return sent if isinstance(found, int) else found[0]

    # -- in the cfg

    @function()
    def t_uac_send(
        self,
        ctx: Context,
        method: str,
        uri: str,
        next_hop: str,
        socket: str,
        headers: str,
        body: str,
    ) -> int:
        """Send a request of our own; `headers` are lines with From and To. -1 if it cannot be."""
        try:
            request = OwnRequest.of_text(method, uri, next_hop, headers, body)
            by = self.socket_named(socket)
        except BadRequest as error:
            report(self.host.log, ERROR, "tm", f"t_uac_send: {error}")
            return -1
        self.send_own(request, by)
        return 1

    @function()
    def t_use_uac_headers(self, ctx: Context) -> None:
        """Own requests of other modules take their headers from the message: none reads them."""

    def socket_named(self, name: str) -> ListenSocket | None:
        """The socket of `proto:address:port`, None for `.` or nothing. Raises BadRequest."""
        if name in ("", "."):
            return None
        first, _, rest = name.partition(":")
        proto, rest = (first.lower(), rest) if first.lower() in _PROTOS else ("udp", name)
        address, _, port = rest.rpartition(":") if not rest.endswith("]") else (rest, "", "")
        if port and not (port.isascii() and port.isdigit()):
            raise BadRequest(f'Invalid send socket "{name}"')
        for socket in self.host.own.sockets:
            same = socket.address == (address or rest).strip("[]")
            if same and socket.proto == proto and (not port or socket.port == int(port)):
                found: ListenSocket = socket
                return found
        raise BadRequest(f'No local socket for "{name}"')


_PROTOS = ("udp", "tcp", "tls", "sctp", "ws", "wss")


def _first_hop(request: OwnRequest) -> str:
    """The URI a request is sent to: its next hop, its first route, its own."""
    if request.next_hop:
        return request.next_hop
    if request.routes:
        try:
            return NameAddr.parse(request.routes[0]).uri
        except MessageError:
            return request.uri
    return request.uri


def _sent_from(socket: ListenSocket) -> str:
    host = f"[{socket.address}]" if ":" in socket.address else socket.address
    return f"{host}:{socket.port}"


def _nobody(status: int, msg: Message | None) -> None:
    """Nobody wants to know."""


def _nothing() -> None:
    """Nothing is left to do."""
