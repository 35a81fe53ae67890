"""What becomes of the code of a block's last action."""

from enum import Enum


class Use(Enum):
    """The three uses of a code: nobody wants it, it is the function's answer, or it is kept in the
    local `r` because a loop or switch goes on around the block."""

    UNUSED = 0
    ANSWER = 1
    KEPT = 2
