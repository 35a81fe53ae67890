"""What generated code calls: end flags, `$rc`, nesting, routes by computed names."""

from collections.abc import Awaitable, Callable, Generator
from typing import Any

import pytest

from sipproxy.core import runtime
from sipproxy.core.context import DROP, EXIT, Context
from sipproxy.core.values import EvalError


@pytest.fixture
def ctx(bench: Any, request_text: Callable[..., str]) -> Context:
    found: Context = bench.context(request_text())
    return found


def finished(waiting: Awaitable[int]) -> int:
    """The outcome of a coroutine that never suspends."""
    run = waiting.__await__()
    assert isinstance(run, Generator)
    with pytest.raises(StopIteration) as stop:
        next(run)
    code: int = stop.value.value
    return code


def leaves(c: Context) -> int:
    c.end = EXIT | DROP
    c.rc = 9
    return 0


def answers(c: Context) -> int:
    return -7


async def answers_later(c: Context) -> int:
    return -7


def test_codes_of_functions_inside_expressions(ctx: Context) -> None:
    ctx.end = EXIT
    assert (runtime.bool_code(ctx, True), ctx.rc, ctx.end) == (1, 1, 0)
    assert (runtime.bool_code(ctx, False), ctx.rc) == (-1, -1)
    assert runtime.bool_code(ctx, None) == 1
    assert (runtime.int_code(ctx, 5), ctx.rc, ctx.end) == (5, 5, 0)
    assert (runtime.int_code(ctx, 0), ctx.rc, ctx.end) == (0, 0, EXIT)
    assert (runtime.core_code(ctx, 3), ctx.rc, ctx.end) == (3, 0, 0)
    assert [runtime.core_code(ctx, code) for code in (True, False, None)] == [1, -1, 1]


def test_a_route_inside_an_expression_begins_anew(ctx: Context) -> None:
    ctx.depth, ctx.rc, ctx.end = 5, 4, EXIT
    assert runtime.route_code(ctx, answers) == -7
    assert (ctx.depth, ctx.rc, ctx.end) == (5, -7, 0)
    assert runtime.route_code(ctx, leaves) == 0
    assert (ctx.rc, ctx.end) == (0, EXIT | DROP)
    assert finished(runtime.route_code_async(ctx, answers_later)) == -7
    assert (ctx.depth, ctx.rc, ctx.end) == (5, -7, 0)


def test_a_block_keeps_the_rc_of_its_actions(ctx: Context) -> None:
    assert (runtime.block_code(ctx, leaves), ctx.rc, ctx.end) == (0, 9, EXIT | DROP)
    assert finished(runtime.block_code_async(ctx, answers_later)) == -7
    assert ctx.rc == 0


def test_nesting_is_counted_and_given_up(ctx: Context, bench: Any) -> None:
    def deeper(c: Context) -> int:
        return runtime.nested(c, deeper, 1)

    assert runtime.nested(ctx, deeper, 2) == -1
    assert ctx.depth == 0
    assert bench.lines == ["too many recursive routing table lookups (257) giving up!"]
    assert runtime.nested(ctx, answers, 1) == -7
    assert finished(runtime.nested_async(ctx, answers_later, 1)) == -7
    ctx.depth = runtime.MAX_DEPTH
    assert finished(runtime.nested_async(ctx, answers_later, 1)) == -1


def test_routes_by_a_computed_name(ctx: Context) -> None:
    ctx.rc = 4
    assert (runtime.computed(ctx, None, 1), ctx.rc) == (-10, 4)
    assert (runtime.computed(ctx, answers, 1), ctx.rc) == (-7, -7)
    ctx.rc = 4
    assert (finished(runtime.computed_async(ctx, None, 1)), ctx.rc) == (-10, 4)
    assert (finished(runtime.computed_async(ctx, answers_later, 1)), ctx.rc) == (-7, -7)
    assert (runtime.computed_code(ctx, None), ctx.rc) == (-10, 0)
    assert (runtime.computed_code(ctx, answers), ctx.rc) == (-7, -7)
    assert (finished(runtime.computed_code_async(ctx, None)), ctx.rc) == (-10, 0)
    assert (finished(runtime.computed_code_async(ctx, answers_later)), ctx.rc) == (-7, -7)


def test_what_fails_is_logged(ctx: Context, bench: Any) -> None:
    assert runtime.failed(ctx, EvalError("division by zero"), "x.cfg:3") == -1
    assert runtime.runaway(ctx, 100, "x.cfg:4") == -1
    runtime.unknown_route(ctx, "nowhere", "x.cfg:5")
    assert bench.lines == [
        "expression evaluation failed (x.cfg:3): division by zero",
        "runaway while (x.cfg:4): more than 100 loops",
        'route "nowhere" not found at x.cfg:5',
    ]
    bench.log.threshold = -2
    runtime.log_error(ctx, "not written")
    assert len(bench.lines) == 3
    with pytest.raises(EvalError):
        runtime.selval_is_no_int(1, 2)


def test_the_case_of_a_switch() -> None:
    cases = (("a".__eq__, 0), (str.isdigit, 1), ("7".__eq__, 2))
    found = [runtime.matching_case(text, cases, 9) for text in ("a", "7", "b")]
    assert found == [0, 1, 9]
