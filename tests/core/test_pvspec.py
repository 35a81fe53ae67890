"""Reading pseudo-variables: names, inner texts, indexes, transformations, texts that hold them."""

import pytest

from sipproxy.core.pvspec import (
    PvSpec,
    PvSyntaxError,
    TransformSpec,
    parse_pv,
    pv_texts,
    split_text,
)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("$ru", PvSpec("$ru", "ru")),
        ("$hdr(X-A)", PvSpec("$hdr(X-A)", "hdr", "X-A")),
        ("$(ru)", PvSpec("$(ru)", "ru")),
        ("$(hdr(X)[1])", PvSpec("$(hdr(X)[1])", "hdr", "X", "1")),
        ("$(avp(x)[*])", PvSpec("$(avp(x)[*])", "avp", "x", "*")),
        ("$?", PvSpec("$?", "?")),
        (
            "$( ru {s.len} )",
            PvSpec("$( ru {s.len} )", "ru", None, None, (TransformSpec("s.len", None),)),
        ),
        (
            "$(var(a){s.substr,1,$(var(b){s.int})}{s.len})",
            PvSpec(
                "$(var(a){s.substr,1,$(var(b){s.int})}{s.len})",
                "var",
                "a",
                None,
                (TransformSpec("s.substr", "1,$(var(b){s.int})"), TransformSpec("s.len", None)),
            ),
        ),
        ("$sht(a=>$au::x)", PvSpec("$sht(a=>$au::x)", "sht", "a=>$au::x")),
    ],
)
def test_parse(text: str, spec: PvSpec) -> None:
    assert parse_pv(text) == spec


@pytest.mark.parametrize(
    "text",
    [
        "$",
        "$(",
        "$(ru",
        "$()",
        "$(ru]",
        "$ru x",
        "$(hdr(X)[1)",
        "$(",
        "$(ru x)",
        "$(ru[1][2])",
        "$( )",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(PvSyntaxError):
        parse_pv(text)


def test_split_text() -> None:
    pieces = split_text("a $rU-$$5 $(ru{uri.host}):$rU")
    assert [p if isinstance(p, str) else p.text for p in pieces] == [
        "a ",
        "$rU",
        "-$5 ",
        "$(ru{uri.host})",
        ":",
        "$rU",
    ]


def test_a_dot_belongs_to_a_name_in_a_text() -> None:
    (spec,) = split_text("$rU.x")
    assert isinstance(spec, PvSpec) and spec.name == "rU.x"


def test_a_lone_dollar_is_refused() -> None:
    with pytest.raises(PvSyntaxError):
        split_text("costs 5$ ")


def test_a_list_of_variables() -> None:
    assert pv_texts(" $var(a), $(avp(b)[1]);$ru\r\n") == ["$var(a)", "$(avp(b)[1])", "$ru"]
    assert pv_texts(" ;") == []


@pytest.mark.parametrize("text", ["$var(a), b", "$var(a", "$"])
def test_what_is_no_list_of_variables(text: str) -> None:
    with pytest.raises(PvSyntaxError):
        pv_texts(text)
