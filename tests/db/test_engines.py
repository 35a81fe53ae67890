"""Engines of Kamailio's URLs."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from sipproxy.db.engines import SERVERS, engine, reason_of, server_dialect, server_engine
from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError


def test_an_sqlite_engine(tmp_path: Path) -> None:
    made = engine(DatabaseUrl.parse(f"sqlite:///{tmp_path}/new.db"))
    with made.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    made.dispose()
    assert (tmp_path / "new.db").exists()


def test_a_scheme_that_is_not_served() -> None:
    with pytest.raises(DatabaseError, match="scheme 'redis' are not served: sqlite, mysql"):
        engine(DatabaseUrl.parse("redis://x/y"))


@pytest.mark.parametrize("scheme", ["mysql", "postgres"])
def test_dialects_are_known_without_a_driver(scheme: str) -> None:
    assert server_dialect(DatabaseUrl.parse(f"{scheme}://h/db")).name.startswith(scheme)


@pytest.mark.parametrize(
    ("scheme", "driver", "shown"),
    [
        ("mysql", "pymysql", "mysql+pymysql://u:***@h:33/db"),
        ("postgres", "psycopg", "postgresql+psycopg://u:***@h:33/db"),
    ],
)
def test_a_server_engine(scheme: str, driver: str, shown: str) -> None:
    pytest.importorskip(driver)
    made = server_engine(DatabaseUrl.parse(f"{scheme}://u:p@h:33/db"), 2.0, 4)
    assert str(made.url) == shown


def test_reasons_are_one_line() -> None:
    lost = OperationalError("SELECT 1", {}, Exception(2013, "Lost connection"))
    assert reason_of(lost) == "Lost connection"
    refused = OperationalError("", {}, Exception("connection failed\n\tIs it running?\n"))
    assert reason_of(refused) == "connection failed Is it running?"
    assert reason_of(ValueError("bad")) == "bad"


def test_drivers_are_told_how_long_to_wait() -> None:
    assert SERVERS["mysql"].patience(1.2) == {
        "connect_timeout": 2,
        "read_timeout": 2,
        "write_timeout": 2,
    }
    assert SERVERS["postgres"].patience(0.5) == {
        "connect_timeout": 2,
        "tcp_user_timeout": 500,
        "keepalives_idle": 1,
        "keepalives_interval": 1,
        "keepalives_count": 2,
        "options": "-c statement_timeout=500",
    }
    assert SERVERS["mysql"].patience(60)["connect_timeout"] == 10
    assert SERVERS["postgres"].patience(60)["connect_timeout"] == 10
