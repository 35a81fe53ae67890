"""Debian's kamailio.cfg with its users, locations and accounts in a database: the same phones with
sipproxy and with Kamailio, one after the other on one database, and the rows that they leave."""

import re
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.bases import Base

Serve = Callable[..., AbstractContextManager[Any]]

pytestmark = pytest.mark.peer

_EXTRAS = (
    *(("src_user", 64), ("src_domain", 128), ("src_ip", 64)),
    *(("dst_ouser", 64), ("dst_user", 64), ("dst_domain", 128)),
)
"""Columns that the cfg's own comment adds to the tables of accounts."""
_ACCOUNT = ("method", "sip_code", "sip_reason", *(name for name, _ in _EXTRAS))
_LOCATION = (
    *("username", "domain", "contact", "received", "path", "q", "cseq", "flags", "cflags"),
    *("user_agent", "socket", "methods", "instance", "reg_id", "connection_id", "keepalive"),
)


@pytest.fixture(params=["sqlite", "mysql", pytest.param("postgres", marks=pytest.mark.soak)])
def make_base(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Base]:
    """`make_base("name")`: the tables of the cfg and three users in a new database."""
    kind: str = request.param
    servers = {"mysql": "mariadb", "postgres": "postgres"}
    server = request.getfixturevalue(servers[kind]) if kind in servers else None

    def make(name: str) -> Base:
        lite = f"sqlite:///{tmp_path}/{name}.db"
        base = Base(kind, server.url(server.database()) if server else lite, server)
        base.make("subscriber", "location", "acc", "missed_calls")
        for table in ("acc", "missed_calls"):
            for column, length in _EXTRAS:
                kind_of = f"VARCHAR({length}) NOT NULL DEFAULT ''"
                base.run(f"ALTER TABLE {table} ADD COLUMN {column} {kind_of}")
        users = [{"username": user, "password": f"{user}!"} for user in ("ann", "bob", "carl")]
        base.fill("subscriber", users)
        return base

    return make


def as_user(user: str, password: str = "") -> tuple[str, ...]:
    """SIPp's options for a user with this password, or his own."""
    return "-au", user, "-ap", password or f"{user}!"


def options_of(base: Base) -> list[str]:
    """What a person types to have the cfg use this database."""
    words = ["--loadmodule", base.module] if base.kind != "mysql" else []
    for feature in ("MYSQL", "AUTH", "USRLOCDB", "ACCDB"):
        words += ["-A", f"WITH_{feature}"]
    return [*words, "-A", f'DBURL="{base.url}"']


def settled(rows: list[tuple[Any, ...]], ports: dict[str, str]) -> list[tuple[Any, ...]]:
    """Without the ports of this run."""

    def settle(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return re.sub(r"(?<=:)\d{4,5}\b", lambda found: ports.get(found[0], found[0]), value)

    return sorted((tuple(map(settle, row)) for row in rows), key=repr)


def evening(serve: Serve, first: str, then: str, base: Base) -> list[Any]:
    """Phones register, call, find somebody busy, and call again when another server has taken over;
    the rows that are left.
    """
    options = options_of(base)
    with serve(first, *options) as stage:
        ann, carl = stage.answer("callee", "", "-m", "2"), stage.answer("busy")
        for user, phone in (("ann", ann), ("carl", carl)):
            stage.play(
                "register_auth", *as_user(user), user=user, contact=phone.port, expires=600
            ).done()
        stage.play("caller_auth", *as_user("bob"), caller="bob", callee="ann").done()
        stage.play("finds_busy_auth", *as_user("bob"), caller="bob", callee="carl").done()
        carl.done()
        ports = {str(stage.port): "PROXY", str(ann.port): "ANN", str(carl.port): "CARL"}
        assert base.rows("location", "username") == []
        shown = repr(stage.rpc("ul.lookup", "location", "ann"))
        assert f":{ann.port}" in shown
        phones, stage.phones = stage.phones, []
    left = settled(base.rows("location", *_LOCATION), ports)
    with serve(then, *options) as stage:
        stage.phones = phones
        shown = repr(stage.rpc("ul.lookup", "location", "ann"))
        assert f":{ann.port}" in shown and "CS_SYNC" in shown
        stage.play("caller_auth", *as_user("bob"), caller="bob", callee="ann").done()
        ann.done()
        ports[str(stage.port)] = "PROXY"
    return [
        left,
        settled(base.rows("acc", *_ACCOUNT), ports),
        settled(base.rows("missed_calls", *_ACCOUNT), ports),
    ]


def test_the_same_rows(serve: Serve, make_base: Callable[[str], Base]) -> None:
    mine = make_base("mine")
    other = "kamailio" if shutil.which("kamailio") else "sipproxy"
    ours = evening(serve, "sipproxy", other, mine)
    locations, accounts, missed = ours
    assert [row[0] for row in locations] == ["ann", "carl"]
    assert [row[:3] for row in accounts] == [("BYE", "200", "OK")] * 2 + [
        ("INVITE", "200", "OK")
    ] * 2
    assert [row[:3] for row in missed] == [("INVITE", "486", "Busy Here")]
    times = mine.rows("acc", "time", "from_tag", "to_tag", "callid")
    assert all(time and to_tag and callid for time, _, to_tag, callid in times)
    assert ours == evening(serve, other, "sipproxy", make_base("theirs"))


@pytest.mark.parametrize("make_base", ["sqlite"], indirect=True)
def test_a_wrong_password(serve: Serve, make_base: Callable[[str], Base]) -> None:
    base = make_base("mine")
    with serve("sipproxy", *options_of(base)) as stage:
        user = as_user("ann", "no")
        phone = stage.play("register_auth", *user, user="ann", contact=9, expires=600)
        assert phone.process.wait(30) != 0
        assert phone.received() == ["SIP/2.0 401 Unauthorized"] * 2
    assert base.rows("location", "username") == []
