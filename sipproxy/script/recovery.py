"""The run of the parser."""

from typing import Any

from lark.exceptions import UnexpectedToken

from sipproxy.errors import Problem
from sipproxy.script.scan import Scanner
from sipproxy.script.tables import parser
from sipproxy.script.tokens import Source, Token


class Recovery:
    """One parse."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self.problems: list[Problem] = []

    def run(self) -> tuple[list[Any], list[Problem]]:
        """Items and problems."""
        state = parser().parse_interactive().parser_state
        feed = state.feed_token
        token: Any = None
        try:
            for token in self._scanner:
                feed(token)
            end = (
                Token("$END", "", Source("", ""), 0, 0)
                if token is None
                else Token("$END", "", token.source, token.end, token.end)
            )
            token = end
            return feed(end, True), []
        except UnexpectedToken as error:
            return [], [
                Problem(
                    token.span, f"syntax error at {token.text!r}", str(sorted(error.expected)[:6])
                )
            ]
