"""A live registrar whose database server hangs: who waits, and what is made good."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from sipproxy.testing import request
from tests.bases import Base

if TYPE_CHECKING:
    from tests.net.conftest import Running
    from tests.servers import MariaDb

CFG = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "db_mysql.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("db_mysql", "timeout_interval", 1)
modparam("usrloc", "db_url", "{url}")
modparam("usrloc", "db_mode", {mode})
modparam("usrloc", "timer_interval", 1)
request_route {{
    if ($rm == "REGISTER") {{ save("location"); exit; }}
    $var(code) = lookup("location");
    sl_send_reply("200", "$var(code)");
}}
"""


@pytest.fixture
def base(mariadb: "MariaDb") -> Iterator[Base]:
    made = Base("mysql", mariadb.url(mariadb.database()), mariadb)
    made.make("location")
    yield made
    mariadb.thaw()


class Phone:
    """Registers and asks; replies are told apart by their Call-ID."""

    def __init__(self, running: "Running") -> None:
        self._running = running
        host, port = running.phone.getsockname()
        self._source = f"{host}:{port}"
        self._number = 0

    def say(self, method: str, user: str) -> str:
        """Send a request; its Call-ID."""
        self._number += 1
        uri = f"sip:{user}@127.0.0.1"
        contact = f"Contact: <sip:{user}@10.0.0.1>;expires=600" if method == "REGISTER" else ""
        data = request(
            method,
            uri,
            headers=contact,
            number=self._number,
            cseq=self._number,
            source=self._source,
        )
        self._running.say(bytes(data))
        return f"call-{self._number}"

    def hear(self) -> tuple[str, str]:
        """The next reply: its Call-ID and its first line without the version."""
        lines = self._running.phone.recv(4000).decode().split("\r\n")
        call_id = next(line for line in lines if line.startswith("Call-ID: "))
        return call_id.removeprefix("Call-ID: "), lines[0].removeprefix("SIP/2.0 ")

    def ask(self, method: str, user: str) -> str:
        """Send a request and wait for its reply."""
        wanted = self.say(method, user)
        while True:
            call_id, line = self.hear()
            if call_id == wanted:
                return line


@pytest.mark.parametrize(
    ("mode", "told"), [(1, "500 Server Internal Error"), (2, "200 OK")], ids=["through", "back"]
)
def test_a_frozen_server(
    serve: Callable[[str], Any], base: Base, mariadb: "MariaDb", mode: int, told: str
) -> None:
    phone = Phone(serve(CFG.format(url=base.url, mode=mode)))
    assert phone.ask("REGISTER", "alice") == "200 OK"
    mariadb.freeze()
    waiting = {phone.say("REGISTER", user) for user in ("bob", "carol")}
    heard: dict[str, str] = {}
    began = time.perf_counter()
    while len(heard) < len(waiting):
        wanted = phone.say("OPTIONS", "alice")
        asked = time.perf_counter()
        while True:
            call_id, line = phone.hear()
            if call_id in waiting:
                heard[call_id] = line
            if call_id == wanted:
                break
        assert line == "200 1"
        assert time.perf_counter() - asked < 0.5
        assert time.perf_counter() - began < 10
        time.sleep(0.005)
    assert set(heard.values()) == {told}
    mariadb.thaw()
    for _ in range(100):
        if phone.ask("REGISTER", "dan") == "200 OK":
            break
    users = {"alice", "dan"} | ({"bob", "carol"} if mode == 2 else set())
    for _ in range(100):
        found = {user for (user,) in base.rows("location", "username")}
        if found >= users:
            return
        time.sleep(0.05)
    raise AssertionError(found)
