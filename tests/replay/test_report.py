"""The report of a replay for people."""

from pathlib import Path

from sipproxy.program import load_text
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.report import as_text
from sipproxy.replay.run import Replayed, replay

ME = ("192.0.2.100", 5060)
CFG = """loadmodule "sl.so"
request_route {
    if (method == "OPTIONS") { sl_send_reply("200", "OK"); exit; }
    sl_send_reply("403", "No");
}
"""


def replayed(path: Path, *, answered: bool = False) -> Replayed:
    source = ("192.0.2.1", 5070)
    with PcapWriter(str(path)) as writer:
        for number, method in enumerate(("OPTIONS", "OPTIONS", "REGISTER")):
            head = (
                "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK\r\n"
                f"From: <sip:a@x>;tag=a\r\nTo: <sip:b@x>\r\n"
                f"Call-ID: {number}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
            )
            request = f"{method} sip:b@192.0.2.100 SIP/2.0\r\n{head}"
            writer.add(36000.5 + number, source, ME, request.encode())
            if answered:
                writer.add(36000.6 + number, ME, source, f"SIP/2.0 200 OK\r\n{head}".encode())
    with open(path, "ab") as stream:
        stream.write(b"\0\0\0")
    return replay(load_text(CFG, file="t.cfg"), [str(path)], me=[ME])


def test_the_table(tmp_path: Path) -> None:
    text = as_text(replayed(tmp_path / "a.pcap"))
    assert text.replace(str(tmp_path), "DIR") == (
        "good users blocked: nobody is known good (see --good)\n"
        "\n"
        "DIR/a.pcap through t.cfg\n"
        "  us: 192.0.2.100:5060 (as told)\n"
        "  3 of 3 frames were sent to us and played\n"
        "  broken: the file ends in the middle of frame 4; what stood before it was played\n"
        "\n"
        "the captures have no answers of the old server: nothing to compare with\n"
        "\n"
        "source     requests              answered     relayed  dropped  first blocked\n"
        "---------  --------------------  -----------  -------  -------  "
        "---------------------------------------------\n"
        "192.0.2.1  OPTIONS 2 REGISTER 1  200:2 403:1  0        0        "
        "packet 3, 10:00:02.500, REGISTER 403, t.cfg:4"
    )


def test_good_users_blocked_come_first_and_then_where_it_becomes_open_loop(tmp_path: Path) -> None:
    lines = as_text(replayed(tmp_path / "a.pcap", answered=True)).splitlines()
    assert lines[0] == "good users blocked: 1 of 1 known good"
    blocked = "packet 5, 10:00:02.500, REGISTER 403, t.cfg:4"
    assert lines[1] == f"  a at 192.0.2.1: blocked 1 times, first: {blocked}"
    assert (
        "open-loop from packet 5, 10:00:02.500: REGISTER of 192.0.2.1 was 200, is 403 (t.cfg:4)"
    ) in lines
    assert lines[-1].split()[5:7] == ["200:2", "403:1"] and "200:3" in lines[-1]


def test_without_our_address_there_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "empty.pcap"
    PcapWriter(str(path)).close()
    text = as_text(replay(load_text(CFG), [str(path)]))
    assert "us: not found; say it with --me IP:PORT" in text
    assert "source" not in text
