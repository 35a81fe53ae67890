"""Parts of URIs, addresses and parameter lists, as Kamailio 5.6.3 showed them."""

from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.core.select_parts import address_of, dialled, param_of, params_of, uri_of
from sipproxy.core.selects import Path, Read
from sipproxy.errors import MessageError

Make = Callable[[Path, Read], Read]


def read(make: Make, path: str, text: str | None) -> Any:
    """What a part gives for a text; None also where Kamailio reports an error."""
    ctx: Any = None
    got = make(Path.parse(path) if path else Path(()), lambda ctx: text)
    try:
        return got(ctx)
    except MessageError:
        return None


SIP = "sip:+1-2(3).4:pw@example.com:5080;transport=tcp;user=phone;x-y=1?Subject=hi"
RN = "sip:+1-2;rn=7@example.com;user=phone;x=y"
SIPS = "sips:refer@to;maddr=1.2.3.4"
TEL = "tel:+1-2.3;rn=+4-5;phone-context=a.b"


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        (SIP, "", SIP),
        (SIP, "type", "tel"),
        (SIP, "user", "+1234"),
        (SIP, "rn_user", "+1234"),
        (SIP, "pwd", "pw"),
        (SIP, "host", "example.com"),
        (SIP, "port", 5080),
        (SIP, "hostport", "example.com:5080"),
        (SIP, "transport", "tcp"),
        (SIP, "params", None),
        (SIP, "params.x_y", "1"),
        (SIP, 'params["user"]', "phone"),
        (SIP, "params.lr", None),
        (RN, "type", "tel"),
        (RN, "user", "+12"),
        (RN, "rn_user", "7"),
        (RN, "params", "rn=7"),
        (RN, "params.x", "y"),
        (SIPS, "type", "sips"),
        (SIPS, "hostport", "to:5061"),
        (SIPS, "transport", "tls"),
        (SIPS, "rn_user", "refer"),
        (SIPS, "params.maddr", "1.2.3.4"),
        (SIPS, "pwd", None),
        (SIPS, "port", None),
        (TEL, "user", "+123"),
        (TEL, "rn_user", "+45"),
        (TEL, "host", ""),
        (TEL, "hostport", None),
        (TEL, "transport", "udp"),
        (TEL, "params", "rn=+4-5;phone-context=a.b"),
        (TEL, "params.phone_context", "a.b"),
        ("urn:service:sos", "user", "service"),
        ("urn:service:sos", "hostport", "sos:5060"),
        ("sip:host", "user", None),
        ("sip:host", "rn_user", None),
        ("no uri", "host", None),
        (None, "host", None),
        (None, "params", None),
        (None, "params.x", None),
    ],
)
def test_uris(text: str | None, path: str, value: object) -> None:
    assert read(uri_of, path, text) == value


QUOTED = '"a \\" <b>; c" <sip:q@h>;z=1;TAG="t u";flag'


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        (QUOTED, "name", '"a \\" <b>; c"'),
        (QUOTED, "uri", "sip:q@h"),
        (QUOTED, "uri.host", "h"),
        (QUOTED, "params", 'z=1;TAG="t u";flag'),
        (QUOTED, "params.tag", "t u"),
        (QUOTED, "params.flag", None),
        (QUOTED, 'params["none"]', None),
        ("sip:plain@h;x=1", "name", ""),
        ("sip:plain@h;x=1", "uri", "sip:plain@h"),
        ("sip:plain@h;x=1", "params", "x=1"),
        ("sip:plain@h;x=1", "params.x", "1"),
        ("<sip:c@d>", "params", ""),
        ("*", "params", "*"),
        ("183", "params.q", "183"),
        ('"o" <sip:o@h;z=1', "name", '"o"'),
        ('"o" <sip:o@h;z=1', "uri", None),
        ('"o" <sip:o@h;z=1', "params", None),
        (None, "uri", None),
    ],
)
def test_addresses(text: str | None, path: str, value: object) -> None:
    assert read(address_of, path, text) == value


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("one;a=1;b_c=2", "a", "1"),
        ("one;a=1;b_c=2", "B_C", "2"),
        ("one;a=1", "one", None),
        ("sip:u@h;x=1", "x", "1"),
        ('x=5;Y="q, r", sip:p2@h2;y=6', "y", "q, r"),
        ('Digest a="1", b=two', "a", None),
        ('"A" <sip:a@b>;q=1', "q", None),
        ("", "x", None),
    ],
)
def test_parameters(text: str, name: str, value: str | None) -> None:
    assert param_of(text, name) == value
    assert read(params_of, f'params["{name}"]', text) == value


@pytest.mark.parametrize(
    ("make", "path", "says"),
    [
        (uri_of, "headers", "has no headers"),
        (uri_of, "host.x", "host has nothing below it"),
        (uri_of, "params.a.b", "params.a has nothing below it"),
        (address_of, "params.a.b", "params.a has nothing below it"),
        (address_of, "name.x", "name has nothing below it"),
        (params_of, "params", "the name of a parameter is missing"),
        (params_of, "params.a.b", "params.a has nothing below it"),
        (params_of, "other", "has no other"),
    ],
)
def test_what_is_refused(make: Make, path: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make(Path.parse(path), lambda ctx: "sip:a@b")


def test_a_number_without_separators() -> None:
    assert dialled("+1-(2).3") == "+123"
