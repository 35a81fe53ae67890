"""To tags of replies of our own: the same for a request and its retransmissions."""

import hashlib
import zlib
from typing import Any

from sipproxy import text as wire
from sipproxy.sip.message import Message


class ToTags:
    """The tags of one maker (`stateless`, `tm`): a part of the server, one of the request."""

    def __init__(self, host: Any, maker: str, separator: str) -> None:
        self._host = host
        self._maker = maker
        self._separator = separator
        self._start = ""

    def of(self, msg: Message) -> str:
        """The tag for a reply to this request."""
        return f"{self._start or self._make_start()}{self._separator}{request_digest(msg)}"

    def _make_start(self) -> str:
        sockets = self._host.own.sockets
        first = sockets[0].sent_by if sockets else ""
        digest = hashlib.md5(f"{self._maker} {first}".encode(), usedforsecurity=False)
        self._start = digest.hexdigest()
        return self._start


def request_digest(msg: Message) -> str:
    """8 digits that are equal for an INVITE, its retransmissions and the ACK to our answer."""
    key = wire.encode(f"{msg.hop};{msg.branch};{msg.call_id}")
    return f"{zlib.crc32(key):08x}"
