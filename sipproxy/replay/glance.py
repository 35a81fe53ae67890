"""What a replay must know of a message before, or without, reading it whole."""

import re
from functools import lru_cache
from typing import NamedTuple

from sipproxy.core.flow import Address
from sipproxy.text import decode

_BOTH = re.compile(rb"\nCall-ID: ([!-~]+)\r\nCSeq: (\d+ [A-Z]+)\r\n").match
"""One behind the other, as most write them."""
_REPLY = b"SIP/2.0 "
_VERSION = b" SIP/2.0\r"
_CALL_ID = re.compile(rb"\n(?:Call-ID|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_CSEQ = re.compile(rb"\nCSeq[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_FROM = re.compile(rb"\n(?:From|f)[ \t]*:[^\r\n]*?sips?:([^@>;\r\n]*)@", re.IGNORECASE)
_USERNAME = re.compile(rb'\n(?:Proxy-)?Authorization[^\r\n]*?username="([^"\r\n]*)"', re.IGNORECASE)
_AGENT = re.compile(rb"\nUser-Agent[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_STALE = re.compile(rb"\n(?:WWW|Proxy)-Authenticate[^\r\n]*stale=\"?true", re.IGNORECASE)
_TAGGED = re.compile(rb"\n(?:To|t)[ \t]*:[^\r\n]*;[ \t]*tag=", re.IGNORECASE)

_SENT_BY = re.compile(
    rb"\n(?:Via|v)[ \t]*:[ \t]*SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*\w+[ \t]+(\[[^\]]*\]|[^:;,\s]+)"
    rb"(?:[ \t]*:[ \t]*(\d{1,5}))?",
    re.IGNORECASE,
)


class Exchange(NamedTuple):
    """What a request and its answers have in common: Call-ID and CSeq (`1 INVITE`)."""

    call_id: bytes
    cseq: bytes

    @property
    def method(self) -> str:
        """The method in CSeq."""
        return _method(self.cseq[self.cseq.rfind(b" ") + 1 :])


@lru_cache(maxsize=256)
def _method(raw: bytes) -> str:
    return decode(raw)


_new = tuple.__new__


def exchange(data: bytes) -> Exchange | None:
    """The exchange that a message belongs to; None for what has no Call-ID or CSeq."""
    find = data.find
    at = find(b"\nCall-ID: ")
    both = _BOTH(data, at) if at >= 0 else None
    if both is not None:
        return _new(Exchange, both.groups())
    number = find(b"\nCSeq: ")
    if at >= 0 and number >= 0:
        call_id = data[at + 10 : find(b"\n", at + 10)].strip()
        cseq = data[number + 7 : find(b"\n", number + 7)].strip()
    else:
        one, other = _CALL_ID.search(data), _CSEQ.search(data)
        if one is None or other is None:
            return None
        call_id, cseq = one[1].strip(), other[1].strip()
    if b"  " in cseq or b"\t" in cseq:
        cseq = b" ".join(cseq.split())
    return _new(Exchange, (call_id, cseq))


def status_of(data: bytes) -> int:
    """The status of a reply; 0 for all else."""
    if not data.startswith(_REPLY):
        return 0
    digits = data[8:11]
    return int(digits) if digits.isdigit() else 0


def is_request(data: bytes) -> bool:
    """Whether the first line is one of a request."""
    end = data.find(b"\n")
    return data.endswith(_VERSION, 0, end) or data[:end].rstrip().endswith(b" SIP/2.0")


def is_challenged_stale(data: bytes) -> bool:
    """Whether a 401 or 407 says that only the nonce was too old."""
    return _STALE.search(data) is not None


def has_to_tag(data: bytes) -> bool:
    """Whether a request belongs to a dialog."""
    return _TAGGED.search(data) is not None


def belongs(data: bytes, found: Exchange) -> bool:
    """Whether a message that we made is of an exchange; some of them it may fail to tell."""
    return found.call_id in data and b"\nCSeq: %b\r" % found.cseq in data


def credentials_user(data: bytes) -> str | None:
    """The user of Authorization or Proxy-Authorization; None for a request without them."""
    low = data.lower()
    if b"\nauthorization" not in low and b"\nproxy-authorization" not in low:
        return None
    found = _USERNAME.search(data)
    return None if found is None else decode(found[1].partition(b"@")[0])


def from_user(data: bytes) -> str:
    """The user of From, empty for none."""
    at = data.find(b"\nFrom: ")
    if at >= 0:
        last = data.find(b"\n", at + 1)
        start = data.find(b"<sip:", at, last)
        end = data.find(b"@", start, last)
        if 0 <= start < end:
            return _user(data[start + 5 : end])
    found = _FROM.search(data)
    return "" if found is None else _user(found[1])


@lru_cache(maxsize=4096)
def _user(raw: bytes) -> str:
    """A user without its password; most come again and again."""
    return decode(raw.partition(b":")[0])


def sent_by(request: bytes) -> Address | None:
    """Who the topmost Via says sent it; None without one."""
    found = _SENT_BY.search(request)
    return None if found is None else (decode(found[1]).strip("[]"), int(found[2] or 5060))


def agent_of(data: bytes) -> str:
    """The value of User-Agent, empty without one."""
    at = data.find(b"\nUser-Agent: ")
    if at >= 0:
        return _agent(data[at + 13 : data.find(b"\n", at + 13)])
    found = _AGENT.search(data)
    return "" if found is None else _agent(found[1])


@lru_cache(maxsize=1024)
def _agent(raw: bytes) -> str:
    return decode(raw.strip())
