"""Helpers for tests of the rules: a cfg in, ids and lines out."""

from collections.abc import Callable

import pytest

from sipproxy.lint import lint
from sipproxy.lint.cfg import Cfg
from sipproxy.script.parse import parse_text

HEAD = """#!KAMAILIO
loadmodule "pv.so"
loadmodule "htable.so"
modparam("htable", "htable", "t=>size=4;autoexpire=60;initval=0")
modparam("htable", "htable", "bare=>size=4;autoexpire=60")
request_route {
"""
"""The first line of a body behind it is line 7."""

Found = Callable[..., list[str]]


@pytest.fixture
def found() -> Found:
    """What the rules say of a cfg: `SP101:7` for each finding; `only` picks ids."""

    def run(text: str, *only: str, compat: str = "") -> list[str]:
        problems = lint(parse_text(text), compat)
        return [f"{p.id}:{p.span.line}" for p in problems if not only or p.id in only]

    return run


@pytest.fixture
def found_in(found: Found) -> Found:
    """The same for the body of a request_route in a cfg with the htables `t` and `bare`."""

    def run(body: str, *only: str, compat: str = "") -> list[str]:
        lines = [f"{id}:{int(line) - 6}" for id, line in _split(body, only, compat)]
        return lines

    def _split(body: str, only: tuple[str, ...], compat: str) -> list[tuple[str, str]]:
        pairs = [one.partition(":") for one in found(f"{HEAD}{body}\n}}\n", *only, compat=compat)]
        return [(id, line) for id, _, line in pairs]

    return run


@pytest.fixture
def view() -> Callable[[str], Cfg]:
    """A cfg as the rules see it."""
    return lambda text: Cfg(parse_text(text))
