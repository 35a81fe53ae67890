"""Texts of a page."""

from markupsafe import Markup

from sipproxy.replay.html.text import count, legible, short, show_moment


def test_what_cannot_be_seen_is_shown() -> None:
    assert legible("a\x00b\x9bc\udcff") == "a�b�c�"
    assert legible("\u202eevil\u2066 \ufeff") == "�evil� �"
    assert legible("Grüße 你好\tx") == "Grüße 你好\tx"
    assert legible(5) == 5 and legible(Markup("<b>\x00</b>")) == Markup("<b>\x00</b>")


def test_numbers_lengths_moments() -> None:
    assert count(1234567) == "1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567"
    assert short("x" * 200, 10) == "x" * 10 + "…"
    assert show_moment(1_795_000_000.2504) == "2026-11-18 11:06:40.250"
