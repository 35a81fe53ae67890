"""docs/replay.md: what its examples show is what the commands say."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "replay.md").read_text("utf-8")
EXAMPLES = ROOT / "examples" / "kamailio_cfg"


def examples() -> list[tuple[str, list[str]]]:
    """(command, lines shown) from `Two cfgs` on, which are run one after the other."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"(?ms)^```console\n(.*?)^```$", PAGE.partition("## Two cfgs")[2]):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example that is used."""
    path = tmp_path_factory.mktemp("page")
    shutil.copy(EXAMPLES / "dictionary_attack.cfg", path)
    return path


def shows(shown: list[str], said: list[str]) -> bool:
    """Whether lines are those that are shown, where `...` stands for any number of them."""
    text = "\n".join(said)
    pieces = "\n".join(shown).split("...")
    pattern = ".*".join(re.escape(piece.strip("\n")) for piece in pieces)
    return re.fullmatch(rf"\s*{pattern}\s*", text, re.DOTALL) is not None


def test_the_examples_are_what_happens(folder: Path) -> None:
    commands = examples()
    assert len(commands) >= 5
    for command, shown in commands:
        words = command.split()
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert shows(shown, done.stdout.splitlines()), f"{command}\n{done.stdout}"


def test_a_line_that_is_not_said_is_noticed() -> None:
    assert shows(["a", "...", "c"], ["a", "b", "c"])
    assert not shows(["a", "...", "c"], ["a", "b"])
    assert not shows(["a"], ["a", "b"])
