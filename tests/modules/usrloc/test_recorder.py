"""What a database has to do to follow a record."""

from collections.abc import Callable

from sipproxy.core.contact import NEW, STORED, Contact
from sipproxy.modules.usrloc.recorder import differences
from tests.bases import Base
from tests.phones import Phones

Maker = Callable[..., Contact]


def test_differences(contact: Maker) -> None:
    one, two, three = (contact(uri, state=STORED) for uri in ("1", "2", "3"))
    assert differences((one, two), (one, two)) == []
    changed = two._replace(q=5)
    assert differences((one, two), (three, changed)) == [
        ("insert", three),
        ("update", changed),
        ("delete", one),
    ]
    never = two._replace(state=NEW)
    assert differences((never,), (changed,)) == [("insert", changed)]


def test_several_failures_are_one_line(lite: Base) -> None:
    phones = Phones(lite, 2)
    for number in range(5):
        phones.register(f"u{number}")
    lite.run("DROP TABLE location")
    phones.served.advance(60)
    lines = [text for _, _, text in phones.served.log.records if "in the database" in text]
    assert len(lines) == 1
    assert lines[0].startswith(
        "failed to insert a contact of u0 in the database and 4 more changes: "
    )


def test_cleaning_may_fail(lite: Base) -> None:
    phones = Phones(lite, 3)
    lite.run("DROP TABLE location")
    phones.served.advance(60)
    assert phones.served.said("failed to delete from table location")
