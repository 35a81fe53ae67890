"""Records that are read from the database each time."""

import pytest

from sipproxy.core.contact import Contacts
from sipproxy.errors import CfgError
from sipproxy.modules.usrloc import Usrloc
from tests.bases import Base
from tests.phones import Phones

EVENT = """
event_route[usrloc:contact-expired] { xlog("T: $ulc(exp=>aor) $ulc(exp=>addr)\\n"); }
"""
UNREGISTER = """loadmodule "xlog.so"
request_route {
    if ($rm == "REGISTER") { save("location"); exit; }
    $var(code) = unregister("location", "", "$hdr(X-Ruid)");
    sl_send_reply("200", "$var(code)");
}
"""


def test_nothing_is_kept_in_memory(lite: Base) -> None:
    phones = Phones(lite, 3)
    phones.register("alice")
    assert phones.contacts("alice") == ()
    lite.run("UPDATE location SET contact = 'sip:moved@10.0.0.9', q = 0.5")
    assert phones.find("alice") == "200 1 sip:moved@10.0.0.9"
    lite.run("DELETE FROM location")
    assert phones.find("alice") == "200 -1 sip:alice@127.0.0.1"


def test_a_database_that_cannot_be_read_has_no_records(lite: Base) -> None:
    phones = Phones(lite, 3)
    phones.register("alice")
    lite.run("ALTER TABLE location RENAME TO lost")
    assert phones.find("alice") == "200 -1 sip:alice@127.0.0.1"
    assert phones.register("alice") == "500 Server Internal Error"
    phones.served.advance(60)
    assert phones.served.said("db_query failed")
    assert phones.served.said("failed to insert a contact of alice in the database")
    lite.run("ALTER TABLE lost RENAME TO location")
    assert phones.find("alice") == "200 1 sip:alice@10.0.0.1"


@pytest.mark.parametrize(("newest_first", "first"), [(0, "a"), (1, "b")])
def test_the_order_of_contacts(lite: Base, newest_first: int, first: str) -> None:
    phones = Phones(lite, 3, f'modparam("usrloc", "desc_time_order", {newest_first})')
    phones.register("u", "<sip:a@1.1.1.1>;q=0.9")
    phones.served.advance(2)
    phones.register("u", "<sip:b@1.1.1.1>;q=0.1")
    assert phones.read("u")[0].uri[4] == first


def test_changes_of_one_record_follow_each_other(lite: Base) -> None:
    phones = Phones(lite, 3)
    module = phones.served.host.modules["usrloc"]
    assert isinstance(module, Usrloc)
    table = module.table("location")
    phones.register("u")
    [found] = phones.read("u")
    seen: list[int] = []

    def one_more(contacts: Contacts) -> Contacts:
        seen.append(len(contacts))
        return (*contacts, found._replace(ruid=f"r{len(contacts)}", uri=f"sip:{len(contacts)}@x"))

    async def change() -> None:
        await table.change("u", one_more)

    for _ in range(5):
        phones.served.host.begin(change(), lambda: None)
    phones.served.proxy.settle()
    assert seen == [1, 2, 3, 4, 5]
    assert len(phones.users()) == 6


def test_who_expired_is_told(lite: Base) -> None:
    phones = Phones(lite, 3, 'loadmodule "xlog.so"', cfg=lambda text: text + EVENT)
    phones.register("alice")
    phones.served.advance(660)
    assert phones.served.said("T: alice sip:alice@10.0.0.1")
    assert phones.users() == []


def test_expired_rows_may_stay_a_while(lite: Base) -> None:
    phones = Phones(lite, 3, 'modparam("usrloc", "rm_expired_delay", 120)')
    phones.register("alice")
    phones.served.advance(660)
    assert phones.find("alice") == "200 -1 sip:alice@127.0.0.1"
    assert phones.users() == ["alice"]
    phones.served.advance(120)
    assert phones.users() == []


def test_a_contact_by_its_ruid(lite: Base) -> None:
    phones = Phones(lite, 3, cfg=lambda text: text.split("request_route")[0] + UNREGISTER)
    phones.register("alice")
    ruid = phones.read("alice")[0].ruid
    assert phones.send("OPTIONS", "x", "X-Ruid: nobody") == "200 -3"
    assert phones.send("OPTIONS", "x", f"X-Ruid: {ruid}") == "200 1"
    assert phones.users() == []
    lite.run("DROP TABLE location")
    assert phones.send("OPTIONS", "x", f"X-Ruid: {ruid}") == "200 -2"


def test_a_temporary_gruu(lite: Base) -> None:
    phones = Phones(lite, 3)
    more = "Supported: gruu"
    answer = phones.register("alice", '<sip:alice@10.0.0.1>;+sip.instance="<urn:1>"', more)
    gruu = answer.partition('temp-gruu="sip:')[2].partition("@")[0]
    assert phones.send("OPTIONS", f"{gruu}", uri=f"sip:{gruu}@127.0.0.1;gr") == (
        "200 1 sip:alice@10.0.0.1"
    )
    assert phones.send("OPTIONS", "x", uri="sip:uloc-1-2-3-ff@127.0.0.1;gr").startswith("200 -1")
    lite.run("DROP TABLE location")
    assert phones.send("OPTIONS", "x", uri=f"sip:{gruu}@127.0.0.1;gr").startswith("200 -1")


def test_keepalives_go_to_what_the_table_has(lite: Base) -> None:
    more = 'modparam("usrloc", "ka_mode", 1);modparam("usrloc", "ka_timeout", 1)'
    phones = Phones(lite, 3, more)
    phones.register("alice")
    phones.served.advance(60)
    [(data, flow)] = phones.served.proxy.outbox
    assert data.startswith(b"OPTIONS sip:alice@10.0.0.1 SIP/2.0\r\n")
    assert flow.remote == ("10.0.0.1", 5060)


def test_there_is_no_memory_for_a_contact_alone(lite: Base) -> None:
    with pytest.raises(CfgError, match="does not go with db_mode 3"):
        Phones(lite, 3, cfg=lambda text: text.replace('"location")', '"location", "1")', 1))
