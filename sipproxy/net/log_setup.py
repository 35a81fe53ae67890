"""Which log a server writes, by its cfg and its options, and what its lines look like."""

from __future__ import annotations

from collections.abc import Callable

from sipproxy.core.context import Context
from sipproxy.core.log import DEBUG
from sipproxy.core.resolve import ResolveError
from sipproxy.errors import CfgError, Problem, Span
from sipproxy.net.log import JsonForm, MessagePrefix, ServerLog, plain_text, with_process
from sipproxy.net.options import Options
from sipproxy.net.output import DescriptorOutput, SyslogOutput
from sipproxy.program import Program
from sipproxy.proxy import Proxy


def open_log(
    program: Program, options: Options, now: Callable[[], float], place: Callable[[], str]
) -> ServerLog:
    """The log on stderr or to syslog; `place` is the line of the cfg that is at work."""
    settings = program.settings
    threshold = _threshold(program, options)
    json = JsonForm(now, place) if options.log_format == "json" else None
    if options.stderr or settings.log_stderror:
        return ServerLog(DescriptorOutput(), threshold, json or with_process)
    name = settings.log_name or "sipproxy"
    output = SyslogOutput(name, settings.log_facility, now, options.syslog)
    return ServerLog(output, threshold, json or plain_text)


def set_up_log(
    log: ServerLog, proxy: Proxy, options: Options, current: Callable[[], Context | None]
) -> None:
    """Write as this proxy's cfg says: its level, its prefix, its colours. Raises CfgError."""
    program = proxy.program
    log.prefix_with(prefix_of(proxy, current))
    log.paint_with(proxy.host.line_colors.paint if _is_colored(program, options) else None)
    log.threshold = _threshold(program, options)


def prefix_of(proxy: Proxy, current: Callable[[], Context | None]) -> MessagePrefix | None:
    """The cfg's `log_prefix` for the message that `current` gives; raises CfgError."""
    settings = proxy.program.settings
    if not settings.log_prefix:
        return None
    try:
        format = proxy.host.format(settings.log_prefix)
    except ResolveError as error:
        span = settings.spans.get("log_prefix", Span(proxy.program.file, 1, 1, 1, 1))
        raise CfgError([Problem(span, str(error))]) from None
    return MessagePrefix(format, current, settings.log_prefix_mode == 1)


def _threshold(program: Program, options: Options) -> int:
    return min(program.settings.debug if options.debug is None else options.debug, DEBUG)


def _is_colored(program: Program, options: Options) -> bool:
    """Whether the log has colours: only as text on stderr."""
    settings = program.settings
    on_stderr = options.stderr or settings.log_stderror
    return bool(
        (options.color or settings.log_color) and on_stderr and options.log_format != "json"
    )
