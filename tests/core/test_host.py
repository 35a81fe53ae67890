"""The host: modules taken in, events posted, datagrams sent, waiting on the clock."""

from collections.abc import Sequence
from typing import Any

import pytest

from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.core.host import Host, params_of
from sipproxy.core.log import ERROR
from sipproxy.core.module import (
    Module,
    event,
    function,
    mi,
    modparam,
    modparam_method,
    pvar,
    rpc,
    setter,
    transformation,
)
from sipproxy.core.values import Value
from sipproxy.errors import ModuleError

FLOW = Flow("udp", ("10.0.0.1", 5060), ("10.0.0.9", 5070))


class Sample(Module, name="sample"):
    """One of each declaration."""

    size = modparam(1, "a size")
    gone = event("sample:gone", "something is gone")

    @modparam_method("many")
    def many(self, text: str) -> None:
        """Each in turn."""

    @function()
    def act(self, ctx: Context) -> int:
        """Without parameters."""
        return 1

    @function(name="act")
    def act_on(self, ctx: Context, text: str) -> int:
        """With one."""
        return 2

    @pvar("value")
    def value(self, ctx: Context) -> Value:
        """A value."""
        return 3

    @setter(value)
    def set_value(self, ctx: Context, value: Value) -> None:
        """Write it."""

    @transformation("s.same")
    def same(self, value: Value) -> Value:
        """Unchanged."""
        return value

    @rpc("sample.show")
    def show(self) -> str:
        """Shows."""
        return "shown"


def test_a_module_is_taken_in(bench: Any) -> None:
    host, module = bench.host, bench.load(Sample, size=5)
    assert host.modules["sample"] is module and module.size == 5
    assert [declared.least for declared in host.functions["act"]] == [0, 1]
    assert host.pvars["value"].set == module.set_value
    assert host.transforms["s.same"].function("x") == "x"
    assert host.rpcs["sample.show"].handler() == "shown"
    assert host.events["sample:gone"].help == "something is gone"
    assert host.bind("sample") is module
    with pytest.raises(ModuleError, match='the module "tm" must be loaded first'):
        host.bind("tm")


def test_parameters_of_a_class() -> None:
    assert [(name, attribute) for name, attribute, _ in params_of(Sample)] == [
        ("size", "size"),
        ("many", "many"),
    ]


def test_events_without_a_route_are_not_posted(bench: Any) -> None:
    bench.host.post("sample:gone", 1)
    assert not bench.host.posted
    bench.host.has_route = lambda name: name == "sample:gone"
    bench.host.post("sample:gone", 1)
    bench.host.post("sample:other", 2)
    assert [tuple(row)[:2] for row in bench.host.posted] == [("sample:gone", 1)]


def test_what_is_sent_stands_in_the_outbox_and_is_seen(bench: Any) -> None:
    bench.host.send(b"one", FLOW)
    seen: list[bytes] = []
    bench.host.observe_send = lambda data, flow: seen.append(data)
    bench.host.send(b"two", FLOW)
    assert bench.host.outbox == [(b"one", FLOW), (b"two", FLOW)]
    assert seen == [b"two"]


def test_sleeping_is_a_timer(bench: Any) -> None:
    wait = bench.host.sleep(1.5)
    start = bench.clock.now()
    assert bench.host.timers.next_deadline() == start + 1.5
    bench.host.timers.expire(start + 1.4)
    assert not wait.finished
    bench.host.timers.expire(start + 1.5)
    assert wait.finished


def test_a_context_from_outside_is_a_faked_request(bench: Any) -> None:
    ctx = bench.host.outside()
    assert (ctx.kind, ctx.msg.method, ctx.msg.ruri) == (
        "event",
        "OPTIONS",
        "sip:you@kamailio.org",
    )
    assert ctx.now == bench.host.now() == bench.clock.now()


async def waits(host: Any) -> None:
    await host.sleep(1)


def test_without_a_runner_nothing_waits_and_nothing_runs(bench: Any) -> None:
    host, done = bench.host, []

    async def quick() -> None:
        done.append("quick")

    host.begin(quick(), lambda: done.append("done"))
    assert done == ["quick", "done"]
    with pytest.raises(RuntimeError, match="nothing can wait here"):
        host.begin(waits(host), lambda: done.append("never"))
    block = host.run_block("route[X]", host.outside())
    with pytest.raises(RuntimeError, match=r"nothing runs route\[X\] here"):
        block.send(None)
    assert host.block("route[X]") is None
    assert host.run_event("x:y", None) is None
    assert not host.has_block("route[X]")
    with pytest.raises(RuntimeError, match="no commands are served"):
        host.run_json("{}", False)


def test_complaints_are_limited(bench: Any) -> None:
    for _ in range(20):
        bench.host.report_limited(ERROR, "sample", "again")
    assert 1 <= len(bench.lines) < 20


def test_a_host_after_a_reload_has_what_is_outside(bench: Any) -> None:
    before = bench.host
    before.processes = lambda: [(1, "one")]
    woken: list[int] = []
    before.offload.wake = lambda: woken.append(1)
    host = Host(before.clock, before.chance, before.log, before)
    assert host.processes() == [(1, "one")]
    assert host.streams is before.streams
    host.offload.wake()
    assert woken == [1]


class Old(Module, name="old"):
    """A command of Kamailio 3."""

    @mi("old_show")
    def show(self, arguments: Sequence[str]) -> list[str]:
        """Shows."""
        return [f"shown {len(arguments)}"]


@pytest.mark.parametrize(("compat", "there"), [("3.0", True), ("5.6", False)])
def test_commands_of_kamailio_3_are_there_under_its_compat(
    bench: Any, compat: str, there: bool
) -> None:
    bench.host.compat = compat
    bench.load(Old)
    assert ("old_show" in bench.host.mi) == there
    assert not there or bench.host.mi["old_show"](["x"]) == ["shown 1"]
