"""Values of AVPs that stand in a database already: they are not stored a second time.

Kamailio marks the AVP (avpops AVP_IS_IN_DB). Here the value itself says so, as long as it lies in
`Context.avps`; whoever reads it for a script takes :func:`plain`.
"""

from typing import TypeAlias


class Stored:
    """What texts and numbers that stand in a database have in common."""

    __slots__ = ()


class StoredText(Stored, str):
    """A text that stands in a database."""

    __slots__ = ()


class StoredNumber(Stored, int):
    """A number that stands in a database."""


AvpValue: TypeAlias = int | str


def stored(value: AvpValue) -> AvpValue:
    """The same value with the mark."""
    return StoredText(value) if isinstance(value, str) else StoredNumber(value)


def plain(value: AvpValue) -> AvpValue:
    """The same value without it."""
    if not isinstance(value, Stored):
        return value
    return str(value) if isinstance(value, str) else int(value)
