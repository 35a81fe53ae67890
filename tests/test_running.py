"""Running routes."""

from typing import Any

from sipproxy.core.module import Module, function
from sipproxy.core.waiting import Wait
from sipproxy.testing import load_cfg_text, request


class Odd(Module, name="odd"):
    """Functions that fail and wait."""

    waits: list[Wait]

    def start(self) -> None:
        type(self).waits = []

    @function()
    def break_down(self, ctx: Any) -> bool:
        raise RuntimeError("broken")

    @function()
    async def wait_for(self, ctx: Any) -> bool:
        wait = Wait()
        self.waits.append(wait)
        return bool(await wait)


def proxy(route: str, more: str = "") -> Any:
    loads = 'loadmodule "odd.so"\nloadmodule "pv.so"\nloadmodule "xlog.so"\nloadmodule "sl.so"\n'
    return load_cfg_text(f"{loads}request_route {{ {route} }}\n{more}", modules={"odd": Odd})


def test_a_fault_ends_its_message_only() -> None:
    world = proxy('if ($rm == "INFO") break_down(); sl_send_reply("200", "OK");')
    run = world.feed(request("INFO"))
    assert run.statuses == [500]
    assert "broken" in run.fault
    assert "test.cfg" in run.fault
    assert world.host.counters["core.faults"] == 1
    assert world.feed(request("OPTIONS")).statuses == [200]


def test_an_ack_is_not_answered() -> None:
    assert proxy("break_down();").feed(request("ACK")).sent == []


def test_a_route_gets_its_variables_back() -> None:
    world = proxy('$var(x) = $rm; if ($rm == "INFO") wait_for(); xlog("$var(x)");')
    assert world.feed(request("INFO")).log == []
    assert world.feed(request("OPTIONS")).log == ["OPTIONS"]
    Odd.waits[0].finish(True)
    assert [text for _, _, text in world.log.records][-1] == "INFO"


def test_a_wait_that_fails_is_a_fault() -> None:
    world = proxy("wait_for();")
    world.feed(request("INFO"))
    Odd.waits[0].fail(RuntimeError("no answer"))
    assert world.host.counters["core.faults"] == 1


def test_a_block_gives_its_code() -> None:
    world = proxy("exit;", "route[A] { return 7; } route[B] { break_down(); }")
    found: list[int] = []

    async def ask() -> None:
        ctx = world.host.outside()
        for key in ("route[A]", "route[B]", "route[NONE]"):
            found.append(await world.host.run_block(key, ctx))

    world.host.begin(ask(), lambda: found.append(99))
    assert found == [7, 1, 1, 99]


def test_onsend_is_asked_only_where_it_is() -> None:
    assert proxy("exit;").host.lets_out is None
    world = proxy("exit;", "onsend_route { if ($sndto(port) == 1) drop; break_down(); }")
    ctx = world.host.outside()
    assert world.host.lets_out(ctx, b"", ctx.flow)
    assert ctx.kind == "event"
    assert not world.host.lets_out(ctx, b"", ctx.flow._replace(remote=("127.0.0.1", 1)))
