"""Contacts as they are stored, made of the offers of one request (Kamailio save.c pack_ci)."""

from sipproxy import text as wire
from sipproxy.core.contact import MEMORY_ONLY, Contact, Socket
from sipproxy.core.context import Context
from sipproxy.core.flow import STREAMS
from sipproxy.core.sockets import ListenSocket
from sipproxy.modules.registrar import errors
from sipproxy.modules.registrar.contacts import Offer, allowed, methods, number, quality
from sipproxy.modules.registrar.errors import Refused
from sipproxy.modules.registrar.params import PATH_OFF, Params
from sipproxy.modules.registrar.request import Request, path_of

_LONGEST_CALL_ID, _LONGEST_RECEIVED, _LONGEST_USER_AGENT = 255, 255, 254
_NO_USER_AGENT = "n/a"
_USE_ADVERTISED = 1


class Packer:
    """Makes the contacts of one request. What they share is read once, by :meth:`begin`.

    As in Kamailio a contact without `received` or reg-id takes those of the one before it.
    """

    def __init__(
        self, module: Params, ctx: Context, request: Request, *, memory_only: bool
    ) -> None:
        self._module = module
        self._ctx = ctx
        self._request = request
        self._flags = MEMORY_ONLY if memory_only else 0
        self._received = ""
        self._reg_id = 0
        self._allowed: int | None = None

    def begin(self) -> None:
        """Read what all contacts share, and the first offer. Raises Refused."""
        ctx, module, msg = self._ctx, self._module, self._ctx.msg
        self._callid = callid = msg.call_id
        if len(callid) > _LONGEST_CALL_ID:
            raise Refused(errors.CALLID_LEN, "callid too long")
        cseq = number(msg.cseq.number)
        if cseq is None:
            raise Refused(errors.INV_CSEQ, "failed to convert cseq number")
        self._cseq = cseq
        self._path = ""
        self._cflags = ctx.bflags
        if module.use_path:
            self._path, self._received = path_of(msg, use_received=bool(module.path_use_received))
            if self._path and module.path_mode != PATH_OFF:
                ctx.path = self._path
            if self._received:
                self._cflags |= module.locations.nat_flag
        flow = ctx.flow
        self._connection = flow.connection if flow.proto in STREAMS else -1
        self._socket = self._own_socket()
        agent = msg.header("user-agent") or ""
        self._agent = agent if 0 < len(agent) <= _LONGEST_USER_AGENT else _NO_USER_AGENT
        offer = self._request.offers[0]
        if offer.instance:
            self._note_reg_id(offer, errors.FINE)
        self._first = self._read(offer, errors.INV_REGID)

    def _read(self, offer: Offer, verdict: errors.Verdict) -> tuple[int, int]:
        """The q and the methods of an offer; what it leaves to later ones is noted."""
        module = self._module
        q = self._quality(offer) if offer.q or module.xavp_cfg else module.default_q
        bits = self._methods(offer)
        if not self._received and (offer.received is not None or module.received_avp):
            self._note_received(offer)
        if offer.instance:
            self._note_reg_id(offer, verdict)
        return q, bits

    def first(self, uri: str, expires: int) -> Contact:
        """A contact with this URI and all else of the first offer."""
        return self._made(self._request.offers[0], uri, expires, self._first)

    def next(self, offer: Offer, expires: int) -> Contact:
        """The contact that an offer asks for. Raises Refused."""
        only = len(self._request.offers) == 1
        read = self._first if only else self._read(offer, errors.INV_REGID)
        return self._made(offer, offer.uri, expires, read)

    def _made(self, offer: Offer, uri: str, expires: int, read: tuple[int, int]) -> Contact:
        now = int(self._ctx.now)
        return Contact(
            uri,
            self._module.ruids.next(),
            expires,
            read[0],
            self._callid,
            self._cseq,
            self._agent,
            self._received,
            self._path,
            self._socket,
            read[1],
            self._flags,
            self._cflags,
            offer.instance or "",
            self._reg_id,
            self._connection,
            now,
            self._module.server_id,
            keepalive=1 if self._cflags & self._module.locations.nat_flag else 0,
            last_keepalive=now,
        )

    def _quality(self, offer: Offer) -> int:
        given = self._module.setting_int(self._ctx, "q")
        if given is not None:
            if 0 <= given <= 1000:
                return given
        elif not offer.q:
            default: int = self._module.default_q
            return default
        else:
            try:
                return quality(offer.q)
            except ValueError:
                pass
        raise Refused(errors.INV_Q, "invalid q parameter")

    def _methods(self, offer: Offer) -> int:
        if offer.methods is not None:
            try:
                return methods(offer.methods)
            except ValueError:
                raise Refused(errors.PARSE, "failed to parse contact methods") from None
        if self._allowed is None:
            self._allowed = allowed(self._ctx.msg.values("allow"))
        return self._allowed

    def _note_received(self, offer: Offer) -> None:
        if offer.received is not None:
            self._received = offer.received
            return
        received = self._module.received_of(self._ctx)
        if wire.byte_length(received) > _LONGEST_RECEIVED:
            raise Refused(errors.CONTACT_LEN, "received too long")
        self._received = received

    def _note_reg_id(self, offer: Offer, verdict: errors.Verdict) -> None:
        if not (self._request.use_regid and offer.reg_id):
            return
        reg_id = number(offer.reg_id)
        if not reg_id:
            raise Refused(verdict, "invalid reg-id value")
        self._reg_id = reg_id

    def _own_socket(self) -> Socket:
        """Our socket that the contact is reached by."""
        ctx, module = self._ctx, self._module
        if ctx.flags & module.socket_flag:
            named = self._named_socket()
            if named is not None:
                return named.proto, named.address, named.port
        known = module.sockets.get(ctx.flow[:2])
        if known is None:
            known = module.sockets[ctx.flow[:2]] = self._shown_socket()
        return known

    def _shown_socket(self) -> Socket:
        """The socket that the request came to, by the address to be stored."""
        ctx, module = self._ctx, self._module
        proto, (address, port), *_ = ctx.flow
        if module.sock_mode & _USE_ADVERTISED:
            own = ctx.host.own.socket_at(address, port, proto)
            if own is not None and own.advertise is not None:
                return proto, own.advertise[0], own.advertise[1] or port
        return proto, address, port

    def _named_socket(self) -> ListenSocket | None:
        """The socket that a header or an XAVP names: `udp:1.2.3.4:5060`."""
        module = self._module
        if module.sock_hdr_name:
            text = (self._ctx.msg.header(wire.lower(module.sock_hdr_name)) or "").strip(" \t")
        else:
            text = module.setting_text(self._ctx, "socket")
        if not text:
            return None
        proto, colon, rest = text.partition(":")
        if not colon or proto not in ("udp", "tcp", "tls", "sctp", "ws", "wss"):
            proto, rest = "", text
        host, colon, port = rest.rpartition(":")
        if not colon or "]" in port:
            host, port = rest, "0"
        found = None
        if port.isascii() and port.isdigit():
            own = self._ctx.host.own
            kinds = (proto,) if proto else ("udp", "tcp", "tls", "sctp")
            places = (own.socket_at(host.strip("[]"), int(port), kind) for kind in kinds)
            found = next((place for place in places if place is not None), None)
        if found is None:
            module.complain(f"non-local socket <{text}>")
        return found
