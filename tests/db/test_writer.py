"""Changes in the order in which they were asked for, many in one transaction."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from sipproxy.clock import VirtualClock
from sipproxy.core.waiting import Wait
from sipproxy.db.database import Step
from sipproxy.db.writer import Writer
from sipproxy.errors import DatabaseError


class Slow:
    """A database that answers when a test says so. What begins with `bad` it refuses."""

    url = "mysql://h/d"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.waits: list[Wait] = []
        self.is_down = False
        self.touched = 1

    async def apply(self, steps: Sequence[Step]) -> list[int]:
        self.asked.append([sql for sql, _ in steps])
        wait = Wait()
        self.waits.append(wait)
        await wait
        if self.is_down or any(sql.startswith("bad") for sql, _ in steps):
            raise DatabaseError("no")
        return [self.touched] * len(steps)

    async def ask(self, sql: str) -> object:
        if self.is_down:
            raise DatabaseError("down")
        return None


class Stage:
    """A writer without a proxy around it."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.database = Slow()
        self.writer = Writer(self, self.database)  # type: ignore[arg-type]
        self.told: dict[str, object] = {}

    def now(self) -> float:
        return self.clock.now()

    def begin(self, work: Coroutine[Wait, object, None], done: Callable[[], None]) -> None:
        try:
            wait = work.send(None)
        except StopIteration:
            done()
        else:
            wait.then(lambda: self.begin(work, done))

    def put(self, *names: str, otherwise: Sequence[str] = ()) -> None:
        steps = [(name, ()) for name in names]
        wait = self.writer.put(steps, [(name, ()) for name in otherwise])

        async def hear() -> None:
            try:
                self.told[names[0]] = await wait
            except DatabaseError as error:
                self.told[names[0]] = str(error)

        self.begin(hear(), lambda: None)

    def answer(self) -> None:
        self.database.waits.pop(0).finish()


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_what_gathers_meanwhile_is_one_transaction(stage: Stage) -> None:
    for name in "abc":
        stage.put(name)
    assert stage.database.asked == [["a"]]
    assert len(stage.writer) == 2
    stage.answer()
    assert stage.told == {"a": 1}
    stage.answer()
    assert stage.database.asked == [["a"], ["b", "c"]]
    assert stage.told == {"a": 1, "b": 1, "c": 1}
    stage.put("d")
    assert stage.database.asked[-1] == ["d"]


def test_what_is_put_together_is_begun_together(stage: Stage) -> None:
    with stage.writer.together():
        stage.put("a")
        with stage.writer.together():
            stage.put("b")
        stage.put("c")
        assert stage.database.asked == []
    assert stage.database.asked == [["a", "b", "c"]]
    with stage.writer.together():
        stage.put("d")
        stage.answer()
    stage.answer()
    assert stage.told == dict.fromkeys("abcd", 1)


def test_a_transaction_is_bounded_and_a_piece_stays_whole(stage: Stage) -> None:
    stage.put("first")
    stage.put(*map(str, range(499)))
    stage.put("x", "y")
    stage.put(*map(str, range(600)))
    for _ in range(4):
        stage.answer()
    assert [len(asked) for asked in stage.database.asked] == [1, 499, 2, 600]


def test_what_is_refused_harms_nobody_else(stage: Stage) -> None:
    for name in ("a", "b", "bad", "c"):
        stage.put(name)
    for _ in range(5):
        stage.answer()
    assert stage.database.asked == [["a"], ["b", "bad", "c"], ["b"], ["bad"], ["c"]]
    assert stage.told == {"a": 1, "b": 1, "bad": "no", "c": 1}


def test_a_lonely_refusal(stage: Stage) -> None:
    stage.put("bad")
    stage.put("b")
    stage.answer()
    assert stage.told == {"bad": "no"}
    stage.answer()
    assert stage.told == {"bad": "no", "b": 1}


@pytest.mark.parametrize("slow", [False, True])
def test_a_database_that_is_down_is_waited_for_once(stage: Stage, slow: bool) -> None:
    for name in ("bad", "b", "c"):
        stage.put(name)
    stage.database.is_down = not slow
    if slow:
        stage.clock.set(stage.clock.now() + 2)
    stage.answer()
    assert stage.told == {"bad": "no", "b": "no", "c": "no"}
    stage.database.is_down = False
    stage.put("d")
    stage.answer()
    assert stage.told["d"] == 1


def test_it_goes_down_while_a_refusal_is_looked_for(stage: Stage) -> None:
    for name in ("a", "b", "bad", "c"):
        stage.put(name)
    stage.answer()
    stage.answer()
    stage.database.is_down = True
    stage.answer()
    assert stage.told == {"a": 1, "b": "no", "bad": "no", "c": "no"}


def test_what_else_is_done_where_nothing_was_touched(stage: Stage) -> None:
    stage.put("update", otherwise=["insert"])
    stage.put("other", otherwise=["never"])
    stage.database.touched = 0
    stage.answer()
    stage.database.touched = 1
    stage.answer()
    stage.answer()
    assert stage.database.asked == [["update"], ["insert"], ["other"]]
    assert stage.told == {"update": 1, "other": 1}


def test_what_else_may_be_refused(stage: Stage) -> None:
    stage.database.touched = 0
    stage.put("update", otherwise=["bad"])
    stage.put("more")
    for _ in range(3):
        stage.answer()
    assert stage.told == {"update": "no", "more": 0}


def test_too_many_wait(stage: Stage) -> None:
    for number in range(20_001):
        stage.writer.put([(str(number), ())])
    stage.put("late")
    assert "20000 changes wait already" in str(stage.told["late"])
    assert len(stage.writer) == 20_000


def test_nothing_is_nothing(stage: Stage) -> None:
    wait: Any = stage.writer.put([])
    stage.answer()
    assert wait.finished


def test_another_writer_goes_on_behind_what_is_being_done(stage: Stage) -> None:
    stage.put("one")
    stage.put("two")
    before, stage.writer = stage.writer, Writer(stage, stage.database)  # type: ignore[arg-type]
    stage.writer.go_on_from(before)
    stage.put("three")
    assert stage.database.asked == [["one"]]
    stage.answer()
    assert stage.database.asked == [["one"], ["two", "three"]]
    stage.answer()
    assert stage.told == {"one": 1, "two": 1, "three": 1}


def test_another_writer_begins_at_once_where_nothing_is_being_done(stage: Stage) -> None:
    stage.put("one")
    stage.answer()
    before, stage.writer = stage.writer, Writer(stage, stage.database)  # type: ignore[arg-type]
    stage.writer.go_on_from(before)
    stage.put("two")
    assert stage.database.asked == [["one"], ["two"]]
