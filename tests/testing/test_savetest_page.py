"""The text of a saved test: it passes with the cfg it is of, and fails when the verdict changes."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sipproxy.program import load_file
from sipproxy.replay.explain import Wanted, explain
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Captures
from sipproxy.testing.savetest import Case, SaveError, find_case
from sipproxy.testing.savetest_page import check_free, page, save_test

if TYPE_CHECKING:
    from tests.day import Day


@pytest.fixture
def cfg(day: "Day", tmp_path: Path) -> Path:
    """A copy of the cfg that may be changed."""
    path = tmp_path / "cfg" / "guard.cfg"
    path.parent.mkdir()
    path.write_text(Path(day.guard).read_text())
    return path


def case_of(day: "Day", cfg: Path) -> Case:
    captures = Captures([day.pcap])
    wanted = Wanted(packets=frozenset({(-1, 21)}))
    found = explain(captures, load_file(str(cfg)), wanted, manner=Manner(auth="capture"))
    return find_case(found, captures)


def outcome_of(path: Path) -> subprocess.CompletedProcess[str]:
    words = ("-q", "-p", "no:cacheprovider", "-W", "error", str(path))
    return subprocess.run(
        [sys.executable, "-m", "pytest", *words], capture_output=True, text=True, timeout=60
    )


def test_it_passes_and_fails_when_the_verdict_changes(day: "Day", cfg: Path) -> None:
    path = cfg.parent.parent / "tests" / "test_bob.py"
    path.parent.mkdir()
    save_test(str(path), case_of(day, cfg), defines={}, compat="", captures=[day.pcap])
    done = outcome_of(path)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout
    cfg.write_text(cfg.read_text().replace("#!define MAX 3", "#!define MAX 4"))
    done = outcome_of(path)
    assert done.returncode == 1
    assert "- answered 403" in done.stdout and "+ answered 200" in done.stdout


def test_a_person_can_read_it(day: "Day", cfg: Path) -> None:
    text = page(
        case_of(day, cfg),
        str(cfg.parent / "test_bob.py"),
        defines={"WITH_X": None, "N": 'a"b'},
        compat="5.6",
        captures=[day.pcap],
    )
    compile(text, "test_bob.py", "exec")
    assert text.startswith(
        '"""REGISTER of bob from 192.0.2.12:5060 is answered 403.\n\n'
        "Packet 21 of day.pcap, 2026-11-18 11:08:41.000 UTC at guard.cfg:16.\n"
        "Of what came before, 3 messages are needed for that.\n"
    )
    assert (
        "banned=>192.0.2.12 was 1795000114 until 11:13:34\n  packet 17, 11:08:34.000 (REG" in text
    )
    assert 'CFG = "guard.cfg"\n' in text
    assert '        defines={"WITH_X": None, "N": "a\\"b"},\n        compat="5.6",\n' in text
    assert "        From: <sip:bob@example.com>;tag=t7\n" in text
    assert "from sipproxy.testing import RIGHT, WRONG, Captured\n" in text
    assert "def test_bob_192_0_2_12_answered_403(load_cfg):\n" in text
    assert text.endswith('    assert run.verdict == "answered 403", run.log\n')
    assert str(cfg.parent) not in text, "no path of this machine"


def test_what_is_there_is_not_replaced(day: "Day", cfg: Path, tmp_path: Path) -> None:
    path = tmp_path / "test_x.py"
    check_free(str(path), force=False)
    path.write_text("mine")
    with pytest.raises(SaveError, match="is there already; --force replaces it"):
        check_free(str(path), force=False)
    check_free(str(path), force=True)
    nowhere = str(tmp_path / "none" / "test_x.py")
    with pytest.raises(SaveError, match="No such file or directory"):
        save_test(nowhere, case_of(day, cfg), defines={}, compat="", captures=[])
