"""A cfg among people: users without a database, and phones and attackers around the proxy.

scene = Scene("dictionary_attack.cfg", {"bob": "secret"})
attacker = scene.caller("203.0.113.9")
assert attacker.guesses([("bob", "a"), ("bob", "b")]) == [401, 401]
assert scene.users.looked_up == ["bob", "bob"]
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from sipproxy.core.host import Host
from sipproxy.core.module import Module
from sipproxy.db.statement import Row
from sipproxy.errors import DatabaseError
from sipproxy.modules.auth_db import AuthDb
from sipproxy.modules.auth_db.users import Users
from sipproxy.testing.callers import PLAIN, Caller, DirectLine, Manner
from sipproxy.testing.messages import Messages
from sipproxy.testing.proxy import Defines, ProxyUnderTest, load_cfg
from sipproxy.text import encode


class Subscribers(Users):
    """Stands in for the table of users that auth_db asks.

    `looked_up` holds the name of each user whose password was asked for, oldest first: as many
    passwords were checked.
    """

    def __init__(self, passwords: Mapping[str, str], realm: str = "example.com") -> None:
        self.delay = 0.0
        """Seconds until an answer, in which the route is suspended."""
        self.fails = False
        """Whether the database is out of order."""
        self.looked_up: list[str] = []
        self.rows = {user: _row(user, word, realm) for user, word in passwords.items()}
        self._host: Host | None = None

    def open(self) -> None:
        """There is nothing to connect to."""

    async def find(
        self, table: str, columns: tuple[str, ...], user: str, domain: str | None
    ) -> Row | None:
        """The columns of a user, whatever the table; raises DatabaseError when it `fails`."""
        if self._host is not None and self.delay:
            await self._host.sleep(self.delay)
        if self.fails:
            raise DatabaseError("out of order")
        self.looked_up.append(user)
        row = self.rows.get(user)
        return None if row is None else tuple(row.get(column) for column in columns)

    def module(self) -> type[Module]:
        """The module auth_db that asks these users: `load_cfg(..., modules={"auth_db": ...})`."""
        users = self

        class WithoutDatabase(AuthDb, name="auth_db"):
            def ready(self) -> None:
                users._host = self.host
                self.users = users

            def open(self) -> None:
                users.open()

        return WithoutDatabase


class Scene:
    """A proxy under test with users, and callers around it."""

    def __init__(
        self, path: str, passwords: Mapping[str, str], *, defines: Defines = (), compat: str = ""
    ) -> None:
        """`path` is of a cfg that loads auth_db; raises CfgError."""
        self.users = Subscribers(passwords)
        self.messages = Messages()
        modules = {"auth_db": self.users.module()}
        self.proxy: ProxyUnderTest = load_cfg(path, defines=defines, compat=compat, modules=modules)

    def caller(self, host: str, manner: Manner = PLAIN) -> Caller:
        """Somebody who sends from this address."""
        return Caller(DirectLine(self.proxy, host), self.messages, manner)

    def checks(self, user: str = "") -> int:
        """How many passwords were checked until now, of one user or of all."""
        found = self.users.looked_up
        return found.count(user) if user else len(found)


def _row(user: str, password: str, realm: str) -> dict[str, str]:
    return {
        "username": user,
        "domain": realm,
        "password": password,
        "ha1": _md5(f"{user}:{realm}:{password}"),
        "ha1b": _md5(f"{user}@{realm}:{realm}:{password}"),
    }


def _md5(text: str) -> str:
    return hashlib.md5(encode(text), usedforsecurity=False).hexdigest()
