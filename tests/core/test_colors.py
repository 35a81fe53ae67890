"""Escape sequences as Kamailio 5.6.3 writes them with log_color=1."""

import pytest

from sipproxy.core.colors import PLAIN, LineColors, sequence
from sipproxy.core.log import ALERT, BUG, CRIT, CRIT2, DEBUG, ERROR, INFO, NOTICE, WARN


@pytest.mark.parametrize(
    ("letters", "codes"),
    [
        ("Rb", "1;31;44"),
        ("zq", "0;39;49"),
        ("_x", "39;49"),
        ("g_", "0;32;49"),
        ("xS", "0;39;49"),
        ("5w", "1;39;47"),
        ("Xs", "1;39;40"),
    ],
)
def test_two_letters(letters: str, codes: str) -> None:
    assert sequence(*letters) == f"\033[{codes}m"


@pytest.mark.parametrize(
    ("level", "codes"),
    [
        (ALERT, "1;31"),
        (BUG, "1;35"),
        (CRIT2, "0;33"),
        (CRIT, "0;34"),
        (ERROR, "0;31"),
        (WARN, "0;35"),
        (NOTICE, "0;32"),
        (INFO, "0;36"),
        (DEBUG, "0;39"),
        (DEBUG + 4, "0;39"),
        (ALERT - 4, "1;31"),
    ],
)
def test_levels_have_colors(level: int, codes: str) -> None:
    assert LineColors().paint(level, "text\n") == f"\033[{codes};49mtext\n\033[0;39;49m"


def test_a_nought_keeps_what_there_was() -> None:
    colors = LineColors()
    colors.change(INFO, "Y", "b")
    colors.change(INFO, "0", "g")
    assert colors.paint(INFO, "") == f"\033[1;33;42m{PLAIN}"
    colors.change(INFO, "s", "0")
    assert colors.paint(INFO, "") == f"\033[0;30;42m{PLAIN}"
    assert LineColors().paint(INFO, "") == f"\033[0;36;49m{PLAIN}"
