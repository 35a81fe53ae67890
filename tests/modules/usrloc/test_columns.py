"""Contacts as values of columns, and back."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sipproxy.core.contact import ALL_METHODS, STORED, Contact
from sipproxy.core.sockets import ListenSocket, OwnAddresses
from sipproxy.db.sqlite import SqliteDatabase
from sipproxy.db.url import DatabaseUrl
from sipproxy.modules.usrloc import Usrloc
from sipproxy.modules.usrloc.columns import Columns, Unreadable
from sipproxy.testing.bench import Bench

Maker = Callable[..., Contact]
NOW = 1_000_000_000


@pytest.fixture
def columns(bench: Bench[Usrloc], tmp_path: Path) -> Columns:
    url = DatabaseUrl.parse(f"sqlite:///{tmp_path}/x.db")
    own = OwnAddresses([ListenSocket("udp", "10.0.0.1", 5060), ListenSocket("tcp", "::1", 5070)])
    return Columns(bench.module, SqliteDatabase(url, bench.host.offload, 1.0), own)


def row(columns: Columns, aor: str, of: Contact, /, **changes: object) -> list[object]:
    """What a select of the row of a contact gives."""
    values: dict[str, object] = {**dict(columns.owner(aor)), **dict(columns.values(of))}
    values |= changes
    return [values.get(name) for name in columns.names]


def test_there_and_back(columns: Columns, contact: Maker, bench: Bench[Usrloc]) -> None:
    bench.module.nat_bflag = 6
    full = contact(
        *("sip:a@b",),
        expires=NOW + 60,
        q=250,
        cseq=0xFFFF_FFFF,
        user_agent="phone",
        received="sip:1.1.1.1",
        path="<sip:p;lr>",
        socket=("tcp", "::1", 5070),
        methods=0x8000_0001,
        flags=2,
        cflags=1 << 6 | 1 << 31,
        instance="<i>",
        reg_id=3,
        connection=-1,
        last_modified=NOW,
        server_id=4,
        state=STORED,
        keepalive=1,
        last_keepalive=NOW + 1,
    )
    found = columns.read(row(columns, "bob", full), now=NOW + 1, connected=True)
    assert found == ("bob", full._replace(cseq=-1))
    plain = contact(methods=ALL_METHODS, state=STORED, last_keepalive=NOW, connection=9)
    values = dict(columns.values(plain))
    assert [values[name] for name in ("received", "path", "socket", "methods", "instance")] == (
        [None] * 5
    )
    assert columns.read(row(columns, "x", plain), now=NOW, connected=True).contact == plain
    alone = columns.read(row(columns, "x", plain), now=NOW, connected=False).contact
    assert alone.connection == -1


def test_domains(columns: Columns, bench: Bench[Usrloc]) -> None:
    assert columns.owner("a@b@c") == [("username", "a@b@c")]
    bench.module.use_domain = 1
    assert columns.owner("a@b") == [("username", "a"), ("domain", "b")]
    assert columns.owner("b") == [("username", ""), ("domain", "b")]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (0, ["username", "contact"]),
        (1, ["username", "contact", "callid"]),
        (2, ["username", "contact", "path"]),
        (3, ["username", "contact", "callid"]),
    ],
)
def test_what_a_row_is_found_by(
    columns: Columns, contact: Maker, bench: Bench[Usrloc], mode: int, expected: list[str]
) -> None:
    assert columns.identity("u", contact()) == [("ruid", "ruid of sip:a@b")]
    bench.module.db_ops_ruid, bench.module.matching_mode = 0, mode
    assert [name for name, _ in columns.identity("u", contact())] == expected
    phone = contact(instance="<i>", reg_id=2)
    assert columns.instance("u", phone) == [("username", "u"), ("instance", "<i>"), ("reg_id", 2)]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"username": None}, "username is empty"),
        ({"contact": ""}, "contact is empty"),
        ({"callid": None}, "callid is empty"),
        ({"ruid": None}, "ruid is empty"),
        ({"expires": None}, "expires is empty"),
        ({"q": None}, "q is empty"),
        ({"q": "high"}, "'high' is no q"),
        ({"cseq": "x"}, "'x' is no number"),
        ({"flags": None}, "flags is empty"),
        ({"expires": b"x"}, "is no time"),
        ({"socket": "udp:10.0.0.1:x"}, "bad socket"),
    ],
)
def test_what_is_no_contact(
    columns: Columns, contact: Maker, changes: dict[str, object], complaint: str
) -> None:
    with pytest.raises(Unreadable, match=complaint):
        columns.read(row(columns, "u", contact(), **changes), now=NOW, connected=True)


def test_a_domain_is_wanted(columns: Columns, contact: Maker, bench: Bench[Usrloc]) -> None:
    bench.module.use_domain = 1
    with pytest.raises(Unreadable, match="the domain of the user u is empty"):
        columns.read(row(columns, "u@x", contact(), domain=""), now=NOW, connected=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("udp:10.0.0.1:5060", ("udp", "10.0.0.1", 5060)),
        ("10.0.0.1:5060", ("udp", "10.0.0.1", 5060)),
        ("10.0.0.1", ("udp", "10.0.0.1", 5060)),
        ("tcp:[::1]:5070", ("tcp", "::1", 5070)),
        ("udp:10.9.9.9:5060", None),
        (None, None),
    ],
)
def test_sockets(
    columns: Columns, contact: Maker, bench: Bench[Usrloc], text: str | None, expected: object
) -> None:
    values = row(columns, "u", contact(), socket=text)
    assert columns.read(values, now=NOW, connected=True).contact.socket == expected
    bench.module.skip_remote_socket = 1
    if text and expected is None:
        with pytest.raises(Unreadable, match="is not one of ours"):
            columns.read(values, now=NOW, connected=True)


def test_expiry_as_a_number(columns: Columns, contact: Maker, bench: Bench[Usrloc]) -> None:
    bench.module.expires_type = 1
    assert dict(columns.values(contact(expires=NOW)))["expires"] == NOW
    found = columns.read(row(columns, "u", contact(expires=NOW)), now=NOW, connected=True)
    assert found.contact.expires == NOW
