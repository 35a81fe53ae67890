"""Single values of headers, beside the recorded cases: what holds whatever the values are."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.textopsx import Textopsx
from sipproxy.modules.textopsx.spec import Assigned, Listed, Spec
from sipproxy.sip.build import build_forwarded
from sipproxy.sip.message import Message

names = st.lists(st.sampled_from(["a", "b", "cc", "D"]), min_size=1, max_size=5)


def after(ctx: Any) -> list[str]:
    """The values of X-L in the message that is sent."""
    raw = build_forwarded(ctx.msg, ctx.lumps, via="SIP/2.0/UDP h;branch=1")
    sent = Message.parse(raw, source=("10.0.0.9", 5060), dest=("10.0.0.1", 5060))
    return [value.strip() for row in sent.values("x-l") for value in row.split(",")]


def test_sets(bench: Any, request_text: Any) -> None:
    textopsx = bench.load(Textopsx)

    @given(names, st.sampled_from(["A", "b", "e"]))
    def check(values: list[str], value: str) -> None:
        header = Listed.parse("X-L")
        text = request_text(headers=f"X-L: {', '.join(values)}\r\n")
        there = value.lower() in [one.lower() for one in values]
        ctx = bench.context(text)
        assert textopsx.hf_value_exists(ctx, header, value) is there
        assert textopsx.include_hf_value(ctx, header, value)
        assert after(ctx) == values + ([] if there else [value])
        ctx = bench.context(text)
        assert textopsx.exclude_hf_value(ctx, header, value)
        assert [one for one in after(ctx) if one] == [
            one for one in values if one.lower() != value.lower()
        ]

    check()


def test_one_value_of_several(bench: Any, request_text: Any) -> None:
    textopsx = bench.load(Textopsx)

    @given(names, st.integers(-6, 6).filter(bool))
    def check(values: list[str], index: int) -> None:
        text = request_text(headers=f"X-L: {','.join(values)}\r\n")
        place = index - 1 if index > 0 else len(values) + index
        there = 0 <= place < len(values)
        ctx = bench.context(text)
        assert textopsx.assign_hf_value(ctx, Assigned.parse(f"X-L[{index}]"), "new") is there
        expected = [*values[:place], "new", *values[place + 1 :]] if there else values
        assert after(ctx) == expected
        ctx = bench.context(text)
        assert textopsx.remove_hf_value(ctx, Spec.parse(f"X-L[{index}]")) is there
        assert after(ctx) == (values[:place] + values[place + 1 :] if there else values)

    check()
