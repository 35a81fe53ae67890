"""The case format: one TOML file holds a configuration and the steps to play."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

Step: TypeAlias = dict[str, Any]
"""One `[[steps]]` table: the key that names its kind, and the options of that kind."""

CORE_PROLOGUE = """#!KAMAILIO
debug=0
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:@PORT@
"""
MODULES = (
    *("jsonrpcs", "kex", "corex", "tm", "tmx", "sl", "rr", "pv", "maxfwd"),
    *("textops", "siputils", "xlog", "sanity", "ctl"),
)
FULL_PROLOGUE = (
    CORE_PROLOGUE
    + "".join(f'loadmodule "{module}.so"\n' for module in MODULES)
    + """
modparam("ctl", "binrpc", "unix:@RUNDIR@/ctl")
modparam("jsonrpcs", "fifo_name", "@RUNDIR@/fifo")
modparam("jsonrpcs", "dgram_socket", "@RUNDIR@/rpc.sock")
modparam("tm", "retr_timer1", 4000)
"""
)
PROLOGUES = {"full": FULL_PROLOGUE, "core": CORE_PROLOGUE, "none": ""}

STEP_KEYS = {
    "send": {"from", "times", "target", "fill", "length", "auth", "wait"},
    "raw": {"from", "wait"},
    "reply": {"on", "to", "headers", "tag", "wait"},
    "ack": {"wait"},
    "cancel": {"wait"},
    "rpc": set(),
    "jsonrpc": {"wait"},
    "sleep": set(),
    "sql": set(),
    "restart": set(),
    "signal": {"wait"},
}
"""Each kind of step with the options it takes."""


class CaseError(Exception):
    """A case could not be played: it is malformed, or the server did not start or died."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case; README.md says what each key means."""

    name: str
    path: Path
    title: str
    shows: str
    cfg: str
    prologue: str = ""
    check: bool | Literal["start"] = False
    variants: list[str] = field(default_factory=list)
    better_lines: list[tuple[str, int]] = field(default_factory=list)
    sockets: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    sql: str = ""
    mask: list[tuple[str, str]] = field(default_factory=list)
    log_keep: list[str] = field(default_factory=list)
    log_sort: bool = False
    steps: list[Step] = field(default_factory=list)

    @property
    def golden_path(self) -> Path:
        """Where the recorded result lies."""
        return self.path.with_suffix(".json")

    @property
    def socket_names(self) -> list[str]:
        """Our sockets, in the order of their ports."""
        return sorted(self.sockets.keys() | {"a", "b", "c", "d"})

    @property
    def source(self) -> str:
        """Prologue and configuration, placeholders still in place."""
        return PROLOGUES[self.prologue or ("none" if self.check else "full")] + self.cfg

    def uses(self, kind: str) -> bool:
        """Whether a step of this kind occurs."""
        return any(kind in step for step in self.steps)


def load_case(path: Path) -> Case:
    """Read a case; raises CaseError for keys or steps that the format does not know."""
    with open(path, "rb") as file:
        table = tomllib.load(file)
    try:
        case = Case(name=path.stem, path=path, **table)
    except TypeError as problem:
        raise CaseError(f"{path.name}: {problem}") from problem
    for number, step in enumerate(case.steps, 1):
        kind = step_kind(step)
        if kind is None or step.keys() - STEP_KEYS[kind] - {kind}:
            raise CaseError(f"{path.name}: step {number} is not a step: {', '.join(step)}")
    if bool(case.steps) == bool(case.check):
        raise CaseError(f"{path.name}: a case has steps, or check, and not both")
    if bool(case.variants) != ("@VARIANT@" in case.cfg) or (case.variants and not case.check):
        raise CaseError(f"{path.name}: variants belong to @VARIANT@ in a check")
    if any(variant not in (case.variants or [""]) for variant, _ in case.better_lines):
        raise CaseError(f"{path.name}: better_lines belong to variants")
    return case


def step_kind(step: Step) -> str | None:
    """The key that says what a step does."""
    return next((kind for kind in STEP_KEYS if kind in step), None)
