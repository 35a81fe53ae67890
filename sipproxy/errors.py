"""What can go wrong, and what each error carries."""

from collections.abc import Sequence
from dataclasses import dataclass


class SipproxyError(Exception):
    """Base of all errors raised on purpose."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a cfg file. Lines and columns count from 1, in characters; `end` is exclusive.

    `origin` is the span of a define's value or of an include directive the text came through.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    origin: "Span | None" = None

    def to(self, last: "Span") -> "Span":
        """The stretch from the start of this span to the end of `last` (of one file)."""
        if last.file != self.file or (last.end_line, last.end_column) < (self.line, self.column):
            return self
        return Span(self.file, self.line, self.column, last.end_line, last.end_column, self.origin)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in a cfg: where, what, and what to do about it.

    `id` names the kind of finding for good (`SP101`); docs/checks.md explains each.
    """

    span: Span
    message: str
    hint: str = ""
    severity: str = "error"  # error | warning | note
    id: str = ""

    def __str__(self) -> str:
        text = f"{self.span}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class CfgError(SipproxyError):
    """A cfg is refused; carries every problem found in it.

    `readable` is the tree (script.tree.Config) of what could be read all the same, when every
    problem lies inside a route block; else None.
    """

    def __init__(self, problems: Sequence[Problem], readable: object = None) -> None:
        self.problems = tuple(problems)
        self.readable = readable
        super().__init__("\n".join(map(str, self.problems)))


class MessageError(SipproxyError):
    """A peer's message is malformed; `status` is the SIP status to answer with, if any."""

    def __init__(self, reason: str, status: int = 400) -> None:
        self.reason = reason
        self.status = status
        super().__init__(reason)


class HeaderError(MessageError):
    """A message is dropped for its headers: one of those it must have is missing, or malformed."""

    def __init__(self, reason: str, *, missing: bool) -> None:
        self.missing = missing
        super().__init__(reason, 0)


class ModuleError(SipproxyError):
    """A module cannot do what it was told: a bad modparam, an unreachable resource at start.

    Raised by a module's `start` or by a parameter's setter; the loader adds file and line.
    """


class DatabaseError(SipproxyError):
    """A database cannot be reached, does not answer in time, or refuses a statement."""


class RpcError(SipproxyError):
    """An RPC call fails with a code and a reason, as Kamailio's faults do."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"{code} - {reason}")
