"""MariaDB and PostgreSQL for tests: real servers of Debian's packages, on ports of their own.

Each has its own data folder and runs as the user its package made when we are root. A session
starts them beside its first tests, and only when some test asks for them (see conftest.py).
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.ports import free_port

USER, PASSWORD = "kamailio", "kamailiorw"
PREFIX = "sipproxy-tests-"
START_TRIES = 1000
"""How often a server is asked whether it is there before the start has failed."""
_PAUSE = 0.05


class Absent(Exception):
    """The server, or the driver for it, is not installed here; the text says which."""


class DatabaseServer(ABC):
    """One server. `start` and `stop` may be repeated: its data stays until :meth:`remove`."""

    scheme: str
    account: str
    """The system's user that the server runs as when we are root."""
    ending = signal.SIGTERM
    """What ends it, whoever is connected."""

    def __init__(self) -> None:
        """Raises Absent; nothing is started yet."""
        self._check()
        self.port = free_port()
        place = _fast_folder()
        _sweep(Path(place or tempfile.gettempdir()))
        prefix = f"{PREFIX}{os.getpid()}-"
        self.folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        self._as = _other_user(self.account)
        if self._as:
            shutil.chown(self.folder, self.account)
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def _check(self) -> None:
        """Find the programs and the driver."""

    @abstractmethod
    def make(self) -> None:
        """Fill the data folder."""

    @abstractmethod
    def _command(self) -> list[str]:
        """What serves it."""

    @abstractmethod
    def connect(self, database: str = "") -> Any:
        """A connection of the driver, in autocommit mode."""

    def start(self) -> None:
        """Serve, and return when it answers."""
        log = open(self.folder / "log", "ab")  # noqa: SIM115
        with log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._as
            )
        (self.folder / "process").write_text(str(self._process.pid))
        for left in range(START_TRIES, -1, -1):
            try:
                self.connect().close()
            except Exception as error:
                if self._process.poll() is not None or not left:
                    raise RuntimeError(f"{error}\n{self._log()}") from None
                time.sleep(_PAUSE)
            else:
                return

    def stop(self, number: signal.Signals | None = None) -> None:
        """End it; with SIGKILL as a power failure does."""
        if self._process is not None:
            self._process.send_signal(number or self.ending)
            self._process.wait(30)
            self._process = None

    def freeze(self) -> None:
        """Let it hang, all of its processes."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        pid = self._process.pid
        os.kill(pid, number)
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(child), number)

    def database(self) -> str:
        """The name of a new, empty database."""
        name = f"test_{secrets.token_hex(4)}"
        self.run(f"CREATE DATABASE {name}")
        return name

    def url(self, database: str) -> str:
        """A database's URL as a cfg writes it."""
        return f"{self.scheme}://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str, database: str = "") -> list[tuple[Any, ...]]:
        """Execute them; the rows of the last one."""
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def remove(self) -> None:
        """End it and take its folder away."""
        if self._process is not None and self._process.poll() is None:
            self.thaw()
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _call(self, *words: str) -> None:
        done = subprocess.run(words, capture_output=True, text=True, cwd=self.folder, **self._as)
        if done.returncode:
            raise RuntimeError(f"{words[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    def _log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2000:]


class MariaDb(DatabaseServer):
    """Debian's mariadb-server, with the character set that Debian gives it."""

    scheme = "mysql"
    account = "mysql"

    def _check(self) -> None:
        self._server = _program("mariadbd", ["/usr/sbin"])
        self._install = _program("mariadb-install-db", ["/usr/bin"])
        _driver("pymysql")

    def make(self) -> None:
        self._call(
            self._install,
            *self._options(),
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        )
        (self.folder / "init.sql").write_text(
            f"CREATE OR REPLACE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON *.* TO {USER}@'%' WITH GRANT OPTION;\n"
        )

    def _options(self) -> list[str]:
        return [
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--tmpdir={self.folder}",  # in one folder two servers make files of one name
            "--character-set-server=utf8mb4",
            "--innodb-log-file-size=16M",
            "--innodb-flush-log-at-trx-commit=0",
        ]

    def _command(self) -> list[str]:
        return [
            self._server,
            *self._options(),
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            f"--socket={self.folder / 'socket'}",
            f"--pid-file={self.folder / 'pid'}",
            f"--init-file={self.folder / 'init.sql'}",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--innodb-buffer-pool-size=64M",
        ]

    def connect(self, database: str = "") -> Any:
        import pymysql

        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=PASSWORD,
            database=database or None,
            autocommit=True,
            connect_timeout=5,
        )


class Postgres(DatabaseServer):
    """Debian's postgresql."""

    scheme = "postgres"
    account = "postgres"
    ending = signal.SIGINT

    def _check(self) -> None:
        folders = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
        self._server = _program("postgres", folders)
        self._install = _program("initdb", folders)
        _driver("psycopg")

    def make(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        self._call(
            self._install,
            f"--pgdata={self.folder / 'data'}",
            f"--username={USER}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )

    def _command(self) -> list[str]:
        settings = (
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            f"unix_socket_directories={self.folder}",
            "fsync=off",
            "dynamic_shared_memory_type=mmap",  # else a killed server leaves memory behind
        )
        words = [self._server, "-D", str(self.folder / "data")]
        return words + [word for setting in settings for word in ("-c", setting)]

    def connect(self, database: str = "") -> Any:
        import psycopg

        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=PASSWORD,
            dbname=database or "postgres",
            autocommit=True,
            connect_timeout=5,
        )


class Servers:
    """The servers of a session, each started in a thread of its own when it is announced."""

    def __init__(self) -> None:
        self._starting: dict[type[DatabaseServer], threading.Thread] = {}
        self._ready: dict[type[DatabaseServer], DatabaseServer] = {}
        self._failed: dict[type[DatabaseServer], Exception] = {}

    def announce(self, kind: type[DatabaseServer]) -> None:
        """Begin to start this one, once."""
        if kind not in self._starting:
            thread = threading.Thread(target=self._start, args=(kind,), name=kind.__name__)
            self._starting[kind] = thread
            thread.start()

    def _start(self, kind: type[DatabaseServer]) -> None:
        try:
            server = kind()
            self._ready[kind] = server
            server.make()
            server.start()
        except Exception as error:
            self._failed[kind] = error

    def get(self, kind: type[DatabaseServer]) -> DatabaseServer:
        """It, when it answers; raises Absent, and RuntimeError when it did not start."""
        self.announce(kind)
        self._starting[kind].join()
        if kind in self._failed:
            raise self._failed[kind]
        return self._ready[kind]

    def close(self) -> None:
        """End all of them."""
        for thread in self._starting.values():
            thread.join()
        for server in self._ready.values():
            server.remove()


def _sweep(place: Path) -> None:
    """Take away what sessions have left that were killed: their servers, and the folders."""
    for folder in place.glob(f"{PREFIX}*"):
        session = folder.name.removeprefix(PREFIX).partition("-")[0]
        if not session.isdigit() or Path(f"/proc/{session}").exists():
            continue
        with contextlib.suppress(OSError, ValueError):
            server = int((folder / "process").read_text())
            if str(folder) in Path(f"/proc/{server}/cmdline").read_text():
                os.kill(server, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str, folders: Sequence[str]) -> str:
    found = shutil.which(name, path=os.pathsep.join([*folders, os.environ.get("PATH", "")]))
    if found is None:
        raise Absent(f"{name} is not installed")
    return found


def _driver(name: str) -> None:
    try:
        __import__(name)
    except ImportError:
        raise Absent(f"the driver {name} is not installed") from None


def _other_user(account: str) -> dict[str, Any]:
    """How a process becomes that user, when we are root."""
    if os.getuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam(account)
    except KeyError:
        raise Absent(f"there is no user {account}") from None
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _fast_folder() -> str | None:
    """Memory where there is enough of it: a server's first start writes a hundred small files."""
    shared = Path("/dev/shm")
    try:
        enough = shutil.disk_usage(shared).free > 1 << 30 and os.access(shared, os.W_OK)
    except OSError:
        return None
    return str(shared) if enough else None
