"""Statements made ready for a driver: text, and parameters in the driver's order."""

import pytest
from sqlalchemy import bindparam, column, select, update
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import table

from sipproxy.db.statement import Statement, presentable

USERS = table("users", column("name"), column("domain"), column("ha1"), column("grp"))
BY_NAME = select(USERS.c.ha1).where(
    USERS.c.name == bindparam("name"), USERS.c.domain == bindparam("domain")
)


def dialect(module: object) -> Dialect:
    made: Dialect = module.dialect()  # type: ignore[attr-defined]
    return made


def test_values_in_the_order_of_the_text_go_straight_through() -> None:
    statement = Statement(BY_NAME, dialect(sqlite), ())
    assert statement.names == ("name", "domain")
    assert statement.arrange(("alice", "x")) == ("alice", "x")
    assert statement.arrange(["alice", "x"]) == ("alice", "x")
    assert " ".join(statement.sql.split()) == (
        "SELECT users.ha1 FROM users WHERE users.name = ? AND users.domain = ?"
    )


def test_names_give_another_order() -> None:
    statement = Statement(BY_NAME, dialect(sqlite), ("domain", "name"))
    assert statement.arrange(("x", "alice")) == ("alice", "x")


def test_constants_of_the_statement_are_filled_in() -> None:
    change = update(USERS).values(ha1=bindparam("ha")).where(USERS.c.grp == 7)
    statement = Statement(change, dialect(sqlite), ())
    assert statement.names == ("ha",)
    assert statement.arrange(("x",)) == ("x", 7)


def test_one_parameter_may_stand_twice() -> None:
    both = select(USERS.c.ha1).where(
        (USERS.c.name == bindparam("x")) | (USERS.c.domain == bindparam("x"))
    )
    statement = Statement(both, dialect(sqlite), ())
    assert statement.names == ("x",)
    assert statement.arrange(("a",)) == ("a", "a")


def test_drivers_that_take_names_get_names() -> None:
    statement = Statement(BY_NAME, dialect(postgresql.psycopg), ())
    assert "%(name)s" in statement.sql
    assert statement.arrange(("alice", "x")) == {"name": "alice", "domain": "x"}
    positional = Statement(BY_NAME, dialect(mysql), ())
    assert positional.sql.count("%s") == 2
    assert positional.arrange(("alice", "x")) == ("alice", "x")


def test_a_list_of_values_cannot_be_prepared() -> None:
    with pytest.raises(ValueError, match="takes no list of values"):
        Statement(select(USERS.c.name).where(USERS.c.grp.in_([1, 2])), dialect(sqlite), ())


def test_a_wrong_number_of_values_is_an_error_of_the_caller() -> None:
    statement = Statement(BY_NAME, dialect(sqlite), ("domain", "name"))
    with pytest.raises(ValueError, match="1 values for the parameters domain, name"):
        statement.arrange(("alice",))


def test_what_leaves_is_valid_utf_8() -> None:
    assert presentable(("a\udcff", 1, None, "ä")) == ("a�", 1, None, "ä")
    assert presentable({"x": "\udc80"}) == {"x": "�"}
