"""The pytest plugin: fixtures for tests of cfgs, found through the entry point `pytest11`.

sipproxy is imported when a fixture is asked for: other test suites pay nothing for the plugin.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from sipproxy.core.module import Module
    from sipproxy.testing.messages import Messages
    from sipproxy.testing.proxy import Defines, ProxyUnderTest
    from sipproxy.testing.stubs import Stub


class CfgLoader(Protocol):
    """The fixture `load_cfg`: a cfg file to a proxy under test."""

    def __call__(
        self,
        path: str,
        *,
        defines: Defines = ...,
        compat: str = ...,
        modules: Mapping[str, type[Module]] = ...,
        stubs: Mapping[str, Stub] = ...,
        overrides: Mapping[str, str] = ...,
        start: float = ...,
        us: Collection[str] = ...,
    ) -> ProxyUnderTest: ...


@pytest.fixture
def load_cfg(request: pytest.FixtureRequest) -> CfgLoader:
    """`load_cfg("kamailio.cfg", defines={"WITH_AUTH"})` gives a proxy under test.

    A relative path is looked for beside the test's file, then where pytest was started.
    """
    from sipproxy.testing.proxy import load_cfg

    def load(path: str, **options: object) -> ProxyUnderTest:
        here = request.path.parent / path
        return load_cfg(str(here) if here.exists() else path, **options)  # type: ignore[arg-type]

    return load


@pytest.fixture
def sip() -> Messages:
    """Builders of messages, numbered anew in each test: `sip.register("alice")`, `sip.invite()`."""
    from sipproxy.testing.messages import Messages

    return Messages()
