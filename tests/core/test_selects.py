"""How selects are written, and how modules offer them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.context import Context
from sipproxy.core.module import Module, select_root
from sipproxy.core.resolve import ResolveError
from sipproxy.core.selects import Path, Read, plain
from sipproxy.errors import MessageError


def parts(text: str) -> list[int | str]:
    path = Path.parse(text)
    found: list[int | str] = []
    while path:
        number = path.number()
        found.append(path.name() if number is None else number)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", ["a"]),
        ("a.b_2.c", ["a", "b_2", "c"]),
        ("a[2].b[-1]", ["a", 2, "b", -1]),
        ('a["x y"].b', ["a", "x y", "b"]),
        ('a[\\"$var(x)\\"]', ["a", "$var(x)"]),
        ('a[""]', ["a", ""]),
    ],
)
def test_parts(text: str, expected: list[int | str]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", ".", "a.", "a..b", "a[1", "a b", "a[x]", "a[]", 'a["x"][2]', "2a", "_a", 'a["x]', "é"],
)
def test_what_is_no_select(text: str) -> None:
    with pytest.raises(ValueError, match="not of the form"):
        Path.parse(text)


@given(st.text(alphabet='ab_.[]"1-\\$ ', max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parts(text)
    except ValueError:
        return
    assert found


def test_a_path_says_where_it_is() -> None:
    path = Path(["a", 2, "b"])
    with pytest.raises(ValueError, match="a realm is missing behind a"):
        path.name() and path.name("a realm")
    assert (path.number(), path.number()) == (2, None)
    with pytest.raises(ValueError, match=r"a\[2\] has nothing below it, but b is written"):
        path.end()
    assert path.peek() == "b"
    path.name()
    path.end()
    assert path.peek() is None
    assert str(path) == "a[2].b"


def nothing(ctx: Context) -> None:
    return None


@pytest.mark.parametrize(
    ("below", "says"),
    [
        ([], "a goes on with one of first, second"),
        ([3], "a goes on with one of first, second"),
        (["secund"], 'a has no secund: did you mean "second"'),
        (["x"], "a has no x: known are first, second"),
        (["first", "y"], "a.first has nothing below it"),
    ],
)
def test_what_is_not_below(below: list[int | str], says: str) -> None:
    path = Path(["a", *below])
    path.name()
    with pytest.raises(ValueError, match=says):
        path.choose({"first": plain(nothing), "second": plain(nothing)})


class Offering(Module, name="offering"):
    """Offers two names for one root."""

    @select_root("shape")
    @select_root("form")
    def shapes(self, path: Path) -> Read:
        """Shapes."""

        def broken(ctx: Context) -> str:
            raise MessageError("broken")

        return path.choose(
            {
                "sides": plain(lambda ctx: 4),
                "none": plain(nothing),
                "broken": plain(broken),
            }
        )


MESSAGE = """OPTIONS sip:a@b SIP/2.0
Via: SIP/2.0/UDP h
From: <sip:a@b>;tag=1
To: <sip:a@b>
Call-ID: 1
CSeq: 1 OPTIONS

""".replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("text", "value"),
    [("shape.sides", "4"), ("FORM.Sides", "4"), ("form.none", None), ("shape.broken", None)],
)
def test_a_module_offers_roots(bench: Any, text: str, value: str | None) -> None:
    bench.load(Offering)
    assert bench.host.select(text).read(bench.context(MESSAGE)) == value


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("shapes.sides", "@shapes.sides: there is no select shapes", 'did you mean "shape"?'),
        ("shape.side", '@shape.side: shape has no side: did you mean "sides"?', ""),
        ("shape", "@shape: shape goes on with one of sides, none, broken", ""),
        ("shape..x", "not of the form", ""),
    ],
)
def test_a_wrong_one_is_refused_with_a_hint(bench: Any, text: str, message: str, hint: str) -> None:
    bench.load(Offering)
    with pytest.raises(ResolveError) as refused:
        bench.host.select(text)
    assert message in refused.value.message
    assert refused.value.hint == hint


def test_the_module_that_would_have_it_is_named(bench: Any) -> None:
    bench.host.elsewhere = lambda mark, name: f"{mark.__name__} {name} is elsewhere"
    with pytest.raises(ResolveError, match="SelectMark other is elsewhere"):
        bench.host.select("other.x")
