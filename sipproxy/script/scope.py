"""What the compiler knows while it works on one cfg."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sipproxy.core.host import Host
from sipproxy.errors import Problem, Span
from sipproxy.script import tree
from sipproxy.script.emit import Emitter

ROUTE_MASK = {
    "request_route": frozenset({"REQUEST"}),
    "route": frozenset({"REQUEST"}),
    "reply_route": frozenset({"REPLY", "ONREPLY"}),
    "onreply_route": frozenset({"ONREPLY"}),
    "failure_route": frozenset({"FAILURE"}),
    "branch_route": frozenset({"BRANCH"}),
    "onsend_route": frozenset({"ONSEND"}),
    "event_route": frozenset({"EVENT", "REQUEST"}),
}
"""Masks of which a function must have one to stand in a block of each kind (core/route.h): what
may answer in a request route may do so in an event, what suits any reply suits the core's."""


def route_key(kind: str, name: str) -> str:
    """The key of a block in the table of routes: its kind, and its name if it has one."""
    return f"{kind}[{name}]" if name else kind


@dataclass
class Scope:
    """One compilation: the host that names are looked up in, and what was found on the way."""

    host: Host
    emit: Emitter
    routes: dict[str, tree.Route]
    functions: dict[str, str]
    """Python name of the function of each named `route[...]`."""
    uses_rc: bool
    """Whether the cfg reads `$rc` anywhere: if not, nobody needs to keep it."""
    ending: set[str]
    """Named routes that can end the script."""
    suspending: set[str]
    """Named routes that may suspend (they reach an async function)."""
    recursive: set[str]
    """Named routes that may call themselves."""
    int_variables: frozenset[str]
    """`$var`s that are ints at every moment."""
    keeps_message: bool
    """Whether no function of the cfg replaces the message."""
    problems: list[Problem] = field(default_factory=list)
    route: tree.Route | None = None
    """The block being compiled."""
    hidden: list[object] = field(default_factory=list)
    """Functions made for parts of the block: texts, blocks inside expressions."""

    def error(self, span: Span, message: str, hint: str = "") -> None:
        """Note an error; compilation goes on to find the next."""
        self.note(Problem(span, message, hint))

    def warn(self, span: Span, message: str, hint: str = "") -> None:
        """Note a warning."""
        self.note(Problem(span, message, hint, "warning"))

    def note(self, problem: Problem) -> None:
        """Keep a problem of any severity."""
        # an expression that is compiled both as an int and as a value is looked at twice
        if problem not in self.problems:
            self.problems.append(problem)

    @property
    def any_suspends(self) -> bool:
        """Whether a computed route call may suspend."""
        return bool(self.suspending)

    def names(self) -> Iterable[str]:
        """Names of the functions the loaded modules offer."""
        return self.host.functions
