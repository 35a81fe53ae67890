"""`sipproxy check` and the rules: ids, comments, explanations, formats."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Sipproxy = Callable[..., Any]

COUNTER = """#!KAMAILIO
loadmodule "pv.so"
loadmodule "htable.so"
modparam("htable", "htable", "t=>size=4;autoexpire=60;initval=0")
request_route {
    $sht(t=>x) = $sht(t=>x) + 1;
}
"""


@pytest.fixture
def cfg(tmp_path: Path) -> Path:
    """A cfg with one warning, SP101 in line 6."""
    path = tmp_path / "a.cfg"
    path.write_text(COUNTER)
    return path


def test_a_warning_has_an_id(sipproxy: Sipproxy, cfg: Path) -> None:
    said = sipproxy("check", str(cfg))
    assert (said.code, said.out) == (0, "")
    first, line, caret, hint = said.err.splitlines()
    assert first == (
        f"{cfg}:6:5: warning: $sht(t=>x) may change between this read and the write [SP101]"
    )
    assert line.strip() == "$sht(t=>x) = $sht(t=>x) + 1;"
    assert caret.strip() == "^" * len("$sht(t=>x) = $sht(t=>x) + 1")
    assert hint.strip() == "one step does both: $shtinc(t=>x)"
    assert sipproxy("check", "--strict", str(cfg)).code == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("+ 1;", "+ 1;  # sipproxy: ignore[SP101]"),
        ("    $sht(t=>x) =", "    // sipproxy: ignore[SP101]\n    $sht(t=>x) ="),
    ],
)
def test_a_comment_suppresses_it(sipproxy: Sipproxy, cfg: Path, old: str, new: str) -> None:
    cfg.write_text(COUNTER.replace(old, new))
    said = sipproxy("check", "--strict", str(cfg))
    assert (said.code, said.out, said.err) == (0, "", "")


def test_an_unknown_id_in_a_comment(sipproxy: Sipproxy, cfg: Path) -> None:
    cfg.write_text(COUNTER.replace("+ 1;", "+ 1;  # sipproxy: ignore[SP1O1]"))
    said = sipproxy("check", "--strict", str(cfg))
    assert said.code == 1
    assert "[SP101]" in said.err
    assert f'{cfg}:6:35: warning: "SP1O1" is no id of a warning [SP030]' in said.err


def test_other_warnings_and_notes_are_suppressed_too(sipproxy: Sipproxy, tmp_path: Path) -> None:
    path = tmp_path / "b.cfg"
    path.write_text(
        'loadmodule "lcr.so"  # sipproxy: ignore[SP011]\n'
        "mhomed=yes  # sipproxy: ignore[SP021]\nrequest_route { exit; }\n"
    )
    said = sipproxy("check", "--strict", str(path))
    assert (said.code, said.err) == (0, "")


def test_errors_are_not_suppressed(sipproxy: Sipproxy, tmp_path: Path) -> None:
    path = tmp_path / "b.cfg"
    path.write_text("request_route { nothing(); }  # sipproxy: ignore[SP002]\n")
    said = sipproxy("check", str(path))
    assert said.code == 1
    assert 'unknown function "nothing" [SP002]' in said.err
    assert '"SP002" is no id of a warning [SP030]' in said.err


def test_rules_speak_beside_errors_but_not_of_the_same_words(sipproxy: Sipproxy, cfg: Path) -> None:
    cfg.write_text(COUNTER.replace("+ 1;", "+ 1;\n    nothing();"))
    said = sipproxy("check", str(cfg))
    assert said.code == 1
    assert "[SP101]" in said.err and "[SP002]" in said.err


def test_an_included_file(sipproxy: Sipproxy, cfg: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner.cfg"
    inner.write_text("$sht(t=>x) = $sht(t=>x) + 1;\n")
    cfg.write_text(COUNTER.replace("    $sht(t=>x) = $sht(t=>x) + 1;", 'include_file "inner.cfg"'))
    assert f"{inner}:1:1: warning: " in sipproxy("check", str(cfg)).err
    inner.write_text("# sipproxy: ignore[SP101]\n$sht(t=>x) = $sht(t=>x) + 1;\n")
    assert sipproxy("check", str(cfg)).err == ""


def test_compat(sipproxy: Sipproxy, cfg: Path) -> None:
    cfg.write_text(COUNTER.replace("$sht(t=>x) = $sht(t=>x) + 1", 'sht_setxi("t", "x", "1", "5")'))
    assert "[SP402]" in sipproxy("check", str(cfg)).err
    assert sipproxy("check", "--compat", "6.1", str(cfg)).err == ""


def test_kamailios_flag(sipproxy: Sipproxy, cfg: Path) -> None:
    said = sipproxy("-f", str(cfg), "-c")
    assert said.code == 0
    assert "[SP101]" in said.err and "config file ok" in said.err


def test_explain(sipproxy: Sipproxy) -> None:
    said = sipproxy("check", "--explain", "SP101")
    assert said.code == 0
    assert said.out.startswith("SP101: a counter is read, increased and written back\n\n")
    assert "Wrong:" in said.out and "$shtinc(asked=>$si)" in said.out
    listed = sipproxy("check", "--explain", "all").out.splitlines()
    assert "SP101  a counter is read, increased and written back" in listed
    assert listed == sorted(listed)
    wrong = sipproxy("check", "--explain", "SP1O1")
    assert wrong.code == 2
    assert "'SP1O1' is no id of a check (did you mean" in wrong.err


def test_without_a_file(sipproxy: Sipproxy) -> None:
    said = sipproxy("check")
    assert said.code == 2
    assert "Missing argument 'CFG...'" in said.err


def test_formats_are_one_document_on_stdout(sipproxy: Sipproxy, cfg: Path) -> None:
    said = sipproxy("check", "--format", "json", "--strict", str(cfg), str(cfg))
    assert (said.code, said.err) == (1, "")
    assert [(one["id"], one["line"]) for one in json.loads(said.out)] == [("SP101", 6)] * 2
    said = sipproxy("check", "--format", "github", str(cfg))
    assert said.out.startswith(f"::warning file={cfg},line=6,endLine=6,col=5,endColumn=32,")
    said = sipproxy("check", "--format", "sarif", str(cfg))
    assert json.loads(said.out)["runs"][0]["results"][0]["ruleId"] == "SP101"


def test_formats_of_a_file_that_is_not_there(sipproxy: Sipproxy, tmp_path: Path) -> None:
    said = sipproxy("check", "--format", "json", str(tmp_path / "none.cfg"))
    assert said.code == 2
    assert json.loads(said.out)[0]["severity"] == "error"
