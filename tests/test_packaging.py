"""What packagers take: the man page, the systemd unit, its defaults, the Dockerfile."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from sipproxy.cli import COMMANDS, EXITS, FLAGS, SIGNALS
from sipproxy.cli.kamailio import Flags

ROOT = Path(__file__).resolve().parent.parent
PACKAGING = ROOT / "packaging"
UNIT = (PACKAGING / "sipproxy.service").read_text()
DEFAULTS = (PACKAGING / "sipproxy.default").read_text()
DOCKER = (PACKAGING / "Dockerfile").read_text()


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


def test_the_man_page_is_up_to_date() -> None:
    done = run(sys.executable, str(ROOT / "tools" / "man_page.py"), "--check")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
def test_the_man_page_is_good_troff_and_says_what_the_help_says() -> None:
    done = run("groff", "-man", "-ww", "-Tascii", "-P-c", str(PACKAGING / "sipproxy.1"))
    assert (done.returncode, done.stderr) == (0, "")
    text = " ".join(re.sub(".\b", "", done.stdout).replace("-\n", "").split())
    for name in COMMANDS:
        assert f" sipproxy {name} " in text
    for rows in (FLAGS, SIGNALS, EXITS):
        for words in rows:
            assert words in text


def setting(name: str) -> str:
    """The value of a setting of the unit that stands there once."""
    (value,) = re.findall(rf"(?m)^{name}=(.*)$", UNIT)
    return str(value)


def command(name: str, **variables: str) -> list[str]:
    """The words of a command of the unit, as systemd would fill them in."""
    text = setting(name)
    for variable, value in variables.items():
        text = re.sub(rf"\$\{{?{variable}\}}?", value, text)
    assert "$" not in text
    return shlex.split(text)


def test_the_unit_starts_serves_and_stops(tmp_path: Path) -> None:
    """Its own commands, with this interpreter in front; systemd's part is played by a socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    cfg = tmp_path / "sipproxy.cfg"
    cfg.write_text('loadmodule "sl.so"\nrequest_route { sl_send_reply("200", "OK"); }\n')
    filled = {"CFGFILE": str(cfg), "OPTIONS": f"-l udp:127.0.0.1:{port}"}
    checked = run(sys.executable, "-m", "sipproxy", *command("ExecStartPre", **filled)[1:])
    assert checked.returncode == 0, checked.stderr
    assert setting("Type") == "notify"
    start = command("ExecStart", **filled)
    assert (start[0], Flags(start[1:]).count("-D")) == ("/usr/bin/sipproxy", 2)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        with subprocess.Popen(
            [sys.executable, "-m", "sipproxy", *start[1:]],
            stderr=subprocess.PIPE,
            env=os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify")},
        ) as server:
            try:
                assert systemd.recv(100) == b"READY=1"
                assert f":{port:04X} " in Path("/proc/net/udp").read_text()
            finally:
                server.terminate()
            assert systemd.recv(100) == b"STOPPING=1"
            assert server.wait(10) == 0


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "sipproxy.service"
    unit.write_text(UNIT.replace("/usr/bin/sipproxy", sys.executable))
    done = run("systemd-analyze", "verify", "--man=no", str(unit))
    assert (done.returncode, done.stderr) == (0, "")


def test_what_the_defaults_set_is_what_the_unit_reads() -> None:
    offered = set(re.findall(r"(?m)^#?([A-Z_]+)=", DEFAULTS))
    assert offered == {"CFGFILE", "OPTIONS"}
    assert offered == set(re.findall(r"\$\{?([A-Z_]+)", UNIT)) - {"MAINPID"}  # systemd sets that
    assert offered == set(re.findall(r"(?m)^Environment=([A-Z_]+)=", UNIT))
    assert "EnvironmentFile=-/etc/default/sipproxy\n" in UNIT
    (options,) = re.findall(r"(?m)^#OPTIONS=(.*)$", DEFAULTS)
    assert Flags(shlex.split(options)).all("--log-format") == ["json"]


def test_the_image_starts_with_flags_that_there_are() -> None:
    (words,) = re.findall(r"(?m)^CMD \[(.*)\]$", DOCKER)
    flags = Flags([word.strip().strip('"') for word in words.split(",")])
    assert (flags.count("-D"), flags.count("-E")) == (2, 1)
    assert 'ENTRYPOINT ["sipproxy"]' in DOCKER


def test_every_file_that_is_no_python_is_packaged() -> None:
    """It matches a pattern of package-data, seen from the package that it lies in."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = settings["tool"]["setuptools"]["package-data"]["*"]
    left_out = []
    for path in (ROOT / "sipproxy").rglob("*"):
        if path.is_dir() or path.suffix in (".py", ".pyc") or path.name.startswith("."):
            continue
        package = next(folder for folder in path.parents if (folder / "__init__.py").exists())
        name = path.relative_to(package).as_posix()
        if not any(fnmatch(name, one) and name.count("/") == one.count("/") for one in patterns):
            left_out.append(str(path))
    assert left_out == []
