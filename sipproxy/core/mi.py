"""The management interface of Kamailio 3 and 4 (lib/kmi): what its commands take and answer.

Kamailio 5 has no such commands any more; they are offered under compat 3.0.
"""

from dataclasses import dataclass

TOO_FEW = "Too few or too many arguments"
"""The reason of the answer 400 to a command that misses an argument."""


@dataclass(frozen=True, slots=True)
class MiNode:
    """A line of a request or an answer, `name:: value`, and the lines below it.

    A request's lines may lack the name or the value; both are None then.
    """

    name: str | None
    value: str | None
    below: "tuple[MiNode, ...]" = ()


@dataclass(frozen=True, slots=True)
class MiReply:
    """An answer: its first line, `200 OK`, and the lines that follow."""

    code: int = 200
    reason: str = "OK"
    nodes: tuple[MiNode, ...] = ()
