"""What a syntax error says: the token, what could have stood there, and the likely cause."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sipproxy.core.suggest import suggestion
from sipproxy.errors import Span
from sipproxy.script.keywords import KEYWORDS, TOP_LEVEL
from sipproxy.script.settings import SETTINGS
from sipproxy.script.tokens import Token


@dataclass(frozen=True, slots=True)
class Explanation:
    """A message, a hint, and the place when it is not the token's own."""

    message: str
    hint: str = ""
    place: Span | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """Where the parser stands: the token it cannot take, the one before, its stack of values.

    `accepts` says of a terminal whether it would have been taken.
    """

    token: Token
    previous: Token | None
    values: Sequence[Any]
    accepts: Callable[[str], bool]

    @property
    def top(self) -> Any:
        """What was read last and is not yet part of anything."""
        return self.values[-1] if self.values else None

    def top_is(self, *types: str) -> bool:
        """Whether the last value is a token of one of these types."""
        return isinstance(self.top, Token) and self.top.type in types

    def open_brace(self) -> Token | None:
        """The innermost `{` that is open."""
        for value in reversed(self.values):
            if isinstance(value, Token) and value.type == "LBRACE":
                return value
        return None

    def holds(self, *types: str) -> Token | None:
        """The last token of one of these types that is not yet part of anything."""
        for value in reversed(self.values):
            if isinstance(value, Token) and value.type in types:
                return value
        return None


def explain(situation: Situation) -> Explanation:
    """The message for a syntax error."""
    for cause in _CAUSES:
        found = cause(situation)
        if found is not None:
            return found
    return Explanation(f"unexpected {shown(situation.token)}, expected {_expected(situation)}")


def shown(token: Token) -> str:
    """A token as a message names it."""
    if token.type == "$END":
        return "end of the file"
    text = token.text if token.origin else token.source.text[token.start : token.end]
    text = text.partition("\n")[0]
    text = text if len(text) <= 40 else text[:37] + "..."
    return text if text.startswith('"') else f'"{text}"'


# --- likely causes, the first that fits is told ----------


def _unclosed_block(s: Situation) -> Explanation | None:
    begins = s.token.type in TOP_LEVEL - {"CORE_PARAM"} or (
        s.token.type == "ROUTE" and s.token.begins_route()
    )
    brace = s.open_brace()
    if s.top_is("ROUTE") and s.token.type in ("LSQB", "LBRACE"):
        found = s.top
    elif s.token.type == "$END" or (begins and s.accepts("RBRACE")):
        found = s.token
    else:
        return None
    if brace is None:
        return None
    there = _where(brace, s.token)
    return Explanation(
        f"unexpected {shown(found)}: the {{ at {there} is not closed", "", found.span
    )


def _empty_cfg(s: Situation) -> Explanation | None:
    if s.token.type != "$END" or s.values:
        return None
    return Explanation("this cfg is empty", "Kamailio wants a statement, be it a lone semicolon")


def _empty_block(s: Situation) -> Explanation | None:
    if s.token.type != "RBRACE" or not s.top_is("LBRACE"):
        return None
    return Explanation("an empty block is not allowed", "write { ; }")


def _bare_block(s: Situation) -> Explanation | None:
    if s.token.type != "LBRACE" or not s.accepts("IF"):
        return None
    return Explanation(
        "a block stands only behind if, else, while and switch", "take its braces away"
    )


def _missing_semicolon(s: Situation) -> Explanation | None:
    if not s.accepts("SEMICOLON") or s.previous is None or s.open_brace() is None:
        return None
    if s.token.type in _NO_BEGINNING or s.top_is("ID") or s.accepts("IF"):
        return None
    return Explanation(
        f"missing ; before {shown(s.token)}", f"it belongs behind {shown(s.previous)}"
    )


def _closes_nothing(s: Situation) -> Explanation | None:
    if s.token.type == "RBRACE" and s.open_brace() is None:
        return Explanation("this } closes nothing", "a { before it is closed already")
    if s.token.type != "RPAR" or s.accepts("STRLEN"):
        return None
    for value in reversed(s.values):
        if isinstance(value, Token) and value.type in ("LPAR", "LBRACE"):
            if value.type == "LPAR":
                return None
            break
    return Explanation("this ) closes nothing", "its ( is missing")


def _else_without_if(s: Situation) -> Explanation | None:
    if s.token.type != "ELSE":
        return None
    return Explanation("this else has no if", "the if before it is complete already")


def _unknown_parameter(s: Situation) -> Explanation | None:
    if not s.top_is("ID") or s.open_brace() is not None or s.holds("LISTEN", "ALIAS", "LPAR"):
        return None
    name = s.top.text
    if s.token.type == "EQUAL":
        return Explanation(
            f'unknown core parameter "{name}"', suggestion(name, SETTINGS), s.top.span
        )
    if s.accepts("DOT"):
        known = [word for word, terminal in KEYWORDS.items() if terminal in TOP_LEVEL]
        return Explanation(
            f'"{name}" begins nothing that a cfg has at its top level',
            suggestion(name, [*known, "route"]),
            s.top.span,
        )
    return None


def _reserved_name(s: Situation) -> Explanation | None:
    word = s.token.text
    if s.token.type == "RESERVED":
        return Explanation(f'"{word}" is a reserved word without a meaning in Kamailio 5.6')
    if KEYWORDS.get(word) != s.token.type or not s.accepts("ID"):
        return None
    if s.accepts("IF") or (s.accepts("LOADMODULE") and not s.holds("LISTEN", "ALIAS")):
        return None
    quote = ", or quote it" if s.accepts("STRING") else ""
    return Explanation(f'"{word}" is a reserved word', f"choose another name{quote}")


def _address_list_goes_on(s: Situation) -> Explanation | None:
    word = s.holds("LISTEN", "ALIAS")
    if word is None or s.token.type not in ("EQUAL", "LSQB", "STRING", "LPAR"):
        return None
    return Explanation(
        f"unexpected {shown(s.token)}: {_tail(s)} was read as one more address of the"
        f" {word.text} at {_where(word, s.token)}",
        f"end the {word.text} with a semicolon",
    )


def _no_such_operator(s: Situation) -> Explanation | None:
    token = s.token
    after = token.source.text[token.end : token.end + 1]
    if token.type == "UNOP" and token.text == "!" and after in ("~", "="):
        return Explanation("there is no operator !~", 'negate the whole: !($x =~ "...")')
    if token.type == "ADDEQ":
        return Explanation("there is no operator +=", "write $x = $x + ...")
    for sign in (token, s.previous):
        if sign is not None and sign.type in ("PLUS", "MINUS"):
            twice = sign.text * 2
            if twice in sign.source.text[max(sign.start - 1, 0) : sign.end + 1]:
                hint = f"write $x = $x {sign.text} 1"
                return Explanation(f"there is no operator {twice}", hint, sign.span)
    if token.type == "EQUAL" and s.accepts("EQOP"):
        return Explanation("unexpected =", "== compares; only a pseudo-variable is assigned to")
    return None


def _unquoted_word(s: Situation) -> Explanation | None:
    if not s.top_is("ID") or not s.accepts("LPAR"):
        return None
    word = s.top
    before = s.values[-2] if len(s.values) > 1 else None
    if word.text in ("elseif", "elsif", "elif"):
        return Explanation(f'there is no "{word.text}"', 'write "else if"', word.span)
    if isinstance(before, Token) and before.type in _BEFORE_VALUE:
        place = "" if before.type == "RPAR" else f" behind {shown(before)}"
        if word.text in ("null", "NULL"):
            return Explanation(f'"{word.text}" is no value{place}', "write $null", word.span)
        return Explanation(
            f'"{word.text}" is no value{place}',
            f'quote it: "{word.text}"; or is it a define that is not set?',
            word.span,
        )
    return Explanation(
        f'expected ( behind "{word.text}", found {shown(s.token)}',
        "a function is called with parentheses, even without arguments",
    )


def _unquoted_address(s: Situation) -> Explanation | None:
    if s.token.type not in ("DOT", "IPV6") or s.accepts("DOT"):
        return None
    if s.token.type == "DOT" and (s.previous is None or s.previous.type != "NUMBER"):
        return None
    return Explanation(f"unexpected {shown(s.token)}", "quote an address or a decimal number")


def _bad_number(s: Situation) -> Explanation | None:
    if s.token.type != "NUM_ID" or not s.accepts("NUMBER"):
        return None
    return Explanation(f"{shown(s.token)} is neither a number nor a name")


def _missing_argument(s: Situation) -> Explanation | None:
    if s.token.type in ("RPAR", "COMMA") and s.top_is("COMMA"):
        return Explanation(f"an argument is missing before {shown(s.token)}")
    return None


_CAUSES = (
    _empty_cfg,
    _unclosed_block,
    _empty_block,
    _bare_block,
    _else_without_if,
    _address_list_goes_on,
    _unknown_parameter,
    _reserved_name,
    _no_such_operator,
    _missing_semicolon,
    _closes_nothing,
    _unquoted_word,
    _unquoted_address,
    _bad_number,
    _missing_argument,
)

_NO_BEGINNING = frozenset(
    ("RPAR", "RSQB", "EQUAL", "ADDEQ", "COLON", "COMMA", "UNOP", "DOT", "LBRACE", "LSQB")
)
_BEFORE_VALUE = frozenset(
    (
        "EQOP",
        "STREQ",
        "INTEQ",
        "MATCH",
        "RELOP",
        "BINOP",
        "PLUS",
        "MINUS",
        "STAR",
        "SLASH",
        "EQUAL",
        "COMMA",
        "LPAR",
        "UNOP",
        "CASE",
    )
)


# --- what was expected ----------

_NAMES = {
    "SEMICOLON": ";",
    "RPAR": ")",
    "LPAR": "(",
    "LBRACE": "{",
    "RBRACE": "}",
    "LSQB": "[",
    "RSQB": "]",
    "COMMA": ",",
    "COLON": ":",
    "DOT": ".",
    "EQUAL": "=",
    "STAR": "*",
    "MINUS": "-",
    "SLASH": "/",
    "ID": "a name",
    "NUM_ID": "a name",
    "NUMBER": "a number",
    "STRING": "a string",
    "PV": "a pseudo-variable",
    "PROTO": "a protocol",
    "WS": "a protocol",
    "IPV6": "an address",
    "TLS_VERSION": "a TLS version",
    "EVENT_NAME": "[module:event]",
    "$END": "the end of the file",
    "EQOP": "== or !=",
    "STREQ": "eq or ne",
    "MATCH": "=~",
    "RELOP": "< or >",
}


def _expected(s: Situation) -> str:
    if s.accepts("LOADMODULE"):
        return "a parameter, a route or another item of the top level"
    if s.accepts("IF"):
        return "a statement"
    if s.accepts("STRLEN") or s.accepts("TLS_VERSION"):
        return "a value"
    if s.accepts("BINOP"):
        closers = [t for t in ("RPAR", "SEMICOLON", "COMMA", "COLON") if s.accepts(t)]
        return " or ".join(["an operator", *(_NAMES[t] for t in closers)])
    names = dict.fromkeys(_NAMES.get(t, f'"{t.lower()}"') for t in _known() if s.accepts(t))
    listed = list(names)
    if len(listed) < 2:
        return "".join(listed) or "something else"
    return f"{', '.join(listed[:-1])} or {listed[-1]}"


def _known() -> list[str]:
    return list(dict.fromkeys([*_NAMES, *KEYWORDS.values()]))


def _where(there: Token, here: Token) -> str:
    line, column = there.source.position(there.start)
    if there.source is here.source:
        return f"line {line}, column {column}"
    return f"{there.source.name}:{line}:{column}"


def _tail(s: Situation) -> str:
    """The name that was taken for an address, as written."""
    start = len(s.values) - 1
    while start > 1 and isinstance(s.values[start - 1], Token):
        if s.values[start - 1].type not in ("DOT", "MINUS"):
            break
        start -= 2
    text = ""
    for value in s.values[start:]:
        tokens = value if isinstance(value, list) else [value]
        text += "".join(token.text for token in tokens if isinstance(token, Token))
    return f'"{text}"' if text else "what stands before it"
