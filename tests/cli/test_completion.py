"""Completion: what a shell is told, and a real bash that asks."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sipproxy.cli import COMMANDS
from sipproxy.cli.completion import SHELLS

Sipproxy = Callable[..., Any]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with a command `sipproxy`."""
    script = tmp_path / "bin" / "sipproxy"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sipproxy "$@"\n')
    script.chmod(0o755)
    return script.parent


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script(sipproxy: Sipproxy, shell: str) -> None:
    said = sipproxy("completion", shell)
    assert said.code == 0
    assert f"_SIPPROXY_COMPLETE={shell}_complete" in said.out


def test_an_unknown_shell_is_wrong_usage(sipproxy: Sipproxy) -> None:
    said = sipproxy("completion", "tcsh")
    assert said.code == 2
    assert "'bash', 'zsh', 'fish'" in said.err


@pytest.mark.parametrize("shell", SHELLS)
def test_what_a_shell_is_told(shell: str) -> None:
    """The protocol of click: words in the environment, one completion a line."""
    asked = {"COMP_WORDS": "sipproxy sh", "COMP_CWORD": "sh" if shell == "fish" else "1"}
    environment = os.environ | asked | {"_SIPPROXY_COMPLETE": f"{shell}_complete"}
    done = subprocess.run(
        [sys.executable, "-m", "sipproxy"], env=environment, capture_output=True, text=True
    )
    assert "show-code" in done.stdout
    assert "rpc" not in done.stdout


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("", set(COMMANDS)),
        ("re", {"replay"}),
        ("--log", {"--log-format"}),
        ("-f x.cfg --deb", {"--debug"}),
        ("check --fo", {"--format"}),
        ("check --format sa", {"sarif"}),
        ("user pa", {"passwd"}),
        ("run ed", {"file"}),
    ],
)
def test_bash_completes(program: Path, typed: str, offered: set[str]) -> None:
    """`file` stands for: bash itself completes a file name (compopt -o default)."""
    words = ["sipproxy", *typed.split(" ")]
    script = (
        'eval "$(sipproxy completion bash)"\n'
        f"COMP_WORDS=({' '.join(words)}{' ' + chr(34) * 2 if not words[-1] else ''})\n"
        f"COMP_CWORD={len(words) - 1}\n"
        "compopt() { echo file; }\n"
        "_sipproxy_completion sipproxy\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env=os.environ | {"PATH": f"{program}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert set(done.stdout.split()) == offered
