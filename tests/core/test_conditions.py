"""Helpers of core conditions: nets of both families, own addresses, transports, odd URIs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core import conditions
from sipproxy.core.conditions import Net, number_is
from sipproxy.core.context import Context
from sipproxy.core.regex import RegexError


@pytest.mark.parametrize(
    ("net", "mask", "inside", "outside"),
    [
        ("10.0.0.0", "8", "10.255.0.1", "11.0.0.1"),
        ("10.0.0.0", "255.0.0.0", "10.1.2.3", "9.255.255.255"),
        ("10.1.2.3", "", "10.1.2.3", "10.1.2.4"),
        ("10.1.2.3", "0", "200.1.2.3", "::1"),
        ("2001:db8::", "32", "2001:db8:5::1", "2001:db9::"),
        ("[::1]", "", "::1", "127.0.0.1"),
        ("fe80::", "ffff::", "fe80:1::", "fe81::"),
    ],
)
def test_a_net(net: str, mask: str, inside: str, outside: str) -> None:
    found = Net(net, mask)
    assert inside in found
    assert outside not in found and "nonsense" not in found
    assert found.text == (f"{net}/{mask}" if mask else net)


@pytest.mark.parametrize(
    ("net", "mask", "problem"),
    [
        ("10.0.0.0", "33", "a mask of 33 bits is too long for 10.0.0.0"),
        ("10.0.0.0", "ffff::", "the mask ffff:: does not fit 10.0.0.0"),
        ("10.0.0", "", "10.0.0 is no IP address"),
        ("example.com", "", "example.com is no IP address"),
    ],
)
def test_no_net(net: str, mask: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Net(net, mask)


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_an_address_is_in_every_net_made_of_it(address: object, bits: int) -> None:
    assert str(address) in Net(str(address), str(bits))


@pytest.mark.parametrize("op", ["==", "!=", "<", ">", "<=", ">="])
def test_numbers_compare_and_texts_never_equal(op: str) -> None:
    pairs = [(1, 2), (2, 2), (3, 2)]
    assert [number_is(a, op, b) for a, b in pairs] == [
        bool(eval(f"{a} {op} {b}")) for a, b in pairs
    ]
    assert number_is(5, op, "5") is number_is(5, op, None) is (op == "!=")


def test_case_does_not_count() -> None:
    assert conditions.same("ÄbC", "ÄBc") and not conditions.same("äb", "Äb")
    assert conditions.differs("a", "b") and not conditions.differs("A", "a")


def test_a_pattern_of_the_run() -> None:
    assert conditions.matches("ABC", "^b|c$")
    with pytest.raises(RegexError):
        conditions.matches("abc", "(")


def test_what_a_message_says(bench, request_text, reply_text) -> None:  # type: ignore[no-untyped-def]
    ctx: Context = bench.context(request_text("OPTIONS sip:bob@10.0.0.1:5060"))
    assert conditions.uri_text(ctx) == "sip:bob@10.0.0.1:5060"
    assert conditions.from_uri(ctx) == "sip:alice@example.com"
    assert conditions.to_uri(ctx) == "sip:bob@example.com"
    assert conditions.is_myself(ctx, "sip:bob@10.0.0.1:5060")
    assert not conditions.is_myself(ctx, "sip:bob@10.0.0.1:5999")
    assert not conditions.is_myself(ctx, "no uri at all")
    assert conditions.is_own_address(ctx, "10.0.0.1")
    assert (conditions.proto_number(ctx), conditions.family(ctx)) == (1, 2)
    assert conditions.message_length(ctx) == len(ctx.msg.raw)
    assert conditions.uri_text(bench.context(reply_text("486 Busy"))) == "486"
    six = bench.context(request_text(), source=("::1", 5070))
    assert conditions.family(six) == 10


def test_a_net_of_the_run_that_is_none_is_logged(bench, request_text) -> None:  # type: ignore[no-untyped-def]
    ctx: Context = bench.context(request_text())
    assert conditions.in_net(ctx, "10.1.1.1", "10.0.0.0/8")
    assert not conditions.in_net(ctx, "10.1.1.1", "example.com")
    assert bench.lines == [
        "cannot compare 10.1.1.1 with 'example.com': example.com is no IP address"
    ]
