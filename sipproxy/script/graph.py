"""What can be told of routes before they run: which end the script, suspend, call themselves."""

from collections.abc import Callable, Iterable, Mapping

from sipproxy.core.declared import FunctionDecl
from sipproxy.core.module import Constant
from sipproxy.script import tree
from sipproxy.script.fold import constant, fold

Functions = Mapping[str, list[FunctionDecl]]


class RouteGraph:
    """The named routes of a cfg and who calls whom; a computed call may reach any of them."""

    def __init__(self, routes: Iterable[tree.Route], functions: Functions) -> None:
        named = ((called_as(route), route) for route in routes)
        self._nodes = {name: list(tree.walk(route)) for name, route in named if name is not None}
        self._functions = functions
        self._calls = {name: self._called(nodes) for name, nodes in self._nodes.items()}
        self.ending = self._spread(self._ends_itself)
        """Routes that can end the script: exit, drop, return 0, a function that may answer 0."""
        self.suspending = self._spread(self._suspends_itself)
        """Routes that can reach an `async def` function."""
        self.recursive = {name for name in self._calls if name in self._reached(name)}
        """Routes that can come to call themselves."""

    def _called(self, nodes: Iterable[tree.Node]) -> set[str]:
        called: set[str] = set()
        for node in nodes:
            if isinstance(node, tree.RouteCall):
                name = static_name(node)
                called |= set(self._nodes) if name is None else {name} & set(self._nodes)
        return called

    def _spread(self, itself: Callable[[tree.Node], bool]) -> set[str]:
        """Routes for which `itself` holds for a node, and all that can call them."""
        found = {name for name, nodes in self._nodes.items() if any(map(itself, nodes))}
        grown = True
        while grown:
            more = {n for n, called in self._calls.items() if n not in found and called & found}
            grown = bool(more)
            found |= more
        return found

    def _reached(self, start: str) -> set[str]:
        reached: set[str] = set()
        stack = [start]
        while stack:
            for name in self._calls[stack.pop()] - reached:
                reached.add(name)
                stack.append(name)
        return reached

    def _ends_itself(self, node: tree.Node) -> bool:
        match node:
            case tree.Leave(kind="exit" | "drop"):
                return True
            case tree.Leave(kind="return", value=value) if value is not None:
                return not constant(fold(value))
            case tree.RouteCall():
                return static_name(node) is None
            case tree.Call():
                return any(
                    d.returns == "int" and d.module != "core"
                    for d in self._functions.get(node.name, ())
                )
        return False

    def _suspends_itself(self, node: tree.Node) -> bool:
        if not isinstance(node, tree.Call):
            return False
        overloads = self._functions.get(node.name, ())
        # Mostly all or none of a name wait: then nothing need be known of the arguments.
        if len({d.is_async for d in overloads}) < 2:
            return any(d.is_async for d in overloads)
        arguments = constants_of(node)
        return next((d.is_async for d in overloads if d.fits(arguments)), False)

    def suspends(self, route: tree.Route) -> bool:
        """Whether any block, named or not, may suspend."""
        nodes = list(tree.walk(route))
        return any(map(self._suspends_itself, nodes)) or bool(self._called(nodes) & self.suspending)


def constants_of(call: tree.Call) -> tuple[Constant, ...]:
    """The arguments of a call that are the same each time, None for the others."""
    return tuple(map(_constant, map(fold, call.args)))


def _constant(arg: tree.Expr) -> Constant:
    if isinstance(arg, tree.Int):
        return arg.value
    if isinstance(arg, tree.Str):
        return None if "$" in arg.text else arg.text
    return arg.text if isinstance(arg, tree.Ip) else None


def called_as(route: tree.Route) -> str | None:
    """The name under which `route(...)` calls a block; request_route is 0, others have none."""
    if route.kind == "request_route":
        return "0"
    return route.name if route.kind == "route" else None


def static_name(call: tree.RouteCall) -> str | None:
    """The name of a route called by a constant expression, None when it is found at run time."""
    match fold(call.name):
        case tree.Str(text=name) | tree.Bareword(text=name):
            return name
        case tree.Int(value=number):
            return str(number)
    return None
