"""Tables and their database: what a start wants of it, what a stop leaves in it."""

from pathlib import Path

import pytest

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.flow import Flow
from sipproxy.core.log import LogList
from sipproxy.errors import CfgError, ModuleError
from sipproxy.program import load_text
from sipproxy.proxy import Proxy
from sipproxy.testing import load_cfg_text, request
from tests.bases import Base
from tests.opened import START
from tests.phones import CFG, Phones


@pytest.mark.parametrize("mode", [1, 2, 3, 4])
def test_a_database_without_the_table(tmp_path: Path, mode: int) -> None:
    base = Base("sqlite", f"sqlite:///{tmp_path}/x.db")
    base.make("location")
    base.run("DROP TABLE location")
    with pytest.raises(ModuleError, match="no such table: location"):
        Phones(base, mode)


def test_a_table_of_another_version(lite: Base) -> None:
    lite.run("UPDATE version SET table_version = 8 WHERE table_name = 'location'")
    with pytest.raises(ModuleError, match="invalid version 8 for table location found, expected 9"):
        Phones(lite, 1)
    Phones(lite, 1, 'modparam("usrloc", "version_table", 0)')


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match="there is no such file"):
        Phones(Base("sqlite", f"sqlite:///{tmp_path}/none.db"), 2)


def test_a_bad_url() -> None:
    cfg = CFG.format(loads="", url="sqlite:///x", more='modparam("usrloc", "db_mode", 1)')
    with pytest.raises(CfgError, match="db_sqlite is not loaded"):
        load_cfg_text(cfg)


def test_a_start_need_not_read_the_table(lite: Base) -> None:
    Phones(lite, 1).register("alice")
    phones = Phones(lite, 1, 'modparam("usrloc", "db_load", 0)')
    assert phones.contacts("alice") == ()


def test_rows_of_other_servers(lite: Base) -> None:
    Phones(lite, 1).register("alice")
    lite.run("UPDATE location SET server_id = 7")
    more = 'modparam("usrloc", "server_id_filter", 1);modparam("usrloc", "db_timer_clean", 1)'
    phones = Phones(
        lite, 1, more, cfg=lambda text: text.replace("listen=", "server_id=5\nlisten=", 1)
    )
    assert phones.contacts("alice") == ()
    phones.register("bob")
    phones.served.advance(700)
    assert phones.rows("username", "server_id") == [("alice", 7)]


def test_rows_of_connections_go(lite: Base) -> None:
    first = Phones(lite, 1)
    for user in ("alice", "bob"):
        first.register(user)
    lite.run("UPDATE location SET connection_id = 3 WHERE username = 'bob'")
    assert Phones(lite, 1).users() == ["alice", "bob"]
    phones = Phones(lite, 1, 'modparam("usrloc", "db_clean_tcp", 1)')
    assert phones.users() == ["alice"]
    assert phones.contacts("bob") == ()


def test_a_cleaning_sweep_takes_what_memory_does_not_know(lite: Base) -> None:
    phones = Phones(lite, 1, 'modparam("usrloc", "db_timer_clean", 1)')
    phones.register("alice")
    other = Phones(lite, 1)
    other.register("bob")
    other.served.clock.set(START + 1)
    phones.served.advance(720)
    assert phones.users() == []


def test_rows_that_are_no_contacts_are_left_out(lite: Base) -> None:
    Phones(lite, 1).register("alice")
    lite.run("INSERT INTO location (ruid, username, contact) VALUES ('1', '', 'sip:x')")
    lite.run("INSERT INTO location (ruid, username, contact) VALUES ('2', 'x', '')")
    phones = Phones(lite, 1)
    assert phones.find("alice") == "200 1 sip:alice@10.0.0.1"
    assert phones.served.said("skipping record for '' in table location: username is empty")


def replayed(base: Base, mode: int) -> tuple[list[bytes], LogList]:
    """First lines of the replies that a replay gives, and its log."""
    more = f'modparam("usrloc", "db_mode", {mode})'
    cfg = CFG.format(loads=base.loads, url=base.url, more=more)
    clock, log = VirtualClock(START), LogList()
    proxy = Proxy(load_text(cfg), clock=clock, chance=Chance(2), log=log, read_only=True)
    contact = "Contact: <sip:bob@10.0.0.2>"
    flow = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.1", 5099))
    for user, method in (("bob", "REGISTER"), ("alice", "OPTIONS"), ("bob", "OPTIONS")):
        uri = f"sip:{user}@127.0.0.1"
        proxy.receive(request(method, uri, headers=contact), flow, START)
        proxy.settle()
    proxy.close()
    return [data.split(b"\r\n")[0] for data, _ in proxy.outbox], log


@pytest.mark.parametrize("mode", [1, 2, 3, 4])
def test_a_replay_reads_and_writes_nothing(lite: Base, mode: int) -> None:
    Phones(lite, 1).register("alice")
    assert replayed(lite, mode)[0] == [
        b"SIP/2.0 200 OK",
        b"SIP/2.0 200 1 sip:alice@10.0.0.1",
        b"SIP/2.0 200 1 sip:bob@10.0.0.2",
    ]
    assert lite.rows("location", "username") == [("alice",)]


@pytest.mark.parametrize("mode", [1, 3])
def test_a_replay_needs_no_database(tmp_path: Path, mode: int) -> None:
    replies, log = replayed(Base("sqlite", f"sqlite:///{tmp_path}/none.db"), mode)
    assert replies == [
        b"SIP/2.0 200 OK",
        b"SIP/2.0 200 -1 sip:alice@127.0.0.1",
        b"SIP/2.0 200 1 sip:bob@10.0.0.2",
    ]
    assert any("tables of locations begin empty" in text for _, _, text in log.records)


def test_a_flush_is_over_when_it_is_answered(lite: Base) -> None:
    phones = Phones(lite, 2)
    phones.register("alice")
    phones.served.rpc("ul.flush")
    assert phones.users() == ["alice"]


def test_counting_what_is_not_there(lite: Base) -> None:
    phones = Phones(lite, 1)
    for command in ("ul.db_users", "ul.db_contacts", "ul.db_expired_contacts"):
        what = "AoR" if command == "ul.db_users" else "contact"
        with pytest.raises(Exception, match=f"Failed to query {what} count"):
            phones.served.rpc(command, "nowhere")
        with pytest.raises(Exception, match="Not enough parameters"):
            phones.served.rpc(command)
