"""`$Ts $TS $Tf $TF $Tb $TV $time $timef $utime $utimef`: the time."""

import time
from collections.abc import Callable

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.module import Module, pvar
from sipproxy.core.values import Value, wrap

_PARTS: dict[str, Callable[[time.struct_time], int]] = {
    "sec": lambda t: t.tm_sec,
    "min": lambda t: t.tm_min,
    "hour": lambda t: t.tm_hour,
    "mday": lambda t: t.tm_mday,
    "mon": lambda t: t.tm_mon,
    "year": lambda t: t.tm_year,
    "wday": lambda t: (t.tm_wday + 1) % 7 + 1,
    "yday": lambda t: t.tm_yday,
    "isdst": lambda t: t.tm_isdst,
}
_LONGEST = 63
"""Bytes that `$timef` may have; Kamailio's buffer holds no more."""


def micros(moment: float) -> int:
    """The microseconds of a time, 0 to 999999."""
    return int(moment % 1 * 1_000_000)


def _from_asctime(text: Value) -> int:
    """Unix time of what `$Tf` shows."""
    return int(time.mktime(time.strptime(text))) if isinstance(text, str) else 0


class TimeVariables(Module):
    """Times of the message (fixed while it is handled) and of the clock."""

    started = 0.0

    def start(self) -> None:
        """Remember when the server came up."""
        self.started = self.host.now()

    @pvar("Ts")
    def ts(self, ctx: Context) -> int:
        """Unix time of the message in seconds."""
        return wrap(int(ctx.now))

    @pvar("TS")
    def ts_now(self, ctx: Context) -> int:
        """Unix time now in seconds."""
        return wrap(int(self.host.now()))

    @pvar("Tf", number=_from_asctime)
    def tf(self, ctx: Context) -> str:
        """Time of the message as `Mon Nov  3 04:05:06 2025`."""
        return time.asctime(time.localtime(ctx.now))

    @pvar("TF", number=_from_asctime)
    def tf_now(self, ctx: Context) -> str:
        """Time now as `Mon Nov  3 04:05:06 2025`."""
        return time.asctime(time.localtime(self.host.now()))

    @pvar("Tb")
    def tb(self, ctx: Context) -> int:
        """Unix time at which the server started."""
        return wrap(int(self.started))

    @pvar("TV", bind=True)
    def tv(self, inner: str | None, index: str | None) -> PvAccess:
        """Seconds `s`, microseconds `u` of the message; `sn un Sn Fn` of the clock."""
        now = self.host.now

        def stamp(ctx: Context) -> str:
            moment = now()
            return f"{int(moment)}.{micros(moment):06d}"

        def date(ctx: Context) -> str:
            moment = now()
            written = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
            return f"{written}.{micros(moment):06d}"

        kinds: dict[str, PvAccess] = {
            "s": PvAccess(lambda ctx: wrap(int(ctx.now)), type="int"),
            "u": PvAccess(lambda ctx: micros(ctx.now), type="int"),
            "sn": PvAccess(lambda ctx: wrap(int(now())), type="int"),
            "un": PvAccess(lambda ctx: micros(now()), type="int"),
            "Sn": PvAccess(stamp, type="str"),
            "Fn": PvAccess(date, type="str"),
        }
        found = kinds.get(inner or "")
        if found is None:
            raise ValueError(f"{', '.join(kinds)} exist")
        return found

    @pvar("time", bind=True)
    def local_part(self, inner: str | None, index: str | None) -> PvAccess:
        """Part of the message's local time: `sec min hour mday mon year wday yday isdst`."""
        return _part(inner, time.localtime)

    @pvar("utime", bind=True)
    def utc_part(self, inner: str | None, index: str | None) -> PvAccess:
        """Part of the message's time in UTC."""
        return _part(inner, time.gmtime)

    @pvar("timef", bind=True)
    def local_text(self, inner: str | None, index: str | None) -> PvAccess:
        """The message's local time by strftime."""
        return _text(inner, time.localtime)

    @pvar("utimef", bind=True)
    def utc_text(self, inner: str | None, index: str | None) -> PvAccess:
        """The message's time in UTC by strftime."""
        return _text(inner, time.gmtime)


def _part(inner: str | None, split: Callable[[float], time.struct_time]) -> PvAccess:
    part = _PARTS.get(inner or "")
    if part is None:
        raise ValueError(f"{', '.join(_PARTS)} exist")
    return PvAccess(lambda ctx: part(split(ctx.now)), type="int")


def _text(inner: str | None, split: Callable[[float], time.struct_time]) -> PvAccess:
    if not inner:
        raise ValueError("a format is missing")

    def read(ctx: Context) -> Value:
        written = time.strftime(inner, split(ctx.now))
        return written if 0 < len(written.encode("utf-8", "surrogateescape")) <= _LONGEST else None

    return PvAccess(read)
