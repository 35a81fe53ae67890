"""The examples with users: on a virtual clock, and as servers on UDP, sipproxy or Kamailio."""

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert

from sipproxy.db.schema import kamailio_tables
from sipproxy.testing.scene import Scene, Subscribers
from tests.ports import free_port

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "kamailio_cfg"
PASSWORDS = {
    "bob": "right-horse",
    "alice": "wonder",
    **{str(number): f"pw-{number}" for number in range(1000, 2000)},
}
SERVERS = {
    "sipproxy": (sys.executable, "-m", "sipproxy", "-DD", "-E"),
    "kamailio": ("kamailio", "-DD", "-E", "-m", "64", "-M", "8"),
}


@pytest.fixture(scope="session")
def passwords() -> dict[str, str]:
    """The users of the examples: bob, alice, and 1000 to 1999."""
    return PASSWORDS


@pytest.fixture
def scene() -> Callable[..., Scene]:
    """`scene("flood_ban.cfg", DENSITY=20)`: an example on a virtual clock."""

    def make(name: str, **defines: object) -> Scene:
        given = {key: str(value) for key, value in defines.items()}
        return Scene(str(EXAMPLES / name), PASSWORDS, defines=given)

    return make


@pytest.fixture(scope="session")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with Kamailio's tables and the users."""
    path = tmp_path_factory.mktemp("users") / "users.db"
    tables = kamailio_tables()
    engine = create_engine(f"sqlite:///{path}")
    tables.create_all(engine)
    columns = ("username", "domain", "ha1", "ha1b")
    rows = [
        {column: row[column] for column in columns} for row in Subscribers(PASSWORDS).rows.values()
    ]
    versions = [{"table_name": "subscriber", "table_version": 7}]
    with engine.begin() as connection:
        connection.execute(insert(tables.tables["subscriber"]), rows)
        connection.execute(insert(tables.tables["version"]), versions)
    engine.dispose()
    return path


@pytest.fixture
def serving(
    users: Path,
    tmp_path: Path,
    served: Callable[[Sequence[str], Path], AbstractContextManager[None]],
) -> Callable[..., AbstractContextManager[int]]:
    """`with serving("kamailio", "flood_ban.cfg", DENSITY=20) as port:` an example on UDP.

    The control socket is the file PORT/ctl in tmp_path, the log is PORT/log. `options` are more
    words of the command line. Skips the test when the server is not installed.
    """

    @contextmanager
    def serve(
        server: str, name: str, options: Sequence[str] = (), **defines: object
    ) -> Iterator[int]:
        if server == "kamailio" and not shutil.which("kamailio"):
            pytest.skip("kamailio is not installed")
        port = free_port()
        folder = tmp_path / str(port)
        folder.mkdir()
        given = {"PORT": port, "DBURL": f'"sqlite:///{users}"', "CTL": f'"unix:{folder}/ctl"'}
        words = [*SERVERS[server], "-f", str(EXAMPLES / name), "-Y", str(folder), *options]
        for key, value in {**given, **defines}.items():
            words += ["-A", f"{key}={value}"]
        with served(words, folder):
            yield port

    return serve
