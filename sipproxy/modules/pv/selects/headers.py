"""Selects of headers that hold no address."""

from sipproxy.core.context import Context
from sipproxy.core.module import Module, select_root
from sipproxy.core.selects import Maker, Path, Read, plain
from sipproxy.modules.pv.variables.headers import via_texts
from sipproxy.sip.credentials import Credentials
from sipproxy.sip.via import Via


def _whole(header: str) -> Maker:
    """The first header of that name."""
    return plain(lambda ctx: ctx.msg.header(header))


def _digits(ctx: Context) -> str | None:
    """Expires, where it is a number."""
    value = (ctx.msg.header("Expires") or "").strip(" \t\r\n")
    return value if value.isascii() and value.isdigit() else None


class HeaderSelects(Module):
    """`@via`, `@cseq`, `@subject` and their like."""

    @select_root("v")
    @select_root("via")
    def select_via(self, path: Path) -> Read:
        """A Via: `via[1]`, also without a number, is the topmost, `via[-1]` the last; below it
        `name version transport host port comment branch received rport i alias params.x`.
        """
        number = path.number()
        at = 1 if number is None else number

        def place(ctx: Context) -> int | None:
            vias = ctx.msg.vias
            if at < 0:
                return len(vias) - 1
            return at - 1 if 0 < at <= len(vias) else None

        def whole(ctx: Context) -> str | None:
            found = place(ctx)
            return None if found is None else via_texts(ctx.msg)[found].rstrip(" \t\r\n")

        if not path:
            return whole

        def via(ctx: Context) -> Via | None:
            found = place(ctx)
            return None if found is None else ctx.msg.vias[found]

        def param(name: str) -> Maker:
            return plain(lambda ctx: (found.param(name) or None) if (found := via(ctx)) else None)

        def attribute(name: str) -> Maker:
            return plain(lambda ctx: getattr(found, name) if (found := via(ctx)) else None)

        return path.choose(
            {
                "name": plain(lambda ctx: _protocol(found, 0) if (found := via(ctx)) else None),
                "version": plain(lambda ctx: _protocol(found, 1) if (found := via(ctx)) else None),
                **{name: attribute(name) for name in ("transport", "host", "port", "comment")},
                **{name: param(name) for name in ("branch", "received", "rport", "i", "alias")},
                "params": lambda path: param(path.name("the name of a parameter").lower())(path),
            }
        )

    @select_root("cseq")
    def select_cseq(self, path: Path) -> Read:
        """CSeq, its `num` and its `method`."""
        if not path:
            return lambda ctx: ctx.msg.header("CSeq")
        return path.choose(
            {
                "num": plain(lambda ctx: ctx.msg.cseq.number),
                "method": plain(lambda ctx: ctx.msg.cseq.method),
            }
        )

    @select_root("event")
    def select_event(self, path: Path) -> Read:
        """The package that Event names, without parameters."""

        def package(ctx: Context) -> str | None:
            value = ctx.msg.header("Event")
            return None if value is None else value.partition(";")[0].strip(" \t\r\n")

        return plain(package)(path)

    @select_root("authorization")
    def select_authorization(self, path: Path) -> Read:
        """`authorization["realm"]`: the header for a realm, its fields, `username.user` and
        `username.domain`; a realm may be a variable.
        """
        return self._credentials("Authorization", path)

    @select_root("proxy_authorization")
    def select_proxy_authorization(self, path: Path) -> Read:
        """As `authorization`, of Proxy-Authorization."""
        return self._credentials("Proxy-Authorization", path)

    def _credentials(self, header: str, path: Path) -> Read:
        realm = path.name("a realm in brackets")
        access = self.host.pv(realm) if realm.startswith("$") else None

        def meant(ctx: Context) -> str:
            return (realm if access is None else str(access.read(ctx) or "")).lower()

        def found(ctx: Context) -> tuple[str, Credentials] | None:
            wanted = meant(ctx)
            pairs = zip(ctx.msg.values(header), ctx.msg.credentials(header), strict=False)
            return next((pair for pair in pairs if (pair[1].realm or "").lower() == wanted), None)

        def field(name: str) -> Maker:
            return plain(lambda ctx: getattr(pair[1], name) if (pair := found(ctx)) else None)

        def username(path: Path) -> Read:
            if not path:
                return field("username")(path)
            domain = plain(lambda ctx: pair[1].domain or None if (pair := found(ctx)) else None)
            return path.choose({"user": field("user"), "domain": domain})

        if not path:
            return lambda ctx: pair[0] if (pair := found(ctx)) else None
        fields = ("realm", "nonce", "uri", "cnonce", "nc", "response", "opaque", "algorithm", "qop")
        return path.choose({"username": username, **{name: field(name) for name in fields}})

    # -- whole headers

    @select_root("call_id")
    def select_call_id(self, path: Path) -> Read:
        """Call-ID."""
        return _whole("Call-ID")(path)

    @select_root("expires")
    def select_expires(self, path: Path) -> Read:
        """Expires, where it is a number."""
        return plain(_digits)(path)

    @select_root("max_forwards")
    def select_max_forwards(self, path: Path) -> Read:
        """Max-Forwards."""
        return _whole("Max-Forwards")(path)

    @select_root("content_type")
    def select_content_type(self, path: Path) -> Read:
        """Content-Type."""
        return _whole("Content-Type")(path)

    @select_root("content_length")
    def select_content_length(self, path: Path) -> Read:
        """Content-Length."""
        return _whole("Content-Length")(path)

    @select_root("subject")
    def select_subject(self, path: Path) -> Read:
        """Subject."""
        return _whole("Subject")(path)

    @select_root("organization")
    def select_organization(self, path: Path) -> Read:
        """Organization."""
        return _whole("Organization")(path)

    @select_root("priority")
    def select_priority(self, path: Path) -> Read:
        """Priority."""
        return _whole("Priority")(path)

    @select_root("session_expires")
    def select_session_expires(self, path: Path) -> Read:
        """Session-Expires."""
        return _whole("Session-Expires")(path)

    @select_root("min_se")
    def select_min_se(self, path: Path) -> Read:
        """Min-SE."""
        return _whole("Min-SE")(path)

    @select_root("user_agent")
    def select_user_agent(self, path: Path) -> Read:
        """User-Agent."""
        return _whole("User-Agent")(path)

    @select_root("sip_if_match")
    def select_sip_if_match(self, path: Path) -> Read:
        """SIP-If-Match."""
        return _whole("SIP-If-Match")(path)

    @select_root("date")
    def select_date(self, path: Path) -> Read:
        """Date."""
        return _whole("Date")(path)

    @select_root("identity")
    def select_identity(self, path: Path) -> Read:
        """Identity."""
        return _whole("Identity")(path)

    @select_root("identity_info")
    def select_identity_info(self, path: Path) -> Read:
        """Identity-Info."""
        return _whole("Identity-Info")(path)


def _protocol(via: Via, part: int) -> str:
    """Name or version of the protocol: `SIP / 2.0` may have blanks."""
    return via.protocol.split("/")[part].strip(" \t\r\n")
