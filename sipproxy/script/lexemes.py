"""The shapes of tokens: the scanner's regular expressions and the decoding of what they match.

Facts from Kamailio 5.6 `src/core/cfg.lex`.
"""

import re

from sipproxy.text import decode, encode

_H = "[0-9a-fA-F]{1,4}"
_IPV6 = (
    rf"(?:{_H}:){{7}}{_H}|(?:{_H}:){{1,7}}(?::{_H}){{1,7}}|:(?::{_H}){{1,7}}|(?:{_H}:){{1,7}}:|::"
)
_DQ = r'"(?:[^"\\]++|\\[\s\S])*+"'

DIRECTIVES = (
    r"(?:def(?:ine)?|trydef(?:ine)?|redef(?:ine)?|ifn?def)[ \t\b\r]+"
    r"|(?:else|endif)[ \t\b\r]*\n"
    r"|substdefs?|subst|trydefenvs?|defenvs?|include_file|import_file"
)

TOKEN = re.compile(
    # blanks, comments and escaped line ends; `#!`, `//!` and `!!` are looked at below
    r"(?:[ \t\b\r\n]++|(?:\#|//)(?!!)[^\n]*+|\\\n)*+"
    rf"(?:(?P<ipv6>(?=[0-9a-fA-F]{{0,4}}:)(?:{_IPV6}))"
    r"|(?P<word>msg:len|uri:host|uri:port|[A-Za-z_]\w*+)"
    rf"|(?P<pv>\$(?!retcode|rc|\?)(?:[A-Za-z_]\w*+)?"
    r"\((?:[^()\n]++|\((?:[^()\n]++|\([^()\n]*+\))*+\))*+\))"
    rf"|(?P<dq>{_DQ})"
    r"|(?P<sq>'[^']*+')"
    r"|(?P<number>[0-9]\w*+)"
    rf"|(?P<directive>(?:\#!|!!)(?:{DIRECTIVES}))"
    r"|(?P<header>(?:\#|//)!(?:SER|KAMAILIO|OPENSER|MAXCOMPAT|ALL)\n)"
    r"|(?P<bang>(?:\#|//)![^\n]*)"
    r"|(?P<block>/\*)"
    r"|(?P<cast>\((?:int|str)\))"
    r"|(?P<op>==|=~|!=|<=|>=|<<|>>|&&|\|\||\+=|[-=<>!&|~^+*/.,;:(){}\[\]])"
    r"|(?P<return_code>\$(?:retcode|rc|\?))"
    r"|(?P<dollar>\$)"
    r"|(?P<select>@)"
    r"|(?P<attr>%(?:(?:[ft][rud]?|g)\.)?[A-Za-z_]\w*+)"
    r"|(?P<end>\Z)"
    r"|(?P<junk>[\s\S]))",
    re.ASCII,
)

OPERATORS = {
    "==": "EQOP", "!=": "EQOP", "=~": "MATCH", "<": "RELOP", ">": "RELOP", "<=": "RELOP",
    ">=": "RELOP", "<<": "BINOP", ">>": "BINOP", "&&": "BINOP", "||": "BINOP", "&": "BINOP",
    "|": "BINOP", "^": "BINOP", "+": "PLUS", "-": "MINUS", "*": "STAR", "/": "SLASH",
    "!": "UNOP", "~": "UNOP", "=": "EQUAL", "+=": "ADDEQ", ".": "DOT", ",": "COMMA",
    ";": "SEMICOLON", ":": "COLON", "(": "LPAR", ")": "RPAR", "{": "LBRACE", "}": "RBRACE",
    "[": "LSQB", "]": "RSQB",
}  # fmt: skip
"""Operator and punctuation -> terminal."""

JOIN = re.compile(rf"[ \t\b\r\n]*({_DQ})")
"""A further double-quoted string that joins the one before."""

NESTED = re.compile(r"/\*|\*/")
SKIPPED = re.compile(r"(?:#!|!!)(?:(ifn?def)[ \t\b\r]+|(else|endif)[ \t\b\r]*\n)")
"""What is looked for in text that an `#!ifdef` switches off."""

_EVENT = r"[a-zA-Z][0-9a-zA-Z-]*+(?::[a-zA-Z][0-9a-zA-Z_-]*+)++"
_STRAY = rf"(?:[ \t\b\r\n]|(?!{_EVENT})[^\[\]{{}};])*+"
EVENT_NAME = re.compile(rf"[ \t\b\r\n]*(\[({_STRAY})({_EVENT})({_STRAY})\])")
"""`[a:b]`; what can be no part of a name is passed over, as Kamailio does."""

NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
ATTR_PREFIX = re.compile(r"(?:[ft][rud]?|g)\.[A-Za-z_]\w*", re.ASCII)

_INDEX = r'(?:\[\s*(?:-?\w+|"(?:[^"\\]|\\.)*")\s*\])?'
SELECT = re.compile(rf"[A-Za-z_]\w*{_INDEX}(?:\.[A-Za-z_]\w*{_INDEX})*", re.ASCII)

_ESCAPE = re.compile(r'\\(?:([nrat"\\])|x([0-9a-fA-F]{1,2})|([0-7]{2,3})|\n)')
_LETTERS = {"n": "\n", "r": "\r", "a": "\a", "t": "\t", '"': '"', "\\": "\\"}
_NUMBER = re.compile(r"(0[0-7]+|0|[1-9]\d*)|(0x[0-9a-fA-F]+)|([01]+)b", re.ASCII)


def _unescape(match: re.Match[str]) -> str:
    letter, hexadecimal, octal = match.groups()
    if letter:
        return _LETTERS[letter]
    if not (hexadecimal or octal):
        return ""
    code = int(hexadecimal, 16) if hexadecimal else int(octal, 8) & 0xFF
    return chr(code) if code < 0x80 else chr(0xDC00 + code)


def unescape(body: str) -> str:
    """The value of the inside of a double-quoted string.

    Escapes: `\\n \\r \\a \\t \\" \\\\ \\xHH \\ooo` and backslash-newline; any other backslash
    stays. A NUL ends the string, as in C.
    """
    if "\\" not in body:
        return body.partition("\0")[0]
    value = _ESCAPE.sub(_unescape, body)
    if not value.isascii():
        value = decode(encode(value))
    return value.partition("\0")[0]


def integer(text: str) -> int | None:
    """The value of a number as written, wrapped to 32 bits; None where it is none (`08`, `1a`)."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    plain, hexadecimal, binary = match.groups()
    if hexadecimal:
        value = int(hexadecimal, 16)
    elif binary:
        value = int(binary, 2)
    else:
        value = int(plain, 8 if plain.startswith("0") else 10)
    value = min(value, 0x7FFF_FFFF_FFFF_FFFF)  # strtol saturates before the cast to int
    return (value + 0x8000_0000 & 0xFFFF_FFFF) - 0x8000_0000


def module_name(path: str) -> str:
    """`tm` for `tm`, `tm.so` and `/usr/lib/kamailio/modules/tm.so`."""
    return path.rpartition("/")[2].removesuffix(".so")
