"""Names looked up: pseudo-variables with inner texts, indexes and transformations, and what is
said of those that do not exist."""

from typing import Any

import pytest

from sipproxy.core.access import Format, PvAccess
from sipproxy.core.context import Context
from sipproxy.core.module import Module, pvar, setter, transformation
from sipproxy.core.params import Plain
from sipproxy.core.resolve import ResolveError
from sipproxy.core.values import Value, to_str


class Words(Module, name="words"):
    """Variables and transformations of every shape."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.written: list[tuple[object, ...]] = []

    @pvar("one")
    def one(self, ctx: Context) -> int:
        """1."""
        return 1

    @pvar("echo")
    def echo(self, ctx: Context, inner: str, index: int | str | None = None) -> Value:
        """What stands inside, and the index."""
        return inner if index is None else f"{inner}/{index}"

    @setter(echo)
    def set_echo(self, ctx: Context, inner: str, index: int | str | None, value: Value) -> None:
        """Remembers."""
        self.written.append((inner, index, value))

    @pvar("literal")
    def literal(self, ctx: Context, inner: Plain = Plain("default")) -> str:  # noqa: B008
        """What stands inside, as it is written."""
        return inner

    @pvar("nothing")
    def nothing(self, ctx: Context) -> Value:
        """Undefined."""
        return None

    @pvar("bound", bind=True)
    def bound(self, inner: str | None, index: str | None) -> PvAccess:
        """Made at load."""
        if inner != "good":
            raise ValueError(f"{inner} is not good")
        return PvAccess(lambda ctx: index, type="any")

    @pvar("avp")
    def avp(self, ctx: Context, inner: str, index: int | str | None = None) -> str:
        """Stands in for `$avp`."""
        return f"avp {inner}"

    @transformation("s.twice")
    def twice(self, value: Value) -> str:
        """The text twice."""
        return 2 * to_str(value)

    @transformation("s.plus")
    def plus(self, value: Value, text: str, number: int = 0) -> str:
        """The text with others behind it."""
        return f"{to_str(value)}{text}{number}"

    @transformation("s.missing")
    def missing(self, value: Value) -> Value:
        """Undefined."""
        return None


@pytest.fixture
def words(bench: Any) -> Words:
    found: Words = bench.load(Words)
    return found


def read(words: Words, text: str) -> Value:
    value: Value = words.host.pv(text).read(words.host.outside())
    return value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$one", 1),
        ("$(one)", 1),
        ("$echo(a)", "a"),
        ("$echo(a $one b)", "a 1 b"),
        ("$(echo(a)[2])", "a/2"),
        ("$(echo(a)[-1])", "a/-1"),
        ("$(echo(a)[*])", "a/*"),
        ("$(echo(a)[$one])", "a/1"),
        ("$literal(a $one)", "a $one"),
        ("$(bound(good)[7])", "7"),
        ("$(one{s.twice})", "11"),
        ("$(one{s.twice}{s.TWICE})", "1111"),
        ("$(one{s.plus, $echo(x),5})", "1x5"),
        ("$(nothing{s.twice})", ""),
    ],
)
def test_reading(words: Words, text: str, value: Value) -> None:
    assert read(words, text) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("$on", 'unknown pseudo-variable $on (did you mean "one"?)'),
        ("$one(x)", "$one takes nothing in parentheses"),
        ("$echo", "$echo needs a name in parentheses"),
        ("$(one[1])", "$one takes no index"),
        ("$(echo(a)[x])", "$(echo(a)[x]): the index 'x' is no number"),
        ("$bound(bad)", "$bound(bad): bad is not good"),
        ("$(one{s.twic})", 'unknown transformation {s.twic} (did you mean "s.twice"?)'),
        ("$(one{s.plus,a,b})", "'b' is no number for {s.plus}"),
        ("$(one{s.plus,$(echo})", "a ) is missing"),
        ("$(one{s.twice,1})", "wrong number of parameters for {s.twice}"),
        ("$one x", "unexpected text after $one"),
        ("$(one", "a ) is missing"),
    ],
)
def test_what_cannot_be_looked_up(words: Words, text: str, problem: str) -> None:
    with pytest.raises(ResolveError) as caught:
        words.host.pv(text)
    assert problem in str(caught.value)


def test_texts(words: Words) -> None:
    found = words.host.format("a $one-$nothing-$(nothing{s.missing})-$$")
    assert found(words.host.outside()) == "a 1-<null>--$"
    assert found.constant is None
    assert words.host.format("plain").constant == "plain"
    assert words.host.format("").constant == ""
    assert words.host.format("plain") is words.host.format("plain")
    assert words.host.pv("$one") is words.host.pv("$one")
    with pytest.raises(ResolveError, match="missing after"):
        words.host.format("costs 5 $ and more")
    with pytest.raises(ResolveError, match="unknown pseudo-variable"):
        words.host.format("$no_such")


def test_writing(words: Words) -> None:
    words.host.pv("$(echo($one)[$one])").write(words.host.outside(), "v")
    assert words.written == [("1", 1, "v")]
    assert words.host.pv("$one").set is None
    assert words.host.pv("$(echo(a){s.twice})").set is None


def test_an_unknown_name_is_an_avp_in_old_files(words: Words) -> None:
    words.host.unknown_is_avp = True
    assert read(words, "$something") == "avp something"
    with pytest.raises(ResolveError, match="unknown"):
        words.host.pv("$something(x)")


def test_selects_need_their_module(words: Words) -> None:
    with pytest.raises(ResolveError, match=r"@ruri\.user: there is no select ruri"):
        words.host.select("ruri.user")


def test_a_format_is_its_pieces() -> None:
    assert Format("x", ("x",)).constant == "x"
    assert Format("", ()).constant == ""


def test_a_transformation_in_a_transformation_that_cannot_be_read(words: Words) -> None:
    with pytest.raises(ResolveError, match=r"in \{s\.plus\}"):
        words.host.pv("$(one{s.plus,$})")


def test_what_may_stand_without_parentheses(words: Words) -> None:
    assert read(words, "$literal") == ""


def test_only_so_many_variables_are_noted(words: Words, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sipproxy.core.resolve._MOST_KNOWN", 1)
    for number in range(3):
        assert read(words, f"$echo({number})") == str(number)
    assert list(words.host.known) == ["$echo(0)"]
