"""Lines as Kamailio 5.6.3 writes them, seen on the running server with the same calls."""

from typing import Any

import pytest

from sipproxy.core.access import Format
from sipproxy.core.log import ALERT, BUG, CRIT2, DEBUG, ERROR, INFO, NOTICE, WARN
from sipproxy.core.module import Module, pvar
from sipproxy.errors import ModuleError
from sipproxy.modules.xlog import Facility, Level, Xlog


class Variables(Module, name="variables"):
    """A pseudo-variable `$x` whose value a test chooses, and which counts its readings."""

    value: int | str | None = None
    reads = 0

    @pvar("x")
    def x(self, ctx: Any) -> int | str | None:
        self.reads += 1
        return self.value


def text(value: str) -> Format:
    return Format(value, (value,))


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("xdbg", DEBUG),
        ("xinfo", INFO),
        ("xnotice", NOTICE),
        ("xwarn", WARN),
        ("xerr", ERROR),
        ("xcrit", CRIT2),
        ("xbug", BUG),
        ("xalert", ALERT),
        ("xlog", ERROR),
    ],
)
def test_each_function_has_its_level(bench: Any, request_text: Any, name: str, level: int) -> None:
    xlog = bench.load(Xlog)
    ctx = bench.context(request_text())
    assert getattr(xlog, name)(ctx, text("hello\n")) == 1
    assert bench.log.records == [(level, "<script>", "hello\n")]
    bench.log.threshold = level - 1
    assert getattr(xlog, name)(ctx, text("silent\n")) == 1
    assert len(bench.log.records) == 1


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("L_ALERT", ALERT),
        ("LXBUG", BUG),
        ("L_CRIT", CRIT2),
        ("L_ERR", ERROR),
        ("L_WARN", WARN),
        ("L_NOTICE", NOTICE),
        ("L_INFO", INFO),
        ("L_DBG", DEBUG),
    ],
)
def test_the_third_letter_is_the_level(word: str, level: int) -> None:
    assert Level.parse(word).number == level


@pytest.mark.parametrize("word", ["", "5", "L_", "XX", "L_x", "L_9"])
def test_unknown_levels_are_refused(word: str) -> None:
    with pytest.raises(ValueError, match="log level"):
        Level.parse(word)


def test_level_from_a_variable(bench: Any, request_text: Any) -> None:
    xlog, variables = bench.load(Xlog), bench.load(Variables)
    ctx = bench.context(request_text())
    variables.value = NOTICE
    level = Level.parse("$x")
    level.bind(bench.host)
    assert xlog.xlog_level(ctx, level, text("level\n")) == 1
    assert bench.log.records == [(NOTICE, "<script>", "level\n")]
    variables.value = "word"
    assert xlog.xlog_level(ctx, level, text("never\n")) == -1
    assert bench.log.records[1:] == [(ERROR, "xlog", "invalid log level value 'word'")]


def test_a_text_is_not_built_when_its_level_is_off(bench: Any, request_text: Any) -> None:
    xlog, variables = bench.load(Xlog), bench.load(Variables)
    ctx = bench.context(request_text())
    bench.log.threshold = ERROR
    line = bench.host.format("x is $x\n")
    assert xlog.xinfo(ctx, line) == 1
    assert xlog.xlog_level(ctx, Level.parse("L_INFO"), line) == 1
    assert variables.reads == 0
    assert xlog.xlog(ctx, line) == 1
    assert bench.lines == ["x is <null>\n"]


@pytest.mark.parametrize(
    ("length", "result"),
    [(59, 1), (60, -1), (61, -1)],
)
def test_a_line_of_buf_size_bytes_is_too_long(
    bench: Any, request_text: Any, length: int, result: int
) -> None:
    xlog = bench.load(Xlog, buf_size=60)
    ctx = bench.context(request_text())
    assert xlog.xlog(ctx, text("x" * length)) == result
    assert xlog.xlog(ctx, text("é" * (length // 2) + "x" * (length % 2))) == result
    assert ("buffer overflow" in bench.lines[0]) is (result == -1)


def test_prefix(bench: Any, request_text: Any) -> None:
    xlog = bench.load(Xlog, prefix="mine: ")
    xlog.xlog(bench.context(request_text()), text("a"))
    xlog.prefix = "[xl] "
    xlog.start()
    xlog.xlog(bench.context(request_text()), text("b"))
    assert bench.log.records == [(ERROR, "mine", "a"), (ERROR, "", "[xl] b")]


def test_prefix_with_variables(bench: Any, request_text: Any) -> None:
    variables = bench.load(Variables)
    xlog = bench.load(Xlog, prefix="<$x>: ", prefix_mode=1)
    variables.value = 7
    xlog.xlog(bench.context(request_text()), text("a"))
    assert bench.log.records == [(ERROR, "<7>", "a")]


def test_line_forms_name_the_line_of_the_caller(bench: Any, request_text: Any) -> None:
    xlog = bench.load(Xlog)
    ctx = bench.context(request_text())
    names = {
        "x": xlog,
        "c": ctx,
        "t": text("t"),
        "f": Facility("LOG_USER"),
        "w": Level.parse("L_WARN"),
    }
    code = compile(
        "x.xlogl(c, t)\n\nx.xlogl_level(c, w, t)\nx.xlogl_facility(c, f, w, t)\nx.xdbgl(c, t)\n",
        "my.cfg",
        "exec",
    )
    exec(code, names)
    assert bench.log.records == [
        (ERROR, "<script>", "1:t"),
        (WARN, "<script>", "3:t"),
        (WARN, "<script>", "4:t"),
        (DEBUG, "<script>", "5:t"),
    ]
    bench.log.records.clear()
    xlog.long_format = 1
    exec(code, names)
    assert bench.lines[0] == "my.cfg:1:t"
    bench.log.threshold = ALERT
    bench.log.records.clear()
    exec(code, names)
    assert bench.log.records == []


@pytest.mark.parametrize(
    ("mask", "method", "written"),
    [(-1, "OPTIONS", 0), (0, "OPTIONS", 1), (512, "OPTIONS", 0), (512, "INVITE", 1)],
)
def test_methods_filter(
    bench: Any, request_text: Any, mask: int, method: str, written: int
) -> None:
    xlog = bench.load(Xlog, methods_filter=mask)
    ctx = bench.context(request_text(f"{method} sip:bob@example.com"))
    assert xlog.xlogm(ctx, Level.parse("L_ERR"), text("t")) == 1
    assert len(bench.lines) == written


def test_facilities(bench: Any, request_text: Any) -> None:
    xlog = bench.load(Xlog)
    xlog.log_facility("LOG_LOCAL3")
    with pytest.raises(ModuleError, match="LOG_NOWHERE"):
        xlog.log_facility("LOG_NOWHERE")
    with pytest.raises(ValueError, match="LOG_NOWHERE"):
        Facility.parse("LOG_NOWHERE")
    ctx = bench.context(request_text())
    assert xlog.xlog_facility(ctx, Facility.parse("LOG_USER"), Level.parse("L_ERR"), text("t")) == 1
    assert bench.lines == ["t"]


def test_colors(bench: Any, request_text: Any) -> None:
    xlog = bench.load(Xlog)
    ctx = bench.context(request_text())
    line = bench.host.format("$C(rx)red$C(xx) $C(Gb)")
    assert line(ctx) == "red "
    xlog.force_color = 1
    assert line(ctx) == "\033[0;31;49mred\033[0;39;49m \033[1;32;44m"


@pytest.mark.parametrize("name", ["$C", "$C(r)", "$C(rxx)", "$C(rX)", "$C(Xx)", "$C(qx)"])
def test_bad_colors(bench: Any, name: str) -> None:
    bench.load(Xlog)
    with pytest.raises(Exception, match="colour"):
        bench.host.pv(name)


@pytest.mark.parametrize("given", ["L_INFO=Rb;L_ERR=0g;", " l_info = Rb ; l_err=0g"])
def test_colors_of_levels(bench: Any, given: str) -> None:
    xlog = bench.load(Xlog)
    xlog.log_colors(given)
    paint = bench.host.line_colors.paint
    assert paint(INFO, "a") == "\033[1;31;44ma\033[0;39;49m"
    assert paint(ERROR, "a") == "\033[0;31;42ma\033[0;39;49m"


@pytest.mark.parametrize(
    "given", ["", "L_INFO", "L_INFO=R", "L_INFO=Rbb", "L_FOO=rr", "L_INFO=rr;;"]
)
def test_bad_colors_of_levels(bench: Any, given: str) -> None:
    with pytest.raises(ModuleError, match="invalid"):
        bench.load(Xlog).log_colors(given)
