"""Where contacts stand and which one is meant. Examples are Kamailio's answers."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.contact import Contact, Contacts
from sipproxy.modules.usrloc import order

Maker = Callable[..., Contact]


def uris(contacts: Contacts) -> str:
    return "".join(contact.uri for contact in contacts)


def plain(uri: str, q: int) -> Contact:
    return Contact(uri, uri, 0, q, "c", 1, "", "", "", None, 0, 0, 0, "", 0, -1, 0)


@given(st.lists(st.sampled_from([-1, 0, 100, 500, 1000])))
def test_new_ones_stand_by_q_and_then_by_age(qs: list[int]) -> None:
    contacts: Contacts = ()
    for number, q in enumerate(qs):
        contacts = order.with_new(contacts, plain(str(number), q), newest_first=False)
    by_q = sorted(range(len(qs)), key=lambda number: -qs[number])
    assert [int(contact.uri) for contact in contacts] == by_q


def test_the_newest_may_be_first(contact: Maker) -> None:
    contacts = order.with_new((contact("a", q=1000),), contact("b"), newest_first=True)
    assert uris(contacts) == "ba"
    contacts = order.with_changed(contacts, 1, contact("a"), newest_first=True)
    assert uris(contacts) == "ab"


def test_a_changed_q_moves_a_contact_as_in_kamailio() -> None:
    contacts: Contacts = (plain("a", 900), plain("b", 500), plain("c", 100))
    steps = [("b", 1000, "acb"), ("a", 200, "acb"), ("c", 400, "acb"), ("a", 950, "acb")]
    for uri, q, expected in steps:
        at = uris(contacts).index(uri)
        contacts = order.with_changed(contacts, at, plain(uri, q), newest_first=False)
        assert uris(contacts) == expected, (uri, q)


@given(st.lists(st.integers(-1, 1000), min_size=1, max_size=6), st.data())
def test_a_change_keeps_all_others_in_order(qs: list[int], data: st.DataObject) -> None:
    contacts = tuple(plain(str(number), q) for number, q in enumerate(qs))
    at = data.draw(st.integers(0, len(qs) - 1))
    changed = plain("new", data.draw(st.integers(-1, 1000)))
    after = order.with_changed(contacts, at, changed, newest_first=data.draw(st.booleans()))
    assert changed in after
    assert [c for c in after if c is not changed] == [c for c in contacts if c.uri != str(at)]


def found(contacts: Contacts, wanted: Contact, mode: int) -> int | str:
    code, contact = order.find(contacts, wanted, 100, mode=mode, delay=20)
    return contact.ruid if contact else code


@pytest.mark.parametrize(
    ("mode", "uri", "callid", "path", "expected"),
    [
        (order.CONTACT_ONLY, "a", "other", "", "1"),
        (order.CONTACT_ONLY, "b", "c1", "", 1),
        (order.CONTACT_CALLID, "a", "c1", "", "1"),
        (order.CONTACT_CALLID, "a", "c2", "", "2"),
        (order.CONTACT_CALLID, "a", "c3", "", 1),
        (order.CONTACT_PATH, "a", "x", "p2", "2"),
        (order.CONTACT_PATH, "a", "x", "", "1"),
        (order.CONTACT_PATH, "a", "x", "p3", 1),
        (order.CALLID_ONLY, "b", "c2", "", "2"),
        (order.CALLID_ONLY, "a", "c3", "", 1),
    ],
)
def test_what_makes_two_contacts_the_same(
    contact: Maker, mode: int, uri: str, callid: str, path: str, expected: int | str
) -> None:
    contacts = (
        contact("a", ruid="1", callid="c1", path="p1"),
        contact("a", ruid="2", callid="c2", path="p2"),
    )
    wanted = contact(uri, callid=callid, path=path, cseq=2)
    assert found(contacts, wanted, mode) == expected


@pytest.mark.parametrize(
    ("callid", "cseq", "modified", "expected"),
    [
        ("call", 6, 0, "r"),
        ("call", 4, 100, -1),
        ("call", 5, 81, -2),
        ("call", 5, 80, -1),
        ("other", 4, 100, "r"),
    ],
)
def test_cseq_counts_within_one_call_id(
    contact: Maker, callid: str, cseq: int, modified: int, expected: int | str
) -> None:
    known = contact(ruid="r", cseq=5, last_modified=modified)
    assert found((known,), contact(callid=callid, cseq=cseq), 0) == expected


def test_an_instance_is_found_whatever_its_brackets_uri_and_cseq(contact: Maker) -> None:
    contacts = (
        contact("a", ruid="1", instance="<i>", reg_id=1, cseq=9),
        contact("b", ruid="2", instance="i", reg_id=2),
        contact("c", ruid="3"),
    )
    assert found(contacts, contact("z", instance="i", reg_id=1), 0) == "1"
    assert found(contacts, contact("z", instance="<i>", reg_id=2), 0) == "2"
    assert found(contacts, contact("a", instance="<j>", reg_id=1), 0) == 1
    assert found(contacts, contact("c", instance="i"), 0) == 1
