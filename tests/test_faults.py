"""Faults inside a route, told in terms of the cfg; and the tools that step through lines of code
(tracing, debuggers) see lines of the cfg."""

import bdb
import linecache
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from sipproxy.core.access import Format
from sipproxy.core.context import Context
from sipproxy.core.module import Module, function, pvar
from sipproxy.faults import cfg_line
from sipproxy.testing import Messages, ProxyUnderTest, load_cfg, load_cfg_text

HEAD = '#!KAMAILIO\nlisten=udp:127.0.0.1:5060\nloadmodule "pv.so"\nloadmodule "fragile.so"\n'


class Fragile(Module, name="fragile"):
    """Things that break when they are touched."""

    @function()
    def touch(self, ctx: Context, text: str) -> int:
        """Raises."""
        raise LookupError(text)

    @function()
    def show(self, ctx: Context, text: Format) -> int:
        """Builds its text, which may break."""
        return len(text(ctx)) or 1

    @function()
    async def later(self, ctx: Context) -> int:
        """Waits, then raises."""
        await self.host.sleep(1)
        raise LookupError("later")

    @pvar("broken")
    def broken(self, ctx: Context) -> str:
        """Raises when it is read."""
        raise LookupError("broken")


def told(traceback: str) -> list[str]:
    """What a traceback says from the first line of a cfg on, without frames of Python files."""
    lines = traceback.split("\n")
    kept: list[str] = []
    of_cfg = False
    for line in lines:
        if line.startswith("  File "):
            of_cfg = '.cfg"' in line
        if of_cfg or not line.startswith("  "):
            kept.append(line)
    return kept


def fault(proxy: ProxyUnderTest, sip: Messages) -> list[str]:
    return told(proxy.feed(sip.options("bob")).fault)


def load(text: str) -> ProxyUnderTest:
    return load_cfg_text(HEAD + text, modules={"fragile": Fragile})


def test_inside_an_expression(sip: Messages) -> None:
    proxy = load("request_route {\n    $var(x) = 5 + strlen($rU + $broken) * 2;\n}\n")
    assert fault(proxy, sip) == [
        "Traceback (most recent call last):",
        '  File "test.cfg", line 6, in request_route',
        "    $var(x) = 5 + strlen($rU + $broken) * 2;",
        "                               ^^^^^^^",
        "LookupError: broken",
    ]


def test_inside_a_call_in_a_condition_of_a_called_route(sip: Messages) -> None:
    proxy = load(
        'request_route {\n    route(A);\n}\nroute[A] {\n    if ($rU == "bob" &&\n'
        '            touch("it, $rU"))\n        exit;\n}\n'
    )
    assert fault(proxy, sip) == [
        "Traceback (most recent call last):",
        '  File "test.cfg", line 6, in request_route',
        "    route(A);",
        "    ^^^^^^^^",
        '  File "test.cfg", line 10, in route_A',
        '    touch("it, $rU"))',
        "    ^^^^^^^^^^^^^^^^",
        "LookupError: it, bob",
    ]


def test_inside_a_text_that_is_built_late(sip: Messages) -> None:
    proxy = load('request_route {\n    show("to $rU\\n: $broken");\n}\n')
    assert fault(proxy, sip) == [
        "Traceback (most recent call last):",
        '  File "test.cfg", line 6, in request_route',
        '    show("to $rU\\n: $broken");',
        "    ^^^^^^^^^^^^^^^^^^^^^^^^^",
        '  File "test.cfg", line 6, in text_6',
        '    show("to $rU\\n: $broken");',
        " " * 9 + "^" * 19,
        "LookupError: broken",
    ]


def test_in_an_included_files_statement_both_files_are_named(tmp_path: Path, sip: Messages) -> None:
    (tmp_path / "part.cfg").write_text("# a part\n\n   touch($rU);\n")
    cfg = tmp_path / "main.cfg"
    cfg.write_text(HEAD + "request_route {\n" + 'include_file "part.cfg"\n}\n')
    proxy = load_cfg(str(cfg), modules={"fragile": Fragile})
    lines = fault(proxy, sip)
    assert lines[1] == f'  File "{cfg}", line 3, in request_route, in {tmp_path / "part.cfg"}:3'
    assert lines[-1] == "LookupError: bob"


def test_a_route_of_an_included_file_is_that_files(tmp_path: Path, sip: Messages) -> None:
    part = tmp_path / "part.cfg"
    part.write_text("route[A] {\n    touch($rU);\n}\n")
    cfg = tmp_path / "main.cfg"
    cfg.write_text(HEAD + 'include_file "part.cfg"\nrequest_route {\n    route(A);\n}\n')
    lines = fault(load_cfg(str(cfg), modules={"fragile": Fragile}), sip)
    assert lines[1:7] == [
        f'  File "{cfg}", line 7, in request_route',
        "    route(A);",
        "    ^^^^^^^^",
        f'  File "{part}", line 2, in route_A',
        "    touch($rU);",
        "    ^^^^^^^^^^",
    ]


def test_a_cfg_that_is_not_utf_8(tmp_path: Path, sip: Messages) -> None:
    cfg = tmp_path / "latin.cfg"
    text = HEAD + 'request_route {\n    $var(x) = "grüße" + touch("ü" + $rU);\n}\n'
    cfg.write_bytes(text.encode("latin-1"))
    lines = fault(load_cfg(str(cfg), modules={"fragile": Fragile}), sip)
    assert lines[1] == f'  File "{cfg}", line 6, in request_route'
    assert lines[2] == '    $var(x) = "grüße" + touch("ü" + $rU);'
    assert lines[3] == "                        ^^^^^^^^^^^^^^^^"


def test_a_cfg_with_characters_of_many_bytes(sip: Messages) -> None:
    lines = fault(load('request_route {\n    $var(x) = "größe" + touch($rU);\n}\n'), sip)
    assert lines[2:4] == [
        '    $var(x) = "größe" + touch($rU);',
        "                        ^^^^^^^^^^",
    ]


def test_after_waiting(sip: Messages) -> None:
    proxy = load("request_route {\n    later();\n}\n")
    assert proxy.feed(sip.options()).log == []
    run = proxy.advance(1)
    assert told(run.fault)[1:4] == [
        '  File "test.cfg", line 6, in request_route',
        "    later();",
        "    ^^^^^^^",
    ]
    assert run.statuses == [500]


@pytest.fixture
def stepping() -> Iterator[None]:
    """Puts back whoever traced before."""
    before = sys.gettrace()
    yield
    sys.settrace(before)


STEPS = """request_route {
    if ($rU == "bob") {
        $var(x) = 1;
    } else {
        $var(x) = 2;
    }
    while ($var(i) < 2)
        $var(i) = $var(i) + 1;
    route(A);
}
route[A] {

    return;
}
"""


def test_tracing_sees_lines_of_the_cfg(sip: Messages, stepping: None) -> None:
    proxy = load(STEPS)
    seen: list[tuple[str, int]] = []

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        if frame.f_code.co_filename != "test.cfg":
            return None
        if event == "line":
            seen.append((frame.f_code.co_name, frame.f_lineno))
        return trace

    message = sip.options("bob")
    sys.settrace(trace)
    proxy.feed(message)
    sys.settrace(None)
    lines = [line for _, line in seen]
    assert lines[:2] == [6, 7]
    assert 9 not in lines
    assert lines.count(12) == 2
    assert seen[-2:] == [("request_route", 13), ("route_A", 17)]


def test_a_breakpoint_on_a_line_of_the_cfg_is_hit(
    tmp_path: Path, sip: Messages, stepping: None
) -> None:
    cfg = tmp_path / "steps.cfg"
    cfg.write_text(HEAD + STEPS)
    proxy = load_cfg(str(cfg), modules={"fragile": Fragile})
    stops: list[str] = []

    class Debugger(bdb.Bdb):
        def user_line(self, frame: FrameType) -> None:
            if self.break_here(frame):
                stops.append(cfg_line(frame, proxy.proxy.program.config))
            self.set_continue()

    debugger = Debugger()
    assert debugger.set_break(str(cfg), 7) is None
    assert debugger.set_break(str(cfg), 17) is None
    message = sip.options("bob")
    debugger.runcall(proxy.feed, message)
    debugger.clear_all_breaks()
    assert stops == [f"{cfg}:7", f"{cfg}:17"]


def test_where_no_cfg_is_at_work_there_is_no_line() -> None:
    assert cfg_line(None, load("").proxy.program.config) == ""
    assert cfg_line(sys._getframe(), load("").proxy.program.config) == ""


def test_the_sources_stay_in_the_line_cache(sip: Messages) -> None:
    fault(load("request_route {\n    touch($rU);\n}\n"), sip)
    linecache.checkcache()
    assert linecache.getline("test.cfg", 6) == "    touch($rU);\n"
