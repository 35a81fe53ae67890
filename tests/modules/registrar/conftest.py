"""A registrar without a transport for the tests of its parts."""

from typing import Any

import pytest

from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.modules.registrar import Registrar
from sipproxy.modules.sl import Sl
from sipproxy.modules.usrloc import Usrloc
from sipproxy.sip.message import Message
from sipproxy.testing.bench import Bench

SERVER, PHONE = ("10.0.0.1", 5060), ("10.0.0.9", 5070)


class RegistrarBench(Bench[Registrar]):
    """The module beside those it binds; `set` gives parameters and starts them all."""

    def __init__(self) -> None:
        super().__init__(Registrar)
        self.usrloc = self.host.load(Usrloc)
        self.sl = self.host.load(Sl)

    def set(self, **parameters: Any) -> None:
        """Set parameters and start."""
        for name, value in parameters.items():
            setattr(self.module, name, value)
        for module in (self.usrloc, self.sl, self.module):
            module.start()

    def request(self, *headers: str, method: str = "REGISTER", to: str = "sip:bob@x") -> Context:
        """A request with these header rows."""
        if not any(row.startswith("Call-ID:") for row in headers):
            headers = ("Call-ID: call", *headers)
        rows = "".join(f"{row}\r\n" for row in headers)
        data = (
            f"{method} {to} SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bK1\r\n"
            f"From: <{to}>;tag=f\r\nTo: <{to}>\r\nCSeq: 7 {method}\r\n"
            f"{rows}Content-Length: 0\r\n\r\n"
        ).encode()
        flow = Flow("udp", SERVER, PHONE)
        msg = Message.parse(data, source=PHONE, dest=SERVER)
        self.ctx = Context(msg, flow, self.clock.now(), self.host, "request")
        return self.ctx


@pytest.fixture
def bench() -> RegistrarBench:
    """The module, not started yet."""
    return RegistrarBench()
