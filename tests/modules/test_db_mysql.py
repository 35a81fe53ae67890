"""db_mysql: what its parameters tell of how servers are reached."""

import pytest

from sipproxy.errors import CfgError
from sipproxy.testing import ProxyUnderTest, load_cfg_text


def load(*parameters: str) -> ProxyUnderTest:
    told = "".join(f'modparam("db_mysql", {one})\n' for one in parameters)
    return load_cfg_text(f'loadmodule "db_mysql.so"\n{told}request_route {{ exit; }}')


def test_time_outs() -> None:
    assert load('"timeout_interval", 7').host.databases.timeouts["mysql"] == 7.0
    assert load('"timeout_interval", 0').host.databases.timeouts["mysql"] == 2.0
    with pytest.raises(CfgError, match="timeout_interval is not below 0: -1"):
        load('"timeout_interval", -1')


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        (0, {}),
        (1, {}),
        (3, {"ssl": {"verify_mode": False, "check_hostname": False}}),
        (
            5,
            {"ssl": {"verify_mode": True, "check_hostname": True, "capath": "/etc/ssl/certs"}},
        ),
    ],
)
def test_tls(mode: int, told: dict[str, object]) -> None:
    assert load(f'"opt_ssl_mode", {mode}').host.databases.arguments["mysql"] == told


def test_a_mode_there_is_not() -> None:
    with pytest.raises(CfgError, match="opt_ssl_mode is 0, 1, 3, 4 or 5, not 2"):
        load('"opt_ssl_mode", 2')
