"""Changes of AVPs: what holds whatever the values are."""

from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.context import Context
from sipproxy.modules.avpops import Avpops
from sipproxy.modules.avpops.arguments import AnyAvp, CopyTarget
from sipproxy.modules.pv import Pv
from sipproxy.testing.bench import Bench

stacks = st.lists(st.integers(-3, 3) | st.sampled_from(["a", "7", ""]), max_size=4)


def avp(bench: Bench[Avpops], kind: type[AnyAvp | CopyTarget], text: str) -> AnyAvp | CopyTarget:
    found = kind.parse(text)
    found.bind(bench.host)
    return found


def copied(old: list[int | str], new: list[int | str], flags: str) -> tuple[Context, bool]:
    bench = Bench(Avpops)
    bench.host.load(Pv)
    bench.ctx.avps.update({name: values for name, values in (("a", old), ("b", new)) if values})
    source, target = avp(bench, AnyAvp, "$avp(a)"), avp(bench, CopyTarget, f"$avp(b)/{flags}")
    assert isinstance(source, AnyAvp)
    assert isinstance(target, CopyTarget)
    return bench.ctx, bench.module.avp_copy(bench.ctx, source, target)


@given(stacks, stacks)
def test_all_are_moved_in_turn(old: list[int | str], new: list[int | str]) -> None:
    ctx, done = copied(old[:], new[:], "gd")
    assert done is bool(old)
    assert ctx.avps.get("b", []) == old[::-1] + new
    assert "a" not in ctx.avps


@given(stacks, stacks)
def test_one_is_copied(old: list[int | str], new: list[int | str]) -> None:
    ctx, done = copied(old[:], new[:], "")
    assert done is bool(old)
    assert ctx.avps.get("b", []) == old[:1] + new
    assert ctx.avps.get("a", []) == old
