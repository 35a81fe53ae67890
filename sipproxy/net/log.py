"""The server's log: Kamailio's line format for the cfg's lines and for the server's own.

A line is ` 0(PID) LEVEL: PREFIX<script>: text`: process number, process id, level, `log_prefix`
of the message in hand, origin (Kamailio core/dprint.h).
"""

from __future__ import annotations

import os
from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from sipproxy.core.log import DEBUG, ERROR, INFO, LEVEL_NAMES, NOTICE, WARN
from sipproxy.net.output import Output

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from sipproxy.core.access import Format
    from sipproxy.core.context import Context


class ServerLog:
    """The sink of a running server; `threshold` is the core parameter `debug`."""

    def __init__(self, output: Output, threshold: int = NOTICE) -> None:
        self.threshold = threshold
        self._output = output
        self._head = f" 0({os.getpid()}) "
        self._prefix: Callable[[], str] | None = None

    def write(self, level: int, origin: str, text: str, label: str = "") -> None:
        """Keep one record for the next flush."""
        prefix = self._prefix() if self._prefix else ""
        place = "<core>: " if origin == "core" else f"{origin}: " if origin else ""
        end = "" if text.endswith("\n") else "\n"
        name = label or LEVEL_NAMES[max(-5, min(level, DEBUG))]
        self._output.add(level, f"{self._head}{name}: {prefix}{place}{text}{end}")

    def flush(self) -> None:
        """Hand what was written to the outside."""
        self._output.flush()

    def close(self) -> None:
        """Write the last lines."""
        self._output.close()

    def prefix_with(self, prefix: Callable[[], str]) -> None:
        """Ask `prefix` for the text before the origin of each line."""
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
    """What structlog writes to: level and text of each event go into the server's log."""

    def __init__(self, log: ServerLog, always: bool) -> None:
        self._log = log
        self._always = always

    def msg(self, level: int, text: str) -> None:
        if self._always or self._log.threshold >= level:
            self._log.write(level, "core", text)

    debug = info = warning = warn = error = critical = exception = fatal = msg


def operator_log(log: ServerLog, *, always: bool = False) -> FilteringBoundLogger:
    """structlog for the server's own events, shown as lines of `<core>`.

    With `always` the log level of the cfg does not hide them.

    `operator.info("listening", on="udp:127.0.0.1:5060")` gives `listening on=udp:127.0.0.1:5060`.
    """
    import structlog  # a tenth of the start-up time: only a server needs it

    def render(
        logger: object, method: str, event: MutableMapping[str, Any]
    ) -> tuple[tuple[int, str], dict[str, object]]:
        text = str(event.pop("event"))
        for key, value in event.items():
            text += f" {key}={value}"
        return (_LEVELS.get(method, ERROR), text), {}

    return structlog.wrap_logger(  # type: ignore[no-any-return]
        _Lines(log, always),
        processors=[render],
        wrapper_class=structlog.make_filtering_bound_logger(0),
    )
