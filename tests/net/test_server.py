"""The live server: real datagrams, timers, what goes wrong, and how it starts and stops."""

import contextlib
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sipproxy.errors import CfgError
from sipproxy.net.addresses import StartError
from sipproxy.net.options import Options
from sipproxy.net.server import Server
from sipproxy.program import load_text

if TYPE_CHECKING:
    from tests.net.conftest import Running

Serve = Callable[[str], "Running"]

ANSWER = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
debug=2
"""


def test_it_answers_and_its_log_has_kamailios_form(
    serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    running = serve(
        ANSWER
        + 'log_prefix="{$rm} "\nrequest_route { xlog("L_INFO", "from $si\\n");'
        + ' sl_send_reply("200", "OK"); }'
    )
    assert running.ask().startswith(b"SIP/2.0 200 OK\r\n")
    running.stop()
    lines = capfd.readouterr().err
    head = f" 0({os.getpid()}) "
    assert f"{head}INFO: {{OPTIONS}} <script>: from 127.0.0.1\n" in lines
    assert f"{head}INFO: <core>: listening on=udp:127.0.0.1:{running.port}\n" in lines
    assert "worker serves" not in lines


def test_that_there_is_one_worker_is_told_where_the_cfg_wants_more(
    serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    serve(ANSWER + "children=4\nrequest_route { exit; }").stop()
    assert "INFO: <core>: children=4: 1 worker serves\n" in capfd.readouterr().err


def test_its_log_has_the_colors_of_the_cfg(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    running = serve(
        ANSWER
        + 'log_color=1\nmodparam("xlog", "log_colors", "L_INFO=Rb")\n'
        + 'request_route { xinfo("one\\n"); xwarn("two"); sl_send_reply("200", "OK"); }'
    )
    running.ask()
    running.stop()
    lines = capfd.readouterr().err
    head = f" 0({os.getpid()}) "
    plain = "\033[0;39;49m"
    assert f"\033[1;31;44m{head}INFO: <script>: one\n{plain}" in lines
    assert f"\033[0;35;49m{head}WARNING: <script>: two\n{plain}" in lines


def test_junk_and_faults_end_that_message_only(serve: Serve) -> None:
    running = serve(ANSWER + 'request_route { sl_send_reply("200", "OK"); }')
    for junk in (
        b"\r\n\r\n",
        b"hello",
        b"\0" * 500,
        b"OPTIONS sip:x SIP/2.0\r\n\r\n",
        b"\xff" * 60000,
    ):
        running.say(junk)
    assert running.ask().startswith(b"SIP/2.0 200 OK\r\n")
    assert running.server.proxy.host.counters["core.broken"] == 0


def test_timers_fire_while_nothing_arrives(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    running = serve(
        ANSWER
        + 'loadmodule "htable.so"\nmodparam("htable", "htable", "t=>size=2;autoexpire=1;")\n'
        + 'modparam("htable", "timer_interval", 1)\n'
        + 'request_route { $sht(t=>k) = 1; sl_send_reply("200", "OK"); }\n'
        + 'event_route[htable:expired:t] { xlog("gone: $shtrecord(key)\\n"); }'
    )
    running.ask()
    wanted = f" 0({os.getpid()}) ERROR: <script>: gone: k\n"
    seen = ""
    running.phone.settimeout(0.1)
    for _ in range(100):
        with contextlib.suppress(TimeoutError):
            running.phone.recv(1)  # nothing comes: it only lets time pass
        seen += capfd.readouterr().err
        if wanted in seen:
            break
    assert wanted in seen


def test_a_port_in_use_starts_nothing(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        cfg = (
            f'listen=udp:127.0.0.1:{port}\nloadmodule "ctl.so"\n'
            'modparam("ctl", "binrpc", "unix:ctl")\nrequest_route { exit; }'
        )
        with pytest.raises(StartError, match=f"^cannot listen on udp:127.0.0.1:{port}: Address"):
            Server(load_text(cfg), Options(run_dir=str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_a_control_socket_that_cannot_be_made_gives_the_port_back(tmp_path: Path) -> None:
    (tmp_path / "ctl").write_text("a file, no socket")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    cfg = (
        f'listen=udp:127.0.0.1:{port}\nloadmodule "ctl.so"\n'
        'modparam("ctl", "binrpc", "unix:ctl")\nrequest_route { exit; }'
    )
    with pytest.raises(StartError, match=re.escape(f"socket {tmp_path}/ctl: it exists and is no")):
        Server(load_text(cfg), Options(run_dir=str(tmp_path)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", port))
    assert (tmp_path / "ctl").read_text() == "a file, no socket"


def test_only_protocols_that_are_not_served() -> None:
    with pytest.raises(StartError, match=r"^no address to listen on \(tls:127\.0\.0\.1:5061\)$"):
        Server(load_text("listen=tls:127.0.0.1:5061\nrequest_route { exit; }"), Options())


def test_a_prefix_that_cannot_be_read_is_a_problem_of_the_cfg(port: int) -> None:
    cfg = f'listen=udp:127.0.0.1:{port}\nlog_prefix="$nosuch(x) "\nrequest_route {{ exit; }}'
    with pytest.raises(CfgError) as caught:
        Server(load_text(cfg, file="t.cfg"), Options())
    (problem,) = caught.value.problems
    assert (problem.span.line, "nosuch" in problem.message) == (2, True)


def test_names_of_the_hosts_file_are_ours_unless_the_cfg_says_no(serve: Serve) -> None:
    route = 'request_route { if (uri == myself) sl_send_reply("200", "Us"); }'
    running = serve(ANSWER + route)
    own = running.server.proxy.host.own
    assert own.is_myself("localhost", running.port)
    other = serve(ANSWER + "auto_aliases=no\n" + route)
    assert not other.server.proxy.host.own.is_myself("localhost", other.port)


def test_the_real_processes_are_told(serve: Serve) -> None:
    running = serve(ANSWER + "request_route { exit; }")
    assert running.server.proxy.host.processes() == [
        (os.getpid(), f"udp worker 0 sock=udp:127.0.0.1:{running.port}")
    ]
