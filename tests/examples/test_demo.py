"""`make run`: all stories end by themselves, within their time, and live and replay agree."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_demonstration() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo"],
        capture_output=True,
        text=True,
        timeout=40,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for line in (
        "flooder 127.0.0.66 120 20 100 its request 21",
        "31 virtual seconds later the flooder asks once more and gets 200",
        "live and replay agree",
        "bob's phone 127.0.0.21 10 of 10 - - -",
        "alice's phone 127.0.0.66 10 of 10 - - -",
        "password list 127.0.0.66 - 121 3 118",
        "with decoy headers 127.0.0.67 - 121 3 118",
        "40 addresses 127.0.1.x - 80 14 66",
        "and the 40 addresses: live and replay agree",
        "good users blocked: 0 of 20",
        "a scan for users 1 301 0 0 0",
    ):
        assert line in lines, done.stdout
    for words in (
        "flooder 20 100 as live",
        "bob's phone 10 1 0 as live",
        "banned 127.0.0.66 bob 3",
    ):
        assert any(line.startswith(words) for line in lines), done.stdout
    (found,) = (line for line in lines if line.startswith("a list of passwords"))
    assert found.endswith(" 1 0")
    (link,) = (line for line in lines if line.startswith("the report: file://"))
    page = Path(link.removeprefix("the report: file://")).read_text("utf-8")
    assert "<b>No good user</b> would have been blocked" in page
