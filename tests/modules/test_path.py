"""path: what Kamailio writes is recorded in the conformance cases path-*."""

import pytest

from sipproxy.errors import CfgError
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

CFG = """#!KAMAILIO
listen=udp:10.0.0.1:5060 name "one"
listen=udp:10.1.0.1:5070 name "two"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "rr.so"
loadmodule "path.so"
{params}
request_route {{
    if (loose_route()) {{ forward(); exit; }}
    $fs = "udp:10.1.0.1:5070";
    $du = "sip:10.1.0.9";
    add_path_received("u");
    forward();
}}
"""


def started(**params: int | str) -> ProxyUnderTest:
    shown = {name: f'"{v}"' if isinstance(v, str) else v for name, v in params.items()}
    lines = "".join(f'modparam("path", "{name}", {value})\n' for name, value in shown.items())
    return load_cfg_text(CFG.format(params=lines))


def test_two_paths_of_two_sockets() -> None:
    proxy = started(enable_r2=1, sockname_mode=1)
    (sent,) = proxy.feed(request("REGISTER", "sip:x", source="10.0.0.9:5080")).sent
    received = "lr;received=sip:10.0.0.9:5080;r2=on"
    assert sent.flow.local == ("10.1.0.1", 5070)
    assert sent.message.values("path") == [
        f"<sip:u@10.1.0.1:5070;sn=two;{received}>",
        f"<sip:u@10.0.0.1;sn=one;{received}>",
    ]


@pytest.mark.parametrize(
    ("source", "form", "received"),
    [
        ("[2001:db8::9]:5080", 0, "sip:[2001:db8::9]:5080"),
        ("[2001:db8::9]:5080", 1, "[2001:db8::9]~5080~1"),
        ("tcp:10.0.0.9:5080", 0, "sip:10.0.0.9:5080%3Btransport%3Dtcp"),
        ("tcp:10.0.0.9:5080", 1, "10.0.0.9~5080~2"),
    ],
)
def test_where_the_request_came_from(source: str, form: int, received: str) -> None:
    proxy = started(received_format=form, received_name="src")
    (sent,) = proxy.feed(request("REGISTER", "sip:x", source=source)).sent
    assert f";lr;src={received}>" in (sent.message.header("path") or "")


@pytest.mark.parametrize(
    ("form", "params", "remote"),
    [
        (0, "received=sip:10.0.0.7:7", ("10.0.0.7", 7)),
        (0, "received=sip%3A10.0.0.7:7", ("10.0.0.7", 7)),
        (0, "received=sip:%zz", ("10.0.0.8", 5060)),
        (0, "other=sip:10.0.0.7:7", ("10.0.0.8", 5060)),
        (0, f"received=sip:{'x' * 1000}", ("10.0.0.8", 5060)),
        (1, "received=10.0.0.7~7~1", ("10.0.0.7", 7)),
        (1, "received=10.0.0.7~7", ("10.0.0.7", 7)),
        (1, "received=10.0.0.7", ("10.0.0.7", 5060)),
        (1, "received=10.0.0.7~7~9", ("10.0.0.8", 5060)),
    ],
)
def test_received_of_our_own_route(form: int, params: str, remote: tuple[str, int]) -> None:
    proxy = started(use_received=1, received_format=form)
    route = f"Route: <sip:10.0.0.1;lr;{params}>\r\n"
    data = request("MESSAGE", "sip:a@10.0.0.8", to_tag="t", headers=route)
    (sent,) = proxy.feed(data).sent
    assert sent.flow.remote == remote


def test_routes_of_others_and_unused_ones_change_nothing() -> None:
    row = "Route: <sip:{};lr;received=sip:10.0.0.7>\r\n"
    foreign = request("MESSAGE", "sip:a@10.0.0.8", to_tag="t", headers=row.format("10.0.0.6"))
    (sent,) = started(use_received=1).feed(foreign).sent
    assert sent.flow.remote[0] == "10.0.0.6"
    own = request("MESSAGE", "sip:a@10.0.0.8", to_tag="t", headers=row.format("10.0.0.1"))
    (sent,) = started().feed(own).sent
    assert sent.flow.remote[0] == "10.0.0.8"


def test_use_received_needs_rr() -> None:
    text = CFG.format(params='modparam("path", "use_received", 1)').replace(
        'loadmodule "rr.so"', ""
    )
    with pytest.raises(CfgError, match="rr"):
        load_cfg_text(text.replace("loose_route()", "0"))
