"""kamctl and sipproxy share the users of one database, whatever its kind."""

import io
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sipproxy.db.url import DatabaseUrl

if TYPE_CHECKING:
    from tests.bases import Base

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("kamctl") is None, reason="needs kamctl"),
]

Sipproxy = Callable[..., Any]
ENGINES = {"sqlite": "SQLITE", "mysql": "MYSQL", "postgres": "PGSQL", "text": "DBTEXT"}
CLIENTS = {"sqlite": "sqlite3", "mysql": "mysql", "postgres": "psql", "text": "python3"}
COLUMNS = ("username", "domain", "password", "ha1", "ha1b")


@pytest.fixture
def kamctl(base: "Base", tmp_path: Path) -> Callable[..., None]:
    """`kamctl("add", "alice", "secret")` on the database."""
    client = CLIENTS[base.kind]
    if shutil.which(client) is None:
        pytest.skip(f"needs {client}")
    url = DatabaseUrl.parse(base.url)
    named = {
        "HOME": str(tmp_path),
        "SIP_DOMAIN": "example.com",
        "DBENGINE": ENGINES[base.kind],
        "DB_PATH": url.path,
        "DBHOST": url.host,
        "DBPORT": str(url.port),
        "DBNAME": url.database,
        **{name: url.user for name in ("DBRWUSER", "DBROUSER")},
        **{name: url.password for name in ("DBRWPW", "DBROPW", "PGPASSWORD")},
    }

    def run(*words: str) -> None:
        subprocess.run(
            ["kamctl", *words], env=os.environ | named, capture_output=True, timeout=60, check=False
        )

    return run


def test_users_of_one_are_users_of_the_other(
    kamctl: Callable[..., None],
    sipproxy: Sipproxy,
    base: "Base",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def typing(password: str, *words: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        code: int = sipproxy("user", *words, "alice@example.com", *where).code
        return code

    base.make("subscriber", "dbaliases", "aliases")
    where = ("--db", base.url)
    kamctl("add", "alice", "first")
    assert sipproxy("user", "list", *where).out == "alice@example.com  hashed, plain\n"
    [theirs] = base.rows("subscriber", *COLUMNS)
    assert sipproxy("user", "rm", "alice@example.com", *where).code == 0
    assert typing("first", "add", "--plain") == 0
    assert base.rows("subscriber", *COLUMNS) == [theirs]
    assert theirs[:3] == ("alice", "example.com", "first")

    if base.kind != "text":  # there kamctl says that it has changed the password, and has not
        kamctl("passwd", "alice", "second")
        [theirs] = base.rows("subscriber", *COLUMNS)
        assert theirs[2] == "second"
        assert typing("second", "passwd", "--plain") == 0
        assert base.rows("subscriber", *COLUMNS) == [theirs]

    assert typing("third", "passwd") == 0
    assert sipproxy("user", "list", *where).out == "alice@example.com  hashed\n"
    kamctl("rm", "alice")
    assert sipproxy("user", "list", *where).out == ""
