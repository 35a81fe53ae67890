"""Levels by module in front of a log."""

from sipproxy.core.log import DEBUG, ERROR, INFO, NOTICE, LogList, report
from sipproxy.modules.debugger.levels import ModuleLevels


def written(levels: ModuleLevels, inner: LogList, *lines: tuple[int, str]) -> list[tuple[int, str]]:
    inner.records.clear()
    for level, origin in lines:
        report(levels, level, origin, "x")
    return [(level, origin) for level, origin, _ in inner.records]


def test_a_module_may_write_more_or_less() -> None:
    inner = LogList(NOTICE)
    levels = ModuleLevels(inner)
    levels.levels.update({"xlog": DEBUG, "core": ERROR - 1})
    lines = [(DEBUG, "<script>"), (DEBUG, "sl"), (ERROR, "core"), (ERROR, "<core>"), (NOTICE, "sl")]
    assert written(levels, inner, *lines) == [(DEBUG, "<script>"), (NOTICE, "sl")]
    assert (levels.level_of("xlog"), levels.level_of("sl")) == (DEBUG, NOTICE)


def test_levels_that_are_not_enabled() -> None:
    inner = LogList(NOTICE)
    levels = ModuleLevels(inner)
    levels.levels["xlog"] = DEBUG
    levels.enabled = False
    assert levels.threshold == NOTICE
    assert levels.level_of("xlog") == NOTICE
    assert written(levels, inner, (DEBUG, "<script>")) == []


def test_the_threshold_is_that_of_the_log_behind() -> None:
    inner = LogList(NOTICE)
    levels = ModuleLevels(inner)
    assert levels.threshold == NOTICE
    levels.threshold = INFO
    assert inner.threshold == INFO
    levels.levels["sl"] = DEBUG
    assert levels.threshold == DEBUG
    levels.levels["sl"] = ERROR
    assert levels.threshold == INFO
