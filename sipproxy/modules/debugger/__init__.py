"""debugger: traces of the cfg, dumps, log levels by module (Kamailio modules/debugger).

A trace names each action in the line it begins in. Routes cannot be stopped: there are no
breakpoints.
"""

import os
import sys
from typing import Any, Self

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.log import DEBUG, ERROR, FACILITIES, facility_named, named_level, report
from sipproxy.core.module import Module, function, modparam, modparam_method, rpc
from sipproxy.core.params import Parsed, Plain
from sipproxy.core.tracing import Action
from sipproxy.errors import ModuleError, RpcError
from sipproxy.modules.debugger import dump
from sipproxy.modules.debugger.levels import ModuleLevels

_KINDS = {
    **{"request": "request_route", "failure": "failure_route", "branch": "branch_route"},
    **{"reply": "onreply_route", "onreply": "onreply_route", "onsend": "onsend_route"},
}
"""How a trace calls the kinds of routes; others are `unknown_route`."""

_WITHOUT_FILE = 1
"""Bit of cfgtrace_format."""
_TRACED = 1
"""Bit of a process's `set` in dbg.ls."""

_STEPS = ("move", "next", "show", "keep")
_LOOKS = ("eval", "log")
_NO_STOP = "a route cannot be stopped: there are no breakpoints"


class Level(Parsed):
    """A log level, `L_ERR`, as a constant."""

    def __init__(self, number: int) -> None:
        self.number = number

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(named_level(text))


class Mask(Parsed):
    """A sum of bits, as a constant."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    @classmethod
    def parse(cls, text: str) -> Self:
        if not (text.isascii() and text.isdigit()):
            raise ValueError(f'"{text}" is no number')
        return cls(int(text))


class Facility(Parsed):
    """A facility of syslog, `LOG_LOCAL0`, as a constant."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def parse(cls, text: str) -> Self:
        try:
            return cls(facility_named(text))
        except ValueError:
            raise ValueError(f'"{text}" is no log facility') from None


class Debugger(Module, name="debugger"):
    """What the cfg does, told in the log."""

    cfgtrace = modparam(0, "1: trace from the start; dbg.trace changes it.")
    cfgtrace_format = modparam(0, "1: the lines of a trace do not name the file.")
    log_level = modparam(ERROR, "Level of the lines of a trace.")
    log_level_name = modparam("", "Word in these lines that stands for the level's name.")
    log_prefix = modparam("*** cfgtrace:", "Beginning of these lines.")
    log_facility = modparam("", "Syslog facility of these lines.")
    log_assign = modparam(0, "1: write each assigned value to the log, at level DEBUG.")
    mod_hash_size = modparam(0, "Above 0, modules may have log levels of their own.")
    mod_level_mode = modparam(0, "1: these levels count.")
    mod_facility_mode = modparam(0, "1: modules have syslog facilities of their own.")
    reset_msgid = modparam(0, "1: dbg.reset_msgid lets $mi begin anew.")
    breakpoint = modparam(0, "1 is refused: a route cannot be stopped.")
    cfgtest = modparam(0, "1 is refused: there is no module cfgt.")
    step_usleep = modparam(100000, "Accepted, for breakpoints only.")
    step_loops = modparam(200, "Accepted, for breakpoints only.")
    cfgpkgcheck = modparam(0, "Accepted: there is no package memory to check.")

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._levels: ModuleLevels | None = None
        self._facilities: dict[str, str] = {}
        self._given: list[tuple[str, int]] = []
        self._traces = False

    # -- parameters

    @modparam_method("mod_level")
    def set_level(self, text: str) -> None:
        """`module=level`: `core=3`."""
        name, sign, level = text.partition("=")
        if not sign or not level.lstrip("+-").isdigit():
            raise ModuleError(f'mod_level "{text}" is no module=level')
        if self.mod_hash_size <= 0:
            raise ModuleError("mod_level wants mod_hash_size to be set before it")
        self._given.append((name, int(level)))

    @modparam_method("mod_facility")
    def set_facility(self, text: str) -> None:
        """`module=facility`: `core=LOG_LOCAL1`."""
        name, _, facility = text.partition("=")
        if facility not in FACILITIES:
            raise ModuleError(f'mod_facility "{text}" is no module=facility')
        if self.mod_hash_size <= 0:
            raise ModuleError("mod_facility wants mod_hash_size to be set before it")
        self._facilities[name] = facility

    def start(self) -> None:
        try:
            self.log_facility = self.log_facility and facility_named(self.log_facility)
        except ValueError:
            raise ModuleError(f'log_facility "{self.log_facility}" does not exist') from None
        if self.cfgtest:
            raise ModuleError("cfgtest needs the module cfgt, which there is not")
        if self.breakpoint:
            raise ModuleError(_NO_STOP)
        if self.mod_hash_size > 0:
            self._levels = ModuleLevels(self.host.log)
            self._levels.enabled = self.mod_level_mode != 0
            self._levels.levels.update(self._given)
            if self.mod_facility_mode:
                self._levels.facilities = self._facilities
            self.host.log = self._levels
        self._traces = self.cfgtrace != 0
        self.host.trace = self.trace
        if self.log_assign > 0:
            self.host.assigned = self.tell_assigned

    # -- the trace

    def trace(self, ctx: Context, action: Action) -> None:
        """Write a line on an action that is about to run."""
        if not self._traces or self.host.log.threshold < self.log_level:
            return
        kind = _KINDS.get(ctx.kind, "unknown_route")
        file = "" if self.cfgtrace_format & _WITHOUT_FILE else f" c=[{action.file}]"
        text = (
            f"{self.log_prefix}dbg_cfg_trace(): {kind}=[{action.route}]{file}"
            f" l={action.line} a={action.number} n={action.name}"
        )
        self.host.log.write(self.log_level, "", text, self.log_level_name, self.log_facility)

    def tell_assigned(self, ctx: Context, access: PvAccess) -> None:
        """Write the value that a variable got."""
        if self.host.log.threshold < DEBUG:
            return
        value = access.read(ctx)
        shown = f':"{value}"' if isinstance(value, str) else f":{value}"
        text = f"{access.text}: $null" if value is None else f"{access.text}{shown}"
        report(self.host.log, DEBUG, "debugger", text)

    # -- functions

    @function()
    def dbg_breakpoint(self, ctx: Context, on: Plain) -> None:
        """Nothing, as in Kamailio."""

    @function()
    def dbg_pv_dump(
        self, ctx: Context, mask: Mask | None = None, level: Level | None = None
    ) -> None:
        """Write the cfg's variables as JSON: mask 1 undefined ones too, 2 $avp, 4 $var, 8 $xavp,
        16 others; without it all.
        """
        number = level.number if level else DEBUG
        if self.host.log.threshold >= number:
            bits = mask.bits if mask else dump.ALL
            text = dump.variables(ctx, list(self.host.known.items()), bits)
            report(self.host.log, number, "debugger", text)

    @function("REQUEST", "ONREPLY")
    def dbg_sip_msg(
        self, ctx: Context, level: Level | None = None, facility: Facility | None = None
    ) -> bool:
        """Write the message with its edits, and the edits; without a level at the log's own."""
        if ctx.msg.is_request and ctx.kind != "request":
            report(self.host.log, ERROR, "debugger", "invalid usage - not in request route")
            return False
        number = level.number if level else self.host.log.threshold
        if self.host.log.threshold >= number:
            line = _cfg_line()
            text = dump.message(ctx, line)
            where = facility.name if facility else ""
            self.host.log.write(number, "debugger", text, facility=where)
        return True

    # -- commands

    @rpc("dbg.ls")
    def list_processes(self, *pid: int) -> list[dict[str, int | str]]:
        """List debugging process array"""
        self._check_pid(pid[:1])
        rows = self._processes()
        wanted = [(n, p) for n, p in enumerate(rows) if not pid or p == pid[0]]
        status = _TRACED if self._traces else 0
        idle: dict[str, int | str] = {"state": 0, "in.pid": 0, "in.cmd": 0}
        return [{"entry": number, "pid": one, "set": status, **idle} for number, one in wanted]

    def _processes(self) -> list[int]:
        return [pid for pid, _ in self.host.processes()] or [os.getpid()]

    def _check_pid(self, pid: tuple[int, ...]) -> None:
        if pid and pid[0] not in self._processes():
            raise RpcError(500, "No such pid")

    @rpc("dbg.trace", missing="Config trace command missing")
    def set_trace(self, command: str, *pid: int) -> str:
        """Config trace command"""
        self._check_pid(pid)
        if command not in ("on", "off"):
            raise RpcError(500, "Unknown trace command")
        self._traces = command == "on"
        return "200 ok"

    @rpc("dbg.bp", missing="Config breakpoint command missing")
    def step(self, command: str, pid: int | None = None, what: str = "") -> str:
        """Breakpoint command"""
        self._check_pid(() if pid is None else (pid,))
        if command == "on":
            raise RpcError(500, _NO_STOP)
        if command in (*_STEPS, *_LOOKS) and pid is None:
            raise RpcError(500, "Missing pid parameter")
        if command in _LOOKS and not what:
            raise RpcError(500, "pv param missing")
        if command not in ("off", "release", *_STEPS, *_LOOKS):
            raise RpcError(500, "Unknown inner command")
        return "200 ok"

    @rpc("dbg.set_mod_level", missing="invalid parameters")
    def set_mod_level(self, module: str, level: int) -> str:
        """Set module log level"""
        if self._levels is None:
            raise RpcError(500, "cannot store parameter")
        self._levels.levels[module] = level
        return "200 ok"

    @rpc("dbg.get_mod_level", missing="invalid parameters")
    def get_mod_level(self, module: str) -> int:
        """Get module log level"""
        threshold: int = self.host.log.threshold
        return self._levels.level_of(module) if self._levels else threshold

    @rpc("dbg.set_mod_facility", missing="invalid parameters")
    def set_mod_facility(self, module: str, facility: str) -> str:
        """Set module log facility"""
        if facility not in FACILITIES:
            raise RpcError(500, "facility not found")
        if self._levels is None:
            raise RpcError(500, "cannot store parameter")
        self._facilities[module] = facility
        return "200 ok"

    @rpc("dbg.get_mod_facility", missing="invalid parameters")
    def get_mod_facility(self, module: str) -> str:
        """Get module log facility"""
        common = getattr(self.host.settings, "log_facility", "") or "LOG_DAEMON"
        return self._facilities.get(module, common) if self.mod_facility_mode else str(common)

    @rpc("dbg.reset_msgid")
    def reset_numbers(self) -> str:
        """Reset msgid on all process"""
        if not self.reset_msgid:
            raise RpcError(500, "reset_msgid is 0. Set it to 1 to enable.")
        variables = self.host.modules.get("pv")
        if variables is not None:
            variables.renumber()
        return "200 ok"


def _cfg_line() -> int:
    """The line of the cfg that is being run; 0 outside of a route."""
    frame = sys._getframe(2)
    while frame.f_code.co_filename.endswith(".py") and frame.f_back is not None:
        frame = frame.f_back
    return 0 if frame.f_code.co_filename.endswith(".py") else frame.f_lineno
