"""What a cfg with rr is refused for at its start, and variables outside of requests."""

from typing import Any

import pytest

from sipproxy.errors import CfgError
from sipproxy.modules.rr import Rr
from sipproxy.testing import load_cfg_text

HEAD = '#!KAMAILIO\nloadmodule "rr.so"\nloadmodule "pv.so"\nloadmodule "xlog.so"\n'


def cfg(statement: str, head: str = "") -> str:
    return f"{HEAD}{head}\nrequest_route {{ {statement} }}\n"


@pytest.mark.parametrize(
    ("statement", "head", "message"),
    [
        ('is_direction("sideways");', "", "unknown direction"),
        ('check_route_param("(");', "", "check_route_param"),
        ('xlog("$rdir(word)");', "", "id or name"),
        (
            'is_direction("upstream");',
            'modparam("rr", "append_fromtag", 0)',
            "append_fromtag",
        ),
    ],
)
def test_refused_at_start(statement: str, head: str, message: str) -> None:
    with pytest.raises(CfgError, match=message):
        load_cfg_text(cfg(statement, head))


@pytest.mark.parametrize(
    "call", ["loose_route()", 'check_route_param("x")', "remove_record_route()"]
)
def test_not_in_a_reply_route(call: str) -> None:
    text = f"{HEAD}request_route {{ exit; }}\nreply_route {{ {call}; }}\n"
    with pytest.raises(CfgError):
        load_cfg_text(text)


def test_variables_of_a_reply(bench: Any, reply_text: Any) -> None:
    bench.load(Rr)
    ctx = bench.context(reply_text(), "reply")
    shown = bench.host.format("[$route_uri] $fti $tti $rdir(id) $rdir(name) $rdir")
    assert shown(ctx) == "[] f1 t1 1 downstream 1"


def test_variables_of_a_request_that_cannot_be_read(bench: Any, request_text: Any) -> None:
    bench.load(Rr)
    text = request_text(headers="Route: none\r\n").replace("<sip:alice", "<<sip:alice")
    assert bench.host.format("[$route_uri] $fti $tti")(bench.context(text)) == "[] <null> <null>"
