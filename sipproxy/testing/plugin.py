"""The pytest plugin: fixtures for tests of cfgs, found through the entry point `pytest11`."""

from typing import Protocol

import pytest


class CfgLoader(Protocol):
    """The fixture `load_cfg`: a cfg file to a proxy under test."""

    def __call__(self, path: str, **options: object) -> object: ...


@pytest.fixture
def load_cfg() -> object:
    """`load_cfg("kamailio.cfg", defines={"WITH_AUTH": None})` gives a proxy under test."""
    from sipproxy.testing.proxy import load_cfg

    return load_cfg


@pytest.fixture
def sip() -> object:
    """Builders of messages: `sip.request("REGISTER", user="alice")`, `sip.response(request)`."""
    from sipproxy.testing import messages

    return messages
