"""Variables that a script keeps."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError
from sipproxy.errors import ModuleError, RpcError
from sipproxy.modules.pv.variables.state import Bank


def test_a_bank_has_an_attribute_for_each_name() -> None:
    bank = Bank()
    bank.preset("a", 5)
    slot, odd = bank.slot("a"), bank.slot("odd-name.x")
    setattr(bank, odd, "x")
    assert (getattr(bank, slot), getattr(bank, bank.slot("odd-name.x"))) == (5, "x")
    assert bank.names() == ["a", "odd-name.x"]


def test_names_of_python_are_names_too(bench: Any) -> None:
    for name in ("class", "__class__", "slot", "None"):
        bench.put(f"$var({name})", name)
    assert [bench.value(f"$var({n})") for n in ("class", "__class__", "slot", "None")] == [
        "class",
        "__class__",
        "slot",
        "None",
    ]


def test_variables_outlive_the_message(bench: Any) -> None:
    bench.put("$var(a)", "kept")
    bench.put("$avp(a)", "gone")
    bench.cleared()
    assert bench.show("$var(a) $avp(a)") == "kept <null>"


def test_an_undefined_variable_is_zero(bench: Any) -> None:
    for name in ("$var(u)", "$vz(u)"):
        bench.put(name, "x")
        bench.put(name, None)
        assert bench.value(name) == 0
    assert bench.value("$vn(u)") is None


@pytest.mark.parametrize("text", ["x", "=i:1", "x=5", "x=i:", "x=i:a", "x=q:1"])
def test_bad_presets(bench: Any, text: str) -> None:
    for setter in (bench.pv.varset, bench.pv.shvset):
        with pytest.raises(ModuleError):
            setter(text)


def test_bad_aliases(bench: Any) -> None:
    with pytest.raises(ModuleError, match="alias=name"):
        bench.pv.avp_aliases("a=b;c")


@pytest.mark.parametrize(
    "text",
    ["$var()", "$var", "$(var(a)[1])", "$avp()", "$avp(i:x)", "$(avp(a)[x])", "$cnt($var(a))"],
)
def test_what_is_written_wrongly(bench: Any, text: str) -> None:
    with pytest.raises(ResolveError):
        bench.value(text)


@pytest.mark.parametrize(
    "name",
    [
        *("x:5", "f:x", "x:", "s:", "i:", "i:x", "i:5x", "i:-5", "i: 5", "i:99999999999"),
        *("x.y", "abc.y", "f.", ""),
    ],
)
def test_names_that_no_avp_has(bench: Any, name: str) -> None:
    with pytest.raises(ResolveError):
        bench.host.pv(f"$avp({name})")


@pytest.mark.parametrize("name", ["x", "s:x:y", "S:x", "I:5", "i:4294967295", "si:x", "a b", "f.x"])
def test_names_that_an_avp_may_have(bench: Any, name: str) -> None:
    assert bench.host.pv(f"$avp({name})").set is not None


def test_shared_variables_by_rpc(bench: Any) -> None:
    bench.put("$shv(a)", 1)
    bench.put("$shv(b)", "two")
    assert bench.pv.shv_get("a") == {"name": "a", "type": "int", "value": 1}
    every = bench.pv.shv_get()["items"]
    assert list(every.items()) == [
        ("shv", {"name": "b", "type": "string", "value": "two"}),
        ("shv", {"name": "a", "type": "int", "value": 1}),
    ]
    assert len(every) == 2 and every["shv"]["name"] == "b"
    assert bench.pv.shv_set("a", "int", "7") == "Ok. Variable set to new value."
    assert bench.pv.shv_set("b", "STR", "8") == "Ok. Variable set to new value."
    assert (bench.value("$shv(a)"), bench.value("$shv(b)")) == (7, "8")


@pytest.mark.parametrize(
    ("args", "code"),
    [(("none", "int", "1"), 404), (("a", "float", "1"), 500), (("a", "int", "x"), 500)],
)
def test_refused_rpcs(bench: Any, args: tuple[str, str, str], code: int) -> None:
    bench.value("$shv(a)")
    with pytest.raises(RpcError) as caught:
        bench.pv.shv_set(*args)
    assert caught.value.code == code
    with pytest.raises(RpcError):
        bench.pv.shv_get("none")
