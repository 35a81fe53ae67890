"""cfg_rpc: reading and changing parameters of the running server (Kamailio modules/cfg_rpc).

The variables are the cfg's own (`group.name = value`) and those core parameters that are looked
at while the server runs. Changes made with `cfg.set_delayed_*` take effect at `cfg.commit`.
"""

import re
from typing import Any

from sipproxy.core.log import ERROR, INFO, report
from sipproxy.core.module import Module, rpc
from sipproxy.core.params import LooseStr
from sipproxy.errors import RpcError

_CORE = {
    "debug": "debug level",
    "force_rport": "force rport for all the received messages",
    "max_while_loops": "maximum iterations allowed for a while loop",
    "udp_mtu": "fallback to a congestion controlled protocol if send size exceeds udp_mtu",
}
_CHANGEABLE = frozenset(("debug",))
"""Core parameters that a running server takes a new value of; the others are compiled in."""

_GROUP = re.compile(r"([^\[\]]+)(?:\[(\d+)\])?")
_CANNOT_GET = "Failed to get the variable"
_CANNOT_SET = "Failed to set the variable"

Name = tuple[str, str]
"""(group, name) of a variable."""


class CfgRpc(Module, name="cfg_rpc"):
    """The variables of one server and the changes that wait for a commit."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._delayed: dict[Name, int | str] = {}
        self._original: dict[Name, int | str] = {}

    def start(self) -> None:
        self._original = {name: self._value(name) for name in self._names()}

    # -- variables

    def _names(self, group: str = "") -> list[Name]:
        custom = self.host.settings.custom
        names = [*(("core", name) for name in _CORE), *custom]
        return [name for name in names if not group or name[0] == group]

    def _value(self, name: Name) -> int | str:
        """The present value; raises KeyError."""
        if name[0] == "core" and name[1] in _CORE:
            value: int | str = getattr(self.host.settings, name[1])
            return self.host.log.threshold if name[1] == "debug" else value
        found: int | str = self.host.settings.custom[name]
        return found

    def _check(self, name: Name, value: int | str) -> int | str:
        """The value in the type of the variable; raises RpcError when it cannot be set."""
        try:
            present = self._value(name)
            if name[0] == "core" and name[1] not in _CHANGEABLE:
                raise ValueError("it is fixed when the server starts")
            return int(value) if isinstance(present, int) else str(value)
        except (KeyError, ValueError) as error:
            reason = "there is no such variable" if isinstance(error, KeyError) else str(error)
            text = f"failed to set the variable {'.'.join(name)}: {reason}"
            report(self.host.log, ERROR, self.name, text)
            raise RpcError(400, _CANNOT_SET) from None

    def _set(self, name: Name, value: int | str) -> None:
        value = self._check(name, value)
        if name == ("core", "debug"):
            self.host.log.threshold = value
            self.host.settings.change("debug", value)
        else:
            self.host.settings.custom[name] = value
        shown = f'"{value}"' if isinstance(value, str) else value
        report(self.host.log, INFO, self.name, f"{'.'.join(name)} has been changed to {shown}")

    # -- commands

    @rpc("cfg.seti")
    def set_int(self, group: str, name: str, value: int) -> None:
        """Set the value of a configuration variable and commit the change immediately"""
        self._set((_plain(group, _CANNOT_SET), name), value)

    @rpc("cfg.set_now_int")
    def set_now_int(self, group: str, name: str, value: int) -> None:
        """Set the value of a configuration variable and commit the change immediately"""
        self.set_int(group, name, value)

    @rpc("cfg.sets")
    def set_text(self, group: str, name: str, value: str) -> None:
        """Set the value of a configuration variable and commit the change immediately"""
        self._set((_plain(group, _CANNOT_SET), name), value)

    @rpc("cfg.set_now_string")
    def set_now_string(self, group: str, name: str, value: str) -> None:
        """Set the value of a configuration variable and commit the change immediately"""
        self.set_text(group, name, value)

    @rpc("cfg.set")
    def set_any(self, group: str, name: str, value: LooseStr) -> None:
        """Set the value of a configuration variable and commit the change immediately"""
        self._set((_plain(group, _CANNOT_SET), name), value)

    @rpc("cfg.set_delayed_int")
    def set_delayed_int(self, group: str, name: str, value: int) -> None:
        """Prepare the change of a configuration variable, but does not commit the new value yet"""
        key = _plain(group, _CANNOT_SET), name
        self._delayed[key] = self._check(key, value)

    @rpc("cfg.set_delayed_string")
    def set_delayed_string(self, group: str, name: str, value: str) -> None:
        """Prepare the change of a configuration variable, but does not commit the new value yet"""
        key = _plain(group, _CANNOT_SET), name
        self._delayed[key] = self._check(key, value)

    @rpc("cfg.set_delayed")
    def set_delayed(self, group: str, name: str, value: LooseStr) -> None:
        """Prepare the change of a configuration variable, but does not commit the new value yet"""
        key = _plain(group, _CANNOT_SET), name
        self._delayed[key] = self._check(key, value)

    @rpc("cfg.del_delayed")
    def del_delayed(self, group: str, name: str) -> None:
        """Forget a prepared change"""
        if self._delayed.pop((group, name), None) is None:
            raise RpcError(400, "Failed to delete the value")

    @rpc("cfg.commit")
    def commit(self) -> None:
        """Commit the previously prepared configuration changes"""
        delayed, self._delayed = self._delayed, {}
        for name, value in delayed.items():
            self._set(name, value)

    @rpc("cfg.rollback")
    def rollback(self) -> None:
        """Drop the prepared configuration changes"""
        self._delayed.clear()

    @rpc("cfg.diff")
    def diff(self) -> list[dict[str, int | str]]:
        """List the pending configuration changes that have not been committed yet"""
        return [
            {
                "group name": name[0],
                "variable name": name[1],
                "old value": self._value(name),
                "new value": value,
            }
            for name, value in self._delayed.items()
        ]

    @rpc("cfg.get", missing="Failed to get the parameters")
    def get(self, group: str, name: str = "") -> int | str | dict[str, int | str]:
        """Get the value of a configuration variable"""
        group = _plain(group, _CANNOT_GET)
        if not name:
            return {key[1]: self._value(key) for key in self._names(group)}
        try:
            return self._value((group, name))
        except KeyError:
            raise RpcError(400, _CANNOT_GET) from None

    @rpc("cfg.reset")
    def reset(self, group: str, name: str = "") -> None:
        """Reset all the values of a configuration group and commit the change immediately"""
        wanted = [key for key in self._names(group) if not name or key[1] == name]
        if not wanted:
            raise RpcError(500, "Reset failed")
        for key in wanted:
            if self._value(key) != self._original[key]:
                self._set(key, self._original[key])

    @rpc("cfg.help")
    def help(self, group: str, name: str) -> list[str]:
        """Print the description of a configuration variable"""
        try:
            value = self._value((group, name))
        except KeyError:
            raise RpcError(400, "Failed to get the variable description") from None
        kind = "integer" if isinstance(value, int) else "string"
        described: dict[Name, str] = self.host.settings.descriptions
        text = _CORE[name] if group == "core" else described.get((group, name), "")
        return [text, f"(parameter type is {kind})"]

    @rpc("cfg.list", array=True)
    def list(self, group: str = "") -> "list[str]":
        """List the configuration variables"""
        return [f"{key[0]}: {key[1]}" for key in self._names(group)]


def _plain(group: str, refusal: str) -> str:
    """The group's name; raises RpcError for an instance of it, `group[1]`: there are none."""
    found = _GROUP.fullmatch(group)
    if found is None:
        raise RpcError(400, 'Wrong group syntax. Use either "group", or "group[id]"')
    if found[2]:
        raise RpcError(400, refusal)
    return found[1]
