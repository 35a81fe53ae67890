"""Log levels as Kamailio numbers them, the sink that lines go to, and lines that may be many."""

from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import Protocol

from sipproxy.core.timers import TimerQueue
from sipproxy.text import upper

ALERT, BUG, CRIT2, CRIT, ERROR, WARN, NOTICE, INFO, DEBUG = -5, -4, -3, -2, -1, 0, 1, 2, 3

LEVEL_NAMES = {
    -5: "ALERT",
    -4: "BUG",
    -3: "CRITICAL",
    -2: "CRITICAL",
    -1: "ERROR",
    0: "WARNING",
    1: "NOTICE",
    2: "INFO",
    3: "DEBUG",
}


LEVEL_LETTERS: Mapping[str, int] = MappingProxyType(
    {
        **{"A": ALERT, "B": BUG, "C": CRIT2, "E": ERROR},
        **{"W": WARN, "N": NOTICE, "I": INFO, "D": DEBUG},
    }
)
"""The third letter of `L_ERR` and its like, which alone counts in a cfg."""

FACILITIES = frozenset(
    f"LOG_{name}"
    for name in (
        *("AUTH", "AUTHPRIV", "CRON", "DAEMON", "FTP", "KERN", "LPR"),
        *("MAIL", "NEWS", "SYSLOG", "USER", "UUCP"),
        *(f"LOCAL{number}" for number in range(8)),
    )
)
"""Names of the facilities of syslog."""


def facility_named(text: str) -> str:
    """A facility as it is listed, from a name in any case; raises ValueError (str2facility)."""
    if upper(text) not in FACILITIES:
        raise ValueError(f"invalid syslog facility {text}")
    return upper(text)


def named_level(text: str) -> int:
    """The level that a cfg calls `L_ERR`; raises ValueError."""
    try:
        return LEVEL_LETTERS[text[2]]
    except (IndexError, KeyError):
        raise ValueError(f"unknown log level {text!r}") from None


class LogSink(Protocol):
    """Takes the lines a cfg or a module writes; `threshold` is the core parameter `debug`."""

    threshold: int

    def write(
        self, level: int, origin: str, text: str, label: str = "", facility: str = ""
    ) -> None:
        """One record; `origin` is `<script>` or a module's name. Called only for enabled levels.

        `label` stands for the name of the level in a line. `facility` (of :func:`facility_named`)
        is for syslog, in place of the core parameter log_facility.
        """


class LogList:
    """A sink that keeps its records, for tests and replay: (level, origin, text)."""

    def __init__(self, threshold: int = DEBUG) -> None:
        self.threshold = threshold
        self.records: list[tuple[int, str, str]] = []

    def write(
        self, level: int, origin: str, text: str, label: str = "", facility: str = ""
    ) -> None:
        self.records.append((level, origin, text))


def report(log: LogSink, level: int, origin: str, text: str) -> None:
    """Write a line of a module or of the core itself, if its level is on."""
    if log.threshold >= level:
        log.write(level, origin, text)


class LimitedReports:
    """Lines that a flood would repeat without end.

    The first `burst` lines of a kind are written at once. Those that follow within `interval`
    seconds are counted, and one line then tells how many came; a kind that stays quiet for an
    interval begins anew.
    """

    def __init__(
        self, log: LogSink, timers: TimerQueue, interval: float = 10.0, burst: int = 1
    ) -> None:
        self._log = log
        self._timers = timers
        self._interval = interval
        self._burst = burst
        self._kinds: dict[tuple[str, Hashable], _Repeated] = {}

    def report(
        self,
        now: float,
        level: int,
        origin: str,
        text: str,
        kind: Hashable = "",
        facility: str = "",
    ) -> None:
        """Write or count a line. Lines of one `kind` count together, whatever their texts say;
        it must not hold what a peer sent. Without it the text is the kind.
        """
        if self._log.threshold < level:
            return
        key = origin, kind or text
        repeated = self._kinds.get(key)
        if repeated is None:
            repeated = self._kinds[key] = _Repeated(level, text, facility)
            self._come_back(now, key)
        if repeated.written < self._burst:
            repeated.written += 1
            self._log.write(level, origin, text, facility=facility)
        else:
            repeated.count += 1
            repeated.text = text

    def finish(self) -> None:
        """Tell what was counted and not told yet."""
        for key, repeated in self._kinds.items():
            if repeated.count:
                self._write(key[0], repeated, f"{repeated.count} more")

    def _come_back(self, now: float, key: tuple[str, Hashable]) -> None:
        self._timers.after(now, self._interval, lambda due: self._tell(due, key))

    def _tell(self, due: float, key: tuple[str, Hashable]) -> None:
        repeated = self._kinds[key]
        if not repeated.count:
            del self._kinds[key]
            return
        self._write(key[0], repeated, f"{repeated.count} more in {self._interval:g} s")
        self._come_back(due, key)

    def _write(self, origin: str, repeated: "_Repeated", more: str) -> None:
        text = f"{repeated.text} ({more})"
        self._log.write(repeated.level, origin, text, facility=repeated.facility)
        repeated.count = 0


class _Repeated:
    """What came of one kind since it was last told; `text` is the latest."""

    __slots__ = ("count", "facility", "level", "text", "written")

    def __init__(self, level: int, text: str, facility: str) -> None:
        self.level = level
        self.text = text
        self.facility = facility
        self.count = 0
        self.written = 0
