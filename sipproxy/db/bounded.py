"""Connections to PostgreSQL that do not wait for ever for a server that hangs.

`statement_timeout` is the server's own, and probes of the network are answered by the kernel of a
machine whose server stands still: neither ends the wait.
"""

from collections.abc import Callable, Generator
from typing import Any

import psycopg
from psycopg import OperationalError

SLACK = 1.0
"""Seconds more than the server has, whose own answer is the better one."""
_INTERVAL = 0.1
"""Seconds after which a wait is woken when there is nothing to read."""


def connector(seconds: float) -> Callable[..., psycopg.Connection[Any]]:
    """What connects; a statement then takes so many seconds at most, and a little more."""
    kind = type("BoundedConnection", (_Bounded,), {"most": int((seconds + SLACK) / _INTERVAL)})
    connect: Callable[..., psycopg.Connection[Any]] = kind.connect  # type: ignore[attr-defined]
    return connect


class _Bounded(psycopg.Connection[Any]):
    """A connection that is closed when it was woken `most` times for nothing in one wait."""

    most: int

    def wait(self, gen: Any, interval: float = _INTERVAL, timeout: float | None = None) -> Any:
        """Consume a generator that works on the connection; raises OperationalError."""
        more = {} if timeout is None else {"timeout": timeout}  # older ones know none
        return super().wait(self._bounded(gen), interval, **more)

    def _bounded(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """The same generator, ended when it waits too long."""
        silent = 0
        try:
            state = next(gen)
            while True:
                ready = yield state
                silent = 0 if ready else silent + 1
                if silent > self.most:
                    self.pgconn.finish()
                    raise OperationalError(f"no answer within {self.most * _INTERVAL:g} s")
                state = gen.send(ready)
        except StopIteration as over:
            return over.value
