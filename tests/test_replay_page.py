"""docs/replay.md: what its examples show is what the commands say."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sipproxy.program import load_file
from sipproxy.replay import compare_report, explain_report, sweep_report
from sipproxy.replay.compare import compare
from sipproxy.replay.explain import Wanted, explain
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Captures
from sipproxy.replay.sweep import Sweeper
from sipproxy.replay.sweep_values import parse_sets
from sipproxy.replay.variants import Variant

if TYPE_CHECKING:
    from tests.day import Day

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


def names(data: object) -> set[str]:
    """Every name in a JSON object."""
    if isinstance(data, dict):
        return set(data).union(*map(names, data.values()))
    return set().union(*map(names, data)) if isinstance(data, list) else set()


def test_the_json_is_described(day: "Day") -> None:
    """Each name that the commands give is told of in their own section."""
    captures, manner = Captures([day.pcap]), Manner(auth="capture")
    program = load_file(day.guard)
    sides = [Variant(program, {}), Variant(load_file(day.guard, overrides={"MAX": "5"}), {})]
    compared = compare_report.as_json_data(compare(captures, *sides, manner=manner))
    sweeper = Sweeper(captures, lambda sets: load_file(day.guard, overrides=sets), manner=manner)
    sweep = sweeper.prepare(parse_sets(["MAX=3,4"]))
    list(sweeper.run(sweep))
    swept = sweep_report.as_json_data(sweep)
    explained = explain_report.as_json_data(
        explain(captures, program, Wanted(source="203.0.113.9"), manner=manner)
    )
    replay = PAGE.partition("### The JSON")[2].partition("\n## ")[0]
    for heading, data in (("Two cfgs", compared), ("Many settings", swept), ("Why", explained)):
        section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0] + replay
        known = set(re.findall(r"`(\w+)(?:\[\])?`", section))
        found = {name for name in names(data) if not name.isdigit() and name.islower()}
        assert found - known == set(), heading
        assert len(found) > 20
