"""The database servers of tests are there, and are told apart."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servers import DatabaseServer, MariaDb, Postgres


@pytest.fixture(params=["mariadb", "postgres"])
def server(request: pytest.FixtureRequest) -> "DatabaseServer":
    found: DatabaseServer = request.getfixturevalue(request.param)
    return found


def test_each_test_has_a_database_of_its_own(server: "DatabaseServer") -> None:
    one, other = server.database(), server.database()
    server.run("CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (5)", database=one)
    assert server.run("SELECT a FROM t", database=one) == [(5,)]
    with pytest.raises(Exception, match=r"(?i)exist"):
        server.run("SELECT a FROM t", database=other)


def test_what_it_holds_survives_a_restart(server: "DatabaseServer") -> None:
    name = server.database()
    server.run("CREATE TABLE t (a INTEGER)", database=name)
    server.stop()
    with pytest.raises(Exception, match=r"(?i)connect|refused"):
        server.run("SELECT 1")
    server.start()
    assert server.run("SELECT a FROM t", database=name) == []


def test_versions(mariadb: "MariaDb", postgres: "Postgres") -> None:
    assert "MariaDB" in mariadb.run("SELECT version()")[0][0]
    assert "PostgreSQL" in postgres.run("SELECT version()")[0][0]
