"""Every cfg fragment of the two documents the project grew from, with what becomes of it.

The documents lie beside the project, in ../shared/seeds (or where $SIPPROXY_SHARED points): an
article on rate limiting with htable, and the module's manual of Kamailio 1.x. Each fragment is read
from there as it was printed, and a cfg is put around it.
"""

import hashlib
import os
import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sipproxy.errors import CfgError
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

SHARED = Path(os.environ.get("SIPPROXY_SHARED", Path(__file__).parents[2] / "shared"))
DOCUMENTS = {
    "article": SHARED / "seeds" / "000_cf2d80af5bce6358.txt",
    "manual": SHARED / "seeds" / "001_2902e1c641a45737.txt",
}
pytestmark = pytest.mark.skipif(
    not all(path.exists() for path in DOCUMENTS.values()),
    reason="the documents lie in ../shared/seeds (or $SIPPROXY_SHARED), which is not here",
)

PHONE, OTHER = "10.0.0.9:5070", "10.0.0.8:5070"
MODULES = "".join(f'loadmodule "{m}.so"\n' for m in ("pv", "xlog", "sl", "siputils", "textops"))
HTABLE = 'loadmodule "htable.so"\n'
IN_DATABASE = """
loadmodule "db_sqlite.so"
modparam("htable", "db_url", "sqlite:///TABLES")
modparam("htable", "htable", "t=>size=4;dbtable=t;")
request_route { exit; }
"""


@dataclass(frozen=True)
class Fragment:
    """A stretch of a document: from the line `first` matches through the one `last` matches.

    `cfg` is the configuration around it: `@THIS@` stands for the fragment, `@name@` for another.
    """

    document: str
    first: str
    last: str = ""
    which: int = 0
    cfg: str = "@THIS@"

    def span(self) -> range:
        """Its lines, counted from 0."""
        lines = document(self.document)
        start = [n for n, line in enumerate(lines) if re.search(self.first, line)][self.which]
        if not self.last:
            return range(start, start + 1)
        length = next(
            n for n, line in enumerate(lines[start + 1 :], 2) if re.search(self.last, line)
        )
        return range(start, start + length)

    def text(self) -> str:
        """As printed, without the lines that only say that something was left out."""
        lines = document(self.document)
        return "\n".join(lines[n] for n in self.span() if lines[n].strip() != "...")


@cache
def document(name: str) -> list[str]:
    """The lines of one of the documents."""
    return DOCUMENTS[name].read_text(encoding="utf-8").splitlines()


@dataclass(frozen=True)
class Play:
    """Requests sent in order, and what each of them must bring: replies' statuses, logged lines."""

    sources: tuple[str, ...]
    statuses: tuple[int, ...] = ()
    log: tuple[str, ...] = ()


COUNT = "MessageCount is"
BAN = """@definition of AuthCount@
request_route {
    @THIS@
    $sht(AuthCount=>$si) = $sht(AuthCount=>$si) + 1;
    sl_send_reply("200", "OK");
}
"""
REMOVAL = """modparam("htable", "htable", "ha=>size=4")
request_route {
    $sht(ha=>one) = "apple";
    $sht(ha=>two) = 2;
    @THIS@
    xlog("one $sht(ha=>one) two $sht(ha=>two)");
}
"""

RUNS: dict[str, tuple[Fragment, Play]] = {
    "definition of MessageCount": (
        Fragment(
            "article",
            r"^loadmodule",
            r"^modparam",
            cfg='@THIS@ request_route { xlog("starts at $sht(MessageCount=>x)"); }',
        ),
        Play((PHONE,), log=("starts at 0",)),
    ),
    "count under one key": (
        Fragment(
            "article",
            r"^request_route",
            r"^\}",
            cfg="@definition of MessageCount@ @THIS@",
        ),
        Play((PHONE, OTHER, PHONE), log=(f"{COUNT} 1", f"{COUNT} 2", f"{COUNT} 3")),
    ),
    "count under each source": (
        Fragment(
            "article",
            r"^request_route",
            r"^\}",
            which=1,
            cfg="@definition of MessageCount@ @THIS@",
        ),
        Play((PHONE, OTHER, PHONE), log=(f"{COUNT} 1", f"{COUNT} 1", f"{COUNT} 2")),
    ),
    "definition of AuthCount": (
        Fragment(
            "article",
            r"^modparam.*AuthCount",
            cfg="""loadmodule "htable.so" @THIS@
request_route {
    $sht(AuthCount=>k) = $sht(AuthCount=>k) + 1;
    xlog("$sht(AuthCount=>k) for $shtex(AuthCount=>k) s");
}""",
        ),
        Play((PHONE, PHONE), log=("1 for 360 s", "2 for 360 s")),
    ),
    "the seventh is limited": (
        Fragment("article", r"^if\(\$sht\(AuthCount", r"^\}", cfg=HTABLE + BAN),
        Play((PHONE,) * 8 + (OTHER,), statuses=(200,) * 6 + (429, 429, 200)),
    ),
    "definition of a": (
        Fragment(
            "manual",
            r'^modparam.*"a=>size=4;"',
            cfg=HTABLE + '@THIS@ request_route { xlog("$sht(a=>x)"); }',
        ),
        Play((PHONE,), log=("<null>",)),
    ),
    "a static and a composed key": (
        Fragment(
            "manual",
            r"^\$sht\(a=>test\)",
            r"^\$sht\(a=>\$ci",
            cfg=HTABLE
            + "@definition of a@ request_route { @THIS@ "
            + 'xlog("$sht(a=>test) $sht(a=>call::srcip)"); }',
        ),
        Play((PHONE,), log=("1 10.0.0.9",)),
    ),
    "timer_interval": (
        Fragment(
            "manual",
            r'^modparam.*"timer_interval"',
            cfg=HTABLE
            + """@THIS@ modparam("htable", "htable", "t=>autoexpire=1")
event_route[htable:expired:t] { xlog("expired $shtrecord(key)"); }
request_route { $sht(t=>k) = 1; xlog("k $sht(t=>k)"); }""",
        ),
        Play((PHONE,), log=("k 1",)),
    ),
    "sht_print": (
        Fragment("manual", r"^sht_print\(\);", cfg=HTABLE + REMOVAL),
        Play((PHONE,), log=("one apple two 2",)),
    ),
    "sht_rm_name_re": (
        Fragment("manual", r'^sht_rm_name_re\("', cfg=HTABLE + REMOVAL),
        Play((PHONE,), log=("one <null> two <null>",)),
    ),
    "sht_rm_value_re": (
        Fragment("manual", r'^sht_rm_value_re\("', cfg=HTABLE + REMOVAL),
        Play((PHONE,), log=("one <null> two 2",)),
    ),
    "event_route[htable:mod-init]": (
        Fragment(
            "manual",
            r"^event_route",
            r"^\}",
            cfg=HTABLE + '@definition of a@ @THIS@ request_route { xlog("x $sht(a=>x)"); }',
        ),
        Play((PHONE,), log=("x 1",)),
    ),
}

COMPAT_30: dict[str, tuple[Fragment, Play]] = {
    "a bare null": (
        Fragment(
            "manual",
            r"auth_count\) == null",
            r"\+ 1;",
            cfg=HTABLE
            + "@definition of a@ request_route { @THIS@ "
            + 'xlog("failed $sht(a=>$au::auth_count)"); }',
        ),
        Play((PHONE, PHONE), log=("failed 1", "failed 2")),
    ),
    "one table defined twice": (
        Fragment(
            "manual",
            r"^modparam.*autoexpire=7200",
            r"^modparam.*autoexpire=7200",
            cfg=HTABLE + '@THIS@ request_route { $sht(a=>k) = 1; xlog("for $shtex(a=>k) s"); }',
        ),
        Play((PHONE,), log=("for 7200 s",)),
    ),
    "timer_mode": (
        Fragment(
            "manual",
            r'^modparam.*"timer_mode"',
            cfg=HTABLE + '@THIS@ request_route { xlog("loaded"); }',
        ),
        Play((PHONE,), log=("loaded",)),
    ),
}

AUTH = """loadmodule "db_sqlite.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth_db", "db_url", "sqlite:///USERS")
modparam("auth_db", "calculate_ha1", 1)
modparam("auth_db", "password_column", "password")
"""
"""What a fragment that authenticates needs in front of it; a test puts the file's path there."""

LOGINS: dict[str, Fragment] = {
    "failed logins are counted": Fragment(
        "article",
        r"^if \(is_method",
        r"^\}",
        cfg=HTABLE
        + AUTH
        + "@definition of AuthCount@ request_route { @the seventh is limited@ @THIS@ "
        + 'sl_send_reply("200", "OK"); }',
    ),
    "dictionary attack": Fragment(
        "manual",
        r"^if\(is_present_hf",
        r"^\}$",
        cfg=HTABLE
        + AUTH
        + '@definition of a@ request_route { @THIS@ sl_send_reply("200", "OK"); }',
    ),
}
"""Fragments that check passwords of users in a database."""


@dataclass(frozen=True)
class Waiting:
    """What a fragment waits for, and the words with which it is refused until then."""

    fragment: Fragment
    for_: str
    refusal: str
    compat: str = "5.6"


def database(param: str) -> Fragment:
    """A parameter that acts on a table loaded from a database."""
    return Fragment("manual", rf'^modparam.*"{param}"', cfg=HTABLE + "@THIS@" + IN_DATABASE)


OF_DATABASE: dict[str, Fragment] = {
    name: database(name)
    for name in (
        *("key_name_column", "key_type_column", "value_type", "key_value"),
        *("array_size_suffix", "fetch_rows"),
    )
}
"""Fragments about tables of a database; a test puts the file's path there."""

WAITS: dict[str, Waiting] = {
    "enable_dmq": Waiting(
        Fragment(
            "article",
            r'^modparam.*"enable_dmq"',
            cfg=HTABLE + "@definition of AuthCount@ @THIS@ request_route { exit; }",
        ),
        "DMQ",
        "enable_dmq",
    ),
    "db_url of the article": Waiting(
        Fragment(
            "article",
            r'^modparam.*"db_url"',
            cfg=HTABLE
            + '@THIS@ modparam("htable", "htable", "t=>dbtable=t;") request_route { exit; }',
        ),
        "database",
        "bad database URL",
    ),
    "db_url of the manual": Waiting(
        Fragment(
            "manual",
            r'^modparam.*"db_url"',
            cfg=HTABLE
            + '@THIS@ modparam("htable", "htable", "t=>dbtable=t;") request_route { exit; }',
        ),
        "database",
        "the module db_mysql is not loaded",
    ),
}

MI_COMMANDS = {
    "sht_reload": Fragment("manual", r":sht_reload:", r"_empty_line_"),
    "sht_dump": Fragment("manual", r":sht_dump:", r"_empty_line_"),
}
"""Commands of the management interface that 3.x removed: they wait for the issue on MI."""

# Printed twice, word for word: both places are one fragment.
AGAIN = (Fragment("manual", r'^modparam.*"a=>size=4;"', which=1),)

FRAGMENTS: dict[str, Fragment] = (
    {name: fragment for name, (fragment, _) in (RUNS | COMPAT_30).items()}
    | LOGINS
    | {name: waiting.fragment for name, waiting in WAITS.items()}
    | OF_DATABASE
    | MI_COMMANDS
)


def cfg_of(fragment: Fragment) -> str:
    """The fragment with the configuration around it."""

    def insert(match: re.Match[str]) -> str:
        other = fragment if match[1] == "THIS" else FRAGMENTS[match[1]]
        return f"\n{other.text()}\n"

    return f"#!KAMAILIO\n{MODULES}" + re.sub(r"@([\w ]+)@", insert, fragment.cfg)


def play(cfg: str, wanted: Play, compat: str) -> None:
    """Send the requests; every one must bring what `wanted` says."""
    proxy = load_cfg_text(cfg, compat=compat)
    statuses: list[int] = []
    log: list[str] = []
    for source in wanted.sources:
        run = proxy.feed(request(source=source, call_id="call"), source=source)
        statuses += run.statuses
        log += [line.strip() for line in run.log]
    assert tuple(statuses) == wanted.statuses
    if wanted.log:
        assert tuple(line for line in log if line in wanted.log) == wanted.log


@pytest.mark.parametrize("name", RUNS)
def test_runs_as_printed(name: str) -> None:
    fragment, wanted = RUNS[name]
    play(cfg_of(fragment), wanted, "5.6")


@pytest.mark.parametrize("name", COMPAT_30)
def test_runs_under_compat_30_and_no_other(name: str) -> None:
    fragment, wanted = COMPAT_30[name]
    with pytest.raises(CfgError):
        load_cfg_text(cfg_of(fragment), compat="5.6")
    play(cfg_of(fragment), wanted, "3.0")


@pytest.fixture
def users(tmp_path: Path) -> str:
    """A database with alice, whose password is wonder."""
    path = tmp_path / "users.db"
    with closing(sqlite3.connect(path)) as base:
        base.execute("CREATE TABLE subscriber (username, domain, password, ha1, ha1b)")
        base.execute("INSERT INTO subscriber VALUES ('alice', 'example.com', 'wonder', '', '')")
        base.commit()
    return str(path)


def login(proxy: ProxyUnderTest, password: str = "", source: str = PHONE) -> int:
    """Alice registers, with a password after a challenge; the status of the answer."""
    headers, to = "", "sip:alice@example.com"
    if password:
        asked = (
            proxy.feed(request("REGISTER", "sip:example.com", to_uri=to), source=OTHER).sent[0].raw
        )
        (nonce,) = re.findall(rb'nonce="([^"]*)"', asked)
        ha1, ha2 = md5(f"alice:example.com:{password}"), md5("REGISTER:sip:example.com")
        headers = (
            'Authorization: Digest username="alice", realm="example.com", uri="sip:example.com", '
            f'nonce="{nonce.decode()}", response="{md5(f"{ha1}:{nonce.decode()}:{ha2}")}"'
        )
    register = request("REGISTER", "sip:example.com", to_uri=to, headers=headers)
    (status,) = proxy.feed(register, source=source).statuses
    return status


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def test_failed_logins_are_counted_as_printed(users: str) -> None:
    """Every answer but a success counts, the first challenge too; from 6 on the source is out."""
    cfg = cfg_of(LOGINS["failed logins are counted"]).replace("USERS", users)
    proxy = load_cfg_text(cfg)
    assert [login(proxy) for _ in range(3)] == [401] * 3
    assert login(proxy, "wonder") == 200
    assert login(proxy) == 401
    proxy.sht["AuthCount"][OTHER.partition(":")[0]] = None
    assert [login(proxy, "guess") for _ in range(4)] == [401] * 4
    assert [login(proxy) for _ in range(3)] == [401, 429, 429]


def test_dictionary_attack_as_printed_under_compat_30(users: str) -> None:
    """Three wrong passwords lock the user's name, for everybody, for a quarter of an hour."""
    cfg = cfg_of(LOGINS["dictionary attack"]).replace("USERS", users)
    proxy = load_cfg_text(cfg, compat="3.0")
    assert login(proxy, "wonder") == 200
    assert [login(proxy, "guess") for _ in range(3)] == [401] * 3
    assert [login(proxy, "guess"), login(proxy, "wonder")] == [403, 403]
    assert {key for key, _ in proxy.sht["a"].items()} == {"alice::auth_count", "alice::last_auth"}
    proxy.advance(901)
    assert login(proxy, "wonder") == 200


def test_dictionary_attack_is_refused_by_56_with_a_hint(users: str) -> None:
    cfg = cfg_of(LOGINS["dictionary attack"]).replace("USERS", users).replace(" null)", " $null)")
    with pytest.raises(CfgError, match=r"www_authorize\(\) takes 2 parameters.*compat=3\.0"):
        load_cfg_text(cfg)


@pytest.mark.parametrize("name", WAITS)
def test_waits_and_says_so(name: str) -> None:
    waiting = WAITS[name]
    assert waiting.for_ in ("database", "DMQ")
    with pytest.raises(CfgError, match=waiting.refusal):
        load_cfg_text(cfg_of(waiting.fragment), compat=waiting.compat)


@pytest.mark.parametrize("name", OF_DATABASE)
def test_tables_of_a_database(name: str, tmp_path: Path) -> None:
    """As printed, under 3.0: the column that it names is read, the suffix ends a size."""
    column = name.removesuffix("_column")
    given = OF_DATABASE[name].text().split(",")[2].strip(' ")\n')
    names = [
        given if known == column else known
        for known in ("key_name", "key_type", "value_type", "key_value")
    ]
    path = tmp_path / "tables.db"
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE t ({', '.join(names)})")
        connection.execute("INSERT INTO t VALUES ('list', 1, 1, '7')")
    proxy = load_cfg_text(cfg_of(OF_DATABASE[name]).replace("TABLES", str(path)), compat="3.0")
    proxy.proxy.open()
    suffix = given if name == "array_size_suffix" else "::size"
    assert dict(proxy.sht["t"].items()) == {"list[0]": 7, f"list{suffix}": 1}


@pytest.mark.parametrize("name", ("value_type", "key_value"))
def test_old_names_of_columns_are_refused_today(name: str) -> None:
    with pytest.raises(CfgError, match=f'no parameter "{name}"'):
        load_cfg_text(cfg_of(OF_DATABASE[name]), compat="5.6")


@pytest.mark.parametrize("name", MI_COMMANDS)
def test_mi_commands_wait(name: str) -> None:
    assert name in MI_COMMANDS[name].text()
    assert name not in load_cfg_text(cfg_of(FRAGMENTS["definition of MessageCount"])).host.rpcs


@pytest.mark.parametrize("name", ("definition of MessageCount", "definition of AuthCount"))
def test_size_12_is_4096_slots(name: str) -> None:
    htable: Any = load_cfg_text(cfg_of(FRAGMENTS[name])).host.modules["htable"]
    (table,) = htable.tables.values()
    assert table.spec.slots == 2**12


def test_timer_interval_is_ten_seconds() -> None:
    proxy = load_cfg_text(cfg_of(FRAGMENTS["timer_interval"]))
    proxy.feed(request())
    assert proxy.advance(9).log == []
    assert proxy.advance(2).log == ["expired k"]


def test_limited_source_is_named_in_the_log() -> None:
    proxy = load_cfg_text(cfg_of(FRAGMENTS["the seventh is limited"]))
    logs = [proxy.feed(request(), source=PHONE).log for _ in range(7)]
    assert logs[:6] == [[]] * 6
    assert logs[6][0].startswith("10.0.0.9 is back")


def test_sht_print_shows_each_item() -> None:
    log = "\n".join(load_cfg_text(cfg_of(FRAGMENTS["sht_print"])).feed(request()).log)
    assert re.search(r"\bone\b.*apple", log, re.DOTALL)
    assert re.search(r"\btwo\b.*\b2\b", log, re.DOTALL)


def test_every_cfg_line_belongs_to_one_fragment() -> None:
    inner = FRAGMENTS["a bare null"]  # a part of the dictionary attack
    covered = Counter(
        (fragment.document, number)
        for fragment in (*FRAGMENTS.values(), *AGAIN)
        if fragment is not inner
        for number in fragment.span()
    )
    cfg_line = re.compile(r"^(loadmodule|modparam)|[;{}]\s*$|^\s*(if|switch|else|case)\b.*[):]$")
    printed = {
        (name, number)
        for name in DOCUMENTS
        for number, line in enumerate(document(name))
        if cfg_line.search(line)
    }
    assert printed - covered.keys() == set()
    assert [place for place, times in covered.items() if times > 1] == []
    assert {("manual", n) for n in inner.span()} <= covered.keys()
