"""A replay with everything that a report shows: good users blocked, attackers, hostile names."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sipproxy.program import load_text
from sipproxy.replay.gather import Gathered
from sipproxy.replay.html import render
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Replayed, replay
from sipproxy.testing.messages import request, response

ME = ("203.0.113.5", 5060)
BEGIN = 1_795_000_000.0
CFG = """loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "htable.so"
modparam("htable", "htable", "asked=>size=8;initval=0;autoexpire=600")
modparam("htable", "htable", "never=>size=4")
#!define DBURL "mysql://kam:opensesame@db/kamailio"
#!define SECRET "not for you"
# a remark
request_route {
    if ($shtinc(asked=>$si) > 5) {
        sl_send_reply("429", "No");
        exit;
    }
    if ($rm == "BYE") {
        exit;
    }
    sl_send_reply("200", "OK");
}
"""

AGENT = '"><img src=x onerror=alert(1)>\x1b[2J'
USER = "<script>alert('boo')</script>"


class Traffic:
    """Requests with the old server's answers, written as a capture."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: list[tuple[float, tuple[str, int], tuple[str, int], bytes]] = []
        self._number = 0

    def ask(
        self,
        at: float,
        host: str,
        user: str,
        *,
        method: str = "REGISTER",
        status: int = 200,
        agent: str = "",
    ) -> None:
        """One request, `at` seconds after the beginning."""
        self._number += 1
        source = (host, 5060)
        message = request(
            method,
            "sip:example.com",
            user=user,
            source=f"{host}:5060",
            number=self._number,
            headers=f"User-Agent: {agent}" if agent else "",
        )
        self._rows.append((BEGIN + at, source, ME, message))
        self._rows.append((BEGIN + at + 0.01, ME, source, response(message, status, "So")))

    def write(self) -> str:
        """The capture's path."""
        with PcapWriter(str(self.path)) as writer:
            for row in sorted(self._rows, key=lambda row: row[0]):
                writer.add(*row)
        return str(self.path)


Replaying = Callable[..., tuple[Replayed, Gathered]]


@pytest.fixture(scope="session")
def replaying(tmp_path_factory: pytest.TempPathFactory) -> Replaying:
    """Play traffic through a cfg, with what was gathered."""

    def play(fill: Callable[[Traffic], None], cfg: str = CFG, **more: Any) -> Any:
        traffic = Traffic(tmp_path_factory.mktemp("report") / "traffic.pcap")
        fill(traffic)
        gathered = Gathered()
        manner = Manner(watchers=[gathered], **more)
        program = load_text(cfg, file="edge.cfg")
        return replay(program, [traffic.write()], me=[ME], manner=manner), gathered

    return play


def _attack(traffic: Traffic) -> None:
    for number in range(10):
        traffic.ask(60 * number, "192.0.2.1", "alice", agent="Desk phone")
    for number in range(4):
        traffic.ask(90 * number, "192.0.2.2", "bob")
    for number in range(50):
        traffic.ask(100 + number, "198.51.100.66", USER, status=401, agent=AGENT)


@pytest.fixture(scope="session")
def attack(replaying: Replaying) -> tuple[Replayed, Gathered]:
    """Alice asks ten times and is blocked, bob four times; somebody else is no good user."""
    return replaying(_attack)


@pytest.fixture(scope="session")
def page(attack: tuple[Replayed, Gathered]) -> str:
    """The report of that."""
    return render(*attack, 0.5)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless browser, started once; it notes what is loaded and what its console says."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not browser or not driver:
        pytest.skip("chromium and chromedriver are not installed")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield opened
    opened.quit()
