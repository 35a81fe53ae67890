"""Parameters: what keeps the server from starting, what the cfg's XAVP overrides."""

from typing import Any

import pytest

from sipproxy.errors import CfgError, ModuleError
from sipproxy.testing import load_cfg_text


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"outbound_mode": 3}, "outbound_mode"),
        ({"regid_mode": 2}, "regid_mode"),
        ({"flow_timer": 10}, "flow_timer"),
        ({"flow_timer": 1000, "outbound_mode": 1}, "flow_timer"),
        ({"event_callback": "f"}, "event_callback"),
        ({"received_avp": "$nosuch(x)"}, "received_avp"),
        ({"received_avp": "$word(x)"}, "non AVP"),
    ],
)
def test_what_is_refused(bench: Any, parameters: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ModuleError, match=complaint):
        bench.set(**parameters)


@pytest.mark.parametrize("missing", ["sl", "usrloc"])
def test_what_it_needs(missing: str) -> None:
    names = [name for name in ("sl", "usrloc", "registrar") if name != missing]
    loads = "".join(f'loadmodule "{name}.so"\n' for name in names)
    with pytest.raises(CfgError, match=missing):
        load_cfg_text(f"#!KAMAILIO\n{loads}request_route {{ exit; }}\n")


@pytest.mark.parametrize(("given", "kept"), [(-1, -1), (-7, 0), (0, 0), (500, 500), (5000, 1000)])
def test_the_default_q_is_brought_into_its_range(bench: Any, given: int, kept: int) -> None:
    bench.set(default_q=given)
    assert bench.module.default_q == kept


@pytest.mark.parametrize(
    ("parameters", "flag"),
    [
        ({}, 0),
        ({"sock_flag": 2}, 0),
        ({"sock_flag": 2, "sock_hdr_name": "X"}, 4),
        ({"sock_flag": 2, "xavp_cfg": "c"}, 4),
        ({"sock_hdr_name": "X"}, 0),
    ],
)
def test_the_flag_for_sockets(bench: Any, parameters: dict[str, Any], flag: int) -> None:
    bench.set(**parameters)
    assert bench.module.socket_flag == flag


def test_settings_of_an_xavp(bench: Any) -> None:
    bench.set(xavp_cfg="cfg")
    ctx = bench.request()
    assert bench.module.setting_int(ctx, "q") is None
    ctx.xavps["cfg"] = [[("q", "text"), ("q", 5), ("t", 7), ("t", "text")], [("z", 1)]]
    assert bench.module.setting_int(ctx, "q") == 5
    assert bench.module.setting_text(ctx, "t") == "text"
    assert bench.module.setting_int(ctx, "z") is None
    ctx.xavps["cfg"] = ["plain"]
    assert bench.module.setting_text(ctx, "t") == ""


def test_statistics_show_the_limits(bench: Any) -> None:
    bench.set(max_expires=7, max_contacts=3, default_expires=100)
    found = {one.name: one.get() for one in bench.host.statistics.of("registrar")}
    assert found["max_expires"] == 7
    assert found["max_contacts"] == 3
    assert found["default_expire"] == 100
    assert found["accepted_regs"] == 0
