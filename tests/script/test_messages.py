"""The words of syntax errors, one by one."""

import pytest

from sipproxy.errors import CfgError
from sipproxy.script.parse import parse_text


def message(text: str) -> str:
    with pytest.raises(CfgError) as caught:
        parse_text(text)
    return str(caught.value.problems[0]).removeprefix("<text>:")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "",
            "1:1: this cfg is empty (Kamailio wants a statement, be it a lone semicolon)",
        ),
        ("debg=3", '1:1: unknown core parameter "debg" (did you mean "debug"?)'),
        ("zzzz=3", '1:1: unknown core parameter "zzzz"'),
        (
            'loadmodul "x"',
            '1:1: "loadmodul" begins nothing that a cfg has at its top level'
            ' (did you mean "loadmodule"?)',
        ),
        ("statistics=5", '1:1: "statistics" is a reserved word without a meaning in Kamailio 5.6'),
        (
            "listen=udp:1.2.3.4:5060\npstn.gw = 1",
            '2:9: unexpected "=": "pstn.gw" was read as one more address of the listen at line 1,'
            " column 1 (end the listen with a semicolon)",
        ),
        (
            "alias=a.b\nx.y = 1",
            '2:5: unexpected "=": "x.y" was read as one more address of the alias at line 1,'
            " column 1 (end the alias with a semicolon)",
        ),
        ("listen=udp:1.2.3.4:PORT", '1:20: unexpected "PORT", expected * or a number'),
        (
            "alias=proto.example.com",
            '1:7: "proto" is a reserved word (choose another name, or quote it)',
        ),
        (
            "route[port] { ; }",
            '1:7: "port" is a reserved word (choose another name, or quote it)',
        ),
        ("pstn.port = 1", '1:6: "port" is a reserved word (choose another name)'),
        ("debug 3", '1:7: unexpected "3", expected ='),
        ("debug=", "1:7: unexpected end of the file, expected a value"),
        ("}", "1:1: this } closes nothing (a { before it is closed already)"),
        ("modparam('a', 'b')", '1:18: unexpected ")", expected ,'),
        ("loadmodule tm", '1:12: unexpected "tm", expected a string'),
        (
            "route { exit;",
            "1:14: unexpected end of the file: the { at line 1, column 7 is not closed",
        ),
        (
            "route {\nexit;\nroute[X] { ; }",
            '3:1: unexpected "route": the { at line 1, column 7 is not closed',
        ),
        (
            "route {\nexit;\nloadmodule 'x'",
            '3:1: unexpected "loadmodule": the { at line 1, column 7 is not closed',
        ),
    ],
)
def test_top_level(text: str, expected: str) -> None:
    assert message(text) == expected


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("", "2:1: an empty block is not allowed (write { ; })"),
        ("if ($x) { }", "1:11: an empty block is not allowed (write { ; })"),
        (
            "{ exit; }",
            "1:1: a block stands only behind if, else, while and switch (take its braces away)",
        ),
        ("exit", '2:1: missing ; before "}" (it belongs behind "exit")'),
        ("f()\ng();", '2:1: missing ; before "g" (it belongs behind ")")'),
        ("$x = 1 f();", '1:8: missing ; before "f" (it belongs behind "1")'),
        ("else exit;", "1:1: this else has no if (the if before it is complete already)"),
        (
            "elseif ($x) exit;",
            '1:13: missing ; before "exit" (it belongs behind ")")',
        ),
        ("if ($x) exit; elsif $y drop;", '1:15: there is no "elsif" (write "else if")'),
        (
            "if ($rm==INVITE) exit;",
            '1:10: "INVITE" is no value behind "==" (quote it: "INVITE"; or is it a define that is'
            " not set?)",
        ),
        (
            "foo;",
            '1:4: expected ( behind "foo", found ";" (a function is called with parentheses, even'
            " without arguments)",
        ),
        ("if ($si==127.0.0.1) ;", '1:13: unexpected "." (quote an address or a decimal number)'),
        ("$x = 1.5;", '1:7: unexpected "." (quote an address or a decimal number)'),
        ('if ($x !~ "a") ;', '1:8: there is no operator !~ (negate the whole: !($x =~ "..."))'),
        ("$x += 1;", "1:4: there is no operator += (write $x = $x + ...)"),
        ("$x++;", "1:3: there is no operator ++ (write $x = $x + 1)"),
        ("$x = $y--;", "1:9: there is no operator -- (write $x = $x - 1)"),
        (
            "if (f() = 1) ;",
            "1:9: unexpected = (== compares; only a pseudo-variable is assigned to)",
        ),
        ("f(1,);", '1:5: an argument is missing before ")"'),
        ("f(1));", "1:5: this ) closes nothing (its ( is missing)"),
        ("f(1;", '1:4: unexpected ";", expected ) or ,'),
        ("$x = ;", '1:6: unexpected ";", expected a value'),
        ("$x = 08;", '1:6: "08" is neither a number nor a name'),
        ("if ) exit;", '1:4: unexpected ")", expected a value'),
        ("* 5;", '1:1: unexpected "*", expected a statement'),
        ("switch ($x) { exit; }", '1:15: unexpected "exit", expected }, "case" or "default"'),
        ("setflag();", '1:9: unexpected ")", expected a name, a number or a string'),
        ("strip('1');", "1:7: unexpected \"'1'\", expected a number"),
        (
            'f("' + "x" * 60 + '" "y" z);',
            '1:70: unexpected "z", expected ) or ,',
        ),
    ],
)
def test_statements(statement: str, expected: str) -> None:
    text = message(f"request_route {{\n{statement}\n}}")
    line, _, rest = text.partition(":")
    assert f"{int(line) - 1}:{rest}" == expected


def test_a_define_that_is_the_matter_is_named() -> None:
    text = "#!define X 1 +\nroute { $x = X; }"
    assert message(text) == '2:15: unexpected ";", expected a value'


def test_another_file_is_named() -> None:
    with pytest.raises(CfgError) as caught:
        parse_text('route {\nimport_file "i.cfg"\n', read=lambda path: "route[X] { ; }")
    assert str(caught.value) == ('i.cfg:1:1: unexpected "route": the { at <text>:1:7 is not closed')


@pytest.mark.parametrize("text", [".", "request_route { .5; }"])
def test_a_stray_dot(text: str) -> None:
    assert 'unexpected "."' in message(text)
