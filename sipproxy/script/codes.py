"""What the compiler's parts tell each other: Python code with its type, and the use of a code."""

import ast
from enum import Enum
from typing import NamedTuple


class Use(Enum):
    """The three uses of a code: nobody wants it, it is the function's answer, or it is kept in the
    local `r` because a loop or switch goes on around the block."""

    UNUSED = 0
    ANSWER = 1
    KEPT = 2


class Code(NamedTuple):
    """A Python expression and what is known of its value: `int`, `str`, `bool` or `any`."""

    node: ast.expr
    type: str
