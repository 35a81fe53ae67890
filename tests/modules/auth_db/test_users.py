"""What the database is asked about users."""

from pathlib import Path
from typing import Any

import pytest

from sipproxy.errors import DatabaseError, ModuleError
from sipproxy.modules.auth_db.users import Users
from sipproxy.testing import load_cfg_text

CFG = 'loadmodule "db_sqlite.so"\nrequest_route { exit; }\n'


class World:
    """Users of a database, asked outside a route."""

    def __init__(self, file: Path) -> None:
        self.proxy = load_cfg_text(CFG).proxy
        self.database = self.proxy.host.database(f"sqlite:///{file}")
        self.users = Users(self.database, "username", "domain")

    def find(self, *asked: Any) -> Any:
        found: list[Any] = []

        async def work() -> None:
            try:
                found.append(await self.users.find(*asked))
            except DatabaseError as error:
                found.append(error)

        self.proxy.host.begin(work(), lambda: None)
        self.proxy.settle()
        return found[0]


@pytest.fixture
def world(file: Path) -> World:
    return World(file)


def test_by_name_and_by_domain(world: World) -> None:
    columns = ("password", "domain")
    assert world.find("subscriber", columns, "alice", None) == ("wonder", "example.com")
    assert world.find("subscriber", columns, "alice", "example.com") == ("wonder", "example.com")
    assert world.find("subscriber", columns, "alice", "other.example") is None
    assert world.find("subscriber", columns, "nobody", None) is None


def test_columns_are_expressions_and_a_table_is_a_name(world: World) -> None:
    assert world.find("subscriber", ("1 + 1",), "alice", None) == (2,)
    for table in ("subscriber; DROP TABLE subscriber", 'subscriber" --', "missing", "\udcff"):
        assert isinstance(world.find(table, ("password",), "alice", None), DatabaseError)
    assert world.find("subscriber", ("password",), "bob", None) == ("builder",)


def test_each_question_is_prepared_once_and_few_are_kept(world: World) -> None:
    prepared: list[Any] = []
    prepare = world.database.prepare

    def note(statement: Any) -> Any:
        prepared.append(statement)
        return prepare(statement)

    world.database.prepare = note
    for _ in range(3):
        world.find("subscriber", ("password",), "alice", None)
        world.find("subscriber", ("password",), "alice", "example.com")
    assert len(prepared) == 2
    for number in range(70):
        world.find(f"other{number}", ("password",), "alice", None)
    assert len(prepared) == 72
    world.find("subscriber", ("password",), "alice", None)
    assert len(prepared) == 73


def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match="database of the users cannot be used"):
        World(tmp_path / "missing" / "db").users.open()
