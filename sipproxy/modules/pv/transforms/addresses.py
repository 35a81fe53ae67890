"""`{uri.*}`, `{urialias.*}`, `{nameaddr.*}` and `{tobody.*}`: addresses taken apart."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec

from sipproxy import text as wire
from sipproxy.core.module import Module
from sipproxy.core.sockets import PROTO_NUMBER
from sipproxy.core.values import Value
from sipproxy.errors import MessageError
from sipproxy.modules.pv import paramlist
from sipproxy.modules.pv.protocols import NAMES
from sipproxy.modules.pv.transforms.base import OfValue, of_content
from sipproxy.sip.nameaddr import NameAddr
from sipproxy.sip.uri import Uri


class UnwrittenPort(int):
    """The port of a URI that names none: the number 0 that shows as an empty text."""

    def __str__(self) -> str:
        return ""


_NO_PORT = UnwrittenPort()
_TRANSPORTS = {name: number for name, number in PROTO_NUMBER.items() if name != "wss"}
"""What a transport parameter may be; `wss` is none to Kamailio's parser."""

Rest = ParamSpec("Rest")


def _of_uri(
    name: str,
) -> Callable[[Callable[Concatenate[Any, Uri, Rest], Value]], OfValue[Rest]]:
    """A transformation of a URI; of what is none it is undefined."""

    def apply(method: Callable[Concatenate[Any, Uri, Rest], Value]) -> OfValue[Rest]:
        @wraps(method)
        def run(self: Any, text: str, /, *args: Rest.args, **named: Rest.kwargs) -> Value:
            uri = _uri(text)
            return None if uri is None else method(self, uri, *args, **named)

        return of_content(name)(run)

    return apply


class AddressTransforms(Module):
    """Parts of addresses; undefined for what is no address."""

    @_of_uri("uri.user")
    def uri_user(self, uri: Uri) -> Value:
        """User part of a URI."""
        return uri.user or ""

    @_of_uri("uri.passwd")
    def uri_passwd(self, uri: Uri) -> Value:
        """Password of a URI."""
        return uri.password or ""

    @_of_uri("uri.host")
    def uri_host(self, uri: Uri) -> Value:
        """Host of a URI, IPv6 in brackets."""
        return uri.host

    @_of_uri("uri.domain")
    def uri_domain(self, uri: Uri) -> Value:
        """As `{uri.host}`."""
        return uri.host

    @_of_uri("uri.port")
    def uri_port(self, uri: Uri) -> Value:
        """Port of a URI; of one without a port, 0 that shows as an empty text."""
        return _NO_PORT if uri.port is None else uri.port

    @_of_uri("uri.params")
    def uri_params(self, uri: Uri) -> Value:
        """Parameters of a SIP URI."""
        return _sip_params(uri)

    @_of_uri("uri.headers")
    def uri_headers(self, uri: Uri) -> Value:
        """Headers of a URI."""
        return uri.headers

    @_of_uri("uri.param")
    def uri_param(self, uri: Uri, name: str) -> Value:
        """Value of one parameter, empty for a flag and for none."""
        params = _sip_params(uri)
        items = paramlist.parse_list(params) if params else ()
        return None if items is None else paramlist.last(items, name) or ""

    @of_content("uri.scheme")
    def uri_scheme(self, text: str) -> Value:
        """Scheme of a URI as written."""
        return None if _uri(text) is None else text.partition(":")[0]

    @of_content("uri.transport")
    def uri_transport(self, text: str) -> Value:
        """Value of the parameter transport."""
        return _known(text, "transport")

    @of_content("uri.ttl")
    def uri_ttl(self, text: str) -> Value:
        """Value of the parameter ttl."""
        return _known(text, "ttl")

    @of_content("uri.uparam")
    def uri_uparam(self, text: str) -> Value:
        """Value of the parameter user."""
        return _known(text, "user")

    @of_content("uri.maddr")
    def uri_maddr(self, text: str) -> Value:
        """Value of the parameter maddr."""
        return _known(text, "maddr")

    @of_content("uri.method")
    def uri_method(self, text: str) -> Value:
        """Value of the parameter method."""
        return _known(text, "method")

    @of_content("uri.lr")
    def uri_lr(self, text: str) -> Value:
        """Value of the parameter lr."""
        return _known(text, "lr")

    @of_content("uri.r2")
    def uri_r2(self, text: str) -> Value:
        """Value of the parameter r2."""
        return _known(text, "r2")

    @_of_uri("uri.tosocket")
    def uri_tosocket(self, uri: Uri) -> Value:
        """`proto:host:port`, empty for a URI without a known transport."""
        proto = uri.transport or ""
        return f"{proto}:{uri.host}:{uri.port or 5060}" if proto in _TRANSPORTS else ""

    @of_content("uri.saor")
    def uri_saor(self, text: str) -> Value:
        """Scheme, user and host."""
        return _short(text, user=True, rest=False)

    @of_content("uri.suri")
    def uri_suri(self, text: str) -> Value:
        """Scheme, user, host, port and transport."""
        return _short(text, user=True, rest=True)

    @of_content("uri.duri")
    def uri_duri(self, text: str) -> Value:
        """Scheme, host, port and transport: what matters to reach it."""
        return _short(text, user=False, rest=True)

    @of_content("urialias.encode")
    def urialias_encode(self, text: str) -> Value:
        """`host~port~protocol number`, as an alias parameter holds it; empty for no URI."""
        uri = _uri(text)
        if uri is None:
            return ""
        number = _TRANSPORTS.get(uri.transport or "", 1)
        port = uri.port if uri.port is not None else 5061 if number == PROTO_NUMBER["tls"] else 5060
        return f"{uri.host}~{port}~{number}"

    @of_content("urialias.decode")
    def urialias_decode(self, text: str) -> Value:
        """The URI of an alias parameter; empty for a malformed one."""
        return _from_alias(text)

    @of_content("nameaddr.name")
    def nameaddr_name(self, text: str) -> Value:
        """Display name as written, blanks and quotes too."""
        parts = _name_address(text)
        return parts and parts[0]

    @of_content("nameaddr.uri")
    def nameaddr_uri(self, text: str) -> Value:
        """The URI between angle brackets, or all of it."""
        parts = _name_address(text)
        return parts and parts[1]

    @of_content("nameaddr.len")
    def nameaddr_len(self, text: str) -> Value:
        """Bytes up to the closing angle bracket."""
        parts = _name_address(text)
        return parts and wire.byte_length(parts[2])

    @of_content("tobody.uri")
    def tobody_uri(self, text: str) -> Value:
        """URI of a To or From value."""
        value = _to_value(text)
        return value and value[0].uri

    @of_content("tobody.tag")
    def tobody_tag(self, text: str) -> Value:
        """Tag of a To or From value."""
        value = _to_value(text)
        return value and (value[0].tag or "")

    @of_content("tobody.display")
    def tobody_display(self, text: str) -> Value:
        """Display name of a To or From value, with its quotes."""
        value = _to_value(text)
        return value and value[0].display

    @of_content("tobody.user")
    def tobody_user(self, text: str) -> Value:
        """User part of the URI of a To or From value."""
        value = _to_value(text)
        return value and (value[1].user or "")

    @of_content("tobody.host")
    def tobody_host(self, text: str) -> Value:
        """Host of the URI of a To or From value."""
        value = _to_value(text)
        return value and value[1].host

    @of_content("tobody.params")
    def tobody_params(self, text: str) -> Value:
        """Parameters of a To or From value."""
        value = _to_value(text)
        if value is None:
            return None
        params = value[0].params
        return text[text.rindex(params) :].lstrip(" \t\r\n") if params else ""


def _uri(text: str) -> Uri | None:
    """The URI, without a semicolon at its end; None for what is no URI."""
    if len(text) > 4 and text.endswith(";"):
        text = text[:-1]
    try:
        return Uri.parse(text)
    except MessageError:
        return None


def _sip_params(uri: Uri) -> str:
    return uri.params if uri.scheme in ("sip", "sips") else ""


@lru_cache(maxsize=1024)
def _known(text: str, name: str) -> str | None:
    uri = _uri(text)
    if uri is None:
        return None
    for piece in reversed(_sip_params(uri).split(";")):
        own, _, value = piece.partition("=")
        if wire.lower(own) == name:
            return value
    return ""


def _short(text: str, *, user: bool, rest: bool) -> str | None:
    uri = _uri(text)
    if uri is None:
        return None
    out = text[: text.index(":") + 1]
    if user and uri.user:
        out += f"{uri.user}@"
    out += uri.host
    if not rest:
        return out
    if uri.port is not None:
        out += f":{uri.port}"
    transport = _known(text, "transport")
    return f"{out};transport={transport}" if transport else out


def _from_alias(text: str) -> str:
    host, _, rest = text.partition("~")
    port, mark, number = rest.partition("~")
    if not mark or not number:
        return ""
    proto = NAMES.get(ord(number[0]) - 48, "") if number[0] != "0" else "udp"
    if proto == "udp":
        return f"sip:{host}:{port}"
    return f"sip:{host}:{port};transport={proto}" if proto else ""


@lru_cache(maxsize=1024)
def _name_address(text: str) -> tuple[str, str, str] | None:
    """Display name, URI, and all up to the closing bracket (core/parser/parse_nameaddr.c)."""
    start = _unquoted(text, "<", 0)
    if start < 0:
        return "", text, text
    end = _unquoted(text, ">", start + 1)
    return None if end < 0 else (text[:start], text[start + 1 : end], text[: end + 1])


def _unquoted(text: str, char: str, start: int) -> int:
    """Offset of a character outside of double quotes, -1 for none."""
    quoted = False
    at = start
    while at < len(text):
        if quoted and text[at] == "\\":
            at += 1
        elif text[at] == '"':
            quoted = not quoted
        elif text[at] == char and not quoted:
            return at
        at += 1
    return -1


@lru_cache(maxsize=1024)
def _to_value(text: str) -> tuple[NameAddr, Uri] | None:
    try:
        address = NameAddr.parse(text)
        return address, address.parsed
    except MessageError:
        return None
