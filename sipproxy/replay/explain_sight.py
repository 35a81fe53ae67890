"""The eyes of an explanation: what routes, tables, databases and the outbox tell, put into runs."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.core.host import Host
from sipproxy.core.tracing import Step
from sipproxy.db.observed import observe
from sipproxy.faults import cfg_line
from sipproxy.modules.htable.store import Cell
from sipproxy.replay.explain_tables import History, Moment, Place, watch_tables
from sipproxy.replay.explain_trace import Asked, Changed, Event, Run, Sent
from sipproxy.replay.glance import Exchange, exchange, from_user
from sipproxy.replay.player import Player
from sipproxy.replay.show import show_address
from sipproxy.text import decode

V = TypeVar("V")

_CHECKS = frozenset(
    f"{name}()"
    for name in (
        *("auth_check", "pv_auth_check"),
        *(f"{kind}_{verb}" for kind in ("www", "proxy") for verb in ("authenticate", "authorize")),
        *(
            f"pv_{kind}_{verb}"
            for kind in ("www", "proxy")
            for verb in ("authenticate", "authorize")
        ),
        *("pv_www_authenticate2",),
    )
)
"""Functions that look at credentials."""
_WORTH = {1: 1, -2: -2, -3: -3, -4: -4, -8: 1}
"""What their codes say of the credentials; -8 is of right ones, for another user than is named."""
_MOST_CODES = 200_000
_MOST_CONTEXTS = 16
_MOST_TOUCHED = 50

Opens = Callable[[Context, Exchange], Run | None]
"""Makes the Run of a context that begins; None for one that nobody wants to see."""


class Sight:
    """An onlooker of the routes and of the tables.

    The writes of all messages are noted, everything else of wanted ones only.
    """

    def __init__(self, opens: Opens) -> None:
        self.history = History()
        self.codes: dict[tuple[int, int], list[int]] = {}
        """What credentials were worth each time they were looked at, by capture and packet."""
        self._opens = opens
        self._player: Any = None
        self._sources: frozenset[str] = frozenset()
        self._contexts: dict[int, tuple[Context, Moment, Run | None]] = {}
        """Contexts that were at work lately: one may go on when another is over."""
        self._ctx: Context | None = None
        self._moment = Moment()
        self._run: Run | None = None

    def arrange(self, host: Host) -> None:
        """Before any route is compiled."""
        host.onlooker = self
        htable: Any = host.modules.get("htable")
        if htable is not None:
            watch_tables(htable.tables.values(), self)

    def begin(self, player: Player) -> None:
        """The proxy is made: look on at what it sends, and at what it asks of databases."""
        self._player = player
        self._sources = frozenset(player.proxy.program.config.sources)
        host = player.proxy.host
        before = host.observe_send

        def sent(data: bytes, flow: Flow) -> None:
            if self._sends(data, sys._getframe(1)):
                self._note(Sent(decode(data.partition(b"\r\n")[0]), flow.remote))
            if before is not None:
                before(data, flow)

        host.observe_send = sent
        for database in host.databases:
            observe(database, self._asked)

    def _sends(self, data: bytes, frame: FrameType) -> bool:
        """Whether the run at work sends this: timers may send for others when it is over."""
        run = self._run
        return run is not None and (exchange(data) == run.exchange or self._depth(frame) > 0)

    def _asked(self, sql: str, values: object, result: Any) -> None:
        if self._depth(sys._getframe(1)):
            rows = result if isinstance(result, int) else len(getattr(result, "rows", result))
            self._note(Asked(sql, values, rows))

    def _note(self, event: Event) -> None:
        if self._run is not None:
            self._run.note(event)

    # -- routes

    def runs(self, ctx: Context, step: Step) -> None:
        """A statement is about to run."""
        if ctx is not self._ctx:
            self._turn(ctx)
        if self._run is not None:
            self._run.begin(step, self._depth(sys._getframe(1)))

    def comes(self, ctx: Context, step: Step, value: V) -> V:
        """A value is there."""
        if ctx is not self._ctx:
            self._turn(ctx)
        if self._run is not None:
            self._run.see(step, value, self._depth(sys._getframe(1)))
        if step.kind == "call" and step.text in _CHECKS:
            self._check(value)
        return value

    def _check(self, code: object) -> None:
        """Credentials were looked at by a function, which answers so."""
        if not isinstance(code, int) or code not in _WORTH:
            return
        place = self._moment.capture, self._moment.packet
        if place in self.codes or len(self.codes) < _MOST_CODES:
            self.codes.setdefault(place, []).append(_WORTH[code])

    def _turn(self, ctx: Context) -> None:
        """Another context is at work now."""
        contexts = self._contexts
        known = contexts.get(id(ctx))
        if known is None:
            known = contexts[id(ctx)] = (ctx, *self._opened(ctx))
            if len(contexts) > _MOST_CONTEXTS:
                del contexts[next(iter(contexts))]
        self._ctx, self._moment, self._run = known

    def _opened(self, ctx: Context) -> tuple[Moment, Run | None]:
        player, raw = self._player, ctx.msg.raw
        found = exchange(raw)
        if player is None or found is None or ctx.kind == "event":
            return Moment(), None
        return Moment(player.capture, player.log.packet), self._opens(ctx, found)

    def _depth(self, frame: FrameType | None) -> int:
        """How many routes are nested here."""
        sources, depth = self._sources, 0
        while frame is not None:
            depth += frame.f_code.co_filename in sources
            frame = frame.f_back
        return depth

    # -- tables

    def read(self, place: Place, cell: Cell | None) -> None:
        """A cell is looked at."""
        touched = self._moment.touched
        if len(touched) < _MOST_TOUCHED:
            touched.append(place)
        if self._run is not None:
            self._run.look(place)

    def wrote(self, place: Place, old: Cell | None, new: Cell | None) -> None:
        """A cell is changed: by a route, or by a timer that sweeps."""
        player = self._player
        if player is None:  # filled at the start
            return
        now = player.clock.now()
        line = cfg_line(sys._getframe(1), player.proxy.program.config)
        by = self._moment if line else Moment(player.capture)
        if by.packet and not by.who and self._ctx is not None:
            by.who = _who(self._ctx)
        self.history.wrote(place, old, new, time=now, line=line, by=by)
        touched = by.touched
        if len(touched) < _MOST_TOUCHED:
            touched.append(place)
        if line:
            self._note(Changed(place, old, new))


def _who(ctx: Context) -> str:
    """What a message is and where it comes from."""
    msg, user = ctx.msg, from_user(ctx.msg.raw)
    what = msg.method if msg.is_request else str(msg.status)
    of = f" of {user}" if user else ""
    return f"{what}{of} from {show_address(ctx.flow.remote)}"
