import pytest

from sipproxy.errors import CfgError
from sipproxy.script.parse import parse_text
from sipproxy.script.tree import Config, CoreParam, Int, Str


def parse(text: str, **environ: str) -> Config:
    return parse_text(f"{text}\n;", environ=environ, defines={"GIVEN": "7"})


def names(text: str) -> list[str]:
    """The parameters that are not switched off."""
    return [item.name for item in parse(text).items if isinstance(item, CoreParam)]


def log_name(text: str, **environ: str) -> str:
    (item,) = parse(f"{text}", **environ).items
    assert isinstance(item, CoreParam)
    assert isinstance(item.values[0], Str)
    return item.values[0].text


def errors(text: str) -> list[str]:
    with pytest.raises(CfgError) as caught:
        parse(text)
    return [f"{p.span.line}: {p.message}" for p in caught.value.problems]


def test_conditions() -> None:
    assert names("#!ifdef GIVEN\ndebug=1\n#!else\nchildren=1\n#!endif\n") == ["debug"]
    assert names("#!ifndef GIVEN\ndebug=1\n#!else\nchildren=1\n#!endif\n") == ["children"]
    nested = (
        "#!ifdef NO\n#!ifdef GIVEN\ndebug=1\n#!else\nfork=1\n#!endif\n#!else\nport=1\n#!endif\n"
    )
    assert names(nested) == ["port"]
    assert names("#!ifdef NO\n#!else\ndebug=1\n#!else\nfork=1\n#!endif\n") == ["debug"]


def test_text_switched_off_is_not_scanned() -> None:
    assert names("#!ifdef NO\n \" ' /* $( {\n#!endif\ndebug=1\n") == ["debug"]
    assert names("#!ifdef NO\n# #!else\ndebug=1\n#!endif\n") == ["debug"]


def test_a_directive_inside_a_comment_or_string_is_text() -> None:
    assert names("/* #!ifdef NO\n*/ debug=1") == ["debug"]
    assert log_name("log_name='\n#!ifdef NO\n'") == "\n#!ifdef NO\n"


def test_modules_are_known_once_they_are_loaded() -> None:
    text = (
        '#!ifdef MOD_tm\ndebug=1\n#!endif\nloadmodule "a/tm.so"\n#!ifdef MOD_tm\nfork=1\n#!endif\n'
    )
    assert names(text) == ["fork"]
    assert names('loadmodulex "$env(M)"\n#!ifdef MOD_x\nfork=1\n#!endif\n') == []
    assert "MOD_x" in parse('loadmodulex "$env(M).so"', M="x").defines


def test_defines_of_all_kinds() -> None:
    text = "#!trydef GIVEN 8\n#!def B 1\n#!trydefine C 2\n#!redef B 3\n#!redefine D 4 \\\n 5\n"
    defines = parse(text).defines
    assert [defines[name] for name in ("GIVEN", "B", "C", "D")] == ["7", "3", "2", "4  5"]
    assert "SIPPROXY" in defines


def test_a_last_line_without_its_end_sets_no_value() -> None:
    assert parse_text(";\n#!define X 5").defines["X"] == ""


def test_defines_from_the_environment() -> None:
    text = "#!defenv A\n#!defenv B=A\n#!defenvs C=A\n#!trydefenv NONE\n#!trydefenvs E=NONE\n"
    defines = parse(text, A="x y").defines
    assert (defines["A"], defines["B"], defines["C"]) == ("x y", "x y", '"x y"')
    assert "NONE" not in defines
    assert "E" not in defines


def test_substitutions_rewrite_later_strings_and_variables() -> None:
    assert log_name('#!subst "/A/b/g"\nlog_name="AAA"') == "bbb"
    assert log_name('#!subst "/A/$env(X)/"\nlog_name="AA"', X="x") == "xA"
    assert log_name('#!substdef "!N!v!g"\nlog_name="N"') == "v"
    assert parse('#!substdef "!N!v!g"').defines["N"] == "v"
    assert parse('#!substdef "!N!$env(X)!g"', X="x").defines["N"] == "x"
    assert log_name('#!substdefs "!N!v!g"\nlog_name=N') == "v"
    assert log_name('log_name="A"\n#!subst "/A/b/"\n') == "A"


def test_headers_and_versions() -> None:
    assert parse("").flavour == "MAXCOMPAT"
    assert parse("#!KAMAILIO\n").flavour == "KAMAILIO"
    assert parse("//!SER\n").flavour == "SER"
    assert parse("#!ALL\n").flavour == "MAXCOMPAT"
    assert parse("#!KAMAILIO \n").flavour == "MAXCOMPAT"
    assert parse("#!sipproxy compat=3.0\n").compat == "3.0"
    assert parse("debug=3 #!sipproxy compat = 6.1 \r\n").compat == "6.1"


def test_a_version_that_is_not_there() -> None:
    with pytest.raises(CfgError, match="compat is one of"):
        parse("#!sipproxy compat=4.2\n")


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("#!define A 1\n#!define A 2\n", ["2: A is defined already, at <text>:1:10"]),
        ("#!define A-B 1\n", ["1: the name A- is not possible"]),
        ("#!defenv NONE\n", ["1: the environment has no variable NONE"]),
        ("#!defenv A=\n", ["1: #!defenv A= lacks the name of a variable"]),
        ("#!ifdef A\n", ["1: this #!ifdef has no #!endif"]),
        ("#!ifdef A\n#!ifdef B\n#!endif\n", ["1: this #!ifdef has no #!endif"]),
        (";\n#!endif\n", ["2: this #!endif has no #!ifdef"]),
        ('#!subst "xx"\n', ['1: bad subst expression "xx"']),
        ('#!subst "/(/x/"\n', ['1: bad regular expression "(": Unmatched ( or \\(']),
    ],
)
def test_directives_that_are_refused(text: str, problems: list[str]) -> None:
    assert errors(text) == problems


def test_directives_that_break_off() -> None:
    assert errors("#!define 9\n") == ["1: this directive lacks a name"]
    assert errors("#!define  ") == ["1: this directive lacks a name"]
    assert parse("#!define A").defines["A"] == "" and parse("#!define A\t").items == ()
    assert parse("debug=3\n#!trydefenv").items == parse("debug=3\n#!trydefenv  ").items


@pytest.mark.parametrize("directive", ["#!defenv", "#!trydefenv ", "#!defenvs"])
def test_a_variable_of_the_environment_without_a_name_is_nothing(directive: str) -> None:
    assert (
        parse_text(f"debug=1\n{directive}").defines.keys() == parse_text("debug=1").defines.keys()
    )


@pytest.mark.parametrize(
    "directive", ["#!define N 3", "#!trydef N 3", "#!redef N 3", '#!substdef "/N/3/"']
)
def test_an_override_has_its_text_whatever_the_cfg_says(directive: str) -> None:
    config = parse_text(f"{directive}\nchildren=N\n;", overrides={"N": "2"})
    assert config.defines["N"] == "2"
    item = config.items[-1]
    assert isinstance(item, CoreParam)
    assert item.values[0] == Int(item.values[0].span, 2)


def test_what_an_override_says_is_no_pattern() -> None:
    config = parse_text('#!substdef "/N/3/"\nlog_name="N";', overrides={"N": r"a\1"})
    item = config.items[-1]
    assert isinstance(item, CoreParam)
    assert isinstance(item.values[0], Str)
    assert item.values[0].text == r"a\1"


@pytest.mark.parametrize("end", ["", "\n", " ", " \t\n"])
def test_a_define_without_a_value_may_be_the_last_thing(end: str) -> None:
    assert parse_text(f"debug=1\n#!define LAST{end}").defines["LAST"] == ""
