"""A large table of a database: what it takes to read it, and to read it again under traffic.

    python benchmarks/reload.py [URL] [-n ROWS] [-r RATE] [--json]

Without a URL an SQLite file is made. A server reads the table; then requests come at RATE while
`htable.reload` reads it again.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.compare import build, free_port
from sipproxy.db.upkeep import connected, create, known_tables
from sipproxy.db.url import DatabaseUrl
from sipproxy.net.rpc_client import call

HERE = Path(__file__).resolve().parent
PAGE = os.sysconf("SC_PAGE_SIZE")
MODULES = {"sqlite": "db_sqlite", "mysql": "db_mysql", "postgres": "db_postgres", "text": "db_text"}

CFG = """
listen=udp:127.0.0.1:{port}
disable_tcp=yes
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "ctl.so"
loadmodule "{module}.so"
loadmodule "htable.so"
modparam("ctl", "binrpc", "unix:{folder}/ctl")
modparam("htable", "db_url", "{url}")
modparam("htable", "fetch_rows", 1000)
modparam("htable", "htable", "t=>size=16{dbtable}")
request_route {{
    if ($sht(t=>key5) == "value5") {{ sl_send_reply("200", "OK"); exit; }}
    sl_send_reply("404", "Not Found");
}}
"""


@dataclass(frozen=True)
class Outcome:
    """Seconds, and megabytes above an empty server; `highest` is while the table is read again."""

    rows: int
    load: float
    size: float
    reload: float
    highest: float
    after: float
    asked: int
    answered: int
    slow: float
    """Milliseconds that 99 of 100 answers took at most while the table was read again."""


class Server:
    """One server process."""

    def __init__(self, folder: Path, url: str, dbtable: str) -> None:
        self.port = free_port()
        cfg = folder / "reload.cfg"
        module = MODULES[url.partition(":")[0]]
        named = {"port": self.port, "module": module, "folder": folder, "url": url}
        cfg.write_text(CFG.format(**named, dbtable=dbtable))
        words = [sys.executable, "-m", "sipproxy", "run", str(cfg), "-Y", str(folder)]
        self.began = time.monotonic()
        (folder / "ctl").unlink(missing_ok=True)
        self.process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        self._socket = f"unix:{folder}/ctl"
        while True:
            with suppress(Exception):
                self.rpc("core.uptime")
                break
            if self.process.poll() is not None:
                raise SystemExit("the server did not start")
            time.sleep(0.02)
        self.took = time.monotonic() - self.began

    def rpc(self, method: str, *words: str) -> Any:
        """Call a command."""
        return call(self._socket, method, words, timeout=600.0)

    def resident(self) -> float:
        """Megabytes it has now."""
        statm = Path(f"/proc/{self.process.pid}/statm").read_text()
        return int(statm.split()[1]) * PAGE / 2**20

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(60)


def fill(url: str, rows: int) -> None:
    """Make htable's table and put so many rows into it."""
    with connected(DatabaseUrl.parse(url), create=True) as connection:
        [_, table] = known_tables(["htable"])
        create(connection, known_tables(["htable"]))
        connection.exec_driver_sql("BEGIN")
        connection.execute(table.delete())
        for start in range(0, rows, 10_000):
            part = range(start, min(start + 10_000, rows))
            connection.execute(
                table.insert(), [{"key_name": f"key{n}", "key_value": f"value{n}"} for n in part]
            )
        connection.exec_driver_sql("COMMIT")


def measure(url: str, rows: int, rate: int, folder: Path) -> Outcome:
    """Fill the table, serve it, read it again under traffic."""
    fill(url, rows)
    empty = Server(folder, url, "")
    least, start = empty.resident(), empty.took
    empty.stop()
    server = Server(folder, url, ";dbtable=htable")
    try:
        size = server.resident() - least
        took: list[float] = []
        highest: list[float] = [0.0]
        seconds = max(3.0, 2 * server.took)
        words = [str(build("sipload")), "-t", f"127.0.0.1:{server.port}", "-f"]
        words += [str(HERE / "message.sip"), "-w", "100000"]
        words += ["-r", str(rate), "-n", str(int(rate * seconds))]
        load = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        time.sleep(0.5)

        def reload() -> None:
            began = time.monotonic()
            server.rpc("htable.reload", "t")
            took.append(time.monotonic() - began)

        thread = threading.Thread(target=reload)
        thread.start()
        while load.poll() is None:
            highest[0] = max(highest[0], server.resident())
            time.sleep(0.01)
        thread.join()
        assert load.stdout is not None
        told = json.loads(load.stdout.read())
        after = server.resident() - least
        return Outcome(
            rows,
            server.took - start,
            size,
            took[0],
            highest[0] - least,
            after,
            told["requests"],
            told["replies"].get("200", 0),
            told["p99_us"] / 1000,
        )
    finally:
        server.stop()


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("url", nargs="?", default="")
    parser.add_argument("-n", type=int, default=1_000_000, metavar="ROWS")
    parser.add_argument("-r", type=int, default=2_000, metavar="RATE")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reload-") as folder:
        url = options.url or f"sqlite:///{folder}/table.db"
        found = measure(url, options.n, options.r, Path(folder))
    if options.json:
        print(json.dumps(asdict(found)))
        return
    print(f"{found.rows} rows: read in {found.load:.1f} s, {found.size:.0f} MB")
    print(
        f"again in {found.reload:.1f} s, {found.highest:.0f} MB at most, {found.after:.0f} after; "
        f"{found.answered} of {found.asked} requests answered, 99 of 100 within {found.slow:.1f} ms"
    )


if __name__ == "__main__":
    main()
