"""What a replay found, as a table for people and as plain data."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from sipproxy.core.flow import Address
from sipproxy.core.log import LEVEL_NAMES
from sipproxy.replay.capture import Capture
from sipproxy.replay.player import Blocked, Line, Player, Source


def as_data(player: Player, capture: Capture, me: list[Address], found: str) -> dict[str, Any]:
    """Everything of the report as JSON takes it."""
    host = player.proxy.host
    return {
        "capture": capture.path,
        "cfg": player.proxy.program.file,
        "me": [show_address(address) for address in me],
        "me_found_by": found,
        "frames": capture.frames,
        "fed": player.fed,
        "not_read": dict(capture.unread),
        "broken": capture.broken,
        "late": player.late,
        "sent_by_timers": player.timer_sent,
        "faults": host.counters["core.faults"],
        "sources": [{"source": name, **_source(source)} for name, source in player.sources.items()],
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "requests": dict(source.requests),
        "answers": {str(status): count for status, count in sorted(source.answers.items())},
        "replies": source.replies,
        "relayed": source.relayed,
        "dropped": source.dropped,
        "malformed": source.malformed,
        "other": source.other,
        "blocked": source.blocked,
        "first_blocked": _blocked(source.first_blocked),
    }


def _blocked(blocked: Blocked | None) -> dict[str, Any] | None:
    if blocked is None:
        return None
    return {
        "packet": blocked.packet,
        "time": blocked.time,
        "method": blocked.method,
        "status": blocked.status or None,
        "line": blocked.line,
    }


def as_text(player: Player, capture: Capture, me: list[Address], found: str) -> str:
    """The report for a person."""
    return "\n".join(_lines(player, capture, me, found))


def _lines(player: Player, capture: Capture, me: list[Address], found: str) -> Iterator[str]:
    where = " ".join(map(show_address, me))
    yield f"{capture.path} through {player.proxy.program.file}"
    yield f"  us: {where} ({found})" if me else "  us: not found; say it with --me IP:PORT"
    yield f"  {player.fed} of {capture.frames} frames were sent to us and played"
    for reason, count in capture.unread.most_common():
        yield f"  not read: {count} x {reason}"
    if capture.broken:
        yield f"  broken: {capture.broken}; what stood before it was played"
    if player.late:
        yield f"  {player.late} packets stand after later ones; played at once"
    faults = player.proxy.host.counters["core.faults"]
    if faults:
        yield f"  {faults} messages ended in an error of a route or module (see --log)"
    if not player.sources:
        return
    yield ""
    yield from table(
        ("source", "requests", "answered", "relayed", "dropped", "first blocked"),
        [_row(name, source) for name, source in player.sources.items()],
    )


def _row(name: str, source: Source) -> tuple[str, ...]:
    requests = " ".join(f"{method} {count}" for method, count in source.requests.items())
    if source.replies:
        requests = f"{requests} replies {source.replies}".strip()
    if source.malformed:
        requests = f"{requests} malformed {source.malformed}".strip()
    answers = " ".join(f"{status}:{count}" for status, count in sorted(source.answers.items()))
    return (
        name,
        requests or "-",
        answers or "-",
        str(source.relayed),
        str(source.dropped),
        show_blocked(source.first_blocked),
    )


def show_blocked(blocked: Blocked | None) -> str:
    """`packet 21, 12:00:01.250, REGISTER 429, rate.cfg:41`."""
    if blocked is None:
        return "-"
    clock = time.strftime("%H:%M:%S", time.gmtime(blocked.time)) + f"{blocked.time % 1:.3f}"[1:]
    what = f"{blocked.method} {blocked.status or 'dropped'}"
    line = f", {blocked.line}" if blocked.line else ""
    return f"packet {blocked.packet}, {clock}, {what}{line}"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Lines of a table with columns of even width."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, tuple("-" * width for width in widths), *rows):
        yield "  ".join(map(str.ljust, row, widths)).rstrip()


def show_address(address: Address) -> str:
    """`192.0.2.1:5060`, `[::1]:5060`."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def show_line(line: Line) -> str:
    """A line of the cfg's log, with the frame it belongs to."""
    name = LEVEL_NAMES.get(line.level, "DEBUG")
    return f"{line.packet:6} {name}: {line.origin}: {line.text.rstrip()}"
