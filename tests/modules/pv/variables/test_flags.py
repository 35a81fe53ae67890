"""Flags as numbers, digits and single bits."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError
from sipproxy.core.values import EvalError


@pytest.mark.parametrize("kind", ["m", "b", "s"])
def test_all_forms_are_one(bench: Any, kind: str) -> None:
    one = kind.upper() + "f"
    bench.put(f"${kind}f", 5)
    bench.put(f"${one}(NAMED)", 1)
    bench.put(f"${one}(0)", 0)
    assert bench.show(f"${kind}f ${kind}F ${one}(2) ${one}(0)") == "20 00000014 1 0"
    bench.put(f"${one}(31)", 1)
    assert bench.value(f"${kind}f") == -0x8000_0000 + 20
    bench.put(f"${kind}F", None)
    assert bench.value(f"${kind}f") == 0


def test_undefined_clears_all(bench: Any) -> None:
    bench.put("$mf", 7)
    bench.put("$Mf(1)", None)
    assert bench.value("$mf") == 0


@pytest.mark.parametrize("name", ["$mf", "$Mf(1)"])
def test_a_text_is_refused(bench: Any, name: str) -> None:
    with pytest.raises(EvalError):
        bench.put(name, "x")


@pytest.mark.parametrize("name", ["$Mf(32)", "$Bf(nope)", "$Sf"])
def test_no_such_flag(bench: Any, name: str) -> None:
    with pytest.raises(ResolveError, match="there is no flag"):
        bench.value(name)
