"""All ids and what they say."""

import pytest

from sipproxy.lint import RULES
from sipproxy.lint.catalogue import every, explanation, ids, severities, suppressible


def test_ids_are_unique_and_sorted() -> None:
    assert [one.id for one in every()] == sorted({one.id for one in every()}) == list(ids())
    assert set(severities()) == set(ids())
    assert {rule.id for rule in RULES} <= suppressible() < set(ids())
    assert not {"SP001", "SP002", "SP003"} & suppressible()


@pytest.mark.parametrize("id", ids())
def test_explanations(id: str) -> None:
    text = explanation(id)
    assert text.startswith(f"{id}: {ids()[id]}\n\n") and text.endswith("\n")
    assert max(map(len, text.split("\n"))) <= 100
    assert ("Wrong:\n" in text) == (id in {rule.id for rule in RULES})


def test_an_unknown_id() -> None:
    with pytest.raises(KeyError):
        explanation("SP999")
