"""pipelimit on the virtual clock: windows, pipes that go, what check says, the machine's load.

What each algorithm lets through is recorded from Kamailio: conformance cases `pipelimit-*`.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sipproxy.core.machine import ProcessorLoad, WaitingBytes
from sipproxy.errors import CfgError, ModuleError, RpcError
from sipproxy.modules.pipelimit import Pipelimit
from sipproxy.modules.sl import Sl
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

HEAD = '#!KAMAILIO\nloadmodule "sl.so"\nloadmodule "pv.so"\nloadmodule "pipelimit.so"\n'


def proxy_of(call: str, params: str = "") -> ProxyUnderTest:
    text = f'{HEAD}{params}\nrequest_route {{ $var(r) = {call}; sl_send_reply("200", "$var(r)"); }}'
    return load_cfg_text(text)


def every(seconds: int) -> str:
    """The parameter for intervals of this length."""
    return f'modparam("pipelimit", "timer_interval", {seconds})'


def passed(proxy: ProxyUnderTest, messages: int) -> int:
    """How many of a burst may pass."""
    runs = [proxy.feed(request()) for _ in range(messages)]
    return [run.sent[0].message.reason for run in runs].count("1")


def said(proxy: ProxyUnderTest) -> list[str]:
    return [f"{p.severity} {p.message}" for p in proxy.proxy.problems]


@pytest.mark.parametrize("mode", [0, 1])
def test_windows_follow_each_other_from_the_start(mode: int) -> None:
    params = (
        f'modparam("pipelimit", "timer_interval", 2)\nmodparam("pipelimit", "timer_mode", {mode})'
    )
    proxy = proxy_of('pl_check("p", "TAILDROP", "4")', params)
    accepted = []
    for tenth in range(65):
        if passed(proxy, 1):
            accepted.append(tenth)
        proxy.advance(0.1)
    assert accepted == [0, 1, 2, 3, 20, 21, 22, 23, 40, 41, 42, 43, 60, 61, 62, 63]


def test_twice_the_limit_around_a_border() -> None:
    proxy = proxy_of('pl_check("p", "TAILDROP", "20")', every(3))
    proxy.advance(2.9)
    assert passed(proxy, 50) == 20
    proxy.advance(0.2)
    assert passed(proxy, 50) == 20


def test_pipes_without_messages_go() -> None:
    params = f'{every(1)}\nmodparam("pipelimit", "clean_unused", 2)'
    proxy = proxy_of('pl_check("$fU", "TAILDROP", "4")', params)
    proxy.feed(request(user="alice"))
    unused = []
    for _ in range(5):
        proxy.advance(1)
        unused += [pipe["unused_intervals"] for pipe in proxy.rpc("pl.list")]
    assert unused == [0, 1, 2]
    proxy.feed(request(user="alice"))
    assert [pipe["counter"] for pipe in proxy.rpc("pl.list")] == [1]


def test_a_wrong_algorithm_is_an_error_of_the_cfg() -> None:
    with pytest.raises(CfgError) as caught:
        proxy_of('pl_check("p", "TAILDORP", "4")')
    (problem,) = caught.value.problems
    assert problem.message == 'unknown algorithm "TAILDORP"'
    assert problem.hint == 'did you mean "TAILDROP"?'
    assert (problem.span.line, problem.span.column) == (6, 41)


def test_check_tells_the_rates() -> None:
    assert said(proxy_of('pl_check("p", "taildrop", "20")', every(3))) == [
        'note pipe "p" lets 20 in 3 s, 6.67/s through'
    ]
    assert said(proxy_of('pl_check("$si", "TAILDROP", 50)')) == [
        "note each pipe lets 50 in 10 s, 5/s through"
    ]
    assert said(proxy_of('pl_check("p", "TAILDROP", "$var(x)")')) == []
    assert said(proxy_of('pl_check("p", "$var(x)", "5")')) == []
    assert said(proxy_of('pl_check("p", "RED", "5")')) == []
    assert said(proxy_of('pl_check("p")')) == []
    assert said(proxy_of('pl_check("p", "FEEDBACK", "50")')) == [
        "warning until pl.set_pipe is called, FEEDBACK holds the load at 0%"
    ]


def test_parameters_that_are_refused() -> None:
    with pytest.raises(CfgError, match="invalid hash size parameter: 0"):
        proxy_of('pl_check("p")', 'modparam("pipelimit", "hash_size", 0)')
    with pytest.raises(CfgError, match="timer_interval must be at least 1"):
        proxy_of('pl_check("p")', 'modparam("pipelimit", "timer_interval", 0)')


def test_sl_must_be_loaded(bench: Any) -> None:
    with pytest.raises(ModuleError, match='"sl" must be loaded'):
        bench.load(Pipelimit)


def test_retry_after_between_two_bounds(bench: Any, request_text: Any) -> None:
    bench.load(Sl)
    module = bench.load(Pipelimit)
    seen = set()
    for _ in range(100):
        assert module.pl_drop(bench.context(request_text()), 3, 5) == 1
        (reply,) = bench.sent
        assert reply.startswith("SIP/2.0 503 Server Unavailable\r\n")
        seen.add(reply.partition("Retry-After: ")[2].partition("\r\n")[0])
    assert seen == {"3", "4", "5"}


def test_a_running_server_reads_the_machine(bench: Any, request_text: Any, tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  0 0 0 100 0 0 0 0\n")
    bench.load(Sl)
    module = bench.load(Pipelimit, timer_interval=1)
    module.ready()
    module.open()
    module._processors = ProcessorLoad(str(stat))
    module._processors.processors = 2
    module._waiting = WaitingBytes([("10.0.0.1", 5060)], str(tmp_path))
    ctx = bench.context(request_text())
    module.check_limit(ctx, "f", "FEEDBACK", 50)
    module.check_limit(ctx, "n", "NETWORK", 0)
    module.tick(0.0)
    assert module.feedback.load == 0.0
    stat.write_text("cpu  50 0 0 150 0 0 0 0\n")
    module.tick(1.0)
    assert module.feedback.load == 0.75
    assert module.feedback.drop_rate == 18
    assert module.check(ctx, "n") == 1


def test_load_fetch_0_reads_nothing(bench: Any) -> None:
    bench.load(Sl)
    module = bench.load(Pipelimit, load_fetch=0)
    module.open()
    module.push_load(0.5)
    module.tick(0.0)
    assert module.feedback.load == 0.5


def test_nothing_is_read_that_is_not_open(bench: Any) -> None:
    bench.load(Sl)
    module = bench.load(Pipelimit)
    module.push_load(0.5)
    rate = module.feedback.drop_rate
    module.tick(0.0)
    assert (module.feedback.load, module.feedback.drop_rate) == (0.5, rate)


def test_pipes_without_algorithm_are_not_listed(bench: Any, request_text: Any) -> None:
    bench.load(Sl)
    module = bench.load(Pipelimit)
    assert module.check_limit(bench.context(request_text()), "p", "nop", 1) == 2
    assert module.list_pipes("p") == module.list_pipes() == module.stats() == []
    module.tick(0.0)
    assert module.pipes["p"].counter == 1
    with pytest.raises(RpcError, match="Unknown pipe id q"):
        module.list_pipes("q")


def database(path: Path, *rows: tuple[str, str, int], version: int = 1) -> str:
    """The URL of an SQLite file with a table of pipes."""
    file = path / "pipes.db"
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE version (table_name VARCHAR(32), table_version INTEGER)")
        db.execute("INSERT INTO version VALUES ('pl_pipes', ?)", (version,))
        db.execute("CREATE TABLE pl_pipes (id INTEGER, pipeid, algorithm, plimit INTEGER)")
        db.executemany("INSERT INTO pl_pipes VALUES (1, ?, ?, ?)", rows)
        db.commit()
    return f"sqlite:///{file}"


def with_database(url: str, call: str = 'pl_check("gold")') -> ProxyUnderTest:
    load = f'loadmodule "db_sqlite.so"\nmodparam("pipelimit", "db_url", "{url}")'
    return proxy_of(call, load)


def test_pipes_of_the_database(tmp_path: Path) -> None:
    proxy = with_database(database(tmp_path, ("gold", "taildrop", 3), ("grey", "RED", 1)))
    proxy.proxy.open()
    assert [pipe["name"] for pipe in proxy.rpc("pl.list")] == ["grey", "gold"]
    assert passed(proxy, 5) == 3
    proxy.proxy.close()


@pytest.mark.parametrize(
    "call", ['pl_check("gold")', 'pl_check("gold", "RED", 0)', 'pl_active("gold")']
)
def test_pipes_of_the_database_without_a_server(tmp_path: Path, call: str) -> None:
    proxy = with_database(database(tmp_path, ("gold", "TAILDROP", 3)), call)
    assert passed(proxy, 1) == 1
    assert [pipe["algorithm"] for pipe in proxy.rpc("pl.list")] == ["TAILDROP"]


@pytest.mark.parametrize(
    ("rows", "version", "reason"),
    [
        ([("gold", "TAILDORP", 3)], 1, 'the pipe "gold" of pl_pipes is not taken'),
        ([("gold", "RED", 3), ("gold", "RED", 3)], 1, 'the pipe "gold" of pl_pipes is not taken'),
        ([], 2, "invalid version 2 for table pl_pipes found, expected 1"),
    ],
)
def test_tables_that_are_refused(
    tmp_path: Path, rows: list[tuple[str, str, int]], version: int, reason: str
) -> None:
    proxy = with_database(database(tmp_path, *rows, version=version))
    with pytest.raises(ModuleError, match=reason):
        proxy.proxy.open()


def test_an_empty_table_and_none(tmp_path: Path) -> None:
    proxy = with_database(database(tmp_path))
    proxy.proxy.open()
    assert proxy.log.records[-1][2] == "no pipes in the database"
    with closing(sqlite3.connect(tmp_path / "pipes.db")) as db:
        db.execute("DROP TABLE pl_pipes")
    with pytest.raises(ModuleError, match="pl_pipes cannot be read"):
        with_database(f"sqlite:///{tmp_path}/pipes.db").proxy.open()
