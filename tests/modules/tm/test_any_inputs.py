"""Whatever comes in whatever order: states stay legal, and every transaction ends."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sipproxy.modules.tm.states import TABLES, Table
from sipproxy.testing import load_cfg_text, request, response
from sipproxy.testing.proxy import ProxyUnderTest

CFG = """
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "corex.so"
loadmodule "cfgutils.so"
loadmodule "async.so"
modparam("tm", "fr_timer", 5000)
modparam("tm", "fr_inv_timer", 20000)
request_route {
    if ($rm == "CANCEL" && $rU != "odd") { t_relay_cancel(); }
    if ($rm == "ACK" && $rU != "odd") { t_check_trans(); }
    t_on_failure("FAILED");
    t_on_reply("REPLIED");
    t_on_branch("BRANCHED");
    t_on_branch_failure("one");
    switch ($rU) {
    case "waits": sleep("2"); t_relay(); break;
    case "early": t_newtran(); sleep("3"); t_relay(); break;
    case "answers": t_newtran(); t_reply("486", "Busy"); break;
    case "accepts": t_newtran(); t_reply("183", "Soon"); t_reply("200", "OK"); break;
    case "aside": if (t_suspend()) { $shv(i) = $T(id_index); $shv(l) = $T(id_label); } break;
    case "goes": t_newtran(); t_continue("$shv(i)", "$shv(l)", "ON"); t_reply("200", "OK"); break;
    case "later": async_route("ON", "2"); break;
    case "sleeps": async_sleep("2"); t_relay(); break;
    case "silent": t_newtran(); break;
    case "released": t_newtran(); t_release(); break;
    case "both": t_relay(); t_reply("404", "Not Found"); break;
    case "forks": append_branch("sip:two@127.0.0.1:5092"); t_relay(); break;
    case "nowhere": $du = "sip:no.such.host.invalid"; t_relay(); break;
    default: t_relay();
    }
}
route[ON] {
    if ($rs == $null) { t_relay(); }
}
onreply_route[REPLIED] {
    if ($rs == 199 && t_suspend()) { $shv(i) = $T(id_index); $shv(l) = $T(id_label); }
    if ($rs == 302) t_suspend();
    if ($rs == 183) sleep("2");
    if ($rs == 181) drop;
}
branch_route[BRANCHED] {
    if ($rU == "dropped") drop;
    if ($rU == "slow") sleep("1");
}
failure_route[FAILED] {
    if (t_check_status("404")) { sleep("2"); $ru = "sip:next@127.0.0.1:5093"; t_relay(); }
    if (t_check_status("503")) { t_reply("404", "Gone"); }
    if (t_check_status("500")) { $ru = "sip:dropped@127.0.0.1:5093"; t_on_branch("BRANCHED");
        t_drop_replies(); t_relay(); }
    if (t_check_status("408")) { t_on_failure("FAILED"); append_branch("sip:more@127.0.0.1:5094");
        t_relay(); }
}
event_route[tm:branch-failure:one] {
    if (t_check_status("486")) sleep("1");
}
"""

USERS = [
    *("plain", "waits", "early", "answers", "accepts", "silent", "released", "both"),
    *("forks", "nowhere", "dropped", "slow", "odd", "aside", "goes", "later", "sleeps"),
]
STATUSES = [100, 180, 181, 183, 199, 200, 302, 401, 404, 408, 486, 487, 500, 503, 600, 603]

numbers = st.integers(0, 2)
inputs = st.one_of(
    st.tuples(st.just("request"), numbers),
    st.tuples(st.just("cancel"), numbers),
    st.tuples(st.just("ack"), numbers),
    st.tuples(st.just("reply"), st.integers(0, 7), st.sampled_from(STATUSES)),
    st.tuples(st.just("reply"), st.just(-1), st.sampled_from(STATUSES)),
    st.tuples(st.just("time"), st.sampled_from([0.1, 0.5, 1.0, 2.5, 5.0, 21.0])),
)
calls = st.lists(
    st.tuples(st.sampled_from(["INVITE", "INVITE", "MESSAGE"]), st.sampled_from(USERS)),
    min_size=3,
    max_size=3,
)


def states_of(table: Table) -> frozenset[str]:
    """Every state that a table knows."""
    return frozenset(one for (state, _), (then, _) in table.items() for one in (state, then))


LEGAL = {name: states_of(table) for name, table in TABLES.items()}


class World:
    """A proxy, what it sent, and what its clients know."""

    def __init__(self, proxy: ProxyUnderTest, calls: list[tuple[str, str]]) -> None:
        self.proxy = proxy
        self.calls = calls
        self.requests: list[bytes] = []
        self.tags: dict[str, str] = {}
        self.log: list[str] = []
        self.tm: Any = proxy.host.modules["tm"]

    def do(self, what: tuple[Any, ...]) -> None:
        """One input."""
        match what:
            case ("request", int(number)):
                self.feed(self.request(number, self.calls[number][0]))
            case ("cancel", int(number)):
                self.feed(self.request(number, "CANCEL"))
            case ("ack", int(number)):
                self.feed(self.request(number, "ACK", self.tags.get(f"call-{number}", "")))
            case ("reply", int(which), int(status)) if self.requests:
                to = self.requests[which % len(self.requests)]
                self.feed(response(to, status, "Any", source="127.0.0.1:5090"))
            case ("time", float(seconds)):
                self.take(self.proxy.advance(seconds))
        self.check()

    def request(self, number: int, method: str, tag: str = "") -> bytes:
        """A request of one call, the same each time."""
        user = self.calls[number][1]
        return request(method, f"sip:{user}@127.0.0.1:5090", number=number, to_tag=tag)

    def feed(self, data: bytes) -> None:
        self.take(self.proxy.feed(data))

    def take(self, run: Any) -> None:
        """Remember what was sent and logged."""
        self.log += run.log
        for sent in run.sent:
            if sent.status:
                self.tags[sent.message.call_id] = sent.message.to.tag or ""
            elif sent.message.method != "ACK":
                self.requests.append(sent.raw)

    def machines(self) -> Iterator[tuple[str, str]]:
        """(table, state) of all there are."""
        for t in self.tm.known.all():
            kind = "INVITE" if t.invite else "non-INVITE"
            yield f"{kind} server transaction", t.state
            for b in t.branches:
                yield f"{kind} client transaction", b.state

    def check(self) -> None:
        """Nothing failed, and every state is one of its table."""
        assert not [line for line in self.log if "Traceback" in line]
        for name, state in self.machines():
            assert state in LEGAL[name], (name, state)


class Spare:
    """A proxy that serves example after example: what one leaves behind is a failure."""

    def __init__(self) -> None:
        self.proxy: ProxyUnderTest | None = None

    def play(self, calls: list[tuple[str, str]], steps: list[tuple[Any, ...]]) -> None:
        """All inputs, then more time than any transaction has."""
        proxy, self.proxy = self.proxy or load_cfg_text(CFG), None
        world = World(proxy, calls)
        for number in range(3):
            world.do(("request", number))
        for step in steps:
            world.do(step)
        world.do(("time", 400.0))
        assert world.tm.known.all() == []
        assert len(proxy.host.timers) == 0
        self.proxy = proxy


spare = Spare()


@settings(max_examples=150, deadline=None)
@given(calls, st.lists(inputs, max_size=14))
def test_every_transaction_ends(calls: list[tuple[str, str]], steps: list[tuple[Any, ...]]) -> None:
    spare.play(calls, steps)
