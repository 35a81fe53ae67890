"""avp_db_load, avp_db_store and avp_db_delete, beside their conformance case."""

import sqlite3
from pathlib import Path

import pytest

from sipproxy.errors import CfgError
from sipproxy.testing import load_cfg_text, request

CFG = """
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "db_sqlite.so"
loadmodule "avpops.so"
{}
request_route {{
    $var(u) = "u";
    {}
}}
"""


def params(path: Path) -> str:
    return (
        f'modparam("avpops", "db_url", "sqlite:///{path}")\nmodparam("avpops", "avp_table", "t")\n'
        'modparam("avpops", "db_scheme", "s:table=other;uuid_col=who;value_col=what")\n'
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (uuid, username, domain, attribute, type, value)")
        connection.execute("CREATE TABLE other (who, what)")
        connection.executemany(
            "INSERT INTO t VALUES ('u', 'alice', 'a.org', ?, ?, ?)",
            [("a", 0, "x"), ("b", "0", "x"), ("c", 0, 5), ("d", 0, b"\xc3\xa9"), (None, 0, "x")],
        )
        connection.executemany(
            "INSERT INTO other VALUES (?, ?)", [("u", 7), ("u", 1.5), ("v", b"x"), ("w", None)]
        )
    return path


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ('avp_db_load("u", "*"); xlog("$rc $avp(a) $avp(b) $avp(c) $avp(d)");', "1 x null null é"),
        ('avp_db_load("u", "$avp(x)/$S"); xlog("$rc $(avp(x)[*])");', "1 7"),
        ('avp_db_load("v", "$avp(x)/$s"); xlog("$rc $avp(x)");', "1 x"),
        ('avp_db_load("w", "$avp(x)/$s"); xlog("$rc $avp(x)");', "-1 null"),
        ('avp_db_load("sip:alice@x", "$avp(a)"); xlog("$rc $avp(a)");', "-1 null"),
        ('avp_db_load("sip:alice@x/username", "$avp(a)"); xlog("$rc $avp(a)");', "1 x"),
        ('avp_db_load("sip:alice@x/uri", "$avp(a)"); xlog("$rc $avp(a)");', "1 x"),
        ('avp_db_load("sip:x@a.org/domain", "$avp(a)"); xlog("$rc $avp(a)");', "1 x"),
        ('avp_db_load("sip:a.org/domain", "$avp(a)"); xlog("$rc");', "-1"),
        ('$var(n) = "a"; avp_db_load("u", "$avp($var(n))"); xlog("$rc $avp(a)");', "1 x"),
        ('$avp(a) = "y"; avp_db_store("u", "$avp(a)/none"); xlog("$rc $avp(a)");', "-1 y"),
        ('avp_db_store("$avp(none)", "$avp(a)"); xlog("$rc");', "-1"),
        ('avp_db_delete("$avp(none)", "$avp(a)"); xlog("$rc");', "-1"),
        ('avp_db_delete("u", "$avp(a)/none"); xlog("$rc");', "1"),
        ('avp_db_store("u", "*"); xlog("$rc");', "-1"),
    ],
)
def test_what_is_loaded_and_stored(path: Path, script: str, line: str) -> None:
    proxy = load_cfg_text(CFG.format(params(path), script))
    run = proxy.feed(request())
    proxy.proxy.close()
    assert run.log[-1].replace("<null>", "null") == line


def test_with_use_domain_the_domain_counts(path: Path) -> None:
    settings = params(path) + 'modparam("avpops", "use_domain", 1)\n'
    script = """
    avp_db_load("sip:alice@x/uri", "$avp(a)"); xlog("$rc");
    avp_db_load("sip:alice@a.org/uri", "$avp(a)"); xlog("$rc");
    $avp(new) = 1;
    avp_db_store("sip:bob@b.org/uri", "$avp(new)"); xlog("$rc");
    """
    proxy = load_cfg_text(CFG.format(settings, script))
    assert proxy.feed(request()).log == ["-1", "1", "1"]
    proxy.proxy.close()
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT * FROM t WHERE username = 'bob'").fetchall()
    assert found == [("", "bob", "b.org", "new", 1, "1")]


def test_what_was_loaded_is_a_plain_value_for_the_script(path: Path) -> None:
    script = """
    avp_db_load("u", "$avp(a)");
    $avp(copy) = $avp(a);
    avp_db_store("u2", "$avp(a)"); xlog("$rc");
    avp_db_store("u2", "$avp(copy)"); xlog("$rc");
    avp_db_store("u2", "$avp(copy)"); xlog("$rc");
    """
    proxy = load_cfg_text(CFG.format(params(path), script))
    assert proxy.feed(request()).log == ["-1", "1", "-1"]
    proxy.proxy.close()


def test_what_was_loaded_is_compared_and_computed_with_like_any_other(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO t VALUES ('u', '', '', 'n', 1, '5')")
    script = """
    $avp(a) = "y"; avp_db_load("u", "$avp(a)"); $avp(a) = "z";
    avp_check("$avp(a)", "eq/x/g"); xlog("$rc");
    avp_check("$avp(a)", "eq/y/g"); xlog("$rc");
    $avp(n) = 7; avp_db_load("u", "$avp(n)");
    avp_op("$avp(n)/$avp(sum)", "add/i:1"); xlog("$(avp(sum)[*])");
    is_avp_set("$avp(n)/n"); xlog("$rc");
    avp_subst("$avp(a)/$avp(b)/g", "/x/new/"); xlog("$avp(b)");
    """
    proxy = load_cfg_text(CFG.format(params(path), script))
    assert proxy.feed(request()).log == ["1", "1", "8, 6", "1", "new"]
    proxy.proxy.close()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ('avp_db_load("$var(x)/name", "$avp(a)")', "unknown flag <name>: expected uri, username"),
        ('avp_db_load("$null", "$avp(a)")', "pseudo-variable or a value"),
        ('avp_db_load("u", "$var(a)")', "no AVP"),
        ('avp_db_load("u", "x")', "expected \\$avp"),
        ('avp_db_load("u", "sx")', "expected \\$avp"),
        ('avp_db_load("u", "$avp(a)/")', "empty scheme or table"),
        ('avp_db_load("u", "$avp(a)/$")', "empty scheme or table"),
        ('avp_db_load("u", "*/$s")', "needs the name of an AVP"),
        ('avp_db_load("u", "$avp(a)/$none")', "scheme <none> not found"),
        ('avp_db_store("u", "$avp(a)/$s")', "takes no scheme"),
        ('avp_db_delete("u", "$avp(a)/$s")', "takes no scheme"),
    ],
)
def test_refused_when_the_cfg_is_loaded(path: Path, call: str, says: str) -> None:
    with pytest.raises(CfgError, match=says):
        load_cfg_text(CFG.format(params(path), f"{call};"))


def test_refused_without_a_database() -> None:
    with pytest.raises(CfgError, match="db_url"):
        load_cfg_text(CFG.format("", 'avp_db_load("u", "$avp(a)");'))


@pytest.mark.parametrize(
    ("schemes", "says"), [(["x"], "not of the form"), (["a:table=t", "A:table=u"], "duplicated")]
)
def test_refused_schemes(schemes: list[str], says: str) -> None:
    lines = "".join(f'modparam("avpops", "db_scheme", "{text}")\n' for text in schemes)
    with pytest.raises(CfgError, match=says):
        load_cfg_text(CFG.format(lines, "exit;"))
