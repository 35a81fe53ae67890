"""Who wrote what into which table."""

from sipproxy.modules.htable.local import LocalStore
from sipproxy.modules.htable.spec import TableSpec
from sipproxy.modules.htable.store import Cell
from sipproxy.modules.htable.table import Table
from sipproxy.replay.explain_tables import (
    LATEST,
    History,
    Moment,
    Place,
    WatchedStore,
    watch_tables,
)

NOBODY = Moment()


class Notes:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def read(self, place: Place, cell: Cell | None) -> None:
        self.seen.append((*place, cell))

    def wrote(self, place: Place, old: Cell | None, new: Cell | None) -> None:
        self.seen.append((*place, old, new))


def test_whatever_is_done_with_a_table_is_told() -> None:
    notes = Notes()
    table = Table(TableSpec.parse("t=>size=4;autoexpire=60;initval=0", newer=False), LocalStore())
    table.put("old", 7, 100.0)
    watch_tables([table], notes)
    assert isinstance(table.store, WatchedStore)
    table.put("a", 1, 100.0)
    table.add("a", 2, 101.0)
    table.value("a", 102.0)
    table.delete("a")
    table.delete("a")
    list(table.sweep(200.0))
    table.put("b", "x", 200.0)
    table.clear()
    assert notes.seen == [
        ("t", "a", None, (1, 160)),
        ("t", "a", (1, 160)),
        ("t", "a", (1, 160), (3, 161)),
        ("t", "a", (3, 161)),
        ("t", "a", (3, 161), None),
        ("t", "old", (7, 160), None),
        ("t", "b", None, ("x", 260)),
        ("t", "b", ("x", 260), None),
    ]
    assert len(table.store) == 0


def test_a_watched_store_is_still_copied_and_swapped() -> None:
    table = Table(TableSpec.parse("t=>size=4", newer=False), LocalStore())
    watch_tables([table], Notes())
    table.put("a", 1, 0.0)
    fresh = table.copy()
    table.clear()
    table.swap(fresh)
    assert dict(table.store.items()) == {"a": (1, 0)} and len(fresh) == 0


def wrote(history: History, key: str, old: Cell | None, new: Cell | None, **more: Moment) -> int:
    by = more.get("by", NOBODY)
    number = history.number
    write = history.wrote(("t", key), old, new, time=100.0 + number, line="x.cfg:1", by=by)
    return write.number


def test_a_life_has_its_first_write_and_the_latest() -> None:
    history = History()
    wrote(history, "n", None, (0, 0))
    for number in range(30):
        last = wrote(history, "n", (number, 0), (number + 1, 0))
    (trail,) = history.trails([("t", "n")], last + 1)
    assert [write.new for write in trail.writes] == [
        (0, 0),
        *((n, 0) for n in range(31 - LATEST, 31)),
    ]
    assert (trail.left_out, trail.cell) == (31 - 1 - LATEST, (30, 0))
    (trail,) = history.trails([("t", "n")], last)
    assert trail.cell == (29, 0), "as it was before that write"


def test_what_was_missing_begins_a_new_life() -> None:
    history = History()
    wrote(history, "n", None, (1, 0))
    wrote(history, "n", (1, 0), None)
    wrote(history, "n", None, (5, 110))
    (trail,) = history.trails([("t", "n")], 99)
    assert [write.new for write in trail.writes] == [(5, 110)]
    (trail,) = history.trails([("t", "n")], 3)
    assert [write.new for write in trail.writes] == [(1, 0), None], "the life before"
    assert history.trails([("t", "n")], 1) == []
    wrote(history, "n", (5, 50), (1, 200))
    (trail,) = history.trails([("t", "n")], 99)
    assert [write.new for write in trail.writes] == [(1, 200)], "it had expired"


def test_what_the_writers_had_seen_comes_behind() -> None:
    """A ban was written because of a count; what was looked at later has no part in it."""
    history = History()
    ban = Moment(0, 3)
    wrote(history, "count", None, (1, 0))
    wrote(history, "count", (1, 0), (2, 0))
    wrote(history, "gone", None, (1, 0))
    wrote(history, "gone", (1, 0), None)
    wrote(history, "later", None, (1, 0))
    ban.touched += [("t", "count"), ("t", "gone"), ("t", "nothing")]
    wrote(history, "ban", None, (1, 0), by=ban)
    ban.touched.append(("t", "later"))
    wrote(history, "count", (2, 0), (3, 0))
    (trail,) = history.trails([("t", "ban"), ("t", "nothing")], 99)
    (because,) = trail.because
    assert because.place == ("t", "count") and because.cell == (2, 0)
    assert because.because == []


def test_a_history_is_bounded() -> None:
    history = History(most=3, most_gone=2)
    for key in ("a", "b", "c", "a", "d"):
        wrote(history, key, None, (1, 0))
    assert history.forgotten == 1
    kept = [trail.place[1] for trail in history.trails([("t", k) for k in "abcd"], 99)]
    assert kept == ["a", "c", "d"], "b was written longest ago"
    for number in range(5):
        wrote(history, f"gone{number}", None, (1, 0))
        wrote(history, f"gone{number}", (1, 0), None)
    kept = [trail.place[1] for trail in history.trails([("t", k) for k in "abcd"], 99)]
    assert kept == ["a", "d"], "what comes and goes takes the room of one"
    many = History()
    for number in range(100):
        wrote(many, str(number), None, (1, 0))
    assert len(many.trails([("t", str(n)) for n in range(100)], 999)) == 20
