"""Nonces as Kamailio 5.6 writes them (modules/auth/nonce.c): two servers with one secret take each
other's.

A nonce is base64 of: expiry and issue as 32 bit seconds, MD5(both + number + secret); where the cfg
asks for checks, MD5(parts of the request + second secret); where nonces are counted or for one use,
a 32 bit number and a byte with two flags and the pool.
"""

import hashlib
import re
from binascii import Error, a2b_base64, b2a_base64
from contextlib import suppress
from functools import lru_cache
from hmac import compare_digest
from ipaddress import ip_address
from struct import Struct

from sipproxy import text as wire
from sipproxy.core.context import Context
from sipproxy.errors import MessageError
from sipproxy.modules.auth.codes import Verdict
from sipproxy.modules.auth.numbering import Counts, Numbers, OneTime
from sipproxy.sip.credentials import Credentials

CHECK_URI, CHECK_CALL_ID, CHECK_FROM_TAG, CHECK_SOURCE = 1, 2, 4, 8
"""Bits of auth_checks_register and its like: what must be the same as in the challenged request."""

_COUNT = re.compile("[0-9A-Fa-f]{8}")
_TIMES = Struct(">II")
_NUMBER = Struct(">IB")
_COUNTED, _ONE_TIME, _POOL = 128, 64, 63
_PLAIN, _CHECKED, _LONGEST = 24, 40, 48
_MASK = 0xFFFFFFFF
_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


class Nonces:
    """Makes and checks the nonces of one secret.

    `checks` holds the bits for REGISTER, for requests outside a dialog and for those inside;
    `started` is the time before which no nonce of ours was made, in seconds.
    """

    __slots__ = (
        "_checks",
        "_counts",
        "_drift",
        "_issued",
        "_lifetime",
        "_numbers",
        "_one_time",
        "_second_secret",
        "_secret",
        "_started",
        "_text",
    )

    def __init__(
        self,
        secret: bytes,
        second_secret: bytes,
        *,
        checks: tuple[int, int, int] = (0, 0, 0),
        lifetime: int = 300,
        drift: int = 3,
        started: int = 0,
        numbers: Numbers | None = None,
        counts: Counts | None = None,
        one_time: OneTime | None = None,
    ) -> None:
        self._secret = secret
        self._second_secret = second_secret
        self._checks = checks
        self._lifetime = lifetime
        self._drift = drift & _MASK
        self._started = started
        self._numbers = numbers
        self._counts = counts
        self._one_time = one_time
        self._issued = -1
        self._text = ""

    def trust_earlier(self) -> None:
        """Take nonces from before our start too, as the server did that ran then (a replay)."""
        self._started = 0

    def make(self, now: float, ctx: Context | None) -> str:
        """A nonce that is good from `now` on; without a context it is for no special request."""
        issued = int(now)
        checks = self._checks_for(ctx) if ctx is not None and any(self._checks) else 0
        if self._numbers is None and not checks:
            if issued != self._issued:
                times = _TIMES.pack((issued + self._lifetime) & _MASK, issued & _MASK)
                self._text = _base64(times + _md5(times + self._secret))
                self._issued = issued
            return self._text
        times = _TIMES.pack((issued + self._lifetime) & _MASK, issued & _MASK)
        tail = self._next_tail()
        first = _md5(times + tail + self._secret)
        second = self._digest_of(ctx, checks) if checks and ctx is not None else b""
        return _base64(times + first + second + tail)

    def check(self, found: Credentials, ctx: Context) -> Verdict:
        """What the nonce of some credentials is; a count or the one use is noted."""
        raw = _decoded(found.nonce or "")
        if len(raw) < _PLAIN:
            return Verdict.FOREIGN
        expires, issued = _TIMES.unpack_from(raw)
        now = int(ctx.now)
        if not self._is_of_now(issued, now):
            return Verdict.STALE
        checks = self._checks_for(ctx)
        at = _CHECKED if checks else _PLAIN
        number, flags = _NUMBER.unpack_from(raw.ljust(_LONGEST, b"\0"), at)
        if self._one_time is not None and not flags & _ONE_TIME:
            return Verdict.STALE
        tail = _NUMBER.pack(number, flags) if flags & (_COUNTED | _ONE_TIME) else b""
        if not compare_digest(raw[8:24], _md5(raw[:8] + tail + self._secret)):
            return Verdict.FOREIGN
        counted = self._count(found.nc, number, flags)
        if counted is not None and counted is not Verdict.GOOD:
            return counted
        if counted is None:
            one_time = self._one_time
            if one_time is not None and not one_time.take(number, flags & _POOL):
                return Verdict.REUSED
            if checks and len(raw) != at + len(tail):
                return Verdict.FOREIGN
            if checks and not compare_digest(raw[24:40], self._digest_of(ctx, checks)):
                return Verdict.STALE
        return Verdict.STALE if expires < now else Verdict.GOOD

    def _is_of_now(self, issued: int, now: int) -> bool:
        """Whether it was made since we started, and not in the future."""
        if issued > 0x7FFFFFFF:
            issued -= 1 << 32
        if issued < self._started:
            # The clock may have been set back since.
            self._started = min(self._started, now)
            if issued < now:
                return False
        return issued <= now or issued - now <= self._drift

    def _count(self, nc: str | None, number: int, flags: int) -> Verdict | None:
        """What the nonce count says; None where none is kept or given."""
        if self._counts is None or not flags & _COUNTED or not nc:
            return None
        if _COUNT.fullmatch(nc) is None:
            return Verdict.FOREIGN
        taken = self._counts.take(number, flags & _POOL, int(nc, 16))
        return Verdict.GOOD if taken else Verdict.STALE

    def _next_tail(self) -> bytes:
        numbers = self._numbers
        if numbers is None:
            return b""
        number = numbers.next()
        flags = 0
        if self._counts is not None:
            self._counts.begin(number)
            flags |= _COUNTED
        if self._one_time is not None:
            self._one_time.begin(number)
            flags |= _ONE_TIME
        return _NUMBER.pack(number, flags)

    def _checks_for(self, ctx: Context) -> int:
        register, outside, inside = self._checks
        if ctx.msg.method == "REGISTER":
            return register
        if outside == inside:
            return outside
        return inside if ctx.msg.is_tagged else outside

    def _digest_of(self, ctx: Context, checks: int) -> bytes:
        """MD5 of what must not change between the challenge and its answer."""
        msg = ctx.msg
        parts = b""
        if checks & CHECK_URI:
            parts += wire.encode(ctx.ruri)
        if checks & CHECK_CALL_ID:
            parts += wire.encode(msg.call_id)
        if checks & CHECK_FROM_TAG:
            with suppress(MessageError):
                parts += wire.encode(msg.from_.tag or "")
        if checks & CHECK_SOURCE:
            parts += _packed(msg.source[0])
        return _md5(parts + self._second_secret)


@lru_cache(maxsize=4096)
def _packed(address: str) -> bytes:
    return ip_address(address).packed


def _base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode("ascii")


def _decoded(text: str) -> bytes:
    """The bytes of a nonce; empty for what cannot be one."""
    data = wire.encode(text)
    if not 32 <= len(data) <= 64 or len(data) % 4:
        return b""
    try:
        return a2b_base64(data, strict_mode=True)
    except Error:
        return _decoded_loosely(data)


def _decoded_loosely(data: bytes) -> bytes:
    """As Kamailio reads it: a character that is no digit of base64 counts as eight set bits."""
    if data[-2:-1] == b"=" and data[-1:] != b"=":
        return b""
    values = [_DIGITS.find(byte) for byte in data]
    out = bytearray()
    for at in range(0, len(values), 4):
        a, b, c, d = (value & 0xFF for value in values[at : at + 4])
        out += bytes(((a << 2 | b >> 4) & 0xFF, (b << 4 | c >> 2) & 0xFF, (c << 6 | d) & 0xFF))
    return bytes(out[: len(out) - data[-2:].count(b"=")])
