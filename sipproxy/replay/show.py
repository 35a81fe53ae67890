"""Times, addresses, verdicts and tables as people read them."""

import time
from collections.abc import Iterator, Sequence

from sipproxy.core.flow import Address
from sipproxy.core.log import LEVEL_NAMES
from sipproxy.replay.log import Line
from sipproxy.replay.verdicts import Blocked


def show_time(instant: float) -> str:
    """`12:00:01.250`, UTC."""
    millis = int(instant * 1000 + 0.5)
    return time.strftime("%H:%M:%S", time.gmtime(millis // 1000)) + f".{millis % 1000:03}"


def show_blocked(blocked: Blocked | None) -> str:
    """`packet 21, 12:00:01.250, REGISTER 429, rate.cfg:41`, and what was stubbed on the way."""
    if blocked is None:
        return "-"
    what = f"{blocked.method} {blocked.status or 'dropped'}"
    line = f", {blocked.line}" if blocked.line else ""
    stubs = f", stubbed {' '.join(blocked.stubs)}" if blocked.stubs else ""
    return f"packet {blocked.packet}, {show_time(blocked.time)}, {what}{line}{stubs}"


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
