import time
from pathlib import Path

import pytest

from sipproxy.errors import CfgError
from sipproxy.script.parse import parse_file, parse_text
from sipproxy.script.tree import CoreParam, Route


def test_a_file_with_its_includes(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    main = tmp_path / "main.cfg"
    main.write_text(
        '#!KAMAILIO\ndebug=LEVEL\ninclude_file "sub/a.cfg"\nroute { import_file "b.cfg"\n'
    )
    (tmp_path / "sub" / "a.cfg").write_text('fork=no\nimport_file "none.cfg"\ninclude_file "c.cfg"')
    (tmp_path / "sub" / "c.cfg").write_text("children=2")
    (tmp_path / "b.cfg").write_text("exit; }")
    config = parse_file(str(main), defines={"LEVEL": "2"})
    assert config.file == str(main)
    assert [i.name if isinstance(i, CoreParam) else type(i) for i in config.items] == [
        *("debug", "fork", "children", Route)
    ]
    assert [Path(name).name for name in config.sources] == ["main.cfg", "a.cfg", "c.cfg", "b.cfg"]
    assert config.flavour == "KAMAILIO"
    assert config.defines["LEVEL"] == "2"
    assert config.warnings == ()


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CfgError, match=r"none\.cfg:1:1: cannot read the cfg: No such file"):
        parse_file(str(tmp_path / "none.cfg"))


def test_bytes_that_are_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / "latin.cfg"
    path.write_bytes(b'# caf\xe9\nlog_name="caf\xe9"\n')
    (item,) = parse_file(str(path)).items
    assert isinstance(item, CoreParam)
    assert getattr(item.values[0], "text", "") == "caf\udce9"


def test_defines_and_environment_are_given() -> None:
    config = parse_text("debug=X\n#!defenv Y\nfork=Y", defines={"X": "1"}, environ={"Y": "no"})
    assert len(config.items) == 2
    with pytest.raises(CfgError):
        parse_text("debug=X\n;", environ={})


def test_warnings_do_not_refuse() -> None:
    config = parse_text("debug=1 ?\n/* open", file="w.cfg")
    assert [str(w) for w in config.warnings] == [
        "w.cfg:1:9: stray character ? is skipped",
        "w.cfg:2:1: this comment is not closed; all that follows belongs to it",
    ]


def test_all_errors_come_at_once() -> None:
    with pytest.raises(CfgError) as caught:
        parse_text(
            "debug=x\n#!define A 1\n#!define A 2\nroute { f; $x = 1 + 'a'; }\ninclude_file 'x'\n"
        )
    assert [p.span.line for p in caught.value.problems] == [1, 3, 4, 4, 5]


ROUTE = """
route[R%d] {
    # a comment
    if (uri==myself && !is_method("INVITE|ACK") || $hdr(X)=~"^a.*b$") {
        xlog("L_INFO", "from $fu to $ru ($si:$sp)\\n");
        $var(i) = $var(i) + 1 * ($sht(a=>$si::n) - 5);
    } else {
        sl_send_reply("404", "Not here"); exit;
    }
}
"""


def test_a_thousand_lines_are_read_within_the_budget() -> None:
    text = "".join(ROUTE % number for number in range(100))
    assert text.count("\n") == 1000
    parse_text(";")
    spent = []
    for _ in range(5):
        start = time.process_time()
        parse_text(text)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.15, f"{min(spent) * 1000:.0f} ms"


BARE_NULL = "route { if ($avp(x) == null) { $avp(x) = NULL; } }"


def test_null_without_a_dollar_is_a_word_of_kamailio_3_0() -> None:
    ours = parse_text(BARE_NULL.replace("null", "$null").replace("NULL", "$null")).items
    (old,) = parse_text("#!sipproxy compat=3.0\n" + BARE_NULL).items
    (told,) = parse_text(BARE_NULL, compat="3.0").items
    assert repr(old).count("'$null'") == repr(told).count("'$null'") == repr(ours).count("'$null'")
    assert repr(told).count("'$null'") == 2


@pytest.mark.parametrize("said", ["", "#!sipproxy compat=3.0\n"])
def test_it_is_no_value_today_and_the_caller_decides(said: str) -> None:
    with pytest.raises(CfgError) as caught:
        parse_text(said + BARE_NULL, compat="5.6")
    assert [(p.message, p.hint) for p in caught.value.problems][:1] == [
        ('"null" is no value behind "=="', "write $null")
    ]
