"""One module without a proxy: what a cfg would write, as calls, on a clock that the test sets."""

from collections.abc import Coroutine
from inspect import iscoroutine
from typing import Any, Generic, TypeVar

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.context import Context
from sipproxy.core.host import Host
from sipproxy.core.log import LogList
from sipproxy.core.module import Module, pvar
from sipproxy.core.params import Parsed, Plain
from sipproxy.core.values import Value
from sipproxy.core.waiting import Wait
from sipproxy.db.registry import Databases

START = 1_000_000_000.25
"""Where the clock stands first, in Unix seconds."""


class Words(Module, name="words"):
    """`$word(name)`: values that a test gives."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.known: dict[str, Value] = {}

    @pvar("word")
    def _word(self, ctx: Context, inner: Plain) -> Value:
        """A value of the test."""
        return self.known.get(inner)


M = TypeVar("M", bound=Module)


class Bench(Generic[M]):
    """A module in a host of its own. `words` are the values of `$word(name)` in its texts.

    `module` is loaded and not started: a test sets its parameters, then calls `start()`.
    """

    def __init__(self, kind: type[M], compat: str = "5.6") -> None:
        self.clock = VirtualClock(START)
        self.log = LogList()
        self.host = Host(self.clock, Chance(1), self.log)
        self.host.compat = compat
        self.host.databases = Databases(self.host.offload, ("db_sqlite",))
        words = self.host.load(Words)
        assert isinstance(words, Words)
        self.words = words.known
        module = self.host.load(kind)
        assert isinstance(module, kind)
        self.module: M = module
        self.ctx = self.host.outside()

    def after(self, seconds: float) -> None:
        """Go on to an instant, in seconds since the start; no timer runs by it."""
        self.clock.set(START + seconds)
        self.ctx.now = self.clock.now()

    def next_message(self) -> None:
        """The present run is over, another one begins."""
        if self.ctx.touched("at_end"):
            for done in self.ctx.at_end:
                done(self.ctx)
        self.ctx = self.host.outside()

    def read(self, text: str) -> Value:
        """The value of a pseudo-variable; raises ResolveError."""
        return self.host.pv(text).read(self.ctx)

    def shown(self, text: str) -> str:
        """A text with its pseudo-variables replaced; raises ResolveError."""
        return self.host.format(text)(self.ctx)

    def write(self, text: str, value: Value) -> None:
        """Assign to a pseudo-variable; raises ResolveError."""
        access = self.host.pv(text)
        assert access.set is not None
        access.write(self.ctx, value)

    def call(self, name: str, *args: str | int) -> int:
        """Call a function that has one form; the code as `$rc` would show it."""
        (declared,) = self.host.functions[name]
        ready: list[object] = []
        for parameter, arg in zip(declared.params, args, strict=True):
            if isinstance(parameter.kind, type) and issubclass(parameter.kind, Parsed):
                parsed = parameter.kind.parse(str(arg))
                parsed.bind(self.host)
                ready.append(parsed)
            else:
                ready.append(arg)
        code = declared.call(self.ctx, *ready)
        if iscoroutine(code):
            code = self._over_at_once(code)
        if isinstance(code, bool):
            return 1 if code else -1
        return 1 if code is None else int(code)

    def _over_at_once(self, run: Coroutine[Wait, object, object]) -> object:
        try:
            run.send(None)
        except StopIteration as end:
            return end.value
        raise RuntimeError("the function waits: try it in a whole proxy")

    def rpc(self, name: str, *args: str | float) -> Any:
        """Call the handler of an RPC command; one that waits must be over at once."""
        answer = self.host.rpcs[name].handler(*args)
        return self._over_at_once(answer) if iscoroutine(answer) else answer

    def lines(self) -> list[tuple[int, str]]:
        """(level, text) of what was logged since the last look."""
        records = [(level, text) for level, _, text in self.log.records]
        self.log.records.clear()
        return records
