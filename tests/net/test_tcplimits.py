"""The limits of TCP as a cfg gives them."""

from sipproxy.net.tcplimits import Limits
from sipproxy.program import load_text


def test_limits_of_a_cfg() -> None:
    text = (
        "tcp_connection_lifetime=-1\ntcp_send_timeout=3\ntcp_keepalive=no\ntcp_keepidle=7\n"
        "tcp_source_ipv4=127.0.0.2\nrequest_route { exit; }"
    )
    limits = Limits.of(load_text(text).settings)
    assert (limits.lifetime, limits.send, limits.connect) == (float("inf"), 3.0, 10.0)
    assert limits.keepalive == (0, 7, 0, 0)
    assert limits.source == ("127.0.0.2", "")
    assert Limits.of(load_text("request_route { exit; }").settings) == Limits()
