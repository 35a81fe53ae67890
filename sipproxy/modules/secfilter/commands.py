"""The RPC commands `secfilter.*`: texts as Kamailio's."""

from collections.abc import Iterable

from sipproxy.core.module import rpc
from sipproxy.errors import ModuleError, RpcError
from sipproxy.modules.secfilter.base import SecfilterBase
from sipproxy.modules.secfilter.lists import kind_of

_TITLES = (
    ("ua", "User-agent"),
    ("country", "Country"),
    ("domain", "Domain"),
    ("ip", "IP Address"),
    ("user", "User"),
)
_COUNTED = (
    ("user-agent    ", "ua"),
    ("country       ", "country"),
    ("from domain   ", "from domain"),
    ("to domain     ", "to domain"),
    ("contact domain", "contact domain"),
    ("IP address    ", "ip"),
    ("from name     ", "from name"),
    ("to name       ", "to name"),
    ("contact name  ", "contact name"),
    ("from user     ", "from user"),
    ("to user       ", "to user"),
    ("contact user  ", "contact user"),
)
_NO_NUMBER = (
    "Invalid Parameters. Usage: secfilter.add_dst number\n     Example: secfilter.add_dst 555123123"
)


class Commands(SecfilterBase):
    """What an operator may ask and do."""

    @rpc("secfilter.reload")
    async def _reload(self) -> str:
        """Reload values from database"""
        try:
            await self.reload()
        except ModuleError as error:
            self.error(str(error))
            raise RpcError(500, "Error loading data from database") from None
        return "Data reloaded"

    @rpc("secfilter.print")
    def _print(self, kind: str = "*") -> list[str]:
        """Print values from database"""
        lists = self.lists
        lines = []
        if "dst".startswith(kind):
            lines += ["", "Destinations", "============"]
            lines += _section("Blacklisted", lists.destinations)
        for name, title in _TITLES:
            if kind == "*" or name.startswith(kind):
                lines += ["", title, "=" * len(title)]
                lines += _section("Blacklisted", getattr(lists.black, name))
                lines += ["", *_section("Whitelisted", getattr(lists.white, name))]
        return [*lines, ""]

    @rpc("secfilter.stats")
    def _stats(self) -> list[str]:
        """Print statistics of blocked and allowed messages"""
        return [
            *_heading("Blocked messages (blacklist)"),
            *(f"[+] By {name}: {self.stats[f'black {key}']}" for name, key in _COUNTED),
            *_heading("Allowed messages (whitelist)"),
            *(f"[+] By {name}: {self.stats[f'white {key}']}" for name, key in _COUNTED),
            *_heading("Other blocked messages"),
            f"[+] Destinations   : {self.stats['black dst']}",
            f"[+] SQL injection  : {self.stats['black sql']}",
            "",
        ]

    @rpc("secfilter.stats_reset")
    def _stats_reset(self) -> str:
        """Reset statistics"""
        self.stats.clear()
        return "The statistics has been reset"

    @rpc("secfilter.add_dst", missing=_NO_NUMBER)
    def _add_dst(self, number: int) -> str:
        """Add new values to destination blacklist"""
        self.lists.add(2, 0, str(number))
        return f"Values ({number}) inserted into blacklist destinations"

    @rpc("secfilter.add_bl")
    def _add_bl(self, kind: str = "", value: str = "") -> str:
        """Add new values to blacklist"""
        return self._add(0, "black", "inserting", "sipvicious", kind, value)

    @rpc("secfilter.add_wl")
    def _add_wl(self, kind: str = "", value: str = "") -> str:
        """Add new values to whitelist"""
        return self._add(1, "white", "insert", "trusted_user", kind, value)

    def _add(
        self, action: int, colour: str, insert: str, example: str, kind: str, value: str
    ) -> str:
        command = "secfilter.add_bl" if action == 0 else "secfilter.add_wl"
        if not value:
            raise RpcError(
                0,
                f"Invalid Parameters. Usage: {command} type value\n"
                f"     Example: {command} user {example}",
            )
        try:
            self.lists.add(action, kind_of(kind), value)
        except ValueError:
            raise RpcError(500, f"Error {insert} values in the {colour}list") from None
        return f"Values ({kind}, {value}) inserted into {colour}list"


def _heading(title: str) -> list[str]:
    return ["", title, "=" * len(title)]


def _section(title: str, entries: Iterable[str]) -> list[str]:
    rows = (f"    {number:04d} -> {entry}" for number, entry in enumerate(entries, 1))
    return [f"[+] {title}", "    -----------", *rows]
