"""What the recorded cases do not reach: replies, parameters, variables that cannot be written."""

from typing import Any

import pytest

from sipproxy.errors import ModuleError
from sipproxy.modules.siputils import OptionTag, Siputils
from sipproxy.modules.siputils.uris import with_param
from sipproxy.modules.sl import Sl
from sipproxy.sip.uri import Uri


@pytest.fixture
def siputils(bench: Any) -> Siputils:
    bench.load(Sl)
    loaded: Siputils = bench.load(Siputils)
    return loaded


def test_sl_must_be_loaded(bench: Any) -> None:
    with pytest.raises(ModuleError, match='"sl"'):
        bench.load(Siputils)


def test_unknown_option_tag() -> None:
    with pytest.raises(ValueError, match="unknown option <foo>"):
        OptionTag.parse("foo")


def test_reply_has_the_parameters(bench: Any, siputils: Siputils, request_text: Any) -> None:
    siputils.options_accept = "text/plain"
    siputils.options_support = "path"
    assert siputils.options_reply(bench.context(request_text("OPTIONS sip:example.com"))) == 1
    (sent,) = bench.sent
    assert "\r\nAccept: text/plain\r\nAccept-Encoding: \r\nAccept-Language: en\r\n" in sent
    assert "\r\nSupported: path\r\n" in sent


def test_questions_about_a_reply(bench: Any, siputils: Siputils, reply_text: Any) -> None:
    ctx = bench.context(reply_text(), "reply")
    assert siputils.is_reply(ctx)
    assert not siputils.is_request(ctx)
    assert siputils.has_totag(ctx)


@pytest.mark.parametrize(
    ("record_route", "source", "first"),
    [
        ("", ("10.0.0.7", 5060), True),
        ("<sip:10.0.0.1;lr>", ("10.0.0.7", 5060), True),
        ("<sip:10.0.0.1:5060;lr>, <sip:10.0.0.4;lr>", ("10.0.0.7", 5060), True),
        ("<sip:10.0.0.4;lr>, <sip:10.0.0.1;lr>", ("10.0.0.7", 5060), False),
        ("<sip:10.0.0.1:5099;lr>", ("10.0.0.7", 5060), False),
        ("<sip:example.com;lr>", ("10.0.0.7", 5060), False),
        ("<sip:10.0.0.1;lr>", ("10.0.0.1", 5060), False),
        ("<nonsense>", ("10.0.0.7", 5060), False),
        ("<<", ("10.0.0.7", 5060), False),
    ],
)
def test_first_hop_of_a_reply(
    bench: Any, siputils: Siputils, reply_text: Any, record_route: str, source: Any, first: bool
) -> None:
    header = f"Record-Route: {record_route}\r\n" if record_route else ""
    ctx = bench.context(reply_text(headers=header), "reply", source)
    assert siputils.is_first_hop(ctx) is first


def test_a_malformed_second_via_is_none(bench: Any, siputils: Siputils, request_text: Any) -> None:
    ctx = bench.context(request_text(headers="Via: garbage\r\n"))
    assert siputils.is_first_hop(ctx)


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("sip:a@b;gr=abc;x?h=v", "sip:a@b;gr=abc;x;n=2?h=v"),
        ("sip:b?h=v", "sip:b;n=2?h=v"),
        ("sip:b", "sip:b;n=2"),
    ],
)
def test_a_parameter_is_added_before_the_headers(text: str, changed: str) -> None:
    """Kamailio 5.6.3 loses the user of such a URI and appends bytes of its memory."""
    assert with_param(text, Uri.parse(text), "n=2") == changed


def test_routes(siputils: Siputils) -> None:
    functions = siputils.host.functions
    assert functions["uri_param"][0].routes == ("REQUEST", "BRANCH", "FAILURE")
    assert functions["add_uri_param"][0].routes == ("REQUEST",)
    assert "EVENT" in functions["is_request"][0].routes
