"""Kamailio's line format, the prefix of a message, structlog for the server's own lines."""

import json
import os
from collections.abc import Callable
from typing import Any, cast

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.access import Format
from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.core.host import Host
from sipproxy.core.log import LogList
from sipproxy.net.log import (
    Flusher,
    JsonForm,
    MessagePrefix,
    ServerLog,
    operator_log,
    plain_text,
)


class Lines:
    """An output that keeps what it gets."""

    def __init__(self) -> None:
        self.kept: list[tuple[int, str]] = []
        self.flushed = 0
        self.lost = 0

    def add(self, level: int, line: str, facility: str = "") -> None:
        self.kept.append((level, line))

    def flush(self) -> None:
        self.flushed += 1

    @property
    def waits(self) -> bool:
        return False

    def take_lost(self) -> int:
        lost, self.lost = self.lost, 0
        return lost

    def close(self) -> None:
        self.flush()


def head() -> str:
    return f" 0({os.getpid()}) "


def test_lines_have_kamailios_form() -> None:
    out = Lines()
    log = ServerLog(out, threshold=3)
    log.write(-1, "<script>", "bad thing\n")
    log.write(0, "htable", "no newline")
    log.write(9, "", "deep")
    log.write(-9, "core", "worst\n")
    assert [line for _, line in out.kept] == [
        f"{head()}ERROR: <script>: bad thing\n",
        f"{head()}WARNING: htable: no newline\n",
        f"{head()}DEBUG: deep\n",
        f"{head()}ALERT: <core>: worst\n",
    ]
    log.flush()
    assert out.flushed == 1
    out.lost = 7
    log.flush()
    assert out.kept[4:] == [(0, f"{head()}WARNING: <core>: 7 log lines were lost\n")]


def context(host: Host) -> Context:
    ctx = host.outside()
    ctx.flow = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.1", 5070))
    return ctx


def test_the_prefix_is_evaluated_once_for_each_message_or_for_each_line() -> None:
    host = Host(VirtualClock(), Chance(1), LogList())
    messages: list[Context | None] = [None]
    calls: list[Context] = []
    out = Lines()
    log = ServerLog(out)

    class Counting(Format):
        def __call__(self, ctx: Context) -> str:
            calls.append(ctx)
            log.write(0, "pv", "a line while the prefix is made")
            return f"{{{len(calls)}}} "

    def lines(each_line: bool) -> list[str]:
        calls.clear()
        out.kept.clear()
        log.prefix_with(MessagePrefix(Counting("", ()), lambda: messages[0], each_line))
        for message in (None, context(host), context(host)):
            messages[0] = message
            log.write(0, "<script>", "a")
            log.write(0, "<script>", "b")
        return [line.partition("WARNING: ")[2] for _, line in out.kept if "script" in line]

    assert lines(each_line=False) == [
        *("<script>: a\n", "<script>: b\n"),
        *("{1} <script>: a\n", "{1} <script>: b\n", "{2} <script>: a\n", "{2} <script>: b\n"),
    ]
    assert [line[:4] for line in lines(each_line=True)] == [
        "<scr",
        "<scr",
        "{1} ",
        "{2} ",
        "{3} ",
        "{4} ",
    ]


def test_the_servers_own_lines_go_through_structlog() -> None:
    out = Lines()
    log = ServerLog(out, threshold=1)
    operator = operator_log(log)
    operator.info("not shown at this level")
    operator.warning("cannot send", to="10.0.0.1:5060", reason="no route")
    operator_log(log, always=True).info("listening", on="udp:127.0.0.1:5060")
    assert out.kept.pop() == (2, f"{head()}INFO: <core>: listening on=udp:127.0.0.1:5060\n")
    assert out.kept == [
        (0, f"{head()}WARNING: <core>: cannot send to=10.0.0.1:5060 reason=no route\n")
    ]


def test_syslog_gets_no_process_number() -> None:
    out = Lines()
    log = ServerLog(out, 3, plain_text)
    log.write(-1, "sl", "bad\n")
    assert out.kept == [(-1, "ERROR: sl: bad\n")]


def as_json(out: Lines) -> list[dict[str, object]]:
    return [json.loads(line) for _, line in out.kept]


def test_json_lines() -> None:
    """One object a line, whatever stands in the text; facts are fields of their own."""
    out = Lines()
    places = iter(["edge.cfg:12", "", ""])
    log = ServerLog(out, 3, JsonForm(lambda: 1_795_000_000.25, lambda: next(places)))
    log.write(-1, "<script>", 'two\nlines "quoted" \udcff t\u00fc\n')
    log.prefix_with(lambda: "{7} ")
    log.write(4, "", "deep")
    operator_log(log).warning("listening", on="udp:127.0.0.1:5060")
    common = {"time": "2026-11-18T11:06:40.250000Z", "pid": os.getpid()}
    assert as_json(out) == [
        common
        | {"level": "error", "origin": "script", "at": "edge.cfg:12"}
        | {"text": 'two\nlines "quoted" \ufffd t\u00fc'},
        common | {"level": "debug", "origin": "", "prefix": "{7} ", "text": "deep"},
        common
        | {"level": "warning", "origin": "core", "prefix": "{7} "}
        | {"text": "listening", "on": "udp:127.0.0.1:5060"},
    ]
    assert all(line.count("\n") == 1 and line.endswith("\n") for _, line in out.kept)


def test_a_slow_reader_is_flushed_again_without_traffic() -> None:
    taken: list[str] = []

    class Slow:
        """Takes one line at each flush."""

        def __init__(self) -> None:
            self.kept: list[str] = []

        def add(self, level: int, line: str, facility: str = "") -> None:
            self.kept.append(line)

        def flush(self) -> None:
            if self.kept:
                taken.append(self.kept.pop(0))

        @property
        def waits(self) -> bool:
            return bool(self.kept)

        def take_lost(self) -> int:
            return 0

        def close(self) -> None:
            """Nothing."""

    class Loop:
        """Notes what is to be called later."""

        def __init__(self) -> None:
            self.later: list[Callable[[], None]] = []

        def call_later(self, seconds: float, call: Callable[[], None]) -> None:
            assert 0 < seconds < 1
            self.later.append(call)

    loop, log = Loop(), ServerLog(Slow(), 2, plain_text)
    flusher = Flusher(cast(Any, loop), log)
    for number in range(3):
        log.write(0, "core", f"line {number}")
    flusher.flush()
    flusher.flush()
    assert (len(taken), len(loop.later)) == (2, 1)
    loop.later.pop()()
    assert (len(taken), loop.later) == (3, [])
