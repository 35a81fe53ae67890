"""The commands `stats.*`, which kex offers for the statistics of all modules."""

from collections.abc import Iterator
from typing import Any

from sipproxy.core.module import Module, rpc
from sipproxy.core.statistics import Statistic, Statistics
from sipproxy.errors import RpcError

_UNSIGNED = 0xFFFF_FFFF_FFFF_FFFF
"""A value below 0 is shown as the unsigned 64 bits it is made of."""


class StatsCommands(Module):
    """A name stands for one statistic, with a colon at its end for a group, `all` for all.

    As in Kamailio, of two statistics of one name only the one added last is found by name.
    """

    host: Any

    @property
    def _statistics(self) -> Statistics:
        found: Statistics = self.host.statistics
        return found

    def _meant(self, names: tuple[str, ...], *, missing: str) -> Iterator[Statistic]:
        """The statistics that the names stand for, a repeated one again."""
        if not names:
            raise RpcError(400, missing)
        statistics = self._statistics
        for name in names:
            if name == "all":
                for group in statistics.groups():
                    yield from statistics.of(group)
            elif name.endswith(":"):
                yield from statistics.of(name[:-1])
            elif found := statistics.named(name):
                yield found

    def _fetched(self, names: tuple[str, ...]) -> dict[str, int]:
        found: dict[str, int] = {}
        if not names:
            raise RpcError(400, "Please provide which stats to retrieve")
        for name in names:
            group, _, rest = name.replace(".", ":", 1).partition(":")
            one = self._statistics.named(rest) if group and rest else None
            if one is not None and one.group == group:
                found[f"{group}.{rest}"] = one.get() & _UNSIGNED
                continue
            meant = self._meant((name,), missing="")
            found |= {f"{s.group}.{s.name}": s.get() & _UNSIGNED for s in meant}
        return found

    @rpc("stats.get_statistics", array=True)
    def get_statistics(self, *names: str) -> list[str]:
        """get core and modules stats"""
        meant = self._meant(names, missing="Please provide which stats to retrieve")
        return [_line(one) for one in meant]

    @rpc("stats.fetch")
    def fetch(self, *names: str) -> dict[str, str]:
        """fetch core and modules stats as string values"""
        return {name: str(value) for name, value in self._fetched(names).items()}

    @rpc("stats.fetchn")
    def fetch_numbers(self, *names: str) -> dict[str, float]:
        """fetch core and modules stats as number values"""
        return {name: float(value) for name, value in self._fetched(names).items()}

    @rpc("stats.reset_statistics")
    def reset_statistics(self, *names: str) -> None:
        """reset core and modules stats (silent operation)"""
        for one in self._meant(names, missing="Please provide stats name"):
            one.reset()

    @rpc("stats.clear_statistics")
    def clear_statistics(self, *names: str) -> list[str]:
        """clear core and modules stats (verbose operation)"""
        lines = []
        for one in self._meant(names, missing="Please provide stats name"):
            before = one.get()
            one.reset()
            changed = f" ({before & _UNSIGNED})" if one.get() != before else ""
            lines.append(f"{_line(one)}{changed}")
        return lines


def _line(one: Statistic) -> str:
    return f"{one.group}:{one.name} = {one.get() & _UNSIGNED}"
