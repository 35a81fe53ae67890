"""Requests that keep the way to a contact open (Kamailio modules/usrloc/ul_keepalive.c)."""

from typing import Any

from sipproxy import text as wire
from sipproxy.core.access import Format
from sipproxy.core.contact import Contact, Contacts
from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.core.forward import numeric, transport_of
from sipproxy.core.log import report
from sipproxy.core.sockets import DEFAULT_PORT, ListenSocket
from sipproxy.errors import MessageError
from sipproxy.modules.usrloc.params import KA_NAT, KA_UDP
from sipproxy.modules.usrloc.stored import Stored
from sipproxy.sip.nameaddr import NameAddr
from sipproxy.sip.uri import Uri

_NEVER = 255
_GRACE = 10
"""Seconds that are left to a contact that answers no more."""
_CSEQ = 80


class Keepalives(Stored):
    """Sends requests to contacts at each sweep and notes who answers."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._rounds = 0
        self._line: Format | None = None

    def start(self) -> None:
        """Be offered replies."""
        super().start()
        if self.ka_mode:
            self._line = self.host.format(self.ka_logmsg)
            self.host.reply_takers.append(self._hear)

    def keep_alive(self, aor: str, contacts: Contacts) -> Contacts:
        """Send to the contacts of a record; these with those shortened that answer no more."""
        now = self.host.now()
        self._rounds += 1
        kept = []
        sent = 0
        for contact in contacts:
            if self._wants(contact):
                if self._is_silent(contact, int(now)):
                    contact = contact._replace(expires=int(now) + _GRACE)
                else:
                    sent += self._send(aor, contact, now, sent + 1)
            kept.append(contact)
        return contacts if tuple(kept) == contacts else tuple(kept)

    def _wants(self, contact: Contact) -> bool:
        server = getattr(self.host.settings, "server_id", 0)
        if self.ka_filter & 1 and contact.server_id != server:
            return False
        return not self.ka_mode & KA_NAT or bool(self.nat_flag and contact.cflags & self.nat_flag)

    def _is_silent(self, contact: Contact, now: int) -> bool:
        limit, last = self.ka_timeout, contact.last_keepalive
        if limit <= 0 or not last or last + limit >= now:
            return False
        return contact.expires > now + _GRACE

    def _send(self, aor: str, contact: Contact, now: float, number: int) -> bool:
        """Send one request; whether there is a way to the contact."""
        try:
            flow, socket = self._way(contact)
        except MessageError as error:
            self.complain(f"no keepalive to {contact.uri}: {error}")
            return False
        if self.ka_mode & KA_UDP and flow.proto != "udp":
            return False
        self.host.send(self._request(aor, contact, now, number, socket), flow)
        return True

    def _way(self, contact: Contact) -> tuple[Flow, ListenSocket]:
        """How the contact is reached. Raises MessageError."""
        place = contact.received or contact.uri
        if contact.path and not contact.received:
            place = NameAddr.parse_list(contact.path)[0].uri
        uri = Uri.parse(place)
        address = numeric(uri.host)
        if address is None:
            raise MessageError(f"{uri.host} is no address")
        proto = transport_of(uri)
        remote = (address, uri.port or DEFAULT_PORT["udp"])
        own = self.host.own
        socket = None
        if contact.socket is not None:
            _, host, port = contact.socket
            socket = own.socket_at(host, port, contact.socket[0])
        socket = socket or own.socket_for(remote, proto)
        if socket is None:
            raise MessageError(f"no socket for {proto}")
        return Flow(proto, socket.local, remote, max(contact.connection, 0)), socket

    def _request(
        self, aor: str, contact: Contact, now: float, number: int, socket: ListenSocket
    ) -> bytes:
        count = f"{self._rounds:x}.{number:x}"
        seconds, fraction = divmod(int(now * 1_000_000), 1_000_000)
        tag = f"{contact.ruid}-{self.hash_of(aor):x}-{seconds:x}-{fraction:x}-{count}"
        user = aor if "@" in aor else f"{aor}@{self.ka_domain}"
        route = f"Route: {contact.path}\r\n" if contact.path else ""
        chance = self.host.chance
        return wire.encode(
            f"{self.ka_method} {contact.uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/{socket.proto.upper()} {socket.sent_by};"
            f"branch=z9hG4bKx.{self._rounds}.{number}.0\r\n"
            f"{route}From: <{self.ka_from}>;tag={tag}\r\nTo: <sip:{user}>\r\n"
            f"Call-ID: ksrulka-{chance.token(8)}-{chance.token(4)}-{count}\r\n"
            f"CSeq: {_CSEQ} {self.ka_method}\r\nContent-Length: 0\r\n\r\n"
        )

    def _hear(self, ctx: Context) -> bool:
        """Note an answer to a request of ours; it goes on to nobody else either way."""
        msg = ctx.msg
        try:
            if msg.cseq.method != self.ka_method or len(msg.vias) > 1:
                return False
            if msg.from_.uri != self.ka_from:
                return False
            ruid, hashed, seconds, fraction, _ = (msg.from_.tag or "").rsplit("-", 4)
            sent = int(seconds, 16) + int(fraction, 16) / 1_000_000
            self._note(int(hashed, 16), ruid, ctx.now, int((ctx.now - sent) * 1_000_000))
        except (MessageError, ValueError):
            return False
        if self.ka_loglevel != _NEVER and self._line is not None:
            took = ctx.now - sent
            text = f"keepalive roundtrip: {took:.6f} sec - ruid [{ruid}]{self._line(ctx)}"
            report(self.host.log, self.ka_loglevel, "usrloc", text)
        return False

    def _note(self, aor_hash: int, ruid: str, now: float, roundtrip: int) -> None:
        for table in self.newest_first():
            for aor, contacts in table.store.slot(aor_hash):
                if any(contact.ruid == ruid for contact in contacts):
                    heard = tuple(
                        c._replace(last_keepalive=int(now), roundtrip=roundtrip)
                        if c.ruid == ruid
                        else c
                        for c in contacts
                    )
                    table.change_now(aor, lambda contacts: heard)  # noqa: B023 - called at once
                    return
