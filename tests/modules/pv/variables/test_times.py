"""Times come from the clock the host was given."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError


@pytest.fixture(autouse=True)
def far_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_the_message_has_its_own_time(bench: Any) -> None:
    bench.host.clock.set(1_700_000_060.5)
    assert bench.show("$Ts $TS $Tb $TV(s) $TV(u) $TV(sn) $TV(un) $TV(Sn)") == (
        "1700000000 1700000060 1700000000 1700000000 250000 1700000060 500000 1700000060.500000"
    )
    assert bench.show("$Tf|$TF|$TV(Fn)") == (
        "Tue Nov 14 17:13:20 2023|Tue Nov 14 17:14:20 2023|2023-11-14 17:14:20.500000"
    )


def test_local_time_and_utc(bench: Any) -> None:
    assert bench.show("$time(hour) $time(min) $time(sec) $time(mday) $time(mon) $time(year)") == (
        "17 13 20 14 11 2023"
    )
    assert bench.show("$time(wday) $time(yday) $time(isdst) $utime(hour) $utime(isdst)") == (
        "3 318 0 22 0"
    )
    assert bench.show("$timef(%Y-%m-%d %H:%M) $utimef(%H)") == "2023-11-14 17:13 22"


def test_long_texts_do_not_fit(bench: Any) -> None:
    assert bench.value("$timef(" + "x" * 63 + ")") == "x" * 63
    assert bench.value("$timef(" + "x" * 64 + ")") is None


@pytest.mark.parametrize("text", ["$time(x)", "$utime(x)", "$TV(x)", "$timef()"])
def test_unknown_parts_are_refused(bench: Any, text: str) -> None:
    with pytest.raises(ResolveError):
        bench.value(text)
