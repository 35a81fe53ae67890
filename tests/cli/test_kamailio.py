"""Kamailio's own flags, in its words and with its exit codes."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sipproxy.cli import kamailio
from sipproxy.program import Program
from tests.ports import free_port

Sipproxy = Callable[..., Any]


@pytest.fixture
def cfg(tmp_path: Path) -> Path:
    path = tmp_path / "k.cfg"
    path.write_text(
        "#!ifdef WITH_NONSENSE\nnonsense\n#!endif\n"
        'loadmodule "sl.so"\nrequest_route { sl_send_reply("200", TEXT); }\n'
    )
    return path


def test_check(sipproxy: Sipproxy, cfg: Path) -> None:
    said = sipproxy("-f", str(cfg), "-c", "-A", 'TEXT="fine"')
    assert (said.code, said.err) == (0, "config file ok, exiting...\n")
    said = sipproxy("-c", "-f", str(cfg), "-A", 'TEXT="fine"', "-A", "WITH_NONSENSE")
    assert said.code == 255
    assert said.err.startswith(f"{cfg}:")


def test_compat_reaches_the_proxy(
    sipproxy: Sipproxy, cfg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def check(program: Program) -> int:
        seen.append(program.compat)
        return 0

    monkeypatch.setattr("sipproxy.cli.check.check_program", check)
    words = ("-f", str(cfg), "-c", "-A", 'TEXT="x"')
    assert sipproxy(*words, "--compat=3.0").code == sipproxy(*words).code == 0
    assert seen == ["3.0", "5.6"]


def test_flags_without_effect_are_told_once(sipproxy: Sipproxy, cfg: Path) -> None:
    words = (
        "-f",
        str(cfg),
        "-c",
        "-A",
        'TEXT="x"',
        "-m",
        "64",
        "-M",
        "8",
        "-m",
        "32",
        "-x",
        "tlsf",
    )
    said = sipproxy(*words)
    assert said.code == 0
    assert said.err.startswith("sipproxy: no effect here: -m -M -x\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("-t", "/tmp", "-c"), "-t is not supported"),
        (("--cfg-print",), "--cfg-print is not supported"),
        (("-c", "file.cfg"), "'file.cfg' is no option"),
        (("-j",), "option -j not recognized"),
        (("-l",), "option -l requires argument"),
        (("-c", "--compat=4.4"), "--compat is one of 3.0, 5.6, 6.1, not 4.4"),
        (("-f", "CFG", "-A", 'TEXT="x"', "--debug=high"), "bad option"),
    ],
)
def test_what_is_refused(
    sipproxy: Sipproxy, cfg: Path, words: tuple[str, ...], sentence: str
) -> None:
    said = sipproxy(*(str(cfg) if word == "CFG" else word for word in words))
    assert said.code == 255
    assert sentence in said.err
    assert said.err.count("\n") == 1


def test_a_missing_file(sipproxy: Sipproxy, tmp_path: Path) -> None:
    said = sipproxy("-f", str(tmp_path / "none.cfg"), "-DD", "-E")
    assert said.code == 255
    assert "No such file or directory" in said.err


def test_the_default_cfg(
    sipproxy: Sipproxy, cfg: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIPPROXY_CFG", str(cfg))
    assert sipproxy("-c", "-A", 'TEXT="x"').code == 0
    monkeypatch.delenv("SIPPROXY_CFG")
    (tmp_path / "sipproxy.cfg").write_text("request_route { exit }")
    assert sipproxy("-c").err.startswith("sipproxy.cfg:1:")


def test_it_serves_until_sigterm(cfg: Path, tmp_path: Path) -> None:
    """`-l`, `-A`, `-P`, `-E` and a stop by a signal, with the datagram sent just before it."""
    port, pid_file = free_port(), tmp_path / "pid"
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "sipproxy", "-f", str(cfg), "-DD", "-E", "--debug=2"),
            *("-l", f"udp:127.0.0.1:{port}", "-A", 'TEXT="from a flag"', "-P", str(pid_file)),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr
    line = server.stderr.readline()
    assert line == f" 0({server.pid}) INFO: <core>: listening on=udp:127.0.0.1:{port}\n"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(10)
        phone.connect(("127.0.0.1", port))
        host, own = phone.getsockname()
        phone.send(
            f"OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{own};branch=z9hG4bK1\r\n"
            "From: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: 1\r\n"
            "CSeq: 1 OPTIONS\r\n\r\n".encode()
        )
        os.kill(server.pid, signal.SIGTERM)
        assert phone.recv(4096).startswith(b"SIP/2.0 200 from a flag\r\n")
    assert server.wait(10) == 0
    server.stderr.close()
    assert not pid_file.exists()


def test_flags_that_take_numbers(sipproxy: Sipproxy, cfg: Path) -> None:
    for words in (["-n", "x"], ["--debug=x"], ["--server-id=x"]):
        said = sipproxy("-f", str(cfg), "-c", "-A", 'TEXT="OK"', *words)
        assert said.code == 255
        assert said.err.startswith("sipproxy: bad option: -")
        assert said.err.endswith(" takes a number, not 'x'\n")


def test_tcp_may_be_left_out(tmp_path: Path) -> None:
    cfg = tmp_path / "a.cfg"
    cfg.write_text("listen=127.0.0.1:5060\nrequest_route { exit; }\n")
    for words, protos in (((), ["udp", "tcp"]), (("-T",), ["udp"])):
        program = kamailio._load(kamailio.Flags([*words]), str(cfg))
        assert [one.proto for one in program.settings.sockets()] == protos
