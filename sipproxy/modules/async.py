"""async: routes that go on later (Kamailio modules/async).

One worker serves: a task runs as soon as the route that gave it is over.
"""

from functools import partial
from typing import Any

from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function, modparam, pvar
from sipproxy.core.params import Plain

_ROUTES = ("REQUEST", "FAILURE")
_LONGEST = 100
"""Seconds below which a wait must be (async_sleep.c ASYNC_RING_SIZE)."""


class Task:
    """What an async_task_data gives to its route."""

    __slots__ = ("data", "group")

    def __init__(self, data: str, group: str) -> None:
        self.data = data
        self.group = group


class Async(Module, name="async"):
    """Requests put aside for a while, and tasks."""

    workers = modparam(1, "Processes for waits: 0 refuses them; one worker does all.")
    ms_timer = modparam(0, "Non-zero: async_ms_route and async_ms_sleep may be used (ms).")
    return_code: int = modparam(
        0, "What the functions return that put a request aside.", name="return"
    )

    def start(self) -> None:
        self.host.bind("tm")

    @property
    def _tm(self) -> Any:
        return self.host.bind("tm")

    @function(*_ROUTES)
    def async_route(self, ctx: Context, route: str, seconds: int) -> int:
        """Go on with route[ROUTE] after so many seconds; this script is over."""
        if not self._may_wait(seconds, _LONGEST):
            return -1
        return self._later(ctx, route, seconds)

    @function(*_ROUTES)
    def async_ms_route(self, ctx: Context, route: str, milliseconds: int) -> int:
        """Go on with route[ROUTE] after so many milliseconds; this script is over."""
        if not self._may_wait_ms(milliseconds):
            return -1
        return self._later(ctx, route, milliseconds / 1000)

    @function(*_ROUTES)
    async def async_sleep(self, ctx: Context, seconds: int) -> int:
        """Go on with what follows after so many seconds, in a transaction."""
        if not self._may_wait(seconds, _LONGEST):
            return -1
        return await self._sleep(ctx, seconds)

    @function(*_ROUTES)
    async def async_ms_sleep(self, ctx: Context, milliseconds: int) -> int:
        """Go on with what follows after so many milliseconds, in a transaction."""
        if not self._may_wait_ms(milliseconds):
            return -1
        return await self._sleep(ctx, milliseconds / 1000)

    @function(*_ROUTES)
    def async_task_route(self, ctx: Context, route: str) -> int:
        """Go on with route[ROUTE] as soon as this script is over."""
        return self._later(ctx, route, 0.0)

    @function(*_ROUTES)
    def async_task_group_route(self, ctx: Context, route: str, group: str) -> int:
        """The same as async_task_route: all groups are one worker."""
        return self._later(ctx, route, 0.0)

    @function()
    def async_task_data(self, ctx: Context, route: str, data: str) -> int:
        """Run route[ROUTE] later on a faked message; `$async(data)` is the data."""
        return self._run(route, Task(data, ""))

    @function()
    def async_task_group_data(self, ctx: Context, route: str, group: str, data: str) -> int:
        """The same as async_task_data, and `$async(gname)` is the group."""
        return self._run(route, Task(data, group))

    @pvar("async")
    def of_task(self, ctx: Context, inner: Plain) -> str | None:
        """`data` of the task, or the name of its group, `gname`; none outside of a task's route."""
        task = ctx.record
        if not isinstance(task, Task):
            return None
        return {"data": task.data, "gname": task.group}.get(inner)

    def _may_wait(self, time: int, longest: int) -> bool:
        if self.workers <= 0:
            report(self.host.log, ERROR, "async", "no async mod timer workers")
        elif not 0 < time < longest:
            report(self.host.log, ERROR, "async", f"bad wait: {time}")
        else:
            return True
        return False

    def _may_wait_ms(self, milliseconds: int) -> bool:
        if self.ms_timer == 0:
            report(self.host.log, ERROR, "async", "ms_timer is not set")
            return False
        return self._may_wait(milliseconds, _LONGEST * 1000)

    def _later(self, ctx: Context, route: str, seconds: float) -> int:
        key = self._key(route)
        code: int = self._tm.run_later(ctx, key, seconds) if key else -1
        return self.return_code if code > 0 else code

    def _key(self, route: str) -> str:
        """The block's key; empty, and told, where there is none."""
        key = f"route[{route}]"
        if self.host.has_block(key):
            return key
        report(self.host.log, ERROR, "async", f"route block not found: {route}")
        return ""

    async def _sleep(self, ctx: Context, seconds: float) -> int:
        if ctx.transaction is None and self._tm.new_transaction(ctx) <= 0:
            return -1
        await self.host.sleep(seconds)
        return 1

    def _run(self, route: str, task: Task) -> int:
        key = self._key(route)
        if not key:
            return -1
        self.host.timers.after(self.host.now(), 0.0, partial(self._begin, key, task))
        return 1

    def _begin(self, key: str, task: Task, due: float) -> None:
        ctx = self.host.outside()
        ctx.record = task
        self.host.begin(_whole(ctx, key), _nothing)


async def _whole(ctx: Context, key: str) -> None:
    await ctx.host.run_block(key, ctx)
    ctx.finish()


def _nothing() -> None:
    """Nobody waits for a task."""
