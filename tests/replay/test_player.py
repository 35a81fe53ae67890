"""Verdicts of a replay: time, timers, sources, and the cfg line that decided."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from sipproxy.core.flow import Address, Flow
from sipproxy.program import load_text
from sipproxy.replay.capture import Datagram, Packet
from sipproxy.replay.player import Manner, Player
from sipproxy.replay.survey import Survey
from sipproxy.replay.verdicts import Blocked, Blocking, Decision

ME = ("192.0.2.100", 5060)
PHONE, OTHER = ("192.0.2.1", 5070), ("192.0.2.2", 5070)

CFG = """
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "htable.so"
modparam("htable", "htable", "seen=>size=4;autoexpire=10;initval=0;")
modparam("htable", "timer_interval", 1)
debug=2
request_route {
    xlog("L_INFO", "$rm at $Ts\\n");
    if ($rm == "MESSAGE") drop;
    if ($rm == "ACK") exit;
    if ($rm == "INVITE") { forward("192.0.2.50", 5060); exit; }
    if ($rm == "SUBSCRIBE") { sl_send_reply("401", "Who?"); exit; }
    if ($shtinc(seen=>$si) > 2) {
        sl_send_reply("429", "Too Many");
        exit;
    }
    if (!(uri == myself)) { sl_send_reply("404", "Not Here"); exit; }
    sl_send_reply("200", "OK");
}
event_route[htable:expired:seen] { xlog("L_INFO", "forgot $shtrecord(key)\\n"); }
"""

Feed = Callable[..., None]


def message(method: str, number: int, source: Address, ruri: str = "sip:192.0.2.100") -> bytes:
    host, port = source
    return (
        f"{method} {ruri} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{number}\r\n"
        "From: <sip:a@example.org>;tag=a\r\nTo: <sip:b@example.org>\r\n"
        f"Call-ID: {number}@{host}\r\n"
        f"CSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def packets(*rows: tuple[float, Address, bytes], dest: Address = ME) -> Iterable[Packet]:
    for number, (time, source, data) in enumerate(rows, 1):
        yield Packet(number, time, Datagram(source, dest, data))


@pytest.fixture
def player() -> Player:
    return Player(load_text(CFG, file="t.cfg"), [ME], 1000.0)


def line_of(text: str) -> str:
    return f"t.cfg:{CFG[: CFG.index(text)].count(chr(10)) + 1}"


def test_each_source_has_its_verdicts(player: Player) -> None:
    player.play(
        packets(
            *((1000.0 + n, PHONE, message("OPTIONS", n, PHONE)) for n in range(4)),
            (1004.0, OTHER, message("OPTIONS", 9, OTHER)),
        )
    )
    phone, other = player.sources["192.0.2.1"], player.sources["192.0.2.2"]
    assert (phone.requests, phone.answers) == ({"OPTIONS": 4}, {200: 2, 429: 2})
    assert phone.blocked == 2
    decided = line_of('sl_send_reply("429"')
    assert phone.first_blocked == Blocked(3, 1002.0, "OPTIONS", 429, decided)
    assert (other.answers, other.first_blocked) == ({200: 1}, None)
    assert player.fed == 5


def test_timers_run_between_the_packets_at_their_own_instants(player: Player) -> None:
    player.play(
        packets(
            (1000.0, PHONE, message("OPTIONS", 1, PHONE)),
            (1500.0, OTHER, message("OPTIONS", 2, OTHER)),
        )
    )
    logged = [(line.packet, line.text.rstrip()) for line in player.log.lines]
    assert logged == [
        (1, "OPTIONS at 1000"),
        (2, "forgot 192.0.2.1"),
        (2, "OPTIONS at 1500"),
    ]


def test_the_virtual_clock_lets_a_window_pass(player: Player) -> None:
    rows = [(1000.0 + n * 11, PHONE, message("OPTIONS", n, PHONE)) for n in range(6)]
    player.play(packets(*rows))
    assert player.sources["192.0.2.1"].answers == {200: 6}


def test_dropped_relayed_challenged_and_what_needs_no_answer(player: Player) -> None:
    player.play(
        packets(
            (1000.0, PHONE, message("ACK", 1, PHONE)),
            (1000.1, PHONE, message("INVITE", 2, PHONE)),
            (1000.2, PHONE, message("SUBSCRIBE", 3, PHONE)),
            (1000.3, PHONE, message("MESSAGE", 4, PHONE)),
        )
    )
    phone = player.sources["192.0.2.1"]
    assert (phone.relayed, phone.dropped, phone.answers) == (1, 1, {401: 1})
    assert (phone.absorbed, phone.challenged) == (1, 1)
    assert phone.first_blocked == Blocked(4, 1000.3, "MESSAGE", 0, line_of("drop;"))


def test_myself_is_our_address_in_the_capture(player: Player) -> None:
    player.play(
        packets(
            (1000.0, PHONE, message("OPTIONS", 1, PHONE)),
            (1000.1, PHONE, message("OPTIONS", 2, PHONE, "sip:198.51.100.1")),
        )
    )
    assert player.sources["192.0.2.1"].answers == {200: 1, 404: 1}


def test_only_what_is_sent_to_us_is_played(player: Player) -> None:
    player.play(packets((1000.0, PHONE, message("OPTIONS", 1, PHONE)), dest=OTHER))
    assert (player.fed, player.sources) == (0, {})


def test_junk_keepalives_and_replies(player: Player) -> None:
    reply = message("OPTIONS", 1, PHONE).replace(
        b"OPTIONS sip:192.0.2.100 SIP/2.0", b"SIP/2.0 200 OK"
    )
    player.play(
        packets((1000.0, PHONE, b"\r\n\r\n"), (1000.1, PHONE, b"hello"), (1000.2, PHONE, reply))
    )
    phone = player.sources["192.0.2.1"]
    assert (phone.other, phone.malformed, phone.replies) == (1, 1, 1)
    assert not phone.requests


def test_time_that_runs_back_is_counted(player: Player) -> None:
    player.play(
        packets(
            (1005.0, PHONE, message("OPTIONS", 1, PHONE)),
            (1001.0, PHONE, message("OPTIONS", 2, PHONE)),
        )
    )
    assert player.tally.late == 1
    assert player.sources["192.0.2.1"].answers == {200: 2}


def test_a_replay_repeats_itself() -> None:
    runs = []
    for _ in range(2):
        player = Player(load_text(CFG, file="t.cfg"), [ME], 1000.0)
        seen: list[bytes] = []
        player.proxy.host.observe_send = lambda data, flow, seen=seen: seen.append(data)
        player.play(packets((1000.0, PHONE, message("OPTIONS", 1, PHONE))))
        runs.append(seen)
    assert runs[0] and runs[0] == runs[1]


def test_a_replay_only_reads_databases() -> None:
    program = load_text('loadmodule "db_sqlite.so"\nrequest_route { exit; }')
    player = Player(program, [("10.0.0.1", 5060)], 0.0)
    assert player.proxy.host.database("sqlite:////none.db").overlay


# -- servers behind the proxy

RELAY = """
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "htable.so"
modparam("htable", "htable", "calls=>size=4;autoexpire=60;initval=0;")
modparam("tm", "fr_timer", 5000)
modparam("tm", "fr_inv_timer", 5000)
request_route {
    if ($rm == "INVITE" && $sht(calls=>$fU) == 0) {
        $sht(calls=>$fU) = 1;
        t_relay_to_udp("192.0.2.50", "5060");
        exit;
    }
    if ($rm == "ACK" || $rm == "BYE") { forward("192.0.2.50", 5060); exit; }
    if (!t_newtran()) exit;
    t_reply("403", "One Call Only");
}
"""
GATEWAY = ("192.0.2.50", 5060)
Row = tuple[float, Address, Address, bytes]


def answered(request: bytes, status: str, *, via: bytes = b"") -> bytes:
    """A reply to a request, perhaps with another Via row on top, as the old proxy added it."""
    _, rest = request.split(b"\r\n", 1)
    rest = rest.replace(b"To: <sip:b@example.org>", b"To: <sip:b@example.org>;tag=b")
    return b"SIP/2.0 " + status.encode() + b"\r\n" + via + rest


def relayed(request: bytes) -> bytes:
    """A request as the old proxy sent it on."""
    first, rest = request.split(b"\r\n", 1)
    return first + b"\r\n" + OLD_VIA + rest


OLD_VIA = b"Via: SIP/2.0/UDP 192.0.2.100;branch=z9hG4bKold\r\n"


class Played:
    """A capture of rows, played with a survey of it."""

    def __init__(
        self, cfg: str, rows: list[Row], manner: Manner | None = None, proto: str = "udp"
    ) -> None:
        stream = [
            Packet(number, time, Datagram(source, dest, data, proto))
            for number, (time, source, dest, data) in enumerate(rows, 1)
        ]
        self.decisions: list[Decision] = []
        manner = replace(manner or Manner(), told=self.decisions.append)
        program = load_text(cfg, file="t.cfg")
        first = min(packet.time for packet in stream)
        survey = Survey(stream)
        self.player = Player(program, [ME], first, survey=survey, manner=manner)
        self.sent: list[tuple[str, Address]] = []
        note = self.player.proxy.host.observe_send
        assert note is not None

        def watch(data: bytes, flow: Flow) -> None:
            self.sent.append((data.split(b"\r\n", 1)[0].decode(), flow.remote))
            note(data, flow)

        self.player.proxy.host.observe_send = watch
        self.player.play(stream)
        self.player.finish()

    @property
    def verdicts(self) -> list[tuple[int, str, int]]:
        return sorted((d.packet, d.verdict, d.status) for d in self.decisions)


def call(number: int, start: float, *, status: str = "200 OK") -> list[Row]:
    """A call through the old proxy, as a capture at the proxy has it."""
    invite = message("INVITE", number, PHONE)
    ours = relayed(invite)
    return [
        (start, PHONE, ME, invite),
        (start + 0.01, ME, GATEWAY, ours),
        (start + 1.0, GATEWAY, ME, answered(invite, "180 Ringing", via=OLD_VIA)),
        (start + 1.01, ME, PHONE, answered(invite, "180 Ringing")),
        (start + 2.0, GATEWAY, ME, answered(invite, status, via=OLD_VIA)),
        (start + 2.01, ME, PHONE, answered(invite, status)),
    ]


def test_captured_replies_of_a_server_behind_answer_our_relayed_request() -> None:
    played = Played(RELAY, call(1, 1000.0))
    assert played.verdicts == [(1, "relayed", 200)]
    assert [(line, to) for line, to in played.sent if line.startswith("SIP")] == [
        ("SIP/2.0 100 trying -- your call is important to us", PHONE),
        ("SIP/2.0 180 Ringing", PHONE),
        ("SIP/2.0 200 OK", PHONE),
    ]
    phone = played.player.sources["192.0.2.1"]
    assert (phone.relayed, phone.blocked, phone.diverged) == (1, 0, None)
    assert played.player.tally.unmatched == 0
    (decision,) = played.decisions
    assert decision.to == GATEWAY
    assert decision.line == f"t.cfg:{RELAY[: RELAY.index('t_relay_to')].count(chr(10)) + 1}"


def test_replies_to_what_we_did_not_relay_are_not_played() -> None:
    played = Played(RELAY, [*call(1, 1000.0), *call(2, 1010.0)])
    assert played.verdicts == [(1, "relayed", 200), (7, "answered", 403)]
    assert played.player.tally.unmatched == 2
    phone = played.player.sources["192.0.2.1"]
    assert phone.blocked == 1
    assert phone.diverged is not None and phone.diverged.packet == 7


def test_without_a_captured_reply_the_timers_of_a_branch_run() -> None:
    rows = [row for row in call(1, 1000.0) if row[1] != GATEWAY]
    late = message("OPTIONS", 9, OTHER)
    played = Played(RELAY, [*rows, (1020.0, OTHER, ME, late)])
    assert ("SIP/2.0 408 Request Timeout", PHONE) in played.sent
    assert played.verdicts[0] == (1, "relayed", 408)


def test_a_call_that_only_the_old_server_let_through_is_not_ended_by_the_other_side() -> None:
    bye = message("BYE", 2, GATEWAY).replace(b"Call-ID: 2@192.0.2.50", b"Call-ID: 2@192.0.2.1")
    bye = bye.replace(b"To: <sip:b@example.org>", b"To: <sip:b@example.org>;tag=a")
    rows = [*call(1, 1000.0), *call(2, 1010.0), (1030.0, GATEWAY, ME, bye)]
    played = Played(RELAY, rows)
    assert played.player.tally.only_old == 1
    assert "BYE" not in played.player.sources["192.0.2.50"].requests


def test_retransmissions_are_absorbed() -> None:
    invite = message("INVITE", 1, PHONE)
    ack = message("ACK", 1, PHONE)
    rows = [
        (1000.0, PHONE, ME, message("INVITE", 0, PHONE)),
        (1000.1, PHONE, ME, message("INVITE", 0, PHONE)),
        (1001.0, PHONE, ME, invite),
        (1001.1, PHONE, ME, ack),
        (1020.0, OTHER, OTHER, b"\r\n"),
        (1020.0, OTHER, ME, b"\r\n"),
    ]
    played = Played(RELAY, rows)
    assert played.verdicts == [
        (1, "relayed", 408),
        (2, "absorbed", 100),
        (3, "answered", 403),
        (4, "relayed", 0),
    ]
    assert played.player.sources["192.0.2.1"].blocked == 1


def test_what_the_old_server_sent_to_itself_is_not_fed_but_what_ours_sends_is() -> None:
    cfg = """
loadmodule "pv.so"
loadmodule "sl.so"
request_route {
    if ($rU == "b") { sl_send_reply("202", "Here"); exit; }
    $rU = "b";
    forward("192.0.2.100", 5060);
}
"""
    request = message("OPTIONS", 1, PHONE, "sip:a@192.0.2.100")
    again = relayed(request)
    rows = [(1000.0, PHONE, ME, request), (1000.1, ME, ME, again)]
    played = Played(cfg, rows)
    assert played.player.tally.between == 1
    assert played.verdicts == [(1, "relayed", 202)]
    assert ("SIP/2.0 202 Here", PHONE) in played.sent


def test_a_message_that_comes_back_for_ever_is_a_loop() -> None:
    cfg = 'request_route { forward("192.0.2.100", 5060); }'
    played = Played(cfg, [(1000.0, PHONE, ME, message("OPTIONS", 1, PHONE))])
    assert played.player.tally.loops == 1


# -- what the old server did


def test_what_the_old_server_answered_stands_beside() -> None:
    one, two = message("OPTIONS", 1, PHONE), message("MESSAGE", 2, PHONE)
    rows = [
        (1000.0, PHONE, ME, one),
        (1000.1, ME, PHONE, answered(one, "200 OK")),
        (1001.0, PHONE, ME, two),
        (1001.1, ME, PHONE, answered(two, "202 Accepted")),
    ]
    played = Played(CFG, rows)
    first, second = played.decisions
    assert (first.captured.status, first.diverges) == (200, False)
    assert (second.verdict, second.captured.status, second.diverges) == ("dropped", 202, True)
    assert played.player.sources["192.0.2.1"].captured == {200: 1, 202: 1}
    assert played.player.tally.from_us == 2


@pytest.mark.parametrize(
    ("blocked", "count"),
    [("silence", 1), ("429", 1), ("300-499", 2), ("401,429,silence", 3)],
)
def test_what_counts_as_blocked_may_be_told(blocked: str, count: int) -> None:
    rows: list[Row] = [
        (1000.0 + n, PHONE, ME, message(method, n, PHONE))
        for n, method in enumerate(["MESSAGE", "SUBSCRIBE", "OPTIONS", "OPTIONS", "OPTIONS"])
    ]
    played = Played(CFG, rows, Manner(blocking=Blocking.parse(blocked)))
    assert played.player.sources["192.0.2.1"].blocked == count


@pytest.mark.parametrize("text", ["", "all", "99", "500-400", "silence,x"])
def test_a_list_of_blocks_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Blocking.parse(text)


def test_sources_beyond_a_number_share_an_account(
    player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipproxy.replay.player.MOST_SOURCES", 2)
    hosts = [f"198.51.100.{number}" for number in range(6)]
    player.play(
        packets(*((1000.0, (host, 5060), message("OPTIONS", 1, (host, 5060))) for host in hosts))
    )
    assert list(player.sources) == [*hosts[:2], "others"]
    assert player.sources["others"].answers == {200: 4}
    assert player.sources["others"].accepted == 4


# -- what is not there

ABSENT = """
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "dispatcher.so"
loadmodule "rtpengine.so"
modparam("tm", "fr_timer", 2000)
request_route {
    if ($rm == "OPTIONS") { sl_send_reply("200", "OK"); exit; }
    if (!ds_select_dst("1", "4")) { sl_send_reply("503", "No"); exit; }
    t_on_failure("NEXT");
    t_relay_to_udp("192.0.2.50", "5060");
}
failure_route[NEXT] { rtpengine_delete(); }
"""


def test_a_verdict_tells_what_stood_in_for_what_is_not_there() -> None:
    rows: list[Row] = [
        (1000.0, PHONE, ME, message("OPTIONS", 1, PHONE)),
        (1001.0, PHONE, ME, message("MESSAGE", 2, PHONE)),
    ]
    played = Played(ABSENT, rows)
    assert played.verdicts == [(1, "answered", 200), (2, "answered", 503)]
    assert [one.stubs for one in played.decisions] == [(), ("ds_select_dst",)]
    phone = played.player.sources["192.0.2.1"]
    assert phone.uncertain == 1
    assert phone.first_blocked is not None
    assert phone.first_blocked.stubs == ("ds_select_dst",)


def test_what_stood_in_later_marks_its_request_too() -> None:
    rows: list[Row] = [
        (1000.0, PHONE, ME, message("MESSAGE", 1, PHONE)),
        (1010.0, OTHER, ME, message("OPTIONS", 2, OTHER)),
    ]
    played = Played(ABSENT, rows, Manner(stubs={"ds_select_dst": 1}))
    assert played.verdicts == [(1, "relayed", 408), (2, "answered", 200)]
    by_packet = {one.packet: one.stubs for one in played.decisions}
    assert by_packet == {1: ("ds_select_dst", "rtpengine_delete"), 2: ()}
    sources = played.player.sources
    assert (sources["192.0.2.1"].uncertain, sources["192.0.2.2"].uncertain) == (1, 0)


BY_NAME = """
loadmodule "pv.so"
loadmodule "tm.so"
modparam("tm", "fr_timer", 2000)
request_route { $ru = "sip:1@carrier.example"; t_relay(); }
"""


def test_a_name_lies_where_the_old_server_went() -> None:
    invite = message("INVITE", 1, PHONE)
    there = relayed(invite).replace(b"sip:192.0.2.100", b"sip:1@carrier.example")
    rows: list[Row] = [
        (1000.0, PHONE, ME, invite),
        (1000.01, ME, GATEWAY, there),
        (1001.0, GATEWAY, ME, answered(invite, "486 Busy", via=OLD_VIA)),
    ]
    played = Played(BY_NAME, rows)
    assert played.verdicts == [(1, "relayed", 486)]
    assert (played.decisions[0].to, played.decisions[0].stubs) == (GATEWAY, ())


def test_a_reply_answers_what_went_to_a_name_that_lies_nowhere() -> None:
    rows = [row for row in call(1, 1000.0, status="486 Busy") if row[2] != GATEWAY]
    played = Played(BY_NAME, rows)
    assert played.verdicts == [(1, "relayed", 486)]
    assert played.decisions[0].stubs == ("carrier.example",)


# -- connections

TCP_PHONE = ("192.0.2.1", 40001)
OVER_TCP = """
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "xlog.so"
debug=2
modparam("tm", "fr_timer", 3000)
request_route {
    xlog("L_INFO", "$rm by $proto on $conid\\n");
    if ($rm == "INVITE") { t_relay_to_tcp("192.0.2.50", "5060"); exit; }
    sl_send_reply("200", "OK");
}
"""


def over_tcp(data: bytes) -> bytes:
    return data.replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP")


def stream(rows: list[Row], cfg: str = OVER_TCP) -> Played:
    return Played(cfg, rows, proto="tcp")


def test_messages_of_a_stream_have_their_connection() -> None:
    rows: list[Row] = [
        (1000.0, TCP_PHONE, ME, over_tcp(message("OPTIONS", 1, PHONE))),
        (1001.0, TCP_PHONE, ME, over_tcp(message("OPTIONS", 2, PHONE))),
        (1002.0, ME, TCP_PHONE, b""),
        (1003.0, TCP_PHONE, ME, over_tcp(message("OPTIONS", 3, PHONE))),
    ]
    played = stream(rows)
    logged = [line.text.strip() for line in played.player.log.lines]
    assert logged == [f"OPTIONS by tcp on {number}" for number in (1, 1, 2)]
    assert played.verdicts == [(1, "answered", 200), (2, "answered", 200), (4, "answered", 200)]
    assert [to for _, to in played.sent] == [TCP_PHONE] * 3
    assert played.player.proxy.host.counters["core.connections_closed"] == 1
    assert played.player.fed == 3


def test_the_answer_to_a_connection_that_is_gone_is_counted() -> None:
    rows: list[Row] = [
        (1000.0, TCP_PHONE, ME, over_tcp(message("INVITE", 1, PHONE))),
        (1001.0, TCP_PHONE, ME, b""),
        (1010.0, OTHER, ME, over_tcp(message("OPTIONS", 2, OTHER))),
    ]
    played = stream(rows)
    assert played.player.tally.unsent == 1
    assert played.verdicts[0] == (1, "relayed", 408)


def test_garbage_closes_its_connection() -> None:
    rows: list[Row] = [
        (1000.0, TCP_PHONE, ME, b"OPTIONS garbage\r\n\r\n"),
        (1001.0, TCP_PHONE, ME, over_tcp(message("OPTIONS", 1, PHONE))),
    ]
    played = stream(rows)
    assert played.player.log.lines[-1].text == "OPTIONS by tcp on 2\n"
    assert played.player.sources["192.0.2.1"].malformed == 1


def test_a_server_that_the_old_one_called_answers_on_that_connection() -> None:
    invite = over_tcp(message("INVITE", 1, PHONE))
    old_via, dialled = over_tcp(OLD_VIA), ("192.0.2.100", 34567)
    ours = relayed(invite).replace(OLD_VIA, old_via)
    rows: list[Row] = [
        (1000.0, TCP_PHONE, ME, invite),
        (1000.01, dialled, GATEWAY, ours),
        (1001.0, GATEWAY, dialled, answered(invite, "180 Ringing", via=old_via)),
        (1001.01, ME, TCP_PHONE, answered(invite, "180 Ringing")),
        (1002.0, GATEWAY, dialled, answered(invite, "486 Busy", via=old_via)),
        (1002.01, ME, TCP_PHONE, answered(invite, "486 Busy")),
    ]
    played = stream(rows)
    assert played.verdicts == [(1, "relayed", 486)]
    assert played.decisions[0].captured.relayed
    assert (played.player.tally.from_us, played.player.tally.elsewhere) == (3, 0)
    assert ("SIP/2.0 486 Busy", TCP_PHONE) in played.sent
