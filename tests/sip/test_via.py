"""Via values; the grammar as Kamailio has it."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.errors import MessageError
from sipproxy.sip.message import Message
from sipproxy.sip.via import Via, places


def test_parts() -> None:
    via = Via.parse("SIP / 2.0 / UDP [::1] : 5070 ; rport ;branch=z9;Received=1.2.3.4 (note)")
    assert (via.protocol, via.transport, via.host, via.port) == ("SIP/2.0", "UDP", "[::1]", 5070)
    assert (via.rport, via.branch, via.received) == ("", "z9", "1.2.3.4")
    assert via.param("ttl") is None
    assert via.comment == "note"
    assert Via.parse(str(via)) == via


def test_several_in_one_value() -> None:
    hops = Via.parse_list("SIP/2.0/UDP a;x, SIP/2.0/TCP b:1 ,, SIP/2.0/TLS c;y=z (q(r))")
    assert [(hop.transport, hop.host, hop.port) for hop in hops] == [
        ("UDP", "a", None),
        ("TCP", "b", 1),
        ("TLS", "c", None),
    ]
    with pytest.raises(MessageError):
        Via.parse("SIP/2.0/UDP a, SIP/2.0/UDP b")


def test_places_cover_the_value() -> None:
    value = "SIP/2.0/UDP a:5 ; rport ;branch=z9 , SIP/2.0/UDP b"
    first, second = places(value)
    assert value[: first.end] == "SIP/2.0/UDP a:5 ; rport ;branch=z9 , "
    assert value[second.start : second.end] == "SIP/2.0/UDP b"
    start, end = first.spans["rport"]
    assert value[start:end] == "; rport "
    assert value[first.params_at :].startswith("; rport")
    assert second.params_at == len(value)


def test_a_port_that_does_not_fit_wraps_as_kamailio_does() -> None:
    assert Via.parse("SIP/2.0/UDP h:65541").port == 5
    assert Via.parse("SIP/2.0/UDP h:0").port is None


# Differences kept: a lone `a=` is refused by Kamailio for its likeness to `alias=`; it takes a
# flag with a blank behind it for known names, and refuses some forms no one sends.
_KEPT = {
    ("NAME", " ;y"),
    ('NAME="v', ""),
    ('NAME="v', ";y"),
    ('NAME="v', " ;y"),
    ('NAME="v', " "),
    ("NAME=", ", SIP/2.0/UDP h2"),
    ("NAME (c)", ""),
    ("NAME (c)", " "),
    ("NAME (c)", ", SIP/2.0/UDP h2"),
}


def test_parameters_are_refused_as_kamailio_refuses_them(
    kamailio: dict[str, Any], parse: Callable[[bytes], Message], request_of: Callable[..., bytes]
) -> None:
    table = kamailio["via_parameters"]
    cases = product(table["names"], table["forms"], table["ends"])
    differ = []
    for (name, form, end), ran in zip(cases, table["ran"], strict=True):
        if name == "a" or (form, end) in _KEPT:
            continue
        line = f"Via: SIP/2.0/UDP h;{form.replace('NAME', name)}{end}\r\n"
        try:
            parse(request_of(via=line.encode("latin-1")))
            mine = "1"
        except MessageError as refused:
            assert refused.status == 0
            mine = "0"
        if mine != ran:
            differ.append(line)
    assert differ == []


_token = st.text("abcxyz019.-", min_size=1, max_size=8).filter(lambda name: name not in ("a", "i"))


@given(
    st.sampled_from(["UDP", "TCP", "X-1"]),
    _token,
    st.none() | st.integers(1, 65535),
    st.lists(st.tuples(_token, st.none() | _token), max_size=4),
)
def test_round_trip(
    transport: str, host: str, port: int | None, items: list[tuple[str, str | None]]
) -> None:
    params = ";".join(name if value is None else f"{name}={value}" for name, value in items)
    via = Via("SIP/2.0", transport, host, port, params)
    assert Via.parse(str(via)) == via
    for name, value in items[:1]:
        assert via.param(name) == (value or "")
