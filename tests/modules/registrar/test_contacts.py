"""Contact headers, q values and lists of methods. More of Kamailio's answers are recorded in the
conformance case registrar-contacts-read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.contact import ALL_METHODS
from sipproxy.errors import MessageError
from sipproxy.modules.registrar.contacts import (
    Offer,
    _offers,
    _read,
    allowed,
    methods,
    number,
    quality,
)


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("<sip:a@b>", [Offer("sip:a@b")]),
        ("<sip:a@b>;expires=5;q=0.5", [Offer("sip:a@b", q="0.5", expires="5")]),
        ("sip:a@b;q=1", [Offer("sip:a@b", q="1")]),
        ("tel:1, sip:a@b ,<sip:c>", [Offer("sip:c"), Offer("sip:a@b"), Offer("tel:1")]),
        ('"A, \\"B" <sip:a@b> ; Q = ".3"', [Offer("sip:a@b", q=".3")]),
        ("B sip:a@b", [Offer("sip:a@")]),
        ("<sip:a@b>;methods='INVITE';received=\"sip:c\"", [
            Offer("sip:a@b", methods="INVITE", received="sip:c")]),
        ('<sip:a>;+sip.instance="<urn:1>";reg-id=2', [
            Offer("sip:a", instance="<urn:1>", reg_id="2")]),
        ("<sip:a>;x;q=;y=[a;b],<sip:b>", None),
        ("<sip:a>;q=", [Offer("sip:a", q="")]),
    ],
)  # fmt: skip
def test_what_is_read(text: str, offers: list[Offer] | None) -> None:
    if offers is None:
        with pytest.raises(MessageError):
            _offers(text)
    else:
        assert list(_offers(text)) == offers


@pytest.mark.parametrize(
    "text",
    [
        *("", "foo", "<>", "<sip:a", "<sip:a>>", "<sip:a>;", "<sip:a>,", '<sip:"a>', "<sip:a>;b c"),
        *('<sip:a>;b="', '"a', "<sip:a>;q=1;", '<sip:a>;b="x"y'),
    ],
)
def test_what_is_no_contact(text: str) -> None:
    with pytest.raises(MessageError):
        _offers(text)


@given(st.text(alphabet='<>:;,="\\ *aq1.\t'))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        offers = _offers(text)
    except MessageError:
        return
    assert all(offer.uri == offer.uri.strip() != "" for offer in offers)


@given(
    st.from_regex(r"<[a-z:@.]+>(;expires=[0-9]{1,10})?(;q=[0-9.]+)?", fullmatch=True),
)
def test_the_short_way_reads_as_the_long_one(text: str) -> None:
    try:
        exact = tuple(_read(text))
    except MessageError:
        return
    assert _offers(text) == exact


@pytest.mark.parametrize(
    ("text", "q"),
    [
        *(
            ("0", 0),
            ("000", 0),
            ("1", 1000),
            ("01", 1000),
            ("1.000", 1000),
            ("0.5", 500),
            (".25", 250),
        ),
        *((".25", 250), ("0.12345", 123), (" 0.1", 100), ("00.007", 7)),
    ],
)
def test_q_in_thousandths(text: str, q: int) -> None:
    assert quality(text) == q


@pytest.mark.parametrize("text", ["", ".", "1.", "0.", "1.1", "2", "-1", "0.5x", "x", "0.5 "])
def test_what_is_no_q(text: str) -> None:
    with pytest.raises(ValueError, match="q"):
        quality(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *(("0", 0), ("4294967295", 4294967295), ("4294967296", None), ("-1", None), ("", None)),
        *(("1 ", None), ("00000000001", None), (None, None), ("\u0663", None)),
    ],
)
def test_numbers(text: str | None, found: int | None) -> None:
    assert number(text) == found


@pytest.mark.parametrize(
    ("text", "bits"),
    [("", 0), ("INVITE", 1), ("invite, Bye", 9), ("INVITE,", 1), ("FOO,ACK", 524288 + 4)],
)
def test_methods_as_bits(text: str, bits: int) -> None:
    assert methods(text) == bits


@pytest.mark.parametrize("text", [",", "INVITE BYE", "INVITEX", "INVITE;", "INVITE,,BYE", "(", '"'])
def test_what_is_no_list_of_methods(text: str) -> None:
    with pytest.raises(ValueError, match="method"):
        methods(text)


def test_allow_rows_add_up_and_a_bad_one_spoils_all() -> None:
    assert allowed([]) == ALL_METHODS
    assert allowed(["INVITE", "ACK, BYE"]) == 13
    assert allowed(["INVITE", "INVITE BYE"]) == ALL_METHODS
