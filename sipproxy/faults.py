"""An exception inside a route, told in terms of the cfg: file, line, and a caret under the
expression that was at work."""

import linecache
import traceback
from types import FrameType

from sipproxy.errors import Span
from sipproxy.script.compile import Compiled
from sipproxy.script.tree import Config
from sipproxy.text import latin


def enter_sources(config: Config) -> None:
    """Let tracebacks and pdb see the cfg's lines, whatever its encoding and wherever it came from.

    Python reads source files as UTF-8; a cfg need not be, and one given as text is no file.
    """
    for file, text in config.sources.items():
        lines = [line + "\n" for line in latin(text).split("\n")]
        linecache.cache[file] = (len(text), None, lines, file)


def describe_fault(error: BaseException, config: Config, compiled: Compiled) -> str:
    """A traceback that names cfg lines; frames of included files inside a route name both."""
    enter_sources(config)
    summary = traceback.TracebackException.from_exception(error)
    for frame in summary.stack:
        span = _foreign_span(frame, compiled)
        if span is not None:
            frame.name = f"{frame.name}, in {span.file}:{span.line}"
    return "".join(summary.format()).rstrip()


def _foreign_span(frame: traceback.FrameSummary, compiled: Compiled) -> Span | None:
    key = (frame.name, frame.lineno or 0, frame.colno or 0)
    return compiled.foreign.get(key)


def cfg_line(frame: FrameType | None, config: Config) -> str:
    """`file:line` of the innermost cfg statement on the stack, or an empty text."""
    sources = config.sources
    while frame is not None:
        name = frame.f_code.co_filename
        if name in sources:
            return f"{name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
