"""What is asked of a table of locations, and what it is told, in the words of each database."""

from collections.abc import Callable

import pytest
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Dialect

from sipproxy.core.contact import MEMORY_ONLY, Contact
from sipproxy.core.sockets import OwnAddresses
from sipproxy.db.pooled import PooledDatabase
from sipproxy.db.url import DatabaseUrl
from sipproxy.modules.usrloc import Usrloc
from sipproxy.modules.usrloc.columns import Columns
from sipproxy.modules.usrloc.rows import Rows
from sipproxy.testing.bench import Bench

Maker = Callable[..., Contact]
Make = Callable[..., Rows]


@pytest.fixture
def make(bench: Bench[Usrloc]) -> Make:
    """`make(dialect, parameter=value)`: the table as one server and one database have it."""

    def rows(module: object = sqlite, **parameters: int | str) -> Rows:
        for name, value in parameters.items():
            setattr(bench.module, name, value)
        dialect: Dialect = module.dialect()  # type: ignore[attr-defined]
        url = DatabaseUrl.parse("mysql://h/d")
        base = PooledDatabase(
            url,
            bench.host.offload,
            1.0,
            dialect=dialect,
            make_engine=lambda *how: pytest.fail("nothing is asked here"),
            threads=1,
        )
        columns = Columns(bench.module, base, OwnAddresses())
        return Rows(bench.module, base, "location", columns, print, 7)

    return rows


def test_what_is_not_set_is_left_to_the_table(make: Make, contact: Maker) -> None:
    ([(sql, values)], otherwise) = make().added("u", contact(), 0)
    assert otherwise == []
    assert "received" not in sql and "methods" in sql
    assert "?" in sql and len(values) == sql.count("?")
    ([(sql, values)], _) = make(db_insert_null=1).added("u", contact(), 0)
    assert "received" in sql and "instance" in sql


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (sqlite, "INSERT OR REPLACE INTO location"),
        (mysql, "ON DUPLICATE KEY UPDATE username = VALUES(username)"),
        (postgresql, "ON CONFLICT (ruid) DO UPDATE SET username = excluded.username"),
    ],
)
def test_an_insert_that_may_be_an_update(
    make: Make, contact: Maker, module: object, words: str
) -> None:
    ([(sql, _)], _) = make(module, db_insert_update=1).added("u", contact(), 0)
    assert words in " ".join(sql.split())


def test_updates(make: Make, contact: Maker) -> None:
    ([(sql, values)], otherwise) = make().changed("u", contact(), 0)
    assert sql.startswith("UPDATE location SET contact=?") and sql.endswith("location.ruid = ?")
    assert tuple(values)[-1] == "ruid of sip:a@b"
    assert otherwise == []
    ([(sql, _)], [(insert, _)]) = make(db_check_update=1).changed("u", contact(), 0)
    assert insert.startswith("INSERT INTO location")
    ([(sql, _)], _) = make(db_update_as_insert=1).changed("u", contact(), 0)
    assert sql.startswith("INSERT INTO location")


def test_without_ruids(make: Make, contact: Maker) -> None:
    rows = make(db_ops_ruid=0, matching_mode=2)
    ([(sql, values)], _) = rows.changed("u", contact(path="<p>"), 0)
    assert sql.endswith(
        "WHERE location.username = ? AND location.contact = ? AND location.path = ?"
    )
    assert tuple(values)[-3:] == ("u", "sip:a@b", "<p>")
    ([(sql, values)], _) = rows.gone("u", contact())
    assert sql.endswith("location.contact = ? AND location.path IS NULL")
    assert values == ("u", "sip:a@b")
    ([(sql, values)], _) = rows.changed("u", contact(instance="<i>", reg_id=2), 0)
    assert sql.endswith("AND location.instance = ? AND location.reg_id = ?")
    assert tuple(values)[-3:] == ("u", "<i>", 2)


def test_what_is_in_memory_only_has_no_row(make: Make, contact: Maker) -> None:
    only = contact(flags=MEMORY_ONLY)
    rows = make()
    assert (
        rows.added("u", only, 0) == rows.changed("u", only, 0) == rows.gone("u", only) == ([], [])
    )


def test_expired_rows(make: Make) -> None:
    rows = make(expires_type=1, rm_expired_delay=9)
    sql, values = rows.expired(100)
    assert sql == "DELETE FROM location WHERE location.expires < ? AND location.expires != ?"
    assert values == (92, 0)
    sql, values = make(server_id_filter=1).expired(100)
    assert sql.endswith("AND location.server_id = ?")
    assert values == (92, 0, 7)
    sql, values = make().connected()
    assert sql.endswith("WHERE location.connection_id > ? AND location.server_id = ?")
    assert values == (0, 7)


def test_columns_of_other_names(make: Make, contact: Maker) -> None:
    rows = make(user_column="who", ruid_column="id of it", partition_column="part")
    ([(sql, _)], _) = rows.added("u", contact(), 0)
    assert "(who, contact," in sql and '"id of it"' in sql and "part" in sql
