"""Module json, beside the recorded cases."""

import pytest

from sipproxy.modules.json import JsonModule
from sipproxy.testing.bench import Bench


@pytest.fixture
def bench() -> Bench[JsonModule]:
    bench = Bench(JsonModule)
    bench.module.start()
    return bench


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", r'{ "b": [ 1, "x\/y" ] }'),
        ("a.b[1]", "x/y"),
        ("a..b[0]", "1"),
        ("a.$word(name)[1]", "x/y"),
        ("$word(path)", "1"),
        ("a.[1]", ""),
        ("a.b[2]", ""),
        ("c%d", "2"),
    ],
)
def test_paths(bench: Bench[JsonModule], path: str, value: str) -> None:
    bench.words.update(name="b", path="a.b[0]", j='{"a":{"b":[1,"x/y"]},"c.d":2}')
    assert bench.host.pv(f"$(word(j){{json.parse,{path}}})").read(bench.ctx) == value


def test_values_that_are_no_text(bench: Bench[JsonModule]) -> None:
    bench.words["n"] = 5
    for name, value in (("n", ""), ("nothing", None)):
        assert bench.host.pv(f"$(word({name}){{json.parse,a}})").read(bench.ctx) == value


def test_what_is_not_there_is_not_written(bench: Bench[JsonModule]) -> None:
    target = bench.host.pv("$word(x)")
    for text, name in (("[1]", "0"), ('{"a":null}', "a"), ('{"a":1}', "b"), ("{", "a")):
        assert not bench.module.json_get_string(bench.ctx, text, name, target)
    assert [text for _, text in bench.lines()] == ["empty or invalid JSON"]


def test_a_bad_path(bench: Bench[JsonModule]) -> None:
    with pytest.raises(Exception, match=r"json\.parse"):
        bench.host.pv("$(word(j){json.parse,a.$(})")
    with pytest.raises(Exception, match="wrong number"):
        bench.host.pv("$(word(j){json.parse})")
