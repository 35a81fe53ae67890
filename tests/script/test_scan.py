from collections.abc import Callable, Mapping

import pytest

from sipproxy.errors import Problem
from sipproxy.script.defines import Defines
from sipproxy.script.scan import MAX_INCLUDES, Scanner
from sipproxy.script.tokens import Source, Token


def reader(files: Mapping[str, str]) -> Callable[[str], str]:
    def read(path: str) -> str:
        if path not in files:
            raise FileNotFoundError(path)
        return files[path]

    return read


def scan(text: str, name: str = "main.cfg", **files: str) -> tuple[list[Token], list[Problem]]:
    """Tokens and problems; keyword `a_b` is the file `a/b.cfg`."""
    read = reader({key.replace("_", "/") + ".cfg": value for key, value in files.items()})
    scanner = Scanner(Source(name, text), Defines({}, (5, 6, 3)), {"HOME": "/h"}, read)
    return list(scanner), scanner.problems


def words(text: str, **files: str) -> list[str]:
    tokens, problems = scan(text, **files)
    assert not [p for p in problems if p.severity == "error"]
    return [token.text for token in tokens]


def kinds(text: str) -> str:
    return " ".join(token.type for token in scan(text)[0])


@pytest.mark.parametrize(
    ("text", "terminals"),
    [
        ("port PORT forward", "CORE_PARAM ID FORWARD"),
        ("yes 5 0x5 08 5a", "NUMBER NUMBER NUMBER NUM_ID NUM_ID"),
        ("$x $var(a) $(a{b}) $? $rc", "PV PV PV PV PV"),
        ("$rcv", "PV ID"),
        ('"a" "b" \'c\'', "STRING STRING"),
        ('@cfg_get.a.b @x[1].y @z["k"].w', "SELECT SELECT SELECT"),
        ("%a $f.b $c[0] $d", "ATTR ATTR ATTR LSQB NUMBER RSQB PV"),
        ("a.b-c:1", "ID DOT ID MINUS ID COLON NUMBER"),
        ("1.2.3.4", "NUMBER DOT NUMBER DOT NUMBER DOT NUMBER"),
        ("[::1] fe80::1", "LSQB IPV6 RSQB IPV6"),
        ("(int) (str)x ( int )", "UNOP UNOP ID LPAR ID RPAR"),
        ("event_route[a:b-c] x", "EVENT_ROUTE EVENT_NAME ID"),
        ("= == =~ != ! ~ += + -", "EQUAL EQOP MATCH EQOP UNOP UNOP ADDEQ PLUS MINUS"),
        ("msg:len uri:host uri:x", "SOURCE_INT URI_HOST URI COLON ID"),
        ("# c\n// d\nx /* e /* f */ g */ y # z", "ID ID"),
    ],
)
def test_terminals(text: str, terminals: str) -> None:
    assert kinds(text) == terminals


def test_plain_names_in_a_kamailio_file_are_variables_only() -> None:
    assert kinds("#!KAMAILIO\n$f.b $c[0]") == "PV DOT ID PV LSQB NUMBER RSQB"
    assert kinds("#!SER\n$d") == "ATTR"


def test_strings_join_over_blanks_and_over_nothing_else() -> None:
    assert words('"a" \n\t "b\\n" "c"') == ["ab\nc"]
    assert words('"a" \'b\' "c"') == ["a", "b", "c"]
    assert words('"a" /* x */ "b"') == ["a", "b"]
    assert words("'a\\n\"\nb'") == ['a\\n"\nb']


def test_places_are_exact() -> None:
    tokens, _ = scan('a\n\t$var(x)  "b"\n "c" ;')
    places = [(t.span.line, t.span.column, t.span.end_line, t.span.end_column) for t in tokens]
    assert places == [(1, 1, 1, 2), (2, 2, 2, 9), (2, 11, 3, 5), (3, 6, 3, 7)]


def test_a_define_is_text() -> None:
    assert words('#!define Q "abc\nQ def"') == ["abc def"]
    assert words("#!define P $var(\nP x)") == ["$var( x)"]
    assert words("#!define C x # y\nC z\nw") == ["x", "w"]
    assert words("#!define N\na N b") == ["a", "b"]
    assert words("#!define port x\nport") == ["port"]
    assert words("#!define A 1\n'A' \"A\" $A $var(A)") == ["A", "A", "$A", "$var(A)"]


def test_a_token_of_a_define_stands_where_the_name_stands() -> None:
    tokens, _ = scan("#!define XY 1 + 2\n a XY b")
    one = tokens[1]
    assert (one.text, one.span.line, one.span.column, one.span.end_column) == ("1", 2, 4, 6)
    assert one.span.origin is not None
    assert (one.span.origin.line, one.span.origin.column, one.span.origin.end_column) == (1, 10, 18)
    assert tokens[-1].span.column == 7
    assert tokens[-1].span.origin is None


def test_a_define_of_itself_is_an_error() -> None:
    tokens, problems = scan("#!define A x B\n#!define B A\nA ;")
    assert [p.message for p in problems] == ["the define A expands to itself"]
    assert tokens[-1].text == ";"


def test_includes_are_tokens_in_the_middle() -> None:
    assert words('a include_file "i.cfg"\nb', i="x 'y'") == ["a", "x", "y", "b"]
    assert words('a #!include_file "i.cfg"\nb', i='!!import_file "none.cfg"\nx') == ["a", "x", "b"]
    tokens, _ = scan('a\ninclude_file "i.cfg"\nb', i="\n x")
    inner = tokens[1].span
    assert (inner.file, inner.line, inner.column) == ("i.cfg", 2, 2)
    assert inner.origin is not None
    assert (inner.origin.file, inner.origin.line) == ("main.cfg", 2)


def test_an_include_is_looked_for_beside_the_file_that_includes_it() -> None:
    tokens, _ = scan('include_file "d/i.cfg"\n', d_i='include_file "j.cfg"\n', d_j="x")
    assert [t.span.file for t in tokens] == ["d/j.cfg"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('include_file "none.cfg"', 'cannot open "none.cfg"'),
        ("include_file 'i.cfg'", "include_file needs a file name in double quotes"),
        ('include_file "i.cfg";', "include_file needs a file name in double quotes"),
        (f'include_file "{"x" * 130}"', "this file name has more than 125 characters"),
    ],
)
def test_includes_that_are_refused(line: str, message: str) -> None:
    _, problems = scan(line, i="x")
    assert [(p.message, p.span.line) for p in problems] == [(message, 1)]


def test_files_may_not_include_one_another_without_end() -> None:
    _, problems = scan('include_file "i.cfg"', i='include_file "i.cfg"')
    assert [p.message for p in problems] == [f"more than {MAX_INCLUDES} files include one another"]


def test_a_comment_may_end_in_the_file_outside() -> None:
    assert words('include_file "i.cfg"\n no */ yes', i="x /* y") == ["x", "yes"]


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ('x "abc', 'the string that begins with this " is not closed', 3),
        ("x 'abc", "the string that begins with this ' is not closed", 3),
        ("x $var(a\n)", "the ( of $var( is not closed on its line", 3),
        ("x $ y", "a $ is followed by the name of a pseudo-variable", 3),
        ("x @1", "a select has a name after the @", 3),
        ("x % 1", "a % is followed by the name of an attribute", 3),
        ("event_route[tm]", "an event route is named [module:event]", 12),
    ],
)
def test_broken_tokens(text: str, message: str, column: int) -> None:
    _, problems = scan(text)
    assert [(p.message, p.span.column) for p in problems] == [(message, column)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x ? y", "stray character ? is skipped"),
        ("x \x01 y", "stray character U+0001 is skipped"),
        ("x /* y", "this comment is not closed; all that follows belongs to it"),
        ("#!else", "#!else is ignored: only blanks may follow it on its line"),
        ("#!endif x\n", "#!endif is ignored: only blanks may follow it on its line"),
        ("#!ifexp X\n", "#!ifexp came with Kamailio 5.7; here it is a comment"),
        ("#!else\n", "#!else without #!ifdef"),
    ],
)
def test_what_kamailio_passes_over_is_a_warning(text: str, message: str) -> None:
    _, problems = scan(text)
    assert [(p.message, p.severity) for p in problems] == [(message, "warning")]


def test_a_define_with_an_include_keeps_its_place() -> None:
    text = '#!define I include_file "i.cfg"\na I\nb'
    tokens, _ = scan(text, i="x")
    assert [t.text for t in tokens] == ["a", "x", "b"]
    assert (tokens[-1].span.line, tokens[-1].span.column) == (3, 1)


@pytest.mark.parametrize(
    ("text", "name", "stray"),
    [
        ("[a:b]", "a:b", ""),
        ("[ a:b_c:d-e\n]", "a:b_c:d-e", ""),
        ('["a:b"]', "a:b", '""'),
        ("[a_b:c_d]", "b:c_d", "a_"),
        ("[a:b:]", "a:b", ":"),
    ],
)
def test_the_name_of_an_event_is_what_fits(text: str, name: str, stray: str) -> None:
    tokens, problems = scan(f"event_route{text} {{")
    assert [(t.type, t.text) for t in tokens[1:]] == [("EVENT_NAME", name), ("LBRACE", "{")]
    told = [f"{stray} is passed over: the event is {name}"] if stray else []
    assert [(p.severity, p.message) for p in problems] == [("warning", t) for t in told]


def test_brackets_inside_of_what_is_no_pseudo_variable() -> None:
    """The whole stretch is taken, so that one mistake is told once."""
    tokens, problems = scan("a $(avp(x) y (z) b) c")
    assert [token.text for token in tokens] == ["a", "$(avp(x) y (z) b)", "c"]
    assert problems == []
    assert words("$sht(a=> b $var(c)) d") == ["$sht(a=> b $var(c))", "d"]
    _, problems = scan("$(avp(x) y")
    assert [problem.message for problem in problems] == ["the ( of $( is not closed on its line"]


def test_an_include_at_the_very_end_and_one_with_escapes() -> None:
    _, problems = scan("include_file")
    assert [one.message for one in problems] == ["include_file needs a file name in double quotes"]
    assert words('include_file "a\\tb.cfg"', **{"a\tb": "here"}) == ["here"]


@pytest.mark.parametrize(
    "text", ["$avp($(avp($(var(x){s.len}))))", "$_s(a (b (c (d (e)))))", "$(_s(((((x))))))"]
)
def test_a_deeply_nested_variable_is_one_token(text: str) -> None:
    assert words(f"request_route {{ $var(y) = {text}; }}")[4] == text
