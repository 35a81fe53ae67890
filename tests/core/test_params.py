"""Parameters that are read at load."""

from typing import Self

import pytest

from sipproxy.core.params import Loose, Parsed


class Even(Parsed):
    """An even number."""

    def __init__(self, number: int) -> None:
        self.number = number

    @classmethod
    def parse(cls, text: str) -> Self:
        if int(text) % 2:
            raise ValueError(f"{text} is odd")
        return cls(int(text))


def test_a_subclass_says_how_it_is_read() -> None:
    assert Even.parse("4").number == 4
    with pytest.raises(ValueError, match="3 is odd"):
        Even.parse("3")
    Even(2).bind(None)


def test_one_that_does_not_is_told() -> None:
    class Mute(Parsed):
        """Says nothing."""

    with pytest.raises(ValueError, match="Mute does not say how it is read"):
        Mute.parse("x")


def test_marks_of_loose_arguments_are_equal() -> None:
    assert Loose() == Loose()
