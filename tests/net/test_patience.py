"""Waiting for a database at the start."""

import pytest

from sipproxy.clock import SystemClock
from sipproxy.errors import DatabaseError
from sipproxy.net.patience import Patience


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sipproxy.net.patience.PAUSE", 0.001)


class Absent:
    """Connects at the try of this number."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self) -> None:
        self.left -= 1
        if self.left:
            raise DatabaseError("mysql://h/db: nobody is there")


def test_it_tries_again_and_says_so_once() -> None:
    said: list[str] = []
    patience = Patience(30.0, said.append, SystemClock())
    for number in (1, 4, 3):
        database = Absent(number)
        patience(database)
        assert database.left == 0
    assert said == ["waiting up to 30 s for a database: mysql://h/db: nobody is there"]


def test_it_ends() -> None:
    with pytest.raises(DatabaseError, match="nobody is there"):
        Patience(0.01, lambda sentence: None, SystemClock())(Absent(1_000_000))
