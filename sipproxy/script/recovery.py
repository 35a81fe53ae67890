"""Runs the parser over the tokens, and goes on behind a syntax error.

After an error the rest of the statement is passed over: up to its `;`, to the `}` that closes the
block, or to a word that can only begin an item of the top level. When the head of an `if`, `while`
or `switch` is broken, its body is still read. So each statement yields its first error.
"""

from collections.abc import Iterator
from typing import Any

from lark.exceptions import UnexpectedToken

from sipproxy.errors import Problem
from sipproxy.script.keywords import TOP_LEVEL
from sipproxy.script.messages import Situation, explain
from sipproxy.script.scan import Scanner
from sipproxy.script.tables import parser
from sipproxy.script.tokens import Token

MAX_SYNTAX_ERRORS = 25
_HEADS = ("IF", "WHILE", "SWITCH")
_ROUTES = frozenset({"ROUTE", "REQUEST_ROUTE", "REPLY_ROUTE", "NAMED_ROUTE", "EVENT_ROUTE"})
_BEGINS_ITEM = frozenset(
    {"REQUEST_ROUTE", "REPLY_ROUTE", "NAMED_ROUTE", "EVENT_ROUTE", "LOADMODULE", "MODPARAM"}
)


class Run:
    """One parse of the tokens of a scanner; problems go where the scanner's go."""

    def __init__(self, scanner: Scanner) -> None:
        self._tokens: Iterator[Token] = iter(scanner)
        self._scanner = scanner
        self._problems = scanner.problems
        self._errors = 0
        self._state = parser().parse_interactive().parser_state
        self._table = self._state.parse_conf.states
        self._previous: Token | None = None
        self._ahead: Token | None = None  # read while recovering, not yet fed

    def items(self) -> list[Any]:
        """The items of the cfg as far as they could be read."""
        feed: Any = self._state.feed_token
        token = None
        while True:
            try:
                if self._ahead is not None:
                    token, self._ahead = self._ahead, None
                    feed(token)
                    self._previous = token
                for token in self._tokens:
                    feed(token)
                    self._previous = token
                return self._end()
            except UnexpectedToken:
                assert token is not None
                self._fail(token)
                if self._errors >= MAX_SYNTAX_ERRORS:
                    return []
                self._resume(token)

    def _end(self) -> list[Any]:
        end = self._scanner.end_token()
        try:
            made: list[Any] = self._state.feed_token(end, True)  # type: ignore[arg-type]
            return made
        except UnexpectedToken:
            swallowed = not self._state.value_stack and self._problems  # an #!ifdef took it all
            if not self._scanner.cut_short and not swallowed:
                self._fail(end)
            return []

    def _fail(self, token: Token) -> None:
        self._errors += 1
        situation = Situation(token, self._previous, self._state.value_stack, self._accepts)
        explanation = explain(situation)
        span = explanation.place or token.span
        self._problems.append(Problem(span, explanation.message, explanation.hint))

    # --- the parser's stack ----------

    def _accepts(self, terminal: str, height: int | None = None) -> bool:
        """Whether a token of this type would be taken now, or with only so much of the stack."""
        stack = self._state.state_stack[:height]
        while True:
            action = self._table[stack[-1]].get(terminal)
            if action is None:
                return False
            rule = action[1]
            if not hasattr(rule, "expansion"):  # a state to shift to, not a rule to reduce by
                return True
            del stack[len(stack) - len(rule.expansion) :]
            stack.append(self._table[stack[-1]][rule.origin.name][1])

    def _cut(self, height: int) -> None:
        """Drop what stands above a height of the stack of states."""
        del self._state.state_stack[height:]
        del self._state.value_stack[height - 1 :]

    def _unwind(self, *terminals: str) -> None:
        """Drop what is unfinished until a token of one of these types can come."""
        heights = range(len(self._state.state_stack), 0, -1)
        self._cut(next(h for h in heights if any(self._accepts(t, h) for t in terminals)))

    def _height_above(self, *types: str) -> int:
        """The height just above the last unfinished token of these types in this block, or 0."""
        values = self._state.value_stack
        ends = (*types, "LBRACE")
        at = next(
            at
            for at in range(len(values) - 1, -1, -1)
            if isinstance(values[at], Token) and values[at].type in ends
        )
        return 0 if values[at].type == "LBRACE" else at + 2

    def _in_block(self) -> bool:
        return any(isinstance(v, Token) and v.type == "LBRACE" for v in self._state.value_stack)

    def _feed(self, type: str, place: Token, text: str = "") -> None:
        self._put(Token(type, text, place.source, place.start, place.end))

    def _put(self, token: Token) -> None:
        """Feed a token that fits, after unwinding; one that does not is dropped."""
        try:
            self._state.feed_token(token)  # type: ignore[arg-type]
            self._previous = token
        except UnexpectedToken:
            pass

    # --- going on ----------

    def _next(self) -> Token | None:
        return next(self._tokens, None)

    def _resume(self, token: Token | None) -> None:
        if self._in_block():
            self._resume_in_block(token)
        else:
            self._resume_at_top(token)

    def _resume_at_top(self, token: Token | None) -> None:
        """Pass over the rest of a broken item."""
        route = any(isinstance(v, Token) and v.type in _ROUTES for v in self._state.value_stack)
        first = token
        depth = 0
        while token is not None:
            if token.type == "LBRACE" and route and not depth:
                self._unwind("LOADMODULE")
                self._feed("REQUEST_ROUTE", token, "request_route")
                self._put(token)
                return
            depth += (token.type == "LBRACE") - (token.type == "RBRACE")
            begins = token.type in TOP_LEVEL or token.type in ("ROUTE", "SEMICOLON")
            if token is first or token.type == "ID":
                begins = (begins or token.type == "ID") and token.begins_line()
            if depth <= 0 and (begins or token.type in _BEGINS_ITEM):
                self._unwind("LOADMODULE")
                self._put(token)
                return
            depth = max(depth, 0)
            token = self._next()
        self._unwind("LOADMODULE")

    def _resume_in_block(self, token: Token | None) -> None:
        """Pass over the rest of a broken statement."""
        depth = 0
        while token is not None:
            if self._begins_item(token):
                return
            if token.type == "LBRACE":
                head = 0 if depth else self._height_above(*_HEADS)
                if head:
                    self._stand_in(head, token)
                    return
                depth += 1
            elif token.type == "RBRACE":
                depth -= 1
                if depth <= 0:
                    self._finish_statement(token)
                    if depth < 0:
                        self._put(token)
                    self._after_statement()
                    return
            elif token.type == "SEMICOLON" and not depth:
                self._finish_statement(token)
                self._after_statement()
                return
            elif token.type == "COLON" and not depth:
                head = self._height_above("CASE")
                if head:
                    self._stand_in(head, token)
                    return
            token = self._next()

    def _begins_item(self, token: Token) -> bool:
        """Leave all blocks at a word that begins an item of the top level."""
        route = self._state.value_stack[-1] if self._state.value_stack else None
        opens = token.type in ("LSQB", "LBRACE")
        if opens and isinstance(route, Token) and route.type == "ROUTE":
            self._unwind("LOADMODULE")
            self._put(route)
        elif token.type in _BEGINS_ITEM or (token.type == "ROUTE" and token.begins_route()):
            self._unwind("LOADMODULE")
        else:
            return False
        self._put(token)
        return True

    def _stand_in(self, height: int, token: Token) -> None:
        """Put a number in place of a broken expression and go on with the token behind it."""
        self._cut(height)
        self._feed("NUMBER", token, "0")
        self._put(token)

    def _finish_statement(self, place: Token) -> None:
        self._unwind("IF", "CASE")
        self._feed("SEMICOLON", place, ";")

    def _after_statement(self) -> None:
        """An `else` whose `if` was lost gets another, so that its body is read."""
        token = self._next()
        if token is None:
            return
        if token.type == "ELSE" and not self._accepts("ELSE"):
            self._feed("IF", token, "if")
            self._feed("NUMBER", token, "0")
            return
        self._ahead = token
