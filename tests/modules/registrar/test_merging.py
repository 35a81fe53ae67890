"""Merging a request into a record. More is recorded: registrar-order, -cseq, -instances."""

from typing import Any

import pytest

from sipproxy.core.contact import Contacts
from sipproxy.modules.registrar import errors
from sipproxy.modules.registrar.merging import DELETED, INSERTED, UPDATED, Merge
from sipproxy.modules.registrar.request import read


def merged(bench: Any, contacts: Contacts, *headers: str, replace: bool = False) -> Merge:
    ctx = bench.request(*headers)
    request = read(bench.module, ctx)
    merge = Merge(bench.module, ctx, request, "u", replace=replace, memory_only=False, vary=False)
    merge(contacts)
    return merge


def uris(merge: Merge) -> list[str]:
    return [contact.uri for contact in merge.contacts]


def test_from_nothing_to_nothing(bench: Any) -> None:
    bench.set()
    first = merged(bench, (), "Contact: <sip:a>;q=1", "Contact: <sip:b>", "Call-ID: 1")
    assert (uris(first), first.code, first.refused) == (["sip:a", "sip:b"], INSERTED, None)
    second = merged(bench, first.contacts, "Contact: <sip:b>;expires=70", "Call-ID: 2")
    assert (uris(second), second.code) == (["sip:a", "sip:b"], UPDATED)
    third = merged(bench, second.contacts, "Contact: <sip:c>", "Call-ID: 2")
    assert (uris(third), third.code) == (["sip:a", "sip:b", "sip:c"], INSERTED)
    gone = [f"Contact: <sip:{name}>;expires=0" for name in "abcd"]
    last = merged(bench, third.contacts, *gone, "Call-ID: 3")
    assert (uris(last), last.code, last.refused) == ([], DELETED, None)


def test_a_refused_new_record_is_none(bench: Any) -> None:
    bench.set(min_expires_mode=1)
    merge = merged(bench, (), "Contact: <sip:a>", "Contact: <sip:b>;expires=1")
    assert merge.contacts == ()
    assert merge.refused is not None
    assert merge.refused.verdict is errors.LOW_EXP


def test_what_was_merged_before_a_refusal_stays(bench: Any) -> None:
    bench.set(min_expires_mode=1)
    old = merged(bench, (), "Contact: <sip:a>", "Call-ID: 1").contacts
    merge = merged(bench, old, "Contact: <sip:b>", "Contact: <sip:c>;expires=1")
    assert uris(merge) == ["sip:a", "sip:b"]
    assert merge.refused is not None


@pytest.mark.parametrize(
    ("most", "offers", "refused"),
    [
        (0, ["<sip:b>", "<sip:c>"], False),
        (2, ["<sip:b>"], False),
        (2, ["<sip:b>", "<sip:c>"], True),
        (2, ["<sip:b>", "<sip:c>", "<sip:a>;expires=0"], False),
        (1, ["<sip:a>"], False),
        (1, ["<sip:z>;expires=0"], False),
    ],
)
def test_how_many_contacts_there_may_be(
    bench: Any, most: int, offers: list[str], refused: bool
) -> None:
    bench.set(max_contacts=most)
    old = merged(bench, (), "Contact: <sip:a>", "Call-ID: 1").contacts
    merge = merged(bench, old, *(f"Contact: {offer}" for offer in offers), "Call-ID: 2")
    assert (merge.refused is not None) is refused
    if merge.refused is not None:
        assert merge.refused.verdict is errors.TOO_MANY
        assert merge.contacts == old


def test_expired_contacts_do_not_count(bench: Any) -> None:
    bench.set(max_contacts=1)
    old = merged(bench, (), "Contact: <sip:a>", "Call-ID: 1").contacts
    expired = tuple(contact._replace(expires=11) for contact in old)
    assert merged(bench, expired, "Contact: <sip:b>", "Call-ID: 2").refused is None


def test_replacing_leaves_one(bench: Any) -> None:
    bench.set(max_contacts=1)
    old = merged(bench, (), "Contact: <sip:a>", "Call-ID: 1").contacts
    more = ("Contact: <sip:b>", "Contact: <sip:c>", "Call-ID: 2")
    new = merged(bench, old, *more, replace=True)
    assert (uris(new), new.code) == (["sip:b"], INSERTED)
    both = (*new.contacts, *old)
    again = merged(bench, both, "Contact: <sip:a>", "Call-ID: 3", replace=True)
    assert (uris(again), again.code) == (["sip:a"], UPDATED)
    seen = merged(bench, again.contacts, "Contact: <sip:a>", "Call-ID: 3", replace=True)
    assert (uris(seen), seen.code) == (["sip:a"], 0)


def test_a_phone_that_began_anew_takes_its_instance_away(bench: Any) -> None:
    bench.set()
    offers = ('Contact: <sip:b>;+sip.instance="i"', 'Contact: <sip:a>;+sip.instance="i";reg-id=1')
    old = merged(bench, (), *offers, "Contact: <sip:c>", "Call-ID: 1").contacts
    assert len(old) == 3
    new = merged(bench, old, offers[1], "Call-ID: 2")
    assert sorted(uris(new)) == ["sip:a", "sip:c"]
    assert new.code == UPDATED


def test_the_cfg_may_say_how_many(bench: Any) -> None:
    bench.set(xavp_cfg="cfg", max_contacts=1)
    ctx = bench.request("Contact: <sip:a>", "Contact: <sip:b>")
    ctx.xavps["cfg"] = [[("max_contacts", 2)]]
    request = read(bench.module, ctx)
    options = {"replace": False, "memory_only": False, "vary": False}
    assert len(Merge(bench.module, ctx, request, "u", **options)(())) == 2
    ctx.xavps["cfg"] = [[]]
    assert Merge(bench.module, ctx, request, "u", **options)(()) == ()
