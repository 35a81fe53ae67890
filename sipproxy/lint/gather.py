"""A cfg as the rules look at it: its statements in their places, and what they use.

Everything is gathered in one pass over the tree; a rule then goes over the short list it needs.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from sipproxy.core.pvspec import PvSpec, PvSyntaxError, parse_pv, split_text
from sipproxy.errors import ModuleError, Span
from sipproxy.script import tree
from sipproxy.script.compile import merged_routes
from sipproxy.script.graph import called_as, static_name

LOGS = frozenset(
    (
        *("xlog", "xlogl", "xlogm", "xdbg", "xdbgl", "xinfo", "xnotice", "xwarn", "xerr"),
        *("xbug", "xcrit", "xalert", "log"),
    )
)
"""Functions that only write their text to the log."""

if TYPE_CHECKING:
    from sipproxy.modules.htable.spec import TableSpec

TableUse = Literal["read", "write", "call", "event"]

_CELLS = frozenset(("sht", "shtex", "shtinc", "shtdec"))
_KEYED = frozenset(("sht_rm_name_re", "sht_rm_value_re", "sht_lock", "sht_unlock"))
_TABLE_FIRST = frozenset(
    (
        *("sht_rm", "sht_rm_name", "sht_rm_value", "sht_match_name", "sht_has_name", "sht_reset"),
        *("sht_match_str_value", "sht_has_str_value", "sht_setxs", "sht_setxi", "sht_is_null"),
        *("sht_inc", "sht_dec"),
    )
)
_PLAIN = re.compile(r"\$\(([A-Za-z_]\w*)\)")
_WORD = re.compile(r"[\w-]+")
_EXPIRED = "htable:expired:"


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A statement in its place.

    `above` is the statement it stands inside of, `part` where in it: then, else, body, case or
    expression; `case` the label's node in a switch.
    """

    statement: tree.Statement
    route: tree.Route
    block: tree.Block
    index: int
    above: "Step | None" = None
    part: str = ""
    case: tree.Case | None = None

    def outer(self) -> "Iterator[Step]":
        """This step and those around it, from the inside out."""
        step: Step | None = self
        while step is not None:
            yield step
            step = step.above

    def earlier(self) -> "tuple[tree.Statement, ...]":
        """The statements before it in its block."""
        return self.block.statements[: self.index]

    def later(self) -> "tuple[tree.Statement, ...]":
        """The statements behind it in its block."""
        return self.block.statements[self.index + 1 :]


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """One use of a pseudo-variable.

    `written` for the target of an assignment; `call` is the function it is an argument of, or that
    gets the text it stands in; `inside` the pseudo-variable whose name or argument it is part of.
    """

    spec: PvSpec
    span: Span
    step: Step
    written: bool = False
    call: tree.Call | None = None
    inside: PvSpec | None = None

    @property
    def is_handed_over(self) -> bool:
        """Whether a function gets the variable itself, which it may write to."""
        call = self.call
        return (
            call is not None
            and call.name not in LOGS
            and any(getattr(arg, "text", None) == self.spec.text for arg in call.args)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """`$sht(table=>key)` and its like in use."""

    table: str
    key: str
    use: Use

    @property
    def name(self) -> str:
        """`sht`, `shtex`, `shtinc` or `shtdec`."""
        return self.use.spec.name

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.use.span

    @property
    def step(self) -> Step:
        """The statement it stands in."""
        return self.use.step

    def same_as(self, other: "Cell") -> bool:
        """Whether both are written for the same key of one table."""
        return (self.table, self.key) == (other.table, other.key)


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A table as `modparam("htable", "htable", ...)` defines it."""

    spec: "TableSpec"
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class CallSite:
    """A function call and the statement it stands in."""

    call: tree.Call
    step: Step

    def text(self, number: int) -> str | None:
        """The constant text of an argument, counted from 0; None when there is none."""
        if number >= len(self.call.args):
            return None
        arg = self.call.args[number]
        return arg.text if isinstance(arg, tree.Str | tree.Bareword) else None


@dataclass
class Gathered:
    """What one parsed cfg holds. `compat` is the version it is checked for."""

    config: tree.Config
    compat: str = "5.6"
    steps: list[Step] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    calls: list[CallSite] = field(default_factory=list)
    jumps: dict[int, list[str | None]] = field(default_factory=dict)
    """id of a step -> names of the routes its own expressions call; None is found at run time."""
    cells: list[Cell] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lines: dict[str, list[str]] = {}
        self._specs: dict[str, tuple[tuple[PvSpec, PvSpec | None], ...]] = {}
        self._texts: dict[str, tuple[tuple[PvSpec, PvSpec | None], ...]] = {}
        self.routes: dict[str, tree.Route] = merged_routes(self.config)
        for route in self.routes.values():
            self._block(route.body, route, None, "")

    # --- gathering ----------

    def _block(
        self,
        block: tree.Block,
        route: tree.Route,
        above: Step | None,
        part: str,
        case: tree.Case | None = None,
    ) -> None:
        for index, statement in enumerate(block.statements):
            step = Step(statement, route, block, index, above, part, case)
            self.steps.append(step)
            match statement:
                case tree.Assign():
                    self._assign(statement, step)
                case tree.Evaluate():
                    self._expression(statement.expr, step)
                case tree.If():
                    self._expression(statement.condition, step)
                    self._block(statement.then, route, step, "then")
                    if statement.otherwise is not None:
                        self._block(statement.otherwise, route, step, "else")
                case tree.While():
                    self._expression(statement.condition, step)
                    self._block(statement.body, route, step, "body")
                case tree.Switch():
                    self._expression(statement.subject, step)
                    for one in statement.cases:
                        self._block(one.body, route, step, "case", one)
                case tree.Leave(value=value) if value is not None:
                    self._expression(value, step)

    def _assign(self, statement: tree.Assign, step: Step) -> None:
        self._expression(statement.value, step)
        if isinstance(statement.target, tree.Pv):
            self._pv(statement.target, step, written=True)

    def _expression(self, expr: tree.Expr, step: Step) -> None:
        match expr:
            case tree.Pv():
                self._pv(expr, step)
            case tree.Call():
                self._call(expr, step)
            case tree.Binary():
                self._expression(expr.left, step)
                self._expression(expr.right, step)
            case tree.Unary():
                self._expression(expr.operand, step)
            case tree.RouteCall():
                self.jumps.setdefault(id(step), []).append(static_name(expr))
                self._expression(expr.name, step)
            case tree.Builtin():
                for arg in expr.args:
                    self._expression(arg, step)
            case tree.Condition():
                self._expression(expr.value, step)
            case tree.AssignExpr():
                self._assign(expr.assign, step)
            case tree.BlockExpr():
                self._block(expr.body, step.route, step, "expression")

    def _call(self, call: tree.Call, step: Step) -> None:
        self.calls.append(CallSite(call, step))
        for arg in call.args:
            if isinstance(arg, tree.Str):
                if "$" in arg.text:
                    for spec, inside in self._in_text(arg.text):
                        self._use(Use(spec, arg.span, step, False, call, inside))
            elif isinstance(arg, tree.Pv):
                self._pv(arg, step, call=call)
            else:
                self._expression(arg, step)

    def _pv(
        self, pv: tree.Pv, step: Step, *, written: bool = False, call: tree.Call | None = None
    ) -> None:
        for spec, inside in self._specs_of(pv.text):
            self._use(Use(spec, pv.span, step, written and inside is None, call, inside))

    def _use(self, use: Use) -> None:
        self.uses.append(use)
        spec = use.spec
        if spec.name in _CELLS and spec.inner:
            table, arrow, key = spec.inner.partition("=>")
            if arrow:
                self.cells.append(Cell(table.strip(), canonical(key), use))

    def uses_of(self, step: Step) -> list[Use]:
        """The pseudo-variables in the expressions of one statement."""
        return self._uses_by_step.get(id(step), [])

    def made_of(self, cell: Cell) -> set[str]:
        """Names of the pseudo-variables in a key; `si{` is one with a transformation."""
        return {
            f"{use.spec.name}{{" if use.spec.transforms else use.spec.name
            for use in self.uses_of(cell.step)
            if use.inside is cell.use.spec
        }

    @cached_property
    def _uses_by_step(self) -> dict[int, list[Use]]:
        found: dict[int, list[Use]] = {}
        for use in self.uses:
            found.setdefault(id(use.step), []).append(use)
        return found

    def _specs_of(self, text: str) -> tuple[tuple[PvSpec, PvSpec | None], ...]:
        found = self._specs.get(text)
        if found is None:
            try:
                spec = parse_pv(text)
            except PvSyntaxError:
                found = ()
            else:
                found = ((spec, None), *self._inner(spec))
            self._specs[text] = found
        return found

    def _in_text(self, text: str) -> tuple[tuple[PvSpec, PvSpec | None], ...]:
        found = self._texts.get(text)
        if found is None:
            made: list[tuple[PvSpec, PvSpec | None]] = []
            for spec in _variables(text):
                made += [(spec, None), *self._inner(spec)]
            found = self._texts[text] = tuple(made)
        return found

    def _inner(self, spec: PvSpec) -> Iterator[tuple[PvSpec, PvSpec | None]]:
        """The pseudo-variables in a name, an index and the arguments of transformations."""
        parts = (spec.inner, spec.index, *(step.args for step in spec.transforms))
        for part in parts:
            if part and "$" in part:
                for inner in _variables(part):
                    yield inner, spec
                    yield from self._inner(inner)

    # --- what the cfg defines ----------

    @cached_property
    def tables(self) -> Mapping[str, TableDefinition]:
        """The htables by name; definitions that cannot be read are left to the module."""
        from sipproxy.modules.htable.spec import TableSpec  # only cfgs with tables need the module

        found: dict[str, TableDefinition] = {}
        for item in self.modparams("htable", "htable"):
            if isinstance(item.value, tree.Str):
                try:
                    spec = TableSpec.parse(item.value.text, newer=self.compat == "6.1")
                except ModuleError:
                    continue
                found[spec.name] = TableDefinition(spec, item.value.span)
        return found

    def modparams(self, module: str, param: str) -> Iterator[tree.ModParam]:
        """The settings of one parameter of a module."""
        for item in self.config.items:
            if (
                isinstance(item, tree.ModParam)
                and item.param.text == param
                and (item.module.text == module or _matches(item.module.text, module))
            ):
                yield item

    def number(self, module: str, param: str, default: int = 0) -> int:
        """The value of a numeric parameter of a module."""
        for item in self.modparams(module, param):
            if isinstance(item.value, tree.Int):
                default = item.value.value
        return default

    @property
    def computes_tables(self) -> bool:
        """Whether a definition is only known at run time (modparamx)."""
        return any(item.evaluated for item in self.modparams("htable", "htable"))

    def is_loaded(self, module: str) -> bool:
        """Whether the cfg loads the module."""
        return any(
            isinstance(item, tree.LoadModule) and item.name == module for item in self.config.items
        )

    @cached_property
    def table_names(self) -> list[tuple[str, Span, TableUse]]:
        """Every constant mention of a table: its name, where, and what for."""
        found: list[tuple[str, Span, TableUse]] = [
            (cell.table, cell.span, "write" if cell.use.written else "read") for cell in self.cells
        ]
        for site in self.calls:
            name = site.call.name
            if not name.startswith("sht_"):
                continue
            number = 1 if name == "sht_iterator_start" else 0
            text = site.text(number)
            if text is None or "$" in text.partition("=>")[0]:
                continue
            if name in _KEYED:
                text = text.partition("=>")[0]
            elif name not in _TABLE_FIRST and not number:
                continue
            found.append((text.strip(), site.call.args[number].span, "call"))
        for route in self.routes.values():
            if route.kind == "event_route" and route.name.startswith(_EXPIRED):
                found.append((route.name.removeprefix(_EXPIRED), route.span, "event"))
        return found

    @property
    def is_whole(self) -> bool:
        """Whether it is a cfg of its own, not a part that another one includes.

        What is missing in a part may stand in the rest.
        """
        return "request_route" in self.routes

    @cached_property
    def words(self) -> frozenset[str]:
        """Every constant text of a call or parameter, also in parts: it may name a route."""
        found: set[str] = set()
        for site in self.calls:
            for arg in site.call.args:
                if isinstance(arg, tree.Str | tree.Bareword):
                    found |= {arg.text, *_WORD.findall(arg.text)}
        for item in self.config.items:
            if isinstance(item, tree.ModParam) and isinstance(item.value, tree.Str):
                found |= {item.value.text, *_WORD.findall(item.value.text)}
        return frozenset(found)

    def lines(self, file: str) -> list[str]:
        """The lines of a file of the cfg."""
        if file not in self._lines:
            self._lines[file] = self.config.sources.get(file, "").split("\n")
        return self._lines[file]

    @cached_property
    def named_routes(self) -> Mapping[str, tree.Route]:
        """The blocks that `route(...)` can call, by the name it calls them by."""
        named = ((called_as(route), route) for route in self.routes.values())
        return {name: route for name, route in named if name is not None}


def canonical(key: str) -> str:
    """A key with `$(x)` written as `$x`."""
    return _PLAIN.sub(r"$\1", key)


def _variables(text: str) -> Iterator[PvSpec]:
    try:
        pieces = split_text(text)
    except PvSyntaxError:
        return
    for piece in pieces:
        if isinstance(piece, PvSpec):
            yield piece


def _matches(pattern: str, module: str) -> bool:
    try:
        return re.fullmatch(pattern, module, re.IGNORECASE) is not None
    except re.error:
        return False
