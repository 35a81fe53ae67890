"""A module in a package of its own: built, installed, found by its entry point, and used."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "examples" / "custom_module"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the package, without a network."""
    pytest.importorskip("setuptools")
    folder = tmp_path_factory.mktemp("custom")
    source = shutil.copytree(SOURCE, folder / "source")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    alone = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(folder / "site")]
    done = subprocess.run([*pip, *alone, str(source)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder / "site"


def started(site: Path, *words: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """`python -m WORDS` where the package is installed."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_its_own_tests_pass(site: Path, tmp_path: Path) -> None:
    shutil.copytree(SOURCE / "tests", tmp_path / "tests")
    done = started(site, "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "8 passed" in done.stdout


def test_the_cfg_of_its_readme_is_right(site: Path, tmp_path: Path) -> None:
    (text,) = re.findall(r"(?ms)^```cfg\n(.*?)^```$", (SOURCE / "README.md").read_text())
    needed = "".join(f'loadmodule "{name}.so"\n' for name in ("pv", "xlog"))
    (tmp_path / "edge.cfg").write_text(f"#!KAMAILIO\nlisten=udp:127.0.0.1:5060\n{needed}{text}")
    done = started(site, "sipproxy", "check", "--strict", "edge.cfg", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_running_server_has_it(site: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "edge.cfg").write_text(
        f"listen=udp:127.0.0.1:{port}\n"
        'loadmodule "pv.so"\nloadmodule "sl.so"\nloadmodule "ctl.so"\nloadmodule "penalty.so"\n'
        f'modparam("ctl", "binrpc", "unix:{tmp_path}/ctl")\n'
        'modparam("penalty", "offence", "asking=3")\n'
        'request_route { penalty_add("$fU", "asking"); sl_send_reply("200", "OK"); }\n'
    )
    server = subprocess.Popen(
        [sys.executable, "-m", "sipproxy", "run", "edge.cfg"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(site)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stderr and "listening" in server.stderr.readline()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.settimeout(10)
            phone.connect(("127.0.0.1", port))
            host, own = phone.getsockname()
            phone.send(
                f"OPTIONS sip:edge SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{own};branch=z9hG4bK1\r\n"
                "From: <sip:alice@example.org>;tag=a\r\nTo: <sip:edge>\r\nCall-ID: 1\r\n"
                "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n".encode()
            )
            assert phone.recv(4096).startswith(b"SIP/2.0 200 ")
        asked = ("sipproxy", "rpc", "-s", f"unix:{tmp_path}/ctl")
        listed = started(site, *asked, "--json", "penalty.list", cwd=tmp_path)
        unknown = started(site, *asked, "penalty.forget", "bob", cwd=tmp_path)
    finally:
        server.terminate()
        server.communicate(timeout=20)
    assert json.loads(listed.stdout) == {"key": "alice", "points": 3}
    assert (unknown.returncode, unknown.stderr) == (1, "error: 404 - No such key\n")


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[str, str], str]:
    """What check says of a cfg that loads a module from a package with this code."""

    def check(code: str, value: str) -> str:
        info = tmp_path / "broken-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[sipproxy.modules]\nmine = {value}\n")
        (tmp_path / "broken_code.py").write_text(code)
        (tmp_path / "a.cfg").write_text(
            'loadmodule "mine.so"\nmodparam("mine", "x", 1)\nrequest_route { exit; }\n'
        )
        done = started(tmp_path, "sipproxy", "check", "a.cfg", cwd=tmp_path)
        assert done.returncode == 1
        return done.stderr.splitlines()[0]

    return check


@pytest.mark.parametrize(
    ("code", "value", "said"),
    [
        (
            "import no_such_package",
            "broken_code:Mine",
            "broken offers it as broken_code:Mine: "
            "ModuleNotFoundError: No module named 'no_such_package'",
        ),
        (
            "",
            "broken_code:Mine",
            "broken offers it as broken_code:Mine: "
            "AttributeError: module 'broken_code' has no attribute 'Mine'",
        ),
        (
            "from sipproxy.core.module import Module\nclass Mine(Module, name='other'): pass",
            "broken_code:Mine",
            'broken offers broken_code:Mine, which is no Module with name="mine"',
        ),
    ],
)
def test_a_package_that_is_broken_is_told(
    broken: Callable[[str, str], str], code: str, value: str, said: str
) -> None:
    assert broken(code, value).removesuffix(" [SP001]").startswith(f"a.cfg:1:1: mine: {said}")
