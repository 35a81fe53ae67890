"""Names: the same under the same, nothing of them left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.replay.anonymize.addresses import Addresses
from sipproxy.replay.anonymize.key import Key
from sipproxy.replay.anonymize.names import Names

KEY = Key(b"a key")
NAMES = Names(KEY, Addresses(KEY), ["kept.example.org"])
numbers = st.from_regex(r"\A\+?[0-9]{1,15}\Z")


@given(numbers)
def test_a_number_stays_one_of_its_length(text: str) -> None:
    found = NAMES.user(text)
    assert len(found) == len(text)
    front = len(text) - len(text.lstrip("+0"))
    assert found[:front] == text[:front]
    assert found.lstrip("+").isdigit() == text.lstrip("+").isdigit()
    assert len(found.lstrip("+0")) == len(text.lstrip("+0"))


@given(numbers, st.integers(0, 9))
def test_numbers_with_one_front_have_one_front_and_none_collide(text: str, last: int) -> None:
    other = f"{text}{last}"
    assert NAMES.user(other).startswith(NAMES.user(text))
    assert len({NAMES.user(f"{text}{digit}") for digit in range(10)}) == 10 or not text.strip("+0")


def test_extensions_do_not_collide() -> None:
    assert len({NAMES.user(str(number)) for number in range(1000, 10000)}) == 9000


@pytest.mark.parametrize("text", ["", "anonymous", "Anonymous"])
def test_nobody_stays_nobody(text: str) -> None:
    assert NAMES.user(text) == text


def test_users_get_other_names() -> None:
    assert NAMES.user("alice") != NAMES.user("Alice")
    assert NAMES.user("alice") == NAMES.user("alice") and "alice" not in NAMES.user("alice")


def test_domains_below_one_domain_stay_below_one() -> None:
    domain, below = NAMES.host("acme.com"), NAMES.host("sip.acme.com")
    assert below.endswith(f".{domain}") and below.count(".") == 2
    assert NAMES.host("acme.org") != domain and NAMES.host("ACME.com.") == domain
    assert "acme" not in domain + NAMES.host("acme") and NAMES.host("localhost") == "localhost"


def test_domains_that_are_kept() -> None:
    assert NAMES.host("kept.example.org") == "kept.example.org"
    below = NAMES.host("pbx.kept.example.org")
    assert below.endswith(".kept.example.org") and "pbx" not in below
    assert not NAMES.host("unkept.example.org").endswith("kept.example.org")


def test_hosts_that_are_addresses() -> None:
    mapped = NAMES.host("198.51.100.7")
    assert mapped.count(".") == 3 and mapped != "198.51.100.7"
    assert NAMES.host("[2001:db8::7]") == f"[{NAMES.host('2001:db8::7')}]"
    assert NAMES.realm("198.51.100.7") == mapped
    assert NAMES.realm("Our PBX").startswith("r")


def test_products_lose_what_tells_devices_apart() -> None:
    assert NAMES.agent("snomD785/10.1 0004132A1B2C") == "snomD785/10.1 xxxxxxxxxxxx"
    assert NAMES.agent("X 00:04:13:2a:1b:2c sn 1234567") == "X xxxxxxxxxxxxxxxxx sn xxxxxxx"
    assert NAMES.agent("of bob@acme.com") == "of x"
    assert "198.51.100.7" not in NAMES.agent("at 198.51.100.7")
    assert NAMES.agent("Größe\x1b[2J") == "Grxxxex[2J"[:2] + "xxex[2J"
    assert NAMES.agent("friendly-scanner") == "friendly-scanner"
