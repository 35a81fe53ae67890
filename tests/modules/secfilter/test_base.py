"""How the lists come from the table."""

from typing import Any

import pytest

from sipproxy.errors import ModuleError
from sipproxy.testing import request

ASK = 'secf_check_ua(); $var(c) = $rc; xlog("$var(c)\\n");'


@pytest.mark.parametrize("opened", [False, True])
def test_other_names(world: Any, opened: bool) -> None:
    world.sql("CREATE TABLE rules (a SMALLINT, t SMALLINT, d VARCHAR(64))")
    world.sql("INSERT INTO rules VALUES (0, 0, 'scan')")
    world.sql("INSERT INTO version VALUES (2, 'rules', 1)")
    names = {"table_name": "rules", "action_col": "a", "type_col": "t", "data_col": "d"}
    proxy = world.load(ASK, **names)
    if opened:
        proxy.proxy.open()
    message = request("OPTIONS", "sip:x@y", headers="User-Agent: scanner")
    assert proxy.feed(message).log == ["-2\n"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ("UPDATE version SET table_version = 2", "invalid version 2 for table secfilter"),
        ("DROP TABLE secfilter", "error loading data from database"),
        ("INSERT INTO secfilter (action) VALUES (7)", "unknown action 7"),
    ],
)
def test_refused_at_start(world: Any, spoil: str, words: str) -> None:
    world.sql(spoil)
    with pytest.raises(ModuleError, match=words):
        world.load().proxy.open()


def test_no_database_is_needed_to_check_a_cfg(world: Any) -> None:
    proxy = world.load(ASK, db_url="sqlite:////no/such/folder/file.db")
    with pytest.raises(ModuleError, match="unable to connect database"):
        proxy.proxy.open()
    message = request("OPTIONS", "sip:x@y", headers="User-Agent: scanner")
    first, second = proxy.feed(message).log, proxy.feed(message).log
    assert "error loading data from database" in first[0]
    assert second == ["1\n"]
