"""statistics: numbers that a cfg counts itself (Kamailio modules/statistics)."""

import re
from typing import Any, Self

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function, modparam_method
from sipproxy.core.params import Parsed
from sipproxy.core.statistics import Statistic
from sipproxy.core.suggest import suggestion
from sipproxy.core.values import Value, to_str
from sipproxy.errors import ModuleError

_NUMBER = re.compile(r"([+-]?)([0-9]*)\Z", re.ASCII)


def amount(text: str) -> int:
    """`5`, `+5` or `-5`; of the digits 16 bits count, as in Kamailio. Raises ValueError."""
    found = _NUMBER.match(text)
    if found is None:
        raise ValueError(f'"{text}" is no number')
    number = int(found[2] or 0) & 0xFFFF
    return -number if found[1] == "-" else number


class Name(Parsed):
    """The name of a statistic that exists, or one pseudo-variable that holds it."""

    access: PvAccess | None = None
    statistic: Statistic | None = None

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(text)

    def bind(self, host: Any) -> None:
        if self.text.startswith("$"):
            self.access = host.pv(self.text)
            return
        self.statistic = host.statistics.named(self.text)
        if self.statistic is None:
            hint = suggestion(self.text, host.statistics.names())
            raise ValueError(f'no statistic is named "{self.text}"{hint and f"; {hint}"}')


class Amount(Parsed):
    """A number that is not 0, or one pseudo-variable that holds it."""

    access: PvAccess | None = None
    number = 0

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def parse(cls, text: str) -> Self:
        found = cls(text)
        if not text.startswith("$"):
            found.number = amount(text)
            if not found.number:
                raise ValueError("an update by 0 changes nothing")
        return found

    def bind(self, host: Any) -> None:
        if self.text.startswith("$"):
            self.access = host.pv(self.text)


class StatisticsModule(Module, name="statistics"):
    """Statistics of the group `script`."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._names: list[tuple[str, bool]] = []

    @modparam_method("variable")
    def add_variable(self, text: str) -> None:
        """A statistic by its name; one with `/no_reset` behind it is never reset."""
        name, slash, flag = text.partition("/")
        if not text:
            raise ModuleError("a statistic has a name")
        if slash and flag.lower() != "no_reset":
            raise ModuleError(f'"{flag}" is no flag of a statistic: no_reset is')
        self._names.append((name, bool(slash)))

    def start(self) -> None:
        for name, is_kept in self._names:
            try:
                self.host.statistics.add(Statistic("script", name, is_kept=is_kept))
            except ValueError as error:
                raise ModuleError(str(error)) from None

    @function()
    def update_stat(self, ctx: Context, variable: Name, value: Amount) -> bool:
        """Add a number, `+1` or `-1`, to a statistic; false for a name that none has."""
        number = value.number
        if value.access is not None:
            text = self._text(value.access.read(ctx))
            if text is None:
                return False
            number = _read_amount(text)
        found = self._meant(ctx, variable)
        if found is not None:
            found.value += number
        return found is not None

    @function("REQUEST", "BRANCH", "FAILURE", "ONREPLY", "LOCAL")
    def reset_stat(self, ctx: Context, variable: Name) -> bool:
        """Set a statistic to 0; false for a name that none has."""
        found = self._meant(ctx, variable)
        if found is not None:
            found.reset()
        return found is not None

    def _meant(self, ctx: Context, name: Name) -> Statistic | None:
        if name.access is None:
            return name.statistic
        text = self._text(name.access.read(ctx))
        if text is None:
            return None
        found: Statistic | None = self.host.statistics.named(text)
        if found is None:
            report(self.host.log, ERROR, "statistics", f"variable <{text}> not defined")
        return found

    def _text(self, value: Value) -> str | None:
        if value is None:
            report(self.host.log, ERROR, "statistics", "failed to get pv string value")
            return None
        return to_str(value)


def _read_amount(text: str) -> int:
    try:
        return amount(text)
    except ValueError:
        return 0
