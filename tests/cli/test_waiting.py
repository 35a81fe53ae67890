"""--wait-db, alone and with seconds, in both styles of flags."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sipproxy.cli.waiting import with_wait_db
from tests.ports import free_port

Sipproxy = Callable[..., Any]

CFG = """
listen=udp:127.0.0.1:PORT
loadmodule "db_sqlite.so"
loadmodule "htable.so"
modparam("htable", "db_url", "sqlite:////nowhere/k.db")
modparam("htable", "htable", "t=>dbtable=htable")
request_route { exit; }
"""


def test_a_value_may_be_left_out() -> None:
    assert with_wait_db(["--wait-db", "x.cfg"]) == ["--wait-db=60", "x.cfg"]
    assert with_wait_db(["--wait-db=5", "x.cfg"]) == ["--wait-db=5", "x.cfg"]


@pytest.mark.parametrize("style", [("run", "{cfg}"), ("-f", "{cfg}", "-DD", "-E")])
def test_a_database_that_does_not_come(
    sipproxy: Sipproxy, tmp_path: Path, style: tuple[str, ...]
) -> None:
    (tmp_path / "x.cfg").write_text(CFG.replace("PORT", str(free_port())))
    words = [word.format(cfg=tmp_path / "x.cfg") for word in style]
    sentence = "sqlite:////nowhere/k.db: there is no such file (/nowhere/k.db)"
    said = sipproxy(*words)
    assert said.code == (1 if style[0] == "run" else 255)
    assert said.err == f"sipproxy: {sentence}\n"
    said = sipproxy(*words, "--wait-db=0.01")
    assert f"waiting up to 0 s for a database: {sentence}" in said.err
    assert said.err.endswith(f"sipproxy: {sentence}\n")
    for bad in ("x", "-1"):
        said = sipproxy(*words, f"--wait-db={bad}")
        assert said.code == (2 if style[0] == "run" else 255)
        assert "--wait-db" in said.err
