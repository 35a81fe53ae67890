"""Where replies go."""

import pytest

from sipproxy.testing import load_cfg_text, request, response

CFG = """
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "tm.so"
@CORE@
request_route {
    @ROUTE@
    if ($rU == "own") { t_newtran(); t_reply("480", "Away"); exit; }
    t_relay();
}
"""


@pytest.mark.parametrize(
    ("core", "route", "port"),
    [("", "force_rport();", 7777), ("force_rport=yes", "", 7777), ("", "", 5070)],
)
def test_force_rport_counts_for_every_reply(core: str, route: str, port: int) -> None:
    """Ours on the way, ours made of a time-out, one relayed, and one told by the script."""
    proxy = load_cfg_text(CFG.replace("@CORE@", core).replace("@ROUTE@", route))

    def call(user: str, number: int) -> bytes:
        data = request("INVITE", f"sip:{user}@127.0.0.1:5090", number=number)
        return data.replace(b"127.0.0.1:5080", b"127.0.0.1:5070")

    own = proxy.feed(call("own", 1), source="127.0.0.1:7777").sent
    trying, _ = proxy.feed(call("bob", 2), source="127.0.0.1:7777").sent
    late = [sent for sent in proxy.advance(31).sent if sent.status == 408][:1]
    assert [sent.status for sent in (*own, trying, *late)] == [480, 100, 408]
    _, asked = proxy.feed(call("bob", 3), source="127.0.0.1:7777").sent
    answered = proxy.feed(response(asked.raw, 200)).sent
    for sent in (*own, trying, *late, *answered):
        assert sent.flow.remote == ("127.0.0.1", port)
