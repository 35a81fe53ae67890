"""Findings on stderr: source lines of every file a place speaks of."""

from pathlib import Path

import pytest

from sipproxy.cli.errors import show, show_problems
from sipproxy.errors import CfgError, Problem, Span


def test_a_place_inside_an_include_shows_both_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main, inner = tmp_path / "main.cfg", tmp_path / "inner.cfg"
    main.write_text('include_file "inner.cfg"\n')
    inner.write_bytes(b"first line\nbad \xff word\n")
    origin = Span(str(main), 1, 1, 1, 13)
    show([Problem(Span(str(inner), 2, 5, 2, 6, origin), "what is this?", "nothing good")])
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"{inner}:2:5: what is this?"
    assert lines[1].startswith("    bad ") and lines[1].endswith(" word")
    assert lines[3:5] == [f"  from {main}:1:1", '    include_file "inner.cfg"']
    assert lines[-1] == "  nothing good"


def test_a_file_that_is_gone_still_has_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    show([Problem(Span("no/such.cfg", 3, 1, 3, 2), "lost", severity="warning")])
    assert capsys.readouterr().err == "no/such.cfg:3:1: warning: lost\n"


def test_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [Problem(Span("x.cfg", 1, 1, 1, 1), "bad")]
    assert show_problems(CfgError(problems)) == 1
    unreadable = CfgError(problems)
    unreadable.__cause__ = OSError()
    assert show_problems(unreadable) == 2
    assert capsys.readouterr().err.count("x.cfg:1:1: bad\n") == 2
