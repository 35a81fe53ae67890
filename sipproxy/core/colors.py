"""Colours of a terminal by letters, and those that lines of the log have (Kamailio dprint.c)."""

from sipproxy.core.log import ALERT, BUG, CRIT, CRIT2, DEBUG, ERROR, INFO, NOTICE, WARN
from sipproxy.text import lower

LETTERS = "srgybpcw"
"""Black (`s`), red, green, yellow, blue, purple, cyan, white: the terminal's colours 0 to 7."""

_DEFAULT = 9


def sequence(front: str, back: str) -> str:
    """The escape sequence for two colours; a letter that stands for none is the default one.

    A foreground that is no small letter is bold; `_` leaves the font as it was.
    """
    font = "" if front == "_" else "0;" if "a" <= front <= "z" else "1;"
    return f"\033[{font}{30 + _number(lower(front))};{40 + _number(back)}m"


def _number(letter: str) -> int:
    return LETTERS.index(letter) if letter in LETTERS else _DEFAULT


PLAIN = sequence("x", "x")
"""What ends the colours of a line."""


class LineColors:
    """The colours of lines by their level."""

    def __init__(self) -> None:
        self._letters = {
            **{ALERT: "Rx", BUG: "Px", CRIT2: "yx", CRIT: "bx", ERROR: "rx"},
            **{WARN: "px", NOTICE: "gx", INFO: "cx", DEBUG: "xx"},
        }

    def change(self, level: int, front: str, back: str) -> None:
        """Give lines of a level other colours; the letter `0` keeps the one there is."""
        old = self._letters[level]
        new = (front, back)
        self._letters[level] = "".join(
            was if letter == "0" else letter for was, letter in zip(old, new, strict=True)
        )

    def paint(self, level: int, line: str) -> str:
        """A line in its colours, which end behind it; levels beyond the known count as the last."""
        letters = self._letters[max(ALERT, min(level, DEBUG))]
        return f"{sequence(letters[0], letters[1])}{line}{PLAIN}"
