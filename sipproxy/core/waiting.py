"""How an async module function waits without an event loop of its own."""

from collections.abc import Callable, Generator


class Wait:
    """Something that will be answered later: a timer, a database, a name.

    An async function says `await wait`; the proxy parks the route and resumes it with the value
    given to :meth:`finish`, or with the exception given to :meth:`fail`. One of the two is called,
    once, by whoever holds the Wait.
    """

    __slots__ = ("_error", "_resume", "_value", "finished")

    def __init__(self) -> None:
        self.finished = False
        self._value: object = None
        self._error: Exception | None = None
        self._resume: Callable[[], None] | None = None

    def finish(self, value: object = None) -> None:
        """Answer; resumes the route that waits, if one does already."""
        self._value = value
        self.finished = True
        if self._resume is not None:
            self._resume()

    def fail(self, error: Exception) -> None:
        """There is no answer: `await` raises the error in the route that waits."""
        self._error = error
        self.finish()

    def then(self, resume: Callable[[], None]) -> None:
        """Call `resume` when finished, which may be now."""
        self._resume = resume
        if self.finished:
            resume()

    def __await__(self) -> Generator["Wait", None, object]:
        if not self.finished:
            yield self
        if self._error is not None:
            raise self._error
        return self._value
