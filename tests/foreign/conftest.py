"""Real servers on loopback for foreign clients and hostile bytes: sipproxy, or Kamailio."""

import hashlib
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert

from sipproxy.db.schema import kamailio_tables

HERE = Path(__file__).resolve().parent
SERVERS = {
    "sipproxy": (sys.executable, "-m", "sipproxy", "-DD", "-E"),
    "kamailio": ("kamailio", "-DD", "-E", "-m", "64", "-M", "8"),
}
NO_DEFINES: Mapping[str, object] = {}


def free_port() -> int:
    """A UDP port of loopback that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(name="free_port")
def free_port_of_loopback() -> Callable[[], int]:
    """:func:`free_port`."""
    return free_port


@pytest.fixture
def registrar(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """The example register_auth.cfg and its defines: bob at 127.0.0.1 with "right-horse"."""
    path = tmp_path / "users.db"
    tables = kamailio_tables()
    engine = create_engine(f"sqlite:///{path}")
    tables.create_all(engine)
    ha1 = hashlib.md5(b"bob:127.0.0.1:right-horse").hexdigest()
    bob = {"username": "bob", "domain": "127.0.0.1", "ha1": ha1}
    with engine.begin() as connection:
        connection.execute(insert(tables.tables["subscriber"]), [bob])
        connection.execute(
            insert(tables.tables["version"]), [{"table_name": "subscriber", "table_version": 7}]
        )
    engine.dispose()
    cfg = HERE.parents[1] / "examples" / "kamailio_cfg" / "register_auth.cfg"
    return cfg, {"DBURL": f'"sqlite:///{path}"', "REALM": '"127.0.0.1"'}


@pytest.fixture
def serving(
    tmp_path: Path, served: Callable[[Sequence[str], Path], AbstractContextManager[None]]
) -> Callable[..., AbstractContextManager[int]]:
    """`with serving("sipproxy", "edge.cfg", {"SINK": 5070}) as port:` a cfg served on UDP.

    A relative name is a file beside this one. The cfg gets `PORT` and `CTL`, a path it must open;
    the log is PORT/log in tmp_path. Skips the test when the server is not installed.
    """

    @contextmanager
    def serve(
        server: str, cfg: str | Path, defines: Mapping[str, object] = NO_DEFINES
    ) -> Iterator[int]:
        if not shutil.which(SERVERS[server][0]):
            pytest.skip(f"{server} is not installed")
        port = free_port()
        folder = tmp_path / str(port)
        folder.mkdir()
        words = [*SERVERS[server], "-f", str(HERE / cfg), "-Y", str(folder)]
        for key, value in {"PORT": port, "CTL": f'"unix:{folder}/ctl"', **defines}.items():
            words += ["-A", f"{key}={value}"]
        with served(words, folder):
            yield port

    return serve
