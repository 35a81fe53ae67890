"""Phones that register with a server whose locations lie in a database."""

from collections.abc import Callable
from typing import Any

from sipproxy.core.contact import Contact
from sipproxy.core.flow import Flow
from sipproxy.sip.message import Message
from sipproxy.testing import request
from tests.bases import Base
from tests.opened import START, Served

CFG = """#!KAMAILIO
listen=udp:127.0.0.1:5060
{loads}loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("usrloc", "db_url", "{url}")
modparam("usrloc", "timer_interval", 60)
{more}
request_route {{
    if ($rm == "REGISTER") {{ save("location"); exit; }}
    $var(code) = lookup("location");
    sl_send_reply("200", "$var(code) $ru");
}}
"""
CLIENT = ("127.0.0.1", 5099)


class Phones:
    """A server with a database, and phones that register with it."""

    def __init__(
        self,
        base: Base,
        mode: int,
        more: str = "",
        cfg: Callable[[str], str] = lambda text: text,
    ) -> None:
        """`more` are further lines, apart by semicolons; `cfg` may change the whole."""
        self._base = base
        text = CFG.format(
            loads=base.loads,
            url=base.url,
            more=f'modparam("usrloc", "db_mode", {mode})\n' + more.replace(";", "\n"),
        )
        self._cfg = cfg(text)
        self._number = 0
        self.clock = START
        self.start()

    def start(self) -> None:
        self.served = Served(self._cfg)
        self.served.clock.set(self.clock)
        self.served.open()

    def stop(self) -> None:
        self.clock = self.served.clock.now()
        self.served.proxy.close()

    def send(self, method: str, user: str, headers: str = "", cseq: int = 0, uri: str = "") -> str:
        """Status and Contact of the reply, or its reason."""
        self._number += 1
        if not uri:
            uri = "sip:127.0.0.1" if method == "REGISTER" else f"sip:{user}@127.0.0.1"
        to = f"sip:{user}@127.0.0.1"
        number = cseq or self._number
        data = request(method, uri, to_uri=to, headers=headers, cseq=number, call_id="call")
        proxy = self.served.proxy
        flow = Flow("udp", ("127.0.0.1", 5060), CLIENT)
        proxy.receive(data, flow, self.served.clock.now())
        proxy.settle()
        [(reply, _)] = proxy.outbox
        proxy.outbox.clear()
        message = Message.parse(reply, source=CLIENT, dest=CLIENT)
        contact = message.header("contact") or ""
        return f"{message.status} {contact or message.reason}"

    def register(self, user: str, contact: str = "", more: str = "", cseq: int = 0) -> str:
        uri = contact or f"<sip:{user}@10.0.0.1>"
        return self.send("REGISTER", user, f"Contact: {uri};expires=600\r\n{more}".strip(), cseq)

    def leave(self, user: str, contact: str = "") -> str:
        return self.send(
            "REGISTER", user, f"Contact: {contact or f'<sip:{user}@10.0.0.1>'};expires=0"
        )

    def find(self, user: str) -> str:
        return self.send("OPTIONS", user)

    def rows(self, *columns: str, table: str = "location") -> list[Any]:
        return self._base.rows(table, *columns)

    def users(self) -> list[str]:
        return [user for (user,) in self.rows("username")]

    def contacts(self, user: str) -> tuple[Contact, ...]:
        """What memory has of a record."""
        module: Any = self.served.host.modules["usrloc"]
        found: tuple[Contact, ...] = module.tables["location"].read_now(user)
        return found

    def read(self, user: str) -> list[Contact]:
        """The contacts of a record, wherever they are."""
        found: list[Contact] = []
        proxy: Any = self.served.proxy

        async def read() -> None:
            found.extend(await proxy.host.modules["usrloc"].tables["location"].read(user))

        proxy.host.begin(read(), lambda: None)
        proxy.settle()
        return found
