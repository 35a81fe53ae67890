"""sipsak: OPTIONS, a registration with a password, and its flood (Debian's package sipsak)."""

import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

Serving = Callable[..., AbstractContextManager[int]]

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(not shutil.which("sipsak"), reason="sipsak is not installed"),
]


def sipsak(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run it; its exit code is 0 when a 200 came."""
    return subprocess.run(
        ["sipsak", *words], capture_output=True, text=True, timeout=20, check=False
    )


def test_options(serving: Serving) -> None:
    with serving("sipproxy", "answering.cfg") as port:
        said = sipsak("-vv", "-s", f"sip:lena@127.0.0.1:{port}")
        assert said.returncode == 0, said.stdout
        assert "200 OK" in said.stdout


def test_a_flood_is_answered_and_leaves_the_server_well(serving: Serving) -> None:
    with serving("sipproxy", "answering.cfg") as port:
        flood = sipsak("-F", "-e", "3000", "-s", f"sip:lena@127.0.0.1:{port}")
        assert "3000" in flood.stdout, flood.stdout
        assert sipsak("-s", f"sip:lena@127.0.0.1:{port}").returncode == 0


@pytest.mark.parametrize(("password", "codes"), [("right-horse", {0}), ("wrong-horse", {1, 2, 3})])
def test_a_registration(
    registrar: tuple[Path, dict[str, str]], serving: Serving, password: str, codes: set[int]
) -> None:
    with serving("sipproxy", *registrar) as port:
        said = sipsak(
            *("-vv", "-U", "-u", "bob", "-a", password, "-x", "60"),
            *("-s", f"sip:bob@127.0.0.1:{port}", "-C", "sip:bob@127.0.0.1:5999"),
        )
        assert said.returncode in codes, said.stdout
        assert ("tests completed successful" in said.stdout) is (codes == {0}), said.stdout
