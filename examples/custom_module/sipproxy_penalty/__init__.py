"""penalty: points for those who misbehave, forgotten with time."""

from typing import Any

from sipproxy.core.context import Context
from sipproxy.core.module import (
    Module,
    event,
    function,
    modparam,
    modparam_method,
    pvar,
    rpc,
    setter,
)
from sipproxy.core.params import Parsed
from sipproxy.core.values import Value, to_int
from sipproxy.errors import ModuleError, RpcError

_PAUSE, _LONGEST = 0.1, 5.0
"""Seconds that a key waits for each of its points, and at most."""


class Offence(Parsed):
    """The name of an offence; one that no modparam names is an error when the cfg is read."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.points = 0

    @classmethod
    def parse(cls, text: str) -> "Offence":
        """Any text is a name."""
        return cls(text)

    def bind(self, host: Any) -> None:
        """Look up the points."""
        known = host.modules["penalty"].offences
        if self.name not in known:
            raise ValueError(f'no offence is named "{self.name}" ({", ".join(known) or "none is"})')
        self.points = known[self.name]


class Score:
    """The points of one key; `since` is when the next one began to fade."""

    __slots__ = ("points", "since")

    def __init__(self, points: int, since: float) -> None:
        self.points = points
        self.since = since

    def at(self, now: float, fade: int) -> int:
        """What is left when one fades in `fade` seconds."""
        faded = int((now - self.since) // fade)
        if faded > 0:
            self.points = max(0, self.points - faded)
            self.since += faded * fade
        return self.points


class Penalty(Module, name="penalty"):
    """Each key (an address, a user) has points; offences add some, one fades in `fade` seconds."""

    limit: int = modparam(10, "points from which on a key is over the limit", at_least=1)
    fade: int = modparam(60, "seconds until a point is forgotten", at_least=1)

    over = event("penalty:over", "A key went over the limit: $penalty_key.")

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self.offences: dict[str, int] = {}
        """Points by name."""
        self._scores: dict[str, Score] = {}

    @modparam_method("offence")
    def add_offence(self, text: str) -> None:
        """An offence and its points: `guess=3`."""
        name, equals, points = text.partition("=")
        if not (name and equals and points.isascii() and points.isdigit()):
            raise ModuleError(f'penalty: "{text}" is not name=points')
        self.offences[name] = int(points)

    def ready(self) -> None:
        """Who has no points left is forgotten, now and then."""
        self.host.timers.every(self.host.now(), self.fade, self._sweep)

    def _sweep(self, due: float) -> None:
        gone = [key for key, score in self._scores.items() if not score.at(due, self.fade)]
        for key in gone:
            del self._scores[key]

    def _points(self, key: str, now: float) -> int:
        score = self._scores.get(key)
        return score.at(now, self.fade) if score else 0

    @function()
    def penalty_add(self, ctx: Context, key: str, offence: Offence) -> bool:
        """Add an offence's points to a key; false when it is over the limit now."""
        before = self._points(key, ctx.now)
        after = before + offence.points
        if before:
            self._scores[key].points = after
        else:
            self._scores[key] = Score(after, ctx.now)
        if before < self.limit <= after:
            self.host.post("penalty:over", key)
        return after < self.limit

    @function()
    def penalty_over(self, ctx: Context, key: str) -> bool:
        """Whether a key is over the limit."""
        return self._points(key, ctx.now) >= self.limit

    @function("REQUEST")
    async def penalty_wait(self, ctx: Context, key: str) -> None:
        """Let the route wait 100 ms for each point, 5 s at most."""
        await self.host.sleep(min(_LONGEST, _PAUSE * self._points(key, ctx.now)))

    @pvar("penalty")
    def points(self, ctx: Context, key: str) -> int:
        """The points of a key."""
        return self._points(key, ctx.now)

    @setter(points)
    def set_points(self, ctx: Context, key: str, value: Value) -> None:
        """Give a key so many points; `$null` forgets it."""
        self._scores.pop(key, None)
        if value is not None:
            self._scores[key] = Score(to_int(value), ctx.now)

    @pvar("penalty_key")
    def key(self, ctx: Context) -> str | None:
        """In event_route[penalty:over]: the key that went over the limit."""
        return ctx.record if isinstance(ctx.record, str) else None

    @rpc("penalty.list", array=True)
    def rows(self) -> list[dict[str, int | str]]:
        """Keys with points, most points first."""
        now = self.host.now()
        rows = sorted(((self._points(key, now), key) for key in self._scores), reverse=True)
        return [{"key": key, "points": points} for points, key in rows if points]

    @rpc("penalty.forget", missing="Not enough parameters")
    def forget(self, key: str) -> None:
        """Forget the points of a key."""
        if self._scores.pop(key, None) is None:
            raise RpcError(404, "No such key")
