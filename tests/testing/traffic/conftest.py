"""Made-up captures, each made once."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sipproxy.program import load_file
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Replayed, replay
from sipproxy.testing.traffic import scenarios

Made = tuple[str, dict[str, Any]]
OLD = Path(scenarios.__file__).with_name("old_server.cfg")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Made]:
    """The capture of a kind, four minutes long, and the truth about it."""

    @cache
    def make(kind: str) -> Made:
        path = str(tmp_path_factory.mktemp("made") / f"{kind}.pcap")
        wishes = scenarios.Wishes(users=14, seconds=240.0, rate=20.0 if kind == "flood" else 3.0)
        return path, scenarios.make(kind, path, wishes)

    return make


@pytest.fixture(scope="session")
def replayed(made: Callable[[str], Made]) -> Callable[[str], Replayed]:
    """Such a capture through the cfg of the server that it shows."""

    @cache
    def play(kind: str) -> Replayed:
        path, truth = made(kind)
        host, _, port = truth["server"].rpartition(":")
        defines = {"ADDRESS": host, "PORT": port, "DOMAIN": truth["domain"]}
        defines |= {"REALM": f'"{truth["domain"]}"', "SECRET": f'"{truth["secret"]}"'}
        program = load_file(str(OLD), defines=defines)
        return replay(program, [path], manner=Manner(auth="capture"))

    return play
