"""name-addr and addr-spec."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.errors import MessageError
from sipproxy.sip.nameaddr import NameAddr
from sipproxy.sip.uri import Uri

ADDRESSES = [
    ("<sip:a@b>", NameAddr("", "sip:a@b")),
    ("sip:a@b", NameAddr("", "sip:a@b", bare=True)),
    ("sip:a@b;tag=1", NameAddr("", "sip:a@b", "tag=1", bare=True)),
    ('"A \\"B\\" <x>" <sip:a@b;lr>;tag=1', NameAddr('"A \\"B\\" <x>"', "sip:a@b;lr", "tag=1")),
    ("Anna Mai <sip:a@b> ; tag = 1", NameAddr("Anna Mai", "sip:a@b", " tag = 1")),
    ("caller<sip:a@b>", NameAddr("caller", "sip:a@b")),
    ("< sip:a@b >", NameAddr("", "sip:a@b")),
    ("*", NameAddr("", "*", bare=True)),
]


@pytest.mark.parametrize(("text", "address"), ADDRESSES)
def test_parts(text: str, address: NameAddr) -> None:
    assert NameAddr.parse(text) == address
    assert NameAddr.parse(str(address)) == address


def test_tag_and_parameters() -> None:
    address = NameAddr.parse('<sip:a@b;x=1>;Tag="t";x=2;y')
    assert address.tag == "t"
    assert address.param("x") == "2"
    assert address.param("y") == ""
    assert address.param("z") is None
    assert address.parsed == Uri("sip", "a", None, "b", None, "x=1")
    assert NameAddr.parse("<sip:a@b>").tag is None
    assert NameAddr.parse("<sip:a@b>").param("x") is None
    assert NameAddr.parse("<sip:a@b>;x").tag is None
    assert NameAddr.parse("<sip:a@b>;tag=").tag is None
    assert NameAddr.parse("<sip:a@b>;tag=1;tag=2").tag == "2"


def test_every_parameter_that_is_accepted_can_be_read() -> None:
    """Names of letters that no token has, as Kamailio takes them."""
    odd = NameAddr.parse('sip:a@b;t>g=l;<x; Y = "a;tag=2" ;tag=1')
    assert odd.pairs == (("t>g", "l"), ("<x", None), ("Y", '"a;tag=2"'), ("tag", "1"))
    assert (odd.tag, odd.param("t>g"), odd.param("<x"), odd.param("y")) == ("1", "l", "", "a;tag=2")
    assert odd.param("z") is None


def test_lists() -> None:
    found = NameAddr.parse_list('"a, b" <sip:a@b>;q=1, sip:c@d ,<sip:e@f,g>')
    assert [address.uri for address in found] == ["sip:a@b", "sip:c@d", "sip:e@f,g"]
    assert found[0].param("q") == "1"


@pytest.mark.parametrize("text", ["", "<sip:a@b", '"x <sip:a@b>', "<sip:a b@c>", "<>", "a\0b"])
def test_malformed(text: str) -> None:
    with pytest.raises(MessageError):
        NameAddr.parse(text)
    with pytest.raises(MessageError):
        NameAddr.parse_list(text)


def test_an_empty_element_is_malformed() -> None:
    with pytest.raises(MessageError):
        NameAddr.parse_list("<sip:a@b>,")


_quoted = st.text("ab, <>;\xe9", max_size=8).map(lambda name: f'"{name}"')


@given(_quoted | st.just("") | st.just("Bob"), st.sampled_from(["sip:a@b", "sip:c;lr"]))
def test_round_trip(display: str, uri: str) -> None:
    address = NameAddr(display, uri, "tag=x")
    assert NameAddr.parse(str(address)) == address
    assert NameAddr.parse_list(f"{address}, {address}") == [address, address]
