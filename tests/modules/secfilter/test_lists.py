"""Lists of beginnings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.secfilter.lists import Lists, PrefixList, kind_of
from sipproxy.text import lower

WORDS = st.text(st.sampled_from("abAB1é"), max_size=4)


@given(st.lists(WORDS, max_size=8), WORDS)
def test_like_a_walk_over_all_entries(entries: list[str], text: str) -> None:
    known = PrefixList()
    for entry in entries:
        known.add(entry)
    places = [place for place, entry in enumerate(entries) if lower(text).startswith(lower(entry))]
    assert known.place(text) == (places[0] if places else None)
    assert known.starts(text) is bool(places)
    assert known.holds(text) is (lower(text) in map(lower, entries))
    assert list(known) == entries


def test_rows_go_to_their_lists() -> None:
    lists = Lists()
    for action in (0, 1):
        for kind, word in enumerate(("ua", "country", "domain", "ip", "user")):
            lists.add(action, kind, f"{action}{word}")
    lists.add(2, 0, "555")
    lists.add(2, 4, "also black")
    assert list(lists.black.user) == ["0user", "also black"]
    assert list(lists.white.ip) == ["1ip"]
    assert list(lists.destinations) == ["555"]


@pytest.mark.parametrize(
    "row", [(3, 0, "x"), (-1, 0, "x"), (0, 5, "x"), (0, 0, None), ("0", 0, "")]
)
def test_rows_that_cannot_be(row: tuple[object, object, object]) -> None:
    with pytest.raises(ValueError, match=r"unknown|no text"):
        Lists().add(*row)


@pytest.mark.parametrize(
    ("word", "kind"), [("ua", 0), ("u", 0), ("us", 4), ("c", 1), ("domain", 2), ("", 0), ("ip", 3)]
)
def test_kinds_by_their_beginning(word: str, kind: int) -> None:
    assert kind_of(word) == kind


def test_unknown_kind() -> None:
    with pytest.raises(ValueError, match="unknown type uax"):
        kind_of("uax")
