"""Commands: what recorded cases do not show."""

from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.core.contact import DELETED, Contact
from sipproxy.core.sockets import ListenSocket, OwnAddresses
from sipproxy.errors import RpcError
from sipproxy.modules.usrloc import Usrloc
from sipproxy.testing.bench import START, Bench

Maker = Callable[..., Contact]


def shown(bench: Bench[Usrloc], contact: Contact) -> dict[str, object]:
    table = bench.module.table("location")
    table.change_now("u", lambda _: (contact,))
    tables: Any = bench.module._dump()["Domains"]
    ((_, domain),) = tables.members
    ((_, record),) = domain["AoRs"].members
    ((_, found),) = record["Contacts"].members
    return dict(found)


@pytest.mark.parametrize(
    ("expires", "text"),
    [(0, "permanent"), (DELETED, "deleted"), (int(START) - 1, "expired"), (int(START) + 9, 9)],
)
def test_how_an_expiry_is_shown(
    bench: Bench[Usrloc], contact: Maker, expires: int, text: int | str
) -> None:
    bench.module.start()
    assert shown(bench, contact(expires=expires))["Expires"] == text


@pytest.mark.parametrize(("q", "number"), [(-1, -1.0), (0, 0.0), (250, 0.25), (1000, 1.0)])
def test_q_is_a_double(bench: Bench[Usrloc], contact: Maker, q: int, number: float) -> None:
    bench.module.start()
    assert shown(bench, contact(q=q))["Q"] == number


@pytest.mark.parametrize(("state", "name"), [(0, "CS_NEW"), (1, "CS_SYNC"), (2, "CS_DIRTY")])
def test_states_have_names(bench: Bench[Usrloc], contact: Maker, state: int, name: str) -> None:
    bench.module.start()
    assert shown(bench, contact(state=state))["State"] == name


def test_a_record_of_expired_contacts_has_none(bench: Bench[Usrloc], contact: Maker) -> None:
    bench.module.start()
    bench.module.table("location").change_now("u", lambda _: (contact(expires=1),))
    with pytest.raises(RpcError, match="AOR has no contacts"):
        bench.rpc("ul.lookup", "location", "u")


def test_with_use_domain_an_aor_needs_one(bench: Bench[Usrloc], contact: Maker) -> None:
    bench.module.use_domain = 1
    bench.module.start()
    bench.module.table("location").change_now("u@x", lambda _: (contact(),))
    with pytest.raises(RpcError, match="Domain missing"):
        bench.rpc("ul.lookup", "location", "u")
    assert bench.rpc("ul.lookup", "location", "U@X")["AoR"] == "u@x"
    bench.module.case_sensitive = True
    with pytest.raises(RpcError, match="AOR not found"):
        bench.rpc("ul.lookup", "location", "U@X")


def test_what_an_operator_adds(bench: Bench[Usrloc]) -> None:
    own = ListenSocket("udp", "10.0.0.1", 5060)
    bench.host.own = OwnAddresses([own])
    bench.module.nat_bflag = 1
    bench.module.start()
    table = bench.module.table("t")
    bench.rpc("ul.add", "t", "U@x", "sip:a", 60, 0.5, "0", 1, 2, 3, ".", "udp:10.0.0.1:5060")
    (added,) = table.read_now("u")
    assert (added.expires, added.q, added.path, added.received) == (int(START) + 60, 500, "", "")
    assert (added.flags, added.cflags, added.methods, added.keepalive) == (1, 2, 3, 1)
    assert added.socket == ("udp", "10.0.0.1", 5060)
    assert added.ruid.startswith("ulcx-")
    bench.rpc("ul.add", "t", "u", "sip:a", 0, -1, "<sip:p>", 0, 0, 0, "sip:r", "udp:1.1.1.1:1")
    (again,) = table.read_now("u")
    assert (again.ruid, again.expires, again.q) == (added.ruid, 0, -1)
    assert (again.path, again.received, again.socket) == ("<sip:p>", "sip:r", None)


def test_a_contact_whose_cseq_is_higher_cannot_be_changed(
    bench: Bench[Usrloc], contact: Maker
) -> None:
    bench.module.start()
    table = bench.module.table("t")
    bench.rpc("ul.add", "t", "u", "sip:a", 60, 0.5, "0", 0, 0, 0)
    (added,) = table.read_now("u")
    table.change_now("u", lambda _: (added._replace(cseq=9),))
    with pytest.raises(RpcError, match="can't get contact"):
        bench.rpc("ul.rm_contact", "t", "u", "sip:a")
    with pytest.raises(RpcError, match="Can't get record"):
        bench.rpc("ul.add", "t", "u", "sip:a", 60, 0.5, "0", 0, 0, 0)
