"""Arguments of sqlops' functions that are looked up at load."""

from typing import Any, Self

from sipproxy.core.access import PvAccess
from sipproxy.core.params import Parsed
from sipproxy.core.pvspec import PvSyntaxError, pv_texts


class ConnectionName(Parsed):
    """The name of a connection that a `sqlcon` defines."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take the name; it is looked up by :meth:`bind`."""
        return cls(text)

    def bind(self, host: Any) -> None:
        """Raises ValueError for a name that no `sqlcon` defines."""
        if self.name not in host.modules["sqlops"].connections:
            raise ValueError(f"invalid connection [{self.name}]: no sqlcon defines it")


class Targets(Parsed):
    """`$var(a), $avp(b)`: variables that columns go to."""

    __slots__ = ("_texts", "variables")

    variables: list[PvAccess]

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take the variables apart; they are looked up by :meth:`bind`."""
        try:
            return cls(pv_texts(text))
        except PvSyntaxError as error:
            raise ValueError(error.message) from None

    def bind(self, host: Any) -> None:
        """Look the variables up; raises ResolveError, and ValueError for a read-only one."""
        self.variables = [host.pv(text) for text in self._texts]
        for number, variable in enumerate(self.variables, 1):
            if variable.set is None:
                raise ValueError(f"result variable [{number}] is read-only")
