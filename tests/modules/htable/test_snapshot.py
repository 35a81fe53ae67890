"""The file of a snapshot: whole or refused."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipproxy.modules.htable.snapshot import Damaged, Snapshot
from sipproxy.modules.htable.store import Cell

TEXTS = st.text() | st.binary().map(lambda data: data.decode("utf-8", "surrogateescape"))
CELLS = st.dictionaries(
    TEXTS,
    st.tuples(TEXTS | st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**33)),
)


def loaded(snapshot: Snapshot) -> dict[str, dict[str, Cell]]:
    tables: dict[str, dict[str, Cell]] = {}
    for name, cells in snapshot.load():
        tables.setdefault(name, {}).update(cells)
    return tables


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(TEXTS, CELLS.filter(bool)))
def test_what_is_saved_is_loaded(tmp_path: Path, tables: dict[str, dict[str, Cell]]) -> None:
    snapshot = Snapshot(str(tmp_path / "snap"))
    snapshot.save((name, cells.items()) for name, cells in tables.items())
    assert loaded(snapshot) == tables


@pytest.fixture
def saved(tmp_path: Path) -> Snapshot:
    snapshot = Snapshot(str(tmp_path / "snap"))
    cells: list[tuple[str, Cell]] = [(f"k{n}", (n, 0)) for n in range(2000)]
    snapshot.save([("a", cells), ("b", [("x", ("y", 7))])])
    return snapshot


def test_many_cells(saved: Snapshot, tmp_path: Path) -> None:
    assert len(loaded(saved)["a"]) == 2000
    assert [path.name for path in tmp_path.iterdir()] == ["snap"]


def test_every_damage_is_found(saved: Snapshot) -> None:
    path = Path(saved.path)
    whole = path.read_bytes()
    for end in (0, 10, len(whole) // 2, whole.rindex(b"{"), len(whole) - 2):
        path.write_bytes(whole[:end])
        with pytest.raises(Damaged):
            loaded(saved)
    for at in range(0, len(whole) - 1, 997):
        path.write_bytes(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
        with pytest.raises(Damaged):
            loaded(saved)
    path.write_bytes(whole + b"x")
    with pytest.raises(Damaged, match="not understood"):
        loaded(saved)


@pytest.mark.parametrize("cell", ["5", '["k"]', '["k",1.5,0]', '[7,"v",0]', '["k","v","0"]'])
def test_cells_that_are_none(saved: Snapshot, cell: str) -> None:
    path = Path(saved.path)
    heading, table = path.read_text().splitlines()[:2]
    path.write_text(f"{heading}\n{table}\n[{cell}]\n")
    with pytest.raises(Damaged, match="a cell that cannot be read"):
        loaded(saved)


def test_a_failed_save_leaves_the_old_one(saved: Snapshot) -> None:
    before = Path(saved.path).read_bytes()

    def broken() -> list[tuple[str, Cell]]:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        saved.save((name, broken()) for name in "ab")
    assert Path(saved.path).read_bytes() == before


def test_after_the_last_nothing_is_written(saved: Snapshot) -> None:
    saved.save([("c", [])], last=True)
    before = Path(saved.path).read_bytes()
    saved.save([("d", [("k", (1, 0))])])
    assert Path(saved.path).read_bytes() == before


def test_a_damaged_one_is_set_aside(saved: Snapshot, tmp_path: Path) -> None:
    aside = saved.set_aside()
    assert [str(path) for path in tmp_path.iterdir()] == [aside]


def test_damaged_ones_do_not_take_each_other_s_place(saved: Snapshot, tmp_path: Path) -> None:
    asides = []
    for number in range(11):
        Path(saved.path).write_text(str(number))
        asides.append(saved.set_aside())
    assert len(set(asides)) == 9
    assert [Path(aside).read_text() for aside in asides[:8]] == list("01234567")
    assert Path(asides[-1]).read_text() == "10"


def test_a_folder_that_is_not_there_is_found_before_anything_is_lost(tmp_path: Path) -> None:
    Snapshot(str(tmp_path / "s")).check_folder()
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        Snapshot(str(tmp_path / "no" / "s")).check_folder()
