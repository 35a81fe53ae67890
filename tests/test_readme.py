"""The README and the pages of docs/: what they list is there, what they show is what happens."""

import re
import socket
import subprocess
import sys
from pathlib import Path
from pkgutil import iter_modules

import pytest

import sipproxy.modules
from sipproxy.replay.pcap import PcapWriter
from sipproxy.testing import request

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]

BROKEN = """listen=udp:127.0.0.1:5060
loadmodule "sl.so"
loadmodule "dispatcher.so"

request_route {
    sl_send_repply("200", "OK");
    ds_select_dst("1", "4");
}
"""


def blocks(language: str) -> list[str]:
    """The code blocks of one language in the README, in order."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", README)


def shown(command: str) -> str:
    """What the README shows as the output of a command."""
    (block,) = (b for b in blocks("console") if b.startswith(f"$ {command}\n"))
    return block.partition("\n")[2]


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=cwd, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the README's cfg."""
    (cfg,) = blocks("cfg")
    (tmp_path / "hello.cfg").write_text(cfg, "utf-8")
    return tmp_path


def test_the_list_of_modules_is_whole() -> None:
    table = README.partition("<!-- modules -->")[2].partition("<!-- /modules -->")[0]
    listed = re.findall(r"(?m)^\| ([a-z_0-9]+) \|", table)
    there = sorted(info.name for info in iter_modules(sipproxy.modules.__path__))
    assert [name for name in listed if name != "module"] == there


def test_the_page_of_modules_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "modules_page.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_cfg_is_right(folder: Path) -> None:
    done = run("sipproxy", "check", "--strict", "hello.cfg", "-A", "PORT=5070", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_check_says(folder: Path) -> None:
    (folder / "broken.cfg").write_text(BROKEN)
    done = run("sipproxy", "check", "broken.cfg", cwd=folder)
    assert done.stderr == shown("sipproxy check broken.cfg")
    assert done.returncode == 1


def test_what_check_says_of_an_included_file(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "cfg.md").read_text("utf-8")
    (block,) = re.findall(r"(?ms)^```console\n\$ sipproxy check a.cfg\n(.*?)^```$", text)
    (tmp_path / "a.cfg").write_text(
        'mlock_pages=yes\nloadmodule "xlog.so"\nloadmodule "dispatcher.so"\nloadmodule "pv.so"\n'
        'include_file "inc.cfg"\nrequest_route {\n    route(A);\n}\n'
    )
    (tmp_path / "inc.cfg").write_text('route[A] {\n    xlgo("$rm\\n");\n}\n')
    done = run("sipproxy", "check", "a.cfg", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, block)


def test_what_the_server_says(folder: Path) -> None:
    """With a port and a socket of this test's own; numbers and dates are masked."""
    cfg, control = folder / "hello.cfg", folder / "ctl"
    cfg.write_text(cfg.read_text().replace("/tmp/hello_ctl", str(control)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        port = phone.getsockname()[1]
    command = [sys.executable, "-m", "sipproxy", "run", str(cfg), "-A", f"PORT={port}"]
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone,
    ):
        try:
            assert server.stderr
            said = server.stderr.readline()
            phone.settimeout(10)
            phone.connect(("127.0.0.1", port))
            host, own_port = phone.getsockname()
            phone.send(request(source=f"{host}:{own_port}"))
            assert phone.recv(4096).startswith(b"SIP/2.0 200 OK\r\n")
            asked = ("sipproxy", "rpc", "-s", f"unix:{control}", "htable.get", "seen")
            found = run(*asked, "127.0.0.1", cwd=folder)
            missing = run(*asked, "nobody", cwd=folder)
        finally:
            server.terminate()
        assert server.wait(10) == 0
    wanted = shown("sipproxy run hello.cfg -A PORT=5070")
    assert masked(said).replace(str(port), "5070") == masked(wanted)
    get = "-s unix:/tmp/hello_ctl htable.get seen"
    assert masked(found.stdout) == masked(shown(f"kamcmd {get} 127.0.0.1"))
    assert (missing.returncode, missing.stderr) == (1, shown(f"sipproxy rpc {get} nobody"))


def masked(text: str) -> str:
    """Without process numbers and dates."""
    text = re.sub(r"(?m)^ \d+\(\d+\) ", "", text)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "<date>", text)


def test_what_replay_says(folder: Path) -> None:
    """Two phones that ask every two seconds, and a scanner that asks ten times as often."""
    number = 0
    with PcapWriter(str(folder / "phones.pcap")) as capture:
        for turn in range(4):
            asks = {"192.0.2.11": 1, "192.0.2.12": turn % 2, "203.0.113.9": 10}
            for source, count in asks.items():
                for nth in range(count):
                    number += 1
                    message = request(source=f"{source}:5060", number=number)
                    time = 1_795_000_000.0 + 2 * turn + nth / 20
                    capture.add(time, (source, 5060), ("192.0.2.1", 5060), message)
    done = run("sipproxy", "replay", "phones.pcap", "-f", "hello.cfg", cwd=folder)
    assert done.stdout == shown("sipproxy replay phones.pcap -f hello.cfg")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_test_of_a_cfg(folder: Path) -> None:
    (example,) = blocks("python")
    (folder / "test_hello.py").write_text(example, "utf-8")
    done = run("pytest", "-q", "-p", "no:cacheprovider", "-W", "error", ".", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_the_commands_are_the_ones_there_are() -> None:
    from sipproxy.cli import cli

    listed = re.findall(r"(?m)^\| `sipproxy ([a-z-]+)", README)
    assert listed == cli.list_commands(None)  # type: ignore[arg-type]
    targets = re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text())
    assert set(re.findall(r"`?make\s+([a-z]+)`?", README)) <= set(targets)


def anchors(page: Path) -> set[str]:
    """What a link can name behind its `#`, one for each heading."""
    headings = re.findall(r"(?m)^#+ (.*)$", page.read_text("utf-8"))
    return {re.sub(r"[^a-z0-9_ -]", "", h.lower()).strip().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
        file, _, anchor = target.partition("#")
        if file.startswith("http"):
            continue
        found = page.parent / file if file else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target
