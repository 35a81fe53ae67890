"""The front door: help, version, exit codes."""

import re
import resource
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from sipproxy import __version__
from sipproxy.cli import kamailio

Sipproxy = Callable[..., Any]


def test_help_names_every_command(sipproxy: Sipproxy) -> None:
    for words in ((), ("-h",), ("--help",)):
        said = sipproxy(*words)
        text = said.out + said.err
        assert text.startswith("Usage: sipproxy")
        for name in ("run", "check", "rpc", "replay", "show-code"):
            assert f"  {name} " in text
            assert sipproxy(name, "--help").out.startswith(f"Usage: sipproxy {name}")


def test_version(sipproxy: Sipproxy) -> None:
    for flag in ("-v", "-V", "--version"):
        said = sipproxy(flag)
        assert (said.code, said.out) == (0, f"{__version__}\n")


def test_usage_errors_exit_with_2(sipproxy: Sipproxy) -> None:
    said = sipproxy("nonsense")
    assert (said.code, said.err.splitlines()[-1]) == (2, "Error: No such command 'nonsense'.")
    assert '(did you mean "check"?)' in sipproxy("chek", "a.cfg").err
    assert sipproxy("check").code == 2
    assert sipproxy("replay", "x.pcap").code == 2


def test_a_fault_of_ours_exits_with_4(
    sipproxy: Sipproxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("sipproxy.program.load_file", broken)
    said = sipproxy("check", str(tmp_path / "x.cfg"))
    assert said.code == 4
    assert "RuntimeError: a fault of ours" in said.err
    assert sipproxy("-f", str(tmp_path / "x.cfg"), "-c").code == 255


def test_help_is_quick() -> None:
    """Under 150 ms of the processor's time, the best of five: other work does not count."""
    best = 9.0
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "sipproxy", "--help"], check=True, capture_output=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = min(best, spent)
    assert best < 0.15


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from sipproxy.cli import cli\n"
        "try: cli(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('lark','structlog','sqlalchemy','asyncio','sipproxy.proxy')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_lists_every_flag_that_does_something(sipproxy: Sipproxy) -> None:
    """Those of Kamailio's that have no effect or are refused are left out."""
    names = [f"-{letter}" for letter in kamailio._SHORT.replace(":", "")]
    names += [f"--{word.rstrip('=')}" for word in kamailio._LONG]
    text = sipproxy("--help").out
    idle = kamailio._WITHOUT_EFFECT | kamailio._UNSUPPORTED
    missing = {n for n in names if not re.search(rf"(?<![\w-]){n}(?![\w-])", text)}
    assert missing == idle
