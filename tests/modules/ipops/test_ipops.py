"""The functions of ipops beside the recorded cases."""

from sipproxy.modules.ipops import Ipops
from sipproxy.testing import load_cfg_text, request
from sipproxy.testing.bench import Bench


def test_half_an_address_ends_the_script() -> None:
    bench = Bench(Ipops)
    assert bench.module.is_in_subnet(bench.ctx, "::1:", "::/0") == 0
    assert bench.module.is_in_subnet(bench.ctx, "::1", "::/0") == 1


def test_a_source_is_asked_for_in_a_route() -> None:
    proxy = load_cfg_text(
        """
        loadmodule "sl.so"
        loadmodule "pv.so"
        loadmodule "ipops.so"
        request_route {
            detailed_ip_type("$si", "$var(range)");
            if (is_in_subnet("$si", "192.0.2.0/24,2001:db8::/32")) {
                sl_send_reply("200", "$var(range)");
            } else {
                sl_send_reply("403", "$var(range)");
            }
        }
        """
    )
    for source, answer in (("192.0.2.7:5060", "200 TEST-NET"), ("10.0.0.7:5060", "403 PRIVATE")):
        assert proxy.feed(request(source=source)).transcript == [f"{answer} -> {source}"]
