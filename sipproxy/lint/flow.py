"""What may have happened before each statement: which `$var`s were given a value, whether
credentials were found right.

The routes are run through once or a few times with sets of facts instead of values, kept as bits:
where two ways meet, what may have happened on either may have happened. So what is *not* in the set
has happened on no way, which is what the rules ask for.
"""

import re
from collections.abc import Iterable, Mapping

from sipproxy.lint.gather import Gathered, Step, Use
from sipproxy.script import tree

AUTHENTICATES = frozenset(
    (
        *("www_authenticate", "www_authorize", "proxy_authenticate", "proxy_authorize"),
        *("auth_check", "pv_www_authenticate", "pv_proxy_authenticate", "pv_auth_check"),
        *("radius_www_authorize", "radius_proxy_authorize", "autheph_check", "autheph_www"),
        *("autheph_proxy", "auth_get_www_authenticate", "jwt_decode", "ldap_search"),
        *("diameter_www_authorize", "diameter_proxy_authorize", "ims_www_authenticate"),
        *("ims_proxy_authenticate", "ims_auth_check"),
    )
)
"""Functions that are true only for right credentials (auth, auth_db, auth_ephemeral, ...)."""

_VAR = re.compile(r"\$\(?var\(([^()$]+)\)")
_AUTHENTICATED = 1
_EVERYTHING = -1
_FROM_THE_START = ("request_route", "reply_route", "onreply_route", "failure_route")
"""Blocks that begin with no `$var` of their own message: another process may run them."""


class Flow:
    """Facts before each statement of a cfg."""

    def __init__(self, cfg: Gathered) -> None:
        self._cfg = cfg
        self._bits: dict[str, int] = {}
        self._always = 0
        """Facts that hold from the start: `$var`s that a module writes to."""
        self._before: dict[int, int] = {}
        self._jumps = {step: list(names) for step, names in cfg.jumps.items()}
        self._sets: dict[int, int] = {}
        self._waiting: list[str] = []
        self._keys = {name: key for key, r in cfg.routes.items() if (name := _called(r))}
        self._entry: dict[str, int] = {}
        self._exit: dict[str, int] = {}
        self._steps = {id(step.statement): step for step in cfg.steps}
        for use in cfg.uses:
            self._note_set(use)
        for name in _in_parameters(cfg):
            self._always |= self._bit(name)
        self.ever_set = frozenset(self._bits)
        """Names of the `$var`s that something in the cfg may give a value."""
        self._look_at_calls()
        self._run()

    def reached(self, step: Step) -> bool:
        """Whether any way leads to the statement."""
        return id(step) in self._before

    def may_be_set(self, name: str, step: Step) -> bool:
        """Whether `$var(name)` may have got a value before the statement, or in its expression."""
        bit = self._bits.get(name, 0)
        before = self._before.get(id(step), _EVERYTHING)
        own = 0 if isinstance(step.statement, tree.Assign) else self._sets.get(id(step), 0)
        return bool((before | own | self._always) & bit)

    def may_be_authenticated(self, step: Step) -> bool:
        """Whether a check of credentials may have succeeded before the statement."""
        return bool(self._before.get(id(step), _EVERYTHING) & _AUTHENTICATED)

    # --- what a statement does ----------

    def _note_set(self, use: Use) -> None:
        """A `$var` that is assigned, or that a function may write to because it gets it whole."""
        spec = use.spec
        if spec.name != "var" or not spec.inner or use.inside is not None:
            return
        if use.written or use.is_handed_over:
            bit = self._bit(spec.inner)
            self._sets[id(use.step)] = self._sets.get(id(use.step), 0) | bit

    def _bit(self, name: str) -> int:
        return self._bits.setdefault(name, 1 << (len(self._bits) + 1))

    def _look_at_calls(self) -> None:
        for site in self._cfg.calls:
            step = id(site.step)
            if site.call.name in AUTHENTICATES:
                self._sets[step] = self._sets.get(step, 0) | _AUTHENTICATED
            for number in range(len(site.call.args)):
                # route_if_exists("X") and the like run the route there and then; "0" is a flag
                name = site.text(number) or ""
                if name in self._cfg.named_routes and not name.isdigit():
                    self._jumps.setdefault(step, []).append(name)

    # --- running through ----------

    def _run(self) -> None:
        """Run through the blocks until no block begins or ends with facts that are new."""
        callers = self._callers()
        self._wait(key for key, r in self._cfg.routes.items() if self._begin(r) is not None)
        while self._waiting:
            key = self._waiting.pop()
            route = self._cfg.routes[key]
            name = _called(route)
            known = self._exit.get(name)
            self._leave(route, self._block(route.body, self._begin(route) or 0))
            if self._exit.get(name) != known:
                self._wait(callers.get(name, ()))

    def _callers(self) -> Mapping[str, set[str]]:
        """Keys of the blocks that call each named route; a computed call may reach any of them."""
        found: dict[str, set[str]] = {}
        keys = {id(route): key for key, route in self._cfg.routes.items()}
        for step in self._cfg.steps:
            for name in self._jumps.get(id(step), ()):
                for one in self._cfg.named_routes if name is None else (name,):
                    found.setdefault(one, set()).add(keys[id(step.route)])
        return found

    def _wait(self, keys: Iterable[str]) -> None:
        self._waiting += [key for key in keys if key not in self._waiting]

    def _begin(self, route: tree.Route) -> int | None:
        """The facts a block begins with; None when nothing runs it."""
        if route.kind == "route":
            if route.name in self._cfg.words:
                return _EVERYTHING
            return self._entry.get(route.name)
        if route.kind == "request_route":
            return self._entry.get("0", 0)
        if route.kind in _FROM_THE_START:
            return _AUTHENTICATED
        return _EVERYTHING

    def _block(self, block: tree.Block, facts: int) -> int | None:
        """The facts behind a block; None when no way leads out of its end."""
        for statement in block.statements:
            step = self._steps[id(statement)]
            known = self._before.get(id(step), 0) | facts
            self._before[id(step)] = known
            out = self._statement(statement, step, facts)
            if out is None:
                return None
            facts = out
        return facts

    def _statement(self, statement: tree.Statement, step: Step, facts: int) -> int | None:
        own = self._sets.get(id(step), 0)
        behind = self._jump(step, facts | own)
        match statement:
            case tree.If():
                return self._if(statement, behind, own, facts)
            case tree.While():
                inside = self._block(statement.body, behind)
                if inside is not None:
                    inside = self._block(statement.body, behind | inside)
                return behind | (inside or 0)
            case tree.Switch():
                return self._switch(statement, behind)
            case tree.Leave(kind="break"):
                return behind
            case tree.Leave(kind="return"):
                self._leave(step.route, behind)
                return None
            case tree.Leave():
                return None
        return behind

    def _if(self, statement: tree.If, behind: int, own: int, facts: int) -> int | None:
        inside = outside = behind
        if own & _AUTHENTICATED and not facts & _AUTHENTICATED:
            inside = behind if may_succeed(statement.condition, True) else behind & ~1
            outside = behind if may_succeed(statement.condition, False) else behind & ~1
        first = self._block(statement.then, inside)
        second = outside
        if statement.otherwise is not None:
            found = self._block(statement.otherwise, outside)
            if found is None:
                return first
            second = found
        return second if first is None else first | second

    def _switch(self, statement: tree.Switch, behind: int) -> int | None:
        """Each case may be entered from the one before it."""
        facts: int | None = None
        decided = any(case.label is None for case in statement.cases)
        out = None if decided else behind
        for case in statement.cases:
            facts = self._block(case.body, behind | (facts or 0))
            if facts is not None:
                out = facts | (out or 0)
        return out

    def _jump(self, step: Step, facts: int) -> int:
        """The facts behind the routes that a statement calls."""
        for name in self._jumps.get(id(step), ()):
            called: Iterable[str] = self._cfg.named_routes if name is None else (name,)
            out = facts
            for one in called:
                known = self._entry.get(one)
                entry = self._entry[one] = (known or 0) | facts
                if entry != known and one in self._keys:
                    self._wait((self._keys[one],))
                out |= self._exit.get(one, 0)
            facts = out
        return facts

    def _leave(self, route: tree.Route, facts: int | None) -> None:
        name = _called(route)
        if name and facts is not None:
            self._exit[name] = self._exit.get(name, 0) | facts


def _in_parameters(cfg: Gathered) -> Iterable[str]:
    """Names of the `$var`s that a parameter of a module mentions: the module may set them."""
    for item in cfg.config.items:
        if isinstance(item, tree.ModParam) and isinstance(item.value, tree.Str):
            yield from _VAR.findall(item.value.text)
            if item.param.text == "varset":
                yield item.value.text.partition("=")[0].strip()


def _called(route: tree.Route) -> str:
    return "0" if route.kind == "request_route" else route.name if route.kind == "route" else ""


def may_succeed(condition: tree.Expr, outcome: bool) -> bool:
    """Whether a check of credentials in a condition may have succeeded when it came out so."""
    match condition:
        case tree.Call(name=name):
            return outcome and name in AUTHENTICATES
        case tree.Unary(op="!"):
            return may_succeed(condition.operand, not outcome)
        case tree.Binary(op="&&" | "||" as op):
            # what came out the decisive way may have come out either way on each side
            either = (op == "&&") != outcome
            return any(
                may_succeed(side, outcome) or (either and may_succeed(side, not outcome))
                for side in (condition.left, condition.right)
            )
        case tree.Binary():
            return _checks(condition.left) or _checks(condition.right)
        case tree.AssignExpr():
            return _checks(condition.assign.value)
    return False


def _checks(expr: tree.Expr) -> bool:
    return any(
        isinstance(node, tree.Call) and node.name in AUTHENTICATES for node in tree.walk(expr)
    )
