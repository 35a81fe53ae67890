"""Parameters that keep the server from starting."""

import pytest

from sipproxy.errors import ModuleError
from sipproxy.modules.usrloc import Usrloc
from sipproxy.testing.bench import Bench


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("db_mode", 5, "none of 0 to 4"),
        ("rm_expired_delay", 1, "available for db only mode"),
        ("hash_size", 21, "too big"),
        ("nat_bflag", 32, "too big"),
        ("nat_bflag", -2, "too big"),
    ],
)
def test_what_is_refused(bench: Bench[Usrloc], name: str, value: int, complaint: str) -> None:
    setattr(bench.module, name, value)
    with pytest.raises(ModuleError, match=complaint):
        bench.module.start()


def test_a_database_is_read_in_pieces(bench: Bench[Usrloc]) -> None:
    bench.module.db_mode = 1
    bench.module.fetch_rows = 0
    with pytest.raises(ModuleError, match="invalid fetch_rows number '0'"):
        bench.module.start()


def test_the_defaults_are_fine(bench: Bench[Usrloc]) -> None:
    assert list(bench.module.complaints()) == []
