"""The host: modules taken in, events posted, datagrams sent, waiting on the clock."""

from typing import Any

import pytest

from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.core.host import params_of
from sipproxy.core.module import (
    Module,
    event,
    function,
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
