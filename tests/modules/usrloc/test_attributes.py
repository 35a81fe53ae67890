"""XAVPs in the table beside that of the contacts."""

from collections.abc import Callable
from typing import Any

from sipproxy.core.contact import Contact
from tests.bases import Base
from tests.phones import Phones

Maker = Callable[..., Contact]
MORE = 'modparam("usrloc", "xavp_contact", "at")'


def with_xavp(phones: Phones, xavp: Any) -> Phones:
    """Registrations keep this XAVP."""
    module: Any = phones.served.host.modules["usrloc"]
    module._xavp = lambda ctx: xavp
    return phones


def test_what_is_written_of_an_xavp(lite: Base) -> None:
    phones = with_xavp(Phones(lite, 1, MORE), [("n", 5), ("none", None), ("t", "x")])
    phones.register("alice")
    columns = ("aname", "atype", "avalue")
    assert phones.rows(*columns, table="location_attrs") == [("n", 1, "5"), ("t", 0, "x")]
    with_xavp(phones, "plain").register("alice")
    assert phones.rows(*columns, table="location_attrs") == []


def test_what_is_read_of_an_xavp(lite: Base) -> None:
    phones = with_xavp(Phones(lite, 1, MORE), [("n", 5)])
    phones.register("alice")
    phones.stop()
    [(ruid,)] = phones.rows("ruid")
    for name, kind, value in (("bad", 1, "x"), ("other", 7, "x"), ("t", 0, "y")):
        lite.run(
            "INSERT INTO location_attrs (ruid, username, aname, atype, avalue) "
            f"VALUES ('{ruid}', 'alice', '{name}', {kind}, '{value}')"
        )
    lite.run("INSERT INTO location_attrs (ruid, username) VALUES ('gone', 'x')")
    phones.start()
    [alice] = phones.contacts("alice")
    assert alice.xavp == [("t", "y"), ("bad", 0), ("n", 5)]
    assert ("gone",) not in phones.rows("ruid", table="location_attrs")


def test_without_the_parameter_there_is_no_table(lite: Base) -> None:
    lite.run("DROP TABLE location_attrs")
    phones = with_xavp(Phones(lite, 1), [("n", 5)])
    assert phones.register("alice") == "200 <sip:alice@10.0.0.1>;expires=600"
    phones.leave("alice")
    assert phones.users() == []


def test_those_of_expired_rows_go(lite: Base) -> None:
    route = "\nevent_route[usrloc:contact-expired] { exit; }\n"
    phones = with_xavp(Phones(lite, 3, MORE, cfg=lambda text: text + route), [("n", 5)])
    phones.register("alice")
    phones.served.advance(660)
    assert phones.rows("ruid", table="location_attrs") == []
