"""The log in front of the server's own: what a flood makes modules repeat is counted.

A line that the cfg writes itself (xlog, log) always goes through. A complaint of a module or of the
core, at level WARNING or worse, mostly says what a peer sent: of those from one place in the code,
ten are written in ten seconds, and the rest is counted and told in one line.
"""

import sys
from collections.abc import Callable, Hashable
from types import FrameType

from sipproxy.core.log import WARN, LimitedReports, LogSink, report
from sipproxy.core.runtime import log_error
from sipproxy.core.timers import TimerQueue

BURST = 10
"""Lines of one kind that are written within :data:`INTERVAL`."""

INTERVAL = 10.0
"""Seconds."""

SCRIPT = "<script>"


class LimitedLog:
    """Passes lines on to `log`; limits complaints as soon as it has timers."""

    def __init__(self, log: LogSink) -> None:
        self._log = log
        self._reports: LimitedReports | None = None
        self._now: Callable[[], float] = float

    @property
    def threshold(self) -> int:
        """The core parameter `debug`."""
        return self._log.threshold

    @threshold.setter
    def threshold(self, level: int) -> None:
        self._log.threshold = level

    def limit_by(self, timers: TimerQueue, now: Callable[[], float]) -> None:
        """Begin to limit, by the server's timers and clock."""
        self._now = now
        self._reports = LimitedReports(self._log, timers, INTERVAL, BURST)

    def write(
        self, level: int, origin: str, text: str, label: str = "", facility: str = ""
    ) -> None:
        """Write a line of the cfg, write or count one of a module."""
        kind = _kind(sys._getframe(1)) if level <= WARN and origin != SCRIPT else None
        if self._reports is None or kind is None:
            self._log.write(level, origin, text, label, facility)
        else:
            self._reports.report(self._now(), level, origin, text, kind, facility)

    def finish(self) -> None:
        """Tell what was counted and not told yet."""
        if self._reports is not None:
            self._reports.finish()


def _kind(frame: FrameType | None) -> Hashable:
    """Where the complaint stands in the code: who called `report`, and who called that.

    Modules have helpers that report for them, hence two places. What fails in the cfg itself is
    told by its line. None for a line that came another way: the cfg's own.
    """
    for _ in range(2):  # another log may stand in front of this one
        if frame is None or frame.f_code is report.__code__:
            break
        frame = frame.f_back
    if frame is None or frame.f_code is not report.__code__:
        return None
    first = frame.f_back
    if first is not None and first.f_code is log_error.__code__:
        first = first.f_back
    second = first.f_back if first else None
    return tuple((one.f_code, one.f_lineno) for one in (first, second) if one)
