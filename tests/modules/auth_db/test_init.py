"""auth_db: return codes against users in SQLite; parameters; what happens without a database."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipproxy.errors import CfgError, ModuleError
from sipproxy.testing import ProxyUnderTest, Run, load_cfg_text

PLAIN = """
modparam("auth_db", "calculate_ha1", 1)
modparam("auth_db", "password_column", "password")
"""
WWW = 'www_authenticate("example.com", "subscriber")'
CHECK = 'auth_check("$fd", "subscriber", "1")'


def code(run: Run) -> int:
    """The code that the cfg logged."""
    found = re.search(r"code (-?\d+)", "".join(run.log))
    assert found is not None, run.log
    return int(found[1])


def change(file: Path, sql: str) -> None:
    with closing(sqlite3.connect(file)) as base:
        base.execute(sql)
        base.commit()


@pytest.mark.parametrize("params", ["", PLAIN], ids=["hashes", "plain"])
@pytest.mark.parametrize(
    ("user", "password", "wanted"),
    [
        ("alice", "wonder", 1),
        ("alice", "builder", -2),
        ("nobody", "wonder", -3),
        ("", "", -5),
        ("alice@example.com", "wonder", 1),
        ("alice@example.com", "builder", -2),
    ],
)
def test_codes(phone: Any, params: str, user: str, password: str, wanted: int) -> None:
    assert code(phone(WWW, params).ask(user, password)) == wanted


def test_another_realm_is_no_credentials(phone: Any) -> None:
    assert code(phone(WWW).ask("alice", "wonder", realm="other.com")) == -5


@pytest.mark.parametrize("name", ["www_authorize", "www_authenticate"])
def test_www_reads_authorization(phone: Any, name: str) -> None:
    one = phone(f'{name}("example.com", "subscriber")')
    assert code(one.ask("alice", "wonder", method="MESSAGE", header="Authorization")) == 1
    assert code(one.ask("alice", "wonder", method="MESSAGE")) == -5


@pytest.mark.parametrize("name", ["proxy_authorize", "proxy_authenticate"])
def test_proxy_reads_proxy_authorization(phone: Any, name: str) -> None:
    one = phone(f'{name}("example.com", "subscriber")')
    assert code(one.ask("alice", "wonder", method="MESSAGE")) == 1
    assert code(one.ask("alice", "wonder", method="MESSAGE", header="Authorization")) == -5


def test_auth_check_chooses_by_method(phone: Any) -> None:
    one = phone(CHECK)
    assert code(one.ask("alice", "wonder")) == 1
    assert code(one.ask("alice", "wonder", method="MESSAGE")) == 1
    assert code(one.ask("alice", "wonder", header="Proxy-Authorization")) == -5
    assert code(one.ask(method="CANCEL")) == 1


@pytest.mark.parametrize("method", ["ACK", "CANCEL", "PRACK"])
def test_what_cannot_be_challenged_passes(phone: Any, method: str) -> None:
    assert code(phone(WWW).ask(method=method)) == 1


def test_a_method_of_its_own(phone: Any) -> None:
    one = phone('www_authenticate("example.com", "subscriber", "PUBLISH")')
    assert code(one.ask("alice", "wonder", proof="PUBLISH")) == 1
    assert code(one.ask("alice", "wonder")) == -2
    empty = phone('www_authenticate("example.com", "subscriber", "$avp(none)")')
    assert code(empty.ask("alice", "wonder")) == -1


# -- who it is


def test_flag_1_compares_the_user(phone: Any) -> None:
    one = phone(CHECK)
    assert code(one.ask("alice", "wonder", from_="bob")) == -8
    assert code(one.ask("alice", "wonder", from_="alice", to="bob")) == -8
    assert code(one.ask("alice", "wonder", method="MESSAGE", from_="bob")) == -8
    assert code(one.ask("alice", "wonder", method="MESSAGE", from_="alice", to="bob")) == 1
    free = phone('auth_check("$fd", "subscriber", "0")')
    assert code(free.ask("alice", "wonder", from_="bob")) == 1


def test_flag_2_lets_calls_be_forwarded(phone: Any) -> None:
    one = phone('auth_check("$fd", "subscriber", "3")')
    assert code(one.ask("alice", "wonder", method="INVITE", from_="bob")) == 1
    assert code(one.ask("alice", "wonder", method="SUBSCRIBE", from_="bob")) == -8


def test_use_domain_compares_domains_too(phone: Any) -> None:
    params = 'modparam("auth_db", "use_domain", 1)\n'
    assert code(phone(CHECK).ask("alice", "wonder", to_domain="example.org")) == 1
    assert code(phone(CHECK, params).ask("alice", "wonder", to_domain="example.org")) == -8


def test_use_domain_looks_the_domain_up(phone: Any, file: Path) -> None:
    params = 'modparam("auth_db", "use_domain", 1)\n'
    assert code(phone(WWW, params).ask("alice", "wonder")) == 1
    change(file, "UPDATE subscriber SET domain = 'example.org' WHERE username = 'alice'")
    assert code(phone(WWW, params).ask("alice", "wonder")) == -3
    assert code(phone(WWW).ask("alice", "wonder")) == 1
    change(file, "UPDATE subscriber SET domain = 'example.net' WHERE username = 'alice'")
    assert code(phone(WWW, params + PLAIN).ask("alice@example.net", "wonder")) == 1


# -- columns


def test_columns_have_the_names_of_the_parameters(phone: Any, file: Path) -> None:
    change(file, "CREATE TABLE people (uid TEXT, dom TEXT, secret TEXT)")
    change(file, "INSERT INTO people VALUES ('carol', 'example.com', 'sings')")
    params = """
modparam("auth_db", "user_column", "uid")
modparam("auth_db", "domain_column", "dom")
modparam("auth_db", "password_column", "secret")
modparam("auth_db", "calculate_ha1", 1)
modparam("auth_db", "use_domain", 1)
"""
    one = phone('auth_check("example.com", "people", "0")', params)
    assert code(one.ask("carol", "sings")) == 1
    assert code(one.ask("carol", "cries")) == -2


def test_the_table_may_be_a_variable(phone: Any, file: Path) -> None:
    change(file, "CREATE TABLE others AS SELECT * FROM subscriber WHERE username = 'bob'")
    one = phone('auth_check("$fd", "$hdr(X-Table)", "0")')
    assert code(one.ask("bob", "builder")) == -1
    many = phone('auth_check("$fd", "$tU", "0")')
    assert code(many.ask("bob", "builder", to="others")) == 1
    assert code(many.ask("alice", "wonder", to="others")) == -3
    for number in range(100):
        assert code(many.ask("bob", "builder", to=f"none{number}")) == -1
    assert code(many.ask("bob", "builder", to="others")) == 1


@pytest.mark.parametrize("name", ["x%22y", "subscriber--", "a.b", "1", "select", "%00", "%ff", "ä"])
def test_an_odd_name_of_a_table_is_only_a_name(phone: Any, name: str) -> None:
    one = phone('auth_check("$fd", "$(tU{s.unescape.common})", "0")')
    assert code(one.ask("alice", "wonder", to=name)) == -1
    assert code(one.ask("alice", "wonder", to="subscriber")) == 1


def test_a_number_as_password(phone: Any, file: Path) -> None:
    change(file, "CREATE TABLE pins (username TEXT, pin INTEGER)")
    change(file, "INSERT INTO pins VALUES ('alice', 1234)")
    params = """
modparam("auth_db", "calculate_ha1", 1)
modparam("auth_db", "password_column", "pin")
"""
    one = phone('auth_check("$fd", "pins", "0")', params)
    assert code(one.ask("alice", "1234")) == 1


@pytest.mark.parametrize("stored", ["''", "NULL"])
@pytest.mark.parametrize("params", ["", PLAIN], ids=["hashes", "plain"])
def test_nothing_stored_is_never_right(phone: Any, file: Path, params: str, stored: str) -> None:
    change(file, "CREATE TABLE empty (username TEXT, password TEXT, ha1 TEXT, ha1b TEXT)")
    change(file, f"INSERT INTO empty VALUES ('alice', {stored}, {stored}, {stored})")
    one = phone('auth_check("$fd", "empty", "0")', params)
    run = one.ask("alice", "")
    assert code(run) == -2
    assert run.log.has("no password is stored for alice")


# -- load_credentials

LOADING = 'modparam("auth_db", "load_credentials", "$avp(mail)=domain;password")\n'


def test_columns_are_loaded_with_a_right_password_only(phone: Any) -> None:
    shown = "$avp(mail) $avp(password)"
    one = phone(WWW, LOADING, log=shown)
    assert one.ask("alice", "wonder").log.has("code 1 example.com wonder")
    assert one.ask("alice", "builder").log.has("code -2 <null> <null>")
    forced = phone(WWW, LOADING + 'modparam("auth_db", "force_generate_avps", 1)\n', log=shown)
    assert forced.ask("alice", "builder").log.has("code -2 example.com wonder")
    assert forced.ask("nobody", "wonder").log.has("code -3 <null> <null>")


def test_null_leaves_an_avp_alone_and_clears_a_variable(phone: Any, file: Path) -> None:
    change(file, "ALTER TABLE subscriber ADD COLUMN note TEXT")
    change(file, "ALTER TABLE subscriber ADD COLUMN level INTEGER DEFAULT 7")
    params = (
        'modparam("auth_db", "load_credentials", '
        '"$avp(n)=note;$var(n)=note;$var(l)=level;$avp(l)=level")\n'
    )
    one = phone(WWW, params, log="[$avp(n)] [$var(n)] $var(l) $avp(l)")
    assert one.ask("alice", "wonder").log.has("code 1 [<null>] [0] 7 7")


# -- is_subscriber


@pytest.mark.parametrize(
    ("uri", "flags", "wanted"),
    [
        ("sip:alice@elsewhere.org", 2, 1),
        ("sip:alice@example.com", 3, 1),
        ("sip:alice@elsewhere.org", 3, -2),
        ("sip:carol@example.com", 2, -2),
        ("no uri", 2, -1),
        ("$null", 2, -1),
        ("sip:alice@example.com", 0, -1),
    ],
)
def test_is_subscriber(phone: Any, uri: str, flags: int, wanted: int) -> None:
    one = phone(f'is_subscriber("{uri}", "subscriber", "{flags}")')
    assert code(one.ask()) == wanted


def test_is_subscriber_loads_columns_unless_flag_2_is_set(phone: Any) -> None:
    for flags, shown in ((0, "example.com wonder"), (2, "<null> <null>")):
        one = phone(
            f'is_subscriber("sip:alice@x.org", "subscriber", "{flags}")',
            LOADING,
            log="$avp(mail) $avp(password)",
        )
        assert one.ask().log.has(f"code 1 {shown}")


# -- without a database


def test_a_failing_database_is_neither_a_wrong_password_nor_an_unknown_user(
    phone: Any, file: Path
) -> None:
    one = phone(WWW)
    assert code(one.ask("alice", "builder")) == -2
    change(file, "DROP TABLE subscriber")
    run = one.ask("alice", "wonder")
    assert code(run) == -1
    assert run.log.has("failed to query database") and run.log.has("no such table")
    for user, password in (("alice", "x"), ("nobody", "x")):
        assert code(one.ask(user, password)) == -1
    assert one.proxy.advance(10).log.has("no such table: subscriber (2 more in 10 s)")
    assert code(phone('is_subscriber("sip:alice@x", "subscriber", "2")').ask()) == -1


def test_a_locked_database_fails_after_the_time_out(phone: Any, file: Path) -> None:
    one = phone(WWW)
    one.proxy.host.database(f"sqlite:///{file}").timeout = 0.05
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert code(one.ask("alice", "wonder")) == -1
        other.execute("ROLLBACK")
    assert code(one.ask("alice", "wonder")) == 1


# -- at load and at start


def opened(phone: Any, call: str = WWW, params: str = "") -> None:
    proxy: ProxyUnderTest = phone(call, params).proxy
    try:
        proxy.proxy.open()
    finally:
        proxy.proxy.close()


def test_open_checks_the_versions_of_the_tables(phone: Any, file: Path) -> None:
    opened(phone)
    change(file, "UPDATE version SET table_version = 6 WHERE table_name = 'subscriber'")
    with pytest.raises(ModuleError, match=r"test\.cfg:11:50: invalid version 6 for table subscr"):
        opened(phone)
    opened(phone, WWW, 'modparam("auth_db", "version_table", 0)\n')
    opened(phone, CHECK)


def test_the_table_of_versions_has_the_name_that_the_cfg_says(phone: Any, file: Path) -> None:
    with pytest.raises(ModuleError, match="no such table: revisions"):
        opened(phone, WWW, 'version_table = "revisions"\n')
    change(file, "ALTER TABLE version RENAME TO revisions")
    opened(phone, WWW, 'version_table = "revisions"\n')


def test_open_needs_the_file(phone: Any, file: Path) -> None:
    file.unlink()
    with pytest.raises(ModuleError, match=r"database of the users cannot be used: .*no such file"):
        opened(phone)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ('www_authenticate("example.com", "")', "an empty table is not allowed"),
        ('www_authenticate("", "subscriber")', "an empty realm is not allowed"),
        ('auth_check("", "subscriber", "0")', "an empty realm is not allowed"),
        ('www_authorize("example.com")', "takes 2 parameters, the realm and the table: 1 given"),
        ('proxy_authorize("example.com")', "compat=3.0 takes the table subscriber"),
        ('auth_check("example.com", "subscriber")', r"auth_check\(\) takes 3 parameters"),
    ],
)
def test_refused_calls(phone: Any, call: str, sentence: str) -> None:
    with pytest.raises(CfgError, match=sentence):
        phone(call)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ('modparam("auth_db", "db_url", "mysql://h/d")', "the module db_mysql is not loaded"),
        ('modparam("auth_db", "db_url", "sqlite://x")', "it is written sqlite:////absolute"),
        ('modparam("auth_db", "load_credentials", "$si=x")', r"\$si cannot be written"),
        ('modparam("auth_db", "load_credentials", "=x")', "is not .variable=column"),
        ('modparam("auth_db", "load_credentials", "$nope(x)=x")', "unknown pseudo-variable"),
    ],
)
def test_refused_parameters(phone: Any, params: str, sentence: str) -> None:
    with pytest.raises(CfgError, match=sentence):
        phone(WWW, params + "\n")


def test_it_needs_auth() -> None:
    with pytest.raises(CfgError, match='"auth" must be loaded first'):
        load_cfg_text('loadmodule "auth_db.so"\nrequest_route { exit; }')


# -- compat 3.0


def test_one_argument_under_compat_30(phone: Any) -> None:
    one = phone('www_authorize("")', PLAIN, compat="3.0")
    assert code(one.ask("alice", "wonder")) == 1
    assert code(one.ask("alice", "builder")) == -2
    assert code(one.ask("nobody", "builder")) == -3
    two = phone('proxy_authorize("")', PLAIN, compat="3.0")
    assert code(two.ask("alice", "wonder", method="MESSAGE")) == 1
    assert code(two.ask("alice", "wonder", method="MESSAGE", to_domain="x.org")) == 1


def test_the_old_way_takes_the_realm_from_to_in_a_register(phone: Any) -> None:
    one = phone('www_authorize("")', PLAIN, compat="3.0")
    assert code(one.ask("alice", "wonder", to_domain="example.org")) == -5


# -- while the database takes its time


def test_other_messages_go_on_while_a_database_is_slow(phone: Any) -> None:
    one = phone(WWW)
    one.ask("alice", "wonder")
    one.proxy.delay_databases(0.5)
    for user, password in (("alice", "wonder"), ("alice", "x"), ("nobody", "x")) * 100:
        assert one.ask(user, password).sent == []
    assert one.ask().statuses == [401]
    run = one.proxy.advance(0.4)
    assert run.sent == []
    run = one.proxy.advance(0.2)
    assert run.statuses == [200, 401, 401] * 100
    codes = [line.split()[1] for line in run.log]
    assert codes == ["1", "-2", "-3"] * 100


# -- hostile names

NAMES = st.text(
    st.characters(exclude_characters='"\r\n', exclude_categories=["Cs"]), min_size=1, max_size=40
) | st.sampled_from(
    [
        "alice' OR '1'='1",
        "' UNION SELECT '' --",
        "alice\0",
        "%",
        "_lice",
        "ALICE",
        "a" * 5000,
        "alice@",
        "@example.com",
        "sip:",
        "\ud800",
    ]
)


@pytest.mark.parametrize(
    "name", ["alice' OR '1'='1", "' UNION SELECT '' --", "%", "_lice", "ALICE"]
)
def test_a_name_is_only_a_name(phone: Any, name: str) -> None:
    assert code(phone(WWW, PLAIN).ask(name, "", from_="carol")) == -3


@given(name=NAMES, method=st.sampled_from(["REGISTER", "MESSAGE"]), domain=st.booleans())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_name_gets_in_or_breaks_anything(
    hostile: Any, name: str, method: str, domain: bool
) -> None:
    one = hostile(domain)
    user = name.encode("utf-8", "replace").decode()
    run = one.ask(user, "", method=method, from_="carol")
    assert code(run) in (-1, -2, -3, -5)
    assert run.fault == ""


@pytest.fixture
def hostile(phone: Any) -> Any:
    """Phones of a cfg without and with use_domain, each made once."""
    phones = [
        phone('auth_check("example.com", "subscriber", "0")', PLAIN + use)
        for use in ("", 'modparam("auth_db", "use_domain", 1)\n')
    ]
    return phones.__getitem__
