"""A parsed cfg to Python functions: names looked up in the host, problems collected, code made.

One function per route, with the cfg's own lines and columns, in one module per source file.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType
from typing import Any

from sipproxy.core import runtime
from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.host import Host
from sipproxy.errors import CfgError, Problem, Span
from sipproxy.script import tree
from sipproxy.script.emit import Emitter, Positions, unstamped
from sipproxy.script.graph import RouteGraph, called_as
from sipproxy.script.infer import int_variables
from sipproxy.script.scope import Scope, route_key
from sipproxy.script.statements import Statements

_READS_RC = re.compile(r"\$\(?\s*(rc\b|retcode\b|\?)")


@dataclass(frozen=True, slots=True)
class CompiledRoute:
    """A route block ready to run. `call` is a coroutine function when `suspends`."""

    kind: str
    name: str
    call: Callable[[Context], Any]
    suspends: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Compiled:
    """All routes of a cfg by key (`request_route`, `route[X]`, `event_route[a:b]`)."""

    routes: Mapping[str, CompiledRoute]
    modules: Mapping[str, ast.Module]
    foreign: Mapping[tuple[str, int, int], Span]
    """Where code of an included file stands inside a function of another file."""
    problems: tuple[Problem, ...]

    def source(self) -> str:
        """The generated Python, for people to read."""
        parts = []
        for file, module in self.modules.items():
            with deep_recursion():
                parts.append(f"# {file}\n\n{ast.unparse(module)}\n")
        return "\n".join(parts)


def merged_routes(config: tree.Config) -> dict[str, tree.Route]:
    """Route blocks by key; unnamed blocks of one kind are joined in the order of the cfg."""
    routes: dict[str, tree.Route] = {}
    for item in config.items:
        if not isinstance(item, tree.Route):
            continue
        key = route_key(item.kind, item.name)
        first = routes.get(key)
        if first is None:
            routes[key] = item
            continue
        statements = (*first.body.statements, *item.body.statements)
        body = tree.Block(first.body.span, statements)
        routes[key] = tree.Route(first.span, first.kind, first.name, body)
    return routes


def compile_config(config: tree.Config, host: Host, most_loops: int = 100) -> Compiled:
    """Compile every route; raises CfgError with all problems when one of them is an error."""
    routes = merged_routes(config)
    graph = RouteGraph(routes.values(), host.functions)
    positions = Positions(config.sources)
    emit = Emitter(positions)
    scope = Scope(
        host=host,
        emit=emit,
        routes=routes,
        functions={},
        uses_rc=any(_READS_RC.search(text) for text in config.sources.values()),
        ending=graph.ending,
        suspending=graph.suspending,
        recursive=graph.recursive,
        keeps_message=host.onlooker is None and _keeps_message(host, routes.values()),
        int_variables=int_variables(
            (node for route in routes.values() for node in tree.walk(route)),
            lambda call, number: _gets_variable(host, call, number),
        ),
    )
    names = {key: emit.reserve(_python_name(route), None) for key, route in routes.items()}
    callable_routes = ((called_as(route), names[key]) for key, route in routes.items())
    scope.functions = {name: function for name, function in callable_routes if name is not None}
    emit.reserve("route_named", None)
    with deep_recursion():
        modules = _modules(routes, names, graph, scope, most_loops)
    if any(p.severity == "error" for p in scope.problems):
        raise CfgError(scope.problems)
    return _link(routes, names, graph, scope, modules)


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Room for blocks nested as deeply as Kamailio allows; our own frames need no C stack."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 20_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _keeps_message(host: Host, routes: Iterable[tree.Route]) -> bool:
    """Whether no function that the routes call replaces the message."""
    return not any(
        declared.replaces_message
        for route in routes
        for node in tree.walk(route)
        if isinstance(node, tree.Call)
        for declared in host.functions.get(node.name, ())
    )


def _gets_variable(host: Host, call: tree.Call, number: int) -> bool:
    """Whether a function's argument is a pseudo-variable that it may write to."""
    for declared in host.functions.get(call.name, ()):
        if not declared.least <= len(call.args) <= declared.most:
            continue
        params = declared.params
        parameter = params[number] if number < len(params) else declared.rest
        if parameter is None or parameter.kind is PvAccess:
            return True
    return False


def _python_name(route: tree.Route) -> str:
    return f"{route.kind}_{route.name}" if route.name else route.kind


def _modules(
    routes: Mapping[str, tree.Route],
    names: Mapping[str, str],
    graph: RouteGraph,
    scope: Scope,
    most_loops: int,
) -> dict[str, ast.Module]:
    """One Python module for each file that a route begins in."""
    statements = Statements(scope, most_loops)
    modules: dict[str, ast.Module] = {}
    for key, route in routes.items():
        scope.route = route
        scope.hidden = []
        scope.emit.positions.enter(names[key], route.span.file)
        try:
            body = statements.body(route.body)
        except RecursionError as error:
            raise _too_deep(route.span, error) from None
        scope.emit.span = route.span
        function = scope.emit.function(names[key], body, is_async=graph.suspends(route))
        module = modules.setdefault(route.span.file, ast.Module([], []))
        module.body.extend([*scope.hidden, function])  # type: ignore[list-item]
    statements.let_go()
    return modules


def _link(
    routes: Mapping[str, tree.Route],
    names: Mapping[str, str],
    graph: RouteGraph,
    scope: Scope,
    modules: dict[str, ast.Module],
) -> Compiled:
    namespace: dict[str, Any] = {n: v for n, v in scope.emit.constants.items() if v is not None}
    for file, module in modules.items():
        missing = unstamped(module)
        assert not missing, f"generated code without a position: {ast.dump(missing[0])}"
        # One function at a time: Python's compiler lets no other thread run while it is at work,
        # and in a reload others do.
        for function in module.body:
            exec(_code(ast.Module([function], []), file), namespace)
    compiled = {
        key: CompiledRoute(
            route.kind, route.name, namespace[names[key]], graph.suspends(route), route.span
        )
        for key, route in routes.items()
    }
    by_function = {names[key]: route for key, route in compiled.items()}
    by_name = {name: by_function[function] for name, function in scope.functions.items()}
    namespace["route_named"] = _finder(by_name, scope)
    foreign = scope.emit.positions.foreign
    return Compiled(compiled, modules, foreign, tuple(scope.problems))


def _code(module: ast.Module, file: str) -> CodeType:
    """Python's own compiler; what it cannot nest is an error of the cfg."""
    try:
        return compile(module, file, "exec")
    except (RecursionError, SyntaxError) as error:
        line = getattr(error, "lineno", None) or 1
        raise _too_deep(Span(file, line, 1, line, 1), error) from None


def _too_deep(span: Span, error: Exception) -> CfgError:
    return CfgError([Problem(span, f"nested too deeply for this version of Python: {error}")])


def _finder(by_name: Mapping[str, CompiledRoute], scope: Scope) -> Callable[..., Any]:
    """The function that finds a route by a computed name; all it finds have one colour."""
    calls = {
        name: _as_async(route.call) if scope.any_suspends and not route.suspends else route.call
        for name, route in by_name.items()
    }

    def find(c: Context, name: str, where: str) -> Callable[[Context], Any] | None:
        route = calls.get(name)
        if route is None:
            runtime.unknown_route(c, name, where)
        return route

    return find


def _as_async(route: Callable[[Context], int]) -> Callable[[Context], Any]:
    async def run(c: Context) -> int:
        return route(c)

    return run
