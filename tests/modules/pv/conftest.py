"""A host with module pv loaded, and ways to evaluate texts for a message."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.core.functions import Core
from sipproxy.core.host import Host
from sipproxy.core.log import LogList
from sipproxy.core.sockets import ListenSocket, OwnAddresses
from sipproxy.core.values import Value
from sipproxy.modules.pv import Pv
from sipproxy.program import load_text
from sipproxy.sip.message import Message

NOW = 1_700_000_000.25
REQUEST = """INVITE sip:bob@example.com:5070;transport=tcp SIP/2.0
Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK1
From: "Alice" <sip:alice@a.example>;tag=f
To: <sip:bob@b.example>
Call-ID: c1
CSeq: 7 INVITE
Content-Length: 0

"""


@dataclass
class Bench:
    """A host, a module and a context to try things on."""

    host: Host
    pv: Pv
    log: LogList
    ctx: Context

    def show(self, text: str) -> str:
        """A text with its variables replaced."""
        return self.host.format(text)(self.ctx)

    def value(self, text: str) -> Value:
        """The value of one variable."""
        return self.host.pv(text).read(self.ctx)

    def put(self, text: str, value: Value) -> None:
        """Assign to one variable."""
        self.host.pv(text).write(self.ctx, value)

    def take(
        self,
        message: str,
        *,
        proto: str = "udp",
        local: tuple[str, int] = ("127.0.0.1", 5060),
        remote: tuple[str, int] = ("10.0.0.9", 5060),
        connection: int = 0,
        kind: str = "",
    ) -> Context:
        """Make a message (with `\\n` line ends) the one at hand."""
        data = message.replace("\n", "\r\n").encode("utf-8", "surrogateescape")
        msg = Message.parse(data, source=remote, dest=local, proto=proto)
        flow = Flow(proto, local, remote, connection)
        kind = kind or ("request" if msg.is_request else "reply")
        self.ctx = Context(msg, flow, self.host.now(), self.host, kind)
        return self.ctx

    def cleared(self) -> "Bench":
        """The same host with the request at hand again, as it came."""
        self.take(REQUEST)
        return self


@pytest.fixture
def sockets() -> list[ListenSocket]:
    """Our sockets; tests may override this."""
    return [
        ListenSocket("udp", "127.0.0.1", 5060),
        ListenSocket("udp", "127.0.0.1", 5080, ("pub.example", 5999), "named"),
        ListenSocket("tcp", "127.0.0.1", 5060),
        ListenSocket("udp", "::1", 5060),
    ]


@pytest.fixture
def bench(sockets: list[ListenSocket]) -> Bench:
    """A bench with a request at hand."""
    log = LogList()
    host = Host(VirtualClock(NOW), Chance(1), log)
    host.own = OwnAddresses(sockets)
    host.settings = load_text("server_id=3\n#!define X y\npstn.gw = 5\n").settings
    host.flags = {"NAMED": 4}
    host.load(Core)
    module = host.load(Pv)
    assert isinstance(module, Pv)
    module.start()
    made = Bench(host, module, log, None)  # type: ignore[arg-type]
    return made.cleared()


@pytest.fixture
def show(bench: Bench) -> Callable[[str], str]:
    """Evaluate a text for the request."""
    return bench.show
