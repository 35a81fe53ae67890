"""Addresses-of-record: their parts, their case, what is too long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.registrar import errors
from sipproxy.modules.registrar.aor import AorRules, _taken_apart, is_plain
from sipproxy.modules.registrar.errors import Refused, Verdict


@pytest.mark.parametrize(
    ("rules", "uri", "aor"),
    [
        (AorRules(), "sip:Bob@Example.com", "bob"),
        (AorRules(), "sip:example.com", ""),
        (AorRules(), "tel:+1A", "+1a"),
        (AorRules(), "sip:a%20B:pw@x:5060;p?h", "a b"),
        (AorRules(case_sensitive=True), "sip:Bob@X", "Bob"),
        (AorRules(use_domain=True), "sip:Bob@X:5070;p", "bob@x"),
        (AorRules(use_domain=True), "sip:X", "x"),
        (AorRules(use_domain=True), "sip:bob@[::A]", "bob@[::a]"),
        (AorRules(use_domain=True, case_sensitive=True), "sip:Bob@X", "Bob@x"),
        (AorRules(use_domain=True, case_sensitive=True), "sip:X", "x"),
        (AorRules(use_domain=True, realm_prefix="sip."), "sip:b@sip.x", "b@x"),
        (AorRules(use_domain=True, realm_prefix="sip."), "sip:b@SIP.x", "b@sip.x"),
        (AorRules(use_domain=True, realm_prefix="sip."), "sip:b@sip.", "b@sip."),
        (AorRules(realm_prefix="b"), "sip:b@bx", "b"),
    ],
)
def test_what_a_uri_means(rules: AorRules, uri: str, aor: str) -> None:
    assert rules.extract(uri)[0] == aor


def test_the_host_is_as_written() -> None:
    assert AorRules(use_domain=True, realm_prefix="sip.").extract("sip:b@sip.X")[1] == "sip.X"


@pytest.mark.parametrize(
    ("uri", "verdict"),
    [
        ("foo", errors.AOR_PARSE),
        ("sip:", errors.AOR_PARSE),
        (f"sip:{'a' * 65}@x", errors.AOR_LEN),
        (f"sip:a@{'x' * 129}", errors.AOR_LEN),
        ("sip:a%zz@x", errors.UNESCAPE),
        ("sip:a%4@x", errors.UNESCAPE),
        ("sip:a%c3%a4@x", errors.UNESCAPE),
        ("sip:a%1f@x", errors.UNESCAPE),
    ],
)
def test_what_is_refused(uri: str, verdict: Verdict) -> None:
    with pytest.raises(Refused) as caught:
        AorRules().extract(uri)
    assert caught.value.verdict is verdict
    assert caught.value.text


def test_the_longest_of_each_part_is_taken() -> None:
    rules = AorRules(use_domain=True)
    assert rules.extract(f"sip:{'a' * 64}@{'x' * 128}")[0] == f"{'a' * 64}@{'x' * 128}"


@given(st.from_regex(r"sips?:[A-Za-z0-9_.+-]{1,70}@[A-Za-z0-9.-]{1,130}", fullmatch=True))
def test_the_short_way_is_as_the_long_one(uri: str) -> None:
    if is_plain(uri):
        user, host = _taken_apart(uri)
        assert AorRules(case_sensitive=True).extract(uri) == (user, host)
