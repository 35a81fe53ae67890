"""mi_fifo: its FIFO, under compat 3.0 only."""

from typing import Any

import pytest

from sipproxy.core.endpoints import RpcEndpoint
from sipproxy.errors import CfgError
from sipproxy.testing import load_cfg_text

CFG = """#!sipproxy compat=3.0
loadmodule "mi_fifo.so"
modparam("mi_fifo", "fifo_name", "/tmp/openser_fifo")
"""
ROUTE = "request_route { exit; }\n"


@pytest.mark.parametrize(
    ("params", "endpoint"),
    [
        ("", RpcEndpoint("mi", "fifo", "/tmp/openser_fifo", 0o660)),
        (
            'modparam("mi_fifo", "fifo_mode", 0600)\nmodparam("mi_fifo", "fifo_user", "u")\n'
            'modparam("mi_fifo", "fifo_group", 7)\nmodparam("mi_fifo", "reply_dir", "/r/")\n'
            'modparam("mi_fifo", "reply_indent", "  ")\n',
            RpcEndpoint(
                "mi", "fifo", "/tmp/openser_fifo", 0o600, "u", "7", reply_dir="/r/", indent="  "
            ),
        ),
        (
            'modparam("mi_fifo", "fifo_mode", 0)\nmodparam("mi_fifo", "fifo_user", 5)\n',
            RpcEndpoint("mi", "fifo", "/tmp/openser_fifo", 0o600, "5"),
        ),
    ],
)
def test_the_endpoint(params: str, endpoint: RpcEndpoint) -> None:
    module: Any = load_cfg_text(CFG + params + ROUTE).host.modules["mi_fifo"]
    assert module.rpc_endpoints() == [endpoint]


@pytest.mark.parametrize(
    ("cfg", "reason"),
    [
        (CFG.rpartition("modparam")[0], '"fifo_name" is not set'),
        (CFG + 'modparam("mi_fifo", "reply_dir", "")\n', "reply_dir is empty"),
    ],
)
def test_what_is_refused(cfg: str, reason: str) -> None:
    with pytest.raises(CfgError, match=reason):
        load_cfg_text(cfg + ROUTE)


def test_later_kamailios_do_not_have_it() -> None:
    proxy = load_cfg_text(CFG.replace("#!sipproxy compat=3.0", "") + ROUTE)
    (problem,) = [one for one in proxy.proxy.problems if "mi_fifo" in one.message]
    assert problem.severity == "warning"
    assert problem.message == 'Kamailio 5.6 has no module "mi_fifo" any more'
    assert problem.hint == "its parameters are not read; --compat 3.0 has it"
    assert "mi_fifo" not in proxy.host.modules
