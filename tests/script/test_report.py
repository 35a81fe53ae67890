from sipproxy.errors import CfgError, Problem, Span
from sipproxy.script.parse import parse_text
from sipproxy.script.report import render


def reports(text: str, **files: str) -> str:
    def read(path: str) -> str:
        return files[path.removesuffix(".cfg")]

    try:
        parse_text(text, file="main.cfg", read=read)
    except CfgError as error:
        named = {f"{name}.cfg": content for name, content in files.items()}
        sources = {"main.cfg": text, **named}
        return "\n".join(render(problem, sources) for problem in error.problems)
    return ""


def test_the_line_and_a_caret_under_the_place() -> None:
    assert reports("route {\n\tif ($rm ==\tINVITE) exit;\n}") == (
        'main.cfg:2:13: "INVITE" is no value behind "=="\n'
        "    \tif ($rm ==\tINVITE) exit;\n"
        "    \t          \t^^^^^^\n"
        '  quote it: "INVITE"; or is it a define that is not set?'
    )


def test_a_define_is_shown_with_its_use() -> None:
    assert reports("#!define X 1 + 'a'\nroute { $x = X; }") == (
        "main.cfg:2:14: type mismatch: + behind a number needs a number, this is a string\n"
        "    route { $x = X; }\n"
        "                 ^\n"
        "  from main.cfg:1:10\n"
        "    #!define X 1 + 'a'\n"
        "             ^^^^^^^^^"
    )


def test_an_included_file_is_shown_with_its_include() -> None:
    assert reports('#!KAMAILIO\n  include_file "i.cfg"\n', i="\ndebug=x") == (
        "i.cfg:2:7: debug expects a number\n"
        "    debug=x\n"
        "          ^\n"
        "  from main.cfg:2:3\n"
        '      include_file "i.cfg"\n'
        "      ^^^^^^^^^^^^^^^^^^^^\n"
        "  is x a define that is not set?"
    )


def test_places_over_lines_and_behind_the_end() -> None:
    text = "ab\ncd"
    over = Problem(Span("a", 1, 2, 2, 2), "m", severity="note")
    assert render(over, {"a": text}) == "a:1:2: note: m\n    ab\n     ^"
    behind = Problem(Span("a", 2, 3, 2, 3), "m")
    assert render(behind, {"a": text}) == "a:2:3: m\n    cd\n      ^"
    assert render(Problem(Span("a", 9, 1, 9, 1), "m"), {"a": text}) == "a:9:1: m"
    assert render(over, {}) == "a:1:2: note: m"


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert (
        render(Problem(Span("a", 1, 1, 1, 2), "m"), {"a": "\udcff"})
        == "a:1:1: m\n    \ufffd\n    ^"
    )
