"""What generated code calls besides module functions: the end flag, `$rc`, nested routes.

Kamailio evaluates a function inside an expression in a run of its own (core/action.c
run_actions_safe): `$rc` starts at 0 there, and the end flag it leaves replaces the one left by what
was evaluated before. Hence the rule that the flag of the last call in an expression counts, and
that it is looked at when the statement is done.
"""

from collections.abc import Awaitable, Callable, Sequence

from sipproxy.core.context import EXIT, Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.values import EvalError, Value, to_str

Route = Callable[[Context], int]
AsyncRoute = Callable[[Context], Awaitable[int]]
CaseTest = Callable[[str], object]
"""Whether a text fits a label of a switch."""

MAX_DEPTH = 256
"""max_recursive_level: routes and blocks that may be nested (core/action.c)."""
BUG_CODE = -5
"""The code of what Kamailio leaves without one: `return 1 / 0`, a constant switch without its case
(E_BUG in core/error.h)."""
UNKNOWN_ROUTE_CODE = -10
"""The code of a call by a name that no route has (E_SCRIPT)."""


def bool_code(c: Context, ok: bool | None) -> int:
    """The code of a function that answers yes (True, None) or no, inside an expression."""
    c.end = 0
    c.rc = code = -1 if ok is False else 1
    return code


def int_code(c: Context, code: int) -> int:
    """The code of a function that answers with a number, inside an expression: 0 ends."""
    c.end = 0 if code else EXIT
    c.rc = code
    return code


def only_int(value: Value) -> int | None:
    """The value if it is an int: no text is converted for `f("$var(x)")` (fixup_get_ivalue)."""
    return value if isinstance(value, int) else None


def text_or_none(value: Value) -> str | None:
    """The text of `f("$var(x)")`; None when it is undefined (get_str_fparam)."""
    return None if value is None else to_str(value)


def core_code(c: Context, code: int | None) -> int:
    """The code of a core function inside an expression: it leaves `$rc` at 0."""
    c.end = c.rc = 0
    return -1 if code is False else 1 if code is None else int(code)


def route_code(c: Context, route: Route) -> int:
    """The code of a route called inside an expression."""
    depth = c.depth
    c.depth = c.end = c.rc = 0
    c.rc = code = route(c)
    c.depth = depth
    return code


async def route_code_async(c: Context, route: AsyncRoute) -> int:
    """:func:`route_code` of a route that may suspend."""
    depth = c.depth
    c.depth = c.end = c.rc = 0
    c.rc = code = await route(c)
    c.depth = depth
    return code


def block_code(c: Context, block: Route) -> int:
    """The code of `{ actions }` inside an expression; `$rc` is what the actions left."""
    c.end = c.rc = 0
    return block(c)


async def block_code_async(c: Context, block: AsyncRoute) -> int:
    """:func:`block_code` of a block that may suspend."""
    c.end = c.rc = 0
    return await block(c)


def selval_is_no_int(*values: object) -> int:
    """Kamailio cannot evaluate selval() where an int is wanted (core/rvalue.c)."""
    raise EvalError("selval() has no integer value")


def nested(c: Context, route: Route, blocks: int) -> int:
    """Call a route that may call itself, from inside `blocks` nested blocks."""
    c.depth += blocks
    code = too_deep(c, c.depth + 1) if c.depth >= MAX_DEPTH else route(c)
    c.depth -= blocks
    return code


async def nested_async(c: Context, route: AsyncRoute, blocks: int) -> int:
    """:func:`nested` of a route that may suspend."""
    c.depth += blocks
    code = too_deep(c, c.depth + 1) if c.depth >= MAX_DEPTH else await route(c)
    c.depth -= blocks
    return code


def computed(c: Context, route: Route | None, blocks: int) -> int:
    """Call a route by a name made at run time; None, an unknown one, leaves `$rc` as it is."""
    if route is None:
        return UNKNOWN_ROUTE_CODE
    c.rc = code = nested(c, route, blocks)
    return code


async def computed_async(c: Context, route: AsyncRoute | None, blocks: int) -> int:
    """:func:`computed` where routes may suspend."""
    if route is None:
        return UNKNOWN_ROUTE_CODE
    c.rc = code = await nested_async(c, route, blocks)
    return code


def computed_code(c: Context, route: Route | None) -> int:
    """:func:`computed` inside an expression."""
    if route is None:
        c.end = c.rc = 0
        return UNKNOWN_ROUTE_CODE
    return route_code(c, route)


async def computed_code_async(c: Context, route: AsyncRoute | None) -> int:
    """:func:`computed_code` where routes may suspend."""
    if route is None:
        c.end = c.rc = 0
        return UNKNOWN_ROUTE_CODE
    return await route_code_async(c, route)


def too_deep(c: Context, level: int = MAX_DEPTH + 1) -> int:
    """Routes and blocks are nested beyond the limit: the call is given up."""
    text = f"too many recursive routing table lookups ({level}) giving up!"
    log_error(c, text)
    return -1


def runaway(c: Context, most: int, where: str) -> int:
    """A while loop has reached max_while_loops."""
    log_error(c, f"runaway while ({where}): more than {most} loops")
    return -1


def failed(c: Context, error: EvalError, where: str) -> int:
    """An expression had no value: the statement fails."""
    log_error(c, f"expression evaluation failed ({where}): {error}")
    return -1


def matching_case(text: str, cases: Sequence[tuple[CaseTest, int]], default: int) -> int:
    """The number of the first case of a switch whose test the text passes."""
    for test, number in cases:
        if test(text):
            return number
    return default


def unknown_route(c: Context, name: str, where: str) -> None:
    """A computed route name that no block has: logged, and the script goes on."""
    log_error(c, f'route "{name}" not found at {where}')


def log_error(c: Context, text: str) -> None:
    """One line at level ERROR from the core."""
    report(c.host.log, ERROR, "<core>", text)
