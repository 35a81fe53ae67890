"""Texts and numbers as the page shows them."""

import time

from markupsafe import Markup

from sipproxy.text import presentable

LONGEST = 160
_HIDDEN = {code: 0xFFFD for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (9, 10)}
"""Control characters."""
_TURNING = dict.fromkeys(
    (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD
)
"""Marks that turn the direction of the text behind them."""
_SHOWN = _HIDDEN | _TURNING | dict.fromkeys((0xFEFF, 0x200B, 0x2028, 0x2029), 0xFFFD)


def legible(value: object) -> object:
    """A text as it may stand in a page: valid UTF-8, nothing invisible that changes the rest."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return presentable(value).translate(_SHOWN)
    return value


def short(text: str, longest: int = LONGEST) -> str:
    """A text of a bounded length."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def count(number: float) -> str:
    """A number in groups of three digits."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def show_moment(instant: float) -> str:
    """`2026-11-23 12:00:01.250`, UTC."""
    millis = int(instant * 1000 + 0.5)
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(millis // 1000))}.{millis % 1000:03}"
