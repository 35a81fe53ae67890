"""The htables in a report."""

from collections.abc import Callable
from typing import Any

from sipproxy.replay.gather import Gathered
from sipproxy.replay.html.tables import shown_tables
from sipproxy.replay.run import Replayed

Replaying = Callable[..., tuple[Replayed, Gathered]]
CFG = """loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "htable.so"
modparam("htable", "htable", "empty=>size=4")
modparam("htable", "htable", "asked=>size=8;initval=0;autoexpire=60")
modparam("htable", "htable", "banned=>size=8")
modparam("htable", "htable", "why=>size=8")
modparam("htable", "timer_interval", 1)
request_route {
    if ($shtinc(asked=>$si) == 5) {
        $sht(banned=>$si) = $Ts;
        $sht(why=>$si) = "too many";
    }
    sl_send_reply("200", "OK");
}
"""


def test_sizes_counters_and_keys(replaying: Replaying) -> None:
    def fill(traffic: Any) -> None:
        for number in range(7):
            traffic.ask(10 + number, "192.0.2.1", "alice")
        traffic.ask(12, "192.0.2.2", "bob")
        traffic.ask(300, "192.0.2.3", "carol")

    tables = {table.name: table for table in shown_tables(replaying(fill, CFG)[1])}
    assert list(tables) == ["asked", "banned", "why", "empty"]
    asked = tables["asked"]
    assert (asked.most, asked.size, asked.highest) == (2, 1, 7)
    assert [(curve.key, curve.highest) for curve in asked.curves][:2] == [
        ("192.0.2.1", 7),
        ("192.0.2.2", 1),
    ]
    row = asked.keys[0]
    assert (row.key, row.value, row.highest, row.cell) == ("192.0.2.1", "7", 7, None)
    now = asked.keys[-1]
    assert (now.key, now.cell and now.cell.until) == ("192.0.2.3", 1_795_000_360)
    banned = tables["banned"]
    assert banned.curves == []  # the moment of a ban is no counter
    assert banned.keys[0].value == "1795000014 (2026-11-18 11:06:54)"
    assert banned.keys[0].cell is not None and banned.keys[0].cell.until == 0
    assert tables["why"].keys[0].value == "too many"
    assert (tables["empty"].most, tables["empty"].area) == (0, "")
