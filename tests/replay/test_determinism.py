"""The same input gives the same output, byte for byte, whatever Python's hashes are."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sipproxy.replay.pcap import PcapWriter
from sipproxy.testing.messages import Messages

ME, GATEWAY = ("192.0.2.100", 5060), ("192.0.2.50", 5060)
CFG = """#!KAMAILIO
debug=3
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "rr.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "htable.so"
loadmodule "corex.so"
loadmodule "uuid.so"
loadmodule "pike.so"
loadmodule "dispatcher.so"
loadmodule "cfgutils.so"
modparam("tm", "fr_timer", 2000)
modparam("htable", "htable", "seen=>size=4;autoexpire=3;initval=0;")
modparam("htable", "timer_interval", 1)
request_route {
    xlog("L_ERR", "$rm of $si, $RANDOM, $T_branch_idx $mi\\n");
    $var(n) = $shtinc(seen=>$si::$fU);
    pike_check_req();
    if (is_method("OPTIONS")) {
        sht_iterator_start("all", "seen");
        while (sht_iterator_next("all")) {
            xlog("L_ERR", "$shtitkey(all) is $shtitval(all)\\n");
        }
        sht_iterator_end("all");
        sl_send_reply("200", "$(ct{s.md5}) $uuid(r)");
        exit;
    }
    if (is_method("REGISTER")) { save("location"); exit; }
    record_route();
    t_on_branch("OUT");
    if (ds_select_dst("1", "4")) exit;
    append_branch("sip:two@second.example");
    $ru = "sip:one@first.example";
    t_relay();
}
branch_route[OUT] { xlog("L_ERR", "branch $T_branch_idx to $ru\\n"); }
event_route[htable:expired:seen] { xlog("L_ERR", "gone: $shtrecord(key)\\n"); }
"""


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """A replay of forty sources that register, call and ask, with all of its log."""
    messages = Messages()
    capture, cfg = tmp_path / "c.pcap", tmp_path / "t.cfg"
    cfg.write_text(CFG)
    with PcapWriter(str(capture)) as writer:
        for number in range(120):
            host = f"198.51.100.{number % 40}"
            make = (messages.register, messages.invite, messages.options)[number % 3]
            data = make(f"user{number}", source=f"{host}:5060")
            time = 1000.0 + number / 7
            writer.add(time, (host, 5060), ME, data)
            if number % 3 == 1:
                writer.add(time + 0.1, GATEWAY, ME, messages.response(data, 486, "Busy"))
    return ["replay", str(capture), "-f", str(cfg), "--log"]


def said(words: list[str], seed: str) -> tuple[bytes, bytes]:
    """What a process with this seed of hashes writes."""
    done = subprocess.run(
        [sys.executable, "-m", "sipproxy", *words],
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONHASHSEED": seed},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.mark.parametrize("form", [(), ("--json", "--messages")])
def test_the_same_input_gives_the_same_output(words: list[str], form: tuple[str, ...]) -> None:
    (one, log), (two, log_again) = (said([*words, *form], seed) for seed in ("1", "2"))
    if form and form[0] == "--json":
        report, again = json.loads(one), json.loads(two)
        report.pop("seconds_run")
        again.pop("seconds_run")
        assert json.dumps(report) == json.dumps(again)
    else:
        assert one == two
    assert log == log_again
    assert b"gone: " in log and b" is 1" in log and b"branch 1 to" in log
