"""counters: numbers that a cfg counts, and commands for all numbers (Kamailio modules/counters).

They are the same as those of the module statistics: `$stat(name)` reads them.
"""

from typing import Any, Self

from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function, modparam, modparam_method, rpc
from sipproxy.core.params import Parsed
from sipproxy.core.statistics import Statistic
from sipproxy.core.suggest import suggestion
from sipproxy.core.values import wrap
from sipproxy.errors import RpcError

_GROUP = "script"
_ROUTES = ("REQUEST", "ONREPLY", "FAILURE", "ONSEND")


class CounterName(Parsed):
    """A counter that exists: `name` of the group script_cnt_grp_name, or `group.name`."""

    counter: Statistic

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(text)

    def bind(self, host: Any) -> None:
        default = host.modules["counters"].script_cnt_grp_name
        group, name = _split(self.text, default)
        found = host.statistics.named(name, group)
        if found is None:
            hint = suggestion(name, (one.name for one in host.statistics.of(group)))
            raise ValueError(f"there is no counter {group}.{name}{hint and f'; {hint}'}")
        self.counter = found


class Counters(Module, name="counters"):
    """Counters of the cfg, and the commands that show those of all modules."""

    script_cnt_grp_name = modparam(_GROUP, "Group of the counters that name none.")

    @modparam_method("script_counter")
    def add_counter(self, text: str) -> None:
        """`[group.]name`, perhaps a colon or a blank, and a description behind it."""
        behind = text.find(":")
        if behind < 0:
            behind = text.find(" ")
        told = text if behind < 0 else text[:behind]
        help = "" if behind < 0 else text[behind + 1 :].lstrip(" \t")
        group, name = _split(told, self.script_cnt_grp_name)
        try:
            one = Statistic(group, name, help or "custom script counter.")
            self.host.statistics.add(one)
        except ValueError as error:
            report(self.host.log, ERROR, "counters", str(error))

    @function(*_ROUTES)
    def cnt_inc(self, ctx: Context, counter: CounterName) -> None:
        """Add 1."""
        counter.counter.value += 1

    @function(*_ROUTES)
    def cnt_add(self, ctx: Context, counter: CounterName, number: int | None) -> bool:
        """Add a number; false where a variable holds none."""
        if number is None:
            report(self.host.log, ERROR, "counters", "non integer parameter")
            return False
        counter.counter.value += number
        return True

    @function(*_ROUTES)
    def cnt_reset(self, ctx: Context, counter: CounterName) -> None:
        """Set it to 0, unless it is one that is never reset."""
        counter.counter.reset()

    # -- commands

    def _named(self, group: str, name: str) -> Statistic:
        found: Statistic | None = self.host.statistics.named(name, group)
        if found is None:
            raise RpcError(400, f"non-existent counter {group}.{name}\n")
        return found

    @rpc("cnt.get")
    def get(self, group: str, name: str = "") -> int | dict[str, int]:
        """get counter value (takes group and counter name as parameters)"""
        return wrap(self._named(group, name).get()) if name else self.get_group(group)

    @rpc("cnt.get_raw")
    def get_raw(self, group: str, name: str) -> int:
        """get raw counter value (debugging version)"""
        return wrap(self._named(group, name).value)

    @rpc("cnt.reset")
    def reset(self, group: str, name: str) -> None:
        """reset counter (takes group and counter name as parameters)"""
        self._named(group, name).reset()

    @rpc("cnt.list_groups", array=True)
    @rpc("cnt.grps_list", array=True)
    def list_groups(self) -> list[str]:
        """list all the counter group names"""
        found: list[str] = self.host.statistics.groups()
        return found

    @rpc("cnt.list_vars", array=True)
    @rpc("cnt.var_list", array=True)
    def list_names(self, group: str) -> list[str]:
        """list all the counters names in a specified group"""
        return [one.name for one in self.host.statistics.of(group)]

    @rpc("cnt.get_vars")
    @rpc("cnt.grp_get_all")
    def get_group(self, group: str) -> dict[str, int]:
        """list all counter names and values in a specified group"""
        return {one.name: wrap(one.get()) for one in self.host.statistics.of(group)}

    @rpc("cnt.help")
    def show_help(self, group: str, name: str) -> str:
        """print the description of a counter (group and counter name required)."""
        return self._named(group, name).help


def _split(text: str, default: str) -> tuple[str, str]:
    """(group, name) of `name` or `group.name`."""
    group, dot, name = text.partition(".")
    return (group, name) if dot else (default, text)
