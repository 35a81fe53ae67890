"""kill -9 while locations are written back: of each request all contacts have rows, or none has."""

import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from sipproxy.clock import Chance
from sipproxy.testing import request
from tests.bases import Base
from tests.phones import CFG
from tests.ports import free_port

PHONES = 400


class Life:
    """One run of a server after the other on the same rows; it writes each second."""

    def __init__(self, base: Base, folder: Path) -> None:
        self._port = free_port()
        more = 'modparam("usrloc", "db_mode", 2)\nmodparam("usrloc", "timer_interval", 1)'
        self._cfg = folder / "t.cfg"
        text = CFG.format(loads=base.loads, url=base.url, more=more)
        self._cfg.write_text(text.replace("5060", str(self._port)))
        self._log = folder / "log"
        self._base = base
        self._round = 0

    def begin(self) -> str:
        """Start; what the server said until it listened."""
        words = [sys.executable, "-m", "sipproxy", "run", str(self._cfg), "-Y"]
        with open(self._log, "wb") as log:
            folder = str(self._cfg.parent)
            self._process = subprocess.Popen([*words, folder], stdout=log, stderr=log)
        for _ in range(600):
            said = self._log.read_text()
            if "listening" in said:
                return said
            assert self._process.poll() is None, said
            time.sleep(0.025)
        raise AssertionError(said)

    def register(self) -> None:
        """Phones with two contacts each; those of the run before are replaced."""
        self._round += 1
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind(("127.0.0.1", 0))
            phone.settimeout(5)
            source = f"127.0.0.1:{phone.getsockname()[1]}"
            for number in range(PHONES):
                uris = [f"<sip:{self._round}-{n}@10.0.0.1>;expires=600" for n in (1, 2)]
                to = f"sip:u{number}-{self._round}@127.0.0.1"
                data = request(
                    *("REGISTER", "sip:127.0.0.1"),
                    to_uri=to,
                    headers=f"Contact: {', '.join(uris)}",
                    source=source,
                    number=number,
                )
                phone.sendto(data, ("127.0.0.1", self._port))
                assert phone.recv(4000).startswith(b"SIP/2.0 200")

    def kill(self, after: float) -> None:
        time.sleep(after)
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(20) == 0

    def counts(self) -> Counter[str]:
        """How many rows each user has."""
        return Counter(user for (user,) in self._base.run("SELECT username FROM location"))


def _killed(base: Base, folder: Path, kills: int, seed: int) -> None:
    chance = Chance(seed)
    life = Life(base, folder)
    for _ in range(kills):
        assert "skipping" not in life.begin()
        before = life.counts()
        life.register()
        life.kill(chance.below(1100) / 1000)
        assert set(life.counts().values()) <= {2}
        assert life.counts() >= before
    life.begin()
    life.register()
    life.stop()
    assert len(life.counts()) >= PHONES


def test_a_kill(lite: Base, tmp_path: Path) -> None:
    _killed(lite, tmp_path, 1, seed=5)


@pytest.mark.soak
def test_many_kills(tables: Base, tmp_path: Path) -> None:
    _killed(tables, tmp_path, 10, seed=7)
