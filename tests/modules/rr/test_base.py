"""The direction of a request, told by the parameters of our own Route."""

from typing import Any

import pytest

from sipproxy.modules.rr import Rr


def in_dialog(request_text: Any, params: str) -> str:
    text: str = request_text(
        headers=f"Route: <sip:10.0.0.1{params}>\r\n", to="<sip:bob@example.com>;tag=t1"
    )
    return text


@pytest.mark.parametrize(
    ("params", "upstream"),
    [
        (";lr;ftag=f1", False),
        (";lr;ftag=t1", True),
        (";ftag = t1 ;lr", True),
        (";lr;ftag='t1'", True),
        (';lr;ftag="f1"', False),
        (";lr;ftag=", False),
        (";lr;xftag=t1", False),
        (";lr", False),
        ("", False),
    ],
)
def test_direction(bench: Any, request_text: Any, params: str, upstream: bool) -> None:
    rr = bench.load(Rr)
    ctx = bench.context(in_dialog(request_text, params))
    assert rr.goes_upstream(ctx) == upstream


def test_the_direction_is_found_once(bench: Any, request_text: Any) -> None:
    """As in Kamailio: asked before loose_route and after it, the answer is the same."""
    rr = bench.load(Rr)
    ctx = bench.context(in_dialog(request_text, ";lr;ftag=t1"))
    assert rr.goes_upstream(ctx)
    rr.state(ctx).params = "ftag=f1"
    assert rr.goes_upstream(ctx)


@pytest.mark.parametrize("host", ["10.0.0.9", "10.0.0.1:5061", "10.0.0.1;gr"])
def test_a_route_of_another_tells_nothing(bench: Any, request_text: Any, host: str) -> None:
    rr = bench.load(Rr)
    text = in_dialog(request_text, ";lr;ftag=t1").replace("sip:10.0.0.1;", f"sip:{host};")
    ctx = bench.context(text)
    assert rr.route_params(ctx) is None
    assert not rr.goes_upstream(ctx)


def test_replies_and_broken_routes_have_no_parameters(
    bench: Any, request_text: Any, reply_text: Any
) -> None:
    rr = bench.load(Rr)
    assert rr.route_params(bench.context(reply_text(), "reply")) is None
    assert rr.route_params(bench.context(request_text(headers="Route: x\r\n"))) is None
    assert bench.lines == ["bad Route 'x'"]


def test_a_from_that_cannot_be_read_goes_downstream(bench: Any, request_text: Any) -> None:
    rr = bench.load(Rr)
    text = in_dialog(request_text, ";lr;ftag=t1").replace("<sip:alice", "<<sip:alice")
    assert not rr.goes_upstream(bench.context(text))
