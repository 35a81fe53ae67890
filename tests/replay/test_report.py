"""The report of a replay, for people and for programs."""

from pathlib import Path

from sipproxy.program import load_text
from sipproxy.replay.capture import Capture
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.player import Line, Player
from sipproxy.replay.report import as_data, as_text, show_address, show_line, table

ME = ("192.0.2.100", 5060)
CFG = """loadmodule "sl.so"
request_route {
    if (method == "OPTIONS") { sl_send_reply("200", "OK"); exit; }
    sl_send_reply("403", "No");
}
"""


def replayed(path: Path) -> tuple[Player, Capture]:
    source = ("192.0.2.1", 5070)
    with PcapWriter(str(path)) as writer:
        for number, method in enumerate(("OPTIONS", "OPTIONS", "MESSAGE")):
            text = (
                f"{method} sip:b@192.0.2.100 SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK{number}\r\n"
                "From: <sip:a@x>;tag=a\r\nTo: <sip:b@x>\r\n"
                f"Call-ID: {number}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
            )
            writer.add(36000.5 + number, source, ME, text.encode())
    with open(path, "ab") as stream:
        stream.write(b"\0\0\0")
    capture = Capture(str(path))
    player = Player(load_text(CFG, file="t.cfg"), [ME], 36000.0)
    player.play(capture)
    return player, capture


def test_the_table(tmp_path: Path) -> None:
    player, capture = replayed(tmp_path / "a.pcap")
    text = as_text(player, capture, [ME], "as told")
    assert text.replace(str(tmp_path), "DIR") == (
        "DIR/a.pcap through t.cfg\n"
        "  us: 192.0.2.100:5060 (as told)\n"
        "  3 of 3 frames were sent to us and played\n"
        "  broken: the file ends in the middle of frame 4; what stood before it was played\n"
        "\n"
        "source     requests             answered     relayed  dropped  first blocked\n"
        "---------  -------------------  -----------  -------  -------  "
        "--------------------------------------------\n"
        "192.0.2.1  OPTIONS 2 MESSAGE 1  200:2 403:1  0        0        "
        "packet 3, 10:00:02.500, MESSAGE 403, t.cfg:4"
    )


def test_plain_data(tmp_path: Path) -> None:
    player, capture = replayed(tmp_path / "a.pcap")
    data = as_data(player, capture, [ME], "as told")
    assert data["me"] == ["192.0.2.100:5060"]
    assert data["frames"] == data["fed"] == 3
    (source,) = data["sources"]
    assert source["source"] == "192.0.2.1"
    assert source["answers"] == {"200": 2, "403": 1}
    assert source["first_blocked"] == {
        "packet": 3,
        "time": 36002.5,
        "method": "MESSAGE",
        "status": 403,
        "line": "t.cfg:4",
    }


def test_without_our_address_there_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "empty.pcap"
    PcapWriter(str(path)).close()
    capture = Capture(str(path))
    player = Player(load_text(CFG), [], 0.0)
    player.play(capture)
    assert "us: not found; say it with --me IP:PORT" in as_text(player, capture, [], "")


def test_small_forms() -> None:
    assert show_address(("::1", 5060)) == "[::1]:5060"
    assert show_line(Line(7, -1, "<script>", "text\n")) == "     7 ERROR: <script>: text"
    assert list(table(("a", "long"), [("value", "x")])) == [
        "a      long",
        "-----  ----",
        "value  x",
    ]
