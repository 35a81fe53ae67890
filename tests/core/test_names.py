"""Host names, as far as no network is needed."""

import pytest

from sipproxy.core import names


@pytest.mark.parametrize(
    ("name", "found"), [("127.0.0.7", [(4, "127.0.0.7")]), ("::1", [(6, "::1")])]
)
def test_an_address_is_its_own(name: str, found: list[tuple[int, str]]) -> None:
    assert names.addresses_of(name) == found


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".invalid"])
def test_no_name(name: str) -> None:
    with pytest.raises(OSError, match=r"host|[Nn]ame|known"):
        names.addresses_of(name)


def test_our_own_name() -> None:
    assert names.own_name()
