"""The users of Kamailio's table `subscriber`, for tools: `sipproxy user`."""

from dataclasses import dataclass

from sqlalchemy import Table, case, delete, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from sipproxy.db.schema import kamailio_tables

HOLDS_EMPTY_TEXTS = "holds_empty_texts"
"""An option of a connection: False where Kamailio would not read an empty text."""

LONGEST = 64
"""Characters that a name or a domain may have."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One user, without what the password is checked with."""

    username: str
    domain: str
    hashed: bool
    """Whether H(A1) is stored."""
    plain: bool
    """Whether the password itself is stored."""

    @property
    def address(self) -> str:
        """`user@domain`."""
        return f"{self.username}@{self.domain}"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is stored of a password: H(A1) of the name, and of name@domain, in hex digits."""

    ha1: str
    ha1b: str
    password: str = ""
    """The password itself; empty where it is not to be stored."""


class Subscribers:
    """A table of users, by name and domain. Methods raise SQLAlchemyError."""

    def __init__(self, connection: Connection, table: str = "subscriber") -> None:
        self._connection = connection
        self._holds_empty = connection.get_execution_options().get(HOLDS_EMPTY_TEXTS, True)
        known = kamailio_tables()
        made = known.tables["subscriber"]
        self._table: Table = made if table == made.name else made.to_metadata(known, name=table)

    def _is(self, username: str, domain: str) -> ColumnElement[bool]:
        columns = self._table.c
        return (columns.username == username) & (columns.domain == domain)

    def add(self, username: str, domain: str, secrets: Secrets) -> bool:
        """A new user; False when there is one of that name already."""
        if self.find(username, domain) is not None:
            return False
        row = {"username": username, "domain": domain, **self._columns(secrets)}
        self._connection.execute(insert(self._table).values(row))
        return True

    def change(self, username: str, domain: str, secrets: Secrets) -> bool:
        """A new password; False when there is no such user."""
        change = (
            update(self._table).where(self._is(username, domain)).values(self._columns(secrets))
        )
        return self._connection.execute(change).rowcount > 0

    def _columns(self, secrets: Secrets) -> dict[str, str]:
        # Kamailio reads no file with an empty text where NULL may not be. Who knows H(A1) needs no
        # password, so H(A1) in its place gives nothing away.
        password = secrets.password or ("" if self._holds_empty else secrets.ha1)
        return {"ha1": secrets.ha1, "ha1b": secrets.ha1b, "password": password}

    def remove(self, username: str, domain: str) -> bool:
        """Take a user away; False when there is none."""
        statement = delete(self._table).where(self._is(username, domain))
        return self._connection.execute(statement).rowcount > 0

    def find(self, username: str, domain: str) -> Subscriber | None:
        """The user, None when there is none."""
        found = self._all(self._is(username, domain))
        return found[0] if found else None

    def all(self, domain: str = "") -> list[Subscriber]:
        """Every user, or those of a domain, in order."""
        columns = self._table.c
        return self._all(columns.domain == domain if domain else columns.domain.is_not(None))

    def _all(self, condition: ColumnElement[bool]) -> list[Subscriber]:
        columns = self._table.c
        statement = (
            select(
                columns.username,
                columns.domain,
                func.length(columns.ha1),
                case((columns.password == columns.ha1, 0), else_=func.length(columns.password)),
            )
            .where(condition)
            .order_by(columns.domain, columns.username)
        )
        return [
            Subscriber(name, domain, bool(hashed), bool(plain))
            for name, domain, hashed, plain in self._connection.execute(statement)
        ]
