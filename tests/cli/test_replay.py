"""`sipproxy replay`."""

import csv
import html
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sipproxy.replay.pcap import PcapWriter

Sipproxy = Callable[..., Any]

CFG = """loadmodule "sl.so"
loadmodule "xlog.so"
request_route {
    xlog("from $si\\n");
    if (uri == myself) { sl_send_reply("200", "OK"); exit; }
    sl_send_reply("403", "No");
}
"""


@pytest.fixture
def cfg(tmp_path: Path) -> str:
    path = tmp_path / "r.cfg"
    path.write_text('loadmodule "pv.so"\n' + CFG)
    return str(path)


@pytest.fixture
def capture(tmp_path: Path) -> str:
    """Two requests to 192.0.2.100:5060, three to 192.0.2.200:5061."""
    path = tmp_path / "c.pcap"
    with PcapWriter(str(path)) as writer:
        for number in range(5):
            dest = ("192.0.2.100", 5060) if number < 2 else ("192.0.2.200", 5061)
            text = (
                "OPTIONS sip:192.0.2.100 SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK{number}\r\n"
                "From: <sip:a@x>;tag=a\r\nTo: <sip:b@x>\r\n"
                f"Call-ID: {number}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            )
            writer.add(1000.0 + number, ("192.0.2.1", 5070), dest, text.encode())
    return str(path)


def test_the_busiest_address_is_taken_for_ours(sipproxy: Sipproxy, cfg: str, capture: str) -> None:
    said = sipproxy("replay", capture, "-f", cfg)
    assert said.code == 0
    assert "us: 192.0.2.200:5061 (guessed: most senders and requests went there)" in said.out
    assert "OPTIONS 3" in said.out
    assert f"OPTIONS 403, {cfg}:7" in said.out


def test_our_address_may_be_told(sipproxy: Sipproxy, cfg: str, capture: str) -> None:
    words = ("--me", "192.0.2.100", "--me", "192.0.2.200:5061", "--json")
    said = sipproxy("replay", capture, "-f", cfg, *words)
    report = json.loads(said.out)
    assert report["me"] == ["192.0.2.100:5060", "192.0.2.200:5061"]
    assert report["sources"][0]["answers"] == {"200": 5}


@pytest.mark.parametrize("me", ["example.org:5060", "192.0.2.1:x", "192.0.2.1:99999"])
def test_an_address_that_is_none(sipproxy: Sipproxy, cfg: str, capture: str, me: str) -> None:
    assert sipproxy("replay", capture, "-f", cfg, "--me", me).code == 2


def test_the_lines_the_cfg_logs(sipproxy: Sipproxy, cfg: str, capture: str) -> None:
    said = sipproxy("replay", capture, "-f", cfg, "--me", "192.0.2.100", "--log")
    assert said.err == (
        "     1 ERROR: <script>: from 192.0.2.1\n     2 ERROR: <script>: from 192.0.2.1\n"
    )


def test_unreadable_input_is_one_sentence_and_exit_2(
    sipproxy: Sipproxy, cfg: str, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.pcap"
    bad.write_text("this is no capture at all, only text")
    said = sipproxy("replay", str(bad), "-f", cfg)
    assert (said.code, said.out, said.err) == (
        2,
        "",
        f"sipproxy: {bad} is no pcap or pcapng capture\n",
    )
    said = sipproxy("replay", str(tmp_path / "none.pcap"), "-f", cfg)
    assert said.code == 2
    said = sipproxy("replay", str(bad), "-f", str(tmp_path / "none.cfg"))
    assert said.code == 2


def test_nothing_outside_is_touched(sipproxy: Sipproxy, capture: str, tmp_path: Path) -> None:
    """Neither control sockets nor ports of the cfg are opened."""
    cfg = tmp_path / "s.cfg"
    cfg.write_text(
        'listen=udp:127.0.0.1:5060\nloadmodule "ctl.so"\n'
        f'modparam("ctl", "binrpc", "unix:{tmp_path}/ctl")\n' + 'loadmodule "pv.so"\n' + CFG
    )
    before = set(os.listdir(tmp_path))
    assert sipproxy("replay", capture, "-f", str(cfg)).code == 0
    assert set(os.listdir(tmp_path)) == before


def test_what_is_good_what_is_blocked_and_what_fails(
    sipproxy: Sipproxy, cfg: str, capture: str, tmp_path: Path
) -> None:
    good = tmp_path / "good"
    good.write_text("a@192.0.2.1\n")
    words = ("replay", capture, "-f", cfg, "--good", str(good))
    said = sipproxy(*words, "--fail-if", "good.blocked>0", "--fail-if", "totals.relayed>0")
    assert said.code == 1
    assert said.out.startswith("good users blocked: 1 of 1 known good\n  a at 192.0.2.1: blocked 3")
    assert said.err == "sipproxy: good.blocked>0: it is 1\n"
    said = sipproxy(*words, "--fail-if", "good.blocked>0", "--blocked", "500-599,silence")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("good users blocked: 0 of 1 known good\n")


@pytest.mark.parametrize(
    "words",
    [
        ("--fail-if", "good.blocked"),
        ("--fail-if", "no.such>0"),
        ("--blocked", "none"),
        ("--good", "/nowhere/good"),
        ("--users", "/nowhere/users"),
        ("--epoch", "2000"),
        ("--auth", "guess"),
    ],
)
def test_wrong_usage(sipproxy: Sipproxy, cfg: str, capture: str, words: tuple[str, ...]) -> None:
    said = sipproxy("replay", capture, "-f", cfg, *words)
    assert said.code == 2 and said.err


def test_each_decision_and_csv(sipproxy: Sipproxy, cfg: str, capture: str) -> None:
    words = ("replay", capture, "-f", cfg, "--me", "192.0.2.100")
    report = json.loads(sipproxy(*words, "--json", "--messages").out)
    assert [row["packet"] for row in report["decisions"]] == [1, 2]
    assert report["decisions"][0]["line"] == f"{cfg}:6"
    assert "decisions" not in json.loads(sipproxy(*words, "--json").out)
    lines = sipproxy(*words, "--csv").out.splitlines()
    assert lines[0].startswith("address,requests,accepted,") and lines[1].startswith("192.0.2.1,2,")


STRANGER = """#!KAMAILIO
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "dispatcher.so"
modparam("dispatcher", "ds_ping_interval", 10)
request_route {
    if ($dlg_var(x) == "1") exit;
    if (!ds_select_dst("1", "4")) { sl_send_reply("503", "No"); exit; }
    sl_send_reply("200", "OK");
}
"""


@pytest.fixture
def stranger(tmp_path: Path) -> str:
    """A cfg that wants modules which are not here."""
    path = tmp_path / "stranger.cfg"
    path.write_text(
        STRANGER.replace('loadmodule "disp', 'loadmodule "dialog.so"\nloadmodule "disp')
    )
    return str(path)


def test_what_is_not_there_is_told_once(sipproxy: Sipproxy, stranger: str, capture: str) -> None:
    said = sipproxy("replay", capture, "-f", stranger)
    assert said.code == 0
    assert "  not there, modules: dialog, dispatcher\n" in said.out
    assert "(with their answer, and how often): ds_select_dst=-1 x3\n" in said.out
    assert "  not there, variables: $dlg_var(x) x3\n" in said.out
    assert "  3 of 3 requests came to one of these (see --stub)\n" in said.out
    assert ", stubbed $dlg_var(x) ds_select_dst" in said.out
    report = json.loads(sipproxy("replay", capture, "-f", stranger, "--json", "--messages").out)
    assert report["unsupported"][2] == {
        "kind": "function",
        "name": "ds_select_dst",
        "module": "dispatcher",
        "answer": -1,
        "uses": 3,
    }
    assert report["decisions"][0]["stubs"] == ["$dlg_var(x)", "ds_select_dst"]
    assert report["totals"]["uncertain"] == 3


def test_stubs_answer_as_they_are_told(sipproxy: Sipproxy, stranger: str, capture: str) -> None:
    words = ("replay", capture, "-f", stranger)
    said = sipproxy(*words, "--stub", "ds_select_dst=1", "--stub", "ds_selct_dst=2")
    assert "200:3" in said.out
    unused = '--stub ds_selct_dst (did you mean "ds_select_dst"?)'
    assert f"  {unused}: the cfg asks for nothing of that name\n" in said.out
    said = sipproxy(*words, "--stub", "$dlg_var(x)=1")
    assert "OPTIONS dropped" in said.out


@pytest.mark.parametrize(
    ("stub", "says"),
    [
        ("ds_select_dst=x", "--stub ds_select_dst=x: 'x' is no return code"),
        ("=1", "--stub '=1' is not NAME=CODE or $NAME=VALUE"),
        ("$rm=INVITE", "--stub $rm: $rm is there, and is read as it is"),
    ],
)
def test_stubs_that_make_no_sense(
    sipproxy: Sipproxy, stranger: str, capture: str, stub: str, says: str
) -> None:
    said = sipproxy("replay", capture, "-f", stranger, "--stub", stub)
    assert (said.code, said.err) == (2, f"sipproxy: {says}\n")


def test_the_report_and_the_blocked_packets(
    sipproxy: Sipproxy, cfg: str, capture: str, tmp_path: Path
) -> None:
    report, blocked = tmp_path / "r.html", tmp_path / "b.pcap"
    words = ("--json", "--report", str(report), "-w", str(blocked))
    said = sipproxy("replay", capture, "-f", cfg, *words)
    assert said.code == 0
    assert json.loads(said.out)["totals"]["blocked"] == 3
    size = report.stat().st_size
    assert said.err == (
        f"sipproxy: {report}: the report, {size / 1000:.0f} KB\n"
        f"sipproxy: {blocked}: 3 packets of blocked requests\n"
    )
    assert report.read_text().startswith("<!doctype html>")
    again = sipproxy("replay", str(blocked), "-f", cfg, "--json")
    assert json.loads(again.out)["totals"]["answers"] == {"403": 3}


def test_the_report_says_how_to_ask_why(
    sipproxy: Sipproxy, cfg: str, capture: str, tmp_path: Path
) -> None:
    """With one capture, and with another beside it that was captured before."""
    earlier, report = str(tmp_path / "b c.pcap"), tmp_path / "r.html"
    with PcapWriter(earlier) as writer:
        writer.add(900.0, ("192.0.2.9", 5060), ("192.0.2.200", 5061), b"\r\n\r\n")
    for captures, packet in (([capture], "3"), ([capture, earlier], "2:3")):
        assert sipproxy("replay", *captures, "-f", cfg, "--report", str(report)).code == 0
        (command,) = re.findall(r"<code>(sipproxy explain [^<]*)</code>", report.read_text())
        words = shlex.split(html.unescape(command))
        assert words[1:] == ["explain", *captures[::-1], "-f", cfg, "--packet", packet]
        said = sipproxy(*words[1:])
        assert said.code == 0 and "403" in said.out


def test_the_report_is_the_same_whatever_the_hashes(cfg: str, capture: str, tmp_path: Path) -> None:
    pages = []
    for seed in ("1", "77"):
        path = tmp_path / f"{seed}.html"
        words = ["replay", capture, "-f", cfg, "--report", str(path)]
        environment = os.environ | {"PYTHONHASHSEED": seed}
        command = [sys.executable, "-m", "sipproxy", *words]
        subprocess.run(command, check=True, capture_output=True, env=environment, timeout=60)
        pages.append(re.sub(r"[0-9.]+ s</td>", "", path.read_text("utf-8")))
    assert pages[0] == pages[1]


@pytest.mark.parametrize("option", ["--report", "-w"])
def test_files_that_cannot_be_written(
    sipproxy: Sipproxy, cfg: str, capture: str, tmp_path: Path, option: str
) -> None:
    said = sipproxy("replay", capture, "-f", cfg, option, str(tmp_path / "none" / "x"))
    assert (said.code, said.out) == (2, "")
    assert said.err.endswith(f"there is no folder {tmp_path}/none\n")
    before = Path(capture).read_bytes()
    said = sipproxy("replay", capture, "-f", cfg, option, f"{tmp_path}/./c.pcap")
    assert said.code == 2 and said.err.endswith("is one of the captures\n")
    assert Path(capture).read_bytes() == before


def test_csv_is_whole_and_can_be_read(sipproxy: Sipproxy, cfg: str, capture: str) -> None:
    said = sipproxy("replay", capture, "-f", cfg, "--csv")
    (row,) = csv.DictReader(said.out.splitlines())
    assert (row["address"], row["requests"], row["blocked"]) == ("192.0.2.1", "3", "3")
    assert (row["first_blocked"], row["line"]) == ("1002.000000", f"{cfg}:7")
