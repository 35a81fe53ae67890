"""A cfg with users in SQLite, and phones that answer its challenges."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert

from sipproxy.db.schema import kamailio_tables
from sipproxy.testing import ProxyUnderTest, Run, load_cfg_text, request

USERS = [("alice", "example.com", "wonder"), ("bob", "example.com", "builder")]

PRELUDE = """
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "sl.so"
loadmodule "db_sqlite.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth_db", "db_url", "sqlite:///{file}")
"""


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Kamailio's tables with alice and bob: passwords in plain text and hashed."""
    path = tmp_path / "users.db"
    tables = kamailio_tables()
    engine = create_engine(f"sqlite:///{path}")
    tables.create_all(engine)
    rows = [
        {
            "username": user,
            "domain": domain,
            "password": password,
            "ha1": md5(f"{user}:{domain}:{password}"),
            "ha1b": md5(f"{user}@{domain}:{domain}:{password}"),
        }
        for user, domain, password in USERS
    ]
    with engine.begin() as connection:
        connection.execute(insert(tables.tables["subscriber"]), rows)
        connection.execute(
            insert(tables.tables["version"]), [{"table_name": "subscriber", "table_version": 7}]
        )
    engine.dispose()
    return path


class Phone:
    """Asks a proxy under test, and again with credentials for the challenge it got."""

    def __init__(self, proxy: ProxyUnderTest) -> None:
        self.proxy = proxy
        self.nonce = ""

    def ask(
        self,
        user: str = "",
        password: str = "",
        *,
        method: str = "REGISTER",
        realm: str = "example.com",
        from_: str = "",
        to: str = "",
        to_domain: str = "example.com",
        proof: str = "",
        header: str = "",
    ) -> Run:
        """One request; with a user it carries credentials. `from_` is From's user, and To's
        unless `to` is another.

        `proof` is the method that the response is made for, if another.
        """
        kind = header or ("Authorization" if method == "REGISTER" else "Proxy-Authorization")
        headers = ""
        if user:
            self.nonce = self.nonce or self._challenged(method)
            ha1 = md5(f"{user}:{realm}:{password}")
            ha2 = md5(f"{proof or method}:sip:example.com")
            response = md5(f"{ha1}:{self.nonce}:{ha2}")
            headers = (
                f'{kind}: Digest username="{user}", realm="{realm}", nonce="{self.nonce}", '
                f'uri="sip:example.com", response="{response}"'
            )
        sender = from_ or user.partition("@")[0] or "alice"
        return self.proxy.feed(
            request(
                method,
                "sip:example.com",
                user=sender,
                to_uri=f"sip:{to or sender}@{to_domain}",
                headers=headers,
            )
        )

    def _challenged(self, method: str) -> str:
        reply = self.ask(method=method).sent[0].raw.decode()
        found = re.search(r'nonce="([^"]*)"', reply)
        assert found is not None, reply
        return found[1]


MakePhone = Callable[..., Phone]


@pytest.fixture
def phone(file: Path) -> MakePhone:
    """`phone('auth_check("$fd", "subscriber", "1")', 'modparam(...)')`: its code is logged."""

    def make(call: str, params: str = "", *, log: str = "", compat: str = "") -> Phone:
        cfg = (
            PRELUDE.format(file=file)
            + params
            + f"""
request_route {{
    $var(code) = {call};
    xlog("code $var(code) {log}\\n");
    if ($var(code) < 0) {{
        auth_challenge("example.com", "0");
    }} else {{
        sl_send_reply("200", "OK");
    }}
}}
"""
        )
        return Phone(load_cfg_text(cfg, compat=compat))

    return make
