"""The CSeq value: `4711 INVITE` (RFC 3261 section 20.16)."""

import re
from typing import NamedTuple

from sipproxy.errors import MessageError

# A fold between number and method, which Kamailio drops, is valid (RFC 4475 section 3.1.1.1).
_CSEQ = re.compile(
    r"[ \t\r\n]*(?P<number>[^ \t\r\n]+)[ \t\r\n]+(?P<method>[^ \t\r\n]+)[ \t\r\n]*\Z"
)


class CSeq(NamedTuple):
    """Sequence number as written (digits are not checked, as in Kamailio) and method."""

    number: str
    method: str

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        """The value written in `text`. Raises MessageError."""
        found = _CSEQ.match(text)
        if found is None:
            raise MessageError(f"bad CSeq {text!r}")
        return cls(found["number"], found["method"])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"
