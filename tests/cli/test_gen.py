"""`sipproxy gen`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sipproxy.replay.capture import Capture
from sipproxy.replay.judges import Users

Sipproxy = Callable[..., Any]


def test_a_capture_the_truth_and_the_passwords(sipproxy: Sipproxy, tmp_path: Path) -> None:
    path, users = tmp_path / "a.pcap", tmp_path / "users"
    words = ("--minutes", "1", "--users", "3", "--start", "2026-11-23T12:00", "--domain", "x.org")
    more = ("--server", "192.0.2.9:5070", "--passwords", str(users))
    said = sipproxy("gen", "normal", "-w", str(path), *words, *more)
    truth = json.loads(Path(f"{path}.json").read_text())
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        f"{path}: {truth['packets']} packets, sources: 1 good, 1 misconfigured; "
        f"the truth is in {path}.json\n"
    )
    assert (truth["start"], truth["server"]) == (1_795_435_200.0, "192.0.2.9:5070")
    packets = list(Capture(str(path)))
    assert {("192.0.2.9", 5070)} == {p.datagram.dest for p in packets[:1]}
    assert len(Users.read(str(users))) == 4
    assert Users.read(str(users)).find("1000", "x.org") == (truth["users"][0]["password"], False)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("attck", "-w", "x"), "'attck' is not one of"),
        (("attack",), "Missing option '-w'"),
        (("attack", "-w", "x", "--start", "soon"), "neither Unix seconds nor a date"),
        (("attack", "-w", "x", "--server", "here"), "Invalid value for --server"),
        (("attack", "-w", "x", "--server", "[::1]:5060"), "the server has an IPv4 address"),
        (("attack", "-w", "x", "--domain", 'a"b'), "is no domain"),
        (("attack", "-w", "x", "--users", "1"), "Invalid value for '--users'"),
        (("attack", "-w", "/nowhere/x"), "cannot write /nowhere/x: No such file or directory"),
    ],
)
def test_wrong_usage(sipproxy: Sipproxy, words: tuple[str, ...], complaint: str) -> None:
    said = sipproxy("gen", *words)
    assert said.code == 2 and complaint in said.err and not said.out
