"""Verdicts of a replay: time, timers, sources, and the cfg line that decided."""

from collections.abc import Callable, Iterable

import pytest

from sipproxy.core.flow import Address
from sipproxy.program import load_text
from sipproxy.replay.capture import Datagram, Packet
from sipproxy.replay.player import Player
from sipproxy.replay.verdicts import Blocked

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
