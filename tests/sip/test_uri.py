"""Addresses: what is accepted follows Kamailio, what RFC 4475 calls valid included."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.errors import MessageError
from sipproxy.sip.uri import Uri, unescape

ADDRESSES = [
    ("sip:alice@example.com", Uri("sip", "alice", None, "example.com")),
    ("SIPS:alice:secret@[2001:db8::1]:5061", Uri("sips", "alice", "secret", "[2001:db8::1]", 5061)),
    ("sip:example.com:5070;lr", Uri("sip", None, None, "example.com", 5070, "lr")),
    ("sip:[::1]", Uri("sip", None, None, "[::1]")),
    ("sip:a@h;x=y?b=c", Uri("sip", "a", None, "h", None, "x=y", "b=c")),
    ("sip:h?b=c", Uri("sip", None, None, "h", None, "", "b=c")),
    (
        "sip:user;par=u%40example.net@example.com",
        Uri("sip", "user;par=u%40example.net", None, "example.com"),
    ),
    ("sip:a;b:c@d", Uri("sip", "a;b", "c", "d")),
    ("sip:a?b@c", Uri("sip", "a?b", None, "c")),
    ("sip:a:@b", Uri("sip", "a", "", "b")),
    ("tel:+1234;phone-context=x", Uri("tel", "+1234", None, "", None, "phone-context=x")),
    ("urn:service:sos", Uri("urn", "service", None, "sos")),
]


@pytest.mark.parametrize(("text", "uri"), ADDRESSES)
def test_parts(text: str, uri: Uri) -> None:
    assert Uri.parse(text) == uri
    assert Uri.parse(str(uri)) == uri


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip",
        "sip:",
        "http://x",
        "soap.beep://192.0.2.103:3002",
        "<sip:a@b>",
        "sip:@h",
        "sip:a@",
        "sip:a@b@c",
        "sip:a@-h",
        "sip:a@h_x",
        "sip:a@h:x",
        "sip:a@h:65536",
        "sip:a@h:123456",
        "sip:h:x",
        "sip:a:b:c@d",
        "sip:a:b;c@d",
        "sip:2001:db8::10",
        "sip:a@[::1",
        "sip:a@[::1]x",
        "sip:]x",
        "sip::5060",
    ],
)
def test_malformed(text: str) -> None:
    with pytest.raises(MessageError):
        Uri.parse(text)


def test_parameters() -> None:
    uri = Uri.parse("sip:a@h;Transport=TCP;lr")
    assert uri.param("transport") == "TCP"
    assert uri.param("lr") == ""
    assert uri.param("x") is None
    assert uri.transport == "tcp"
    assert Uri.parse("sip:a@h").transport is None
    assert Uri.parse("sip:a@h;;").param("a") is None


_USER = st.text("abc019-_.!~*'()&=+$,%", min_size=1, max_size=8)
_HOST = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,9}", fullmatch=True) | st.just("[2001:db8::1]")


@given(
    _USER | st.none(),
    _HOST,
    st.none() | st.integers(0, 65535),
    st.sampled_from(["", "lr", "a=b;c"]),
)
def test_round_trip(user: str | None, host: str, port: int | None, params: str) -> None:
    uri = Uri("sip", user, None, host, port, params)
    assert Uri.parse(str(uri)) == uri


@given(st.text(max_size=30))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        uri = Uri.parse("sip:" + text)
    except MessageError:
        return
    assert Uri.parse(str(uri)) == uri


@pytest.mark.parametrize(
    ("text", "plain"),
    [("", ""), ("a", "a"), ("a%3Bb%3b", "a;b;"), ("%c3%a4", "ä"), ("%2541", "%41")],
)
def test_unescaped(text: str, plain: str) -> None:
    assert unescape(text) == plain


@pytest.mark.parametrize("text", ["%", "a%4", "%zz", "%4%31", "% 1"])
def test_bad_escapes(text: str) -> None:
    with pytest.raises(MessageError):
        unescape(text)


@pytest.mark.parametrize("params", ["ma", "mad", "madd", "maddr", "lr;maddr="])
def test_a_maddr_that_breaks_off(params: str) -> None:
    with pytest.raises(MessageError, match="bad parameters"):
        Uri.parse(f"sip:a@b;{params}")
