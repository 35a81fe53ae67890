"""A host with modules loaded, and contexts to run their functions in."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pytest

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.core.host import Host
from sipproxy.core.log import LogList
from sipproxy.core.module import Module
from sipproxy.core.sockets import ListenSocket, OwnAddresses
from sipproxy.sip.message import Message

if TYPE_CHECKING:
    from tests.bases import Base
    from tests.day import Day
    from tests.servers import DatabaseServer, MariaDb, Postgres, Servers

M = TypeVar("M", bound=Module)

SERVER = ("10.0.0.1", 5060)
CLIENT = ("10.0.0.9", 5070)


@dataclass
class Bench:
    """One host, the log it writes, and short ways to load modules and make contexts."""

    log: LogList = field(default_factory=LogList)
    clock: VirtualClock = field(default_factory=VirtualClock)

    def __post_init__(self) -> None:
        self.host = Host(self.clock, Chance(1), self.log)
        self.host.own = OwnAddresses([ListenSocket("udp", *SERVER)])

    def load(self, kind: type[M], **params: object) -> M:
        """A module of this class with its parameters set, started."""
        module = cast(M, self.host.load(kind))
        for name, value in params.items():
            setattr(module, name, value)
        module.start()
        return module

    def context(self, data: str | bytes, kind: str = "request", source: Any = CLIENT) -> Context:
        """A context for a message that came in by UDP."""
        raw = data if isinstance(data, bytes) else data.encode()
        message = Message.parse(raw, source=source, dest=SERVER)
        flow = Flow("udp", SERVER, source)
        return Context(message, flow, self.clock.now(), self.host, kind)

    @property
    def lines(self) -> list[str]:
        """Texts of the log so far."""
        return [text for _, _, text in self.log.records]

    @property
    def sent(self) -> list[str]:
        """What was sent so far, as text; forgotten afterwards."""
        texts = [data.decode() for data, _ in self.host.outbox]
        self.host.outbox.clear()
        return texts


@pytest.fixture
def bench() -> Bench:
    """A fresh host."""
    return Bench()


def make_request(
    first: str = "OPTIONS sip:bob@example.com",
    headers: str = "",
    body: str = "",
    via: str = "SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bK-1",
    to: str = "<sip:bob@example.com>",
    length: bool = True,
) -> str:
    """A request with all mandatory headers; `headers` are whole lines that end in CRLF."""
    method = first.split()[0]
    tail = f"Content-Length: {len(body)}\r\n" if length else ""
    return (
        f"{first} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\n"
        f"From: <sip:alice@example.com>;tag=f1\r\nTo: {to}\r\nCall-ID: c1\r\n"
        f"CSeq: 1 {method}\r\n{headers}{tail}\r\n{body}"
    )


@pytest.fixture
def request_text() -> Callable[..., str]:
    """Makes the text of a request."""
    return make_request


def make_reply(
    status: str = "200 OK",
    headers: str = "",
    vias: tuple[str, ...] = (
        "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK-own",
        "SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bK-1",
    ),
    method: str = "OPTIONS",
) -> str:
    """A reply with all mandatory headers."""
    rows = "".join(f"Via: {via}\r\n" for via in vias)
    return (
        f"SIP/2.0 {status}\r\n{rows}From: <sip:alice@example.com>;tag=f1\r\n"
        f"To: <sip:bob@example.com>;tag=t1\r\nCall-ID: c1\r\nCSeq: 1 {method}\r\n"
        f"{headers}Content-Length: 0\r\n\r\n"
    )


@pytest.fixture
def reply_text() -> Callable[..., str]:
    """Makes the text of a reply."""
    return make_reply


@pytest.fixture
def served() -> Callable[[Sequence[str], Path], AbstractContextManager[None]]:
    """`with served(words, folder):` a server that says it is ready by its socket `folder`/ctl.

    Its log is `folder`/log. It is stopped with all its processes.
    """

    @contextmanager
    def serve(words: Sequence[str], folder: Path) -> Iterator[None]:
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)
        try:
            for _ in range(200):
                if (folder / "ctl").exists() or process.poll() is not None:
                    break
                time.sleep(0.05)
            assert process.poll() is None, (folder / "log").read_text(errors="replace")
            yield
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(10)

    return serve


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> "Day":
    """A capture of customers and attackers at a registrar, and a cfg that bans."""
    from tests.day import make

    return make(tmp_path_factory.mktemp("day"))


# -- several processes at a time (pytest-xdist)

TOGETHER = ("calls", "replay/html")
"""Folders whose tests share what is started for them."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A file's tests run one after the other; those that ask for a database server, too."""
    if not hasattr(config, "workerinput"):
        return
    here = Path(__file__).parent
    for item in items:
        place = item.path.relative_to(here).as_posix()
        group = next((folder for folder in TOGETHER if place.startswith(folder)), place)
        if SERVER_FIXTURES & set(getattr(item, "fixturenames", ())):
            group = "database servers"
        item.add_marker(pytest.mark.xdist_group(group))


# -- database servers

SERVER_FIXTURES = {"mariadb", "postgres", "base"}

SERVERS = pytest.StashKey["Servers"]()
"""Those that this session has started, or is about to."""


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the servers that some test asks for start beside the first tests.

    Of several processes only one has such tests: it starts them when it comes to the first.
    """
    if session.config.option.collectonly or hasattr(session.config, "workerinput"):
        return
    from tests.servers import MariaDb, Postgres

    wanted = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    for name, kind in (("mariadb", MariaDb), ("postgres", Postgres)):
        if name in wanted or "base" in wanted:
            _servers(session.config).announce(kind)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End them."""
    if SERVERS in config.stash:
        config.stash[SERVERS].close()


def _servers(config: pytest.Config) -> "Servers":
    from tests.servers import Servers

    if SERVERS not in config.stash:
        config.stash[SERVERS] = Servers()
    return config.stash[SERVERS]


def _server(config: pytest.Config, kind: "type[DatabaseServer]") -> "DatabaseServer":
    from tests.servers import Absent

    try:
        return _servers(config).get(kind)
    except Absent as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def mariadb(pytestconfig: pytest.Config) -> "MariaDb":
    """A real MariaDB of this session; `mariadb.url(mariadb.database())` is a new database."""
    from tests.servers import MariaDb

    return cast(MariaDb, _server(pytestconfig, MariaDb))


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> "Postgres":
    """A real PostgreSQL of this session."""
    from tests.servers import Postgres

    return cast(Postgres, _server(pytestconfig, Postgres))


@pytest.fixture(params=("sqlite", "mysql", "postgres", "text"))
def base(request: pytest.FixtureRequest, tmp_path: Path) -> "Base":
    """An empty database of each kind, one after the other."""
    from tests.bases import Base

    kind: str = request.param
    if kind == "sqlite":
        return Base(kind, f"sqlite:///{tmp_path}/base.db")
    if kind == "text":
        return Base(kind, f"text://{tmp_path}/base")
    server = request.getfixturevalue({"mysql": "mariadb", "postgres": "postgres"}[kind])
    return Base(kind, server.url(server.database()), server)
