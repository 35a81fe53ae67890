"""Constant arguments of the textops functions, read once at load."""

import re
from typing import Any

from sipproxy import text as wire
from sipproxy.core import regex
from sipproxy.core.methods import METHOD_BITS
from sipproxy.core.params import Parsed
from sipproxy.core.substitution import Substitution
from sipproxy.sip.names import header_id


class Pattern(Parsed):
    """A regular expression that ignores case and knows lines."""

    __slots__ = ("regex",)

    newline = True

    def __init__(self, compiled: regex.Regex) -> None:
        self.regex = compiled

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """Compile the pattern."""
        try:
            return cls(regex.compile(text, ignore_case=True, newline=cls.newline))
        except regex.RegexError as error:
            raise ValueError(str(error)) from None


class WholePattern(Pattern):
    """A regular expression to which a text has one line."""

    __slots__ = ()

    newline = False


_NAME = re.compile(r"[A-Za-z0-9._+~-]+[ \t]*(?::|\Z)")


def id_of(name: str) -> str:
    """A header's `id` from its name, empty when nothing can have that name (parse_hname2.c)."""
    return header_id(name) if _NAME.match(name) else ""


class HeaderName(Parsed):
    """The name of a header, in any case or compact form; `id` as in header rows."""

    __slots__ = ("id",)

    def __init__(self, id: str) -> None:
        self.id = id

    @classmethod
    def parse(cls, text: str) -> "HeaderName":
        """Read the name."""
        if not text:
            raise ValueError("empty header name")
        if not id_of(text):
            raise ValueError(f'"{text}" is no name of a header')
        return cls(id_of(text))


class Sed(Parsed):
    """`/pattern/replacement/flags`; the replacement may hold pseudo-variables."""

    __slots__ = ("substitution", "text")

    substitution: Substitution

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def parse(cls, text: str) -> "Sed":
        """Take the text; it is read in full by :meth:`bind`."""
        if len(text) < 3:
            raise ValueError(f"expression is too short: {text}")
        return cls(text)

    def bind(self, host: Any) -> None:
        """Compile the substitution; raises ValueError, ResolveError."""
        self.substitution = Substitution.parse(self.text, host.access)


class Methods(Parsed):
    """`INVITE`, or several as `INVITE|ACK|BYE`; one that Kamailio does not know stands alone."""

    __slots__ = ("known", "other")

    def __init__(self, known: frozenset[str], other: str) -> None:
        self.known = known
        self.other = other

    @classmethod
    def parse(cls, text: str) -> "Methods":
        """Read the methods, in any case."""
        names = [name.strip() for name in text.replace("|", ",").split(",")]
        if not all(names):
            raise ValueError("empty method name")
        known = frozenset(name for name in map(wire.upper, names) if name in METHOD_BITS)
        if len(known) == len(set(map(wire.upper, names))):
            return cls(known, "")
        if len(names) > 1:
            raise ValueError(f"unknown method in list {text!r} - must be only defined methods")
        return cls(frozenset(), wire.lower(text))

    def match(self, method: str) -> bool:
        """Whether a message's method is among them."""
        if self.other:
            return wire.lower(method) == self.other
        if method in self.known:
            return True
        # Kamailio reads methods in any case.
        return method not in METHOD_BITS and wire.upper(method) in self.known


class Mime(Parsed):
    """A body type `application/sdp`."""

    __slots__ = ("type",)

    def __init__(self, type: str) -> None:
        self.type = type

    @classmethod
    def parse(cls, text: str) -> "Mime":
        """Read the type; the empty text means any."""
        if text and (text.count("/") != 1 or not all(text.split("/"))):
            raise ValueError(f"unsupported mime <{text}>")
        return cls(wire.lower(text))


class Separator(str, Parsed):
    """The one character between the elements of a list."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> "Separator":
        """Read the character."""
        if len(text) != 1:
            raise ValueError("a separator is one character")
        return cls(text)


_PRIVACY = ("critical", "header", "history", "id", "none", "session", "user")


class Privacy(Parsed):
    """A value of the Privacy header."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    @classmethod
    def parse(cls, text: str) -> "Privacy":
        """Read the value, in any case."""
        value = wire.lower(text)
        if value not in _PRIVACY:
            raise ValueError("invalid privacy value")
        return cls(value)


def privacy_values(text: str) -> frozenset[str] | None:
    """The values of a Privacy header; None for a malformed one."""
    values = [wire.lower(value.strip(" \t\r\n")) for value in text.split(";")]
    if not set(values) <= set(_PRIVACY) or ("none" in values and len(set(values)) > 1):
        return None
    return frozenset(values)
