"""Log levels as Kamailio numbers them, and the sink that lines go to."""

from typing import Protocol

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


class LogSink(Protocol):
    """Takes the lines a cfg or a module writes; `threshold` is the core parameter `debug`."""

    threshold: int

    def write(self, level: int, origin: str, text: str) -> None:
        """One record; `origin` is `<script>` or a module's name. Called only for enabled levels."""


class LogList:
    """A sink that keeps its records, for tests and replay: (level, origin, text)."""

    def __init__(self, threshold: int = DEBUG) -> None:
        self.threshold = threshold
        self.records: list[tuple[int, str, str]] = []

    def write(self, level: int, origin: str, text: str) -> None:
        self.records.append((level, origin, text))


def report(log: LogSink, level: int, origin: str, text: str) -> None:
    """Write a line of a module or of the core itself, if its level is on."""
    if log.threshold >= level:
        log.write(level, origin, text)
