"""The server's log: lines as Kamailio writes them, or one JSON object a line.

Kamailio's line on stderr is ` 0(PID) LEVEL: PREFIX<script>: text`: process number, process id,
level, `log_prefix` of the message in hand, origin (Kamailio core/dprint.h). What goes to syslog
begins with the level, since syslog itself tells the process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sipproxy.core.log import DEBUG, ERROR, INFO, LEVEL_NAMES, NOTICE, WARN
from sipproxy.net.output import Output
from sipproxy.text import presentable

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from structlog.typing import FilteringBoundLogger

    from sipproxy.core.access import Format
    from sipproxy.core.context import Context

FORMATS = ("text", "json")
"""What `--log-format` takes."""

_NO_FIELDS: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Line:
    """One record before it is given a form; `fields` are facts beside the text."""

    level: int
    origin: str
    text: str
    label: str = ""
    prefix: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)

    @property
    def level_name(self) -> str:
        """The name of the level, or the label that stands for it."""
        return self.label or LEVEL_NAMES[max(-5, min(self.level, DEBUG))]


Form = Callable[[Line], str]
"""Makes of a record what is written, without the end of the line."""


def plain_text(line: Line) -> str:
    """Kamailio's form, from the level on."""
    place = "<core>: " if line.origin == "core" else f"{line.origin}: " if line.origin else ""
    facts = "".join(f" {key}={value}" for key, value in line.fields.items())
    return f"{line.level_name}: {line.prefix}{place}{line.text.removesuffix(chr(10))}{facts}"


def with_process(line: Line) -> str:
    """Kamailio's form on stderr."""
    return f" 0({os.getpid()}) {plain_text(line)}"


class JsonForm:
    """One JSON object a line: time (UTC), level, pid, origin, at (`file:line` of the cfg), text.

    `at` is there where a route was at work, `prefix` where the cfg has a `log_prefix`. `now` gives
    Unix time, `place` the line of the cfg.
    """

    def __init__(self, now: Callable[[], float], place: Callable[[], str]) -> None:
        from structlog.processors import JSONRenderer  # costs a tenth of a server's start

        self._now = now
        self._place = place
        self._render = JSONRenderer(ensure_ascii=False)

    def __call__(self, line: Line) -> str:
        place = self._place()
        event = {
            "time": f"{datetime.fromtimestamp(self._now(), UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "level": line.level_name.lower(),
            "pid": os.getpid(),
            "origin": line.origin.strip("<>"),
            **({"at": place} if place else {}),
            **({"prefix": presentable(line.prefix)} if line.prefix else {}),
            "text": presentable(line.text.removesuffix("\n")),
            **line.fields,
        }
        return str(self._render(None, "", event))


class ServerLog:
    """The sink of a running server; `threshold` is the core parameter `debug`."""

    def __init__(self, output: Output, threshold: int = NOTICE, form: Form = with_process) -> None:
        self.threshold = threshold
        self._output = output
        self._form = form
        self._prefix: Callable[[], str] | None = None
        self._paint: Callable[[int, str], str] | None = None

    def write(
        self, level: int, origin: str, text: str, label: str = "", facility: str = ""
    ) -> None:
        """Keep one record for the next flush."""
        self.tell(level, origin, text, label=label, facility=facility)

    def tell(
        self,
        level: int,
        origin: str,
        text: str,
        fields: Mapping[str, object] = _NO_FIELDS,
        label: str = "",
        facility: str = "",
    ) -> None:
        """Keep one record, with facts beside its text."""
        prefix = self._prefix() if self._prefix else ""
        line = Line(level, origin, text, label, prefix, fields)
        shown = f"{self._form(line)}\n"
        self._output.add(level, self._paint(level, shown) if self._paint else shown, facility)

    def flush(self) -> None:
        """Hand what was written to the outside."""
        self._output.flush()
        lost = self._output.take_lost()
        if lost:
            self.write(WARN, "core", f"{lost} log lines were lost")

    @property
    def waits(self) -> bool:
        """Whether a reader is slow: flush again soon."""
        return self._output.waits

    def close(self) -> None:
        """Write the last lines."""
        self._output.close()

    def paint_with(self, paint: Callable[[int, str], str] | None) -> None:
        """Let `paint` put colours around each line, given the level and the line; None: none."""
        self._paint = paint

    def prefix_with(self, prefix: Callable[[], str] | None) -> None:
        """Ask `prefix` for the text before the origin of each line; None: there is none."""
        self._prefix = prefix


class MessagePrefix:
    """`log_prefix`: evaluated once for each message, or for each line with log_prefix_mode=1."""

    def __init__(
        self, format: Format, current: Callable[[], Context | None], each_line: bool
    ) -> None:
        self._format = format
        self._current = current
        self._each_line = each_line
        self._of: Context | None = None
        self._text = ""
        self._busy = False

    def __call__(self) -> str:
        """The prefix for the message in hand, nothing outside of messages."""
        ctx = self._current()
        if ctx is None or self._busy:  # a pseudo-variable that logs must not ask for itself
            return ""
        if ctx is not self._of or self._each_line:
            self._busy = True
            try:
                self._text = self._format(ctx)
            finally:
                self._busy = False
            self._of = ctx
        return self._text


_LEVELS = {"debug": DEBUG, "info": INFO, "notice": NOTICE, "warning": WARN, "error": ERROR}


class _Lines:
    """What structlog writes to: level, text and facts of each event go into the server's log."""

    def __init__(self, log: ServerLog, always: bool) -> None:
        self._log = log
        self._always = always

    def msg(self, level: int, text: str, fields: Mapping[str, object]) -> None:
        if self._always or self._log.threshold >= level:
            self._log.tell(level, "core", text, fields)

    debug = info = warning = warn = error = critical = exception = fatal = msg


def operator_log(log: ServerLog, *, always: bool = False) -> FilteringBoundLogger:
    """structlog for the server's own events, shown as lines of `<core>`.

    With `always` the log level of the cfg does not hide them.

    `operator.info("listening", on="udp:127.0.0.1:5060")` gives `listening on=udp:127.0.0.1:5060`,
    in JSON a field `on`.
    """
    import structlog  # a tenth of the start-up time: only a server needs it

    def render(
        logger: object, method: str, event: MutableMapping[str, Any]
    ) -> tuple[tuple[int, str, Mapping[str, object]], dict[str, object]]:
        text = str(event.pop("event"))
        return (_LEVELS.get(method, ERROR), text, dict(event)), {}

    return structlog.wrap_logger(  # type: ignore[no-any-return]
        _Lines(log, always),
        processors=[render],
        wrapper_class=structlog.make_filtering_bound_logger(0),
    )


_RETRY = 0.02
"""Seconds until a slow reader of the log is tried again."""


class Flusher:
    """Flushes a log in an event loop: again soon while its reader is slow, however quiet it is."""

    def __init__(self, loop: AbstractEventLoop, log: ServerLog) -> None:
        self._loop = loop
        self._log = log
        self._is_set = False

    def flush(self) -> None:
        """Hand over what was written, now or as soon as it is taken."""
        self._log.flush()
        if self._log.waits and not self._is_set:
            self._is_set = True
            self._loop.call_later(_RETRY, self._again)

    def _again(self) -> None:
        self._is_set = False
        self.flush()
