"""The bench for one module."""

import pytest

from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function, pvar, rpc, setter
from sipproxy.core.params import Parsed
from sipproxy.core.resolve import ResolveError
from sipproxy.testing.bench import START, Bench


class Twice(Parsed):
    """A text, twice."""

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def parse(cls, text: str) -> "Twice":
        """Take it."""
        return cls(text)

    def bind(self, host: object) -> None:
        """Now."""
        self.text *= 2


class Clockwork(Module, name="clockwork"):
    """Things to try."""

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self.kept = ""

    @pvar("kept")
    def read_kept(self, ctx: Context) -> str:
        """What was kept."""
        return self.kept

    @setter(read_kept)
    def write_kept(self, ctx: Context, value: object) -> None:
        """Keep."""
        self.kept = str(value)

    @function()
    def keep(self, ctx: Context, what: Twice, number: int) -> None:
        """Keep text and number."""
        self.kept = f"{what.text} {number} {ctx.now - START:g}"

    @function()
    def is_even(self, ctx: Context, number: int) -> bool:
        """Whether it is."""
        return number % 2 == 0

    @function()
    async def at_once(self, ctx: Context) -> int:
        """Does not wait."""
        return 7

    @function()
    async def later(self, ctx: Context) -> int:
        """Waits."""
        await self.host.sleep(1)
        return 7

    @function()
    def complain(self, ctx: Context) -> None:
        """Complain, also at the end."""
        report(self.host.log, ERROR, "clockwork", "now")
        ctx.at_end.append(lambda done: report(self.host.log, ERROR, "clockwork", "end"))

    @rpc("clockwork.double")
    def double(self, number: int) -> int:
        """Twice."""
        return 2 * number

    @rpc("clockwork.wait")
    async def wait(self, seconds: int) -> str:
        """Waits, or not."""
        if seconds:
            await self.host.sleep(seconds)
        return "done"


@pytest.fixture
def bench() -> Bench[Clockwork]:
    return Bench(Clockwork)


def test_calls_and_their_codes(bench: Bench[Clockwork]) -> None:
    assert bench.call("keep", "ab", 5) == 1
    assert bench.read("$kept") == "abab 5 0"
    assert [bench.call("is_even", number) for number in (2, 3)] == [1, -1]
    assert bench.call("at_once") == 7
    with pytest.raises(RuntimeError, match="the function waits"):
        bench.call("later")
    with pytest.raises(ValueError, match="zip"):
        bench.call("is_even")


def test_the_clock_is_the_tests(bench: Bench[Clockwork]) -> None:
    bench.after(2.5)
    bench.call("keep", "x", 1)
    assert bench.read("$kept") == "xx 1 2.5"
    assert bench.host.now() == START + 2.5


def test_variables_and_words(bench: Bench[Clockwork]) -> None:
    bench.words["who"] = "bob"
    bench.write("$kept", 9)
    assert bench.shown("$kept for $word(who), $word(none)") == "9 for bob, <null>"
    with pytest.raises(ResolveError):
        bench.read("$nothing")
    with pytest.raises(AssertionError):
        bench.write("$word(who)", "x")


def test_lines_are_read_once_and_a_message_ends(bench: Bench[Clockwork]) -> None:
    bench.call("complain")
    first = bench.ctx
    assert bench.lines() == [(ERROR, "now")]
    bench.next_message()
    assert bench.lines() == [(ERROR, "end")]
    assert bench.ctx is not first
    bench.next_message()
    assert bench.lines() == []


def test_commands(bench: Bench[Clockwork]) -> None:
    assert bench.rpc("clockwork.double", 4) == 8
    assert bench.rpc("clockwork.wait", 0) == "done"
    with pytest.raises(RuntimeError, match="waits"):
        bench.rpc("clockwork.wait", 1)
