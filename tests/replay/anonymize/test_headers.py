"""Values of headers, one by one."""

import pytest

from sipproxy.replay.anonymize.addresses import Addresses
from sipproxy.replay.anonymize.headers import HEADERS, address, split, uri, via
from sipproxy.replay.anonymize.key import Key
from sipproxy.replay.anonymize.names import Names

KEY = Key(b"a key")
NAMES = Names(KEY, Addresses(KEY), ["example.com"])
BOB = NAMES.user("bob")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("sip:example.com", "sip:example.com"),
        ("SIPS:bob@example.com:5061", f"sips:{BOB}@example.com:5061"),
        ("sip:bob:pw@example.com;lr;x=y", f"sip:{BOB}@example.com;lr"),
        ("sip:bob@example.com;transport=TLS?h=v", f"sip:{BOB}@example.com;transport=tls"),
        ("sip:bob@[::1]:5060;user=phone", f"sip:{BOB}@[::1]:5060;user=phone"),
        ("tel:+49-30-12;phone-context=x", f"tel:+{NAMES.user('493012')}"),
    ],
)
def test_uris(text: str, written: str) -> None:
    assert uri(NAMES, text) == written


@pytest.mark.parametrize("text", ["", "bob", "mailto:bob@x", "sip:", "sip:bob@", "sip:a b@x"])
def test_what_is_no_uri(text: str) -> None:
    with pytest.raises(ValueError, match="URI"):
        uri(NAMES, text)


def test_addresses_lose_the_name_beside_them() -> None:
    assert address(NAMES, '"B, <o>b" <sip:bob@example.com>;q=1.0;x=y') == (
        f"<sip:{BOB}@example.com>;q=1.0"
    )
    assert address(NAMES, "sip:bob@example.com;expires=5;q=9") == (
        f"<sip:{BOB}@example.com>;expires=5"
    )
    assert address(NAMES, "*") == "*"


def test_vias_keep_what_leads_back() -> None:
    assert via(NAMES, "SIP/2.0/udp 127.0.0.1:5060;rport;received=10.0.0.300").startswith(
        "SIP/2.0/UDP 127.0.0.1:5060;rport;received="
    )
    assert via(NAMES, "SIP/2.0/WSS example.com;alias;secret=1") == "SIP/2.0/WSS example.com;alias"


def test_lists_are_cut_at_commas_that_are_no_part_of_a_value() -> None:
    assert list(split('"a, \\", b" <sip:a,b@c>, d ,,e')) == [
        '"a, \\", b" <sip:a,b@c>',
        "d",
        "",
        "e",
    ]
    assert list(split("")) == []


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("Expires", "3600 (an hour)", "3600"),
        ("Retry-After", "18;duration=3600", "18"),
        ("Supported", "path, 100rel, x y, timer", "path, timer"),
        ("Authorization", "Basic Ym9iOnB3", ""),
        (
            "WWW-Authenticate",
            'Digest stale=TRUE, domain="x", qop="auth"',
            'Digest stale=true, qop="auth"',
        ),
    ],
)
def test_others(name: str, value: str, written: str) -> None:
    assert HEADERS[name](NAMES, value) == written
