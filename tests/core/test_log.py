"""Levels and the sink of tests."""

import pytest

from sipproxy.core.log import DEBUG, ERROR, LEVEL_NAMES, WARN, LogList, report


@pytest.mark.parametrize(
    ("threshold", "kept"), [(DEBUG, ["e", "w", "d"]), (WARN, ["e", "w"]), (-2, [])]
)
def test_only_enabled_levels_are_written(threshold: int, kept: list[str]) -> None:
    log = LogList(threshold)
    for level, text in ((ERROR, "e"), (WARN, "w"), (DEBUG, "d")):
        report(log, level, "core", text)
    assert [text for _, _, text in log.records] == kept


def test_records_carry_level_and_origin() -> None:
    log = LogList()
    report(log, ERROR, "htable", "no such table")
    assert log.records == [(-1, "htable", "no such table")]


def test_every_level_has_a_name() -> None:
    assert sorted(LEVEL_NAMES) == list(range(-5, 4))
