"""The mark on values that stand in a database."""

import pytest

from sipproxy.core.stored import Stored, plain, stored


@pytest.mark.parametrize("value", ["", "text", 0, -5])
def test_the_mark_changes_no_value(value: int | str) -> None:
    marked = stored(value)
    assert isinstance(marked, Stored)
    assert marked == value
    assert hash(marked) == hash(value)
    assert plain(marked) == value
    assert type(plain(marked)) is type(value)


@pytest.mark.parametrize("value", ["text", 7])
def test_what_has_no_mark_is_itself(value: int | str) -> None:
    assert plain(value) is value
    assert not isinstance(value, Stored)
