"""The headers that an anonymous message keeps, each written anew from what is known of its form.

What is not written here is left out: nothing is passed on because nobody thought of it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from sipproxy.replay.anonymize.names import Names
from sipproxy.sip.names import METHODS
from sipproxy.text import lower

Writer = Callable[[Names, str], str]
"""From the value of a header to its anonymous value, empty to leave it out; ValueError for what
cannot be understood."""

_VIA = re.compile(
    r"SIP\s*/\s*2\.0\s*/\s*(UDP|TCP|TLS|SCTP|WSS?|TLS-SCTP)\s+"
    r"(\[[0-9a-fA-F:.]+\]|[^\s;:,\[\]]+)\s*(?::\s*(\d{1,5}))?\s*(;.*)?",
    re.IGNORECASE,
)
_URI = re.compile(
    r"(sips?):(?:([^@<>\s]*)@)?(\[[0-9a-fA-F:.]+\]|[^\s;:?,<>\"@\[\]]+)(?::(\d{1,5}))?([;?].*)?",
    re.IGNORECASE,
)
_TEL = re.compile(r"tel:(\+?)([0-9.\-()]+)(;.*)?", re.IGNORECASE)
_NAMED = re.compile(r"(?:\"(?:[^\"\\]|\\.)*\"|[^<\",;]*)\s*<([^<>]*)>\s*(;.*)?", re.DOTALL)
_BARE = re.compile(r"([^\s;<>\",?]+)\s*(;.*)?")
_COOKIE = "z9hG4bK"
_PARAMETER = re.compile(r'\s*([\w.+\-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))\s*(?:,|$)')
_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9.\-]{0,30}")
_TRANSPORTS = frozenset(("udp", "tcp", "tls", "sctp", "ws", "wss"))
_ALGORITHMS = frozenset(("md5", "md5-sess", "sha-256", "sha-256-sess", "sha-512-256"))
_QOPS = frozenset(("auth", "auth-int", "auth,auth-int"))


def uri(names: Names, text: str) -> str:
    """A SIP or tel URI; raises ValueError for any other."""
    found = _TEL.fullmatch(text)
    if found is not None:
        digits = re.sub(r"\D", "", found[2])
        return f"tel:{found[1]}{names.user(digits)}"
    found = _URI.fullmatch(text)
    if found is None:
        raise ValueError("URI")
    scheme, user, host, port, rest = found.groups()
    out = f"{lower(scheme)}:"
    if user is not None:
        out += f"{names.user(user.partition(':')[0].partition(';')[0])}@"
    out += names.host(host) + (f":{port}" if port else "")
    return out + _parameters(names, (rest or "").partition("?")[0], _URI_PARAMETERS)


def via(names: Names, text: str) -> str:
    """One Via."""
    found = _VIA.fullmatch(text)
    if found is None:
        raise ValueError("Via")
    proto, host, port, rest = found.groups()
    place = names.host(host) + (f":{port}" if port else "")
    return f"SIP/2.0/{proto.upper()} {place}{_parameters(names, rest or '', _VIA_PARAMETERS)}"


def address(names: Names, text: str) -> str:
    """One URI of From, Contact, Route and the like, without the name beside it."""
    if text == "*":
        return text
    found = _NAMED.fullmatch(text) or _BARE.fullmatch(text)
    if found is None:
        raise ValueError("address")
    return (
        f"<{uri(names, found[1].strip())}>{_parameters(names, found[2] or '', _ADDRESS_PARAMETERS)}"
    )


def _parameters(names: Names, text: str, known: Mapping[str, Writer]) -> str:
    """`;name=value` of those that are known and have a value that may stand."""
    out = []
    for part in text.split(";"):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        writer = known.get(lower(name))
        if writer is None:
            continue
        if not equals:
            out.append(f";{lower(name)}")
        elif written := writer(names, value):
            out.append(f";{lower(name)}={written}")
    return "".join(out)


def _digits(names: Names, text: str) -> str:
    return text if re.fullmatch(r"\d{1,10}", text) else ""


def _quality(names: Names, text: str) -> str:
    return text if re.fullmatch(r"[01](\.\d{0,3})?", text) else ""


def _transport(names: Names, text: str) -> str:
    return lower(text) if lower(text) in _TRANSPORTS else ""


def _host(names: Names, text: str) -> str:
    return names.host(text)


def _tag(names: Names, text: str) -> str:
    return names.token("tag", text, 12) if text else ""


def _branch(names: Names, text: str) -> str:
    if text.startswith(_COOKIE):
        return _COOKIE + names.token("branch", text, 20)
    return names.token("branch", text, 20) if text else ""


def _flag(names: Names, text: str) -> str:
    return ""


def _user_parameter(names: Names, text: str) -> str:
    return lower(text) if lower(text) in ("phone", "ip") else ""


_URI_PARAMETERS: Mapping[str, Writer] = MappingProxyType(
    {
        **{"transport": _transport, "lr": _flag, "ttl": _digits, "maddr": _host, "ob": _flag},
        **{"user": _user_parameter, "r2": _flag},
    }
)
_VIA_PARAMETERS: Mapping[str, Writer] = MappingProxyType(
    {
        **{"branch": _branch, "received": _host, "rport": _digits, "ttl": _digits},
        **{"maddr": _host, "alias": _flag, "i": _digits},
    }
)
_ADDRESS_PARAMETERS: Mapping[str, Writer] = MappingProxyType(
    {"tag": _tag, "expires": _digits, "q": _quality, "reg-id": _digits}
)


def _list_of(one: Writer) -> Writer:
    """A writer of values separated by commas."""

    def write(names: Names, text: str) -> str:
        return ", ".join(one(names, part) for part in split(text))

    return write


def split(text: str) -> Iterator[str]:
    """The values of a list, at commas outside quotes and angle brackets."""
    start, quoted, depth, at = 0, False, 0, 0
    while at < len(text):
        char = text[at]
        if quoted:
            if char == "\\":
                at += 1
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char in "<>":
            depth = char == "<"
        elif char == "," and not depth:
            yield text[start:at].strip()
            start = at + 1
        at += 1
    if last := text[start:].strip():
        yield last


def method_of(text: str) -> str:
    """A method; all that are unknown are one."""
    if not re.fullmatch(r"[A-Za-z0-9.!%*_+`'~-]{1,64}", text):
        raise ValueError("method")
    return text if text in METHODS else "UNKNOWN"


def _call_id(names: Names, text: str) -> str:
    return names.token("call-id", text, 24)


def _cseq(names: Names, text: str) -> str:
    number, _, method = text.partition(" ")
    if not _digits(names, number):
        raise ValueError("CSeq")
    return f"{number} {method_of(method.strip())}"


def _number(names: Names, text: str) -> str:
    found = re.match(r"\d{1,10}", text)
    return found[0] if found else ""


def _tokens(names: Names, text: str) -> str:
    words = (part.partition(";")[0].strip() for part in text.split(","))
    return ", ".join(word for word in words if _TOKEN.fullmatch(word))


def _agent(names: Names, text: str) -> str:
    return names.agent(text)


def _digest(names: Names, text: str) -> str:
    """A challenge or credentials: who and where, but nothing that a password could be tried on."""
    scheme, _, rest = text.partition(" ")
    if lower(scheme) != "digest":
        return ""
    out = []
    for name, quoted, bare in _PARAMETER.findall(rest):
        key, value = lower(name), quoted or bare
        if key in _QUOTED:
            out.append(f'{key}="{_QUOTED[key](names, value)}"')
        elif key in _UNQUOTED and lower(value) in _UNQUOTED[key]:
            quotes = '"' if key == "qop" and quoted else ""
            out.append(f"{key}={quotes}{lower(value) if key != 'algorithm' else value}{quotes}")
        elif key == "nc" and re.fullmatch(r"[0-9a-fA-F]{8}", value):
            out.append(f"nc={value}")
    return f"Digest {', '.join(out)}" if out else ""


def _who(names: Names, text: str) -> str:
    user, at, domain = text.partition("@")
    return names.user(user) + (f"@{names.host(domain)}" if at else "")


def _digest_uri(names: Names, text: str) -> str:
    try:
        return uri(names, text)
    except ValueError:
        return ""


def _opaque(names: Names, text: str) -> str:
    return names.token("nonce", text, 32) if text else ""


_QUOTED: Mapping[str, Writer] = MappingProxyType(
    {
        **{"username": _who, "realm": lambda names, text: names.realm(text), "uri": _digest_uri},
        **{"nonce": _opaque, "cnonce": _opaque, "opaque": _opaque},
        "response": lambda names, text: "0" * 32,
    }
)
_UNQUOTED: Mapping[str, frozenset[str]] = MappingProxyType(
    {"algorithm": _ALGORITHMS, "qop": _QOPS, "stale": frozenset(("true", "false"))}
)

_ADDRESSES = _list_of(address)
HEADERS: Mapping[str, Writer] = MappingProxyType(
    {
        "Via": _list_of(via),
        "From": address,
        "To": address,
        "Call-ID": _call_id,
        "CSeq": _cseq,
        "Contact": _ADDRESSES,
        "Route": _ADDRESSES,
        "Record-Route": _ADDRESSES,
        "Path": _ADDRESSES,
        "Service-Route": _ADDRESSES,
        "Refer-To": address,
        "Referred-By": address,
        "Diversion": _ADDRESSES,
        "Reply-To": address,
        "Remote-Party-ID": _ADDRESSES,
        "P-Asserted-Identity": _ADDRESSES,
        "P-Preferred-Identity": _ADDRESSES,
        "P-Associated-URI": _ADDRESSES,
        "Max-Forwards": _number,
        "Expires": _number,
        "Min-Expires": _number,
        "Retry-After": _number,
        "Session-Expires": _number,
        "Min-SE": _number,
        "RSeq": _number,
        "User-Agent": _agent,
        "Server": _agent,
        "Allow": _tokens,
        "Allow-Events": _tokens,
        "Event": _tokens,
        "Supported": _tokens,
        "Unsupported": _tokens,
        "Require": _tokens,
        "Proxy-Require": _tokens,
        "Privacy": _tokens,
        "Subscription-State": _tokens,
        "Authorization": _digest,
        "Proxy-Authorization": _digest,
        "WWW-Authenticate": _digest,
        "Proxy-Authenticate": _digest,
    }
)
"""By name, as sip.names spells it."""
NEEDED = frozenset(("Via", "From", "To", "Call-ID", "CSeq"))
"""Without these a message is none; with one that cannot be understood it is not either."""
