"""Locations in databases of each kind: what is written when, and what a restart finds."""

from typing import Any

import pytest

from tests.bases import Base
from tests.opened import START
from tests.phones import Phones

COLUMNS = ("username", "contact", "cseq", "q", "methods", "received", "socket", "connection_id")


def test_written_at_once(tables: Base) -> None:
    phones = Phones(tables, 1)
    answer = phones.register("alice", "<sip:alice@10.0.0.1>;q=0.5", "Allow: INVITE, ACK")
    assert answer == "200 <sip:alice@10.0.0.1>;q=0.5;expires=600"
    socket = "udp:127.0.0.1:5060"
    assert phones.rows(*COLUMNS) == [("alice", "sip:alice@10.0.0.1", 1, 0.5, 5, None, socket, -1)]
    phones.register("alice", '<sip:alice@10.0.0.1>;q=0.25;received="sip:1.1.1.1"')
    assert phones.rows(*COLUMNS) == [
        ("alice", "sip:alice@10.0.0.1", 2, 0.25, None, "sip:1.1.1.1", socket, -1)
    ]
    assert phones.find("alice") == "200 1 sip:alice@10.0.0.1"
    phones.leave("alice")
    assert phones.rows(*COLUMNS) == []


def test_written_at_each_sweep(tables: Base) -> None:
    phones = Phones(tables, 2)
    for user in ("alice", "bob", "short"):
        phones.register(user)
    phones.leave("short")
    assert phones.users() == []
    phones.served.advance(60)
    assert phones.users() == ["alice", "bob"]
    phones.leave("alice")
    phones.register("bob", more="User-Agent: new")
    assert phones.find("alice") == "200 -1 sip:alice@127.0.0.1"
    assert [c.expires for c in phones.contacts("alice")] == [10]
    assert phones.rows("username", "user_agent") == [("alice", "n/a"), ("bob", "n/a")]
    phones.served.advance(60)
    assert phones.rows("username", "user_agent") == [("bob", "new")]
    assert phones.contacts("alice") == ()


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_a_restart_finds_everybody(tables: Base, mode: int) -> None:
    phones = Phones(tables, mode)
    phones.register("alice")
    phones.register("bob", '<sip:bob@10.0.0.1;x=y>;q=0.3;+sip.instance="<urn:uuid:1>"')
    phones.register("bob", "<sip:desk@10.0.0.2>;q=0.7")
    phones.leave("alice")
    phones.stop()
    assert phones.users() == ["bob", "bob"]
    phones.clock += 500
    phones.start()
    assert phones.find("bob") == "200 1 sip:desk@10.0.0.2"
    assert phones.register("carol") == "200 <sip:carol@10.0.0.1>;expires=600"
    assert phones.send("REGISTER", "bob") == (
        "200 <sip:desk@10.0.0.2>;q=0.7;expires=100, <sip:bob@10.0.0.1;x=y>;q=0.3;expires=100"
        ';+sip.instance="<urn:uuid:1>"'
    )


@pytest.mark.parametrize("mode", [2, 3])
def test_what_expired_goes(tables: Base, mode: int) -> None:
    phones = Phones(tables, mode)
    for user in ("alice", "bob"):
        phones.register(user)
    phones.stop()
    phones.clock += 300
    phones.start()
    phones.register("alice")
    phones.served.advance(360)
    assert phones.users() == ["alice"]
    assert phones.find("bob") == "200 -1 sip:bob@127.0.0.1"
    assert phones.find("alice") == "200 1 sip:alice@10.0.0.1"


def test_only_read(tables: Base) -> None:
    phones = Phones(tables, 1)
    phones.register("alice")
    phones.stop()
    reader = Phones(tables, 4)
    assert reader.find("alice") == "200 1 sip:alice@10.0.0.1"
    reader.register("bob")
    reader.leave("alice")
    reader.served.advance(60)
    reader.stop()
    assert phones.users() == ["alice"]


@pytest.mark.parametrize(("mode", "ruid"), [(1, 1), (3, 0)])
def test_domains_and_attributes(tables: Base, mode: int, ruid: int) -> None:
    more = (
        f'modparam("usrloc", "use_domain", 1);modparam("usrloc", "db_ops_ruid", {ruid});'
        'modparam("usrloc", "xavp_contact", "at")'
    )
    phones = Phones(tables, mode, more)
    module: Any = phones.served.host.modules["usrloc"]
    module._xavp = lambda ctx: [("n", 5), ("t", "x")]
    phones.register("alice")
    phones.register("alice", '<sip:a@10.0.0.2>;+sip.instance="<urn:1>";reg-id=1')
    assert phones.rows("username", "domain", "contact") == [
        ("alice", "127.0.0.1", "sip:a@10.0.0.2"),
        ("alice", "127.0.0.1", "sip:alice@10.0.0.1"),
    ]
    attributes = [("alice", "127.0.0.1", "n", 1, "5"), ("alice", "127.0.0.1", "t", 0, "x")]
    columns = ("username", "domain", "aname", "atype", "avalue")
    assert phones.rows(*columns, table="location_attrs") == sorted(attributes * 2)
    phones.stop()
    phones.start()
    contacts = phones.read("alice@127.0.0.1")
    assert [c.xavp for c in contacts] == [[("t", "x"), ("n", 5)]] * 2
    phones.leave("alice", "<sip:alice@10.0.0.1>")
    phones.leave("alice", '<sip:a@10.0.0.2>;+sip.instance="<urn:1>";reg-id=1')
    assert phones.rows(*columns, table="location_attrs") == []
    assert phones.users() == []


@pytest.mark.parametrize("parameter", ["db_insert_update", "db_check_update"])
def test_ways_of_writing(tables: Base, parameter: str) -> None:
    """Somebody takes the row away; a refresh brings it back where it may be added."""
    phones = Phones(tables, 1, f'modparam("usrloc", "{parameter}", 1)')
    phones.register("alice")
    if parameter == "db_check_update":
        tables.run("DELETE FROM location")
    phones.register("alice", more="User-Agent: new")
    assert phones.rows("username", "user_agent") == [("alice", "new")]


def test_counts(tables: Base) -> None:
    phones = Phones(tables, 1)
    phones.register("alice")
    phones.register("alice", "<sip:second@10.0.0.1>")
    phones.register("bob")
    rpc = phones.served.rpc
    assert rpc("ul.db_users", "location") == 2
    assert rpc("ul.db_contacts", "location") == 3
    phones.served.clock.set(START + 700)
    assert rpc("ul.db_users", "location") == 0
    assert rpc("ul.db_expired_contacts", "location") == 3


def test_any_bytes_come_back(tables: Base) -> None:
    phones = Phones(tables, 1)
    contact = "sip:o'h\\ra%25:ü@10.0.0.1"
    phones.register("bob", f"<{contact}>", "User-Agent: it's \\n 100% ü")
    phones.stop()
    phones.start()
    assert phones.find("bob") == f"200 1 {contact}"
    [found] = phones.contacts("bob")
    assert found.user_agent == "it's \\n 100% ü"


@pytest.mark.parametrize("mode", [1, 3])
def test_a_contact_for_ever(tables: Base, mode: int) -> None:
    phones = Phones(tables, mode, 'modparam("usrloc", "db_timer_clean", 1)')
    contact: list[Any] = ["location", "max", "sip:max@10.0.0.1", 0, 0.5, "0", 0, 0, 255]
    phones.served.rpc("ul.add", *contact)
    phones.served.advance(100_000)
    assert phones.users() == ["max"]
    phones.stop()
    phones.start()
    assert phones.find("max") == "200 1 sip:max@10.0.0.1"
    assert phones.served.rpc("ul.db_contacts", "location") == 1
    assert phones.served.rpc("ul.db_expired_contacts", "location") == 0
    assert (
        phones.served.rpc("ul.lookup", "location", "max")["Contacts"].members[0][1]["Expires"]
        == "permanent"
    )
