"""What a replay keeps of the log."""

from sipproxy.core.log import ERROR, INFO, WARN
from sipproxy.replay.log import Line, ReplayLog


def test_lines_stand_with_their_frame() -> None:
    log = ReplayLog(INFO)
    log.packet = 7
    log.write(INFO, "<script>", "text\n")
    assert log.lines == [Line(7, INFO, "<script>", "text\n")]


def test_errors_of_modules_are_counted_though_no_line_is_kept() -> None:
    log = ReplayLog(INFO, keeps=False)
    for level, origin in ((ERROR, "<script>"), (WARN, "tm"), (ERROR, "usrloc"), (-5, "core")):
        log.write(level, origin, f"of {origin}\n")
    assert log.lines == []
    assert (log.complaints, log.complaint) == (2, "usrloc: of usrloc")
