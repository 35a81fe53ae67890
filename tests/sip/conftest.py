"""What real Kamailio 5.6.3 did, and messages to try things on.

`kamailio.json` was recorded on loopback from the packaged server with one child:

- `requests`: messages sent one by one to a cfg whose request_route logs `$rm $ru $rU $rd ...`
  and drops; `ran` tells whether the route was reached, `values` what it logged (null where the log
  said `<null>`).
- `via_parameters`: the same for each name, form and end of a Via parameter, in this order of loops.
- `built`: requests sent from 127.0.0.1:15061 to 127.0.0.1:15060, where the user part of the
  Request-URI chose what the cfg did, and the reply or forwarded request it sent.
- `replies`: replies sent to the server, and what it relayed (null: nothing).

Bytes are written as Latin-1 text.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sipproxy.sip.message import Message

CLIENT = ("127.0.0.1", 15061)
SERVER = ("127.0.0.1", 15060)


@pytest.fixture(scope="session")
def kamailio() -> dict[str, Any]:
    text = (Path(__file__).parent / "kamailio.json").read_text(encoding="utf-8")
    recorded: dict[str, Any] = json.loads(text)
    return recorded


@pytest.fixture(scope="session")
def parse() -> Callable[[bytes], Message]:
    """Reads a message as if it had come from the recording client."""

    def read(data: bytes) -> Message:
        return Message.parse(data, source=CLIENT, dest=SERVER)

    return read


@pytest.fixture(scope="session")
def request_of() -> Callable[..., bytes]:
    """Builds a request; each argument takes the place of whole header lines."""

    def make(
        *,
        start: bytes = b"OPTIONS sip:u@h SIP/2.0\r\n",
        via: bytes = b"Via: SIP/2.0/UDP 127.0.0.1:15061;branch=z9hG4bKz\r\n",
        from_: bytes = b"From: <sip:a@b>;tag=1\r\n",
        to: bytes = b"To: <sip:a@b>\r\n",
        more: bytes = b"",
        body: bytes = b"",
    ) -> bytes:
        return (
            start
            + via
            + from_
            + to
            + b"Call-ID: 1@x\r\nCSeq: 7 OPTIONS\r\n"
            + more
            + b"\r\n"
            + body
        )

    return make
