"""`sipproxy check`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Sipproxy = Callable[..., Any]

BAD = """loadmodule "sl.so"
request_route {
\tsl_send_reply("200", "OK"
}
route[X] {
\tsl_send_repply("200", "OK");
}
"""


def test_a_good_file(sipproxy: Sipproxy, tmp_path: Path) -> None:
    good = tmp_path / "good.cfg"
    good.write_text("request_route { exit; }\n")
    said = sipproxy("check", str(good))
    assert (said.code, said.out, said.err) == (0, "", "")


def test_problems_have_place_source_line_and_caret(sipproxy: Sipproxy, tmp_path: Path) -> None:
    bad = tmp_path / "bad.cfg"
    bad.write_text('loadmodule "sl.so"\nrequest_route {\n\tsl_send_repply("200", "OK");\n}\n')
    said = sipproxy("check", str(bad))
    assert said.code == 1
    lines = said.err.splitlines()
    assert lines[0].startswith(f"{bad}:3:2: ")
    assert lines[1] == '    \tsl_send_repply("200", "OK");'
    assert lines[2].startswith("    \t^")
    assert 'did you mean "sl_send_reply"?' in said.err


def test_a_syntax_error(sipproxy: Sipproxy, tmp_path: Path) -> None:
    bad = tmp_path / "bad.cfg"
    bad.write_text(BAD)
    said = sipproxy("check", str(bad))
    assert said.code == 1
    assert said.err.startswith(f"{bad}:4:1: ")


def test_several_files_and_the_worst_of_them(sipproxy: Sipproxy, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.cfg", tmp_path / "bad.cfg"
    good.write_text("request_route { exit; }\n")
    bad.write_text("request_route { exit }\n")
    assert sipproxy("check", str(good), str(bad)).code == 1
    said = sipproxy("check", str(bad), str(tmp_path / "none.cfg"))
    assert said.code == 2
    assert f"{tmp_path}/none.cfg" in said.err
    assert "No such file or directory" in said.err


def test_defines(sipproxy: Sipproxy, tmp_path: Path) -> None:
    cfg = tmp_path / "a.cfg"
    cfg.write_text("#!ifdef BAD\nnonsense\n#!endif\nrequest_route { if (N == 5) exit; }\n")
    assert sipproxy("check", str(cfg), "-A", "N=5").code == 0
    assert sipproxy("check", str(cfg), "-A", "N=5", "-A", "BAD").code == 1


def test_warnings_are_shown_and_count_only_when_strict(sipproxy: Sipproxy, tmp_path: Path) -> None:
    cfg = tmp_path / "a.cfg"
    cfg.write_text('loadmodule "lcr.so"\nrequest_route { exit; }\n')
    said = sipproxy("check", str(cfg))
    assert said.code == 0
    assert "warning:" in said.err and "lcr" in said.err
    assert sipproxy("check", "--strict", str(cfg)).code == 1


def test_warnings_and_notes_stand_beside_errors(sipproxy: Sipproxy, tmp_path: Path) -> None:
    cfg = tmp_path / "a.cfg"
    cfg.write_text('loadmodule "lcr.so"\nmhomed=yes\nrequest_route { load_gws(1); }\n')
    said = sipproxy("check", str(cfg))
    assert said.code == 1
    assert f"{cfg}:1:1: warning: " in said.err
    assert f"{cfg}:2:1: note: mhomed has no effect here" in said.err
    assert f'{cfg}:3:17: unknown function "load_gws"' in said.err


def test_a_define_without_a_name(sipproxy: Sipproxy, tmp_path: Path) -> None:
    cfg = tmp_path / "a.cfg"
    cfg.write_text("request_route { exit; }\n")
    said = sipproxy("check", str(cfg), "-A", "=3")
    assert said.code == 2
    assert "'=3' has no name" in said.err
    said = sipproxy("-f", str(cfg), "-c", "-A", "=3")
    assert (said.code, said.out) == (255, "")
    assert said.err == "sipproxy: bad option: '=3' has no name: -A NAME or -A NAME=VALUE\n"
