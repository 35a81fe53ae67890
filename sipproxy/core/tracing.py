"""What a trace of the cfg shows of each action: its place, and the number and name that Kamailio
gives it (core/route_struct.h, modules/debugger/debugger_act.c)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from sipproxy.errors import Span

if TYPE_CHECKING:
    from sipproxy.core.context import Context

V = TypeVar("V")

LEAVE, ROUTE, IF, SWITCH, CASE, WHILE, MODULE, MODULE_EXPRESSION, ASSIGN = (
    *(2, 5, 16, 21, 22, 23),
    *(24, 31, 63),
)
"""Numbers of actions; that of a module's function is MODULE and the count of its arguments, or
MODULE_EXPRESSION and the count where one of them is an expression."""

_MOST_ARGUMENTS = 7
"""Functions with more than six arguments share one number."""


class Hits:
    """How often each statement of a cfg ran; the compiler gives each a number, its code counts."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        """By the numbers of the statements."""
        self._numbers: dict[tuple[str, int, int], int] = {}

    def number(self, file: str, line: int, column: int) -> int:
        """The number of the statement that begins there; compiled twice, it has one."""
        known = len(self._numbers)
        number = self._numbers.setdefault((file, line, column), known)
        if number == known:
            self.counts.append(0)
        return number

    def by_line(self) -> dict[tuple[str, int], int]:
        """How often each line was reached, by file and line: as often as its busiest statement.

        Only lines in which a statement begins are there, those never reached with 0.
        """
        lines: dict[tuple[str, int], int] = {}
        for (file, line, _), number in self._numbers.items():
            lines[file, line] = max(lines.get((file, line), 0), self.counts[number])
        return lines


class Action(NamedTuple):
    """One action of the cfg as a trace shows it."""

    route: str
    file: str
    line: int
    number: int
    name: str


class Step(NamedTuple):
    """A place of the cfg that an onlooker is told of.

    `kind` is `statement`, or says what has a value: `condition` (a whole one, or one of the core's
    own), `value` (of a variable, `text` is its name), `assigned` (`text` is what it went to),
    `call` (of a function: its answer). `route` is as in the cfg, `route[AUTH]`.
    """

    kind: str
    route: str
    span: Span
    text: str


class Onlooker(Protocol):
    """Sees each statement before it runs, and each value when it is there."""

    def runs(self, ctx: Context, step: Step) -> None:
        """A statement is about to run."""

    def comes(self, ctx: Context, step: Step, value: V) -> V:
        """A value; it is given back."""


def _core() -> dict[str, tuple[int, str]]:
    plain = {
        **{"forward": 1, "log": 3, "error": 4, "exec": 6, "isflagset": 41},
        **{"setflag": 39, "resetflag": 40, "prefix": 44, "strip": 45},
        **{"forward_tcp": 51, "forward_udp": 52, "forward_tls": 53, "forward_sctp": 54},
        **{"force_rport": 55, "add_local_rport": 56, "force_tcp_alias": 59},
        **{"force_send_socket": 62, "udp_mtu_try_proto": 65},
    }
    parts = ("host", "hostport", "user", "userpass", "port", "uri", "hostporttrans")
    numbered = dict(enumerate(parts, 7))
    shown = {name: (number, name) for name, number in plain.items()}
    for number, part in numbered.items():
        for verb in ("set", "rewrite"):
            shown[f"{verb}{part}"] = (number, f"set{part}")
    others = {
        **{"userphone": (15, "setuserphone"), "strip_tail": (46, "striptail")},
        **{"revert_uri": (50, "reverturi"), "add_rport": (55, "force_rport")},
        **{"set_advertised_address": (57, "set_adv_addr")},
        **{"set_advertised_port": (58, "set_adv_port")},
    }
    return shown | others


CORE_FUNCTIONS: Mapping[str, tuple[int, str]] = MappingProxyType(_core())
"""(number, name in a trace) of the core's functions; others are `unknown`."""


def function_number(arguments: int, *, constant: bool) -> int:
    """The number of a call of a module's function."""
    count = min(arguments, _MOST_ARGUMENTS)
    return MODULE + count if constant else MODULE_EXPRESSION + count
