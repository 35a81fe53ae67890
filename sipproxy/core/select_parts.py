"""Parts that many selects have: of a URI, an address, a list of parameters (select_core.c)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from sipproxy.core.context import Context
from sipproxy.core.selects import Maker, Path, Read, plain
from sipproxy.errors import MessageError
from sipproxy.sip.params import Params
from sipproxy.sip.uri import Uri

_SEPARATORS = dict.fromkeys(map(ord, "-.()"))
_BLANKS = " \t\r\n"


class _Shown(NamedTuple):
    """A URI as selects see it: with user=phone a SIP URI is a telephone number (phone2tel)."""

    uri: Uri
    scheme: str
    user: str | None
    params: str
    other_params: str

    @property
    def number(self) -> bool:
        return self.scheme == "tel"


def _shown(text: str) -> _Shown:
    """Raises MessageError."""
    uri = Uri.parse(text)
    if uri.scheme == "sip" and uri.param("user") == "phone":
        user, _, params = (uri.user or "").partition(";")
        return _Shown(uri, "tel", user, params, uri.params)
    return _Shown(uri, uri.scheme, uri.user, uri.params, "")


def dialled(number: str) -> str:
    """A telephone number without what only makes it readable (RFC 3966 section 3)."""
    return number.translate(_SEPARATORS)


def param_of(text: str, name: str) -> str | None:
    """The value of a parameter in a list, None where there is none or it is empty.

    The list ends at a comma outside of quotes.
    """
    comma = _unquoted(text, ",")
    try:
        text = text if comma < 0 else text[:comma]
        return Params.parse(text).get(name.lower()) or None
    except MessageError:
        return None


def _user(shown: _Shown) -> str | None:
    return dialled(shown.user) if shown.number and shown.user is not None else shown.user


def _routed_user(shown: _Shown) -> str | None:
    """The number a call was ported to (`rn`), else the user."""
    ported = param_of(shown.params, "rn") or param_of(shown.other_params, "rn")
    return dialled(ported) if ported else _user(shown)


def _host_and_port(shown: _Shown) -> str | None:
    uri = shown.uri
    if not uri.host:
        return None
    return f"{uri.host}:{uri.port or (5061 if shown.scheme == 'sips' else 5060)}"


def _transport(shown: _Shown) -> str:
    return shown.uri.transport or ("tls" if shown.scheme == "sips" else "udp")


def _of_uri(part: Callable[[_Shown], Any]) -> Callable[[Path, Read], Read]:
    def make(path: Path, of: Read) -> Read:
        path.end()
        return lambda ctx: part(_shown(_text(of, ctx)))

    return make


def _uri_params(path: Path, of: Read) -> Read:
    if not path:
        return lambda ctx: _shown(_text(of, ctx)).params or None
    name = path.name().replace("_", "-")
    path.end()

    def read(ctx: Context) -> str | None:
        shown = _shown(_text(of, ctx))
        return param_of(shown.params, name) or param_of(shown.other_params, name)

    return read


_URI_PARTS: Mapping[str, Callable[[Path, Read], Read]] = MappingProxyType(
    {
        "type": _of_uri(lambda shown: shown.scheme),
        "user": _of_uri(_user),
        "rn_user": _of_uri(_routed_user),
        "pwd": _of_uri(lambda shown: shown.uri.password),
        "host": _of_uri(lambda shown: shown.uri.host),
        "port": _of_uri(lambda shown: shown.uri.port),
        "params": _uri_params,
        "hostport": _of_uri(_host_and_port),
        "transport": _of_uri(_transport),
    }
)


def _text(of: Read, ctx: Context) -> str:
    """Raises MessageError where there is nothing to read."""
    found = of(ctx)
    if found is None:
        raise MessageError("nothing there")
    return str(found)


def _within(parts: Mapping[str, Callable[[Path, Read], Read]], of: Read) -> Mapping[str, Maker]:
    """The same parts, each of this text."""

    def made(make: Callable[[Path, Read], Read]) -> Maker:
        return lambda path: make(path, of)

    return {name: made(make) for name, make in parts.items()}


def uri_of(path: Path, of: Read) -> Read:
    """A URI or, where the path goes on, a part of it."""
    return path.choose(_within(_URI_PARTS, of)) if path else of


def address_of(path: Path, of: Read) -> Read:
    """A part of the text of an address: `name`, `uri` and below, `params` and `params.x`."""
    return path.choose(_within(_ADDRESS_PARTS, of))


def _unquoted(text: str, char: str) -> int:
    """Where a character stands outside of quotes, -1 for nowhere."""
    quoted, at = False, 0
    while at < len(text):
        if text[at] == "\\" and quoted:
            at += 1
        elif text[at] == '"':
            quoted = not quoted
        elif text[at] == char and not quoted:
            return at
        at += 1
    return -1


def _name(path: Path, of: Read) -> Read:
    path.end()

    def read(ctx: Context) -> str:
        text = _text(of, ctx)
        at = _unquoted(text, "<")
        return "" if at < 0 else text[:at].rstrip(_BLANKS)

    return read


def _split(text: str) -> tuple[str, str]:
    """The URI of an address and what is behind it; raises MessageError for a `<` alone."""
    at = _unquoted(text, "<")
    if at < 0:
        return text.partition(";")[0], text
    rest = text[at + 1 :]
    end = _unquoted(rest, ">")
    if end < 0:
        raise MessageError("no > found")
    return rest[:end], rest[end + 1 :]


def _uri(path: Path, of: Read) -> Read:
    return uri_of(path, lambda ctx: _split(_text(of, ctx))[0])


def _params(path: Path, of: Read) -> Read:
    name = path.name() if path else ""
    path.end()

    def read(ctx: Context) -> str | None:
        _, rest = _split(_text(of, ctx))
        at = _unquoted(rest, ";")
        if at < 0:
            # All of it where there is no parameter, as in Kamailio.
            return rest
        return param_of(rest[at + 1 :], name) if name else rest[at + 1 :]

    return read


_ADDRESS_PARTS: Mapping[str, Callable[[Path, Read], Read]] = MappingProxyType(
    {"name": _name, "uri": _uri, "params": _params}
)


def params_of(path: Path, of: Read) -> Read:
    """`params.x` of a text that is a list of parameters."""

    def make(path: Path) -> Read:
        name = path.name("the name of a parameter")
        return plain(lambda ctx: param_of(_text(of, ctx), name))(path)

    return path.choose({"params": make})
