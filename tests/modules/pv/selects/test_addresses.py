"""Selects of addresses, beside what is recorded from Kamailio in golden/selects.json."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError
from sipproxy.testing import load_cfg_text, request

CFG = """
listen=udp:127.0.0.1:5060
listen=udp:[::1]:5060
loadmodule "pv.so"
loadmodule "xlog.so"
request_route {{ {} xlog("{}"); }}
"""


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ("", "127.0.0.1"),
        ('$du = "sip:127.0.0.5:7";', "127.0.0.1"),
        ('$du = "sip:[::1]:7";', "::1"),
        ('$du = "sip:name.example;maddr=127.0.0.9";', "127.0.0.1"),
        ('$du = "sip:name.example";', "<null>"),
        ('$fs = "udp:[::1]:5060";', "::1"),
    ],
)
def test_the_address_a_request_leaves_from(script: str, shown: str) -> None:
    proxy = load_cfg_text(CFG.format(script, "$sel(next_hop.src_ip)"))
    run = proxy.feed(request(uri="sip:bob@127.0.0.7"))
    assert run.log[-1].strip("[]") == shown


@pytest.mark.parametrize(
    "text",
    [
        "ruri.nope",
        "from.params",
        "from.q",
        "from.tag.x",
        "contact[1]",
        "contact.q.x",
        "rr.params",
        "route",
        "next_hop.src_ip.x",
        "rpid.party",
    ],
)
def test_what_is_not_there_is_refused(bench: Any, text: str) -> None:
    with pytest.raises(ResolveError):
        bench.host.select(text)


def test_parts_of_the_request_in_a_text(bench: Any) -> None:
    assert bench.show("$sel(from.uri.user) $sel(ruri.transport) $sel(via.host)") == (
        "alice tcp 10.0.0.9"
    )


def test_an_expression_takes_a_select() -> None:
    cfg = CFG.format('if (@from.uri.user == "alice") { xlog("yes"); }', "x")
    assert load_cfg_text(cfg).feed(request(user="alice")).log[0] == "yes"
