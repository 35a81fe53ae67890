"""`{param.*}`, `{line.*}` and `{url.*}`."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError


def test_parts_of_urls(bench: Any) -> None:
    bench.put("$var(u)", "/a/b?c=d&e=f?g")
    assert bench.value("$(var(u){url.path})") == "/a/b"
    assert bench.value("$(var(u){url.querystring}{param.value,e,&})") == "f?g"
    bench.put("$var(u)", "/a")
    assert bench.value("$(var(u){url.querystring})") == ""


@pytest.mark.parametrize(
    "chain",
    ["{param.value}", "{param.value,a,bc}", "{param.name,x}", "{line.at}"],
)
def test_refused(bench: Any, chain: str) -> None:
    with pytest.raises(ResolveError):
        bench.value(f"$(ru{chain})")
