"""xlog: lines that a cfg writes to the log (Kamailio modules/xlog)."""

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sipproxy.core.access import Format, PvAccess
from sipproxy.core.colors import LETTERS, sequence
from sipproxy.core.context import Context
from sipproxy.core.log import (
    ALERT,
    BUG,
    CRIT,
    CRIT2,
    DEBUG,
    ERROR,
    INFO,
    NOTICE,
    WARN,
    facility_named,
    named_level,
    report,
)
from sipproxy.core.methods import method_bit
from sipproxy.core.module import Module, function, modparam, modparam_method, pvar
from sipproxy.core.params import Parsed
from sipproxy.errors import ModuleError
from sipproxy.text import byte_length, lower

_COLORED_LEVELS: Mapping[str, int] = MappingProxyType(
    {
        **{"l_alert": ALERT, "l_bug": BUG, "l_crit2": CRIT2, "l_crit": CRIT, "l_err": ERROR},
        **{"l_warn": WARN, "l_notice": NOTICE, "l_info": INFO, "l_dbg": DEBUG},
    }
)
"""Names of levels in log_colors, which are told in full."""

_SHOWN = LETTERS + "x"


class Level(Parsed):
    """A log level: a word of which the third letter counts (`L_ERR`), or one pseudo-variable."""

    __slots__ = ("access", "number", "pv")

    def __init__(self, number: int, pv: str) -> None:
        self.number = number
        self.pv = pv
        self.access: PvAccess | None = None

    @classmethod
    def parse(cls, text: str) -> "Level":
        """Read `L_ERR`, `L_INFO` and so on, or `$var(level)`."""
        if text.startswith("$"):
            return cls(0, text)
        return cls(named_level(text), "")

    def bind(self, host: Any) -> None:
        """Look the pseudo-variable up; raises ResolveError."""
        if self.pv:
            self.access = host.pv(self.pv)

    def of(self, ctx: Context) -> int | None:
        """The level for this context; None (and a line in the log) when it is no number."""
        if self.access is None:
            return self.number
        value = self.access.read(ctx)
        if isinstance(value, int):
            return value
        report(ctx.host.log, ERROR, "xlog", f"invalid log level value {value!r}")
        return None


class Facility(Parsed):
    """The name of a syslog facility: it counts where the log goes to syslog."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def parse(cls, text: str) -> "Facility":
        """Read `LOG_LOCAL0` and so on."""
        return cls(facility_named(text))


class Xlog(Module, name="xlog"):
    """Functions that write to the log; a text is put together only when its level is on."""

    buf_size = modparam(4096, "Bytes a line may have; a longer one is not written.")
    force_color = modparam(0, "Non-zero: $C(xy) gives colours also when the log is no terminal.")
    long_format = modparam(0, "1: xlogl and xdbgl print the file before the line.")
    methods_filter = modparam(-1, "Mask of methods for which xlogm writes nothing; -1: all.")
    prefix = modparam("<script>: ", "What stands before each text.")
    prefix_mode = modparam(0, "Non-zero: pseudo-variables in prefix are replaced for each line.")

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self._prefix: Format | None = None
        self._origin = "<script>"
        self._lead = ""
        self._facility = ""

    @modparam_method("log_facility")
    def log_facility(self, name: str) -> None:
        """Syslog facility of the lines, in place of the core's."""
        try:
            self._facility = facility_named(name)
        except ValueError as error:
            raise ModuleError(str(error)) from None

    @modparam_method("log_colors")
    def log_colors(self, text: str) -> None:
        """`L_ERR=Rx;L_INFO=c0`: colours of the lines of a level, by the letters of `$C`.

        For the log on a terminal with `log_color=1`. `0` keeps a colour, `_` the font.
        """
        for pair in text.removesuffix(";").split(";"):
            name, _, letters = (part.strip(" \t\r\n") for part in pair.partition("="))
            level = _COLORED_LEVELS.get(lower(name))
            if level is None:
                raise ModuleError(f"invalid level name {name!r}")
            if len(letters) != 2:
                raise ModuleError(f"invalid colours of {name}: two letters, not {letters!r}")
            self.host.line_colors.change(level, *letters)

    def start(self) -> None:
        self._origin, self._lead = _split_prefix(self.prefix)
        self._prefix = self.host.format(self.prefix) if self.prefix_mode else None

    def _write(
        self, ctx: Context, level: int, text: Format, place: str = "", facility: str = ""
    ) -> int:
        """Write one line of an enabled level; 1, or -1 when it is too long."""
        log = self.host.log
        line = text(ctx)
        if "\0" in line:  # printf takes it for the end
            line = line[: line.index("\0")]
        if len(line) * 4 >= self.buf_size and byte_length(line) >= self.buf_size:
            report(log, ERROR, "xlog", "buffer overflow -- increase the buffer size...")
            return -1
        origin, lead = self._origin, self._lead
        if self._prefix is not None:
            origin, lead = _split_prefix(self._prefix(ctx))
        line = f"{lead}{place}{line}" if lead or place else line
        log.write(level, origin, line, facility=facility or self._facility)
        return 1

    def _write_at(
        self, ctx: Context, level: Level, text: Format, place: str = "", facility: str = ""
    ) -> int:
        number = level.of(ctx)
        if number is None:
            return -1
        if self.host.log.threshold < number:
            return 1
        return self._write(ctx, number, text, place, facility)

    @function(name="xlog")
    def xlog(self, ctx: Context, text: Format) -> int:
        """Write a text at level ERR."""
        return self._write(ctx, ERROR, text) if self.host.log.threshold >= ERROR else 1

    @function(name="xlog")
    def xlog_level(self, ctx: Context, level: Level, text: Format) -> int:
        """Write a text at a level."""
        return self._write_at(ctx, level, text)

    @function(name="xlog")
    def xlog_facility(self, ctx: Context, facility: Facility, level: Level, text: Format) -> int:
        """Write a text at a level, for a syslog facility."""
        return self._write_at(ctx, level, text, facility=facility.name)

    @function()
    def xdbg(self, ctx: Context, text: Format) -> int:
        """Write a text at level DBG."""
        return self._write(ctx, DEBUG, text) if self.host.log.threshold >= DEBUG else 1

    @function()
    def xinfo(self, ctx: Context, text: Format) -> int:
        """Write a text at level INFO."""
        return self._write(ctx, INFO, text) if self.host.log.threshold >= INFO else 1

    @function()
    def xnotice(self, ctx: Context, text: Format) -> int:
        """Write a text at level NOTICE."""
        return self._write(ctx, NOTICE, text) if self.host.log.threshold >= NOTICE else 1

    @function()
    def xwarn(self, ctx: Context, text: Format) -> int:
        """Write a text at level WARN."""
        return self._write(ctx, WARN, text) if self.host.log.threshold >= WARN else 1

    @function()
    def xerr(self, ctx: Context, text: Format) -> int:
        """Write a text at level ERR."""
        return self._write(ctx, ERROR, text) if self.host.log.threshold >= ERROR else 1

    @function()
    def xcrit(self, ctx: Context, text: Format) -> int:
        """Write a text at level CRIT."""
        return self._write(ctx, CRIT2, text) if self.host.log.threshold >= CRIT2 else 1

    @function()
    def xbug(self, ctx: Context, text: Format) -> int:
        """Write a text at level BUG."""
        return self._write(ctx, BUG, text) if self.host.log.threshold >= BUG else 1

    @function()
    def xalert(self, ctx: Context, text: Format) -> int:
        """Write a text at level ALERT."""
        return self._write(ctx, ALERT, text) if self.host.log.threshold >= ALERT else 1

    @function(name="xlogl")
    def xlogl(self, ctx: Context, text: Format) -> int:
        """Write the cfg line and a text at level ERR."""
        if self.host.log.threshold < ERROR:
            return 1
        return self._write(ctx, ERROR, text, self._place())

    @function(name="xlogl")
    def xlogl_level(self, ctx: Context, level: Level, text: Format) -> int:
        """Write the cfg line and a text at a level."""
        return self._write_at(ctx, level, text, self._place())

    @function(name="xlogl")
    def xlogl_facility(self, ctx: Context, facility: Facility, level: Level, text: Format) -> int:
        """Write the cfg line and a text at a level, for a syslog facility."""
        return self._write_at(ctx, level, text, self._place(), facility.name)

    @function()
    def xdbgl(self, ctx: Context, text: Format) -> int:
        """Write the cfg line and a text at level DBG."""
        if self.host.log.threshold < DEBUG:
            return 1
        return self._write(ctx, DEBUG, text, self._place())

    @function()
    def xlogm(self, ctx: Context, level: Level, text: Format) -> int:
        """Write a text at a level unless `methods_filter` holds the message's method."""
        if self.methods_filter == -1 or method_bit(ctx.msg.method) & self.methods_filter:
            return 1
        return self._write_at(ctx, level, text)

    def _place(self) -> str:
        """`line:` of the statement that called the function, with the file in long_format."""
        # Routes are compiled with the positions of the cfg, so their frames know the place.
        frame = sys._getframe(2)
        line = f"{frame.f_lineno}:"
        return f"{frame.f_code.co_filename}:{line}" if self.long_format == 1 else line

    @pvar("C", bind=True)
    def color(self, inner: str | None, index: str | None) -> PvAccess:
        """A terminal's colour: foreground (capital: bold) and background letter, `x` is default."""
        if inner is None or len(inner) != 2:
            raise ValueError("a colour name has two letters")
        front, back = inner[0], inner[1]
        if lower(front) not in _SHOWN or front == "X" or back not in _SHOWN:
            raise ValueError(f"invalid colour name {inner}")
        shown = sequence(front, back)

        def read(ctx: Context) -> str:
            return shown if self._colors() else ""

        return PvAccess(read, type="str")

    def _colors(self) -> bool:
        return bool(self.force_color or getattr(self.host.settings, "log_stderror", 0))


def _split_prefix(prefix: str) -> tuple[str, str]:
    """A prefix as origin of a log line, and what must stand before the text instead."""
    return (prefix[:-2], "") if prefix.endswith(": ") else ("", prefix)
