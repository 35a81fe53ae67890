"""What routes, tables, databases and the outbox tell an explanation."""

from collections.abc import Sequence
from typing import Any

from sipproxy.program import load_text
from sipproxy.replay.capture import Datagram, Packet
from sipproxy.replay.explain_sight import Sight
from sipproxy.replay.explain_trace import Run, Sent
from sipproxy.replay.glance import Exchange
from sipproxy.replay.player import Manner, Player
from sipproxy.replay.verdicts import Decision
from sipproxy.testing import request

US, CALLER = ("192.0.2.1", 5060), ("192.0.2.11", 5060)
CFG = """loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "htable.so"
modparam("htable", "htable", "n=>size=4;initval=0")
modparam("htable", "htable", "s=>size=4")
event_route[htable:mod-init] { $sht(s=>start) = 1; }
request_route {
    if ($shtinc(n=>all) > 1) { route(B); }
    sl_send_reply("200", "OK");
}
route[B] { $sht(s=>last) = $ci; }
"""


class Watcher:
    """A Sight, and the runs that it was given."""

    def __init__(self, wanted: Sequence[bytes]) -> None:
        self.found: list[Run] = []
        self.wanted = wanted
        self.sight = Sight(self.opens)

    def opens(self, ctx: Any, found: Exchange) -> Run | None:
        if found.call_id not in self.wanted:
            return None
        number = self.sight.history.number
        self.found.append(Run.of(ctx, found, capture=0, packet=0, number=number))
        return self.found[-1]

    def arrange(self, host: Any) -> None:
        self.sight.arrange(host)

    def begin(self, player: Player) -> None:
        self.sight.begin(player)

    def take(self, decision: Decision, blocked: bool) -> None: ...


def played(*wanted: bytes) -> tuple[Watcher, Player]:
    watcher = Watcher(wanted)
    manner = Manner(watchers=(watcher,), keeps_log=False)
    player = Player(load_text(CFG, file="x.cfg"), [US], 1000.0, manner=manner)
    for number in (1, 2, 3):
        data = request(number=number, call_id=f"c{number}")
        player.feed(Packet(number, 1000.0 + number, Datagram(CALLER, US, data)))
    return watcher, player


def test_only_what_is_wanted_is_seen() -> None:
    watcher, player = played(b"c2")
    (run,) = watcher.found
    assert [line.step.span.line for line in run.lines] == [8, 8, 9]
    assert [event for event in run.lines[2].events if isinstance(event, Sent)] == [
        Sent("SIP/2.0 200 OK", ("192.0.2.11", 5080))
    ]
    assert len(played()[0].found) == 0
    assert player.fed == 3


def test_the_writes_of_all_are_noted() -> None:
    """Whoever is wanted: where, by whom, and what of it came from the start."""
    history = played()[0].sight.history
    count, last = history.trails([("n", "all"), ("s", "last")], 99)
    assert [write.by.packet for write in count.writes] == [1, 2, 3]
    assert [write.line for write in last.writes] == ["x.cfg:11", "x.cfg:11"]
    assert last.writes[-1].new == ("c3", 0)
    assert last.writes[0].by.who == "OPTIONS of alice from 192.0.2.11:5060"
    assert history.trails([("s", "start")], 99) == [], "written before anything is played"


def test_a_context_that_goes_on_is_the_same_run() -> None:
    """Another one that is at work in between does not end it."""
    watcher, _ = played(b"c1", b"c2")
    one, two = watcher.found
    lines = len(one.lines), len(two.lines)
    wanted = [row for row in watcher.sight._contexts.values() if row[2] is not None]
    for ctx, _, run in wanted * 2:
        assert run is not None
        watcher.sight.runs(ctx, run.lines[0].step)
    assert (len(one.lines), len(two.lines)) == (lines[0] + 2, lines[1] + 2)
    assert len(watcher.found) == 2
